"""`read_words`: a prompt -> a `Reading`: settings, and what became of every word. No word is lost.

States of words: `understood`, `guessed` (something near it was taken), `not available` (known, and
there is no setting for it), `not understood`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from composer.prompts.grammar import read_spans
from composer.prompts.lexicon import lexicon
from composer.prompts.line import Line, Span, line_of
from composer.prompts.merging import Contradiction, Draft, merge
from composer.prompts.spelling import mend, part
from composer.prompts.tokens import Token, tokens_of

MAX_CHARACTERS = 4000
STATES = ("understood", "guessed", "not available", "not understood")


@dataclass(frozen=True)
class Phrase:
    """Some words of a prompt, and what they set.

    Args:
        text: As typed, with what steers it: `not too chromatic`.
        start, end: Its place in the prompt, in characters.
        words: The words of it that mean something.
        state: Of `STATES`.
        settings: What it sets, by name; empty if nothing.
        note: What else a person should know, half a sentence.
    """

    text: str
    start: int
    end: int
    words: tuple[str, ...]
    state: str
    settings: dict[str, Any]
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "text": self.text,
            "start": self.start,
            "end": self.end,
            "state": self.state,
            "settings": {name: _json(value) for name, value in self.settings.items()},
            "note": self.note,
        }


@dataclass(frozen=True)
class Reading:
    """A prompt that was read.

    Args:
        text: The prompt, as far as it was read.
        language: In which it seems to be written.
        settings: By name; a tempo as a range in quarters a minute under `tempo`.
        avoid: Composers, forms, ensembles, keys and meters that are not wanted.
        phrases: All that it says, in its order.
        contradictions: What it says that cannot both be.
        unread: Characters behind the last one that was read.
    """

    text: str
    language: str
    settings: dict[str, Any]
    avoid: tuple[str, ...]
    phrases: tuple[Phrase, ...]
    contradictions: tuple[Contradiction, ...]
    unread: int = 0

    def words(self) -> Iterator[tuple[str, Phrase]]:
        """Yield every word that means something, with its phrase."""
        for phrase in self.phrases:
            for word in phrase.words:
                yield word, phrase


def read_words(text: str, dropped: Collection[int] = ()) -> Reading:
    """Read a prompt in English, German, French, Spanish or Italian.

    Args:
        text: What a person typed; only the first `MAX_CHARACTERS` are read.
        dropped: Starts of phrases that are left out of account, in characters.
    """
    unread = max(0, len(text) - MAX_CHARACTERS)
    text = text[:MAX_CHARACTERS]
    typed = tokens_of(text)
    first = line_of(typed, lexicon())
    line = line_of(part(mend(typed, "" if first.is_torn else first.language)), lexicon())
    spans = read_spans(line)
    starts = [_start(line, span) for span in spans]
    kept = [span for span, start in zip(spans, starts, strict=True) if start not in dropped]
    draft = merge(kept)
    phrases = _phrases(text, line, kept, draft)
    settings = dict(draft.settings)
    avoid = tuple(draft.avoid)
    return Reading(
        text, line.language, settings, avoid, phrases, tuple(draft.contradictions), unread
    )


def _start(line: Line, span: Span) -> int:
    return line.tokens[span.first if span.reach is None else span.reach].start


def _phrases(text: str, line: Line, spans: Sequence[Span], draft: Draft) -> tuple[Phrase, ...]:
    found = [_phrase(text, line, span, draft.by_span.get(n, {})) for n, span in enumerate(spans)]
    covered = {
        index
        for span in spans
        for index in range(span.first if span.reach is None else span.reach, span.end)
    }
    for index, token in enumerate(line.tokens):
        if index not in covered and _means_something(line, index):
            found.append(
                Phrase(token.text, token.start, token.end, (token.text,), "not understood", {})
            )
    return tuple(sorted(found, key=lambda phrase: phrase.start))


def _phrase(text: str, line: Line, span: Span, settings: dict[str, Any]) -> Phrase:
    first = span.first if span.reach is None else span.reach
    start, end = line.tokens[first].start, line.tokens[span.end - 1].end
    inner = line.tokens[first : span.end]
    words = tuple(token.text for token in inner if token.is_word or token.is_number)
    mended = [token for token in inner if _is_mended(token)]
    notes = [f"{token.text} read as {token.folded}" for token in mended]
    notes += [span.note] if span.note else []
    return Phrase(text[start:end], start, end, words, span.state, settings, "; ".join(notes))


def _is_mended(token: Token) -> bool:
    return bool(tokens_of(token.text)) and tokens_of(token.text)[0].folded != token.folded


def _means_something(line: Line, index: int) -> bool:
    token = line.tokens[index]
    if token.is_number:
        return True
    roles = ("negation", "until", "and", "degree", "key_before", "asked_by", "number", "at_end")
    return token.is_word and not (
        line.is_plain(index) or any(line.role(role, index) for role in roles)
    )


def _json(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value if _is_plain(value) else str(value)


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (str, int, float, list))
