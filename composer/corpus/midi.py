"""Standard MIDI files -> `Piece`, and nothing that is no music. Knows MIDI, and no manifest.

Every way in which a file can be broken ends in `ScoreFileError` with one sentence that may be shown
to the person who brought it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from symusic.core import ScoreTick, TrackTick

from composer.corpus.general_midi import programs_to_instruments
from composer.corpus.meters import count_bars, lay_meters
from composer.corpus.text import clean_text, own_name
from composer.errors import OptionError, ScoreFileError
from composer.piece import MeterChange, Note, Part, Piece
from composer.theory import Key, Meter, estimate_key, key_from_signature
from composer.units import DEFAULT_TEMPO_BPM

MAX_FILE_BYTES = 2_000_000
MAX_NOTES = 60_000
MAX_BARS = 2_200
MAX_PARTS = 16
MAX_TICKS_PER_QUARTER = 32_767
# Tempos beyond are drawn to the nearest end: they are slips of a program, and the notes are sound.
FILE_TEMPO_RANGE_BPM = (5.0, 500.0)

_RING_BEATS = Fraction(1, 12)  # by which players hold notes over

_HEADER_LENGTH_BYTES = 14
_SMPTE_BIT = 0x8000
_DEFAULT_METER = Meter(4, 4)

TicksToBeats = Callable[[int], Fraction]


class _TickNote(NamedTuple):
    """A note as the file has it; sorts by onset, then pitch."""

    onset_ticks: int
    pitch: int
    duration_ticks: int
    velocity: int


def read_midi(path: Path) -> Piece:
    """Read a MIDI file; its title is the name of the file.

    Raises:
        ScoreFileError: If the file cannot be read as music.
    """
    return read_midi_bytes(read_file_start(path), title=path.stem)


def read_file_start(path: Path, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Return the content of a file, of a too large one a byte more than may be read.

    Raises:
        ScoreFileError: If there is no such file, or it cannot be opened.
    """
    try:
        if not path.is_file():
            raise ScoreFileError(f"there is no file {path.name[:80]!r} to read")
        with path.open("rb") as file:
            return file.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        raise ScoreFileError(f"the file {path.name[:80]!r} cannot be opened for reading") from error


def read_midi_bytes(data: bytes, *, title: str = "") -> Piece:
    """Read the content of a MIDI file.

    Every track (or channel in it) with notes is a part, in the order of the file; percussion and
    notes without length are left out. Times are exact.

    Args:
        data: The whole file.
        title: Given to the piece.

    Raises:
        ScoreFileError: If the data cannot be read as music.
    """
    _check_header(data)
    score = _parse(data)
    tracks = _tracks_with_notes(score)
    ticks_to_beats = _clock(score.ticks_per_quarter)
    notes_by_part = [_tick_notes(track) for track in tracks]
    instruments = programs_to_instruments([track.program for track in tracks])
    parts = tuple(
        Part(instrument, _notes(ticks, ticks_to_beats), own_name(track.name, instrument.name))
        for track, instrument, ticks in zip(tracks, instruments, notes_by_part, strict=True)
    )
    end_beats = ticks_to_beats(_end_ticks(notes_by_part, score.ticks_per_quarter))
    meters, n_bars = _meters(score, ticks_to_beats, end_beats)
    return Piece(
        parts=parts,
        meters=meters,
        key=_written_key(score) or _estimated_key(notes_by_part),
        n_bars=n_bars,
        title=clean_text(title),
        tempo_bpm=_tempo_bpm(score, min(part[0].onset_ticks for part in notes_by_part)),
    )


def _check_header(data: bytes) -> None:
    """Refuse what is no Standard MIDI file with ticks a quarter, before anything is parsed."""
    if len(data) > MAX_FILE_BYTES:
        limit_mb = MAX_FILE_BYTES / 1e6
        raise ScoreFileError(f"the file is larger than {limit_mb:g} MB; give one piece a file")
    if data[:4] == b"RIFF":
        raise ScoreFileError("the file is a RIFF MIDI file; save it as a Standard MIDI file (.mid)")
    if data[:4] != b"MThd":
        raise ScoreFileError("the file is no MIDI file: it does not begin as MIDI files do")
    if len(data) < _HEADER_LENGTH_BYTES:
        raise ScoreFileError("the file ends within its first bytes; it was cut off")
    layout, division = int.from_bytes(data[8:10]), int.from_bytes(data[12:14])
    if division & _SMPTE_BIT:
        raise ScoreFileError(
            "MIDI files timed in seconds (SMPTE) are not supported; save it with ticks a quarter"
        )
    if division == 0:
        raise ScoreFileError("the file states no ticks a quarter, so its notes have no time")
    if layout == 2:
        raise ScoreFileError("the file holds several songs (MIDI format 2); save each as format 1")
    if layout > 2:
        raise ScoreFileError("the file's first bytes are damaged: there is no such MIDI format")


def _parse(data: bytes) -> ScoreTick:
    try:
        score = ScoreTick.from_midi(data)
    except Exception as error:  # the parser promises no family of errors
        raise ScoreFileError("the file is damaged, or no MIDI file inside") from error
    if not 1 <= score.ticks_per_quarter <= MAX_TICKS_PER_QUARTER:
        raise ScoreFileError("the file states no ticks a quarter, so its notes have no time")
    return score


def _tracks_with_notes(score: ScoreTick) -> list[TrackTick]:
    """Return the tracks that become parts, few enough and with few enough notes."""
    sounding = [track for track in score.tracks if any(n.duration > 0 for n in track.notes)]
    tracks = [track for track in sounding if not track.is_drum]
    if sounding and not tracks:
        raise ScoreFileError("the file holds percussion only; give one with pitched notes")
    if not tracks:
        raise ScoreFileError("no notes found in the file; each needs a beginning and an end")
    if len(tracks) > MAX_PARTS:
        raise ScoreFileError(f"the file has {len(tracks)} parts; at most {MAX_PARTS} can be read")
    n_notes = sum(len(track.notes) for track in tracks)
    if n_notes > MAX_NOTES:
        raise ScoreFileError(f"the file has {n_notes:,} notes; at most {MAX_NOTES:,} can be read")
    return tracks


def _clock(ticks_per_quarter: int) -> TicksToBeats:
    """Return the exact way from ticks to quarters; notes share their onsets, so it remembers."""
    return lru_cache(maxsize=None)(lambda ticks: Fraction(ticks, ticks_per_quarter))


def _tick_notes(track: TrackTick) -> list[_TickNote]:
    """Return a track's notes that have a length, sorted."""
    arrays = track.notes.numpy()
    fields = ("time", "pitch", "duration", "velocity")
    notes = map(_TickNote._make, zip(*(arrays[name].tolist() for name in fields), strict=True))
    return sorted(note for note in notes if note.duration_ticks > 0)


def _end_ticks(notes_by_part: list[list[_TickNote]], ticks_per_quarter: int) -> int:
    """Return where the music ends: a last note that is held a little over needs no further bar."""
    ends = (n.onset_ticks + n.duration_ticks for part in notes_by_part for n in part)
    ring_ticks = int(_RING_BEATS * ticks_per_quarter)
    last_onset_ticks = max(part[-1].onset_ticks for part in notes_by_part)
    return max(last_onset_ticks + 1, max(ends) - ring_ticks)


def _notes(tick_notes: list[_TickNote], ticks_to_beats: TicksToBeats) -> tuple[Note, ...]:
    try:
        return tuple(
            Note(ticks_to_beats(onset), pitch, ticks_to_beats(duration), velocity)
            for onset, pitch, duration, velocity in tick_notes
        )
    except OptionError as error:
        raise ScoreFileError("the file has notes with impossible times or pitches") from error


def _meters(
    score: ScoreTick, ticks_to_beats: TicksToBeats, end_beats: Fraction
) -> tuple[tuple[MeterChange, ...], int]:
    """Return the meters laid on bar lines, and the number of bars up to the last note's end."""
    written = {Fraction(0): _DEFAULT_METER}
    for signature in sorted(score.time_signatures, key=lambda s: s.time):
        onset = ticks_to_beats(max(0, signature.time))
        if onset < end_beats:
            written[onset] = _checked_meter(signature.numerator, signature.denominator)
    if len(written) > MAX_BARS:
        raise ScoreFileError(f"the file has more than {MAX_BARS:,} time signatures")
    try:
        meters = lay_meters([MeterChange(onset, meter) for onset, meter in written.items()])
    except OptionError as error:
        raise ScoreFileError(str(error)) from error
    n_bars = count_bars(meters, end_beats)
    if n_bars > MAX_BARS:
        raise ScoreFileError(f"the file has {n_bars:,} bars; at most {MAX_BARS:,} can be read")
    return meters, n_bars


def _checked_meter(numerator: int, denominator: int) -> Meter:
    try:
        return Meter(numerator, denominator)
    except OptionError as error:
        raise ScoreFileError(
            f"the file has the time signature {numerator}/{denominator}, which no score can have"
        ) from error


def _written_key(score: ScoreTick) -> Key | None:
    """Return the key of the first key signature; `None` if there is none or it makes no sense."""
    for signature in sorted(score.key_signatures, key=lambda s: s.time)[:1]:
        if -7 <= signature.key <= 7 and signature.tonality in (0, 1):
            return key_from_signature(signature.key, ("major", "minor")[signature.tonality])
    return None


def _estimated_key(notes_by_part: list[list[_TickNote]]) -> Key:
    durations = [0.0] * 12
    for note in (note for part in notes_by_part for note in part):
        durations[note.pitch % 12] += note.duration_ticks
    last_onset_ticks = max(part[-1].onset_ticks for part in notes_by_part)
    last_bass = min(
        note.pitch
        for part in notes_by_part
        for note in part
        if note.onset_ticks + note.duration_ticks > last_onset_ticks
    )
    return estimate_key(durations, last_bass % 12)[0]


def _tempo_bpm(score: ScoreTick, first_onset_ticks: int) -> float:
    """Return the tempo under which the first note sounds, in quarters a minute."""
    tempos = sorted(score.tempos, key=lambda tempo: tempo.time)
    in_force = [tempo.qpm for tempo in tempos if tempo.time <= first_onset_ticks]
    tempo_bpm = float(in_force[-1]) if in_force else DEFAULT_TEMPO_BPM
    if not math.isfinite(tempo_bpm) or tempo_bpm <= 0:
        raise ScoreFileError("the file states a tempo that no one can play, of zero or without end")
    low, high = FILE_TEMPO_RANGE_BPM
    return min(high, max(low, tempo_bpm))
