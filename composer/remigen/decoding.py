"""REMIGEN words -> `Song`, and what is wrong with them. Knows the order of words, no file.

    bar    s- [t-] onset* b-1
    onset  o- [t-] (i- note+)+
    note   p- d- v-

Both variants are read alike. What cannot be used is either refused or dropped; dropped words never
move what follows: a note is dropped whole, an onset with its notes, and a bar keeps its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from composer.errors import RequestError
from composer.remigen.song import Song, SongNote, TempoMark
from composer.remigen.words import (
    COMMON_TIME,
    DRUMS,
    END_OF_BAR,
    KINDS,
    SIGNATURES,
    TEMPO_RANGE_BPM,
    Signature,
    bar_twelfths,
    parse_word,
    tempo_id,
)

MAX_CHARACTERS = 8_000_000


@dataclass(frozen=True)
class Problem:
    """A word that cannot be used.

    Args:
        position: Of the word in the text, from 1.
        word: As it stands there, its first 40 characters.
        reason: What is wrong, and what would do.
    """

    position: int
    word: str
    reason: str

    def __str__(self) -> str:
        return f"word {self.position:,}, `{self.word}`: {self.reason}"


class WordError(RequestError):
    """A text that is no REMIGEN.

    Args:
        problem: The first word that cannot be used.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem
        self.position = problem.position


def decode(words: str | Sequence[str]) -> Song:
    """Return the song that words spell.

    Args:
        words: A text, or its words one by one. A last bar without `b-1` is taken as it is.

    Raises:
        WordError: At the first word that cannot be used.
        RequestError: If there are no words, or far too many.
    """
    return _read(words, is_strict=True)[0]


def decode_leniently(words: str | Sequence[str]) -> tuple[Song, tuple[Problem, ...]]:
    """Return the song of all words that can be used, and those that cannot.

    Raises:
        RequestError: If no word can be used, or there are far too many.
    """
    return _read(words, is_strict=False)


def _read(words: str | Sequence[str], *, is_strict: bool) -> tuple[Song, tuple[Problem, ...]]:
    reader = Reader(is_strict)
    reader.read_all(words)
    return reader.song, tuple(reader.problems)


def split(words: str | Sequence[str]) -> Sequence[str]:
    """Return the words of a text.

    Raises:
        RequestError: If it is far too long, or no text.
    """
    if not isinstance(words, str):
        if not isinstance(words, Sequence) or not all(isinstance(word, str) for word in words):
            raise RequestError("REMIGEN words are a text, or a list of texts")
        return words
    if len(words) > MAX_CHARACTERS:
        limit_mb = MAX_CHARACTERS / 1e6
        raise RequestError(f"the text is longer than {limit_mb:g} MB; give one piece a text")
    return words.removeprefix("\ufeff").split()


@dataclass
class Reader:
    """Where in the grammar a text stands.

    Args:
        is_strict: Whether the first problem is raised.
    """

    is_strict: bool
    position: int = 0
    word: str = ""
    signatures: list[Signature] = field(default_factory=list)
    notes: list[SongNote] = field(default_factory=list)
    tempos: list[TempoMark] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    in_bar: bool = False
    onset: int | None = None  # of the notes that follow; None if they have no place
    program: int | None = None
    begun: list[int] = field(default_factory=list)  # pitch, then length of a note
    is_lost: bool = False  # notes are dropped without a further word, because a word before was
    note_is_lost: bool = False
    takes_tempo: bool = False
    follows_junk: bool = False  # the word before this one was none
    is_junk: bool = False
    highest_program: int = -1  # of the present onset
    bar_may_be_missing: bool = False  # a dropped word since the last bar may have begun one

    @property
    def song(self) -> Song:
        """What was read so far."""
        return Song.of(self.signatures, self.notes, self.tempos)

    def read_all(self, words: str | Sequence[str]) -> None:
        """Read a whole text.

        Raises:
            WordError: At the first word that cannot be used, if it is strict.
            RequestError: If there are no words, or far too many.
        """
        for word in split(words):
            self.read(word)
        self.close_note()
        if not self.signatures:
            raise RequestError(
                "there are no REMIGEN words, such as `s-9 o-0 t-35 i-0 p-60 d-12 v-20`"
            )

    def read(self, word: str) -> None:
        """Go on by one word."""
        self.position += 1
        self.word = word[:40]
        parsed = parse_word(word)
        self.follows_junk, self.is_junk = self.is_junk, parsed is None
        if parsed is None:
            self.bar_may_be_missing = True
            self.complain("is no REMIGEN word; they look like s-9, o-0 or p-60")
            return
        kind, number = parsed
        takes_tempo, self.takes_tempo = self.takes_tempo, kind in "so"
        if kind not in "dv":
            self.close_note()
        if kind == "t":
            self._tempo(number, is_expected=takes_tempo)
        else:
            steps = {"b": self._end, "s": self._bar, "o": self._onset, "i": self._instrument}
            steps |= {"p": self._pitch, "d": self._length, "v": self._velocity}
            steps[kind](number)

    def complain(self, reason: str) -> None:
        """Note a problem of the present word, or raise it."""
        problem = Problem(self.position, self.word, reason)
        if self.is_strict:
            raise WordError(problem)
        self.problems.append(problem)

    def close_note(self) -> None:
        """Drop a note that was not finished."""
        if self.begun:
            lacking = "length and velocity" if len(self.begun) == 1 else "velocity"
            self.begun = []
            self.complain(f"the note before it has no {lacking}; a note is p-, d- and v-")

    def _in_range(self, kind: str, number: int) -> bool:
        count, name = KINDS[kind]
        if number < count:
            return True
        self.complain(f"{name} words go from {kind}-0 to {kind}-{count - 1}")
        return False

    def _end(self, number: int) -> None:
        if f"b-{number}" != END_OF_BAR:
            self.complain(f"only {END_OF_BAR} ends a bar")
        elif self.in_bar:
            self.in_bar = self.bar_may_be_missing = False
        elif self.bar_may_be_missing:
            self._open(self._last_signature)
            self.in_bar = self.bar_may_be_missing = False
        else:
            self.complain("ends a bar that has not begun; a bar begins with its time signature, s-")

    @property
    def _last_signature(self) -> Signature:
        return self.signatures[-1] if self.signatures else COMMON_TIME

    def _bar(self, number: int) -> None:
        if self.in_bar:
            self.complain(f"the bar before it has no {END_OF_BAR}")
        good = self._in_range("s", number)
        self._open(SIGNATURES[number] if good else self._last_signature)

    def _open(self, signature: Signature) -> None:
        self.signatures.append(signature)
        self.in_bar, self.bar_may_be_missing = True, False
        self.onset = self.program = None
        self.is_lost = False

    def _need_bar(self) -> None:
        if not self.in_bar:
            self.complain("stands in no bar; a bar begins with its time signature, s-")
            self._open(self._last_signature)

    def _onset(self, number: int) -> None:
        self._need_bar()
        before, self.onset, self.program, self.is_lost = self.onset, None, None, True
        self.highest_program = -1
        if not self._in_range("o", number):
            return
        last = bar_twelfths(self.signatures[-1]) - 1
        if number > last:
            numerator, denominator = self.signatures[-1]
            self.complain(f"a bar of {numerator}/{denominator} ends with o-{last}")
            return
        if before is not None and number <= before:
            self.complain(f"stands behind o-{before}; onsets rise in a bar")
        self.onset, self.is_lost = number, False

    def _tempo(self, number: int, *, is_expected: bool) -> None:
        count, _ = KINDS["t"]
        low, high = TEMPO_RANGE_BPM
        if number >= count:
            likely = f"; {number} bpm is t-{tempo_id(number)}" if number <= high else ""
            self.complain(
                f"tempo words go from t-0 ({low} bpm) to t-{count - 1} ({high} bpm){likely}"
            )
        elif is_expected and self.in_bar:
            if not self.is_lost:
                place = (len(self.signatures) - 1, self.onset or 0)
                self.tempos.append(TempoMark(*place, number))
        else:
            self.complain("a tempo stands behind a time signature or an onset")
            self._lose_onset(self.follows_junk)

    def _lose_onset(self, was_junk: bool) -> None:
        """Drop what follows where the word that was none must have been its onset."""
        if was_junk and self.onset is not None:
            self.onset, self.is_lost = None, True

    def _instrument(self, number: int) -> None:
        self.program = None
        self._lose_onset(self.follows_junk and number <= self.highest_program)
        if self.onset is None:
            if not self.is_lost:
                self._need_bar()
                self.complain("has no onset before it, o-")
                self.is_lost = True
        elif self._in_range("i", number):
            self.program, self.is_lost = number, False
            self.highest_program = max(number, self.highest_program)
        else:
            self.is_lost = True

    def _pitch(self, number: int) -> None:
        self.begun = [number]
        self.note_is_lost = self.is_lost
        if self.is_lost:
            return
        if self.program is None:
            self.is_lost = self.note_is_lost = True
            self._need_bar()
            self.complain("has no onset and instrument before it, o- and i-")
        elif not self._in_range("p", number):
            self.note_is_lost = True
        elif (number >= DRUMS) != (self.program == DRUMS):
            self.note_is_lost = True
            self.complain(
                f"pitches of i-{DRUMS} go from p-{DRUMS} to p-{2 * DRUMS - 1}, all others below"
            )

    def _length(self, number: int) -> None:
        if len(self.begun) != 1:
            self.begun = []
            self.complain("a length stands behind a pitch, p-")
        else:
            self.note_is_lost |= not self._in_range("d", number)
            self.begun.append(number)

    def _velocity(self, number: int) -> None:
        if len(self.begun) != 2:
            self.begun = []
            self.complain("a velocity stands behind a length, d-")
            return
        (pitch, length), self.begun = self.begun, []
        if not self._in_range("v", number) or self.note_is_lost:
            return
        assert self.onset is not None and self.program is not None
        place = (len(self.signatures) - 1, self.onset, self.program)
        self.notes.append(SongNote(*place, pitch % DRUMS, max(1, length), number))
