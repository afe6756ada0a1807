"""Tokens -> spans: what every part of a prompt says, with what "not", "very" and "less" reach.

"Not" reaches the next thing that is said, and what "and" or "or" joins to it of the same kind; a
comma, a "but" and the end of the sentence stop it. So "not too fast, sad" is sad.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from composer.prompts.guessing import guess_word
from composer.prompts.keys import read_key
from composer.prompts.lexicon import Meaning
from composer.prompts.line import Line, Span
from composer.prompts.quantities import read_quantity

QUALITIES = frozenset(
    ["tempo", "density", "register", "chromaticity", "liveliness", "loudness", "mood", "length"]
)
_NAMES = frozenset(
    ["form", "composer", "ensemble", "style", "substitute", "unavailable", "other_composer"]
)
_LEAP = 3  # words between "not" and what it reaches, at most
# What a German compound may end in: "Streichquartettsatz", "Walzerstück".
_COMPOUNDS = ("satz", "satzes", "stuck", "stucke", "stuckes", "musik", "werk", "artig", "hafte")
_SUFFIXES = (
    *("esque", "iennes", "ienne", "iana", "iano", "isches", "ischer", "ische", "isch", "ian"),
    *("ean", "ien", "sche", "scher", "sches", "s"),
)


def read_spans(line: Line) -> list[Span]:
    """Return everything that a prompt says, in its order."""
    spans: list[Span] = []
    index = 0
    while index < len(line.tokens):
        span = _read_span(line, index)
        if span:
            spans.append(span)
        index = span.end if span else index + 1
    return _in_turn(line, _steered(line, spans))


def _read_span(line: Line, index: int) -> Span | None:
    if line.is_end(index) and not line.role("before_number", index):
        return None
    found = [read_key(line, index), read_quantity(line, index), _read_content(line, index)]
    known = [span for span in found if span]
    if known:
        return max(known, key=lambda span: span.end)
    return _read_derived(line, index) or _read_unknown(line, index)


def _read_content(line: Line, index: int) -> Span | None:
    found = line.content(index)
    if not found:
        return None
    meanings, end = found
    for meaning in meanings:
        span = _span_of(line, index, end, meaning)
        if span:
            return span
    return None


def _span_of(line: Line, index: int, end: int, meaning: Meaning) -> Span | None:
    kind, value = meaning.kind, meaning.value
    if kind == "mood_guess":
        # What a word brings to mind is guessed only in the language of the prompt.
        is_said = meaning.language == line.language
        note = f"taken as {value}"
        return Span(index, end, "mood", value, "guessed", note) if is_said else None
    if kind == "composer_if_asked":
        return Span(index, end, "composer", value) if _is_asked(line, index, end) else None
    if kind == "other_composer":
        return Span(index, end, kind, None, "not available", "nobody on the menu")
    if kind in ("unavailable", "unavailable_modes"):
        return Span(index, end, "unavailable", None, "not available", _UNAVAILABLE.get(value, ""))
    if kind == "ensemble_guess":
        return Span(index, end, "ensemble", value, "guessed", f"written for {value}")
    if kind == "substitute":
        return Span(index, end, kind, value, "guessed", f"no {value} is on the menu")
    if kind == "no_style":
        return None
    if kind == "style_guess":
        return Span(index, end, "style", value, "guessed", _taken_style(value))
    if kind == "mode_alone":
        return Span(index, end, "mode", value)
    if kind == "length_s":
        return Span(index, end, kind, float(value))
    if kind == "length":
        return Span(index, end, kind, value, "guessed")
    return Span(index, end, kind, value)


_UNAVAILABLE = {
    "instrument": "no part is written for it",
    "ensemble": "nothing is written for it",
    "form": "no such form is on the menu",
    "genre": "only classical music is written",
    "feature": "there is no setting for it",
    "modes": "keys are major or minor",
}


def _taken_style(style: str) -> str:
    return "taken as music from about 1890 on" if style == "later" else f"taken as {style} music"


def _is_asked(line: Line, index: int, end: int) -> bool:
    """Whether a name that is a word as well stands where a composer is asked for."""
    if not line.tokens[index].is_capital:
        return False
    asked = line.role_before("asked_by", index) is not None
    after = line.content(end) if end < len(line.tokens) else None
    return asked or (after is not None and any(one.kind == "form" for one in after[0]))


def _read_derived(line: Line, index: int) -> Span | None:
    """Read `Mozartean`, `Chopinesque`, `Walzerstück`."""
    word = line.word(index)
    for suffix in _COMPOUNDS:
        for meaning in line.lexicon.content.get((word.removesuffix(suffix),), ()):
            if word.endswith(suffix) and meaning.kind in ("form", "ensemble", "composer"):
                return Span(index, index + 1, meaning.kind, meaning.value)
    for suffix in _SUFFIXES:
        stem = word.removesuffix(suffix)
        if stem == word or len(stem) < 4:
            continue
        for meaning in line.lexicon.content.get((stem,), ()):
            if meaning.kind == "composer":
                return Span(index, index + 1, "composer", meaning.value)
    return None


def _read_unknown(line: Line, index: int) -> Span | None:
    """Guess what a word that no lexicon has may mean; a name in the middle of a line is none."""
    token = line.tokens[index]
    is_name = token.is_capital and index > 0 and line.language != "de"
    if not token.is_word or is_name or token.folded in line.lexicon.known:
        return None
    told = guess_word(token.folded)
    return Span(index, index + 1, "guess", told, "guessed", "by words like it") if told else None


# --- what steers what -------------------------------------------------------------------------


def _steered(line: Line, spans: Sequence[Span]) -> list[Span]:
    taken = {index for span in spans for index in range(span.first, span.end)}
    found: list[Span] = []
    for number, span in enumerate(spans):
        before = found[-1] if found else None
        begin = spans[number - 1].end if number else 0
        steered = _steer(line, span, begin, taken)
        if before is not None and steered.reach is None and _is_joined(line, before, span):
            steered = replace(span, is_negated=before.is_negated, degree=before.degree)
        elif before is not None and _is_joined(line, before, steered, degree="too"):
            steered = replace(steered, is_negated=True)
        found.append(steered)
    return found


def _steer(line: Line, span: Span, begin: int, taken: set[int]) -> Span:
    """Read the words between the last thing said and this one."""
    negated, degree, reach, distance = False, "", None, 0
    index = begin
    while index < span.first:
        until, negation = line.role("until", index), line.role("negation", index)
        if negation and negation[1] <= span.first and (not until or until[1] <= negation[1]):
            negated, reach = negation[0] == "not" or negated, index
            degree, distance, index = "", 0, negation[1]
            if negation[0] != "not":
                negated, reach = False, None
            continue
        found = line.role("degree", index)
        if line.is_end(index) or until:
            negated, degree, reach = False, "", None
            if not found:
                index = until[1] if until else index + 1
                continue
        if found and found[1] <= span.first and found[0] in ("less", "too", "very", "rather"):
            degree, reach = found[0], index if reach is None else reach
            distance, index = 0, found[1]
            continue
        distance += not line.is_plain(index)
        index += 1
        if distance > _LEAP:
            negated, degree, reach = False, "", None
    if degree and span.kind not in QUALITIES and not negated:
        degree, reach = "", None
    return replace(span, is_negated=negated, degree=degree, reach=reach)


def _is_joined(line: Line, before: Span, span: Span, degree: str = "") -> bool:
    """Whether "and" or "or" hands on the "not" of the thing before, here to "too dense"."""
    first = span.first if span.reach is None else span.reach
    if not before.is_negated or line.role("and", before.end) != ("words", first):
        return False
    if span.degree != degree:
        return False
    return (
        before.kind == span.kind
        or {before.kind, span.kind} <= QUALITIES
        or ({before.kind, span.kind} <= _NAMES)
    )


# --- what comes after what --------------------------------------------------------------------


def _in_turn(line: Line, spans: Sequence[Span]) -> list[Span]:
    """Join loudnesses that follow each other: `soft at first, then loud`, `leiser gegen Ende`."""
    found: list[Span] = []
    for span in spans:
        before = found[-1] if found else None
        if before is not None and _is_plain_loudness(before) and _is_plain_loudness(span):
            course = f"{before.value[0]}<{span.value[0]}".replace("f<p", "f>p")
            if _has_role(line, "then", before.end, span.first) and len(set(course)) == 3:
                found[-1] = replace(before, end=span.end, value=course)
                continue
        found.append(span)
    return [_towards_end(line, span) for span in found]


def _is_plain_loudness(span: Span) -> bool:
    is_level = span.kind == "loudness" and span.value in ("p", "pp", "f", "ff")
    return is_level and not span.is_negated and not span.degree


def _has_role(line: Line, role: str, begin: int, end: int) -> bool:
    return any(line.role(role, index) for index in range(begin, end))


def _towards_end(line: Line, span: Span) -> Span:
    """Read a loudness beside `towards the end` as one that is reached there."""
    if not _is_plain_loudness(span):
        return span
    course = "f>p" if span.value.startswith("p") else "p<f"
    after, before = line.role("at_end", span.end), line.role_before("at_end", span.first)
    if after:
        return replace(span, end=after[1], value=course)
    return span if before is None else replace(span, first=before, value=course, reach=None)
