"""Cells of a piece written anew beside the notes that stay: holes, and parts to given ones.

`room` knows where notes fit, `grammars` what may come next, `framings` what the model reads. What
is open and what stays is a `cells.Blank`.
"""

from composer.tokenizer.filling.framings import (
    Framing,
    given_ahead_framing,
    given_beside_framing,
    hole_framing,
)
from composer.tokenizer.filling.grammars import Given, GivenAhead, GivenBeside, HoleGrammar
from composer.tokenizer.filling.room import Room

__all__ = [
    "Given",
    "GivenAhead",
    "GivenBeside",
    "HoleGrammar",
    "Framing",
    "Room",
    "given_ahead_framing",
    "given_beside_framing",
    "hole_framing",
]
