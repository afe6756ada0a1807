"""Moments at which notes begin -> beats and bar lines, by dynamic programming. Knows no sound.

A performance is a row of beats, each of a length and a place in the bar of a meter. What is looked
for is the row that explains best where notes begin and where none do: notes begin at the slots of a
beat as often as `profiles` knows, a little early or late; a beat is nearly as long as the one
before. All meters, places and lengths of a beat are followed at once, every 10 ms.

Where tempo, meter or the first bar line are known, for a count-in was heard, only rows that begin
so are followed; the tempo may still drift.

Source:
    The row of beats as a path through places and lengths of a beat: F. Krebs, S. Boeck and G.
    Widmer, An Efficient State-Space Model for Joint Tempo and Meter Tracking, ISMIR (2015). Where
    notes begin is known here, so that the path goes from beat to beat and not from frame to frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from composer.errors import OptionError, RequestError
from composer.theory import Meter
from composer.transcription.profiles import (
    METERS,
    N_CLASSES,
    N_FREE,
    SLOTS,
    Floats,
    Ints,
    Onsets,
    Profile,
    load_profiles,
    profiles_of,
)

FRAME_S = 0.01
BEAT_RANGE_FRAMES = (30, 150)  # 200 to 40 beats a minute
_LONG_FRAMES = 60
_SPREAD_S = 0.022  # how far notes lie from where they are written
_STRAY_PER_BEAT = 0.04  # notes that belong nowhere
_USUAL_BEAT_S = {False: 0.62, True: 0.8}
_BEAT_SPREAD = 0.4  # of the logarithm of a first beat's length
_DRIFT = 0.03  # of the logarithm, from beat to beat
_MOST_DRIFT_FRAMES = 12
_KNOWN_TEMPO = 0.08  # share by which a known tempo may be off
_FIRST_BAR_S = 0.1
_LIKENESS_WEIGHT = 0.5
_NEVER = -1e30

Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Grid:
    """Beats of a performance.

    Args:
        meter: Of all bars.
        times_s: Of the beats, one more than there are, [B + 1].
        first: Place of the first beat in its bar, from 0.
        certainty: How much likelier this meter is than the next best that was looked for, 0.5-1.
    """

    meter: Meter
    times_s: Floats
    first: int
    certainty: float

    @property
    def beat_s(self) -> float:
        """The middle length of a beat."""
        return float(np.median(np.diff(self.times_s)))

    @property
    def tempo_bpm(self) -> float:
        """Quarters a minute."""
        return 60.0 / self.beat_s * float(self.meter.pulse_beats)

    def beats_at(self, times_s: Floats) -> Floats:
        """Return moments in beats, counted from the bar line before the first beat."""
        before = (times_s - self.times_s[0]) / np.diff(self.times_s[:2])
        behind = (times_s - self.times_s[-1]) / np.diff(self.times_s[-2:])
        inside = np.interp(times_s, self.times_s, np.arange(len(self.times_s)))
        found = np.where(times_s < self.times_s[0], before, inside)
        found = np.where(times_s > self.times_s[-1], len(self.times_s) - 1 + behind, found)
        return np.asarray(found + self.first)


def find_grid(
    onsets: Onsets,
    *,
    is_line: bool,
    tempo_bpm: float | None = None,
    meter: Meter | None = None,
    first_bar_s: float | None = None,
) -> Grid:
    """Find the beats under moments at which notes begin.

    Args:
        onsets: In seconds; at least one.
        is_line: Whether the music is a single line.
        tempo_bpm: About how many quarters a minute, if that is known.
        meter: If it is known.
        first_bar_s: When a bar begins, if that is known; with `tempo_bpm` and `meter`.

    Raises:
        RequestError: If there is nothing to find them by.
        OptionError: If the meter has no beats of a usual kind.
    """
    if not len(onsets.times):
        raise RequestError("no notes were found in the recording")
    if first_bar_s is not None and (tempo_bpm is None or meter is None):
        raise OptionError("a first bar needs a tempo and a meter")
    profiles = profiles_for(meter, is_line=is_line)
    lengths = _lengths(profiles, tempo_bpm)
    search = _Search(onsets, profiles, lengths, tempo_bpm, first_bar_s)
    times, first, profile, certainty = search.run()
    return Grid(profile.meter, times, first, certainty)


def profiles_for(meter: Meter | None, *, is_line: bool) -> Sequence[Profile]:
    """Return the profiles of a meter; of those that are looked for, if it is not known."""
    if meter is not None:
        return profiles_of(meter, is_line=is_line)
    return [one for one in load_profiles(is_line=is_line) if one.meter in METERS[:N_FREE]]


def _lengths(profiles: Sequence[Profile], tempo_bpm: float | None) -> Ints:
    """Return the lengths of a beat that are tried, in frames."""
    low, high = BEAT_RANGE_FRAMES
    if tempo_bpm is not None:
        beats_s = [60.0 / tempo_bpm * float(one.meter.pulse_beats) for one in profiles]
        low = int(min(beats_s) * (1 - _KNOWN_TEMPO) / FRAME_S)
        high = int(max(beats_s) * (1 + _KNOWN_TEMPO) / FRAME_S) + 1
    every: Ints = np.arange(max(5, low), max(6, high) + 1, dtype=np.int64)
    # Beats that are long need no lengths so near to each other.
    kept: Ints = every[(every < _LONG_FRAMES) | (every % 2 == 0)]
    return kept


def odds_of(profile: Profile, place: int) -> Floats:
    """Return the odds of a note at the slots of a beat and at its end, [slots + 1, classes]."""
    odds = profile.rates / (1 - profile.rates)
    found = odds[:, :, None] * np.exp(_LIKENESS_WEIGHT * profile.likeness)
    following = found[(place + 1) % profile.n_beats, :1]
    return np.concatenate([found[place], following])


class _Search:
    """One search: states are lengths of a beat times places in the bars of all meters.

    `n` counts frames from `start`, `k` lengths, `j` places; all places of all meters in a row.
    """

    def __init__(
        self,
        onsets: Onsets,
        profiles: Sequence[Profile],
        lengths: Ints,
        tempo_bpm: float | None,
        first_bar_s: float | None,
    ) -> None:
        self.onsets, self.profiles, self.lengths = onsets, profiles, lengths
        self.places = [(m, b) for m, one in enumerate(profiles) for b in range(one.n_beats)]
        self.before = np.array(
            [self.places.index((m, (b - 1) % profiles[m].n_beats)) for m, b in self.places]
        )
        self.start_s = float(onsets.times[0]) - (lengths[-1] + 1) * FRAME_S
        self.frames = np.rint((onsets.times - self.start_s) / FRAME_S).astype(np.int64)
        self.n_frames = int(self.frames[-1] + lengths[-1] + 2)
        self.begin = self._beginnings(tempo_bpm, first_bar_s)
        self.steps = np.zeros((self.n_frames, len(lengths), len(self.places)), np.int8)
        self.is_first = np.zeros(self.begin.shape, dtype=bool)

    def _beginnings(self, tempo_bpm: float | None, first_bar_s: float | None) -> Scores:
        """Return how likely the first beat begins at a frame, with a length, at a place."""
        first = int(self.frames[0])
        frames = np.arange(first + 2)
        found = np.full((len(frames), len(self.lengths), len(self.places)), _NEVER, np.float32)
        for j, (m, b) in enumerate(self.places):
            profile = self.profiles[m]
            lengths_s = self.lengths * FRAME_S
            usual = _USUAL_BEAT_S[profile.is_compound]
            spread = _BEAT_SPREAD
            if tempo_bpm is not None:
                usual, spread = (
                    60.0 / tempo_bpm * float(profile.meter.pulse_beats),
                    _KNOWN_TEMPO / 2,
                )
            prior = -0.5 * (np.log(lengths_s / usual) / spread) ** 2
            chance = np.log(profile.share) + (
                0.0 if first_bar_s is not None else np.log(profile.begins[b])
            )
            inside = frames[:, None] > first - self.lengths
            if first_bar_s is not None:
                inside &= self._is_place(frames, b, profile.n_beats, first_bar_s)
            found[:, :, j] = np.where(inside, prior + chance, _NEVER)
        return found

    def _is_place(
        self, frames: Ints, place: int, n_beats: int, first_bar_s: float
    ) -> NDArray[np.bool_]:
        """Whether beats that begin at a frame, with a length, are at a place of a known bar."""
        beats = (frames[:, None] * FRAME_S + self.start_s - first_bar_s) / (self.lengths * FRAME_S)
        whole = np.rint(beats)
        tolerance = _FIRST_BAR_S / (self.lengths * FRAME_S) + 0.02 * np.abs(whole)
        near = np.abs(beats - whole) <= np.minimum(0.3, tolerance)
        return np.asarray(near & (whole.astype(np.int64) % n_beats == place))

    def run(self) -> tuple[Floats, int, Profile, float]:
        """Return times of the beats, the place of the first, its profile, and how sure it is."""
        block, longest = int(self.lengths[0]), int(self.lengths[-1])
        # The best up to a beat's end, after a small drift; a ring, since no beat is longer.
        onward = np.full((longest + 2 * block, *self.steps.shape[1:]), _NEVER, np.float32)
        table, silence = self._table(), self._silence()
        classes = self.onsets.classes((self.lengths * FRAME_S).astype(np.float64))
        last = []
        for begin in range(0, self.n_frames, block):
            frames = np.arange(begin, min(begin + block, self.n_frames))
            ends = self._reached(frames, onward) + silence + self._heard(frames, table, classes)
            onward[frames % len(onward)], self.steps[frames] = self._drifted(ends)
            if frames[-1] > self.frames[-1]:
                # The last beat holds the last note and ends behind it.
                holds = frames[:, None] - self.lengths <= self.frames[-1]
                holds &= frames[:, None] > self.frames[-1]
                last.append((begin, np.where(holds[:, :, None], ends, _NEVER)))
        return self._trace(last)

    def _table(self) -> Scores:
        """Return what a note adds: class, length, frames behind the beat's begin, place.

        One frame more than the longest beat has stands for notes beyond the beat, which add 0.
        """
        longest = int(self.lengths[-1])
        lags = np.arange(longest + 1)
        shape = (N_CLASSES, len(self.lengths), longest + 1, len(self.places))
        table = np.zeros(shape, np.float32)
        lengths_s = self.lengths[:, None, None] * FRAME_S
        for j, (m, b) in enumerate(self.places):
            profile = self.profiles[m]
            slots = np.array([*SLOTS[profile.is_compound], 1.0])
            off_s = lags[None, :, None] * FRAME_S - slots * lengths_s
            near = np.exp(-0.5 * (off_s / _SPREAD_S) ** 2) / (_SPREAD_S * np.sqrt(2 * np.pi))
            stray = _STRAY_PER_BEAT / lengths_s
            heard = near @ odds_of(profile, b) + stray  # [lengths, lags, classes]
            table[:, :, :, j] = np.moveaxis(np.log(heard), 2, 0)
        table[:, lags >= self.lengths[:, None], :] = 0.0
        return table

    def _silence(self) -> Scores:
        """Return what a beat without any note is worth, by place."""
        rows = [np.log(1 - self.profiles[m].rates[b]).sum() for m, b in self.places]
        found: Scores = np.array(rows, dtype=np.float32)
        return found

    def _reached(self, frames: Ints, onward: Scores) -> Scores:
        """Return the best up to the begin of beats that end at some frames."""
        which = np.arange(len(self.lengths))
        origins = frames[:, None] - self.lengths
        came: Scores = onward[origins % len(onward), which][:, :, self.before]
        came[origins < 0] = _NEVER
        is_early = (origins >= 0) & (origins < len(self.begin))
        rows, columns = np.nonzero(is_early)
        first = origins[rows, columns]
        fresh = self.begin[first, columns]
        better = fresh > came[rows, columns]
        self.is_first[first, columns] = better
        came[rows, columns] = np.where(better, fresh, came[rows, columns])
        return came

    def _heard(self, frames: Ints, table: Scores, classes: Ints) -> Scores:
        """Return what the notes within beats that end at some frames are worth."""
        found = np.zeros((len(frames), *self.steps.shape[1:]), np.float32)
        which = np.arange(len(self.lengths))
        beyond = int(self.lengths[-1])
        first, end = np.searchsorted(self.frames, [frames[0] - beyond, frames[-1]])
        for n in range(first, end):
            lags = self.frames[n] - frames[:, None] + self.lengths
            lags = np.where((lags < 0) | (lags >= self.lengths), beyond, lags)
            found += table[classes[:, n], which, lags]
        return found

    def _drifted(self, ends: Scores) -> tuple[Scores, NDArray[np.int8]]:
        """Return the best of lengths nearby, and how many steps they lie away."""
        best, steps = ends.copy(), np.zeros(ends.shape, np.int8)
        n = len(self.lengths)
        for step in range(-_MOST_DRIFT_FRAMES, _MOST_DRIFT_FRAMES + 1):
            low, high = max(0, -step), min(n, n - step)
            if step == 0 or low >= high:
                continue
            ratio = np.log(self.lengths[low + step : high + step] / self.lengths[low:high])
            cost = (0.5 * (ratio / _DRIFT) ** 2).astype(np.float32)
            came = ends[:, low + step : high + step] - cost[:, None]
            better = came > best[:, low:high]
            np.copyto(best[:, low:high], came, where=better)
            np.copyto(steps[:, low:high], step, where=better)
        return best, steps

    def _trace(self, last: list[tuple[int, Scores]]) -> tuple[Floats, int, Profile, float]:
        """Follow the best row of beats back to its begin."""
        ends = np.concatenate([scores for _, scores in last])
        n, k, j = (int(i) for i in np.unravel_index(ends.argmax(), ends.shape))
        m = self.places[j][0]
        if ends[n, k, j] <= _NEVER / 2:
            raise RequestError("no beats were found; check the tempo and the first bar")
        lead = float(ends[n, k, j]) - self._best_of_others(ends, self.profiles[m].meter)
        frame = last[0][0] + n
        times = [frame]
        while True:
            frame -= int(self.lengths[k])
            times.append(frame)
            if frame < len(self.is_first) and self.is_first[frame, k, j]:
                break
            j = int(self.before[j])
            k += int(self.steps[frame, k, j])
        times_s = np.array(times[::-1]) * FRAME_S + self.start_s
        return times_s, self.places[j][1], self.profiles[m], 1 / (1 + float(np.exp(-lead)))

    def _best_of_others(self, ends: Scores, meter: Meter) -> float:
        """Return the best that another meter comes to."""
        others = [j for j, (m, _) in enumerate(self.places) if self.profiles[m].meter != meter]
        return float(ends[:, :, others].max()) if others else -np.inf
