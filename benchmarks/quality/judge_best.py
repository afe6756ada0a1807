"""What best of N buys: scores, parallels, wishes, texture and likeness to real pieces, by N."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record import Share, print_table, rounded
from composer.composition import compare_with_request
from composer.engines import Engine
from composer.errors import OptionError
from composer.evaluation.features import describe
from composer.evaluation.intervals import bootstrap
from composer.evaluation.two_sample import two_sample_auc
from composer.evaluation.weighing.fitting import REAL
from composer.evaluation.weighing.material import (
    Files,
    Sample,
    asked_of,
    drawn,
    is_bach_chorale,
    load_samples,
    request_of,
)
from composer.scorecard import Scorecard
from composer.scoring import Bands, Standards, score
from composer.scoring.weights import FORM_FAMILIES

WIDE, DEEP = "wide", "deep"
# Requests and candidates of each: many requests, and a few with many candidates.
WIDTH = {"chorale": (204, 16)}
USUAL_WIDTH = 60, 16
DEPTH = {"chorale": (8, 100)}
USUAL_DEPTH = 6, 100
PART_REQUESTS = 12  # of a file
SIZES = (1, 4, 16, 64, 100)
MOST_WIDE = 16  # candidates of a request of many
LEAST_COMPARED = 40  # winners, for a classifier to learn from
PARALLELS = ("parallel_fifths", "parallel_octaves")
TEXTURE = ("pitch_class_entropy", "dissonance", "voice_crossing")


@dataclass(frozen=True)
class Judged:
    """A candidate with its card and what it misses."""

    sample: Sample
    card: Scorecard
    n_missed: int

    @property
    def place(self) -> tuple[float, ...]:
        """What `Composition` sorts by."""
        return (
            self.n_missed,
            -self.card.total,
            self.sample.surprise.nats_per_note,
            self.sample.number,
        )

    @property
    def has_parallels(self) -> bool:
        """Whether two voices move in parallel fifths or octaves anywhere."""
        return any(self.card[name].value > 0 for name in PARALLELS)


def make_candidates(folder: Path, engine: Engine, report: Callable[[str], None]) -> None:
    """Draw what is missing of the candidates for the wishes of real pieces.

    Args:
        folder: With the real pieces, as `make_material` leaves it.
        engine: Draws.
        report: Hears a line for every file.
    """
    files = Files(folder, report)
    for family in FORM_FAMILIES:
        found = load_samples(folder, REAL, family)
        for seed, (kind, sizes, usual) in enumerate(
            ((WIDE, WIDTH, USUAL_WIDTH), (DEEP, DEPTH, USUAL_DEPTH)), start=8
        ):
            wishes = asked_of(found, engine, sizes.get(family, usual), 1.0, 10_000 * seed)
            for first in range(0, len(wishes), PART_REQUESTS):  # a file each, to go on from
                part = wishes[first : first + PART_REQUESTS]
                name = f"{kind} {first:03}"
                files.keep(name, family, partial(drawn, part, kind, engine))


def best_of_n(
    engine: Engine,
    real: Sequence[Sample],
    wide: Sequence[Sample],
    deep: Sequence[Sample],
    bands: Bands,
) -> dict[str, Any]:
    """Return what the winners of groups of N candidates are like, for every N.

    Args:
        engine: Says what may be wished for.
        real: Pieces of a family of forms.
        wide: Some candidates for the wishes of many of them, for small N.
        deep: Many candidates for the wishes of a few, for large N.
        bands: To score with, under the weights that are kept.
    """
    bases = {one.base: one for one in real}
    judged = {
        kind: [_judge(one, bases[one.base], engine, bands) for one in samples]
        for kind, samples in (("wide", wide), ("deep", deep))
    }
    beside = [one for one in real if _is_alike(one)]
    real_cards = [_card(one, bands) for one in beside]
    features = np.array([describe(one.piece) for one in beside])
    half = np.random.default_rng(0).permutation(len(beside)) % 2 == 0
    found = {
        "wishes": {kind: len({one.sample.base for one in rows}) for kind, rows in judged.items()},
        "candidates": {kind: len(rows) for kind, rows in judged.items()},
        "real": _describe_real(real_cards),
        "real against real": two_sample_auc(features[half], features[~half]).to_dict(),
    }
    for size in SIZES:
        rows = judged["wide" if size <= MOST_WIDE else "deep"]
        winners = [min(group, key=lambda one: one.place) for group in _groups(rows, size)]
        if winners:
            found[f"best of {size}"] = _describe(winners, real_cards, features)
    return found


def _judge(one: Sample, base: Sample, engine: Engine, bands: Bands) -> Judged:
    request = request_of(base.piece, engine, 1, 1.0, 0)
    if request is None:
        raise OptionError("candidates stand for wishes that are on the menu")
    card = _card(one, bands)
    missed = sum(not wish.is_kept for wish in compare_with_request(request, one.piece, card))
    return Judged(one, card, missed)


def _card(one: Sample, bands: Bands) -> Scorecard:
    standards = replace(Standards.general(), bands=bands)
    return score(one.piece, surprise=one.surprise, standards=standards)


def _is_alike(real: Sample) -> bool:
    """Tell real pieces that draws may be held against: of chorales, those by Bach."""
    return real.family != "chorale" or is_bach_chorale(real.piece)


def _groups(judged: Sequence[Judged], size: int) -> list[list[Judged]]:
    """Return the first candidates for every wish; fewer than `size` where some became no piece."""
    by_base: dict[str, list[Judged]] = {}
    for one in sorted(judged, key=lambda one: one.sample.number):
        if one.sample.number < size or not by_base.get(one.sample.base):
            by_base.setdefault(one.sample.base, []).append(one)
    return list(by_base.values())


def _describe(
    winners: Sequence[Judged], real: Sequence[Scorecard], features: Any
) -> dict[str, Any]:
    clean = Share.of(not one.has_parallels for one in winners)
    rows = np.array([describe(one.sample.piece) for one in winners])
    return {
        "n": len(winners),
        "total": bootstrap([one.card.total for one in winners]).to_dict(2),
        "without parallels": clean.to_dict(),
        "all wishes kept": Share.of(one.n_missed == 0 for one in winners).to_dict(),
        "texture": {name: _inside(name, winners, real) for name in TEXTURE},
        "against real": two_sample_auc(features, rows).to_dict()
        if len(winners) >= LEAST_COMPARED
        else None,
    }


def _describe_real(cards: Sequence[Scorecard]) -> dict[str, Any]:
    clean = Share.of(not any(card[name].value > 0 for name in PARALLELS) for card in cards)
    totals = bootstrap([card.total for card in cards]).to_dict(2)
    return {"n": len(cards), "total": totals, "without parallels": clean.to_dict()}


def _inside(name: str, winners: Sequence[Judged], real: Sequence[Scorecard]) -> dict[str, Any]:
    """Hold a value of the winners against the 10-90 % band of the real pieces."""
    low, high = np.nanpercentile([card[name].value for card in real], (10, 90)).tolist()
    values = np.array([one.card[name].value for one in winners])
    values = values[np.isfinite(values)]
    median = float(np.median(values)) if len(values) else float("nan")
    inside = Share.of(bool(low <= value <= high) for value in values)
    band = {"low": rounded(low, 4), "high": rounded(high, 4)}
    is_inside = bool(low <= median <= high)
    return {
        **band,
        "median": rounded(median, 4),
        "is inside": is_inside,
        "inside": inside.to_dict(),
    }


def show_best(family: str, found: dict[str, Any]) -> None:
    """Print a line an N."""
    print(f"\n{family}: best of N, real against real {found['real against real']['value']}")
    rows = []
    for name in (f"best of {size}" for size in SIZES):
        if name in found:
            one = found[name]
            auc = one["against real"]
            rows.append(
                [
                    name,
                    one["n"],
                    one["total"]["value"],
                    one["without parallels"]["share"],
                    one["all wishes kept"]["share"],
                    *(
                        f"{t['median']}{'' if t['is inside'] else ' outside'}"
                        for t in one["texture"].values()
                    ),
                    "-" if auc is None else f"{auc['value']} ({auc['low']}-{auc['high']})",
                ]
            )
    print_table(["", "n", "total", "no parallels", "wishes", *TEXTURE, "AUC against real"], rows)
