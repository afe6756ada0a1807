"""Misspelt words in context: what a word may have been meant to be, and when to leave it alone.

A likeness alone does not tell: "slw" is as near to "slow" as "sand" is to "sad". So words that
exist are left alone, a short word is mended only where the rest of the prompt is about music, and
what stands beside it (a note name before "falt", a number before "minuts") says which kind of word
it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

from composer.prompts.lexicon import Lexicon, lexicon
from composer.prompts.tokens import Token, fold

MIN_LETTERS, SHORT_LETTERS, LONG_LETTERS, MAX_LETTERS = 3, 5, 8, 30
# Costs up to which a word is mended; the second is for names of eight letters and more.
CERTAIN, DOUBTFUL = 1.05, 1.75
_NAMES = ("form", "composer", "ensemble", "unit", "other_composer", "mode")
_COMPOSED = {"form", "ensemble", "substitute"}
_VOWELS = set("aeiouy")
# Neighbours on the keyboards of the five languages, and letters that sound alike.
_KEYS = (*("qwertyuiop", "asdfghjkl", "zxcvbnm"), "qwertzuiop", "azertyuiop")
_ALIKE = ("bv", "ck", "sz", "fv", "td", "bp", "mn", "sc", "kq", "gj", "wv", "iy", "xs", "zc", "cz")
_NEAR = [set(row[n : n + 2]) for row in _KEYS for n in range(len(row) - 1)] + [*map(set, _ALIKE)]


def mend(tokens: Sequence[Token], language: str) -> list[Token]:
    """Return the tokens with the words that misspelt ones were meant to be.

    Args:
        tokens: Of a prompt.
        language: Of the prompt; empty where nothing tells it.
    """
    words = lexicon()
    found = list(tokens)
    n_musical = sum(token.is_number or token.folded in words.musical for token in tokens)
    doubtful = [n for n, token in enumerate(tokens) if not _is_fine(token, words)]
    # Long words first: what they are found to be tells what short ones are about.
    for index in sorted(doubtful, key=lambda n: -len(tokens[n].folded)):
        token = tokens[index]
        context = _kinds_expected(found, index, words)
        has_context = n_musical > 0 or bool(context)
        after = found[index + 1].folded if index + 1 < len(found) else ""
        meant = _meant(token.folded, after, language, frozenset(context), has_context)
        is_name = token.is_capital and index > 0 and language not in ("de", "")
        if meant and not (is_name and not token.text.isupper() and not _may_be_name(meant, words)):
            found[index] = replace(token, folded=meant)
            n_musical += 1
    return found


def part(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens with German compounds parted: `Barocksonate` -> `Barock`, `sonate`."""
    return [one for token in tokens for one in _parts_of(token, lexicon())]


def _parts_of(token: Token, words: Lexicon) -> list[Token]:
    if token.is_word and token.folded not in words.known:
        for cut in range(MIN_LETTERS, len(token.folded) - MIN_LETTERS):
            head, tail = token.folded[:cut], token.folded[cut:]
            kinds = {one.kind for one in words.content.get((tail,), ())}
            if (head,) in words.roles["compound"] and kinds & _COMPOSED:
                at = token.start + cut
                first = replace(token, text=token.text[:cut], folded=head, end=at)
                second = Token(token.text[cut:], tail, at, token.end, is_joined=True)
                return [first, second]
    return [token]


def _is_fine(token: Token, words: Lexicon) -> bool:
    return (
        not token.is_word
        or not MIN_LETTERS <= len(token.folded) <= MAX_LETTERS
        or token.folded in words.known
    )


def _may_be_name(word: str, words: Lexicon) -> bool:
    # Forms and keys are written with capitals in titles: "Waltz In A Minor".
    return any(kind in ("composer", "form", "mode") for kind, _ in words.targets[word])


def _kinds_expected(tokens: Sequence[Token], index: int, words: Lexicon) -> set[str]:
    """Return the kinds of words that what stands before and after makes likely."""
    expected = set()
    if index + 1 < len(tokens) and (tokens[index + 1].folded,) in words.roles["unit"]:
        expected |= {"number_word"}
    before = tokens[index - 1] if index else None
    if before is None:
        return expected
    if (before.folded,) in words.roles["note"] or (before.folded,) in words.roles["accidental"]:
        expected |= {"mode", "accidental"}
    if before.is_number or (before.folded,) in words.roles["number_word"]:
        expected |= {"unit"}
    if (before.folded,) in words.roles["asked_by"]:
        expected |= {"composer", "other_composer"}
    if (before.folded,) in words.roles["degree"]:
        expected |= {"tempo", "mood", "density", "loudness", "chromaticity", "liveliness"}
    return expected


@lru_cache(maxsize=1 << 12)
def _meant(
    word: str, after: str, language: str, expected: frozenset[str], has_context: bool
) -> str | None:
    """Return the word that was meant; None if that cannot be told."""
    words = lexicon()
    most = 2 if len(word) >= LONG_LETTERS else 1
    near = extract(word, words.targets.keys(), scorer=OSA.distance, score_cutoff=most, limit=48)
    costs: dict[str, float] = {}
    for target, distance, _ in near:
        is_expected = any(kind in expected for kind, _ in words.targets[target])
        cost = _cost(word, target, distance)
        cost -= 1.0 if is_expected else 0.0
        cost -= 0.5 if (target, after) in words.content else 0.0
        spoken = words.languages.get(target, frozenset())
        cost += 0.0 if not language or language in spoken or "" in spoken else 0.25
        if cost <= _bound(word, target, words, has_context):
            costs[target] = cost
    if not costs:
        return None
    best = min(costs, key=lambda one: (costs[one], not _is_name_itself(one, words), one))
    rivals = [
        target
        for target, cost in costs.items()
        if cost <= costs[best] + 0.05 and not words.targets[target] & words.targets[best]
    ]
    return None if rivals else best


def _is_name_itself(word: str, words: Lexicon) -> bool:
    """Whether a word is how its value is written: `chopin`, and not `szopen`."""
    return any(fold(value) == word for _, value in words.targets[word])


def _bound(word: str, target: str, words: Lexicon, has_context: bool) -> float:
    """Return up to which cost a word is mended: the less there is to go by, the lower."""
    if len(word) == MIN_LETTERS:
        # "slw" lacks a vowel; "log" is a word.
        is_lacking = not _VOWELS & set(word) and len(target) > len(word)
        return CERTAIN if is_lacking and has_context else 0.1
    if len(word) <= SHORT_LETTERS:
        # By itself a short word is mended only where two letters changed places.
        return CERTAIN if has_context or sorted(word) == sorted(target) else 0.0
    is_name = any(kind in _NAMES for kind, _ in words.targets[target])
    return DOUBTFUL if is_name and len(target) >= LONG_LETTERS else CERTAIN


def _cost(word: str, target: str, distance: float) -> float:
    """Return how unlikely a slip is: swapped letters are common, a wrong first one is rare."""
    if sorted(word) == sorted(target):
        return distance - 0.5 + (0.3 if word[0] != target[0] else 0.0)
    cost = float(distance)
    if len(word) == len(target):
        pairs = [{a, b} for a, b in zip(word, target, strict=True) if a != b]
        cost += 0.5 * sum(not _is_near(pair) for pair in pairs)
        is_first_near = _is_near({word[0], target[0]})
    else:
        cost += _ending_cost(word, target)
        is_first_near = False
    return cost + (0.6 if word[0] != target[0] and not is_first_near else 0.0)


def _ending_cost(word: str, target: str) -> float:
    """Return what speaks against a slip: with another ending it is a form, or another word."""
    longer = max(word, target, key=len)
    is_doubled = longer[-1] == longer[-2]
    if word.startswith(target) and not is_doubled:
        return 0.8
    return 0.4 if target.startswith(word) and not is_doubled else -0.2


def _is_near(pair: set[str]) -> bool:
    """Whether two letters are easily taken for each other, by finger or by ear."""
    return any(pair <= group for group in _NEAR) or pair <= _VOWELS
