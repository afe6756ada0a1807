"""MusicGen as an engine, end to end, with models of random weights that the tests make."""

from __future__ import annotations

import json
import sys
from itertools import islice
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pytest
import torch

from composer.engines import Sound, Step, open_engine, open_sound
from composer.engines.audio.musicgen import MusicGen
from composer.engines.audio.sampling import Led, Manner, sample_codes
from composer.engines.audio.weights import NON_COMMERCIAL, load_weights
from composer.errors import CheckpointError, ComposerError, MissingTool, RequestError
from composer.piece import Piece
from composer.recording import Recording
from composer.request import Request
from tests.engines.audio.tiny import CODES, save_tiny

KINDS = {
    "mono": {"melody": False, "channels": 1},
    "stereo": {"melody": False, "channels": 2},
    "melody": {"melody": True, "channels": 1},
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("models")
    return {name: save_tiny(place / name, **kind) for name, kind in KINDS.items()}


@pytest.fixture(scope="module")
def engines(folders: dict[str, Path]) -> dict[str, MusicGen]:
    return {name: MusicGen(load_weights(path, "cpu", "float32")) for name, path in folders.items()}


def ask_of(piece: Piece | None = None, length_s: float = 1.0, **settings: Any) -> Sound:
    usual = {"candidates": 1, "top_k": 0, "guidance": 3.0, "seed": 5}
    return Sound(
        request=Request(**usual | settings), text="a calm chorale", piece=piece, length_s=length_s
    )


def sounds_of(steps: list[Step]) -> list[Recording]:
    takes = [take for step in steps for take in step.takes]
    assert [take.index for take in takes] == list(range(len(takes)))
    found = [take.music for take in takes]
    assert all(isinstance(sound, Recording) for sound in found)
    return found  # type: ignore[return-value]


def theirs(engine: MusicGen, guidance: float, n_frames: int) -> torch.Tensor:
    """Return the likeliest codes as transformers' own loop finds them, [rows, frames]."""
    model, tokens = engine.weights.model, engine.weights.tokenizer(["a calm chorale"])
    caught: list[torch.Tensor] = []
    decode = model.audio_encoder.decode

    def catch(codes: torch.Tensor, *rest: Any, **options: Any) -> Any:
        caught.append(codes[0, 0])
        return decode(codes, *rest, **options)

    model.audio_encoder.decode = catch
    try:
        model.generate(
            input_ids=torch.tensor(tokens["input_ids"]),
            attention_mask=torch.tensor(tokens["attention_mask"]),
            do_sample=False,
            guidance_scale=guidance,
            max_new_tokens=n_frames + 3,
        )
    finally:
        model.audio_encoder.decode = decode
    return caught[0] if len(caught) == 1 else torch.stack(caught, dim=1).flatten(0, 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_the_likeliest_codes_are_those_that_transformers_finds(
    engines: dict[str, MusicGen], kind: str, guidance: float
) -> None:
    engine, manner = engines[kind], Manner(top_k=1, guidance=guidance)
    *_, codes = sample_codes(engine.weights, Led("a calm chorale"), manner, 40, seed=0)
    assert codes.unique().numel() > 4
    assert torch.equal(codes, theirs(engine, guidance, 40))


@pytest.mark.parametrize("kind", KINDS)
def test_every_step_yields_the_frames_that_are_there_and_changes_none_of_them(
    engines: dict[str, MusicGen], kind: str
) -> None:
    weights = engines[kind].weights
    found = [c.clone() for c in sample_codes(weights, Led("calm"), Manner(top_k=0), 20, seed=3)]
    assert [codes.shape[1] for codes in found] == [0, 0, 0, *range(1, 21)]
    for codes in found:
        assert torch.equal(codes, found[-1][:, : codes.shape[1]])
    assert found[-1].max() < CODES and found[-1].min() >= 0


def test_codes_that_are_given_stay_and_others_follow(engines: dict[str, MusicGen]) -> None:
    weights = engines["mono"].weights
    *_, first = sample_codes(weights, Led("calm"), Manner(top_k=0), 12, seed=1)
    given = first[:, 4:]
    *_, second = sample_codes(weights, Led("calm"), Manner(top_k=0), 20, seed=2, given=given)
    assert second.shape[1] == 20 and torch.equal(second[:, :8], given)
    # What is read with the given codes at once is what it is when they are read one by one.
    *_, likeliest = sample_codes(weights, Led("calm"), Manner(top_k=1), 20, seed=0)
    *_, again = sample_codes(
        weights, Led("calm"), Manner(top_k=1), 20, seed=9, given=likeliest[:, :11]
    )
    assert torch.equal(again, likeliest)


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_gives_the_same_recording_and_another_one_another(
    engines: dict[str, MusicGen], kind: str
) -> None:
    engine = engines[kind]
    one, again, other = (
        sounds_of(list(engine.answer(ask_of(seed=seed, candidates=2)))) for seed in (5, 5, 6)
    )
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(one, again, strict=True))
    assert not np.array_equal(one[0].samples, one[1].samples)
    assert not np.array_equal(one[0].samples, other[0].samples)
    assert one[0].samples.shape == (32_000, KINDS[kind]["channels"])
    assert one[0].rate_hz == 32_000


def test_progress_rises_and_what_is_there_can_be_heard(engines: dict[str, MusicGen]) -> None:
    steps = list(engines["mono"].answer(ask_of(length_s=5.0, candidates=2)))
    shares = [step.share for step in steps]
    assert shares == sorted(shares) and shares[-1] == 1.0 and len(steps) > 2 * 250
    heard = [step.sound for step in steps if step.sound is not None]
    assert [round(sound.length_s) for sound in heard] == [2, 4, 2, 4]


def test_it_stops_within_one_step(
    engines: dict[str, MusicGen], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, calls = engines["mono"], []
    forward = engine.weights.decoder.forward
    monkeypatch.setattr(
        engine.weights.decoder, "forward", lambda *a, **k: calls.append(1) or forward(*a, **k)
    )
    steps = engine.answer(ask_of(length_s=20.0))
    list(islice(steps, 7))
    steps.close()  # type: ignore[attr-defined]
    assert len(calls) == 7
    next(iter(engine.answer(ask_of())))  # and nobody else is kept waiting


def test_notes_lead_a_melody_model_and_no_other(
    engines: dict[str, MusicGen], chorale: Piece
) -> None:
    other = chorale.transposed(1)
    for kind, follows in (("melody", True), ("mono", False)):
        one, two = (sounds_of(list(engines[kind].answer(ask_of(p)))) for p in (chorale, other))
        assert np.array_equal(one[0].samples, two[0].samples) is not follows
        *_, last = engines[kind].answer(ask_of(chorale))
        assert last.takes[0].record["led_by_notes"] is follows


def test_long_recordings_go_on_from_bar_lines(engines: dict[str, MusicGen], chorale: Piece) -> None:
    own = "window_s=6, overlap_s=1.5"
    ask = ask_of(chorale, length_s=14.0, engine_options=own)
    *_, last = engines["melody"].answer(ask)
    record = last.takes[0].record
    (recording,) = sounds_of([last])
    assert recording.length_s == 14.0
    beat_s = 60 / chorale.tempo_bpm
    begins = [begin for begin, _ in record["windows_s"]]
    assert len(begins) > 2
    assert all(abs(begin / (4 * beat_s) - round(begin / (4 * beat_s))) < 0.02 for begin in begins)
    assert len(record["seam_jumps"]) == len(begins) - 1
    assert all(0 < jump < 5 for jump in record["seam_jumps"])
    with pytest.raises(RequestError, match="`overlap_s` must be at most half of `window_s`"):
        next(iter(engines["mono"].answer(ask_of(engine_options="window_s=4, overlap_s=3"))))


def test_fewer_codebooks_sound_rougher(engines: dict[str, MusicGen]) -> None:
    full, rough = (
        sounds_of(list(engines["mono"].answer(ask_of(engine_options=own))))[0]
        for own in (None, "codebooks=1")
    )
    assert full.samples.shape == rough.samples.shape
    assert not np.array_equal(full.samples, rough.samples)
    # 64 values are 6 bits, fifty times a second.
    narrow = sounds_of(list(engines["mono"].answer(ask_of(engine_options="bandwidth=0.5"))))[0]
    assert np.array_equal(narrow.samples, rough.samples)
    with pytest.raises(RequestError, match="at least 0.3 kbit/s"):
        next(iter(engines["mono"].answer(ask_of(engine_options="bandwidth=0.2"))))


def test_it_is_compiled_where_the_settings_say_so(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[dict[str, Any]] = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self, **own: compiled.append(own))
    MusicGen.load(folders["mono"])
    monkeypatch.setenv("COMPOSER_AUDIO_COMPILE", "1")
    MusicGen.load(folders["mono"])
    assert compiled == [{"dynamic": True}]


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_it_computes_in_the_asked_precision(folders: dict[str, Path], dtype: str) -> None:
    engine = MusicGen(load_weights(folders["mono"], "cpu", dtype))
    assert engine.versions["dtype"] == dtype
    assert sounds_of(list(engine.answer(ask_of())))[0].length_s == 1.0


def test_a_folder_is_an_engine_of_the_shelf(folders: dict[str, Path]) -> None:
    found = open_engine(folders["melody"], "cpu")
    assert isinstance(found, MusicGen) and found.weights.has_melody
    assert open_sound(str(folders["melody"])) is open_sound(str(folders["melody"]))


def test_the_licence_is_that_of_the_model_card(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = copytree(folders["mono"], tmp_path / "model")
    assert "CC BY-NC 4.0" in load_weights(folder, "cpu", "float32").licence
    (folder / "README.md").write_text("---\nlicense: cc-by-nc-4.0\ntags: [music]\n---\n# Model\n")
    assert load_weights(folder, "cpu", "float32").licence == NON_COMMERCIAL
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")
    assert load_weights(folder, "cpu", "float32").licence == "mit"


def broken_folders(place: Path, whole: Path) -> list[Path]:
    """Return folders that hold no model: empty, of another kind, cut short, without a tokenizer."""
    (place / "empty").mkdir()
    (place / "other").mkdir()
    (place / "other" / "config.json").write_text(json.dumps({"model_type": "bert"}))
    cut = copytree(whole, place / "cut")
    weights = cut / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    silent = copytree(whole, place / "silent")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (silent / name).unlink()
    return [place / "empty", place / "other", cut, silent]


def test_what_cannot_be_loaded_is_one_sentence_that_says_what_to_do(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    for folder in broken_folders(tmp_path, folders["mono"]):
        with pytest.raises(CheckpointError) as caught:
            load_weights(folder, "cpu", "float32")
        words = str(caught.value)
        assert words.startswith(f"the folder {folder.name} holds") and "\n" not in words
    for name in ("small", "nobody/knows-this"):
        with pytest.raises(CheckpointError, match=r"are not here; name a folder.*CC BY-NC 4\.0"):
            load_weights(name, "cpu", "float32")
    with pytest.raises(CheckpointError, match="cannot be fetched|are not here"):
        load_weights("small", "cpu", "float32", download=True)  # there is no network here
    with pytest.raises(CheckpointError, match="`audio.dtype` must be one of"):
        load_weights(folders["mono"], "cpu", "float8")


def test_without_its_library_one_sentence_names_the_extra(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingTool, match=r"needs transformers, of the extra `audio`; .*\[audio\]"):
        load_weights(folders["mono"], "cpu", "float32")


def test_without_a_model_one_sentence_says_what_to_name() -> None:
    with pytest.raises(ComposerError, match="name the folder of a MusicGen model in audio.model"):
        open_sound()
    with pytest.raises(RequestError, match="can only compose .*; choose one that can make record"):
        open_sound("small")
