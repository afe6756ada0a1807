"""Going on with words: the prompt stands as it was given, and what follows is grammatical."""

from __future__ import annotations

import inspect
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from composer.cli import main
from composer.engines import Capabilities, Engine, open_engine
from composer.errors import CheckpointError, ComposerError, OptionError, RequestError
from composer.models.config import XLSTM_PRESETS
from composer.models.kinds import new_model
from composer.models.saving import save_checkpoint
from composer.remigen import (
    MIDIConverter,
    MusicGenerator,
    WordError,
    decode,
    encode,
    generate_music,
)
from composer.remigen.prompt import read_prompt, words_behind
from composer.remigen.words import parse_word
from composer.tokenizer import vocab
from tests.remigen.songs import songs
from tests.strategies import MENU, VOCABULARY

PROMPTS = (
    "s-9 o-0 t-35",
    "s-8",
    "s-9 o-12",
    "s-9 o-24 t-23 i-0",
    "s-9 t-30 o-0 i-40",
    "s-9 t-30",
    "s-9 o-0 t-35 i-0 p-60 d-12 v-20 o-12 t-35 i-0 p-64 d-12 v-25",
    "s-9 o-0 t-35 i-0 p-72 d-30 v-20 i-128 p-170 d-3 v-31 o-24 t-35 i-0",
    "s-19 o-0 t-35 i-40 p-72 d-12 v-20 i-42 p-48 d-24 v-20 b-1 s-8 o-0 t-20 i-42",
    "s-9 o-0 t-35 i-0 p-72 d-40 v-20 b-1",
)


@pytest.fixture(scope="module", params=["transformer", "xlstm"])
def generator(request: Any, tiny_folder: Path, tmp_path_factory: Any) -> MusicGenerator:
    """Return a generator with each model in turn, both of which write nonsense quickly."""
    if request.param == "transformer":
        return MusicGenerator(tiny_folder)
    folder = tmp_path_factory.mktemp("xlstm")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = new_model(XLSTM_PRESETS["tiny"], vocab.TABLE_SIZES, vocab.WRITTEN_SIZES)
    save_checkpoint(folder, model, VOCABULARY.to_dict(), {"max_rows": 96}, menu=MENU)
    return MusicGenerator(str(folder))


def is_canonical(words: str) -> bool:
    """Whether words are in the order of the format, and their tempos where it has them."""
    song = decode(words)
    return any(" ".join(encode(song, variant)) == words for variant in ("REMIGEN", "REMIGEN2"))


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_prompt_stands_word_for_word_before_music_in_its_meter_tempo_and_instruments(
    generator: MusicGenerator, prompt: str
) -> None:
    found = generator.generate_long(prompt, target_bars=4, verbose=False, seed=1)
    words, song = found["tokens"], decode(found["tokens"])
    assert words.startswith(prompt + " ") and words.endswith("b-1") and is_canonical(words)
    assert (found["bars"], found["notes"]) == (4, len(song.notes)) == (4, words.count("p-"))
    asked = read_prompt(prompt)
    assert song.signatures == asked.song.signatures + (asked.signature,) * (
        4 - len(asked.song.signatures)
    )
    if asked.says_tempo:
        assert song.tempos == asked.song.tempos
    if asked.programs:
        assert {note.program for note in song.notes} <= set(asked.programs)
    assert len(song.notes) > len(asked.song.notes)


def test_max_tokens_counts_new_words_and_the_last_note_is_whole(generator: MusicGenerator) -> None:
    prompt = "s-9 o-0 t-35 i-0"
    found = generator.generate(prompt, max_tokens=200, verbose=False, seed=4)
    n_new = len(found["tokens"].split()) - 4
    assert 195 <= n_new <= 200
    assert found["stopped_because"] == "max_tokens"
    song = decode(found["tokens"])
    assert (found["bars"], found["notes"]) == (len(song.signatures), len(song.notes))
    assert generator.generate(prompt, max_tokens=2, verbose=False)["tokens"] == prompt


def test_a_seed_gives_the_same_words_and_a_result_tells_its_own(
    generator: MusicGenerator, capsys: pytest.CaptureFixture[str]
) -> None:
    found = generator.generate(max_tokens=60)
    assert "new words" in capsys.readouterr().err
    again = generator.generate(max_tokens=60, seed=found["seed"], verbose=False)
    other = generator.generate(max_tokens=60, seed=found["seed"] + 1, verbose=False)
    assert again["tokens"] == found["tokens"] != other["tokens"]
    assert capsys.readouterr() == ("", "")
    assert found["seconds"] > 0 and found["tokens_per_second"] > 0 and found["peak_memory_mb"] > 20


def test_chunks_end_where_they_were_told_to(generator: MusicGenerator) -> None:
    found = generator.generate_long(
        "s-9", target_bars=64, chunk_tokens=64, max_iterations=2, verbose=False, seed=2
    )
    assert found["stopped_because"] == "max_iterations" and 2 <= found["bars"] < 64
    whole = generator.generate_long("s-9 b-1 s-9 b-1", target_bars=2, verbose=False)
    assert (whole["tokens"], whole["stopped_because"]) == ("s-9 b-1 s-9 b-1", "target_bars")


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("", "there are no REMIGEN words"),
        ("Once upon a time", "word 1, `Once`: is no REMIGEN word"),
        ("s-9 o-0 t-60", "tempo words go from t-0 (16 bpm) to t-48 (256 bpm); 60 bpm is t-23"),
        ("s-9 o-0 t-120", "120 bpm is t-35"),
        ("s-9 o-0 t-35 i-128", "no engine here plays i-128"),
        ("s-9 o-0 t-35 i-128 p-170 d-3 v-31", "no engine here plays i-128"),
        ("s-9 o-0 t-35 i-0 p-60 d-12", "has no velocity"),
        ("s-128 o-0 t-35 i-0", "writes no bars of 3/64"),
        (5, "a text, or a list of texts"),
        (["s-9", 5], "a text, or a list of texts"),
        ("s-9 b-1 " * 1_300_000, "longer than 8 MB"),
        ("s-9 o-0 t-35" + "".join(f" i-{n} p-60 d-1 v-9" for n in range(17)), "16 parts at most"),
    ],
)
def test_a_prompt_that_cannot_be_gone_on_with_is_refused_in_a_sentence(
    tiny_folder: Path, prompt: Any, words: str
) -> None:
    with pytest.raises(RequestError) as found:
        MusicGenerator(tiny_folder).generate(prompt, verbose=False)
    assert words in str(found.value) and "\n" not in str(found.value)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"temperature": 0}, "temperature"),
        ({"temperature": 9.0}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_value_out_of_its_range_is_refused_with_the_range(
    tiny_folder: Path, options: dict[str, Any], name: str
) -> None:
    with pytest.raises(OptionError, match=f"`{name}` must be"):
        MusicGenerator(tiny_folder).generate(**options)


def test_a_checkpoint_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"engine": "helibrunna"}')
    with pytest.raises(CheckpointError, match="'helibrunna', which is not installed"):
        MusicGenerator(tmp_path)
    with pytest.raises(CheckpointError, match="no readable config.json"):
        MusicGenerator(tmp_path.parent)
    with pytest.raises(CheckpointError, match="no engine 'nobody'; there are small"):
        MusicGenerator("nobody")
    with pytest.raises(OptionError, match="`context_length` must be"):
        MusicGenerator(context_length=1)


def test_an_engine_that_cannot_go_on_says_so(tiny_folder: Path) -> None:
    class Static(Engine):
        capabilities = Capabilities(good_for="Nothing.", asks=("Compose",))

    generator = MusicGenerator(tiny_folder)
    generator.engine = Static()
    with pytest.raises(RequestError, match="this engine can only compose whole pieces"):
        generator.generate()


def test_an_engine_that_begins_with_whole_bars_is_cut_to_the_prompt(tiny_folder: Path) -> None:
    class Whole(Engine):
        """Passes over what has begun."""

        capabilities = Capabilities(good_for="Whole bars.")
        inner = open_engine(tiny_folder)

        def draw(self, ask: Any) -> Any:
            return self.inner.draw(replace(ask, begun=None))

    generator = MusicGenerator(tiny_folder)
    generator.engine = Whole()
    for prompt in PROMPTS:
        found = generator.generate_long(prompt, target_bars=3, verbose=False, seed=5)
        assert found["tokens"].startswith(prompt + " ") and is_canonical(found["tokens"])


@settings(max_examples=60)
@given(songs(), st.data())
def test_the_words_behind_any_beginning_are_those_of_the_whole(song: Any, data: Any) -> None:
    words = encode(song)
    ends = [n for n, word in enumerate(words, start=1) if word[0] not in "pd"]
    cut = data.draw(st.sampled_from(ends))
    prompt = read_prompt(words[:cut])
    rest = [note for note in song.notes[len(prompt.song.notes) :]]
    first = prompt.closed_bars
    if any(note.bar == first and not prompt.allows(note) for note in rest):
        return  # a key that is struck twice at once
    moved = [replace(note, bar=note.bar - first) for note in rest]
    tempo = song.tempos[0].tempo
    behind = words_behind(prompt, moved, song.signatures[first:], tempo)
    plain = [word for word in words if parse_word(word)[0] != "t"]  # type: ignore[index]
    assert [word for word in [*words[:cut], *behind] if word[0] != "t"] == plain


def test_words_and_midi_files_are_converted(tmp_path: Path) -> None:
    words = "s-9 o-0 t-35 i-0 p-60 d-12 v-20 p-48 d-24 v-20 o-24 t-35 i-128 p-170 d-1 v-25 b-1"
    converter, path = MIDIConverter(), tmp_path / "new" / "piece.mid"
    assert converter.tokens_to_midi(words, path) is True
    assert converter.midi_to_tokens(str(path)) == words
    with pytest.raises(WordError):
        converter.tokens_to_midi("s-9 x", path)
    assert converter.midi_to_tokens(path) == words


def test_songs_are_written_as_files_with_their_words(tiny_folder: Path, tmp_path: Path) -> None:
    short = generate_music(tiny_folder, 2, max_tokens=80, output_dir=tmp_path)
    (long,) = generate_music(tiny_folder, target_bars=3, output_dir=str(tmp_path / "long"))
    assert len(set(short)) == 2 and all(path.suffix == ".mid" for path in [*short, long])
    words = long.with_suffix(".txt").read_text()
    assert len(decode(words).signatures) == 3
    assert words.startswith("s-9 o-0 t-35 ")
    with pytest.raises(ComposerError, match="`num_songs`"):
        generate_music(tiny_folder, 0)


def test_the_signatures_are_those_that_are_known() -> None:
    found = {
        call.__name__: [
            (name, one.default)
            for name, one in inspect.signature(call).parameters.items()
            if name != "self"
        ]
        for call in (MusicGenerator, MusicGenerator.generate, MusicGenerator.generate_long)
    }
    empty = inspect.Parameter.empty
    assert found["MusicGenerator"] == [
        ("model_path", None), ("context_length", 2048), ("device", "auto"),
    ]  # fmt: skip
    assert found["generate"] == [
        ("prompt", "s-9 o-0 t-35"), ("temperature", 0.8), ("max_tokens", 2048), ("verbose", True),
        ("seed", None),
    ]  # fmt: skip
    assert found["generate_long"] == [
        ("prompt", empty), ("temperature", 0.8), ("target_bars", 32), ("chunk_tokens", 1024),
        ("max_iterations", 20), ("verbose", True), ("seed", None),
    ]  # fmt: skip


def test_the_command_prints_words_or_writes_files(
    tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prompt = "s-9 o-0 t-35 i-0"
    asked = ["remigen", "generate", prompt, "--engine", str(tiny_folder), "--seed", "3"]
    assert main([*asked, "--max-tokens", "40"]) == 0
    assert capsys.readouterr().out.startswith(prompt + " p-")
    assert main([*asked, "--bars", "3", "--out", str(tmp_path / "a.mid")]) == 0
    assert "in 3 bars, seed 3" in capsys.readouterr().out
    assert main([*asked, "--bars", "3", "--out", str(tmp_path / "a.txt")]) == 0
    assert decode((tmp_path / "a.txt").read_text()).signatures == ((4, 4),) * 3
    assert main(["remigen", "generate", "s-9 o-0 t-60"]) == 2
    assert capsys.readouterr().err.endswith("60 bpm is t-23\n")
