"""Training runs: they learn, they resume to the bit, they leave a checkpoint."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from composer.errors import CheckpointError, OptionError
from composer.models import XlstmConfig, load_checkpoint
from composer.piece import Piece
from composer.theory import STYLES
from composer.tokenizer import Vocabulary, vocab
from composer.training import SamplingOptions, TrainOptions, train
from composer.training import loop as training_loop
from composer.training.optimisers import build_optimisers
from tests.strategies import MENU, VOCABULARY
from tests.training.corpus import write_packed

SAMPLING = SamplingOptions(max_rows=48, batch_rows=192, pool=6)


def options(**changes: Any) -> TrainOptions:
    """Return a short exact run of the smallest model."""
    facts: dict[str, Any] = {
        "preset": "tiny",
        "minutes": 0,
        "steps": 6,
        "precision": "32-true",
        "threads": 1,
        "save_minutes": 60,
        "sampling": SAMPLING,
    }
    return TrainOptions(**facts | changes)


def run(events: Path, out: Path, *, resume: bool = False, **changes: Any) -> Path:
    return train(events, out, options(**changes), resume=resume, show_progress=False)


def log_of(out: Path) -> list[dict[str, str]]:
    with (out / "log.csv").open() as file:
        return list(csv.DictReader(file))


def state_of(out: Path) -> dict[str, Any]:
    state: dict[str, Any] = torch.load(out / "state.pt", weights_only=True)
    return state


def test_an_xlstm_learns_from_the_same_file(packed_path: Path, tmp_path: Path) -> None:
    folder = run(packed_path, tmp_path, model="xlstm", steps=6, save_minutes=0)
    found = load_checkpoint(folder)
    assert isinstance(found.weights.config, XlstmConfig)
    losses = [float(line["train_nats_per_note"]) for line in log_of(tmp_path)]
    assert losses[-1] < losses[0]


def test_what_another_kind_of_model_has_is_refused_by_name() -> None:
    with pytest.raises(OptionError, match="`xlstm` has no kv_heads"):
        _ = options(model="xlstm", shape=(("kv_heads", 2),)).config
    with pytest.raises(OptionError, match="`model` must be one of transformer, xlstm"):
        options(model="abacus")


@pytest.fixture(scope="module")
def straight(packed_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run of six steps without a break."""
    out: Path = tmp_path_factory.mktemp("straight")
    run(packed_path, out)
    return out


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, {"accumulate": 2}, {"model": "xlstm"}])
def test_a_run_that_was_broken_off_resumes_to_the_bit(
    packed_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    run(packed_path, whole, **changes)
    save = training_loop.Run.save

    def save_thrice(self: Any, recent: Any) -> None:
        save(self, recent)
        if self.progress.step == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(training_loop.Run, "save", save_thrice)
    with pytest.raises(KeyboardInterrupt):
        run(packed_path, broken, **changes, save_minutes=0)
    monkeypatch.undo()
    run(packed_path, broken, **changes, resume=True)
    first, second = state_of(whole), state_of(broken)
    assert second["progress"]["step"] == 6
    assert all(torch.equal(w, second["model"][name]) for name, w in first["model"].items())
    assert torch.equal(first["rng"], second["rng"])
    for name, one, other in zip(
        ("momentum_buffer", "exp_avg"), first["optimisers"], second["optimisers"], strict=True
    ):
        for index, values in one["state"].items():
            assert torch.equal(values[name], other["state"][index][name])


@pytest.mark.slow
def test_the_same_seed_trains_the_same_model(
    packed_path: Path, straight: Path, tmp_path: Path
) -> None:
    run(packed_path, tmp_path)
    again = load_checkpoint(tmp_path / "checkpoint").fingerprint
    assert again == load_checkpoint(straight / "checkpoint").fingerprint


@pytest.mark.slow
def test_a_model_learns_one_piece_by_heart(chorale: Piece, tmp_path: Path) -> None:
    events = write_packed(tmp_path / "one.npz", [("train", chorale), ("valid", chorale)])
    sampling = SamplingOptions(max_rows=200, batch_rows=800, pool=8)
    run(events, tmp_path / "begun", steps=1, rate=1e-9, dropout=0.0, sampling=sampling)
    run(events, tmp_path / "done", steps=60, rate=6e-3, dropout=0.0, sampling=sampling)
    first, last = (
        float(log_of(tmp_path / out)[-1]["valid_nats_per_note"]) for out in ("begun", "done")
    )
    assert last < 0.2 * first


@pytest.mark.slow
def test_a_run_leaves_a_checkpoint_with_vocabulary_menu_and_notes(straight: Path) -> None:
    found = load_checkpoint(straight / "checkpoint")
    assert found.vocabulary["fingerprint"] == VOCABULARY.fingerprint
    assert found.menu == MENU
    assert found.notes["max_rows"] == SAMPLING.max_rows
    assert found.notes["progress"]["step"] == 6
    line = log_of(straight)[-1]
    assert list(line) == list(training_loop.LOG_FIELDS)
    assert float(line["valid_nats_per_note"]) == found.notes["valid_nats_per_note"]
    assert list((straight / "tensorboard").iterdir())


@pytest.mark.slow
def test_a_resumed_run_may_read_longer_sequences_by_longer_wavelengths(
    packed_path: Path, straight: Path, tmp_path: Path
) -> None:
    shutil.copytree(straight, tmp_path / "run")
    sampling = replace(SAMPLING, max_rows=96, batch_rows=192)
    run(packed_path, tmp_path / "run", steps=8, sampling=sampling, rope_base=40_000.0, resume=True)
    found = load_checkpoint(tmp_path / "run/checkpoint")
    assert found.weights.config.rope_base == 40_000.0
    assert (found.notes["max_rows"], found.notes["progress"]["step"]) == (96, 8)


@pytest.mark.slow
def test_a_run_may_begin_with_the_weights_of_another(
    packed_path: Path, straight: Path, tmp_path: Path
) -> None:
    begun = straight / "checkpoint"
    train(packed_path, tmp_path, options(steps=1, rate=1e-12), init=[begun], show_progress=False)
    found, wanted = load_checkpoint(tmp_path / "checkpoint"), load_checkpoint(begun)
    for name, weight in wanted.model.state_dict().items():
        torch.testing.assert_close(found.model.state_dict()[name], weight)
    began = f"checkpoint ({wanted.fingerprint})"
    assert (wanted.notes["began_with"], found.notes["began_with"]) == ("random numbers", began)
    train(packed_path, tmp_path, options(steps=2), resume=True, show_progress=False)
    assert load_checkpoint(tmp_path / "checkpoint").notes["began_with"] == began


@pytest.mark.slow
def test_a_run_may_begin_with_the_mean_of_several(
    packed_path: Path, straight: Path, tmp_path: Path
) -> None:
    run(packed_path, tmp_path / "other", steps=1, seed=1)
    begun = [straight / "checkpoint", tmp_path / "other/checkpoint"]
    train(packed_path, tmp_path, options(steps=1, rate=1e-12), init=begun, show_progress=False)
    found, first, second = (
        load_checkpoint(folder).model.state_dict() for folder in (tmp_path / "checkpoint", *begun)
    )
    for name, weight in found.items():
        torch.testing.assert_close(weight, (first[name] + second[name]) / 2, rtol=0.02, atol=2e-3)


@pytest.mark.slow
def test_a_run_may_go_on_with_more_names_than_the_weights_know(
    chorale: Piece, straight: Path, tmp_path: Path
) -> None:
    more = replace(
        VOCABULARY,
        composers=(*VOCABULARY.composers, "Zelenka"),
        styles=STYLES,
        relations=vocab.RELATIONS,
    )
    pieces = [("train", replace(chorale, composer="Zelenka")), ("valid", chorale)]
    events = write_packed(tmp_path / "more.npz", pieces, more)
    begun = straight / "checkpoint"
    train(events, tmp_path, options(steps=1, rate=1e-12), init=[begun], show_progress=False)
    found, known = load_checkpoint(tmp_path / "checkpoint"), load_checkpoint(begun)
    assert Vocabulary.from_dict(found.vocabulary) == more
    table, before = (c.weights["tables.2"] for c in (found, known))
    other, newcomer = (more.value_id("composer", name) for name in ("other", "Zelenka"))
    np.testing.assert_array_equal(table[newcomer], before[other])
    np.testing.assert_array_equal(np.delete(table, newcomer, 0), np.delete(before, newcomer, 0))
    # A style says nothing yet, and a role what the nearest section says.
    parts = found.weights["tables.1"]
    assert (parts[vocab.STYLE : vocab.ROLE] == parts[vocab.PART_NONE]).all()
    new = vocab.SECTION + vocab.SECTIONS.index("new")
    np.testing.assert_array_equal(parts[vocab.ROLE], parts[new])


@pytest.mark.slow
def test_options_that_save_memory_and_smooth_labels_run(packed_path: Path, tmp_path: Path) -> None:
    run(packed_path, tmp_path, steps=1, checkpointing=True, smoothing=0.1)
    assert len(log_of(tmp_path)) == 1


def test_weights_of_another_vocabulary_are_refused(
    packed_path: Path, tiny_folder: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for path in tiny_folder.iterdir():
        (other / path.name).write_bytes(path.read_bytes())
    names = replace(VOCABULARY, composers=("other", "Zelenka"))
    (other / "vocabulary.json").write_text(json.dumps(names.to_dict()))
    with pytest.raises(OptionError, match="does not continue it; pack with `--names other`"):
        train(packed_path, tmp_path / "out", options(), init=[other], show_progress=False)


def test_weights_of_another_shape_are_refused(
    packed_path: Path, straight: Path, tmp_path: Path
) -> None:
    begun = [straight / "checkpoint"]
    with pytest.raises(OptionError, match="does not hold that of `init`: its `head_width` differs"):
        train(packed_path, tmp_path, options(preset="small"), init=begun, show_progress=False)


def test_there_must_be_something_to_resume(packed_path: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="nothing to resume in out"):
        run(packed_path, tmp_path / "out", resume=True)


@pytest.mark.parametrize("content", [b"", b"not a state", b"PK\x03\x04"])
def test_a_damaged_state_is_refused(packed_path: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "state.pt").write_bytes(content)
    with pytest.raises(CheckpointError, match="cannot be read"):
        run(packed_path, tmp_path, resume=True)


def test_a_state_of_another_model_is_refused(straight: Path, packed_path: Path) -> None:
    with pytest.raises(CheckpointError, match="of another model"):
        run(packed_path, straight, resume=True, preset="small")


@pytest.mark.slow
def test_a_checkpoint_holds_the_average_of_the_weights(straight: Path, packed_path: Path) -> None:
    written = load_checkpoint(straight / "checkpoint").model.norm.weight
    state = state_of(straight)
    average, latest = state["averaged"]["module.norm.weight"], state["model"]["norm.weight"]
    assert torch.allclose(written, average, atol=1e-2)
    assert not torch.equal(average, latest)


@pytest.mark.slow
def test_without_averaging_the_checkpoint_holds_the_latest(
    packed_path: Path, tmp_path: Path
) -> None:
    run(packed_path, tmp_path, averaging=0.0, steps=3)
    state = state_of(tmp_path)
    assert torch.equal(state["averaged"]["module.norm.weight"], state["model"]["norm.weight"])


@pytest.mark.slow
def test_processor_time_may_be_the_length_of_a_run(packed_path: Path, tmp_path: Path) -> None:
    run(packed_path, tmp_path, core_minutes=0.01, steps=0)
    assert float(log_of(tmp_path)[-1]["cpu_minutes"]) >= 0.01


@pytest.mark.parametrize(
    "changes", [{"preset": "huge"}, {"steps": 0}, {"minutes": -1, "steps": 0}, {"averaging": 1.0}]
)
def test_a_run_without_a_length_or_size_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        options(**changes)


def test_muon_takes_the_inner_matrices_and_adam_the_rest(tiny_model: torch.nn.Module) -> None:
    muon, adam = build_optimisers(tiny_model, options())
    matrices = muon.param_groups[0]["params"]
    rest = adam.param_groups[0]["params"]
    assert all(weight.ndim == 2 for weight in matrices)
    n_tables_and_logits = 8
    assert sum(weight.ndim == 2 for weight in rest) == n_tables_and_logits
    assert len(matrices) + len(rest) == len(list(tiny_model.parameters()))
