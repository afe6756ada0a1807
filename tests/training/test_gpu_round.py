"""A round on a bare machine, rehearsed with the smallest model beside hardly any packages."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from composer.models import load_checkpoint
from composer.models.transformer import EventTransformer
from composer.tokenizer import Vocabulary, vocab
from composer.training import PackedEvents, SamplingOptions, TrainOptions
from composer.training.batches import Batch, Sampler, padded_to
from composer.training.gpu_round import Round, run, trainer
from composer.training.gpu_round.feed import DeviceBatch
from composer.training.gpu_round.trainer import event_losses
from tests.strategies import MENU, VOCABULARY

ROOT = Path(__file__).parents[2]
# What such a machine has, with what these need themselves.
BARE = {
    "torch", "torchgen", "functorch", "numpy", "safetensors", "lightning", "lightning_fabric",
    "transformers", "tqdm", "packaging", "typing_extensions", "sympy", "mpmath", "networkx",
    "jinja2", "markupsafe", "fsspec", "filelock", "setuptools", "yaml", "regex", "requests",
    "huggingface_hub", "lightning_utilities", "_distutils_hack", "pkg_resources", "triton",
}  # fmt: skip
FILES = {"config.json", "vocabulary.json", "menu.json", "log.csv"}


@pytest.fixture
def bare_python(tmp_path: Path) -> Path:
    """Return a Python that finds our own package and those of such a machine, and no others."""
    installed, bare = Path(torch.__file__).parents[1], tmp_path / "packages"
    bare.mkdir()
    for path in installed.iterdir():
        name = path.name.partition(".")[0]
        is_there = name in BARE and not path.name.endswith(("-info", ".pth"))
        if is_there or path.name.endswith(".libs"):
            (bare / path.name).symlink_to(path)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={bare}:{ROOT} exec {sys.executable} -S "$@"\n')
    python.chmod(0o755)
    return python


@pytest.mark.slow
def test_a_round_runs_where_hardly_anything_is_installed(
    packed_path: Path, tmp_path: Path, bare_python: Path
) -> None:
    out = tmp_path / "round"
    command = ["bash", str(ROOT / "scripts/gpu_round.sh"), str(packed_path), str(out)]
    command += ["--preset", "tiny", "--steps", "3", "--batch-rows", "1024", "--pool", "4"]
    command += ["--workers", "0", "--no-compile"]
    environment = {"PYTHON": str(bare_python), "OMP_NUM_THREADS": "1"}
    found_run = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True
    )
    assert found_run.returncode == 0, found_run.stdout + found_run.stderr
    found = load_checkpoint(out)
    shards = {path.name for path in out.glob("weights-*.safetensors")}
    assert {path.name for path in out.iterdir()} == FILES | shards
    assert len(FILES | shards) <= 8
    assert Vocabulary.from_dict(found.vocabulary) == VOCABULARY
    assert found.menu == MENU
    with (out / "log.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [int(line["step"]) for line in lines] == [2, 3]  # half-way, and at the end
    assert found.notes["progress"]["step"] == 3
    assert float(lines[-1]["valid_nats_per_note"]) == found.notes["valid_nats_per_note"]
    assert json.loads(found_run.stdout.splitlines()[-1])["step"] == int(lines[-1]["step"])


def test_the_bare_python_has_none_of_our_other_libraries(bare_python: Path) -> None:
    names = ("symusic", "miditok", "tensorboard", "onnxruntime", "gradio", "torch")
    code = f"import importlib.util as u; print([n for n in {names} if u.find_spec(n)])"
    found = subprocess.run([str(bare_python), "-c", code], capture_output=True, text=True)
    assert found.stdout.strip() == "['torch']"


def test_losses_of_whole_batches_are_those_of_the_picked_rows(
    packed: PackedEvents, tiny_model: EventTransformer
) -> None:
    batch = Sampler(packed, "train", SamplingOptions(max_rows=60, batch_rows=500, pool=12))
    found = DeviceBatch.of(batch.pool_batches(0)[0], torch.device("cpu"))
    with torch.inference_mode():
        nats, loss = event_losses(tiny_model, found, section_weight=0.1)
        wanted = tiny_model.field_losses(tiny_model(found.rows), found.nexts, found.counts)
    is_bar = found.nexts[..., vocab.TIME][found.counts[..., vocab.PART]] == vocab.BAR
    torch.testing.assert_close(nats, sum(each.sum() for each in wanted))
    sections = wanted[vocab.PART][is_bar].sum()
    torch.testing.assert_close(loss, nats - 0.9 * sections)


def test_sequences_are_padded_to_the_shortest_length_that_holds_them(packed: PackedEvents) -> None:
    sampler = Sampler(packed, "train", SamplingOptions(max_rows=100, pool=20))
    sequences = sampler.pool_sequences(3)
    batches = padded_to((40, 70, 100), sequences)
    assert sum(len(batch.rows) for batch in batches) == 20
    for batch in batches:
        shorter = max(n for n in (0, 40, 70, 100) if n < batch.rows.shape[1])
        is_row = (batch.rows != np.array(vocab.NONE)).any(-1)
        assert (is_row.sum(1) > shorter).all()
    joined = Batch.joined([batches[0], batches[0]])
    n = len(batches[0].rows)
    assert np.array_equal(joined.cut(n, 2 * n).rows, batches[0].rows)


@pytest.mark.slow
def test_a_round_tries_batches_first_and_begins_to_count_after_that(
    packed_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "CANDIDATE_ROWS", (512, 1024))
    sampling = SamplingOptions(max_rows=2048, batch_rows=2048, pool=2)
    how = Round(
        events=packed_path,
        out=tmp_path,
        minutes=1.0,
        reserve_s=0.0,
        options=TrainOptions(preset="tiny", sampling=sampling),
        steps=2,
        workers=0,
        compiled=False,
    )
    told: list[str] = []
    last = run(how, told.append)
    assert [line.split(" rows a batch: ")[0] for line in told[:2]] == ["512", "1024"]
    assert last["step"] == 2
    notes = load_checkpoint(tmp_path).notes
    assert notes["batch_rows"] in (512, 1024)
    assert 0 < last["events"] <= 2 * notes["batch_rows"]
