"""What a prompt says, and the words that can follow it. Knows words and songs, no engine.

A prompt may end anywhere but within a note:

    s-9 o-0 t-35                      a note must come on the first beat
    s-9 o-0 t-35 i-0                  ... of a piano
    s-9 o-0 t-35 i-0 p-60 d-12 v-20   a bar has begun, and goes on behind this note
    ... b-1                           the next bar comes

What follows never stands before what was said: onsets rise in a bar, instruments within an onset,
and pitches fall within an instrument.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from composer.remigen.decoding import Reader, split
from composer.remigen.encoding import chord_words, encode
from composer.remigen.song import Song, SongNote, TempoMark
from composer.remigen.words import END_OF_BAR, Signature


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """Words that music begins with.

    Args:
        words: As they were given.
        song: What they spell; its last bar may have only begun.
        is_open: Whether the last bar has not ended.
        onset_twelfths: That was said last in an open bar; None if none was.
        program: That was said last at this onset; None if none was.
        is_due: Whether a note must come there, because none has yet.
        says_tempo: Whether the words name a tempo.
        lacks_tempo: Whether a tempo must come, behind an onset or, in REMIGEN2, a bar's beginning.
        variant: Of the words, one of `words.VARIANTS`.
    """

    words: tuple[str, ...]
    song: Song
    is_open: bool
    onset_twelfths: int | None
    program: int | None
    is_due: bool
    says_tempo: bool
    lacks_tempo: bool
    variant: str

    @property
    def signature(self) -> Signature:
        """Of the last bar."""
        return self.song.signatures[-1]

    @property
    def tempo(self) -> int:
        """The tempo that was said last, as an id; the usual one if none was."""
        return self.song.tempos[-1].tempo

    @property
    def programs(self) -> tuple[int, ...]:
        """Programs that were said, rising; percussion among them."""
        found = {note.program for note in self.song.notes}
        return tuple(sorted(found | ({self.program} if self.program is not None else set())))

    @property
    def closed_bars(self) -> int:
        """Bars that have ended."""
        return len(self.song.signatures) - self.is_open

    @property
    def begun(self) -> tuple[SongNote, ...]:
        """Notes of the bar that has only begun."""
        return tuple(note for note in self.song.notes if note.bar >= self.closed_bars)

    def allows(self, note: SongNote) -> bool:
        """Whether a note of the open bar can stand behind what was said."""
        if self.onset_twelfths is None or note.onset_twelfths > self.onset_twelfths:
            return True
        if note.onset_twelfths < self.onset_twelfths:
            return False
        if self.program is None or note.program > self.program:
            return True
        is_below = self.is_due or note.pitch < self.begun[-1].pitch
        return note.program == self.program and is_below

    def is_met_by(self, note: SongNote) -> bool:
        """Whether a note of the open bar is one that must come."""
        is_there = note.onset_twelfths == self.onset_twelfths
        return is_there and self.program in (None, note.program)


def read_prompt(words: str | Sequence[str]) -> Prompt:
    """Read a prompt.

    Raises:
        WordError: At the first word that cannot be used.
        RequestError: If there are no words, or far too many.
    """
    words = split(words)
    reader = Reader(is_strict=True)
    reader.read_all(words)
    last, variant = words[-1][0], _variant(words)
    is_open, onset = reader.in_bar, reader.onset
    return Prompt(
        words=tuple(words),
        song=reader.song,
        is_open=is_open,
        onset_twelfths=onset if is_open else None,
        program=reader.program if is_open else None,
        is_due=is_open and onset is not None and last != "v",
        says_tempo=bool(reader.tempos),
        lacks_tempo=is_open and last == ("o" if variant == "REMIGEN" else "s"),
        variant=variant,
    )


def _variant(words: Sequence[str]) -> str:
    """Return the variant of words: REMIGEN2 says the tempo behind a time signature."""
    before = ""
    for word in words:
        if word.startswith("t-"):
            return "REMIGEN2" if before.startswith("s-") else "REMIGEN"
        before = word
    return "REMIGEN"


def words_behind(
    prompt: Prompt, notes: Iterable[SongNote], signatures: Sequence[Signature], tempo: int
) -> list[str]:
    """Return the words that follow a prompt, up to the end of the last bar.

    Args:
        prompt: That they follow.
        notes: New ones in any order; bar 0 is the one that the prompt has begun, if it is open.
        signatures: Of the bars of these notes.
        tempo: Id of the tempo of all that follows.
    """
    song = Song.of(signatures, notes, [TempoMark(0, 0, tempo)])
    if not prompt.is_open:
        return encode(song, prompt.variant)
    first = [note for note in song.notes if note.bar == 0]
    later = [note for note in song.notes if note.bar > 0]
    words = list(_rest_of_bar(prompt, first, tempo))
    rest = [_moved(note, -1) for note in later]
    return words + encode(Song.of(signatures[1:], rest, song.tempos), prompt.variant)


def _rest_of_bar(prompt: Prompt, notes: Sequence[SongNote], tempo: int) -> Iterator[str]:
    """Yield the words of notes behind what was said of their bar."""
    onset, program = prompt.onset_twelfths, prompt.program
    says_tempo = prompt.variant == "REMIGEN"
    if prompt.lacks_tempo:
        yield f"t-{tempo}"
    for at, together in groupby(notes, key=lambda note: note.onset_twelfths):
        if at != onset:
            yield f"o-{at}"
            if says_tempo:
                yield f"t-{tempo}"
            program = None
        yield from chord_words(together, program)
    yield END_OF_BAR


def _moved(note: SongNote, bars: int) -> SongNote:
    place = (note.bar + bars, note.onset_twelfths)
    return SongNote(*place, note.program, note.pitch, note.length, note.velocity)
