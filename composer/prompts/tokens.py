"""A prompt as tokens: words, numbers and signs, each with its place in the text. Knows no music."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_PATTERN = re.compile(r"\d+(?:[.,]\d+)?|[^\W\d_]+|[^\w\s]")
# Between letters they part words: "d'archi", "isn't".
_APOSTROPHES = "'’`´"
# Letters that are no letter with an accent for Unicode, and yet are typed without their stroke.
_STROKES = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "œ": "oe", "æ": "ae", "ı": "i"})
HYPHENS = "-‐‑–"


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a number or a sign.

    Args:
        text: As it was typed.
        folded: In small letters, without accents; the word that was meant where it was misspelt.
        start, end: Where it stands in the text, in characters.
        is_joined: Whether a hyphen joins it to the token before.
        is_glued: Whether nothing stands between it and the token before.
    """

    text: str
    folded: str
    start: int
    end: int
    is_joined: bool = False
    is_glued: bool = False

    @property
    def is_word(self) -> bool:
        """Whether it is made of letters."""
        return self.text[0].isalpha()

    @property
    def is_number(self) -> bool:
        """Whether it is made of digits."""
        return self.text[0].isdecimal() and self.text.isascii()

    @property
    def is_capital(self) -> bool:
        """Whether it begins with a capital letter."""
        return self.text[0].isupper()


@lru_cache(maxsize=1 << 14)
def fold(text: str) -> str:
    """Return a word in small letters and without accents: `Präludium` -> `praludium`."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_STROKES))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def tokens_of(text: str) -> list[Token]:
    """Return the tokens of a text; hyphens within words join them, and are no tokens."""
    found: list[Token] = []
    joined = False
    for match in _PATTERN.finditer(text):
        start, end = match.span()
        is_glued = bool(found) and start > 0 and not text[start - 1].isspace()
        after = text[end : end + 1]
        if match[0] in _APOSTROPHES and is_glued and after.isalpha():
            continue
        if match[0] in HYPHENS and is_glued and after.isalnum():
            joined = True
            continue
        found.append(Token(match[0], fold(match[0]), start, end, joined, is_glued))
        joined = False
    return found
