"""Bars as meters lay them out. Knows lengths, and no note."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import count

from composer.errors import OptionError
from composer.theory import Meter


@dataclass(frozen=True, slots=True, order=True)
class MeterChange:
    """A time signature and the bar line where it begins."""

    onset_beats: Fraction
    meter: Meter


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar as it lies in a piece.

    Args:
        index: 0 for the first bar.
        onset_beats: Its bar line, in quarters.
        meter: Its time signature.
    """

    index: int
    onset_beats: Fraction
    meter: Meter

    @property
    def end_beats(self) -> Fraction:
        """The next bar line, in quarters."""
        return self.onset_beats + self.meter.length_beats


def walk_bars(meters: Sequence[MeterChange]) -> Iterator[Bar]:
    """Yield bars under a list of meters, without end.

    Raises:
        OptionError: If a meter does not begin at a bar line.
    """
    upcoming = list(reversed(meters))
    meter, onset = upcoming[-1].meter, Fraction(0)
    for index in count():
        while upcoming and upcoming[-1].onset_beats <= onset:
            change = upcoming.pop()
            if change.onset_beats != onset:
                raise OptionError(f"the meter {change.meter} does not begin at a bar line")
            meter = change.meter
        yield Bar(index, onset, meter)
        onset += meter.length_beats
