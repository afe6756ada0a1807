"""What was heard: notes in seconds, before anyone says where a bar begins. Knows no score."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class PlayedNote:
    """A note of a recording.

    Args:
        onset_s: When it begins, from the beginning of the recording.
        pitch: MIDI number.
        end_s: When it ends, later than it begins.
        velocity: How loud it is, 1-127.
        certainty: How sure the model is, 0-1.
    """

    onset_s: float
    pitch: int
    end_s: float
    velocity: int
    certainty: float

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values, in milliseconds and hundredths."""
        values = {name: round(value, 3) for name, value in asdict(self).items()}
        return values | {"certainty": round(self.certainty, 2)}


def moved(notes: Iterable[PlayedNote], by_s: float) -> tuple[PlayedNote, ...]:
    """Return notes later by some time, or earlier, but never before the beginning."""
    return tuple(
        replace(one, onset_s=max(0.0, one.onset_s + by_s), end_s=one.end_s + by_s)
        for one in notes
        if one.end_s + by_s > 0.0
    )
