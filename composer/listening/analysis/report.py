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
from composer.listening.analysis.answers import (
    Hit,
    Preference,
    Rating,
    counted_votes,
    hits,
    preferences,
    ratings,
)
from composer.listening.analysis.mixed import mixed_model
from composer.listening.analysis.ranking import RESAMPLES, strengths_of
from composer.listening.analysis.screening import Screening, screen
from composer.listening.analysis.significance import (
    LEAST_TO_TEST,
    binomial_test,
    holm,
    signed_rank,
)
from composer.listening.ballots import Listener
from composer.listening.plan import StudyPlan

FORMAT = 2
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
    """Count people: who answered took part, who left before the first question only came by."""
    everyone = [*screening.kept, *(one for one, _ in screening.dropped)]
    answered = sum(bool(one.votes) and not one.is_withdrawn for one in everyone)
    withdrawn = sum(one.is_withdrawn for one in everyone)
    return {
        "came": len(everyone),
        "took_part": answered,
        "withdrew": withdrawn,
        "left_at_once": len(everyone) - answered - withdrawn,
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
    _correct([rows[0]["by_listener"]])  # one question about all pairs, asked by itself
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
    if len(values) == 1:  # one listener says nothing about others
        return {"condition": condition, "mean": values[0], "low": math.nan, "high": math.nan}
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
    """Return how often A was chosen, whatever stood there: a leaning to one side shows.

    Practice is left out, and attention checks, whose answer is given by what they ask.
    """
    choices = [vote.answer.get("choice") for one in kept for vote in counted_votes(one)]
    a, b = choices.count("a"), choices.count("b")
    return {"a": a, "b": b, "p": binomial_test(a, a + b).p} if a + b else {}


def _sentences(plan: StudyPlan, found: Report) -> list[str]:
    sentences = [_people_sentence(plan, found["listeners"])]
    sentences += [_pair_sentence(pair) for pair in found.get("pairs", ())]
    sentences += [_hit_sentence(row) for row in found.get("hits", ())]
    for scale in found.get("scales", ()):
        sentences += [_scale_sentence(scale["scale"], one) for one in scale["comparisons"]]
    for name, alpha in found.get("agreement", {}).items():
        if not math.isnan(alpha):
            sentences.append(f"Krippendorff's alpha of {name} was {alpha:.2f}.")
    return sentences


def _people_sentence(plan: StudyPlan, people: Report) -> str:
    others = [
        f"{people[name]} {words}"
        for name, words in (
            ("left_at_once", "more left before the first answer"),
            ("withdrew", "more took all answers back"),
        )
        if people[name]
    ]
    aside = f" ({', '.join(others)})" if others else ""
    noun, verb = ("listener", "was") if people["took_part"] == 1 else ("listeners", "were")
    return (
        f"{people['took_part']} {noun} took part{aside}; {people['kept']} of them {verb} kept "
        f"after screening by completion, {plan.attention_checks} attention checks and listening "
        "times."
    )


def _pair_sentence(pair: Report) -> str:
    first, second, share = pair["first"], pair["second"], pair["share"]
    votes = pair["first_votes"], pair["second_votes"]
    if share < 0.5:
        first, second, share, votes = second, first, 1 - share, votes[::-1]
    if share == 0.5:
        found = f"Neither {first} nor {second} was preferred"
        counted = f"{votes[0]} votes each, {pair['undecided']} undecided"
    else:
        found = (
            f"{first} was preferred to {second} in {100 * share:.0f} % of the votes, undecided ones"
            " halved"
        )
        counted = f"{votes[0]} of {sum(votes)} decided votes"
    direction = f"in favour of {_winner(pair)}"
    return f"{found} ({counted}), {_test_words(pair['by_listener'], direction)}."


def _hit_sentence(row: Report) -> str:
    what = "all pairs" if row["first"] == "all" else f"{row['first']} and {row['second']}"
    low, high = row["by_vote"]["low"], row["by_vote"]["high"]
    direction = "above chance" if row["by_listener"]["effect"] > 0 else "below chance"
    return (
        f"For {what}, {row['right']} of {row['votes']} answers were right "
        f"({100 * row['share']:.0f} %, 95 % interval over single answers {100 * low:.0f} to "
        f"{100 * high:.0f} %), {_test_words(row['by_listener'], direction)}."
    )


def _scale_sentence(scale: str, one: Report) -> str:
    first, second, points = one["first"], one["second"], one["difference"]
    if math.isnan(points):
        return f"On {scale}, nobody rated both {first} and {second}."
    if points < 0:
        first, second, points = second, first, -points
    found = f"{first} was rated {points:.2f} points higher than {second}"
    if points == 0:
        found = f"{first} and {second} were rated alike"
    direction = f"in favour of {_winner(one)}"
    return f"On {scale}, {found}, {_test_words(one['by_listener'], direction)}."


def _winner(one: Report) -> str:
    """Name the side that the effect over listeners speaks for."""
    return str(one["first"] if one["by_listener"]["effect"] > 0 else one["second"])


def _test_words(test: Report, direction: str) -> str:
    """Say what a test found: verdict, p, and the size of the effect with its direction in words."""
    size = ""
    if test["effect"] == 0:
        size = "r = 0.00"
    elif not math.isnan(test["effect"]):
        size = f"r = {abs(test['effect']):.2f} {direction}"
    undecided = f", {test['n_zero']} more without a difference" if test["n_zero"] else ""
    people = f"{test['n']} {'listener' if test['n'] == 1 else 'listeners'}{undecided}"
    if math.isnan(test["p"]):
        least = f"{people}; fewer than {LEAST_TO_TEST} with a preference cannot be significant"
        return f"too few to test ({', '.join(filter(None, (least, size)))})"
    verdict = "significant" if test["p_holm"] < ALPHA else "not significant"
    p = f"p = {test['p_holm']:.3f}" if test["p_holm"] >= 0.001 else "p < 0.001"
    corrected = " after Holm" if test["n_tests"] > 1 else ""
    return f"{verdict} ({test['name']} over {people}, {p}{corrected}, {size})"


def _correct(tests: Sequence[Report]) -> None:
    """Add p after Holm, and among how many tests; those with too few listeners are none."""
    n_tests = sum(not math.isnan(test["p"]) for test in tests)
    for test, p in zip(tests, holm([test["p"] for test in tests]), strict=True):
        test |= {"p_holm": p, "n_tests": n_tests}


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
