"""Ratings as a mixed-effects model: conditions and prompts fixed, a level for every listener.

    value = condition + prompt + listener + rest,  listener ~ N(0, s_l^2),  rest ~ N(0, s^2)

Prompts are fixed effects: the result is about the prompts of the study.

Sources:
    N. M. Laird and J. H. Ware, Random-effects models for longitudinal data, Biometrics 38 (1982),
    pp. 963-974.
    J. C. Pinheiro and D. M. Bates, Mixed-Effects Models in S and S-PLUS (2000), chapters 1 and 2.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from composer.listening.analysis.answers import Rating


@dataclass(frozen=True, slots=True)
class Effect:
    """A condition beside the reference.

    Args:
        condition: Its name.
        estimate: How much higher it was rated, in points.
        error: Standard error.
        low, high: 95 % interval.
        p: Two-sided, after Wald.
    """

    condition: str
    estimate: float
    error: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True)
class MixedModel:
    """A fitted model.

    Args:
        reference: The condition that all others are compared with.
        effects: Of the others.
        listener_sd, residual_sd: How far listeners' levels, and single answers, scatter.
        is_converged: If not, the numbers are no result.
    """

    reference: str
    effects: tuple[Effect, ...]
    listener_sd: float
    residual_sd: float
    is_converged: bool


def fit_mixed(columns: Mapping[str, Sequence[Any]], formula: str, groups: str) -> Any:
    """Fit a model with a random level for every group, by restricted maximum likelihood.

    Args:
        columns: Values by name.
        formula: As statsmodels reads it.
        groups: The column that names the groups.
    """
    import pandas as pd
    import statsmodels.formula.api as smf

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `converged` says what matters
        return smf.mixedlm(formula, pd.DataFrame(dict(columns)), groups=groups).fit()


def mixed_model(found: Sequence[Rating], reference: str) -> MixedModel | None:
    """Return the model of one scale; None if there is too little to fit.

    Args:
        found: Ratings on one scale.
        reference: A condition among them.
    """
    listeners = {one.listener for one in found}
    others = sorted({one.condition for one in found} - {reference})
    if len(listeners) < 3 or not others or len({one.value for one in found}) < 2:
        return None
    # Names are free text and would be read as a formula; numbers stand for them.
    number = {name: f"c{index}" for index, name in enumerate([reference, *others])}
    prompts = {name: f"p{i}" for i, name in enumerate(sorted({one.prompt for one in found}))}
    columns: dict[str, Sequence[Any]] = {
        "value": [one.value for one in found],
        "condition": [number[one.condition] for one in found],
        "prompt": [prompts[one.prompt] for one in found],
        "listener": [one.listener for one in found],
    }
    terms = ["C(condition)"] + ["C(prompt)"] * (len(prompts) > 1)
    try:
        fit = fit_mixed(columns, "value ~ " + " + ".join(terms), "listener")
    except np.linalg.LinAlgError:  # listeners do not differ at all, or too few answers are left
        return None
    intervals = fit.conf_int()
    effects = tuple(
        Effect(name, *(float(table[f"C(condition)[T.{number[name]}]"]) for table in
                       (fit.params, fit.bse, intervals[0], intervals[1], fit.pvalues)))
        for name in others
    )  # fmt: skip
    listener_sd, residual_sd = float(fit.cov_re.iloc[0, 0]) ** 0.5, float(fit.scale) ** 0.5
    return MixedModel(reference, effects, listener_sd, residual_sd, bool(fit.converged))
