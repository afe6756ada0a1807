"""When a player plays: from score time to seconds, with or without rubato. Knows no velocity.

All parts share one clock, so what sounds together in the score sounds together in the room, and
what comes later comes later.

Sources:
    N. P. Todd, The dynamics of dynamics: a model of musical expression, JASA 91 (1992), pp.
    3540-3550: a phrase speeds up to its middle and slows down to its end, as a parabola.
    A. Friberg and J. Sundberg, Does music performance allude to locomotion?, JASA 105 (1999), pp.
    1469-1484: the last notes slow down like a runner who stops; speed over score position is
    (1 + (w^q - 1) x)^(1/q), with q = 2 for runners.
    A. Friberg, R. Bresin and J. Sundberg, Overview of the KTH rule system for musical performance,
    Advances in Cognitive Psychology 2 (2006), pp. 145-161: rules add up; small noise in the onsets.
    The amounts below are ours, and smaller than those of concert recordings.
"""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from composer.piece import Note, Piece
from composer.rendering.phrases import Phrase
from composer.rendering.tempo_map import TempoMap, tempo_steps
from composer.units import beats_to_seconds

Floats: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]

PHRASE_TEMPO = 0.045  # share of the tempo that a phrase's edges are slower
PIECE_TEMPO = 0.015  # and the edges of the whole piece
FULL_PHRASE_BARS = 4  # shorter phrases bend less
MAX_TEMPO_CHANGE = 0.08  # whatever the rules add up to, the last ritardando excepted

RITARDANDO_BARS = 1
RITARDANDO_SHARE = Fraction(1, 8)  # of the piece, at most
HOLD_SHARE = Fraction(1, 16)  # of the piece, at most: how long the last note keeps the last tempo
LAST_TEMPO = 0.7  # w
LOCOMOTION_Q = 2.0

NOISE_S = 0.003  # standard deviation of an onset
MAX_NOISE_S = 0.006
NOISE_SHARE = 0.2  # of the time to the nearest onset, at most

_CELLS_PER_BEAT = 8
_MIN_CELLS, _MAX_CELLS = 256, 200_000


@dataclass(frozen=True)
class Clock:
    """From score time to seconds.

    Args:
        tempo_bpm: Quarters a minute; of the whole where `beats` is empty.
        beats, seconds: Knots of a rising line, both from 0.
        noise_s: By which an onset comes later (or earlier).
    """

    tempo_bpm: float
    beats: Floats = field(default_factory=lambda: np.empty(0))
    seconds: Floats = field(default_factory=lambda: np.empty(0))
    noise_s: dict[Fraction, float] = field(default_factory=dict)

    def time_s(self, beats: Fraction) -> float:
        """Return when a moment of the score comes."""
        if not len(self.beats):
            return beats_to_seconds(beats, self.tempo_bpm)
        return float(np.interp(float(beats), self.beats, self.seconds))

    def onset_s(self, beats: Fraction) -> float:
        """Return when a note of the score begins, as a hand would."""
        return self.time_s(beats) + self.noise_s.get(beats, 0.0)

    def end_s(self, note: Note) -> float:
        """Return when a note ends: where it meets an onset, with that; else with its own."""
        own_noise_s = self.noise_s.get(note.onset_beats, 0.0)
        return self.time_s(note.end_beats) + self.noise_s.get(note.end_beats, own_noise_s)


def arch(share: Floats | float) -> Floats | float:
    """Return Todd's parabola over a stretch: -1 at its edges, 0.5 in its middle, 0 on average.

    Args:
        share: How far along the stretch, 0..1.
    """
    return 6 * share * (1 - share) - 1


def expressive_clock(piece: Piece, tempo_bpm: float, phrases: Sequence[Phrase]) -> Clock:
    """Return the clock of a modest rubato.

    Args:
        piece: At least one note.
        tempo_bpm: The mean tempo before the last ritardando; where the piece changes its tempo, of
            its beginning.
        phrases: Of the piece, without gaps.
    """
    beats = cell_edges(piece)
    speeds = tempo_curve(piece, phrases, (beats[1:] + beats[:-1]) / 2)
    tempos = TempoMap(piece)
    stretched = beats if tempos.is_flat else np.array([tempos.stretched(one) for one in beats])
    lengths_s = np.diff(stretched) * 60 / tempo_bpm / speeds
    clock = Clock(tempo_bpm, beats, np.concatenate([[0.0], np.cumsum(lengths_s)]))
    return replace(clock, noise_s=_noise(piece, clock))


def plain_clock(piece: Piece, tempo_bpm: float) -> Clock:
    """Return the clock of a piece played as it is written: its tempos, and nothing else.

    Args:
        piece: Any.
        tempo_bpm: At the beginning; later tempos change with it.
    """
    tempos = TempoMap(piece)
    if tempos.is_flat:
        return Clock(tempo_bpm)
    end = max(piece.length_beats, piece.end_of_notes_beats)
    knots = sorted({Fraction(0), end, *(step.onset_beats for step in tempo_steps(piece))})
    beats = np.array([float(knot) for knot in knots])
    return Clock(tempo_bpm, beats, np.array(list(map(tempos.stretched, knots))) * 60 / tempo_bpm)


def cell_edges(piece: Piece) -> Floats:
    """Return the score times, in quarters, between which the tempo stays the same."""
    end = float(max(piece.length_beats, piece.end_of_notes_beats))
    n_cells = int(min(_MAX_CELLS, max(_MIN_CELLS, end * _CELLS_PER_BEAT)))
    return np.linspace(0.0, end, n_cells + 1)


def tempo_curve(piece: Piece, phrases: Sequence[Phrase], beats: Floats) -> Floats:
    """Return the tempo at moments of the score, as a multiple of the mean.

    Args:
        piece: At least one note.
        phrases: Of the piece, without gaps.
        beats: Ascending, evenly spaced.
    """
    end = float(phrases[-1].end_beats)
    bent = _phrase_bend(phrases, _bar_beats(piece), beats) + PIECE_TEMPO * arch(beats / end)
    speeds = 1 + np.clip(bent, -MAX_TEMPO_CHANGE, MAX_TEMPO_CHANGE)
    return np.asarray(speeds * np.mean(1 / speeds) * _ritardando(piece, beats))


def _bar_beats(piece: Piece) -> float:
    return float(piece.length_beats / piece.n_bars)


def _phrase_bend(phrases: Sequence[Phrase], bar_beats: float, beats: Floats) -> Floats:
    edges = np.array([float(phrase.start_beats) for phrase in phrases])
    ends = np.array([float(phrase.end_beats) for phrase in phrases])
    index = np.clip(np.searchsorted(edges, beats, side="right") - 1, 0, None)
    length = (ends - edges)[index]
    depth = PHRASE_TEMPO * np.minimum(1, length / (FULL_PHRASE_BARS * bar_beats))
    return np.asarray(depth * arch((beats - edges[index]) / length))


def _ritardando(piece: Piece, beats: Floats) -> Floats:
    """Return the share of the tempo that the ending leaves."""
    start, last, hold = (float(beats) for beats in ritardando_beats(piece))
    if last <= start:
        return np.ones_like(beats)
    share = np.clip((beats - start) / (last - start), 0, 1)
    speeds = (1 + (LAST_TEMPO**LOCOMOTION_Q - 1) * share) ** (1 / LOCOMOTION_Q)
    return np.where(beats < last + hold, speeds, 1.0)


def ritardando_beats(piece: Piece) -> tuple[Fraction, Fraction, Fraction]:
    """Return where the piece begins to slow down, its last onset, and how long that is held."""
    last = max(note.onset_beats for part in piece.parts for note in part.notes)
    bar = piece.bars[min(piece.n_bars, bisect_right(_bar_lines(piece), last)) - 1]
    length = min(RITARDANDO_BARS * bar.meter.length_beats, last * RITARDANDO_SHARE)
    hold = min(bar.meter.pulse_beats, piece.end_of_notes_beats * HOLD_SHARE)
    return last - length, last, hold


def _bar_lines(piece: Piece) -> list[Fraction]:
    return [bar.onset_beats for bar in piece.bars]


def _noise(piece: Piece, clock: Clock) -> dict[Fraction, float]:
    """Return by how much every onset is off: the same for all parts, and for the same piece.

    The order of onsets stays, because none moves by more than a share of the way to the next.
    """
    onsets = sorted({note.onset_beats for part in piece.parts for note in part.notes})
    times_s = np.array([clock.time_s(onset) for onset in onsets])
    ways_s = np.diff(times_s, prepend=-np.inf, append=np.inf)
    bound_s = np.minimum(MAX_NOISE_S, NOISE_SHARE * np.minimum(ways_s[:-1], ways_s[1:]))
    rng = np.random.default_rng(_fingerprint(piece))
    noise_s = np.clip(rng.normal(0, NOISE_S, len(onsets)), -bound_s, bound_s)
    return dict(zip(onsets, np.maximum(noise_s, -times_s).tolist(), strict=True))


def _fingerprint(piece: Piece) -> int:
    """Return a number that only the notes decide."""
    notes = [
        (index, str(note.onset_beats), note.pitch, str(note.duration_beats))
        for index, part in enumerate(piece.parts)
        for note in part.notes
    ]
    return zlib.crc32(repr(notes).encode())
