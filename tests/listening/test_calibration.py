from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from composer.errors import RequestError
from composer.listening import calibration
from composer.listening.calibration import Votes, agreement, fit_family, fit_weights, write_weights
from composer.listening.stimuli import StudyFolder
from composer.scoring import RULES
from composer.scoring.weights import FORM_FAMILIES, load_weights

N_RULES = len(RULES)
HALF = N_RULES // 2


def votes_by(weights: np.ndarray, rng: np.random.Generator, n: int = 1500) -> Votes:
    """Return votes of 30 listeners on 10 prompts who weigh penalties in a known way."""
    penalties = rng.exponential(0.5, (2, n, N_RULES)) * (rng.random((2, n, N_RULES)) < 0.2)
    differences = penalties[1] - penalties[0]
    chances = 1 / (1 + np.exp(-differences @ weights))
    shares = (rng.random(n) < chances).astype(float)
    return Votes(differences, shares, np.arange(n) % 30, np.arange(n) // 30 % 10)


def test_known_weights_are_found_and_agreement_grows(rng: np.random.Generator) -> None:
    truth = np.concatenate([np.full(HALF, 1.0), np.zeros(N_RULES - HALF)])
    prior = np.concatenate([np.full(HALF, 0.2), np.full(N_RULES - HALF, 1.0)])
    found = fit_family("chorale", votes_by(truth, rng), prior)
    assert found.after_listeners is not None
    assert found.after_prompts is not None
    assert min(found.after_listeners, found.after_prompts) > found.before + 0.05
    assert found.n_listeners == 30


def test_without_anything_to_learn_the_weights_stay_near(rng: np.random.Generator) -> None:
    prior = np.linspace(0.5, 1.5, N_RULES)
    found = fit_weights(votes_by(prior, rng), prior, pull=1000.0)
    assert np.corrcoef(found, prior)[0, 1] > 0.99
    assert (found >= 0).all()


def test_agreement_is_the_share_of_votes_that_cost_less() -> None:
    differences = np.array([[1.0], [-1.0], [0.0], [1.0]])
    votes = Votes(differences, np.array([1.0, 1.0, 1.0, 0.5]), np.arange(4), np.arange(4))
    assert agreement(votes, np.ones(1)) == 0.5  # right, wrong, equal; the undecided one is out


def test_a_study_with_few_votes_or_of_another_design_is_refused(study: StudyFolder) -> None:
    with pytest.raises(RequestError, match="fewer than"):
        calibration.calibrate(study, ())
    with pytest.raises(RequestError, match="pairwise"):
        calibration.calibrate(replace(study, plan=replace(study.plan, design="rating")), ())


def test_a_file_of_weights_is_read_as_the_scorecard_reads_it(tmp_path: Path) -> None:
    fitted = calibration.Calibration(
        "chorale", 100, 10, 5, 0.6, 0.7, 0.65, 1.0, {rule.name: 1.0 for rule in RULES}
    )
    write_weights([fitted], tmp_path / "weights.json")
    found, present = load_weights(tmp_path / "weights.json"), load_weights()
    assert set(json.loads((tmp_path / "weights.json").read_text())["families"]) == set(
        FORM_FAMILIES
    )
    assert found["song"] == present["song"]
    assert len(set(found["chorale"].weights.values())) == 1
    before, after = (sum(one["chorale"].weight_of(r) for r in RULES) for one in (present, found))
    assert after == pytest.approx(before, rel=1e-3)
