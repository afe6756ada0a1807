"""MIDI files <-> `Song`. Knows ticks, and no words."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from symusic.core import NoteTick, ScoreTick, TempoTick, TimeSignatureTick, TrackTick

from composer.errors import ScoreFileError
from composer.remigen.song import Song, SongNote, TempoMark
from composer.remigen.words import (
    COMMON_TIME,
    DRUMS,
    Signature,
    bar_twelfths,
    length_id,
    length_twelfths,
    reduced,
    tempo_bpm,
    tempo_id,
)

MAX_FILE_BYTES = 10_000_000
MAX_BARS = 20_000
TICKS_PER_QUARTER = 480
_TICKS_PER_TWELFTH = TICKS_PER_QUARTER // 12
_VELOCITY_STEP = 4


def read_song(path: Path) -> Song:
    """Read a MIDI file.

    Raises:
        ScoreFileError: If it is none, or REMIGEN cannot say it.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ScoreFileError(f"the file {path.name[:80]!r} cannot be opened") from error
    if len(data) > MAX_FILE_BYTES:
        raise ScoreFileError(f"the file is larger than {MAX_FILE_BYTES / 1e6:g} MB")
    return midi_to_song(data)


def write_song(song: Song, path: Path) -> Path:
    """Write a MIDI file and return its path."""
    path.write_bytes(song_to_midi(song))
    return path


def midi_to_song(data: bytes) -> Song:
    """Return the music of a MIDI file on the grid of REMIGEN, to the bar of the last onset.

    Times are rounded to twelfths of a quarter, halves to even ones; tracks of one program become
    one; lengths are rounded down to one that has a word, velocities to steps of four.

    Args:
        data: The whole file.

    Raises:
        ScoreFileError: If it is no MIDI file, has no notes, or changes its meter within a bar.
    """
    try:
        score = ScoreTick.from_midi(data)
    except Exception as error:  # the parser promises no family of errors
        raise ScoreFileError("the file is damaged, or no MIDI file") from error
    if score.ticks_per_quarter < 1:
        raise ScoreFileError("the file states no ticks per quarter, so its notes have no time")

    def twelfths(ticks: int) -> int:
        return round(ticks * 12 / score.ticks_per_quarter)

    sounds = [
        (twelfths(note.time), twelfths(note.time + note.duration), track, note)
        for track in score.tracks
        for note in track.notes
    ]
    if not sounds:
        raise ScoreFileError("the file holds no notes")
    changes = {
        twelfths(change.time): reduced((change.numerator, change.denominator))
        for change in score.time_signatures
    }
    grid = _Grid(changes, max(onset for onset, *_ in sounds))
    return Song.of(
        grid.signatures,
        (
            SongNote(
                *grid.place(onset),
                DRUMS if track.is_drum else track.program,
                note.pitch,
                length_id(max(1, end - onset)),
                note.velocity // _VELOCITY_STEP,
            )
            for onset, end, track, note in sounds
        ),
        _tempo_marks(grid, [(twelfths(tempo.time), tempo.qpm) for tempo in score.tempos]),
    )


def _tempo_marks(grid: _Grid, tempos: Sequence[tuple[int, float]]) -> list[TempoMark]:
    """Return tempos up to the last onset; 120 bpm hold before the first one."""
    places = dict([(0, 120.0), *sorted(tempos, key=lambda tempo: tempo[0])])
    inside = {at: bpm for at, bpm in places.items() if at <= grid.last}
    return [TempoMark(*grid.place(at), tempo_id(bpm)) for at, bpm in inside.items()]


class _Grid:
    """The bars of a file.

    Args:
        changes: Where the meter changes, in twelfths from the beginning -> to what.
        last: Where the last note begins.

    Raises:
        ScoreFileError: If the meter changes within a bar, or there are far too many bars.
    """

    def __init__(self, changes: dict[int, Signature], last: int) -> None:
        self.last = last
        self.signatures: list[Signature] = []
        self._starts: list[int] = []
        start, signature = 0, COMMON_TIME
        while start <= last:
            signature = changes.get(start, signature)
            if (length := bar_twelfths(signature)) < 1:
                raise ScoreFileError(f"a bar of 1/{signature[1]} is too short for REMIGEN")
            if len(self._starts) >= MAX_BARS:
                raise ScoreFileError(f"the file has more than {MAX_BARS:,} bars")
            self._starts.append(start)
            self.signatures.append(signature)
            start += length
        for at, signature in changes.items():
            bar, onset = self.place(at)
            if at <= last and onset and signature != self.signatures[bar]:
                raise ScoreFileError(
                    f"the meter changes within bar {bar + 1}, which REMIGEN cannot say"
                )

    def place(self, at: int) -> tuple[int, int]:
        """Return index of the bar, and twelfths from its line."""
        bar = bisect_right(self._starts, at) - 1
        return bar, at - self._starts[bar]


def song_to_midi(song: Song) -> bytes:
    """Return a song as a MIDI file: a track for each program.

    Where a key is struck again while it sounds, the later note has a track of its own, so that
    every note keeps its length.
    """
    score = ScoreTick(TICKS_PER_QUARTER)
    starts = song.bar_starts_twelfths
    for mark in song.tempos:
        tick = _TICKS_PER_TWELFTH * (starts[mark.bar] + mark.onset_twelfths)
        score.tempos.append(TempoTick(tick, tempo_bpm(mark.tempo)))
    before = None
    for start, signature in zip(starts, song.signatures, strict=False):
        if signature != before:
            change = TimeSignatureTick(_TICKS_PER_TWELFTH * start, *signature)
            score.time_signatures.append(change)
        before = signature
    by_program = sorted(song.notes, key=lambda note: note.program)
    for program, notes in groupby(by_program, key=lambda note: note.program):
        for layer in _layers(_tick_note(note, starts) for note in notes):
            track = TrackTick("", program % DRUMS, program == DRUMS)
            for sound in layer:
                track.notes.append(sound)
            score.tracks.append(track)
    return score.dumps_midi()


def _tick_note(note: SongNote, starts: Sequence[int]) -> NoteTick:
    onset = starts[note.bar] + note.onset_twelfths
    return NoteTick(
        _TICKS_PER_TWELFTH * onset,
        _TICKS_PER_TWELFTH * length_twelfths(note.length),
        note.pitch,
        _VELOCITY_STEP * note.velocity + _VELOCITY_STEP // 2,
    )


def _layers(notes: Iterator[NoteTick]) -> list[list[NoteTick]]:
    """Return the notes in layers in which no key is struck while it sounds."""
    layers: list[list[NoteTick]] = []
    ends: list[dict[int, int]] = []
    for note in sorted(notes, key=lambda note: note.time):
        free = (at for at, end in enumerate(ends) if end.get(note.pitch, 0) <= note.time)
        at = next(free, len(layers))
        if at == len(layers):
            layers.append([])
            ends.append({})
        layers[at].append(note)
        ends[at][note.pitch] = note.time + note.duration
    return layers
