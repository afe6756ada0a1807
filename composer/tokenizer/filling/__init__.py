"""Cells of a piece written anew beside the notes that stay: holes, and parts to given ones.

`regions` knows pieces, `room` where notes fit, `grammars` what may come next, `layouts` what the
model reads.
"""

from composer.tokenizer.filling.grammars import Given, GivenAhead, GivenBeside, HoleGrammar
from composer.tokenizer.filling.layouts import (
    Layout,
    given_ahead_layout,
    given_beside_layout,
    hole_layout,
)
from composer.tokenizer.filling.regions import EDGES, Blank, cells_of, clear, fill
from composer.tokenizer.filling.room import Room

__all__ = [
    "EDGES",
    "Blank",
    "Given",
    "GivenAhead",
    "GivenBeside",
    "HoleGrammar",
    "Layout",
    "Room",
    "cells_of",
    "clear",
    "fill",
    "given_ahead_layout",
    "given_beside_layout",
    "hole_layout",
]
