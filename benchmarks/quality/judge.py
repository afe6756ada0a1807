r"""How well do the scores tell real pieces from others, and what does best of N buy?

    python benchmarks/quality/judge.py --corpus scores --material out/judge \
        --out benchmarks/quality/judge.json --plot benchmarks/quality/judge.svg --weights

Weights are learned as `composer weights` does it (composer/evaluation/weighing) and judged on
pieces that neither the model nor the weights have seen: by all rules, by what needs the notes
alone, and by every family of rules alone. `--weights` keeps them in assets/scoring_weights.json.

AUC: the chance that the other piece costs more than a real one (of damaged pieces: than one of the
very pieces that were damaged), 0.5 by chance, with a 95 % interval over resampled real pieces.
`rules' own` are weights that nobody learned. `side by side` is the share of pieces that cost more
than the one they were made from.

Best of N: candidates in groups of N, the winner as `Composition` ranks them. Its score, parallels,
settings and texture, and the AUC of a classifier that tells winners from real pieces
(`evaluation.two_sample`), beside single draws and, as a control, real pieces from real ones.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import Any

# The root in place of this folder, whose requests.py would hide a library of that name.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from benchmarks.quality.judge_best import DEEP, WIDE, best_of_n, make_candidates, show_best
from benchmarks.record import machine_facts, print_table, save
from composer.evaluation.charts import points
from composer.evaluation.weighing import learn_weights, make_material, save_weights
from composer.evaluation.weighing.fitting import (
    REAL,
    joined_costs,
    learn_from_some,
    side_by_side,
)
from composer.evaluation.weighing.learning import PRIOR, SHARES, LearnedFamily
from composer.evaluation.weighing.material import load_samples
from composer.pipeline import default_engine
from composer.scoring import FAMILIES, RULES
from composer.scoring.weights import LEVELS, WEIGHTS_PATH, load_model_bands, load_weights

FROM_NOTES = [k for k, rule in enumerate(RULES) if rule.measure]


def contrasts(family: LearnedFamily) -> dict[str, Any]:
    """Return how well each judge tells real pieces from each kind: kind -> judge -> interval."""
    fitting, judging = family.half(judges=False), family.half(judges=True)
    columns = {"all": family.fit.weights, "rules' own": PRIOR}
    parts = {"notes alone": FROM_NOTES} | {
        name: [k for k, rule in enumerate(RULES) if rule.family == name] for name in FAMILIES
    }
    for name, chosen in parts.items():
        columns[name] = learn_from_some(fitting, PRIOR, SHARES, chosen, family.fit.strength)
    table: dict[str, Any] = {}
    for kind in SHARES:
        table[kind] = {name: family.auc(kind, weights) for name, weights in columns.items()}
        pairs = side_by_side(judging, joined_costs(judging.penalties, family.fit.weights), kind)
        table[kind]["side by side"] = pairs.to_dict()
    return table


def median_levels(family: LearnedFamily) -> dict[str, Any]:
    """Return the share of judged pieces of every kind that cost less than the median real piece."""
    kept = family.to_dict()
    weights = np.array([kept["weights"][rule.name] for rule in RULES])
    median = kept["real_costs"][LEVELS.index(0.5)]
    fitting, judging = family.half(judges=False), family.half(judges=True)
    real_fit = joined_costs(fitting.penalties, weights)[fitting.is_real]
    costs = joined_costs(judging.penalties, weights)
    found: dict[str, Any] = {"real, fitted": round(float((real_fit <= median).mean()), 3)}
    for kind in SHARES:
        chosen = costs[judging.kinds == kind]
        found[kind] = round(float((chosen <= median).mean()), 3) if len(chosen) else None
    return found


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
        make_candidates(options.material, engine, tell)
    learned = learn_weights(options.material, engine)
    families: dict[str, Any] = {}
    for name, family in learned.families.items():
        table = contrasts(family)
        levels = median_levels(family)
        families[name] = {"contrasts": table, "cheaper than the median real piece": levels}
        show(name, table)
    facts = machine_facts(engine.versions)
    if options.weights:
        save_weights(learned, WEIGHTS_PATH, engine.versions["checkpoint"])
        load_weights.cache_clear()
        load_model_bands.cache_clear()
    best = {}
    for name in learned.families:
        real, wide, deep = (
            load_samples(options.material, kind, name) for kind in (REAL, WIDE, DEEP)
        )
        if wide:
            best[name] = best_of_n(engine, real, wide, deep, learned.bands)
            show_best(name, best[name])
    if options.out:
        save(options.out, {"machine": facts, "families": families, "best_of_n": best})
    if options.plot:
        options.plot.write_text(plot(families), encoding="utf-8")


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
