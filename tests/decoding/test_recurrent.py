"""A session whose memory stays as large as it is: what it says, saves and forks."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
import torch

from composer.decoding import open_runtime
from composer.decoding.runtimes.recurrent_graphs import RecurrentGraphs
from composer.decoding.runtimes.recurrent_runtime import RecurrentRuntime, RecurrentSession
from composer.errors import CheckpointError
from composer.models import XlstmConfig
from composer.models.xlstm import EventXlstm
from composer.tokenizer import Events, vocab
from composer.tokenizer.masks import Frame
from tests.fakes import draws_of, group_of

FRAME = Frame(bars=3, ranges=[(50, 80), (40, 60)], meter=vocab.METER_ID[4, 4])
CONFIG = XlstmConfig(
    width=32, cells=("mlstm", "slstm", "attention"), heads=2, hidden=32, field_hidden=16, window=16
)


@pytest.fixture(scope="module")
def model() -> EventXlstm:
    """Return a small random model with all kinds of cells, whose gates are half open."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = EventXlstm(CONFIG, vocab.TABLE_SIZES, vocab.WRITTEN_SIZES)
    torch.nn.init.zeros_(model.blocks[0].cell.gates.bias)  # type: ignore[union-attr, arg-type]
    return model.eval()


@pytest.fixture
def runtime(model: EventXlstm) -> RecurrentRuntime:
    """Return it ready to run."""
    return RecurrentRuntime(model)


def rows_of(rng: np.random.Generator, *shape: int) -> Events:
    return rng.integers(0, vocab.WRITTEN_SIZES, (*shape, 4), np.int16)


def states_of(model: EventXlstm, rows: Events) -> np.ndarray:
    with torch.inference_mode():
        return model(torch.from_numpy(rows.astype(np.int64))[None])[0, -1].numpy()


def test_beginnings_of_any_lengths_are_each_read_as_if_alone(
    runtime: RecurrentRuntime, model: EventXlstm, rng: np.random.Generator
) -> None:
    rows = rows_of(rng, 4, 60)
    session = runtime.begin([rows[0, :40], rows[1, :7], rows[2, :40], rows[3, :1]], 100)
    for t in range(40, 60):
        session.append(rows[:, t])
    for who, n_begun in enumerate((40, 7, 40, 1)):
        whole = np.concatenate([rows[who, :n_begun], rows[who, 40:]])
        np.testing.assert_allclose(session.states[who], states_of(model, whole), atol=1e-4)


def test_bytes_are_equal_at_200_and_2000_rows(
    runtime: RecurrentRuntime, rng: np.random.Generator
) -> None:
    sizes = []
    for n_rows in (200, 2_000):
        session = runtime.begin([rows_of(rng, n_rows)], n_rows)
        sizes.append(session.fork(np.zeros(3, np.int64)).n_bytes)
    assert sizes[0] == sizes[1] == 3 * 4 * (2 * 8 * 16 + 4 * 32 + 2 * 16 * 16 + 2)


def test_what_was_saved_is_gone_on_with_to_the_same_bit(
    runtime: RecurrentRuntime, model: EventXlstm, rng: np.random.Generator
) -> None:
    rows = rows_of(rng, 3, 40)
    session = runtime.begin(list(rows[:, :30]), 0)
    file = io.BytesIO()
    np.savez(file, **session.save())
    file.seek(0)
    resumed = RecurrentRuntime(model).resume(dict(np.load(file)))
    for t in range(30, 40):
        session.append(rows[:, t])
        resumed.append(rows[:, t])
        for field in range(4):
            chosen = rows[:, 0, :field]
            one, other = (each.field_logits(field, chosen) for each in (session, resumed))
            assert np.array_equal(one, other)


def test_what_another_model_saved_is_refused(runtime: RecurrentRuntime) -> None:
    saved = dict(runtime.begin([vocab.row(vocab.BAR)], 1).save())
    saved["memory.0.0"] = saved["memory.0.0"][:, :1]
    for other in (saved, {}):
        with pytest.raises(CheckpointError, match="belongs to another model"):
            runtime.resume(other)


def test_forks_and_those_who_are_kept_go_on_by_themselves(
    runtime: RecurrentRuntime, model: EventXlstm, rng: np.random.Generator
) -> None:
    rows, further = rows_of(rng, 2, 20), rows_of(rng, 3)
    session = runtime.begin(list(rows), 0)
    before = session.save()
    forked = session.fork(np.array([1, 1, 0]))
    forked.append(further)
    forked.keep(np.array([2, 1]))
    for who, (place, row) in enumerate(((0, 2), (1, 1))):
        whole = np.concatenate([rows[place], further[[row]]])
        np.testing.assert_allclose(forked.states[who], states_of(model, whole), atol=1e-4)
    assert all(np.array_equal(array, before[name]) for name, array in session.save().items())


def test_a_group_is_drawn_without_a_window_and_alike_for_the_same_seed(
    runtime: RecurrentRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    read = RecurrentSession.read

    def count(model: EventXlstm, beginnings: list[Events]) -> RecurrentSession:
        begun.append(len(beginnings))
        return read(model, beginnings)

    monkeypatch.setattr(RecurrentSession, "read", count)
    first, again = (draws_of(runtime, group_of(FRAME, 3, seed=4, window=16)) for _ in range(2))
    assert begun == [1, 1]
    for index, one in first.items():
        assert one.is_complete
        assert len(one.events) + 8 > 16
        assert np.array_equal(one.events, again[index].events)
        assert np.array_equal(one.log_probs, again[index].log_probs)


def plain_model() -> EventXlstm:
    """Return a small random model that looks back at few rows, of what graphs can run."""
    config = replace(CONFIG, cells=("mlstm", "attention", "mlstm"), heads=4, window=23)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = EventXlstm(config, vocab.TABLE_SIZES, vocab.WRITTEN_SIZES)
    for name, weight in model.named_parameters():
        if ".gates." in name:
            torch.nn.init.normal_(weight, std=2.0 if name.endswith("bias") else 0.3)
        elif "blocks.1.cell.project" in name:
            torch.nn.init.normal_(weight, std=0.25)  # attention that looks at some rows only
    return model.eval()


@pytest.mark.parametrize("name", ["onnx-fp32", "onnx"])
def test_graphs_say_what_the_model_says_and_save_and_fork_it(
    rng: np.random.Generator, name: str
) -> None:
    """Through full and other chunks, steps, forks and a saved session, at a constant size."""
    model = plain_model()
    runtime = open_runtime(model.weights, name)
    assert isinstance(runtime, RecurrentGraphs)
    rows = rows_of(rng, 3, 90)
    session = runtime.begin([rows[0, :64], rows[1, :7], rows[2, :64]], 0).fork(np.array([0, 1, 2]))
    for t in range(64, 80):
        session.append(rows[:, t])
    resumed = runtime.resume(session.save())
    forked = session.fork(np.array([2, 0, 2]))
    forked.keep(np.array([1, 2]))
    for t in range(80, 90):
        for one in (session, resumed):
            one.append(rows[:, t])
        forked.append(rows[[0, 2], t])
    assert np.array_equal(session.states, resumed.states)
    np.testing.assert_allclose(forked.states, session.states[[0, 2]], atol=1e-5)
    assert session.n_bytes == 3 * 4 * (2 * 4 * 4 * 8 + 2 * 2 * 23 * 8)
    for who, n_begun in enumerate((64, 7, 64)):
        wanted = states_of(model, np.concatenate([rows[who, :n_begun], rows[who, 64:]]))
        error = np.sqrt(np.mean((session.states[who] - wanted) ** 2)) / wanted.std()
        assert error < (1e-4 if name == "onnx-fp32" else 0.1)


def test_weights_of_an_xlstm_get_a_runtime_that_can_run_them(model: EventXlstm) -> None:
    assert isinstance(open_runtime(model.weights), RecurrentRuntime)
    assert isinstance(open_runtime(plain_model().weights, "torch"), RecurrentRuntime)
    assert isinstance(open_runtime(plain_model().weights), RecurrentGraphs)
    with pytest.raises(
        CheckpointError, match="only an xLSTM of mLSTM cells and attention runs as ONNX"
    ):
        open_runtime(model.weights, "onnx-fp32")
