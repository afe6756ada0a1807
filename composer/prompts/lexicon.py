"""The lexicon: words/*.toml, a file a language, as tables that are looked up by folded words.

Content words say what is wanted (a form, a mood); words with a role steer the others ("not",
"very", "in the key of"). A `~` at the end of a word stands for the endings of its language.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from composer.prompts.numbers import number_words
from composer.prompts.tokens import fold, tokens_of

LANGUAGES = ("en", "de", "fr", "es", "it")
MOST_WORDS = 8
MAX_PARTS = 8
CONTENT = (
    *("form", "ensemble", "ensemble_guess", "tempo", "density", "register", "chromaticity"),
    *(
        "liveliness",
        "loudness",
        "mood",
        "mood_guess",
        "meter",
        "mode_alone",
        "substitute",
        "style",
        "style_guess",
        "no_style",
        "length",
    ),
    *("composer", "composer_if_asked", "other_composer", "unavailable", "unavailable_modes"),
    *("parts", "bars", "length_s"),
)
# German words behind a number: what it counts, times what, and up to which number they are formed.
_COUNTED = (
    ("parts", "stimmig", 1, MAX_PARTS),
    ("bars", "taktig", 1, 64),
    ("length_s", "minutig", 60, 10),
    ("length_s", "sekundig", 1, 90),
)
_NAMES = ("form", "ensemble", "composer", "other_composer", "meter")
Words = tuple[str, ...]
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


class Meaning(NamedTuple):
    """What a phrase says.

    Args:
        kind: Of `CONTENT`.
        value: Such as `waltz` or `slow`.
        language: Where it is said so; empty for names and for markings of all languages.
    """

    kind: str
    value: Any
    language: str


@dataclass(frozen=True)
class Lexicon:
    """All words.

    Args:
        content: Meanings of a phrase.
        roles: By role (`negation`, `unit`, `note` ...), its phrases with value and language.
        longest: Of a role (or `content`) and a first word, the words of its longest phrase.
        known: Every word that is no misspelling.
        musical: Those of them that content has.
        targets: Words that a misspelling can be meant to be, with the kinds and values they have.
        languages: Of every word.
    """

    content: Mapping[Words, tuple[Meaning, ...]]
    roles: Mapping[str, Mapping[Words, tuple[tuple[Any, str], ...]]]
    longest: Mapping[tuple[str, str], int]
    known: frozenset[str]
    musical: frozenset[str]
    targets: Mapping[str, frozenset[tuple[str, str]]]
    languages: Mapping[str, frozenset[str]]


@cache
def meanings() -> dict[str, Any]:
    """Return what words of all languages mean: ranges of tempi, moods, styles."""
    return _read("meanings")


@cache
def lexicon() -> Lexicon:
    """Return the lexicon, read once."""
    content: dict[Words, list[Meaning]] = {}
    roles: dict[str, dict[Words, list[tuple[Any, str]]]] = {}
    languages: dict[str, set[str]] = {}
    leave: set[str] = set()
    for name in (*LANGUAGES, "names"):
        language = "" if name == "names" else name
        for kind, value, words in _entries(_read(name)):
            for word in words:
                languages.setdefault(word, set()).add(language)
            if kind == "leave":
                leave |= set(words)
            elif kind in CONTENT:
                content.setdefault(words, []).append(Meaning(kind, value, language))
            else:
                roles.setdefault(kind, {}).setdefault(words, []).append((value, language))
    roles["number_word"] = {words: [(n, "")] for words, n in number_words().items()}
    content |= _counted_words()
    targets = _targets(content, roles)
    in_roles = (word for found in roles.values() for words in found for word in words)
    musical = frozenset(word for words in content for word in words)
    return Lexicon(
        {words: tuple(found) for words, found in content.items()},
        {role: {w: tuple(v) for w, v in found.items()} for role, found in roles.items()},
        _longest(roles | {"content": content}),
        frozenset(leave).union(in_roles, musical),
        musical,
        targets,
        {word: frozenset(found) for word, found in languages.items()},
    )


def _longest(tables: Mapping[str, Mapping[Words, Any]]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for role, table in tables.items():
        for words in table:
            place = role, words[0]
            found[place] = max(found.get(place, 0), len(words))
    return found


def _counted_words() -> dict[Words, list[Meaning]]:
    """Return German words that hold a number: `vierstimmig`, `sechzehntaktiges`, `zweiminütig`."""
    found: dict[Words, list[Meaning]] = {}
    for words, number in number_words().items():
        for kind, stem, times, most in _COUNTED:
            if len(words) == 1 and number <= most and (kind == "length_s" or number % 1 == 0):
                for ending in ("", "e", "er", "es", "en", "em"):
                    word = (words[0] + stem + ending,)
                    found[word] = [Meaning(kind, number * times, "de")]
    return found


def _read(name: str) -> dict[str, Any]:
    path = resources.files("composer.prompts").joinpath("words", f"{name}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _entries(table: Mapping[str, Any]) -> Iterator[tuple[str, str, Words]]:
    """Yield kind, value and folded words of every phrase of a file."""
    endings = table.get("endings", ("",))
    for kind, entries in table.items():
        if not isinstance(entries, dict):
            continue
        for value, phrases in entries.items():
            for phrase in phrases.split(","):
                for spelled in _spellings(phrase.strip(), endings):
                    yield kind, value, tuple(token.folded for token in tokens_of(spelled))


def _spellings(phrase: str, endings: tuple[str, ...]) -> Iterator[str]:
    """Yield a phrase with all endings, umlauts also as two letters."""
    stem = phrase.removesuffix("~")
    for ending in endings if stem != phrase else ("",):
        yield stem + ending
        if stem.translate(_UMLAUTS) != stem:
            yield stem.translate(_UMLAUTS) + ending


def _targets(
    content: Mapping[Words, list[Meaning]], roles: Mapping[str, Mapping[Words, Any]]
) -> dict[str, frozenset[tuple[str, str]]]:
    found: dict[str, set[tuple[str, str]]] = {}
    for words, told in content.items():
        # A word out of a longer phrase is a likely slip only in names: "string qartet".
        told = told if len(words) == 1 else [one for one in told if one.kind in _NAMES]
        for word in words:
            if len(word) > 3 and told:
                found.setdefault(word, set()).update((one.kind, str(one.value)) for one in told)
    for role in ("unit", "mode", "accidental", "number_word", "degree", "negation"):
        for words, values in roles[role].items():
            for word in words:
                if len(word) > 3:
                    found.setdefault(word, set()).update((role, str(v)) for v, _ in values)
    return {word: frozenset(kinds) for word, kinds in found.items()}


def fold_phrase(text: str) -> Words:
    """Return the folded words of a text."""
    return tuple(fold(token.text) for token in tokens_of(text))
