"""When it is, and when a beat of the music comes. Knows seconds, beats and tempos, and no note.

All waiting is done against absolute moments of a clock that never goes back. On the virtual clock
hours pass in seconds, and two runs are alike.
"""

from __future__ import annotations

import time
from collections import deque
from fractions import Fraction
from typing import Protocol

from composer.errors import OptionError
from composer.units import TEMPO_RANGE_BPM, beats_to_seconds

# Changes of tempo that are remembered: more than fall into the bars whose notes are still to come.
_REMEMBERED = 64


class Clock(Protocol):
    """Tells the time, and waits."""

    def now_s(self) -> float:
        """Return the time in seconds since some moment; it never goes back."""

    def wait_until(self, moment_s: float) -> None:
        """Return when the moment has come; at once if it is past."""


class WallClock:
    """The clock of this machine."""

    def now_s(self) -> float:
        """Return the time; setting the date does not change it."""
        return time.monotonic()

    def wait_until(self, moment_s: float) -> None:
        """Sleep until a moment."""
        time.sleep(max(0.0, moment_s - self.now_s()))


class VirtualClock:
    """A clock that stands still until somebody waits; then the moment has come at once."""

    def __init__(self) -> None:
        self._now_s = 0.0

    def now_s(self) -> float:
        """Return the time."""
        return self._now_s

    def wait_until(self, moment_s: float) -> None:
        """Let the moment be now."""
        self._now_s = max(self._now_s, moment_s)


class TempoLine:
    """From beats to seconds, under a tempo that may change at any beat.

    Args:
        tempo_bpm: Quarters a minute, from beat 0 on.

    Raises:
        OptionError: If the tempo is out of its range.
    """

    def __init__(self, tempo_bpm: float) -> None:
        anchor = Fraction(0), 0.0, check_live_tempo(tempo_bpm)
        self._anchors: deque[tuple[Fraction, float, float]] = deque([anchor], maxlen=_REMEMBERED)

    @property
    def tempo_bpm(self) -> float:
        """The tempo from the last change on."""
        return self._anchors[-1][2]

    @property
    def last_change(self) -> tuple[Fraction, float]:
        """Beat, and moment in seconds since beat 0, from which the present tempo counts."""
        return self._anchors[-1][:2]

    def change(self, beats: Fraction, tempo_bpm: float) -> None:
        """Go on at another tempo from a beat on; changes behind it are forgotten.

        Raises:
            OptionError: If the tempo is out of its range.
        """
        check_live_tempo(tempo_bpm)
        anchor = beats, self.seconds(beats), tempo_bpm
        while len(self._anchors) > 1 and self._anchors[-1][0] >= beats:
            self._anchors.pop()
        self._anchors.append(anchor)

    def seconds(self, beats: Fraction) -> float:
        """Return when a beat comes, in seconds since beat 0.

        Args:
            beats: Quarters; not before the changes that are remembered.
        """
        known = next((one for one in reversed(self._anchors) if one[0] <= beats), self._anchors[0])
        return known[1] + beats_to_seconds(beats - known[0], known[2])

    def beats(self, moment_s: float) -> float:
        """Return which beat it is at a moment, in seconds since beat 0."""
        known = next(
            (one for one in reversed(self._anchors) if one[1] <= moment_s), self._anchors[0]
        )
        return float(known[0]) + (moment_s - known[1]) * known[2] / 60.0


def check_live_tempo(tempo_bpm: float) -> float:
    """Return a tempo that can be asked for.

    Raises:
        OptionError: If it is none, or out of its range.
    """
    low, high = TEMPO_RANGE_BPM
    is_number = isinstance(tempo_bpm, int | float) and not isinstance(tempo_bpm, bool)
    if not is_number or not low <= tempo_bpm <= high:  # NaN, too
        raise OptionError(
            f"`tempo` must be from {low:g} to {high:g} quarters a minute, got {str(tempo_bpm)[:40]}"
        )
    return float(tempo_bpm)
