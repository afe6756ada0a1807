"""Words that grow behind a prompt, some bars at a time, by whatever engine goes on with pieces.

The engine is asked to continue; it never sees a word. What it writes into a bar that the prompt has
begun is kept from the prompt's last word on, so that the prompt stands in the result as it was
given. Memory does not grow with the words: of very long music the engine is shown the last bars.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from statistics import fmean

from composer.branches import Choice
from composer.engines import Begun, Engine, Record, Take
from composer.errors import RequestError
from composer.piece import Piece
from composer.pipeline.chain import Chain
from composer.pipeline.extending import chunk_seed
from composer.remigen.players import (
    bars_of_song,
    beginning,
    notes_of_bars,
    same_meter_since,
    silenced,
)
from composer.remigen.prompt import Prompt, words_behind
from composer.remigen.song import Song, SongNote
from composer.remigen.words import DRUMS, tempo_id
from composer.request import MAX_BARS, Request
from composer.stitching import clip, trim
from composer.theory import Meter

ATTEMPTS = 8  # at bars that are music, and begin where the prompt says
_ATTEMPT_BIT = 48  # above all bits that seeds of chunks have
_USUAL_WORDS_PER_BAR = 60


class Growth:
    """A prompt, and the bars behind it.

    Args:
        engine: That goes on.
        prompt: That it goes on with.
        request: Temperature and seed.
        context_words: Of the last words, how many are read again for the next bars.

    Raises:
        RequestError: If the engine cannot go on with it.
    """

    def __init__(
        self, engine: Engine, prompt: Prompt, request: Request, context_words: int
    ) -> None:
        meter = Meter(*prompt.signature)
        _check(engine, prompt, meter)
        song, closed = prompt.song, prompt.closed_bars
        players = beginning(prompt.programs, song.notes, meter, engine.menu, request.seed)
        first = max(same_meter_since(song.signatures), closed - MAX_BARS)
        n_before = max(0, closed - first)
        before = clip(bars_of_song(song, first, closed, players)) if n_before else players
        loud = [note.velocity for note in song.notes if note.program != DRUMS]
        self.words: list[str] = []  # behind the prompt
        self.n_bars = closed  # that have ended
        self.n_notes = len(song.notes)
        self.n_chunks = 0
        self._engine, self._prompt, self._context_words = engine, prompt, context_words
        self.seed = request.seed
        self._request = replace(request, meter=meter, key=players.key, candidates=1)
        self._key = players.key
        self._tempo = prompt.tempo if prompt.says_tempo else tempo_id(players.tempo_bpm)
        self._velocity = round(fmean(loud)) if loud else None
        self._chain = Chain.of(before, n_before, players.ensemble)

    @property
    def words_per_bar(self) -> float:
        """Of the new bars; what is usual as long as there are none."""
        n_new = self.n_bars - self._prompt.closed_bars
        return max(1.0, len(self.words) / n_new) if n_new else _USUAL_WORDS_PER_BAR

    def grow(self, bars: int, bars_after: int) -> None:
        """Add bars.

        Args:
            bars: How many; one that the prompt has begun is one of them.
            bars_after: How many will follow; with 0 they close the music.

        Raises:
            RequestError: If nothing comes that is music.
        """
        is_begun = self._prompt.is_open and self.n_bars == self._prompt.closed_bars
        music, notes, record = self._draw(bars, bars_after, is_begun=is_begun)
        start = self._prompt if is_begun else replace(self._prompt, is_open=False)
        signatures = [self._prompt.signature] * bars
        self.words += words_behind(start, notes, signatures, self._tempo)
        self.n_notes += len(notes)
        self.n_bars += bars
        self.n_chunks += 1
        self._chain = self._chain.plus(Choice(music, 0.0, record=dict(record)), self._key)
        if self._chain.n_bars > MAX_BARS:
            self._forget()

    def _draw(
        self, bars: int, bars_after: int, *, is_begun: bool
    ) -> tuple[Piece, list[SongNote], Record]:
        """Return the next bars, their notes as far as they are new, and the engine's record."""
        reason = ""
        for attempt in range(ATTEMPTS):
            for take in self._takes(bars, bars_after, attempt, is_begun=is_begun):
                if take.piece is None:
                    reason = take.reason
                    continue
                notes = notes_of_bars(take.piece, self._prompt.signature, self._velocity)
                if not is_begun:
                    return take.piece, notes, take.record
                new = self._behind(notes, is_last=attempt == ATTEMPTS - 1)
                if new:
                    music, record = self._with_begun(take, notes, new, bars)
                    return music, new, record
                reason = "no note comes where the prompt says"
        raise RequestError(f"nothing comes that can be gone on with: {reason}")

    def _takes(self, bars: int, bars_after: int, attempt: int, *, is_begun: bool) -> Iterator[Take]:
        ask = self._chain.ask(
            self._request,
            self._key,
            bars,
            bars_after,
            seed=chunk_seed(self._request.seed, self.n_chunks) + (attempt << _ATTEMPT_BIT),
            context_bars=max(1, int(self._context_words / self.words_per_bar)),
            begun=self._begun if is_begun else None,
        )
        for step in self._engine.answer(ask):
            yield from step.takes

    @property
    def _begun(self) -> Begun | None:
        """What the prompt has of its last bar; None if nothing but the time signature."""
        prompt = self._prompt
        if prompt.onset_twelfths is None:
            return None
        music = self._piece_of(self._begun_notes, 1)
        return Begun(music=music, beats=Fraction(prompt.onset_twelfths, 12), is_due=prompt.is_due)

    @property
    def _begun_notes(self) -> list[SongNote]:
        return [replace(note, bar=0) for note in self._prompt.begun if note.program != DRUMS]

    def _piece_of(self, notes: Sequence[SongNote], bars: int) -> Piece:
        """Return notes of new bars as a piece."""
        song = Song.of((self._prompt.signature,) * bars, notes)
        return bars_of_song(song, 0, bars, silenced(self._chain.piece, self._prompt.signature))

    def _behind(self, notes: Sequence[SongNote], *, is_last: bool) -> list[SongNote]:
        """Return the notes that can stand behind the prompt; none if none is where one must be.

        Args:
            notes: Of the next bars, the first of them begun by the prompt.
            is_last: Whether the first note that will do is moved to where one must be.
        """
        prompt = self._prompt
        found = [note for note in notes if note.bar or prompt.allows(note)]
        if not prompt.is_due or any(not n.bar and prompt.is_met_by(n) for n in found):
            return found
        fitting = (n for n, one in enumerate(found) if prompt.program in (None, one.program))
        first = next(fitting, None)
        if not is_last or first is None or prompt.onset_twelfths is None:
            return []
        found[first] = replace(found[first], bar=0, onset_twelfths=prompt.onset_twelfths)
        return sorted(found, key=lambda note: note.order)

    def _with_begun(
        self, take: Take, notes: Sequence[SongNote], new: Sequence[SongNote], bars: int
    ) -> tuple[Piece, Record]:
        """Return the bars of a take with what the prompt has of the first one.

        They are the take's own where the engine heeded the prompt, else what remains of them.
        """
        whole = [*self._begun_notes, *new]
        if take.piece is not None and _places(notes) == _places(whole):
            return take.piece, take.record
        return clip(self._piece_of(whole, bars)), {}

    def _forget(self) -> None:
        """Keep the last bars only, as music that was given."""
        n_bars, n_kept = self._chain.n_bars, MAX_BARS // 2
        last = clip(trim(self._chain.piece, n_bars - n_kept + 1, n_bars))
        self._chain = Chain.of(last, n_kept, last.ensemble)


def _places(notes: Iterable[SongNote]) -> set[tuple[int, int, int, int]]:
    return {(note.bar, note.onset_twelfths, note.program, note.pitch) for note in notes}


def _check(engine: Engine, prompt: Prompt, meter: Meter) -> None:
    """Refuse what an engine cannot do, before anything is drawn.

    Raises:
        RequestError: With what would do.
    """
    can, programs = engine.capabilities, prompt.programs
    if not can.serves("Continue"):
        raise RequestError(can.refusal("Continue"))
    if not can.writes(meter):
        usual = next(one for one in ("4/4", *can.meters) if one in can.meters)
        raise RequestError(
            f"this engine writes no bars of {meter}; ask for others, such as those of {usual}"
        )
    if programs == (DRUMS,) or (prompt.is_due and prompt.program == DRUMS):
        raise RequestError(
            f"no engine here plays i-{DRUMS}, percussion; let the prompt end with an instrument "
            f"that has pitches, such as i-0, the piano (what i-{DRUMS} plays before it stays)"
        )
    if len(programs) > can.max_parts:
        raise RequestError(
            f"this engine writes {can.max_parts} parts at most, and the prompt has "
            f"{len(programs)} instruments"
        )
