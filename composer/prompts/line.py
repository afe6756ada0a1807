"""A prompt on its way through the grammar: tokens, their roles, the language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from composer.prompts.lexicon import LANGUAGES, MOST_WORDS, Lexicon, Meaning
from composer.prompts.tokens import Token


@dataclass(frozen=True)
class Span:
    """Some tokens that say one thing.

    Args:
        first, end: The first token, and the one behind the last.
        kind: Of what: a setting, or `mood`, `substitute`, `guess`, `length`, `unavailable`.
        value: What it says.
        state: `understood`, `guessed` or `not available`.
        note: What a person should know of it, half a sentence.
        is_negated: Whether it is what is not wanted.
        degree: `very`, `rather`, `too`, `less` or none.
        reach: The first token of what steers it, such as "not"; `first` if nothing does.
    """

    first: int
    end: int
    kind: str
    value: Any
    state: str = "understood"
    note: str = ""
    is_negated: bool = False
    degree: str = ""
    reach: int | None = None


@dataclass(frozen=True)
class Line:
    """Tokens with the lexicon at hand.

    Args:
        tokens: Of the prompt, misspellings mended.
        lexicon: All words.
        languages: Those of the prompt, the likeliest first.
        is_torn: Whether two languages are as likely; then what musicians of all say comes first.
    """

    tokens: Sequence[Token]
    lexicon: Lexicon
    languages: Sequence[str]
    is_torn: bool = False

    @property
    def language(self) -> str:
        """The likeliest language."""
        return self.languages[0]

    def word(self, index: int) -> str:
        """Return the folded token at an index; nothing outside of the prompt."""
        return self.tokens[index].folded if 0 <= index < len(self.tokens) else ""

    @cached_property
    def folded(self) -> tuple[str, ...]:
        """All folded tokens."""
        return tuple(token.folded for token in self.tokens)

    def words(self, index: int, count: int) -> tuple[str, ...]:
        """Return some folded tokens from an index on."""
        return self.folded[index : index + count]

    def most_words(self, role: str, index: int) -> int:
        """Return how many words a phrase of a role, or `content`, may have that begins here."""
        if not 0 <= index < len(self.tokens):
            return 0
        longest = self.lexicon.longest.get((role, self.folded[index]), 0)
        return min(longest, len(self.tokens) - index)

    def role(self, role: str, index: int) -> tuple[Any, int] | None:
        """Return the value of the longest phrase of a role that begins here, and its end."""
        for count in range(self.most_words(role, index), 0, -1):
            found = self.lexicon.roles[role].get(self.words(index, count))
            if found:
                value = min(found, key=lambda one: self._rank(one[1]))[0]
                return value, index + count
        return None

    def role_before(self, role: str, index: int) -> int | None:
        """Return where a phrase of a role begins that ends right before a token."""
        table = self.lexicon.roles[role]
        for count in range(min(MOST_WORDS, index), 0, -1):
            if self.words(index - count, count) in table:
                return index - count
        return None

    def content(self, index: int) -> tuple[list[Meaning], int] | None:
        """Return the meanings of the longest phrase that begins here, likeliest first, its end."""
        for count in range(self.most_words("content", index), 0, -1):
            found = self.lexicon.content.get(self.words(index, count), ())
            if count == 1 and self._is_plainly(index):
                found = tuple(one for one in found if one.language in ("", self.language))
            if found:
                return sorted(found, key=lambda one: self._rank(one.language)), index + count
        return None

    def _rank(self, language: str) -> int:
        if language == self.language:
            return 1
        if not language and self.is_torn:
            return 0
        return 2 if not language else 3 + list(LANGUAGES).index(language)

    def is_end(self, index: int) -> bool:
        """Whether the prompt ends here, or a sign stands here."""
        return index >= len(self.tokens) or not (
            self.tokens[index].is_word or self.tokens[index].is_number
        )

    def is_joined(self, index: int) -> bool:
        """Whether a hyphen joins a token to the one before it."""
        return index < len(self.tokens) and self.tokens[index].is_joined

    def _is_plainly(self, index: int) -> bool:
        """Whether a word says nothing of music in the very language of the prompt."""
        found = self.lexicon.roles["plain"].get((self.word(index),), ())
        return any(language == self.language for _, language in found)

    def is_plain(self, index: int) -> bool:
        """Whether a word says nothing of music in the languages of the prompt."""
        found = self.lexicon.roles["plain"].get((self.word(index),), ())
        return any(language in self.languages[:2] for _, language in found)


def line_of(tokens: Sequence[Token], lexicon: Lexicon) -> Line:
    """Return the line of some tokens."""
    counts = _weigh_languages(tokens, lexicon)
    languages = sorted(LANGUAGES, key=lambda one: (-counts[one], LANGUAGES.index(one)))
    return Line(tokens, lexicon, languages, counts[languages[0]] == counts[languages[1]])


def _weigh_languages(tokens: Sequence[Token], lexicon: Lexicon) -> Counter[str]:
    counts: Counter[str] = Counter(dict.fromkeys(LANGUAGES, 0))
    for token in tokens:
        found = lexicon.languages.get(token.folded, frozenset()) - {""}
        for language in found:
            # A word of one language alone tells more than one that many have.
            counts[language] += 60 // len(found) ** 2
        if any(letter in "äöüß" for letter in token.text.casefold()):
            counts["de"] += 60
        elif any(letter in "ñáíóú¿¡" for letter in token.text.casefold()):
            counts["es"] += 20
    return counts
