"""Areas: rectangles of pitch and time, and free masks made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from composer.errors import OptionError
from composer.piece import Piece

Cells = npt.NDArray[np.bool_]  # [bars, parts]
Mask = npt.NDArray[np.bool_]  # [128 pitches, steps]
N_PITCHES = 128


@dataclass(frozen=True, kw_only=True)
class Area:
    """A rectangle of pitch and time.

    Args:
        begin_beats: Where it begins, in quarters from the beginning of the piece.
        end_beats: Where it ends; what begins there lies outside.
        low, high: Its lowest and highest pitch, both included.
        parts: Indices of the parts that it lies in, 0 the highest; None means all.
    """

    begin_beats: Fraction
    end_beats: Fraction
    low: int
    high: int
    parts: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse what is no rectangle.

        Raises:
            OptionError: With the values.
        """
        if not 0 <= self.begin_beats < self.end_beats:
            raise OptionError(
                "an area must begin at the beginning of the piece or later, and end after that, "
                f"got quarters {self.begin_beats} to {self.end_beats}"
            )
        if not 0 <= self.low <= self.high < N_PITCHES:
            raise OptionError(
                f"an area must have pitches from 0 to {N_PITCHES - 1}, the lowest first, "
                f"got {self.low} to {self.high}"
            )


def areas_of(
    mask: Mask, steps_per_quarter: int, parts: tuple[int, ...] | None = None
) -> tuple[Area, ...]:
    """Return a free mask as areas that cover the same, as few as stand in rows.

    Args:
        mask: What is open, [128 pitches, steps]; step 0 begins with the piece.
        steps_per_quarter: 4 for sixteenths.
        parts: Indices of the parts that it lies in; None means all.

    Raises:
        OptionError: If it has no 128 rows, or opens nothing.
    """
    if mask.ndim != 2 or len(mask) != N_PITCHES or not mask.any():
        raise OptionError(
            f"a mask must have {N_PITCHES} rows of pitches, one open step at least, "
            f"got {' x '.join(map(str, mask.shape))} with {int(mask.sum())} open"
        )
    lowest: dict[tuple[int, int], int] = {}  # of the rectangles that reach the pitch below
    found = []
    for pitch in range(N_PITCHES + 1):
        row = mask[pitch] if pitch < N_PITCHES else np.zeros_like(mask[0])
        edges = np.flatnonzero(np.diff(row, prepend=False, append=False)).tolist()
        runs = set(zip(edges[::2], edges[1::2], strict=True))
        found += [
            Area(
                begin_beats=Fraction(begin, steps_per_quarter),
                end_beats=Fraction(end, steps_per_quarter),
                low=low,
                high=pitch - 1,
                parts=parts,
            )
            for (begin, end), low in lowest.items()
            if (begin, end) not in runs
        ]
        lowest = {run: lowest.get(run, pitch) for run in sorted(runs)}
    return tuple(found)


def cells_under(piece: Piece, areas: Sequence[Area]) -> Cells:
    """Return the cells in which areas lie, [bars, parts]."""
    if not areas:
        raise OptionError("one area at least must be named")
    cells = np.zeros((piece.n_bars, len(piece.parts)), np.bool_)
    for area in areas:
        bars = [
            bar.index
            for bar in piece.bars
            if bar.onset_beats < area.end_beats and bar.end_beats > area.begin_beats
        ]
        if not bars:
            raise OptionError(
                f"an area begins at quarter {area.begin_beats}, where the piece of "
                f"{piece.length_beats} quarters is over"
            )
        cells[np.ix_(bars, parts_of(area, piece))] = True
    return cells


def parts_of(area: Area, piece: Piece) -> Sequence[int]:
    """Return the parts of a piece that an area lies in."""
    n_parts = len(piece.parts)
    chosen = range(n_parts) if area.parts is None else area.parts
    if not chosen or not all(0 <= part < n_parts for part in chosen):
        wrong = next((part + 1 for part in chosen if not 0 <= part < n_parts), "none")
        raise OptionError(f"an area must lie in some of the parts 1 to {n_parts}, got {wrong}")
    return chosen
