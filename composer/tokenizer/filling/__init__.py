"""Cells of a piece written anew beside the notes that stay: holes, and parts to given ones.

`room` knows where notes fit, `grammars` what may come next, `layouts` what the model reads. What is
open and what stays is a `cells.Blank`.
"""

from composer.tokenizer.filling.grammars import Given, GivenAhead, GivenBeside, HoleGrammar
from composer.tokenizer.filling.layouts import (
    Layout,
    given_ahead_layout,
    given_beside_layout,
    hole_layout,
)
from composer.tokenizer.filling.room import Room

__all__ = [
    "Given",
    "GivenAhead",
    "GivenBeside",
    "HoleGrammar",
    "Layout",
    "Room",
    "given_ahead_layout",
    "given_beside_layout",
    "hole_layout",
]
