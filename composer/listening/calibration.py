"""The scorecard meets people: weights of the rules, fitted to what listeners preferred.

    P(first preferred) = 1 / (1 + exp(-(cost of second - cost of first))),  cost = sum w * penalty

The weights are those that make the votes likeliest, none below 0, drawn towards the present ones:
a rule that the votes say nothing about keeps its weight. How strongly they are drawn is chosen by
how well votes that were held out are predicted. Agreement is the share of decided votes whose
preferred clip costs less; it is told for listeners held out, and, which is harder, for prompts held
out: with few clips a fit may learn the clips by heart.

Sources:
    R. A. Bradley and M. E. Terry, Biometrika 39 (1952), pp. 324-345: the logistic model of pairs.
    A. E. Hoerl and R. W. Kennard, Ridge regression, Technometrics 12 (1970), pp. 55-67: shrinkage.
    M. Stone, Cross-validatory choice and assessment of statistical predictions, Journal of the
    Royal Statistical Society B 36 (1974), pp. 111-147.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from composer.errors import RequestError
from composer.listening.analysis.answers import counted_votes
from composer.listening.ballots import Listener
from composer.listening.stimuli import Stimulus, StudyFolder, write_whole
from composer.scoring import RULES
from composer.scoring.weights import WEIGHTS_PATH, form_family, load_weights

Floats = npt.NDArray[np.float64]
PULLS = (0.1, 1.0, 10.0, 100.0, 1000.0)  # how strongly weights are drawn to the present ones
FOLDS = 5
LEAST_VOTES = 50
_RULE_NAMES = tuple(rule.name for rule in RULES)


@dataclass(frozen=True)
class Votes:
    """Decided and undecided votes about pairs of scored clips.

    Args:
        differences: Penalties of the second less those of the first, [votes, rules].
        shares: 1 where the first was preferred, 0 where the second, 0.5 if undecided.
        listeners, prompts: Of each vote, as numbers from 0.
    """

    differences: Floats
    shares: Floats
    listeners: npt.NDArray[np.int64]
    prompts: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.shares)

    def keep(self, rows: npt.NDArray[np.bool_]) -> Votes:
        """Return some of the votes."""
        return Votes(
            self.differences[rows], self.shares[rows], self.listeners[rows], self.prompts[rows]
        )


@dataclass(frozen=True)
class Calibration:
    """What came of fitting the weights of one family of forms.

    Args:
        family: Of forms.
        n_votes, n_listeners, n_prompts: What it was fitted to.
        before: Agreement of the present weights.
        after_listeners, after_prompts: Agreement on listeners, and on prompts, held out; None
            where there are too few of them.
        pull: How strongly the weights were drawn to the present ones.
        weights: The new ones.
    """

    family: str
    n_votes: int
    n_listeners: int
    n_prompts: int
    before: float
    after_listeners: float | None
    after_prompts: float | None
    pull: float
    weights: Mapping[str, float]


def calibrate(study: StudyFolder, listeners: Iterable[Listener]) -> tuple[Calibration, ...]:
    """Fit weights to the votes of a pairwise study, one family of forms after another.

    Args:
        study: Of design pairwise.
        listeners: Those whose votes count.

    Raises:
        RequestError: If the design is another, or there are too few votes.
    """
    if study.plan.design != "pairwise":
        raise RequestError("weights are fitted to preferences; the design must be pairwise")
    stimuli = study.stimuli
    people = tuple(listeners)
    families = dict.fromkeys(form_family(one.form) for one in stimuli.values() if one.condition)
    found = []
    for family in families:
        votes = votes_of(stimuli, people, family)
        if len(votes) >= LEAST_VOTES:
            found.append(fit_family(family, votes, prior_of(family)))
    if not found:
        raise RequestError(
            f"fewer than {LEAST_VOTES} votes compare two scored clips; ask more listeners"
        )
    return tuple(found)


def prior_of(family: str) -> Floats:
    """Return the present weights of a family, in the order of the rules."""
    known = load_weights()[family]
    return np.array([known.weight_of(rule) for rule in RULES])


def votes_of(stimuli: Mapping[str, Stimulus], listeners: Sequence[Listener], family: str) -> Votes:
    """Return the votes that compare two scored clips of a family."""
    rows: list[tuple[Floats, float, int, str]] = []
    for number, listener in enumerate(listeners):
        for vote in counted_votes(listener):
            first, second = (stimuli[clip] for clip in vote.trial.clips[:2])
            is_scored = first.total is not None and second.total is not None
            if is_scored and form_family(first.form) == form_family(second.form) == family:
                share = {"a": 1.0, "b": 0.0}.get(vote.answer["choice"], 0.5)
                difference = _penalties(second) - _penalties(first)
                rows.append((difference, share, number, vote.trial.prompt))
    names = {name: index for index, name in enumerate(dict.fromkeys(row[3] for row in rows))}
    return Votes(
        np.array([row[0] for row in rows]).reshape(-1, len(RULES)),
        np.array([row[1] for row in rows]),
        np.array([row[2] for row in rows], np.int64),
        np.array([names[row[3]] for row in rows], np.int64),
    )


def _penalties(stimulus: Stimulus) -> Floats:
    return np.array([stimulus.penalties.get(name, 0.0) for name in _RULE_NAMES])


def fit_family(family: str, votes: Votes, prior: Floats) -> Calibration:
    """Fit one family; see the module.

    Args:
        family: Its name.
        votes: At least one.
        prior: The present weights.
    """
    pull = _best_pull(votes, prior, votes.prompts)
    weights = fit_weights(votes, prior, pull)
    return Calibration(
        family=family,
        n_votes=len(votes),
        n_listeners=len(set(votes.listeners.tolist())),
        n_prompts=len(set(votes.prompts.tolist())),
        before=agreement(votes, prior),
        after_listeners=_held_out_agreement(votes, prior, votes.listeners),
        after_prompts=_held_out_agreement(votes, prior, votes.prompts),
        pull=pull,
        weights=dict(zip(_RULE_NAMES, np.round(weights, 5).tolist(), strict=True)),
    )


def fit_weights(votes: Votes, prior: Floats, pull: float) -> Floats:
    """Return weights on the scale of the prior.

    Args:
        votes: At least one.
        prior: Not all zero.
        pull: Above 0; the larger, the nearer to the prior.
    """
    from scipy.optimize import minimize, minimize_scalar

    # Listeners may be surer or less sure than the present costs say: that is no new weight.
    sureness = minimize_scalar(
        lambda factor: _loss(votes, factor * prior)[0], bounds=(1e-3, 20.0), method="bounded"
    ).x
    aim = sureness * prior
    spread = max(float(aim.mean()), 1e-6)

    def objective(weights: Floats) -> tuple[float, Floats]:
        loss, slope = _loss(votes, weights)
        off = (weights - aim) / spread
        return loss + pull * float(off @ off) / 2, slope + pull * off / spread

    found = minimize(objective, aim, jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * len(aim))
    return np.asarray(found.x / sureness, dtype=np.float64)


def _loss(votes: Votes, weights: Floats) -> tuple[float, Floats]:
    """Return the negative logarithm of the likelihood, and its slope."""
    logits = votes.differences @ weights
    chances = 1 / (1 + np.exp(-np.clip(logits, -500, 500)))
    loss = np.logaddexp(0.0, logits) - votes.shares * logits
    return float(loss.sum()), votes.differences.T @ (chances - votes.shares)


def agreement(votes: Votes, weights: Floats) -> float:
    """Return the share of decided votes whose preferred clip costs less; equal costs are half."""
    decided = votes.keep(votes.shares != 0.5)
    if not len(decided):
        return float("nan")
    ahead = np.sign(np.round(decided.differences @ weights, 12))
    return float(np.mean((1 + ahead * np.where(decided.shares == 1.0, 1, -1)) / 2))


def _folds(groups: npt.NDArray[np.int64]) -> list[npt.NDArray[np.bool_]]:
    """Return who is held out, fold by fold; no group is in two folds."""
    names = np.unique(groups)
    n_folds = min(FOLDS, len(names))
    return [np.isin(groups, names[fold::n_folds]) for fold in range(n_folds)] if n_folds > 1 else []


def _best_pull(votes: Votes, prior: Floats, groups: npt.NDArray[np.int64]) -> float:
    """Return the pull under which votes that were held out are likeliest."""
    folds = _folds(groups)
    if not folds:
        return PULLS[-1]

    def loss(pull: float) -> float:
        fits = ((held, fit_weights(votes.keep(~held), prior, pull)) for held in folds)
        return sum(_loss(votes.keep(held), weights)[0] for held, weights in fits)

    return min(PULLS, key=loss)


def _held_out_agreement(votes: Votes, prior: Floats, groups: npt.NDArray[np.int64]) -> float | None:
    """Return the agreement on groups that took no part in the fit, the choice of pull included."""
    folds = _folds(groups)
    if not folds:
        return None
    weighted = []
    for held in folds:
        rest = votes.keep(~held)
        inner = rest.listeners if groups is votes.listeners else rest.prompts
        weights = fit_weights(rest, prior, _best_pull(rest, prior, inner))
        weighted.append((agreement(votes.keep(held), weights), int(held.sum())))
    known = [(value, n) for value, n in weighted if value == value]
    total = sum(n for _, n in known)
    return sum(value * n for value, n in known) / total if total else None


def write_weights(found: Sequence[Calibration], path: Path, base: Path = WEIGHTS_PATH) -> None:
    """Write a file of weights in which the fitted families take the place of the present ones.

    The costs of real pieces, which totals are read from, are kept: weights are scaled so that they
    add up to what they did. What changes is which of two pieces stands higher.

    Args:
        found: What was fitted.
        path: Of the new file.
        base: Of the present weights.
    """
    document: dict[str, Any] = json.loads(base.read_text(encoding="utf-8"))
    for one in found:
        prior, names = prior_of(one.family), _RULE_NAMES
        total = sum(one.weights.values())
        factor = float(prior.sum()) / total if total else 1.0
        weights = {name: round(one.weights[name] * factor, 5) for name in names}
        document["families"][one.family]["weights"] = weights
    write_whole(path, json.dumps(document, ensure_ascii=False, indent=1) + "\n")
