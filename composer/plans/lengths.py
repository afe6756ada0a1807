"""How long music is, and in which chunks it is drawn. Knows no note, no model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from composer.errors import OptionError
from composer.plans.sections import FORM_NAMES, MAX_PLAN_BARS, MAX_ROW_BARS

_USUAL_CHUNKS = 4
_LENGTHS = ("chunks", "bars", "minutes")
# Settings of a request that do not reach a piece composed section by section: it has a length of
# its own, and these are weighed over whole pieces.
NOT_BY_SECTIONS = (
    "bars", "length_s", "layout", "prune", "density", "register", "chromaticity", "liveliness",
    "loudness",
)  # fmt: skip


def _number(default: float | None, low: float, high: float, help_text: str, label: str = "") -> Any:
    told = {"low": low, "high": high, "help": help_text, "label": label}
    return field(default=default, metadata=told)


def _check_numbers(values: Any) -> None:
    """Check the numbers of a dataclass by the ranges that its fields declare.

    Raises:
        OptionError: If one is out of its range, or none.
    """
    for option in fields(values):
        value, limits = getattr(values, option.name), option.metadata
        if "low" not in limits or (value is None and option.default is None):
            continue
        kinds, noun = ((int, float), "number") if "float" in option.type else (int, "whole number")
        is_number = isinstance(value, kinds) and not isinstance(value, bool)
        if not is_number or not limits["low"] <= value <= limits["high"]:
            raise OptionError(
                f"`{option.name}` must be a {noun} from {limits['low']} to {limits['high']}, "
                f"got {str(value)[:40]!r}"
            )


@dataclass(frozen=True, kw_only=True)
class Chunking:
    """How music is drawn in chunks.

    Raises:
        OptionError: If a value is out of its range.
    """

    chunk_bars: int = _number(16, 1, 64, "how many bars are composed together")
    overlap_bars: int | None = _number(
        None, 1, 64, "how many bars before them the model reads again; left out, half of its window"
    )
    theme_bars: int = _number(
        0, 0, 16, "how many bars of the opening the model keeps reading to the end"
    )

    def __post_init__(self) -> None:
        """Check every range."""
        _check_numbers(self)


@dataclass(frozen=True, kw_only=True)
class Outline:
    """How long a piece from nothing is, in which chunks it is composed, and by which form.

    Raises:
        OptionError: If a value is out of its range, or more than one length is given.
    """

    chunks: int | None = _number(
        None,
        1,
        MAX_PLAN_BARS,
        "how many chunks are composed; 4 if no length is given",
        "Length in sections",
    )
    bars: int | None = _number(None, 1, MAX_PLAN_BARS, "length in bars instead", "Length in bars")
    minutes: float | None = _number(
        None, 0, 120, "length in minutes instead, at most what 512 bars last", "Length in minutes"
    )
    chunk_bars: int = _number(
        16, 1, MAX_ROW_BARS, "how many bars are composed together", "Bars of a section"
    )
    overlap: float = _number(
        *(0.5, 0, 0.9),
        "share of what the model reads and writes at once that was composed before",
        "Overlap",
    )
    plan: str | None = field(
        default=None,
        metadata={
            "label": "Sections",
            "choices": FORM_NAMES,
            "help": "name of a form; left out, sections return as they do in a real piece",
        },
    )

    def __post_init__(self) -> None:
        """Check every range."""
        _check_numbers(self)
        named = [name for name in _LENGTHS if getattr(self, name) is not None]
        if len(named) > 1:
            raise OptionError(f"give one length: {' or '.join(f'`{name}`' for name in named)}")
        if self.plan is not None and self.plan not in FORM_NAMES:
            raise OptionError(
                f"`plan` must be one of {', '.join(FORM_NAMES)}, got {str(self.plan)[:40]!r}"
            )

    @classmethod
    def among(cls, options: Mapping[str, Any]) -> Outline:
        """Return the outline that some options make; those of a request are passed over."""
        names = [option.name for option in fields(cls)]
        return cls(**{name: options[name] for name in names if name in options})

    @property
    def overlap_bars(self) -> int:
        """Bars that are read again, so that they are the overlap's share of all that is heard."""
        return min(64, max(1, round(self.chunk_bars * self.overlap / (1 - self.overlap))))

    def bars_of(self, bar_minutes: float) -> int:
        """Return the bars of the piece, of which each lasts so many minutes.

        Raises:
            OptionError: If they are too many, or none.
        """
        if self.bars is not None:
            return self.bars
        if self.minutes is not None:
            name, length = "minutes", round(self.minutes / bar_minutes)
        else:
            n_chunks = _USUAL_CHUNKS if self.chunks is None else self.chunks
            name, length = "chunks", n_chunks * self.chunk_bars
        if not 1 <= length <= MAX_PLAN_BARS:
            raise OptionError(
                f"a long piece has 1 to {MAX_PLAN_BARS} bars; "
                f"`{name}` {getattr(self, name)} makes {length}"
            )
        return length
