"""The engine of fractal models: asks -> openings in a roll -> paintings -> takes."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from time import perf_counter

import numpy as np
from threadpoolctl import threadpool_limits

from composer.cells import areas_of
from composer.decoding.rolls import Manner
from composer.engines.base import (
    Ask,
    Compose,
    Continue,
    Engine,
    Fill,
    Play,
    Record,
    Sketch,
    Sound,
    Step,
    Take,
)
from composer.engines.capabilities import Capabilities, Option
from composer.engines.companions import Companions
from composer.engines.menu import MenuEntry, check_menu
from composer.engines.playing import play
from composer.engines.roll.openings import WIDTHS, Opening, opening_of
from composer.engines.roll.painting import Painting
from composer.engines.roll.parting import deal
from composer.engines.roll.rolls import STEPS
from composer.errors import CheckpointError, RequestError
from composer.models.fractal.grids import DENSITIES
from composer.models.fractal.loading import FractalCheckpoint, load_fractal
from composer.novelty import NoveltyIndex
from composer.piece import MeterChange, Note, Piece
from composer.request import Request
from composer.scoring import Standards
from composer.stitching import silent
from composer.tokenizer import Vocabulary

SKETCHING = 0.15  # share of the time that goes to sketches, at most
_FIELDS = 5  # of a note in a record: part, onset and length in steps, pitch, velocity


class RollEngine(Engine):
    """Paints with a checkpoint of a fractal model.

    Args:
        checkpoint: Loaded and checked.
        folder: Of the checkpoint, with what belongs to it; None takes what is general.
    """

    capabilities = Capabilities(
        good_for="Any area of a piece painted anew, with both sides in view, in a fixed number of "
        "passes and with velocities; whole pieces on a grid of sixteenths.",
        opens=("cells", "areas", "velocities"),
        settings=(
            "composer", "form", "ensemble", "key", "meter", "parts", "bars", "tempo_bpm",
            "temperature", "guidance", "candidates", "seed", "engine",
            "engine_options",
        ),
        options=(
            Option(
                name="width", label="Width", low=0, high=WIDTHS[1], default=0, integer=True,
                help="columns of sixteenths of a new piece, a multiple of 4; 0 goes by its bars",
            ),
            Option(
                name="passes", label="Passes", low=1, high=64, default=16, integer=True,
                help="in how many passes patches of 16 by 16 cells are made; more takes longer",
            ),
            Option(
                name="fine_passes", label="Fine passes", low=1, high=16, default=8, integer=True,
                help="in how many passes the patches of 4 by 4 cells of each are made",
            ),
            Option(
                name="density", label="Density", low=0, high=len(DENSITIES) + 1, default=0,
                integer=True, help="from 1, sparse, to 11, dense; 0 leaves it to the engine",
            ),
        ),
        velocities=True,
    )  # fmt: skip

    def __init__(self, checkpoint: FractalCheckpoint, folder: Path | None = None) -> None:
        # Threads that wait for one another cost such small products 12 times their time where
        # something else runs beside: 24 s of processor time for 128 columns instead of 2.
        threadpool_limits(1, user_api="blas")
        self.network = checkpoint.network
        self.vocabulary = Vocabulary.from_dict(checkpoint.vocabulary)
        self.menu = tuple(MenuEntry.from_dict(row) for row in checkpoint.menu)
        self.companions = Companions.of(folder, checkpoint.fingerprint)
        self.shifts = _shifts(checkpoint.notes.get("shifts", (0.0, 0.0, 0.0)))
        self.versions = {
            "checkpoint": checkpoint.fingerprint,
            "vocabulary": self.vocabulary.fingerprint,
        }

    @classmethod
    def load(cls, folder: Path | None, device: str = "cpu") -> RollEngine:
        """Load a checkpoint folder; it runs on the CPU whatever the device.

        Raises:
            CheckpointError: In one clear line.
        """
        if folder is None:
            raise CheckpointError("this engine needs a checkpoint; name its folder")
        return cls(load_fractal(folder), folder)

    @cached_property
    def standards(self) -> Standards:
        """What its music is judged by: what was made for this checkpoint, or what is general."""
        return self.companions.standards()

    @cached_property
    def index(self) -> NoveltyIndex | None:
        """The pieces that the checkpoint learned from; None if nobody indexed them."""
        return self.companions.index()

    def draw(self, ask: Ask) -> Iterator[Step]:
        """Paint one candidate after the other, with a sketch now and then, the first at once."""
        if isinstance(ask, Play):
            yield from play(self.draw, ask)
            return
        assert not isinstance(ask, Sound)  # which `answer` refuses
        opening = self._opening(ask)
        n, manner = ask.request.candidates, self._manner(ask.request)
        seed = ask.seed if isinstance(ask, Continue) else ask.request.seed
        for index in range(n):
            rng = np.random.Generator(np.random.Philox([seed & (2**64 - 1), index]))
            painting = Painting(opening, self.network, manner, rng)
            steps = painting.steps() if opening.struck is None else painting.restrike()
            next_s = 0.0
            for share in steps:
                begun_s, sketch = perf_counter(), None
                if share < 1.0 and begun_s >= next_s:
                    sketch = _sketch(ask, opening, painting, index)
                    took_s = perf_counter() - begun_s
                    next_s = perf_counter() + took_s * (1 / SKETCHING - 1)
                yield Step((index + share) / n, sketch=sketch)
            yield Step((index + 1) / n, (_take(ask, opening, painting, index),))

    def replay(self, ask: Ask, record: Record) -> Piece:
        """Make the music of a take again from its notes; see `Engine.replay`."""
        if isinstance(ask, Play | Sound):
            raise RequestError("what is played without end, or is sound, keeps no record")
        opening = self._opening(ask)
        notes = read_notes(record) if opening.struck is None else _restruck(opening, record)
        return _music(ask, opening, notes)

    def _opening(self, ask: Compose | Continue | Fill) -> Opening:
        """Return what is open in an ask.

        Raises:
            RequestError: If composer and form are not on the menu, or nothing is open.
        """
        if isinstance(ask, Compose) and self.menu:
            check_menu(ask.request, self.menu)
        options = self.capabilities.options_of(ask.request)
        opening = opening_of(ask, self.vocabulary, self.menu, int(options["width"]))
        conditions = opening.conditions | {"density": int(options["density"])}
        return replace(opening, conditions=conditions)

    def _manner(self, request: Request) -> Manner:
        options = self.capabilities.options_of(request)
        return Manner(
            passes=(int(options["passes"]), int(options["fine_passes"]), 4, 4),
            temperature=request.temperature,
            guidance=request.guidance,
            shifts=self.shifts,
        )


def _sketch(
    ask: Compose | Continue | Fill, opening: Opening, painting: Painting, index: int
) -> Sketch:
    if opening.struck is not None:
        return Sketch(index=index, music=_music(ask, opening, painting.struck()), unmade=())
    dealt = list(deal(painting.notes(), opening.takers()))
    unmade = areas_of(painting.unmade, STEPS) if painting.unmade.any() else ()
    return Sketch(index=index, music=_music(ask, opening, dealt), unmade=unmade)


def _take(ask: Compose | Continue | Fill, opening: Opening, painting: Painting, index: int) -> Take:
    if opening.struck is not None:
        struck = painting.struck()
        record: Record = {"velocities": [note.velocity for _, note in struck]}
        return Take(index=index, music=_music(ask, opening, struck), record=record)
    dealt = list(deal(painting.notes(), opening.takers()))
    record = {"notes": write_notes(dealt)}
    return Take(index=index, music=_music(ask, opening, dealt), record=record)


def _music(
    ask: Compose | Continue | Fill, opening: Opening, notes: Sequence[tuple[int, Note]]
) -> Piece:
    """Return what an ask is answered with."""
    blank = opening.blank
    known = {note.velocity for part in blank.piece.parts for note in part.notes}
    # A score that says nothing of velocities goes on to say nothing.
    filled = blank.filled(notes, keep_velocities=opening.struck is not None or len(known) != 1)
    if not isinstance(ask, Continue):
        return filled
    first = blank.piece.bars[ask.bars_before]
    players = silent(ask.before)
    rows = zip(players.parts, blank.new_notes(filled).parts, strict=True)
    return replace(
        players,
        parts=tuple(
            replace(
                player,
                notes=tuple(
                    replace(note, onset_beats=note.onset_beats - first.onset_beats)
                    for note in part.notes
                ),
            )
            for player, part in rows
        ),
        meters=(MeterChange(Fraction(0), first.meter),),
        key=ask.key,
        n_bars=ask.bars,
    )


def _restruck(opening: Opening, record: Record) -> list[tuple[int, Note]]:
    """Return notes with the velocities of a record.

    Raises:
        RequestError: If it holds none of them.
    """
    try:
        pairs = zip(opening.struck or (), record["velocities"], strict=True)
        return [(part, replace(note, velocity=int(loud))) for (part, note), loud in pairs]
    except (KeyError, TypeError, ValueError) as error:
        raise RequestError("the record holds no velocities of these notes") from error


def write_notes(notes: Sequence[tuple[int, Note]]) -> str:
    """Return notes on the grid, each with its part, as text."""
    rows = [
        (part, int(n.onset_beats * STEPS), int(n.duration_beats * STEPS), n.pitch, n.velocity)
        for part, n in notes
    ]
    return b64encode(np.array(rows, "<i4").tobytes()).decode("ascii")


def read_notes(record: Record) -> list[tuple[int, Note]]:
    """Return the notes of a record.

    Raises:
        RequestError: If it holds none.
    """
    try:
        data = b64decode(record["notes"], validate=True)
        rows = np.frombuffer(data, "<i4").reshape(-1, _FIELDS).tolist()
        return [
            (part, Note(Fraction(onset, STEPS), pitch, Fraction(length, STEPS), velocity))
            for part, onset, length, pitch, velocity in rows
        ]
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise RequestError("the record holds no notes of this engine") from error


def _shifts(values: Sequence[float]) -> tuple[float, float, float]:
    """Return what a calibration found.

    Raises:
        CheckpointError: If it is none.
    """
    if len(values) != 3 or not all(isinstance(value, int | float) for value in values):
        raise CheckpointError("the checkpoint's `shifts` are no three numbers")
    coarse, fine, cell = map(float, values)
    return coarse, fine, cell
