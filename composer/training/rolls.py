"""Packed events -> crops of piano rolls with holes, what fractal models learn from. Knows numpy.

Columns are sixteenths. Two notes of one pitch in one cell are one, as on a keyboard; an onset off
the grid goes to the column in which it lies.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from composer.errors import OptionError
from composer.models.fractal.config import BAR_OPEN, CONDITIONS, N_ROWS, ONSET, PATCH, SILENCE
from composer.models.fractal.grids import (
    Bools,
    Roll,
    columns_of,
    density_id,
    draw_roll,
    meter_id,
    notes_kept_whole,
)
from composer.tokenizer import vocab
from composer.tokenizer.vocab import BAR, PITCH, POSITION, TIED, TIME, Events
from composer.training.batches import PackedEvents, piece_weights
from composer.training.sequences import SamplingOptions

POSITIONS_PER_COLUMN = 6  # of 24 a quarter
Rng = np.random.Generator


@dataclass(frozen=True)
class Notes:
    """A piece in columns, its tonic on C.

    Args:
        rows: Onset, end, pitch and velocity class (-1 for none), [N, 4].
        places: Of every column its sixteenth in the bar.
        conditions: Name -> id.
    """

    rows: npt.NDArray[np.int32]
    places: npt.NDArray[np.int16]
    conditions: dict[str, int]

    @property
    def width(self) -> int:
        """Columns."""
        return len(self.places)


def notes_of(events: Events, name: dict[str, Any]) -> Notes:
    """Return a packed piece in columns.

    Args:
        events: Of the piece.
        name: What is known of it.
    """
    time, part, pitch, duration = (events[:, i].astype(np.int64) for i in range(4))
    is_bar, is_note = time == BAR, vocab.is_note(events)
    meters = duration[is_bar] - vocab.METER
    lengths = vocab.BAR_POSITIONS[meters]
    begins = np.concatenate([[0], np.cumsum(lengths)])
    bar = np.cumsum(is_bar) - 1
    onset = begins[bar[is_note]] + time[is_note] - POSITION
    end = onset + duration[is_note] + 1
    first = onset // POSITIONS_PER_COLUMN
    last = np.maximum(first + 1, (end + POSITIONS_PER_COLUMN // 2) // POSITIONS_PER_COLUMN)
    # What goes on from a longer note begins nothing: its velocity is marked for `draw_roll`.
    loud = np.where(part[is_note] >= TIED, -2, -1)
    rows = np.stack([first, last, pitch[is_note], loud], 1).astype(np.int32)
    width = -(-int(begins[-1]) // POSITIONS_PER_COLUMN)
    positions = np.arange(width) * POSITIONS_PER_COLUMN
    which = np.searchsorted(begins, positions, "right") - 1
    places = (positions - begins[which]) // POSITIONS_PER_COLUMN
    asked = {int(row[TIME]): row for row in events[: len(vocab.CONDITION_ROWS)]}
    return Notes(
        rows,
        np.minimum(places, BAR_OPEN - 1).astype(np.int16),
        _conditions(asked, len({int(p) % TIED for p in part[is_note]}), meters),
    )


def _conditions(asked: dict[int, Events], n_parts: int, meters: Any) -> dict[str, int]:
    values = {name: int(asked[vocab.CONDITION[name]][PITCH]) for name in vocab.CONDITION_ROWS}
    return {
        "tonic": 1,
        "mode": values["mode"] - vocab.VALUE_MODE,
        "meter": meter_id(*vocab.METERS[int(meters[0])]),
        "tempo": 0,
        "parts": min(n_parts, 9),
        "composer": values["composer"] - vocab.VALUE_COMPOSER,
        "form": values["form"] - vocab.VALUE_FORM,
        "ensemble": values["ensemble"] - vocab.VALUE_ENSEMBLE,
    }


@dataclass(frozen=True)
class Crop:
    """A crop with a hole.

    Args:
        states, velocities, unknown: As in `RollBatch`, [128, W].
        columns: [W, 3].
        conditions: Name -> id.
    """

    states: Roll
    velocities: npt.NDArray[np.int8]
    unknown: Bools
    columns: npt.NDArray[np.int16]
    conditions: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class RollOptions:
    """How crops are drawn.

    Args:
        widths: Columns of crops, and how often each is drawn.
        columns: Of one batch, all crops together.
        moved_share: Of crops that are moved to another tonic, with the tonic named.
        drop_one: Chance that a condition is left open.
        drop_all: Chance that all are.
    """

    widths: tuple[tuple[int, float], ...] = ((128, 0.7), (256, 0.2), (512, 0.1))
    columns: int = 1_536
    moved_share: float = 0.15
    drop_one: float = 0.1
    drop_all: float = 0.1
    sampling: SamplingOptions = field(default_factory=SamplingOptions)


class RollSampler:
    """Draws crops from a packed file; batch number `n` follows from the seed alone.

    Args:
        packed: The corpus.
        split: `train` or `valid`.
        options: How.
        seed: Same seed, same batches.
    """

    def __init__(
        self, packed: PackedEvents, split: str, options: RollOptions, seed: int = 0
    ) -> None:
        self.packed, self.options, self.seed = packed, options, seed
        self.indices = packed.indices(split)
        if not self.indices:
            raise OptionError(f"the packed file has no piece in the split {split!r}")
        self.weights = piece_weights(packed, self.indices, options.sampling)

    def crops(self, number: int) -> list[Crop]:
        """Return the crops of one batch, all of one width."""
        rng = np.random.default_rng([self.seed, number])
        widths, chances = zip(*self.options.widths, strict=True)
        width = int(rng.choice(widths, p=np.array(chances) / sum(chances)))
        n = max(1, self.options.columns // width)
        places = rng.choice(len(self.indices), n, p=self.weights)
        found = []
        for place in places:
            index = self.indices[place]
            notes = notes_of(self.packed.piece(index), self.packed.names[index])
            found.append(draw_crop(notes, width, self.options, rng))
        return found


def draw_crop(notes: Notes, width: int, options: RollOptions, rng: Rng) -> Crop:
    """Draw a crop of a piece and a hole in it."""
    first = 0
    if notes.width > width:
        first = int(rng.integers(0, notes.width - width + 1))
        pick = rng.random()
        if pick < 0.15:
            first = 0
        elif pick < 0.25:
            first = notes.width - width
        elif pick < 0.6:  # most windows of pieces that are remade begin with a bar
            bars = np.flatnonzero(notes.places[: notes.width - width + 1] == 0)
            first = int(rng.choice(bars)) if len(bars) else first
    states, loud = draw_roll(notes.rows, first, width)
    conditions = dict(notes.conditions)
    if rng.random() < options.moved_share:
        states, loud, conditions = _moved(states, loud, conditions, rng)
    n_notes = int((states == ONSET).sum())
    inside = min(width, notes.width - first)
    conditions["density"] = density_id(n_notes * 4 / max(1, inside))
    everything = rng.random() < options.drop_all
    for name in CONDITIONS:
        # Unless the tonic is named, it is unknown to all levels: degrees are too much to lose.
        chance = options.drop_one / 2 if name == "tonic" else options.drop_one
        if (everything and name != "tonic") or rng.random() < chance:
            conditions[name] = 0
    unknown = draw_mask(states, inside, rng)
    return Crop(states, loud, unknown, columns_of(notes.places, first, width), conditions)


def _moved(states: Roll, loud: Any, conditions: dict[str, int], rng: Rng) -> Any:
    steps = int(rng.integers(-6, 7))
    sounding = np.flatnonzero(states.any(1))
    if not len(sounding) or sounding[0] + steps < 0 or sounding[-1] + steps >= N_ROWS:
        return states, loud, conditions
    moved = conditions | {"tonic": 1 + steps % 12}
    return np.roll(states, steps, 0), np.roll(loud, steps, 0), moved


def draw_mask(states: Roll, inside: int, rng: Rng) -> Bools:
    """Draw what is unknown: something that sounds, and no part of a note that is known.

    A hole is all, a rectangle or two, all that follows, or odd shapes. As when it is filled, some
    patches of it are made already.

    Args:
        states: [128, W].
        inside: Columns that belong to the piece.
        rng: Random numbers.
    """
    for _ in range(4):
        mask = notes_kept_whole(states, _shape(states, inside, rng))
        made = _made_patches(mask, rng)
        found = mask & ~made
        if (states[found] != SILENCE).any():
            return found
    everything = np.zeros(states.shape, np.bool_)
    everything[:, :inside] = True
    return notes_kept_whole(states, everything)


def _shape(states: Roll, inside: int, rng: Rng) -> Bools:
    mask = np.zeros(states.shape, np.bool_)
    pick = rng.random()
    if pick < 0.4:
        mask[:, :inside] = True
    elif pick < 0.7:
        for _ in range(int(rng.integers(1, 3))):
            _rectangle(mask, states, inside, rng)
    elif pick < 0.85:
        mask[:, int(rng.integers(0, max(1, inside - 8))) : inside] = True
    else:
        for _ in range(int(rng.integers(2, 9))):
            _rectangle(mask, states, inside, rng, most=32)
    return mask


def _rectangle(mask: Bools, states: Roll, inside: int, rng: Rng, most: int = 96) -> None:
    width = min(inside, int(rng.integers(4, most)))
    first = int(rng.integers(0, inside - width + 1))
    low, high = 0, N_ROWS
    if rng.random() < 0.7:
        sounding = np.flatnonzero(states.any(1))
        middle = int(rng.choice(sounding)) if len(sounding) else 60
        half = int(rng.integers(3, 24))
        low, high = max(0, middle - half), min(N_ROWS, middle + half)
    mask[low:high, first : first + width] = True


def _made_patches(mask: Bools, rng: Rng) -> Bools:
    """Return patches of a hole that are made already, from none to nearly all."""
    rows, columns = mask.shape[0] // PATCH, mask.shape[1] // PATCH
    share = 0.0 if rng.random() < 0.15 else 1 - np.cos(np.pi / 2 * rng.random())
    made = rng.random((rows, columns)) < share
    return made.repeat(PATCH, 0).repeat(PATCH, 1)


def load_performances(path: Path) -> list[Notes]:
    """Read performances that `pack` wrote.

    Raises:
        OptionError: If the file holds none.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
            rows, offsets, widths = data["rows"], data["offsets"], data["widths"]
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise OptionError(f"{path.name} holds no performances") from error
    open_conditions = dict.fromkeys(CONDITIONS, 0)
    return [
        Notes(rows[a:b], np.full(width, BAR_OPEN, np.int16), open_conditions)
        for a, b, width in zip(offsets, offsets[1:], widths.tolist(), strict=False)
    ]
