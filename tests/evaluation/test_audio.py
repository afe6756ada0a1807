"""What is measured of recordings, and distances between sets of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from composer.cli import main
from composer.errors import CheckpointError, RequestError
from composer.evaluation.audio import (
    NO_WEIGHTS,
    Clip,
    evaluate_recordings,
    frechet_distance,
    measures_of,
)
from composer.piece import Piece
from composer.pipeline import orchestrate
from composer.recording import Recording
from composer.rendering.recordings import write_recording
from tests.engines.audio.tiny import SENTENCES, _tokenizer
from tests.pipeline.test_orchestrating import Singer

RATE_HZ = 48_000


def tone(hertz: float, peak: float = 0.5, length_s: float = 1.0) -> Recording:
    time_s = np.arange(int(length_s * RATE_HZ)) / RATE_HZ
    sound = (peak * np.sin(2 * np.pi * hertz * time_s)).astype(np.float32)
    return Recording(sound[:, None], RATE_HZ)


@pytest.mark.parametrize("width", [1, 3, 8])
def test_the_frechet_distance_of_normal_sets_is_the_known_one(width: int) -> None:
    rng = np.random.default_rng(1)
    mixing = rng.normal(size=(width, width))
    first = rng.normal(size=(200_000, width)) @ mixing
    shift = np.arange(width) + 1.0
    # The same shape, moved: only the shift counts. Twice as wide: the trace of the covariance.
    assert frechet_distance(first, first) == pytest.approx(0.0, abs=1e-9)
    assert frechet_distance(first, first + shift) == pytest.approx(shift @ shift)
    covariance = np.atleast_2d(np.cov(first, rowvar=False))
    middle = first.mean(axis=0)
    wider = middle + 2 * (first - middle)
    assert frechet_distance(first, wider) == pytest.approx(np.trace(covariance))
    with pytest.raises(RequestError, match="needs 2 clips or more"):
        frechet_distance(first[:1], first)


def test_loudness_clipping_and_silence_are_told() -> None:
    loud, quiet = (measures_of(Clip("a", tone(997, peak))) for peak in (0.9, 0.09))
    assert loud["loudness_lufs"] == pytest.approx(quiet["loudness_lufs"] + 20, abs=0.2)  # type: ignore[operator]
    assert loud["peak"] == pytest.approx(0.9, abs=1e-3)
    assert (loud["clipped"], loud["silent"], loud["agreement"]) == (0.0, 0.0, None)
    sound = np.clip(tone(997, 3.0).samples, -1, 1)
    assert 0.5 < measures_of(Clip("a", Recording(sound, RATE_HZ)))["clipped"] < 0.9  # type: ignore[operator]
    half = np.concatenate([tone(997).samples, np.zeros((RATE_HZ, 1), np.float32)])
    assert measures_of(Clip("a", Recording(half, RATE_HZ)))["silent"] == pytest.approx(0.5)
    nothing = measures_of(Clip("a", Recording(half[RATE_HZ:], RATE_HZ)))
    assert (nothing["loudness_lufs"], nothing["silent"]) == (None, 1.0)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory, chorale: Piece) -> Path:
    """Return a folder that `orchestrate` filled: three recordings and their composition.json."""
    folder = tmp_path_factory.mktemp("recordings")
    found = orchestrate(chorale, "by a choir", engine=Singer())
    written = found.write(folder)
    document = found.to_dict({rank: path.name for rank, path in written.items()})
    (folder / "composition.json").write_text(json.dumps(document))
    return folder


def test_agreement_comes_from_the_composition_beside_the_recordings(recordings: Path) -> None:
    report = evaluate_recordings(recordings)
    rows = report["clips"]
    found = [rows[f"recording-{rank}.wav"]["agreement"] for rank in (1, 2, 3)]
    assert found == sorted(found, reverse=True) and found[0] > 0.7
    assert report["notes"] == [NO_WEIGHTS] and "frechet_distance" not in report


def test_the_command_prints_the_measures_and_one_sentence(
    recordings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(recordings), "--audio"]) == 0
    printed = capsys.readouterr()
    assert "recording-1.wav: length_s" in printed.out and printed.out.count("\n") == 4
    assert printed.err.strip() == NO_WEIGHTS
    assert main(["evaluate", str(tmp_path), "--audio"]) == 2
    assert "holds no WAV, FLAC, MP3 or OGG file" in capsys.readouterr().err


def save_clap(folder: Path) -> Path:
    """Write a CLAP model of random weights."""
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

    config = ClapConfig(
        text_config={
            "vocab_size": 80,
            "hidden_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "intermediate_size": 32,
            "projection_dim": 8,
            "pad_token_id": 0,
        },
        audio_config={
            "patch_embeds_hidden_size": 8,
            "hidden_size": 16,
            "depths": [1, 1],
            "num_attention_heads": [2, 2],
            "num_hidden_layers": 2,
            "projection_dim": 8,
        },
        projection_dim=8,
    )
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = ClapModel(config)
    model.save_pretrained(folder)
    ClapFeatureExtractor(truncation="rand_trunc").save_pretrained(folder)
    _tokenizer().save_pretrained(folder)
    return folder


def test_with_weights_sets_are_compared_and_words_are_held_against_sound(
    recordings: Path, tmp_path: Path
) -> None:
    clap, others = save_clap(tmp_path / "clap"), tmp_path / "others"
    others.mkdir()
    for n, hertz in enumerate((220, 440, 660)):
        write_recording(tone(hertz), others / f"{n}.wav")
    report: dict[str, Any] = evaluate_recordings(recordings, reference=others, clap=clap)
    assert report["embedding"] == "clap" and -1 <= report["clap_score"] <= 1
    assert report["frechet_distance"] > 0
    assert (report["n_clips"], report["n_reference"]) == (3, 3)
    same = evaluate_recordings(recordings, reference=recordings, clap=clap)
    assert same["frechet_distance"] == pytest.approx(0.0, abs=1e-6)
    alone = evaluate_recordings(others, clap=clap)
    assert len(alone["notes"]) == 2 and SENTENCES
    with pytest.raises(CheckpointError, match="others holds no CLAP model"):
        evaluate_recordings(recordings, clap=others)
