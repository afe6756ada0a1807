"""Shapes of fractal models of piano rolls, as frozen tables. Knows no framework.

A roll is cut into patches of 16 by 16 cells, these into patches of 4 by 4, and these into cells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from composer.errors import OptionError
from composer.models.config import Stored

PATCH = 16  # cells on a side of a patch of the first level
FINE = 4  # of the second level
CHILDREN = 16  # of every patch, on both levels
N_ROWS = 128  # pitches

# What a cell is; the first three may be made.
SILENCE, ONSET, HOLD, UNKNOWN = range(4)
N_STATES = 3
N_VELOCITIES = 32  # classes of four MIDI velocities each
CHANNELS = (
    6  # how a cell is read: its state as one of four, its velocity, and whether that is known
)

TYPES = ("mar", "ar")
SCANS = ("column", "row")
LEVELS = ("patches of 16", "patches of 4", "cells", "velocities")

# Ids of a column's place in its bar: 0..47 sixteenths, then unknown, then outside of the piece.
BAR_OPEN, BAR_OUTSIDE, N_BAR_PLACES = 48, 49, 50
# How near the beginning or the end of the piece is: within a bar of 4/4, within four, further.
N_EDGES = 4
# Sizes of the tables of conditions that need no names; id 0 is open.
FIXED_CONDITIONS = {
    "tonic": 13, "mode": 3, "meter": 24, "tempo": 9, "parts": 10, "density": 12,
}  # fmt: skip
NAMED_CONDITIONS = ("composer", "form", "ensemble")
CONDITIONS = (*FIXED_CONDITIONS, *NAMED_CONDITIONS)


@dataclass(frozen=True, kw_only=True)
class FractalConfig(Stored):
    """Shape of a fractal model.

    Args:
        widths: Of the four generators: patches of 16, patches of 4, cells, velocities.
        blocks: Of attention and gated feed-forward, in each.
        stem_width: Of what reads the roll as it is known so far.
        stem_blocks: Of convolution over patches of 4.
        generator_types: `mar` (masked, in passes) or `ar` (one after another) by level.
        scan: Order of `ar`: `column` goes on in time last, so that what sounds together is written
            together; `row` goes on in pitch last.
        names: Sizes of the tables of composers, forms and ensembles.
        dropout: Share of activations dropped in training, 0..1.
    """

    widths: tuple[int, int, int, int]
    blocks: tuple[int, int, int, int]
    stem_width: int
    stem_blocks: int
    generator_types: tuple[str, str, str, str] = ("mar", "mar", "ar", "ar")
    scan: str = "column"
    names: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(NAMED_CONDITIONS, 1))
    dropout: float = 0.0

    def __post_init__(self) -> None:
        """Refuse unknown generators and shapes that do not divide."""
        for name in ("widths", "blocks", "generator_types"):  # JSON has lists
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if len(self.generator_types) != len(LEVELS) or not set(self.generator_types) <= set(TYPES):
            raise OptionError(
                "`generator_types` must name mar or ar for each of four levels, such as "
                f"mar,mar,ar,ar, got {','.join(map(str, self.generator_types))[:40]!r}"
            )
        if self.scan not in SCANS:
            raise OptionError(f"`scan` must be column or row, got {self.scan[:40]!r}")
        if len(self.widths) != len(LEVELS) or any(w % 16 or w < 16 for w in self.widths):
            raise OptionError(f"`widths` must be four multiples of 16, got {self.widths}")
        if len(self.blocks) != len(LEVELS) or min(self.blocks) < 1:
            raise OptionError(f"`blocks` must be four numbers above 0, got {self.blocks}")


FRACTAL_PRESETS = {
    "tiny": FractalConfig(
        widths=(32, 32, 16, 16), blocks=(1, 1, 1, 1), stem_width=16, stem_blocks=1
    ),
    "small": FractalConfig(
        widths=(192, 128, 64, 32), blocks=(4, 2, 2, 1), stem_width=96, stem_blocks=3
    ),
    "base": FractalConfig(
        widths=(256, 128, 64, 32), blocks=(6, 3, 2, 1), stem_width=96, stem_blocks=3
    ),
}


def scan_order(rows: int, columns: int, scan: str) -> list[int]:
    """Return the places of a grid, counted row by row, in the order in which they are made.

    Rows of a roll are pitches from the lowest up, columns are moments.
    """
    if scan == "row":
        return list(range(rows * columns))
    return [row * columns + column for column in range(columns) for row in range(rows)]
