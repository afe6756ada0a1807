"""What an engine can do, as data: pages, commands and the API draw their controls from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from composer.request import Request
from composer.theory import Meter

ASKS = ("Compose", "Continue", "Fill", "Play")
# What a `Fill` may leave open; see `cells.Blank`.
OPENS = ("cells", "areas")
# Who does what with which ask, as a person would call it.
_DEEDS = {
    "Compose": "compose whole pieces",
    "Continue": "go on with a piece",
    "Fill": "write into a piece",
    "Play": "play without end",
}
_SETTINGS = tuple(option.name for option in fields(Request))


@dataclass(frozen=True, kw_only=True)
class Option:
    """A sampling option that only some engines have.

    Args:
        name: As in a request's `engine_options`.
        label: As a person reads it.
        low, high: Its range, both ends included.
        default: Its value where nothing is said.
        help: What it does, in a sentence.
        integer: Whether it is a whole number.
    """

    name: str
    label: str
    low: float
    high: float
    default: float
    help: str
    integer: bool = False


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What an engine can be asked, and what it understands.

    Args:
        good_for: One sentence on what it is good for.
        asks: Of `ASKS`, those that it serves.
        opens: Of `OPENS`, what may be open where it fills: cells of bars and parts, or areas of
            pitch and time.
        settings: Fields of `Request` that it heeds; all others are left alone.
        options: Its own sampling options.
        ensembles, forms: What it writes for and in; empty takes any.
        meters: Time signatures that it writes; empty takes any.
        max_bars: Bars of one piece at most; None for any number.
        max_parts: Parts of one piece at most.
        velocities: Whether its notes are played with dynamics of their own.
        has_notes: Whether it writes notes; else it makes sound.
        needs: What is missing to run it here, such as a package or weights; empty if nothing is.
    """

    good_for: str
    asks: tuple[str, ...] = ASKS
    opens: tuple[str, ...] = ("cells",)
    settings: tuple[str, ...] = _SETTINGS
    options: tuple[Option, ...] = ()
    ensembles: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    meters: tuple[str, ...] = ()
    max_bars: int | None = None
    max_parts: int = 16
    velocities: bool = False
    has_notes: bool = True
    needs: tuple[str, ...] = ()

    def serves(self, ask: str) -> bool:
        """Whether it answers an ask of `ASKS`."""
        return ask in self.asks

    def writes(self, meter: Meter) -> bool:
        """Whether it writes bars of a meter."""
        return not self.meters or str(meter) in self.meters

    def refusal(self, ask: str) -> str:
        """Say in a sentence that an ask is not served, and what is."""
        can = " and ".join(_DEEDS[one] for one in self.asks)
        return f"this engine can only {can}; choose one that can {_DEEDS[ask]}"

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)
