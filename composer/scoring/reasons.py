"""Say in words why a total is what it is. Knows finished scores, not how they were found."""

from __future__ import annotations

import math
from collections.abc import Sequence

from composer.scorecard import Score
from composer.scoring.rule import MAX_PLACES
from composer.scoring.rules import RULES

MAX_FAULTS, MAX_MERITS = 6, 4
# Bars named in a sentence before it says "and more".
MAX_BARS_NAMED = 5
# Crumbs of a point are not worth a sentence.
LEAST_LOST = 0.1
_RULES = {rule.name: rule for rule in RULES}


def tell_reasons(scores: Sequence[Score], group: str) -> tuple[str, ...]:
    """Return what counts against a piece, then what speaks for it, the weightiest first.

    Args:
        scores: All values of the piece.
        group: The group of real pieces beside it, such as `chorale/4`.
    """
    real = f"real {plural_of_group(group)}"
    measured = [score for score in scores if math.isfinite(score.value)]
    faults = [s for s in measured if s.lost >= LEAST_LOST and not s.is_inside_band]
    faults.sort(key=lambda score: -score.lost)
    against = [_against(score, real) for score in faults[:MAX_FAULTS]]
    return (*against, *_merits(measured, real))


def tell_reason(score: Score, group: str) -> str:
    """Return one sentence on one value: what was found, and how it compares."""
    real = f"real {plural_of_group(group)}"
    if not math.isfinite(score.value):
        return f"{_RULES[score.name].label}: nothing to measure"
    if not score.is_inside_band:
        return _against(score, real)
    if not math.isfinite(score.low):
        return _amount(score)
    if _RULES[score.name].is_fault and score.value == 0:
        return f"no {_RULES[score.name].label}"
    return _praise(score, real)


def plural_of_group(group: str) -> str:
    """Name the pieces of a group: `chorale/4` are chorales, `ensemble:choir` pieces for choir."""
    name = group.split("/")[0]
    if name.startswith("ensemble:"):
        return f"pieces for {name.removeprefix('ensemble:')}"
    if name in ("", "all"):
        return "pieces"
    if name == "variations":
        return "sets of variations"
    if name.endswith(("s", "x", "z", "ch", "sh")):
        return f"{name}es"
    return f"{name}s"


def _against(score: Score, real: str) -> str:
    rule = _RULES[score.name]
    if rule.is_expected:
        return f"{_finding(score)}; most {real} do better"
    low, high = _number(score.low, score.unit), _number(score.high, score.unit)
    band = high if low == high else f"{low.removesuffix(' %')} to {high}"
    if rule.label_of_one:
        rate = f"{_number(score.value, score.unit)} {score.unit}"
        return f"{_count(score)}{_bars(score)}, {rate}; {real} have {band}"
    side = "below" if score.value < score.low else "above"
    detail = _bars(score) if rule.is_fault else ""
    return f"{_amount(score)}{detail}, {side} {_company(score, real)} ({band})"


def _company(score: Score, real: str) -> str:
    """Name what the value is compared with; what no corpus was measured for has no real pieces."""
    return real if _RULES[score.name].measure else "usual pieces"


def _count(score: Score) -> str:
    """Return `2 parallel fifths`."""
    rule, n_places = _RULES[score.name], len(score.places)
    more = "at least " if n_places == MAX_PLACES else ""
    return f"{more}{n_places} {rule.label_of_one if n_places == 1 else rule.label}"


def _finding(score: Score) -> str:
    """Quote what was found of what is expected: `final cadence: bass on G2, tonic triad`."""
    label = _RULES[score.name].label
    return f"{label}: {score.places[0].note}" if score.places else f"no {label}"


def _merits(measured: Sequence[Score], real: str) -> list[str]:
    """Praise what lies in the band: absent faults in one sentence, the others one by one."""
    good = [score for score in measured if score.is_inside_band and math.isfinite(score.low)]
    good.sort(key=lambda score: -score.weight)
    absent = [s for s in good if _RULES[s.name].is_fault and s.value == 0]
    present = [s for s in good if not _RULES[s.name].is_fault and not _is_half_met(s)]
    sentences = [(s.weight, _praise(s, real)) for s in present]
    if absent:
        labels = [_RULES[score.name].label for score in absent[:3]]
        words = ", ".join(labels[:-1]) + " or " + labels[-1] if len(labels) > 1 else labels[0]
        sentences.append((absent[0].weight, f"no {words}"))
    sentences.sort(key=lambda sentence: -sentence[0])
    return [words for _, words in sentences[:MAX_MERITS]]


def _is_half_met(score: Score) -> bool:
    """Tell whether what is expected is not quite met, though real pieces often do no better."""
    return _RULES[score.name].is_expected and score.value < 1.0


def _praise(score: Score, real: str) -> str:
    if _RULES[score.name].is_expected:
        return _finding(score)
    return f"{_amount(score)}, as in {_company(score, real)}"


def _amount(score: Score) -> str:
    """Return label and value: `leaps of a fourth or more: 12 % of the melodic intervals`."""
    value, unit = _number(score.value, score.unit), score.unit
    if unit.startswith("share"):
        unit = unit.removeprefix("share ")
    return f"{_RULES[score.name].label}: {value} {unit}"


def _number(value: float, unit: str) -> str:
    if unit.startswith("share"):
        return f"{100 * value:.3g} %"
    return f"{value:.3g}"


def _bars(score: Score) -> str:
    """Name the bars of the places: ` (bars 3, 7)`."""
    bars = list(dict.fromkeys(place.bar for place in score.places))
    if not bars:
        return ""
    more = " and more" if len(bars) > MAX_BARS_NAMED else ""
    named = ", ".join(str(bar) for bar in bars[:MAX_BARS_NAMED])
    return f" ({'bar' if len(bars) == 1 else 'bars'} {named}{more})"
