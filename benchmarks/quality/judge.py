r"""What should each rule weigh, how well are real pieces told from others, what does best of N buy?

    python benchmarks/quality/judge.py --corpus scores --material out/judge \
        --out benchmarks/quality/judge.json --plot benchmarks/quality/judge.svg --weights

Real pieces of five families of forms stand against the same pieces damaged (`evaluation.damage`),
against what the model draws for the wishes that real pieces fulfil, and against bolder and tamer
draws; see `judge_material.py`. On pieces that the model was trained on a logistic regression,
shrunk to the rules' own weights, learns what a penalty costs; every AUC is of pieces that neither
the model nor the weights have seen. What the model knows surprises it less, so that real and
damaged pieces of the fit are held against what surprises it in all known ones, and draws against
what does in unseen ones, as they are when somebody asks for music.
`--weights` keeps the weights in assets/scoring_weights.json, with a summary of what made them.

AUC: the chance that the other piece costs more than a real one (of damaged pieces: than one of the
very pieces that were damaged), 0.5 by chance, with a 95 % interval over resampled real pieces.
`rules' own` are weights that nobody learned. `side by side` is the share of pieces that cost more
than the one they were made from.

Best of N: candidates in groups of N, the winner as `Composition` ranks them. Its score, parallels,
wishes and texture, and the AUC of a classifier that tells winners from real pieces
(`evaluation.two_sample`), beside single draws and, as a control, real pieces from real ones.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

# The root in place of this folder, whose requests.py would hide a library of that name.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from benchmarks.quality.judge_best import best_of_n, show_best
from benchmarks.quality.judge_material import (
    BOLDNESS,
    DEEP,
    RAW,
    REAL,
    WIDE,
    Sample,
    load_samples,
    make_material,
)
from benchmarks.record import machine_facts, print_table, save
from composer.evaluation.charts import points
from composer.evaluation.damage import DAMAGES
from composer.evaluation.judge import (
    Fit,
    Rows,
    contrast,
    joined_costs,
    learn,
    learn_from_some,
    levels_of_costs,
    side_by_side,
)
from composer.pipeline import default_engine
from composer.scoring import FAMILIES, RULES, Band, Bands, load_bands, score, with_likelihood
from composer.scoring.bands import MIN_PIECES, PERCENTILES, groups_of
from composer.scoring.likelihood import measure_surprise
from composer.scoring.weights import (
    FORM_FAMILIES,
    FORMAT,
    LEVELS,
    WEIGHTS_PATH,
    load_model_bands,
    load_weights,
)

# What a kind counts among what is not real. A few wrong notes are what a listener stumbles over
# first, and what is hardest to tell; each of the other damages counts alike.
EMPHASIS = {"pitch 1 %": 2.0, "pitch 5 %": 8.0}
SHARES = (
    {kind: EMPHASIS.get(kind, 1.0) * 0.5 / len(DAMAGES) for kind in DAMAGES}
    | {RAW: 0.4}
    | dict.fromkeys(BOLDNESS, 0.05)
)
PRIOR = np.array([rule.weight for rule in RULES])
FROM_NOTES = [k for k, rule in enumerate(RULES) if rule.measure]
# What the model says beside its likelihood, which belongs to the checkpoint.
MODEL_RULES = ("worst_bar_nats", "doubt_per_note")


def measured(samples: Sequence[Sample], bands: Bands, known_bands: Bands) -> Rows:
    """Score pieces; return their penalties.

    Args:
        samples: Of a family.
        bands: For pieces that the model never saw.
        known_bands: For those that it was trained on, damaged or not.
    """
    cards = (
        score(one.piece, surprise=one.surprise, bands=known_bands if is_known(one) else bands)
        for one in samples
    )
    return Rows(
        np.array([[found.penalty for found in card.scores] for card in cards]),
        np.array([one.kind for one in samples]),
        np.array([one.base for one in samples]),
    )


def is_known(sample: Sample) -> bool:
    """Tell a piece of the fit, as it is or damaged, from draws and from pieces that judge."""
    return not sample.judges and sample.kind in (REAL, *DAMAGES)


def judge_family(
    samples: Sequence[Sample], rows: Rows
) -> tuple[Fit, dict[str, Any], dict[str, Any]]:
    """Learn on one half and judge the other.

    Returns:
        The fit; what is kept of it in the weights; and its table: contrast -> judge -> interval.
    """
    judges = np.array([one.judges for one in samples])
    fitting, judging = rows.only(~judges), rows.only(judges)
    fit = learn(fitting, PRIOR, SHARES)
    columns = {"all": fit.weights, "rules' own": PRIOR}
    parts = {"notes alone": FROM_NOTES} | {
        family: [k for k, rule in enumerate(RULES) if rule.family == family] for family in FAMILIES
    }
    for name, chosen in parts.items():
        columns[name] = learn_from_some(fitting, PRIOR, SHARES, chosen, fit.strength)
    table = {}
    for kind in SHARES:
        some = beside(judging, kind)
        table[kind] = {
            name: contrast(some, joined_costs(some.penalties, weights), kind).to_dict()
            for name, weights in columns.items()
        }
        pairs = side_by_side(judging, joined_costs(judging.penalties, fit.weights), kind)
        table[kind]["side by side"] = pairs.to_dict()
    costs = joined_costs(judging.penalties, fit.weights)
    kept = {
        "weights": {
            rule.name: round(float(w), 4) for rule, w in zip(RULES, fit.weights, strict=True)
        },
        "scale": round(fit.scale, 4),
        "real_costs": levels_of_costs(costs[judging.is_real]),
        "drawn_costs": levels_of_costs(costs[judging.kinds == RAW]),
        "strength": fit.strength,
        "pieces": {
            half: {kind: int((part.kinds == kind).sum()) for kind in (REAL, *SHARES)}
            for half, part in (("fitted", fitting), ("judged", judging))
        },
        "auc": {kind: row["all"] for kind, row in table.items()},
    }
    return fit, kept, table


def beside(rows: Rows, kind: str) -> Rows:
    """Return the rows of a kind and what stands against them.

    Against damaged pieces stand the very pieces that were damaged: others, which may be of a manner
    that the model hardly knows, would be told from them by that.
    """
    chosen = rows.kinds == kind
    real = rows.is_real
    if kind in DAMAGES:
        real &= np.isin(rows.bases, rows.bases[chosen])
    return rows.only(chosen | real)


def median_levels(samples: Sequence[Sample], rows: Rows, kept: dict[str, Any]) -> dict[str, Any]:
    """Return the share of judged pieces of every kind that cost less than the median real piece."""
    weights = np.array([kept["weights"][rule.name] for rule in RULES])
    judges = np.array([one.judges for one in samples])
    costs, median = joined_costs(rows.penalties, weights), kept["real_costs"][LEVELS.index(0.5)]
    real_fit = costs[rows.is_real & ~judges]
    found = {"real, fitted": round(float((real_fit <= median).mean()), 3)}
    for kind in SHARES:
        chosen = costs[(rows.kinds == kind) & judges]
        found[kind] = round(float((chosen <= median).mean()), 3) if len(chosen) else None
    return found


def bands_of_model(real: Iterable[Sample], names: Sequence[str]) -> dict[str, dict[str, Band]]:
    """Return the bands of what the model says of real pieces, by group.

    Args:
        real: All of them seen by the model, or none.
        names: Of the rules.
    """
    groups: dict[str, dict[str, list[float]]] = {}
    for one in real:
        found = measure_surprise(one.piece, one.surprise)
        for group in groups_of(one.piece):
            for name in names:
                values = groups.setdefault(group, {}).setdefault(name, [])
                if np.isfinite(found[name].value):
                    values.append(found[name].value)
    bands = {
        group: {
            name: Band(*np.percentile(values, PERCENTILES).round(4).tolist(), len(values))
            for name, values in rows.items()
            if len(values) >= MIN_PIECES
        }
        for group, rows in sorted(groups.items())
    }
    return {group: rows for group, rows in bands.items() if rows}


def show(family: str, table: dict[str, Any]) -> None:
    """Print the contrasts of a family of forms."""
    columns = list(next(iter(table.values())))
    print(f"\n{family}: AUC of real pieces against")
    body = (
        [kind, *(_text(row[name]) if name == "all" else _short(row[name]) for name in columns)]
        for kind, row in table.items()
    )
    print_table(["", *columns], body)


def _text(interval: dict[str, Any]) -> str:
    if interval["value"] is None:
        return "-"
    return f"{interval['value']:.3f} ({interval['low']:.3f}-{interval['high']:.3f})"


def _short(interval: dict[str, Any]) -> str:
    return "-" if interval["value"] is None else f"{interval['value']:.2f}"


def plot(families: dict[str, Any]) -> str:
    """Draw the contrasts as SVG text: a line a contrast, a colour a family of forms."""
    rows = [
        (kind, {family: found["contrasts"][kind]["all"] for family, found in families.items()})
        for kind in SHARES
    ]
    return points(rows, "AUC of real pieces, judged on pieces left out of the fit", mark=0.5)


def main() -> None:
    """Run the benchmark."""
    options = read_options()
    engine = default_engine()
    if options.corpus:
        tell = partial(print, file=sys.stderr, flush=True)
        make_material(options.material, options.corpus, engine, tell)
    reals = {family: load_samples(options.material, REAL, family) for family in FORM_FAMILIES}
    every = list(chain.from_iterable(reals.values()))
    model_bands = bands_of_model((one for one in every if one.judges), MODEL_RULES)
    known = (one for one in every if not one.judges)
    known_bands = joined(load_bands(), bands_of_model(known, ("nats_per_note", *MODEL_RULES)))
    bands = joined(with_likelihood(load_bands(), engine.likelihood_bands), model_bands)
    families: dict[str, Any] = {}
    learned: dict[str, Any] = {}
    for family in FORM_FAMILIES:
        others = (load_samples(options.material, kind, family) for kind in SHARES)
        samples = [*reals[family], *chain.from_iterable(others)]
        rows = measured(samples, bands, known_bands)
        _, learned[family], table = judge_family(samples, rows)
        levels = median_levels(samples, rows, learned[family])
        families[family] = {"contrasts": table, "cheaper than the median real piece": levels}
        show(family, table)
    facts = machine_facts(engine.versions)
    if options.weights:
        keep_weights(learned, model_bands, facts)
    best = {}
    for family in FORM_FAMILIES:
        wide, deep = (load_samples(options.material, kind, family) for kind in (WIDE, DEEP))
        if wide:
            best[family] = best_of_n(engine, reals[family], wide, deep, bands)
            show_best(family, best[family])
    if options.out:
        save(options.out, {"machine": facts, "families": families, "best_of_n": best})
    if options.plot:
        options.plot.write_text(plot(families), encoding="utf-8")


def joined(bands: Bands, more: Bands) -> Bands:
    """Return bands with other rows beside their own."""
    return {group: {**bands.get(group, {}), **more.get(group, {})} for group in {**bands, **more}}


def keep_weights(learned: dict[str, Any], bands: Bands, facts: dict[str, Any]) -> None:
    """Write what was learned, a line an entry, beside what made it."""
    made = {
        "date": facts["date"],
        "checkpoint": facts["engine"]["checkpoint"],
        "licence": "open",
        "shares": {kind: round(share, 4) for kind, share in SHARES.items()},
        "levels": list(LEVELS),
        "command": "python benchmarks/quality/judge.py --weights",
    }
    entries = ",\n".join(
        f"{json.dumps(family)}: {{\n"
        + ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in kept.items())
        + "}"
        for family, kept in learned.items()
    )
    rows = ",\n".join(f"{json.dumps(group)}: {json.dumps(row)}" for group, row in bands.items())
    head = f'{{"format": {FORMAT},\n"made": {json.dumps(made)},\n"model_bands": {{\n{rows}}},\n'
    text = f'{head}"families": {{\n{entries}\n}}}}\n'
    WEIGHTS_PATH.write_text(text, encoding="utf-8")
    load_weights.cache_clear()
    load_model_bands.cache_clear()


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="What rules weigh, and what best of N buys")
    parser.add_argument("--corpus", type=Path, help="makes what is missing of the material")
    parser.add_argument("--material", type=Path, required=True, help="folder, outside the tree")
    parser.add_argument("--weights", action="store_true", help="keep what was learned")
    parser.add_argument("--out", type=Path, help="JSON file for the result")
    parser.add_argument("--plot", type=Path, help="SVG file for the contrasts")
    return parser.parse_args()


if __name__ == "__main__":
    main()
