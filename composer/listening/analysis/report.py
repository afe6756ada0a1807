"""The result of a study as JSON values, and the sentences for a paper. Knows no page.

The listener is the unit: a pair is tested by the signed ranks of listeners' own shares, and Holm
corrects over all pairs. The binomial test over single votes stands beside it, because papers quote
it; it takes the votes of one listener as independent, which they are not.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

import numpy as np

from composer.listening.analysis.agreement import Level, krippendorff_alpha
from composer.listening.analysis.answers import Hit, Preference, Rating, hits, preferences, ratings
from composer.listening.analysis.mixed import mixed_model
from composer.listening.analysis.ranking import RESAMPLES, strengths_of
from composer.listening.analysis.screening import Screening, screen
from composer.listening.analysis.significance import binomial_test, holm, signed_rank
from composer.listening.ballots import Listener
from composer.listening.plan import StudyPlan

FORMAT = 1
ALPHA = 0.05
Report = dict[str, Any]


def analyse(plan: StudyPlan, listeners: Sequence[Listener]) -> Report:
    """Analyse a study.

    Args:
        plan: Of the study.
        listeners: All that came, as the ballots have them.
    """
    screening = screen(plan, listeners)
    found: Report = {
        "format": FORMAT,
        "title": plan.title,
        "design": plan.design,
        "question": plan.asked,
        "listeners": _about_listeners(screening),
    }
    if screening.kept:
        found |= _ANALYSES[plan.kind.answer](plan, screening.kept)
        found["sides"] = _about_sides(screening.kept)
    found["sentences"] = _sentences(plan, found)
    return {name: _plain(value) for name, value in found.items()}


def _about_listeners(screening: Screening) -> Report:
    return {
        "came": len(screening.kept) + len(screening.dropped),
        "kept": len(screening.kept),
        "dropped": [{"listener": one.id, "reasons": list(why)} for one, why in screening.dropped],
    }


# --- Choices --------------------------------------------------------------------------------------


def _about_choices(plan: StudyPlan, kept: Sequence[Listener]) -> Report:
    return _about_preferences(plan, kept) if plan.design == "pairwise" else _about_hits(kept)


def _about_preferences(plan: StudyPlan, kept: Sequence[Listener]) -> Report:
    found = preferences(kept)
    names = [one.name for one in plan.conditions]
    pairs = [_about_pair(pair, votes) for pair, votes in _grouped(found, lambda one: one.pair)]
    _correct([pair["by_listener"] for pair in pairs])
    coded = [(one.listener, (one.prompt, one.pair), one.share) for one in found]
    return {
        "pairs": pairs,
        "strengths": [asdict(one) for one in strengths_of(found, names, seed=plan.seed)],
        "agreement": {"choices": krippendorff_alpha(coded, "nominal")},
    }


def _about_pair(pair: tuple[str, str], votes: Sequence[Preference]) -> Report:
    first, second = (sum(one.share == share for one in votes) for share in (1.0, 0.0))
    shares = [
        np.mean([one.share for one in own]) for _, own in _grouped(votes, lambda one: one.listener)
    ]
    return {
        "first": pair[0],
        "second": pair[1],
        "first_votes": first,
        "second_votes": second,
        "undecided": len(votes) - first - second,
        "share": float(np.mean([one.share for one in votes])),
        "by_listener": asdict(signed_rank([float(share) - 0.5 for share in shares])),
        "by_vote": asdict(binomial_test(first, first + second)),
    }


def _about_hits(kept: Sequence[Listener]) -> Report:
    found = hits(kept)
    groups = [(("all", "pairs"), found), *_grouped(found, lambda one: one.pair)]
    rows = [_about_group(pair, answers) for pair, answers in groups]
    _correct([row["by_listener"] for row in rows[1:]])
    rows[0]["by_listener"]["p_holm"] = rows[0]["by_listener"]["p"]
    coded = [(one.listener, (one.prompt, one.pair), float(one.is_right)) for one in found]
    return {"hits": rows, "agreement": {"choices": krippendorff_alpha(coded, "nominal")}}


def _about_group(pair: tuple[str, str], answers: Sequence[Hit]) -> Report:
    right = sum(one.is_right for one in answers)
    shares = [
        np.mean([one.is_right for one in own])
        for _, own in _grouped(answers, lambda one: one.listener)
    ]
    return {
        "first": pair[0],
        "second": pair[1],
        "right": right,
        "votes": len(answers),
        "share": right / len(answers),
        "by_listener": asdict(signed_rank([float(share) - 0.5 for share in shares])),
        "by_vote": asdict(binomial_test(right, len(answers))),
    }


# --- Numbers --------------------------------------------------------------------------------------


def _about_ratings(plan: StudyPlan, kept: Sequence[Listener]) -> Report:
    found = ratings(kept)
    names = [one.name for one in plan.conditions]
    scales = []
    for scale, rows in _grouped(found, lambda one: one.scale):
        model = mixed_model(rows, names[0])
        comparisons = [_compare(pair, rows) for pair in combinations(names, 2)]
        _correct([one["by_listener"] for one in comparisons])
        scales.append(
            {
                "scale": scale,
                "means": [_mean_of(name, rows, plan.seed) for name in names],
                "comparisons": comparisons,
                "mixed": None if model is None else asdict(model),
            }
        )
    level: Level = "ordinal" if plan.kind.answer == "scales" else "interval"
    agreement = {
        scale: krippendorff_alpha(
            [(one.listener, (one.prompt, one.condition), one.value) for one in rows], level
        )
        for scale, rows in _grouped(found, lambda one: one.scale)
    }
    return {"scales": scales, "agreement": agreement}


def _mean_of(condition: str, rows: Sequence[Rating], seed: int) -> Report:
    """Return the mean of listeners' own means, with an interval over resampled listeners."""
    values = np.array(list(_listener_means(condition, rows).values()))
    if not len(values):
        return {"condition": condition, "mean": math.nan, "low": math.nan, "high": math.nan}
    drawn = np.random.default_rng(seed).choice(values, (RESAMPLES, len(values)))
    low, high = np.percentile(drawn.mean(axis=1), [2.5, 97.5])
    return {"condition": condition, "mean": values.mean(), "low": low, "high": high}


def _compare(pair: tuple[str, str], rows: Sequence[Rating]) -> Report:
    first, second = (_listener_means(name, rows) for name in pair)
    differences = [first[name] - second[name] for name in first if name in second]
    return {
        "first": pair[0],
        "second": pair[1],
        "difference": float(np.mean(differences)) if differences else math.nan,
        "by_listener": asdict(signed_rank(differences)),
    }


def _listener_means(condition: str, rows: Sequence[Rating]) -> dict[str, float]:
    own = [one for one in rows if one.condition == condition]
    return {
        listener: float(np.mean([one.value for one in found]))
        for listener, found in _grouped(own, lambda one: one.listener)
    }


_ANALYSES: dict[str, Callable[[StudyPlan, Sequence[Listener]], Report]] = {
    "choice": _about_choices,
    "scales": _about_ratings,
    "sliders": _about_ratings,
}


# --- Words ----------------------------------------------------------------------------------------


def _about_sides(kept: Sequence[Listener]) -> Report:
    """Return how often A was chosen, whatever stood there: a leaning to one side shows."""
    choices = [vote.answer.get("choice") for one in kept for vote in one.votes]
    a, b = choices.count("a"), choices.count("b")
    return {"a": a, "b": b, "p": binomial_test(a, a + b).p} if a + b else {}


def _sentences(plan: StudyPlan, found: Report) -> list[str]:
    people = found["listeners"]
    sentences = [
        f"{people['came']} listeners took part; {people['kept']} were kept after screening by "
        f"completion, {plan.attention_checks} attention checks and listening times."
    ]
    sentences += [_pair_sentence(pair) for pair in found.get("pairs", ())]
    sentences += [_hit_sentence(row) for row in found.get("hits", ())]
    for scale in found.get("scales", ()):
        sentences += [_scale_sentence(scale["scale"], one) for one in scale["comparisons"]]
    for name, alpha in found.get("agreement", {}).items():
        if not math.isnan(alpha):
            sentences.append(f"Krippendorff's alpha of {name} was {alpha:.2f}.")
    return sentences


def _pair_sentence(pair: Report) -> str:
    first, second, share = pair["first"], pair["second"], pair["share"]
    if share < 0.5:
        first, second, share = second, first, 1 - share
    votes = f"{max(pair['first_votes'], pair['second_votes'])} of "
    votes += f"{pair['first_votes'] + pair['second_votes']} decided votes"
    return (
        f"{first} was preferred to {second} in {100 * share:.0f} % of the votes, undecided ones "
        f"halved ({votes}), {_test_words(pair['by_listener'])}."
    )


def _hit_sentence(row: Report) -> str:
    what = "all pairs" if row["first"] == "all" else f"{row['first']} and {row['second']}"
    low, high = row["by_vote"]["low"], row["by_vote"]["high"]
    return (
        f"For {what}, {row['right']} of {row['votes']} answers were right "
        f"({100 * row['share']:.0f} %, 95 % interval {100 * low:.0f} to {100 * high:.0f} %), "
        f"{_test_words(row['by_listener'])}."
    )


def _scale_sentence(scale: str, one: Report) -> str:
    return (
        f"On {scale}, {one['first']} was rated {one['difference']:+.2f} points beside "
        f"{one['second']}, {_test_words(one['by_listener'])}."
    )


def _test_words(test: Report) -> str:
    verdict = "significant" if test["p_holm"] < ALPHA else "not significant"
    p = f"p = {test['p_holm']:.3f}" if test["p_holm"] >= 0.001 else "p < 0.001"
    size = "" if math.isnan(test["effect"]) else f", r = {test['effect']:.2f}"
    return f"{verdict} ({test['name']} over {test['n']} listeners, {p} after Holm{size})"


def _correct(tests: Sequence[Report]) -> None:
    for test, p in zip(tests, holm([test["p"] for test in tests]), strict=True):
        test["p_holm"] = p


def _grouped(rows: Iterable[Any], key: Callable[[Any], Hashable]) -> list[tuple[Any, list[Any]]]:
    """Return rows by a key, keys in order."""
    groups: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return sorted(groups.items())


def _plain(value: Any) -> Any:
    """Return JSON values: numbers of Python, NaN and infinities as null."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
