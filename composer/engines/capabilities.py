"""What an engine can do, as data: pages, commands and the API draw their controls from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from difflib import get_close_matches
from typing import Any

from composer.errors import OptionError, RequestError
from composer.request import Request
from composer.theory import Meter

NOTE_ASKS = ("Compose", "Continue", "Fill", "Play")  # answered with notes
ASKS = (*NOTE_ASKS, "Sound")
# What a `Fill` may leave open; see `cells.Blank`.
OPENS = ("cells", "areas", "velocities")
# Who does what with which ask, as a person would call it.
_DEEDS = {
    "Compose": "compose whole pieces",
    "Continue": "go on with a piece",
    "Fill": "write into a piece",
    "Play": "play without end",
    "Sound": "make recordings",
}
USUAL_METERS = ("4/4", "3/4", "2/4", "2/2", "6/8", "3/8", "9/8", "12/8")
_SHOWN = 12  # names in an error
_SETTINGS = tuple(option.name for option in fields(Request))


@dataclass(frozen=True, kw_only=True)
class Option:
    """An option that only some engines have: a number, given in a request's `engine_options`.

    Args:
        name: As it is given there.
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

    def check(self, value: float) -> float:
        """Return a value that will do.

        Raises:
            OptionError: If it is out of range.
        """
        if not self.low <= value <= self.high or (self.integer and value != int(value)):
            kind = "a whole number" if self.integer else "a number"
            raise OptionError(
                f"`{self.name}` must be {kind} from {self.low:.10g} to {self.high:.10g}, "
                f"got {value:.10g}"
            )
        return int(value) if self.integer else value


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
    asks: tuple[str, ...] = NOTE_ASKS
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

    def check(self, ask: str, request: Request) -> None:
        """Refuse a request that the engine cannot answer.

        Args:
            ask: Of `ASKS`. Forms, ensembles and lengths are those of whole pieces only: music that
                is given may be of any.
            request: The settings.

        Raises:
            RequestError: With what would do.
        """
        if not self.serves(ask):
            raise RequestError(self.refusal(ask))
        self.options_of(request)
        if ask != "Compose":
            return
        for name, offered in self.lists.items():
            value = getattr(request, name)
            if value is not None and offered and str(value) not in offered:
                known = [one for one in USUAL_METERS if one in offered]
                shown = list(dict.fromkeys((*known, *offered)))
                some = ", ".join(shown[:_SHOWN]) + (" ..." if len(shown) > _SHOWN else "")
                raise RequestError(
                    f"`{name}` {str(value)[:40]!r} is none that this engine writes; there are "
                    f"{some}"
                )
        for name, most in (("bars", self.max_bars), ("parts", self.max_parts)):
            count = getattr(request, name)
            if most is not None and count is not None and count > most:
                raise OptionError(f"`{name}` must be at most {most} for this engine, got {count}")

    @property
    def lists(self) -> dict[str, tuple[str, ...]]:
        """What it writes, by setting; empty takes any."""
        return {"form": self.forms, "ensemble": self.ensembles, "meter": self.meters}

    def options_of(self, request: Request) -> dict[str, float]:
        """Return the value of each of its own options, by name: as asked, else as usual.

        Raises:
            OptionError: If the request names one that it does not have, or a value is out of range.
        """
        known = {option.name: option for option in self.options}
        asked = request.own_options
        for name in asked:
            if name not in known:
                raise OptionError(_unknown(name, list(known)))
        return {name: one.check(asked.get(name, one.default)) for name, one in known.items()}

    def refusal(self, ask: str) -> str:
        """Say in a sentence that an ask is not served, and what is."""
        can = " and ".join(_DEEDS[one] for one in self.asks)
        limits = "" if self.has_notes else ", which have no notes"
        return f"this engine can only {can}{limits}; choose one that can {_DEEDS[ask]}"

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)


def _unknown(name: str, known: list[str]) -> str:
    """Say that there is no such option, and which one may be meant."""
    if not known:
        return f"there is no option {name[:40]!r}: this engine has none of its own"
    near = get_close_matches(name, known, n=1)
    meant = f"did you mean {near[0]!r}? " if near else ""
    return f"this engine has no option {name[:40]!r}; {meant}it has {', '.join(known)}"
