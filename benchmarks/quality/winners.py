"""Do the scores prefer their own winners to real music, and what do winners still lack?

    python benchmarks/quality/winners.py --corpus scores --out benchmarks/quality/winners.json

Requests of every family of forms ask for what real pieces of 16 bars at most fulfil that neither
the model nor the weights have seen; the winner is the candidate with most points. By family:

- `real above winner`: the chance that a real piece has more points than a winner, ties half; below
  0.5 the scores are fooled. `real above moved notes`: likewise against the same pieces of which 5 %
  of the notes are a step or two off.
- `loops`: pieces in which four bars or more in a row nearly copy one of the two before.
- `inside`: the share of winners inside the middle 80 % of these real pieces, value by value.
- `told apart`: AUC of a classifier on distributions of pitch classes, intervals, lengths, distances
  of onsets, simultaneity, density and harmonic change (`evaluation.features`), which no score uses.

With the given sizes it takes some minutes of one core. `--material` is a folder in which draws are
kept, so that the same draws can be judged by other weights.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

# The root in place of this folder, whose requests.py would hide a library of that name.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from benchmarks.record import Share, machine_facts, print_table, rounded, save
from composer.engines import Engine
from composer.evaluation.features import distributions
from composer.evaluation.intervals import bootstrap_two
from composer.evaluation.two_sample import N_FOLDS, auc, two_sample_auc
from composer.evaluation.weighing.fitting import RAW, REAL
from composer.evaluation.weighing.material import (
    Files,
    Sample,
    Sizes,
    asked_of,
    damaged_samples,
    drawn,
    read_samples,
    real_samples,
)
from composer.pipeline import default_engine
from composer.scorecard import Scorecard
from composer.scoring import score
from composer.scoring.weights import FORM_FAMILIES

MOVED = "pitch 5 %"
LOOP_BARS = 4
# Of the judged pieces that requests are made for; weights are learned from draws of other seeds.
SEED = 90_000
TELLING = (
    "distinct_bars", "distant_recall", "motif_recall", "length_kinds", "onset_entropy",
    "rhythm_entropy", "thickness", "thickness_spread", "imitation", "wide_leaps", "bass_range",
    "attacks_together",
)  # fmt: skip


def main() -> None:
    """Run the benchmark."""
    options = read_options()
    engine = default_engine()
    with tempfile.TemporaryDirectory() as scratch:
        files = Files(options.material or Path(scratch), partial(print, file=sys.stderr))
        families = {name: judge_family(name, files, options, engine) for name in FORM_FAMILIES}
    rows = [[name, *map(_cell, found["table"])] for name, found in families.items()]
    print_table(["", "real above winner", "real above moved notes", "loops", "told apart"], rows)
    for found in families.values():
        del found["table"]
    if options.out:
        sizes = {name: getattr(options, name) for name in ("pieces", "requests", "candidates")}
        facts = machine_facts(engine.versions)
        save(options.out, {"machine": facts, "sizes": sizes, "families": families})


def judge_family(
    family: str, files: Files, options: argparse.Namespace, engine: Engine
) -> dict[str, Any]:
    """Make the pieces of a family of forms, score them, and compare."""
    real = files.keep(REAL, family, partial(_real, family, options, engine))
    settings = asked_of(real, engine, (options.requests, options.candidates), 1.0, SEED)
    raw = files.keep(RAW, family, partial(drawn, settings, RAW, engine))
    moved = files.keep(MOVED, family, lambda: read_samples(damaged_samples(real, MOVED), engine))
    cards = {one.base: _card(one, engine) for one in real}
    winners: dict[str, tuple[Sample, Scorecard]] = {}
    for one in raw:
        card = _card(one, engine)
        if one.base not in winners or card.total > winners[one.base][1].total:
            winners[one.base] = one, card
    return compared(
        real,
        list(cards.values()),
        [one for one, _ in winners.values()],
        [card for _, card in winners.values()],
        [_card(one, engine) for one in moved],
    )


def _real(family: str, options: argparse.Namespace, engine: Engine) -> list[Sample]:
    sizes = Sizes(pieces=options.pieces, pieces_of={})
    found = real_samples(options.corpus, family, sizes)
    return list(read_samples((one for one in found if one.judges), engine))


def _card(one: Sample, engine: Engine) -> Scorecard:
    return score(one.piece, surprise=one.surprise, standards=engine.standards)


def compared(
    real: Sequence[Sample],
    real_cards: Sequence[Scorecard],
    winners: Sequence[Sample],
    winner_cards: Sequence[Scorecard],
    moved_cards: Sequence[Scorecard],
) -> dict[str, Any]:
    """Return what the scores and their values say of winners beside real pieces."""
    above = {
        "real above winner": _above(real_cards, winner_cards),
        "real above moved notes": _above(real_cards, moved_cards),
    }
    loops = {"winners": _loops(winner_cards), "real": _loops(real_cards)}
    told = None
    if min(len(real), len(winners)) >= N_FOLDS:
        told = two_sample_auc(*([_row(one) for one in some] for some in (real, winners))).to_dict()
    return {
        **above,
        "loops": loops,
        "inside": {name: _inside(name, real_cards, winner_cards) for name in TELLING},
        "told apart": told,
        "table": [*above.values(), loops, told],
    }


def _above(real: Sequence[Scorecard], others: Sequence[Scorecard]) -> dict[str, Any]:
    costs = (np.array([-card.total for card in cards]) for cards in (real, others))
    return bootstrap_two(*costs, auc).to_dict()


def _loops(cards: Sequence[Scorecard]) -> dict[str, Any]:
    return Share.of(_value(card, "loop_run") >= LOOP_BARS for card in cards).to_dict()


def _inside(
    name: str, real: Sequence[Scorecard], winners: Sequence[Scorecard]
) -> dict[str, Any] | None:
    """Return a value's band among real pieces, its median among winners, how many lie inside."""
    beside, values = (
        np.array([value for card in cards if np.isfinite(value := _value(card, name))])
        for cards in (real, winners)
    )
    if not len(beside) or not len(values):
        return None
    low, middle, high = np.percentile(beside, (10, 50, 90)).tolist()
    return {
        "low": rounded(low),
        "median": rounded(middle),
        "high": rounded(high),
        "winners": rounded(float(np.median(values))),
        "share": rounded(float(((low <= values) & (values <= high)).mean())),
    }


def _value(card: Scorecard, name: str) -> float:
    return next(found.value for found in card.scores if found.name == name)


def _row(one: Sample) -> np.ndarray[Any, np.dtype[np.float64]]:
    counts = distributions(one.piece).values()
    return np.concatenate([found / max(1.0, found.sum()) for found in counts])


def _cell(found: dict[str, Any] | None) -> str:
    if found is None:
        return "-"
    if "winners" in found:
        return f"{found['winners']['share']} (real {found['real']['share']})"
    return f"{found['value']} ({found['low']}-{found['high']}, n {found['n']})"


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Winners beside real pieces, family by family")
    parser.add_argument("--corpus", type=Path, required=True, help="folder with a manifest")
    parser.add_argument("--material", type=Path, help="folder in which draws are kept")
    parser.add_argument("--pieces", type=int, default=40, help="real ones of a family (default 40)")
    parser.add_argument("--requests", type=int, default=20, help="of a family (default 20)")
    parser.add_argument("--candidates", type=int, default=8, help="of a request (default 8)")
    parser.add_argument("--out", type=Path, help="JSON file for the result")
    return parser.parse_args()


if __name__ == "__main__":
    main()
