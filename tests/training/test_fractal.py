"""Training on rolls: crops with holes, nats of every level, and a run that leaves a checkpoint."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from composer.cli import main
from composer.engines import Compose, open_engine
from composer.errors import OptionError
from composer.models.fractal.config import HOLD, ONSET, SILENCE
from composer.models.fractal.grids import draw_roll, notes_kept_whole
from composer.models.fractal.losses import structure_nats, velocity_nats
from composer.models.fractal.model import FractalModel
from composer.performances import pack_performances
from composer.piece import Note, Part, Piece
from composer.rendering import write_midi
from composer.request import Request
from composer.training import PackedEvents, TrainOptions
from composer.training.fractal import FractalTraining, batch_of, train_fractal
from composer.training.rolls import RollOptions, RollSampler, draw_crop, load_performances
from tests.rolls import MIXES, config_of, random_fractal

SMALL = RollOptions(widths=((64, 0.5), (128, 0.5)), columns=384)


@pytest.fixture(scope="module")
def performances(keyboard_piece: Piece, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of eight performances, louder the higher a note is."""
    folder: Path = tmp_path_factory.mktemp("played")
    for index in range(8):
        piece = keyboard_piece.transposed(index - 4)
        parts = [
            Part(
                part.instrument,
                tuple(Note(n.onset_beats, n.pitch, n.duration_beats, n.pitch) for n in part.notes),
            )
            for part in piece.parts
        ]
        write_midi(Piece(tuple(parts), piece.meters, piece.key), folder / f"{index}.mid")
    (folder / "broken.mid").write_bytes(b"MThd")
    n_pieces, n_notes, refused = pack_performances([folder], folder / "performances.npz")
    assert (n_pieces, n_notes) == (8, 8 * keyboard_piece.n_notes)
    assert refused[0].startswith("broken.mid: ")
    return folder / "performances.npz"


def test_performances_keep_velocities_in_columns_of_their_pulse(performances: Path) -> None:
    found = load_performances(performances)
    assert len(found) == 8
    rows = found[0].rows
    assert (rows[:, 3] == rows[:, 2] // 4).all()
    assert (rows[:, 1] > rows[:, 0]).all() and rows[:, 0].min() == 0


def test_a_file_that_holds_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.npz").write_bytes(b"nothing")
    with pytest.raises(OptionError, match="x.npz holds no performances"):
        load_performances(tmp_path / "x.npz")
    with pytest.raises(OptionError, match="no MIDI file of the folders"):
        pack_performances([tmp_path], tmp_path / "y.npz")


def test_a_batch_follows_from_its_number_and_holes_keep_notes_whole(packed: PackedEvents) -> None:
    sampler, again = (RollSampler(packed, "train", SMALL, seed=4) for _ in range(2))
    assert sampler.crops(7)[0].conditions == again.crops(7)[0].conditions
    for number in range(20):
        for crop in sampler.crops(number):
            assert (crop.states[crop.unknown] != SILENCE).any()
            assert (notes_kept_whole(crop.states, crop.unknown) <= crop.unknown).all()
            before = np.pad(crop.states, ((0, 0), (1, 0)))[:, :-1]
            inner = (crop.states == HOLD)[:, 1:]
            assert (before[:, 1:][inner] != SILENCE).all()


def test_of_two_onsets_on_one_pitch_the_later_cuts_the_earlier() -> None:
    rows = np.array([[0, 8, 60, 10], [4, 6, 60, 20], [0, 2, 62, 5], [0, 4, 62, 9]])
    states, velocities = draw_roll(rows, 0, 8)
    assert states[60].tolist() == [ONSET, HOLD, HOLD, HOLD, ONSET, HOLD, SILENCE, SILENCE]
    assert states[62].tolist() == [ONSET, HOLD, HOLD, HOLD] + [SILENCE] * 4
    assert velocities[60, [0, 4]].tolist() == [10, 20] and velocities[62, 0] == 9


@pytest.mark.parametrize(("types", "scan"), MIXES)
def test_every_mix_learns(
    types: tuple[str, ...], scan: str, packed: PackedEvents, performances: Path
) -> None:
    model = random_fractal(config_of(types, scan)).train()
    assert isinstance(model, FractalModel)
    batch = batch_of(RollSampler(packed, "train", SMALL, 1).crops(0))
    played = load_performances(performances)
    options = RollOptions(moved_share=0.0, drop_one=0.0, drop_all=0.0)
    rng = np.random.default_rng(0)
    loud = batch_of([draw_crop(one, 128, options, rng) for one in played[:3]])
    optimiser = torch.optim.AdamW(model.parameters(), 3e-3)
    totals = []
    for _ in range(12):
        torch.manual_seed(0)
        levels, velocity = structure_nats(model, batch), velocity_nats(model, loud)
        loss = torch.stack([one.total for one in [*levels, velocity]]).sum()
        totals.append(float(loss.detach()))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert totals[-1] < 0.9 * totals[0]


def test_a_run_leaves_an_engine_and_a_log(
    packed_path: Path, performances: Path, tmp_path: Path
) -> None:
    options = TrainOptions(model="fractal", preset="tiny", minutes=0, steps=6, threads=1)
    how = FractalTraining(rolls=SMALL, velocity_every=2)
    folder = train_fractal(packed_path, performances, tmp_path / "run", options, how)
    engine = open_engine(folder)
    request = Request(bars=2, parts=2, candidates=1)
    [take] = [take for step in engine.draw(Compose(request)) for take in step.takes]
    assert take.music is not None
    rows = list(csv.DictReader((tmp_path / "run" / "log.csv").read_text().splitlines()))
    assert rows[-1]["step"] == "6"
    assert float(rows[-1]["valid_nats_a_note"]) > 0 < float(rows[-1]["valid_velocity"])


def test_the_command_trains_and_refuses_to_resume(
    packed_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", "--events", str(packed_path), "--out", str(tmp_path / "run")]
    command += ["--model", "fractal", "--preset", "tiny", "--minutes", "0", "--steps", "1"]
    assert main([*command, "--generator-types", "ar,mar,mar,ar", "--scan", "row"]) == 0
    assert (tmp_path / "run" / "checkpoint" / "config.json").exists()
    assert main([*command, "--resume"]) == 2
    assert "is trained in one go" in capsys.readouterr().err
    assert main([*command, "--generator-types", "ar,mar"]) == 2
    assert "mar or ar for each of four levels" in capsys.readouterr().err
