"""Played notes -> a `Piece`: bars, places, lengths, key, and hands. Knows no sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from composer.errors import OptionError, RequestError
from composer.piece import MeterChange, Note, Part, Piece
from composer.theory import INSTRUMENTS, Instrument, Key, Meter, estimate_key
from composer.transcription.grid import Grid, find_grid
from composer.transcription.played import PlayedNote
from composer.transcription.profiles import Floats, Onsets, first_of_groups, gather
from composer.transcription.quantising import quantise
from composer.transcription.tapped import MIN_TAPS, check_taps, grid_of_taps, grid_on
from composer.units import TEMPO_RANGE_BPM

TOGETHER_S = 0.045  # notes of a chord begin within this time
FIRST_BAR_RANGE_S = (0.0, 600.0)
_SHORTEST = Fraction(1, 8)  # of a beat
_LEGATO_BEATS = 0.3  # a rest that is shorter is no rest
_SPLITS = range(48, 73)  # where the right hand may begin
_HAND = 12  # semitones that a hand spans without effort
_MIDDLE_SPLIT = 60


@dataclass(frozen=True)
class Frame:
    """What is known of a recording's bars before it is heard.

    Args:
        tempo_bpm: Quarters a minute, 20 to 300.
        meter: The time signature.
        first_bar_s: When a bar begins, 0 to 600; with meter, and tempo or taps.
        taps_s: A moment for every beat, as `tapped.check_taps` has it; instead of a tempo.
    """

    tempo_bpm: float | None = None
    meter: Meter | None = None
    first_bar_s: float | None = None
    taps_s: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Check all values.

        Raises:
            OptionError: If one is out of its range, a first bar stands alone, or taps and a tempo
                are given together.
        """
        _check("tempo_bpm", self.tempo_bpm, *TEMPO_RANGE_BPM)
        _check("first_bar_s", self.first_bar_s, *FIRST_BAR_RANGE_S)
        if self.taps_s:
            check_taps(self.taps_s)
            if self.tempo_bpm is not None:
                raise OptionError("taps are the tempo; leave one of the two out")
        has_pace = self.tempo_bpm is not None or bool(self.taps_s)
        if self.first_bar_s is not None and not (has_pace and self.meter):
            raise OptionError("a first bar needs a meter, and a tempo or taps")


def _check(name: str, value: float | None, low: float, high: float) -> None:
    if value is not None and not low <= value <= high:
        raise OptionError(f"`{name}` must be from {low:g} to {high:g}, got {str(value)[:20]}")


def write(
    notes: Sequence[PlayedNote], frame: Frame, *, is_line: bool, title: str = ""
) -> tuple[Piece, Grid]:
    """Write played notes down.

    Args:
        notes: By onset.
        frame: What is known of the bars.
        is_line: Whether they are a single line, which becomes one part; else right and left hand.
        title: Of the piece.

    Raises:
        RequestError: If there are no notes, or no beats under them.
    """
    if not notes:
        raise RequestError("no notes were found in the recording")
    notes = sorted(notes)
    times = np.array([one.onset_s for one in notes])
    pitches = np.array([float(one.pitch) for one in notes])
    onsets = gather(times, pitches, TOGETHER_S, is_line=is_line)
    grid = _grid(onsets, (times, pitches), frame, is_line=is_line)
    places, grid = quantise(onsets.times, grid)
    counts = np.diff([*first_of_groups(times, TOGETHER_S), len(times)])
    begins = [place for place, n in zip(places, counts, strict=True) for _ in range(n)]
    written = _written(notes, begins, grid, frame)
    return _piece(written, grid, is_line=is_line, title=title), grid


def _grid(onsets: Onsets, notes: tuple[Floats, Floats], frame: Frame, *, is_line: bool) -> Grid:
    meter, first_bar_s, taps_s = frame.meter, frame.first_bar_s, frame.taps_s
    if not taps_s:
        grid = find_grid(
            onsets,
            is_line=is_line,
            tempo_bpm=frame.tempo_bpm,
            meter=meter,
            first_bar_s=first_bar_s,
        )
        if is_line or first_bar_s is not None or len(grid.times_s) < MIN_TAPS:
            return grid
        # The beats that were found say once more where bars begin, now by their harmony too.
        return grid_on(onsets, notes, grid.times_s, is_line=is_line, meter=meter)
    return grid_of_taps(
        onsets, notes, taps_s, is_line=is_line, meter=meter, first_bar_s=first_bar_s
    )


def _written(
    notes: Sequence[PlayedNote], begins: list[Fraction], grid: Grid, frame: Frame
) -> list[Note]:
    """Return notes in quarters from the first bar line; one a pitch and place."""
    pulse = grid.meter.pulse_beats
    whole_bars = min(begins) // (grid.meter.length_beats / pulse)
    lead = whole_bars * grid.meter.length_beats / pulse
    ends = grid.beats_at(np.array([one.end_s for one in notes]))
    found: dict[tuple[Fraction, int], Note] = {}
    for one, begin, end in zip(notes, begins, ends, strict=True):
        length = max(_SHORTEST, _rounded(float(end) - float(begin)))
        note = Note((begin - lead) * pulse, one.pitch, length * pulse, one.velocity)
        place = (note.onset_beats, note.pitch)
        if place not in found or found[place].duration_beats < note.duration_beats:
            found[place] = note
    return sorted(found.values())


def _rounded(beats: float) -> Fraction:
    """Return a length that is written without effort: quarters of a beat, then halves."""
    parts = 4 if beats < 1.4 else 2
    return Fraction(round(beats * parts), parts)


def _piece(notes: list[Note], grid: Grid, *, is_line: bool, title: str) -> Piece:
    pulse = float(grid.meter.pulse_beats)
    lines = [notes] if is_line else [hand for hand in _hands(notes) if hand]
    player = _singer(notes) if is_line else INSTRUMENTS["piano"]
    parts = tuple(Part(player, tuple(_legato(line, pulse, is_line=is_line))) for line in lines)
    low, high = TEMPO_RANGE_BPM
    return Piece(
        parts=parts,
        meters=(MeterChange(Fraction(0), grid.meter),),
        key=_key(notes),
        title=title,
        tempo_bpm=float(round(min(high, max(low, grid.tempo_bpm)))),
    )


def _singer(notes: list[Note]) -> Instrument:
    """Return the highest voice of a choir that reaches all notes of a line; else a piano."""
    low, high = min(note.pitch for note in notes), max(note.pitch for note in notes)
    for name in ("soprano", "alto", "tenor", "bass"):
        voice = INSTRUMENTS[name]
        if voice.low <= low and high <= voice.high:
            return voice
    return INSTRUMENTS["piano"]


def _key(notes: list[Note]) -> Key:
    durations = np.zeros(12)
    for note in notes:
        durations[note.pitch % 12] += float(note.duration_beats)
    return estimate_key(durations.tolist(), _last_bass(notes))[0]


def _last_bass(notes: list[Note]) -> int:
    last = notes[-1].onset_beats
    return min(note.pitch for note in notes if note.onset_beats == last) % 12


def _legato(notes: list[Note], pulse: float, *, is_line: bool) -> list[Note]:
    """Return notes that last to the next one if little is missing, and in a line no longer."""
    moments = sorted({note.onset_beats for note in notes})
    following = dict(zip(moments, moments[1:], strict=False))
    found = []
    for note in notes:
        upcoming = following.get(note.onset_beats)
        length = note.duration_beats
        if upcoming is not None:
            gap = upcoming - note.end_beats
            if (gap < 0 and is_line) or 0 < gap <= _LEGATO_BEATS * pulse:
                length = upcoming - note.onset_beats
        found.append(Note(note.onset_beats, note.pitch, length, note.velocity))
    return _apart(found)


def _apart(notes: list[Note]) -> list[Note]:
    """Return notes of which none of a pitch begins while another of it sounds."""
    next_of: dict[int, Fraction] = {}
    found = []
    for note in reversed(notes):
        end = min(note.end_beats, next_of.get(note.pitch, note.end_beats))
        next_of[note.pitch] = note.onset_beats
        found.append(Note(note.onset_beats, note.pitch, end - note.onset_beats, note.velocity))
    return found[::-1]


def _hands(notes: list[Note]) -> tuple[list[Note], list[Note]]:
    """Split notes by pitch; the split moves slowly, and lets no hand span more than it can."""
    moments = sorted({note.onset_beats for note in notes})
    index = {moment: n for n, moment in enumerate(moments)}
    chords: list[list[int]] = [[] for _ in moments]
    for note in notes:
        chords[index[note.onset_beats]].append(note.pitch)
    splits = _split_path(
        np.array([[_strain(chord, split) for split in _SPLITS] for chord in chords])
    )
    upper = [note for note in notes if note.pitch >= splits[index[note.onset_beats]]]
    lower = [note for note in notes if note.pitch < splits[index[note.onset_beats]]]
    return upper, lower


def _strain(chord: list[int], split: int) -> float:
    """Return how uncomfortable a chord is that is split here."""
    high = [pitch for pitch in chord if pitch >= split]
    low = [pitch for pitch in chord if pitch < split]
    spans = [max(hand) - min(hand) for hand in (high, low) if hand]
    wide = sum(max(0, span - _HAND) for span in spans)
    near = min((abs(pitch - split + 0.5) for pitch in chord), default=6.0)
    return wide + 0.3 * max(0.0, 3.0 - near) + 0.02 * abs(split - _MIDDLE_SPLIT)


def _split_path(strains: Floats) -> list[int]:
    """Return the split at every moment: the least strain, and little movement (Viterbi)."""
    move = 0.5 * np.abs(np.arange(len(_SPLITS))[:, None] - np.arange(len(_SPLITS)))
    total, came = strains[0], []
    for row in strains[1:]:
        costs = total[:, None] + move
        came.append(costs.argmin(axis=0))
        total = costs.min(axis=0) + row
    best = [int(total.argmin())]
    for back in reversed(came):
        best.append(int(back[best[-1]]))
    return [int(_SPLITS[n]) for n in reversed(best)]
