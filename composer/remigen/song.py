"""`Song`: music as REMIGEN can say it, on a grid of twelfths of a quarter. Knows no words.

It is not a `Piece`: any General MIDI program plays, several times the same key if need be, and
lengths, velocities and tempos are the ones that have a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from composer.remigen.words import Signature, bar_twelfths, tempo_id

DEFAULT_TEMPO_ID = tempo_id(120)


@dataclass(frozen=True, slots=True)
class SongNote:
    """A note.

    Args:
        bar: Index of its bar, from 0.
        onset_twelfths: From the bar line.
        program: Of General MIDI, 0-127; 128 is percussion.
        pitch: MIDI number, 0-127; of percussion, its key.
        length: Id of its length, 1-95; `words.length_twelfths` has the length itself.
        velocity: Id of its velocity, 0-31.
    """

    bar: int
    onset_twelfths: int
    program: int
    pitch: int
    length: int
    velocity: int

    @property
    def order(self) -> tuple[int, ...]:
        """By what notes are ordered: time, then instrument, then the highest and longest first."""
        falling = (-self.pitch, -self.length, -self.velocity)
        return (self.bar, self.onset_twelfths, self.program, *falling)


@dataclass(frozen=True, slots=True, order=True)
class TempoMark:
    """A tempo from a place on.

    Args:
        bar: Index of its bar, from 0.
        onset_twelfths: From the bar line.
        tempo: Id of the tempo, 0-48.
    """

    bar: int
    onset_twelfths: int
    tempo: int


@dataclass(frozen=True)
class Song:
    """Bars, notes and tempos.

    Args:
        signatures: Of every bar.
        notes: In the order of `SongNote.order`.
        tempos: In the order of time, the first at the very beginning, no two neighbours alike.
    """

    signatures: tuple[Signature, ...]
    notes: tuple[SongNote, ...]
    tempos: tuple[TempoMark, ...] = (TempoMark(0, 0, DEFAULT_TEMPO_ID),)

    @classmethod
    def of(
        cls,
        signatures: Sequence[Signature],
        notes: Iterable[SongNote],
        tempos: Iterable[TempoMark] = (),
    ) -> Song:
        """Build a song from notes and tempos in any order.

        Of tempos at one place the last one counts, and the first of all holds from the beginning.
        """
        places = {(mark.bar, mark.onset_twelfths): mark.tempo for mark in tempos}
        marks: list[TempoMark] = []
        for (bar, onset), tempo in sorted(places.items()):
            if not marks:
                marks.append(TempoMark(0, 0, tempo))
            elif marks[-1].tempo != tempo:
                marks.append(TempoMark(bar, onset, tempo))
        ordered = tuple(sorted(notes, key=lambda note: note.order))
        return cls(tuple(signatures), ordered, tuple(marks) or cls.tempos)

    @property
    def bar_starts_twelfths(self) -> list[int]:
        """Where every bar begins, and where the last one ends."""
        return list(accumulate(map(bar_twelfths, self.signatures), initial=0))

    def transposed(self, semitones: int) -> Song:
        """Return the song moved up; percussion stays."""
        return replace(
            self,
            notes=tuple(
                note if note.program == 128 else replace(note, pitch=note.pitch + semitones)
                for note in self.notes
            ),
        )
