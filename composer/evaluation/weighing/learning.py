"""From material to weights: score it, fit, and keep what was learned beside what made it.

Real pieces of a family of forms stand against the same pieces damaged, against what the model draws
for the settings that real pieces fulfil, and against bolder and tamer draws (`material`). On pieces
that the model was trained on a logistic regression, shrunk to the rules' own weights, learns what a
penalty costs (`fitting`); every AUC that is kept is of pieces that neither the model nor the
weights have seen. What the model knows surprises it less, so that real and damaged pieces of the
fit are held against what surprises it in all known ones, and draws against what does in unseen
ones, as they are when somebody asks for music.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from composer.engines import Engine
from composer.errors import OptionError
from composer.evaluation.damage import DAMAGES
from composer.evaluation.weighing.fitting import (
    RAW,
    REAL,
    WINNER,
    Fit,
    Rows,
    contrast,
    joined_costs,
    joined_rows,
    learn,
    levels_of_costs,
    winners_of,
)
from composer.evaluation.weighing.material import TEMPERATURES, Sample, load_samples
from composer.scoring import RULES, Band, Bands, Standards, load_bands, score
from composer.scoring.bands import MIN_PIECES, PERCENTILES, groups_of, joined
from composer.scoring.likelihood import measure_surprise
from composer.scoring.weights import FORM_FAMILIES, FORMAT, LEVELS, WEIGHTS_PATH

# What a kind counts among what is not real. A few wrong notes are what a listener stumbles over
# first, and what is hardest to tell; each of the other damages counts alike.
EMPHASIS = {"pitch 1 %": 2.0, "pitch 5 %": 8.0}
SHARES = (
    {kind: EMPHASIS.get(kind, 1.0) * 0.5 / len(DAMAGES) for kind in DAMAGES}
    | {RAW: 0.2, WINNER: 0.2}
    | dict.fromkeys(TEMPERATURES, 0.05)
)
PRIOR = np.array([rule.weight for rule in RULES])
# What the model says beside its likelihood, which belongs to the checkpoint.
MODEL_RULES = ("worst_bar_nats", "doubt_per_note")
# Real pieces of either half; a family with fewer is not learned.
LEAST_PIECES = 5


@dataclass(frozen=True)
class LearnedFamily:
    """What was learned of one family of forms.

    Args:
        samples: Real pieces and what stands against them.
        rows: Their penalties, in the same order.
        fit: Of the half that does not judge.
    """

    samples: Sequence[Sample]
    rows: Rows
    fit: Fit

    def half(self, *, judges: bool) -> Rows:
        """Return the rows of one half of the pieces."""
        chosen = np.array([one.judges for one in self.samples])
        return self.rows.only(chosen if judges else ~chosen)

    def to_dict(self) -> dict[str, Any]:
        """Return what the file of weights keeps: weights, costs, and how well they tell pieces."""
        fitting, judging = self.half(judges=False), self.half(judges=True)
        costs = joined_costs(judging.penalties, self.fit.weights)
        names = [rule.name for rule in RULES]
        return {
            "weights": dict(zip(names, self.fit.weights.round(4).tolist(), strict=True)),
            "scale": round(self.fit.scale, 4),
            "real_costs": levels_of_costs(costs[judging.is_real]),
            "drawn_costs": levels_of_costs(costs[judging.kinds == RAW]),
            "strength": self.fit.strength,
            "pieces": {
                half: {kind: int((part.kinds == kind).sum()) for kind in (REAL, *SHARES)}
                for half, part in (("fitted", fitting), ("judged", judging))
            },
            "auc": {kind: self.auc(kind, self.fit.weights) for kind in SHARES},
        }

    def auc(self, kind: str, weights: Any) -> dict[str, Any]:
        """Return how well weights tell real pieces from a kind, on pieces that they never saw.

        Winners are those of the weights themselves.
        """
        rows = self.half(judges=True)
        if kind == WINNER:
            rows = joined_rows(rows, winners_of(rows, weights))
        rows = beside(rows, kind)
        return contrast(rows, joined_costs(rows.penalties, weights), kind).to_dict()


@dataclass(frozen=True)
class Learned:
    """What was learned of all families.

    Args:
        families: Of those with enough pieces.
        model_bands: What the model says of real pieces that it never saw, by group.
        bands: All bands that unseen pieces are held against.
    """

    families: Mapping[str, LearnedFamily]
    model_bands: Bands
    bands: Bands


def learn_weights(folder: Path, engine: Engine) -> Learned:
    """Learn the weights of every family of forms that the material has enough pieces of.

    Args:
        folder: Filled by `make_material` with the same engine.
        engine: Has bands of the likelihood of real pieces.

    Raises:
        OptionError: If no family has enough pieces.
    """
    reals = {family: load_samples(folder, REAL, family) for family in FORM_FAMILIES}
    every = list(chain.from_iterable(reals.values()))
    model_bands = bands_of_model((one for one in every if one.judges), MODEL_RULES)
    known = bands_of_model(
        (one for one in every if not one.judges), ("nats_per_note", *MODEL_RULES)
    )
    known_bands = joined(load_bands(), known)
    bands = joined(engine.standards.bands, model_bands)
    families = {}
    for family, real in reals.items():
        others = [load_samples(folder, kind, family) for kind in SHARES]
        samples = [*real, *chain.from_iterable(others)]
        if _is_enough(samples):
            rows = measured(samples, bands, known_bands)
            fitting = rows.only(np.array([not one.judges for one in samples]))
            families[family] = LearnedFamily(samples, rows, learn(fitting, PRIOR, SHARES))
    if not families:
        raise OptionError(
            f"no family of forms has {LEAST_PIECES} pieces of the training split and as many "
            "others, each with draws; give more scores"
        )
    return Learned(families, model_bands, bands)


def _is_enough(samples: Sequence[Sample]) -> bool:
    """Whether both halves have real pieces, and draws to hold them against."""
    found = [(one.kind, one.judges) for one in samples]
    least = {REAL: LEAST_PIECES, RAW: 1}
    return all(
        found.count((kind, half)) >= n for kind, n in least.items() for half in (True, False)
    )


def measured(samples: Sequence[Sample], bands: Bands, known_bands: Bands) -> Rows:
    """Score pieces; return their penalties.

    Args:
        samples: Of a family.
        bands: For pieces that the model never saw.
        known_bands: For those that it was trained on, damaged or not.
    """
    cards = (
        score(
            one.piece,
            surprise=one.surprise,
            standards=replace(Standards.general(), bands=known_bands if is_known(one) else bands),
        )
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
            name: Band._make((*np.percentile(values, PERCENTILES).round(4).tolist(), len(values)))
            for name, values in rows.items()
            if len(values) >= MIN_PIECES
        }
        for group, rows in sorted(groups.items())
    }
    return {group: rows for group, rows in bands.items() if rows}


def save_weights(learned: Learned, path: Path, checkpoint: str) -> None:
    """Write what was learned, a line an entry, beside what made it.

    A family that was not learned keeps what is bundled, marked with `kept_from`.

    Args:
        learned: At least one family.
        path: JSON file; `scoring.weights.load_weights` reads it.
        checkpoint: Fingerprint of the engine's.
    """
    bundled = json.loads(WEIGHTS_PATH.read_text(encoding="utf-8"))
    origin = {"kept_from": bundled["made"]["checkpoint"]}
    families = {
        family: learned.families[family].to_dict()
        if family in learned.families
        else origin | bundled["families"][family]
        for family in FORM_FAMILIES
    }
    made = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "checkpoint": checkpoint,
        "licence": "open",
        "shares": {kind: round(share, 4) for kind, share in SHARES.items()},
        "levels": list(LEVELS),
        "command": "composer weights",
    }
    entries = ",\n".join(
        f"{json.dumps(family)}: {{\n"
        + ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in kept.items())
        + "}"
        for family, kept in families.items()
    )
    bands = learned.model_bands
    rows = ",\n".join(f"{json.dumps(group)}: {json.dumps(row)}" for group, row in bands.items())
    head = f'{{"format": {FORMAT},\n"made": {json.dumps(made)},\n"model_bands": {{\n{rows}}},\n'
    path.write_text(f'{head}"families": {{\n{entries}\n}}}}\n', encoding="utf-8")
