"""What a song says besides its lines: meters, tempos and keys. Knows events, and bars.

A value that no score can have is set aside: it says nothing, but the notes are sound.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from composer.corpus.meters import count_bars, lay_meters
from composer.corpus.midi.events import META, USUAL_TEMPO_BPM, Song
from composer.corpus.midi.limits import FILE_TEMPO_RANGE_BPM, MAX_BARS
from composer.errors import OptionError, ScoreFileError
from composer.piece import KeyChange, MeterChange, TempoChange
from composer.theory import Key, Meter, key_from_signature

_TEMPO, _METER, _KEY = 0x51, 0x58, 0x59
_DEFAULT_METER = Meter(4, 4)

# By so much a player may hold a note over the last bar line without beginning another bar.
_LATE_BEATS = Fraction(1, 12)

TicksToBeats = Callable[[int], Fraction]


@dataclass(frozen=True, slots=True)
class NoteSpan:
    """When notes sound: the first and last onset, and the last end, in quarters."""

    first_beats: Fraction
    last_beats: Fraction
    end_beats: Fraction


@dataclass(frozen=True, slots=True)
class Heading:
    """What a song says besides its lines.

    Args:
        meters: At bar lines.
        n_bars: Up to the end of the last note.
        shift_beats: By how much the music is pushed right, behind the silence of a pickup's bar.
        tempo_bpm, tempos: As in `Piece`; times not yet shifted.
        keys: Changes, the first at 0; empty if none is stated.
        remarks: As in `Piece`.
    """

    meters: tuple[MeterChange, ...]
    n_bars: int
    shift_beats: Fraction
    tempo_bpm: float
    tempos: tuple[TempoChange, ...]
    keys: tuple[KeyChange, ...]
    remarks: tuple[str, ...]


def read_heading(song: Song, ticks_to_beats: TicksToBeats, span: NoteSpan) -> Heading:
    """Return what a song says besides its lines.

    Args:
        song: Its events.
        ticks_to_beats: Its clock.
        span: When its notes sound.

    Raises:
        ScoreFileError: If it has more bars than can be read.
    """
    remarks: list[str] = []
    end_beats = span.end_beats
    written = dict(_written_meters(song, ticks_to_beats, end_beats, remarks))
    is_stated = bool(written)
    written.setdefault(Fraction(0), _DEFAULT_METER)
    if len(written) > MAX_BARS:
        raise ScoreFileError(f"the file has more than {MAX_BARS:,} time signatures")
    written, shift = _without_short_first(dict(sorted(written.items())))
    changes = [MeterChange(onset, meter) for onset, meter in written.items()]
    meters, n_moved = lay_meters(changes)
    if n_moved:
        remarks.append("read: time signatures within a bar, moved to the nearest bar line")
    n_bars = _count_bars(meters, span, shift)
    if n_bars > MAX_BARS:
        raise ScoreFileError(f"the file has {n_bars:,} bars; at most {MAX_BARS:,} can be read")
    if not is_stated:
        remarks.append("read: no time signature is stated, so bars of 4/4 are counted")
    tempo_bpm, tempos = _tempos(song, ticks_to_beats, span.first_beats, remarks)
    keys = _keys(song, ticks_to_beats, end_beats, remarks)
    return Heading(meters, n_bars, shift, tempo_bpm, tempos, keys, tuple(remarks))


def _count_bars(meters: tuple[MeterChange, ...], span: NoteSpan, shift: Fraction) -> int:
    """Count the bars up to the end; a note held a little over a bar line does not begin one."""
    n_bars = count_bars(meters, span.end_beats + shift)
    if meters[-1].meter.length_beats < 1:
        return n_bars
    late = max(span.end_beats - _LATE_BEATS, span.last_beats + Fraction(1, 1000)) + shift
    return min(n_bars, count_bars(meters, late)) if late > meters[-1].onset_beats else n_bars


def _meta(song: Song, kind: int, length: int) -> Iterator[tuple[int, bytes]]:
    """Yield tick and content of all meta events of a kind, in order of time."""
    found = [
        (event.tick, event.data[1:])
        for track in song.tracks
        for event in track
        if event.status == META and event.data[0] == kind and len(event.data) > length
    ]
    yield from sorted(found, key=lambda one: one[0])


def _written_meters(
    song: Song, ticks_to_beats: TicksToBeats, end_beats: Fraction, remarks: list[str]
) -> Iterator[tuple[Fraction, Meter]]:
    is_odd = False
    for tick, content in _meta(song, _METER, 2):
        onset = ticks_to_beats(tick)
        if onset < end_beats:
            try:
                yield onset, Meter(content[0], 2 ** min(content[1], 10))
            except OptionError:
                is_odd = True
    if is_odd:
        remarks.append("set aside: a time signature that no score can have")


def _without_short_first(written: dict[Fraction, Meter]) -> tuple[dict[Fraction, Meter], Fraction]:
    """Read a single short first bar under a meter of its own as a pickup of the next meter.

    Notation programs export an upbeat of an eighth as a bar of 1/8 before one of 4/4.
    """
    first, *later = written.items()
    if not later:
        return written, Fraction(0)
    onset, meter = later[0]
    missing = meter.length_beats - first[1].length_beats
    if onset != first[1].length_beats or missing < meter.length_beats / 4:
        return written, Fraction(0)
    shifted = {other + missing: there for other, there in later[1:]}
    return {Fraction(0): meter} | shifted, missing


def _tempos(
    song: Song, ticks_to_beats: TicksToBeats, first_beats: Fraction, remarks: list[str]
) -> tuple[float, tuple[TempoChange, ...]]:
    """Return the tempo under which the first note sounds, and the changes behind it."""
    low, high = FILE_TEMPO_RANGE_BPM
    tempo_bpm = USUAL_TEMPO_BPM
    changes: dict[Fraction, float] = {}
    if song.is_in_seconds:
        remarks.append("read: the file counts seconds (SMPTE), so quarters are half a second")
        return tempo_bpm, ()
    for tick, content in _meta(song, _TEMPO, 3):
        microseconds = int.from_bytes(content[:3])
        if not microseconds:
            remarks.append("set aside: a tempo that nobody can play")
            continue
        found = min(high, max(low, round(60_000_000 / microseconds, 6)))
        onset = ticks_to_beats(tick)
        if onset <= first_beats:
            tempo_bpm = found
        else:
            changes[onset] = found
    kept: list[TempoChange] = []
    for onset, found in changes.items():
        if not math.isclose(found, kept[-1].tempo_bpm if kept else tempo_bpm):
            kept.append(TempoChange(onset, found))
    return tempo_bpm, tuple(kept)


def _keys(
    song: Song, ticks_to_beats: TicksToBeats, end_beats: Fraction, remarks: list[str]
) -> tuple[KeyChange, ...]:
    found: dict[Fraction, Key] = {}
    for tick, content in _meta(song, _KEY, 2):
        fifths = int.from_bytes(content[:1], signed=True)
        if not -7 <= fifths <= 7 or content[1] not in (0, 1):
            remarks.append("set aside: a key signature that no score can have")
            continue
        onset = ticks_to_beats(tick)
        if onset < end_beats:
            # The first one holds from the beginning, wherever it stands.
            found[onset if found else Fraction(0)] = key_from_signature(
                fifths, ("major", "minor")[content[1]]
            )
    kept: list[KeyChange] = []
    for onset, key in found.items():
        if not kept or kept[-1].key != key:
            kept.append(KeyChange(onset, key))
    return tuple(kept)
