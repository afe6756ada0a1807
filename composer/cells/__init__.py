"""What is to be written and what stays: cells of bars and parts, or areas of pitch and time.

What stays are the piece's own `Note` objects; no engine can change them. A note lies in the cell or
area of its onset and, of areas, of its pitch. Knows pieces, no model.

    bar        1  2  3  4
    soprano    .  x  x  .      cells: infill of bars 2 and 3 in the soprano: x is open, . stays
    bass       .  .  .  .

    D5         .  .  .  .      an area: C5 and C#5 in the second half of bar 2 and all of bar 3,
    C#5        .  .x x  .      of all parts; what sounds above and below stays in every part
    C5         .  .x x  .
"""

from composer.cells.areas import Area, Cells, areas_of
from composer.cells.blank import Blank, Opened
from composer.cells.clearing import EDGES, cells_of, clear
from composer.cells.reading import read_area

__all__ = [
    "EDGES",
    "Area",
    "Blank",
    "Cells",
    "Opened",
    "areas_of",
    "cells_of",
    "clear",
    "read_area",
]
