"""Results of a matched set as one page: a chart and a table a measure. Nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import combinations

from composer.evaluation.charts import points
from composer.evaluation.page import between, folded, html_page, section, table
from composer.matched.measures import MEASURES, MatchedMeasure
from composer.matched.results import ALL, Results


def results_page(results: Results) -> str:
    """Return the HTML of what was measured."""
    return html_page(results.plan.title, [_begin(results), *_measures(results), *_errors(results)])


def _begin(results: Results) -> str:
    plan = results.plan
    prompts = "; ".join(
        f"{one.name}: {one.words or ', '.join(f'{k} {v}' for k, v in one.settings.items())}"
        for one in plan.prompts
    )
    length = f"{plan.bars} bars" if plan.bars else f"{plan.max_tokens:,} new words"
    return section(
        "What was compared",
        f"{', '.join(side.name for side in plan.sides)}: {len(results.pieces)} pieces of {length} "
        f"each, {plan.samples} of every side for each prompt and temperature. Pieces with one "
        "number have the same prompt, temperature and seed on every side, and differences are "
        "taken between them. Brackets and lines are 95 % intervals over resampled pieces (or "
        "pairs of pieces); they say how sure a mean of this set is, and nothing of other prompts.",
        f"<p class='faint'>{escape(prompts)}</p>",
    )


def _measures(results: Results) -> Iterator[str]:
    for one in MEASURES:
        yield section(
            one.label[0].upper() + one.label[1:],
            one.definition,
            _chart(results, one),
            table(("", *_temperatures(results)), _rows(results, one)),
            folded("Source", f"<p>{escape(one.source)}</p>"),
        )


def _temperatures(results: Results) -> list[str]:
    return ["all", *(f"temperature {one:g}" for one in results.plan.temperatures)]


def _chart(results: Results, one: MatchedMeasure) -> str:
    keys = [ALL, *results.plan.temperatures]
    names = [side.name for side in results.plan.sides]
    rows = [
        (label, {name: results.interval(name, one.name, key).to_dict(6) for name in names})
        for label, key in zip(_temperatures(results), keys, strict=True)
    ]
    return points(rows, one.label)


def _rows(results: Results, one: MatchedMeasure) -> Iterator[list[str]]:
    keys = [ALL, *results.plan.temperatures]
    names = [side.name for side in results.plan.sides]
    for name in names:
        yield [
            name,
            *(between(results.interval(name, one.name, key).to_dict(6)) for key in keys),
        ]
    for first, second in combinations(names, 2):
        found = {
            row["temperature"]: row["interval"]
            for row in results.differences
            if (row["first"], row["second"]) == (first, second)
            and (row["prompt"], row["measure"]) == (ALL, one.name)
        }
        yield [f"{second} less {first}", *(between(found[key].to_dict(6)) for key in keys)]


def _errors(results: Results) -> Iterator[str]:
    if results.errors:
        yield section(
            "Pieces that could not be made",
            f"{len(results.errors)} of them; the same command tries again.",
            table(("piece", "reason"), results.errors),
        )
