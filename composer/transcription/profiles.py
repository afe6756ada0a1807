"""Where in a bar notes begin in real music: what tells a bar line from a beat. Knows no sound.

A bar is beats, and a beat has slots: its quarters and thirds, or its sixths in compound meters. Of
every slot of a meter there is known how often a note begins there, how often a piece begins there,
and what a beginning there is like: how long until the next one, with how many notes, how low. All
of it is known of calm, of lively and of busy music, since a chorale has a note a beat.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from composer.bundled import ASSETS
from composer.errors import OptionError
from composer.piece import Note, Piece
from composer.theory import Meter

PATH = ASSETS / "transcription" / "meters.json"
SLOTS = {
    False: (0, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4),
    True: (0, 1 / 6, 1 / 3, 1 / 2, 2 / 3, 5 / 6),
}
# The meters that are measured; the first four are looked for where nobody names one.
METERS = tuple(Meter(*one) for one in ((4, 4), (3, 4), (2, 4), (6, 8), (9, 8), (12, 8)))
N_FREE = 4
# Until the next beginning, in beats: where one class ends and the next begins.
_GAPS_BEATS = (0.3, 0.42, 0.6, 0.9, 1.3, 2.2, 3.2)
N_CLASSES = 4 * (len(_GAPS_BEATS) + 1)
# Beginnings a beat: where calm music ends and lively music ends, in simple and compound meters.
_BUSY = {False: (1.1, 2.0), True: (1.6, 2.6)}
_PRIOR_COUNT = 2.0
_NEAR_BEATS = 1 / 48

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Onsets:
    """Moments at which notes begin together, in the order of time.

    Args:
        times: In seconds or in beats, [N].
        is_full: Whether as many notes begin as on average or more, [N]; False in a single line.
        is_low: Whether the lowest of them is among the lowest of all, [N]; False in a single line.
    """

    times: Floats
    is_full: Bools
    is_low: Bools

    def classes(self, beat: float | Floats) -> Ints:
        """Return what every beginning is like, for beats of this length: [N], or [T, N] for [T]."""
        gaps = np.append(np.diff(self.times), np.inf)
        lengths = np.asarray(beat, dtype=np.float64)[..., None]
        kinds = np.searchsorted(_GAPS_BEATS, gaps / lengths)
        return kinds * 4 + self.is_full * 2 + self.is_low


def gather(times: Floats, pitches: Floats, near: float, *, is_line: bool) -> Onsets:
    """Gather notes that begin together.

    Args:
        times: When notes begin, rising, [N].
        pitches: Of them, [N].
        near: Notes that begin within this time of the first of a group belong to it.
        is_line: Whether the music is a single line.
    """
    firsts = first_of_groups(times, near)
    counts = np.diff([*firsts, len(times)])
    lows = np.minimum.reduceat(pitches, firsts) if len(firsts) else np.zeros(0)
    centres = np.add.reduceat(times, firsts) / counts if len(firsts) else np.zeros(0)
    if is_line:
        no = np.zeros(len(firsts), dtype=bool)
        return Onsets(centres, no, no)
    return Onsets(centres, counts >= counts.mean(), lows <= np.percentile(lows, 30))


def first_of_groups(times: Floats, near: float) -> list[int]:
    """Return the index of the first note of every group that `gather` makes."""
    firsts: list[int] = []
    for index, time in enumerate(times):
        if not firsts or time - times[firsts[-1]] > near:
            firsts.append(index)
    return firsts


@dataclass(frozen=True)
class Profile:
    """What is known of calm, lively or busy music in one meter.

    Args:
        meter: The time signature.
        share: Of pieces, how many are of this meter and kind.
        rates: How often a note begins at a beat and slot, [beats, slots].
        begins: How often a piece begins in a beat, [beats].
        likeness: Logarithm of how much more often than elsewhere a beginning at a beat and slot is
            of a class, [beats, slots, `N_CLASSES`].
    """

    meter: Meter
    share: float
    rates: Floats
    begins: Floats
    likeness: Floats

    @property
    def is_compound(self) -> bool:
        """Whether a beat has three parts."""
        return is_compound(self.meter)

    @property
    def n_beats(self) -> int:
        """Beats of a bar."""
        return len(self.rates)


def is_compound(meter: Meter) -> bool:
    """Whether a beat of a meter has three parts."""
    return meter.pulse_beats.numerator == 3


@lru_cache(maxsize=2)
def load_profiles(*, is_line: bool) -> tuple[Profile, ...]:
    """Return the profiles of all measured meters, in the order of `METERS`."""
    values = json.loads(PATH.read_text(encoding="utf-8"))["line" if is_line else "voices"]
    return tuple(_read(meter, one) for meter in METERS for one in values[str(meter)])


def profiles_of(meter: Meter, *, is_line: bool) -> tuple[Profile, ...]:
    """Return the profiles of any meter; of one that was not measured, made of one that was.

    Raises:
        OptionError: If it has no beats of a usual kind.
    """
    n_beats = meter.length_beats / meter.pulse_beats
    if n_beats.denominator != 1 or not 1 <= n_beats <= 16:
        raise OptionError(f"`meter` must have 1 to 16 beats a bar, got {meter}")
    near = meter if meter in METERS else Meter(12, 8) if is_compound(meter) else Meter(4, 4)
    found = [one for one in load_profiles(is_line=is_line) if one.meter == near]
    if near == meter:
        return tuple(found)
    rows = [0, *(1 + n % (found[0].n_beats - 1) for n in range(int(n_beats) - 1))]
    return tuple(
        Profile(meter, one.share, one.rates[rows], one.begins[rows], one.likeness[rows])
        for one in found
    )


def _read(meter: Meter, values: dict[str, object]) -> Profile:
    rates, begins, classes = (
        np.array(values[name], dtype=np.float64) for name in ("rates", "begins", "classes")
    )
    of_all = classes.sum((0, 1)) + 1.0
    counts = classes + _PRIOR_COUNT * of_all / of_all.sum()
    likeness = np.log(counts / counts.sum(-1, keepdims=True)) - np.log(of_all / of_all.sum())
    share = float(values["share"])  # type: ignore[arg-type]
    return Profile(meter, share, np.clip(rates, 0.002, 0.9), begins / begins.sum(), likeness)


# --- Measured -----------------------------------------------------------------------------------


def measure_profiles(pieces: Iterable[Piece]) -> dict[str, object]:
    """Measure real music; return JSON values, as the bundled file has them."""
    tallies = {
        kind: {meter: [_Tally(meter) for _ in range(3)] for meter in METERS}
        for kind in ("line", "voices")
    }
    for piece in pieces:
        meter = Meter(4, 4) if piece.meter == Meter(2, 2) else piece.meter
        if len(piece.meters) > 1 or meter not in METERS or not piece.parts[0].notes:
            continue
        notes = sorted(note for part in piece.parts for note in part.notes)
        for kind, heard in (("line", piece.parts[0].notes), ("voices", notes)):
            found = _in_beats(heard, meter, is_line=kind == "line")
            n_beats = piece.n_bars * meter.length_beats / meter.pulse_beats
            busy = np.searchsorted(_BUSY[is_compound(meter)], len(found.times) / float(n_beats))
            tallies[kind][meter][int(busy)].add(found, piece.n_bars)
    n_all = sum(one.n_pieces for rows in tallies["line"].values() for one in rows)
    return {
        kind: {str(meter): [one.to_dict(n_all) for one in rows] for meter, rows in of_kind.items()}
        for kind, of_kind in tallies.items()
    }


def _in_beats(notes: Iterable[Note], meter: Meter, *, is_line: bool) -> Onsets:
    pulse = float(meter.pulse_beats)
    table = np.array([(float(one.onset_beats) / pulse, one.pitch) for one in notes])
    return gather(table[:, 0], table[:, 1], 1e-6, is_line=is_line)


class _Tally:
    """What is counted of one meter; every piece weighs the same."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        n_beats = int(meter.length_beats / meter.pulse_beats)
        n_slots = len(SLOTS[is_compound(meter)])
        self.n_pieces = 0
        self.rates = np.zeros((n_beats, n_slots))
        self.begins = np.ones(n_beats)
        self.classes = np.zeros((n_beats, n_slots, N_CLASSES))

    def add(self, found: Onsets, n_bars: int) -> None:
        """Count a piece, whose times are in beats."""
        beats, slots = self._places(found.times)
        inside = slots >= 0
        counts = np.zeros_like(self.rates)
        np.add.at(counts, (beats[inside], slots[inside]), 1.0)
        self.rates += counts / n_bars
        places = (beats[inside], slots[inside], found.classes(1.0)[inside])
        np.add.at(self.classes, places, 1000.0 / len(found.times))
        self.begins[beats[0]] += 1
        self.n_pieces += 1

    def _places(self, beats: Floats) -> tuple[Ints, Ints]:
        """Return the beat of the bar and the slot of moments in beats; -1 for none."""
        slots = np.array([*SLOTS[is_compound(self.meter)], 1.0])
        whole = np.floor(beats + _NEAR_BEATS).astype(np.int64)
        distance = np.abs((beats - whole)[:, None] - slots)
        nearest = distance.argmin(axis=1)
        is_off = (distance.min(axis=1) > _NEAR_BEATS) | (nearest == len(slots) - 1)
        return whole % len(self.rates), np.where(is_off, -1, nearest)

    def to_dict(self, n_all: int) -> dict[str, object]:
        return {
            "share": round((self.n_pieces + 1) / (n_all + 3 * len(METERS)), 4),
            "rates": (self.rates / max(1, self.n_pieces)).round(4).tolist(),
            "begins": self.begins.tolist(),
            "classes": self.classes.round(1).tolist(),
        }
