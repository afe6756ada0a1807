"""Keys as five languages write them: `F# minor`, `b-Moll`, `si bémol mineur`, `in Es`.

A note name is often a word of its own (a, as, es, do, la, si, mi), so that it counts as a key only
with a mode or an accidental, or where "in" and the like stand before it and nothing it could belong
to behind it. B is B flat with a German mode or in a German prompt; H is B.
"""

from __future__ import annotations

import re
from contextlib import suppress

from composer.errors import OptionError
from composer.prompts.line import Line, Span
from composer.theory import Key

_COMPACT = re.compile(r"([A-G])(b|#|♯|♭)?(m|min|maj|minor|major|Maj|Min)?")
_SIGNS = {"#": "#", "♯": "#", "♭": "b"}
# After "a minor", these make it the mode alone: "in a minor key".
_OF_MODE = ("key", "mode", "tonality", "scale", "third", "chord", "problem")
# Notes in small letters that are no word after "in" at the end of a phrase.
_SMALL = {"en": "bcdefg", "de": ("c", "d", "e", "f", "g", "a", "h", "b", "es", "as", "fis", "cis")}
# Those that are no word of a language or of measure between two commas.
_SMALL_CODES = frozenset(["bm", "cm", "dm", "em", "fm", "gm", "ebm", "bbm", "f#m", "c#m", "g#m"])
_GERMAN_MODES = ("dur", "moll")


def read_key(line: Line, index: int) -> Span | None:
    """Return the key that begins at a token."""
    token = line.tokens[index]
    if not token.is_word:
        return None
    return _read_compact(line, index) or _read_words(line, index)


def _span(line: Line, first: int, end: int, tonic: str, mode: str) -> Span | None:
    with suppress(OptionError):
        return Span(first, end, "key", Key(tonic, mode))
    # More than seven accidentals: nobody writes it so, and it is told.
    note = f"{tonic} {mode} would need more than seven accidentals"
    return Span(first, end, "key", None, state="not available", note=note)


def _read_compact(line: Line, index: int) -> Span | None:
    """Read `F#m`, `Bb`, `Ebm`, `DMaj`: one word, with signs glued to it."""
    text, end = line.tokens[index].text, index + 1
    while end < len(line.tokens) and line.tokens[end].is_glued and end < index + 3:
        text += line.tokens[end].text
        end += 1
    for stop in range(end, index, -1):
        text = "".join(token.text for token in line.tokens[index:stop])
        mode_behind = line.role("mode", stop)
        if mode_behind and text[0].islower() and text[1:] in ("b", "#", "♯", "♭"):
            text = text[0].upper() + text[1:]  # "bb minor"
        if text in _SMALL_CODES and index > 0 and line.is_end(index - 1) and line.is_end(stop):
            text = text[0].upper() + text[1:]  # ", gm,"
        match = _COMPACT.fullmatch(text)
        if not match or not (match[2] or match[3]):
            continue
        letter, sign, mode = match.groups()
        is_asked = line.role_before("key_before", index) is not None
        if mode == "m" and not sign and not is_asked and not _is_named_alone(line, index, stop):
            continue  # "Am" and "Em" are words, too
        if mode is None:
            following = line.role("mode", stop)
            if following:
                mode, stop = following
        is_minor = (mode or "").lower() in ("m", "min", "minor")
        return _span(
            *(line, index, stop, letter + _SIGNS.get(sign, sign or "")),
            "minor" if is_minor else "major",
        )
    return None


def _is_named_alone(line: Line, index: int, end: int) -> bool:
    """Whether `Dm` stands between signs or before what is composed: `waltz, Am`, `Dm waltz`."""
    before = index > 0 and line.is_end(index - 1)
    content = line.content(end)
    is_before_form = content is not None and content[0][0].kind in ("form", "substitute")
    return is_before_form or (before and line.is_end(end)) or (index == 0 and line.is_end(end))


def _read_words(line: Line, index: int) -> Span | None:
    """Read a note with an accidental and a mode, each a word."""
    notes = dict((language, value) for value, language in _notes(line, index))
    if not notes:
        return None
    end = index + 1
    sign = ""
    accidental = line.role("accidental", end)
    if accidental:
        sign, end = {"sharp": "#", "flat": "b"}[accidental[0]], accidental[1]
    elif line.word(end) in _SIGNS and (line.tokens[end].is_glued or line.role("mode", end + 1)):
        sign, end = _SIGNS[line.word(end)], end + 1
    mode = line.role("mode", end)
    if mode and mode[0] == "minor" and line.word(end) == "min" and line.tokens[index].is_number:
        mode = None
    mode_word = line.word(end) if mode else ""
    tonic = _tonic(line, index, notes, mode_word)
    if tonic is None or (sign and len(tonic) > 1):
        return None
    if mode:
        return _with_mode(line, index, mode[1], tonic + sign, mode[0])
    return _without_mode(line, index, end, tonic + sign)


def _notes(line: Line, index: int) -> tuple[tuple[str, str], ...]:
    return line.lexicon.roles["note"].get((line.word(index),), ())


def _tonic(line: Line, index: int, notes: dict[str, str], mode_word: str) -> str | None:
    """Return the note in the notation that the mode or the prompt speaks for."""
    if mode_word in _GERMAN_MODES or mode_word in ("mol",):
        return notes.get("de")
    if mode_word:
        romance = [notes[one] for one in ("fr", "es", "it") if one in notes]
        return notes.get("en") or next(iter(romance), None)
    spoken = [language for language in line.languages if language in notes]
    return notes[spoken[0]] if spoken else None


def _with_mode(line: Line, index: int, end: int, tonic: str, mode: str) -> Span | None:
    token = line.tokens[index]
    is_asked = line.role_before("key_before", index) is not None or line.is_end(index - 1)
    if token.folded == "a" and end == index + 2 and not line.tokens[index + 1].is_joined:
        follower = line.word(end)
        is_followed = line.is_end(end) or line.content(end) or line.is_plain(end)
        if follower in _OF_MODE or (index == 0 and not is_followed):
            return None
        if token.text == "a" and not (is_asked and (index > 0 or line.is_end(end))):
            return None
    if token.folded in ("la", "si", "mi", "do", "re", "sol", "fa") or len(token.folded) <= 2:
        return _span(line, index, end, tonic, mode)
    return _span(line, index, end, tonic, mode)


def _without_mode(line: Line, index: int, end: int, tonic: str) -> Span | None:
    """Read `in Es`, `en sol`, `key of D`, `mi bemol`: in German small is minor."""
    token = line.tokens[index]
    before = line.role_before("key_before", index)
    is_romance = len(token.folded) >= 2 and line.language in ("fr", "es", "it")
    has_sign = end > index + 1
    if before is None and not (has_sign and (is_romance or token.is_capital)):
        return None
    belongs = not (line.is_end(end) or line.is_plain(end) or line.content(end))
    is_small = line.is_end(end) and token.folded in _SMALL.get(line.language, ())
    if not has_sign and (
        belongs or not (token.is_capital or is_romance or is_small or _is_key_of(line, index))
    ):
        return None
    is_minor = line.language == "de" and token.text.islower() and not has_sign
    return _span(line, index, end, tonic, "minor" if is_minor else "major")


def _is_key_of(line: Line, index: int) -> bool:
    return line.word(index - 1) == "of" or line.word(index - 2) in ("tonart", "key")
