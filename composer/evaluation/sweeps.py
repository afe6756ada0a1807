"""Which temperature, min-p and guidance suit a form: every setting drawn and measured alike.

Measured on all draws, which choice among candidates has not improved yet:

- `auc`: how well a classifier tells them from real pieces of the form (0.5 not at all)
- `nats`: mean surprise of the model, unguided at temperature 1; real pieces' own is `real nats`
- `total`, `voice leading`: mean total of the scorecard, and the share of the voice-leading rules
  inside the band of real pieces
- `composer`: how often a classifier names the composer that was asked for, where a form has
  several; real pieces' own rate is `real composer`

The best setting is the one with the lowest AUC; ties within its interval go to the higher total.
Draws for the same settings may lie in different folds of the classifier, which makes them a little
easier to tell from real pieces; it does so at every setting alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from composer.corpus import Corpus, Entry
from composer.engines import Engine
from composer.errors import OptionError
from composer.evaluation.features import describe
from composer.evaluation.intervals import Interval, bootstrap, share
from composer.evaluation.recognition import Labelled, Recogniser
from composer.evaluation.samples import (
    Drawn,
    Real,
    Tell,
    draw_all,
    read_real,
    request_like,
    silent,
    training_sample,
)
from composer.evaluation.two_sample import N_FOLDS, two_sample_auc
from composer.piece import Piece
from composer.request import default_of
from composer.scoring import score

FAMILY = "voice leading"
# Drawn side by side, they cost a third.
DRAWS_A_REQUEST = 4
LEARNED_A_COMPOSER = 60
TEMPERATURES, MIN_PS, GUIDANCES = (0.8, 0.9, 1.0, 1.1), (0.0, 0.02, 0.05), (1.0, 1.5, 2.0)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a sweep changes; defaults and ranges as in `Request`."""

    temperature: float = default_of("temperature")
    min_p: float = default_of("min_p")
    guidance: float = default_of("guidance")


def settings_of(
    temperatures: Sequence[float] = TEMPERATURES,
    min_ps: Sequence[float] = MIN_PS,
    guidances: Sequence[float] = GUIDANCES,
) -> list[Setting]:
    """Return all combinations."""
    return [
        Setting(temperature=t, min_p=p, guidance=g)
        for t, p, g in product(temperatures, min_ps, guidances)
    ]


def sweep(
    engine: Engine,
    corpus: Corpus,
    form: str,
    settings: Sequence[Setting],
    *,
    pieces: int = 64,
    seed: int = 0,
    tell: Tell = silent,
) -> dict[str, Any]:
    """Measure every setting on requests like real pieces of one form.

    Args:
        engine: What composes.
        corpus: Of all splits; pieces outside the training split come first.
        form: On the menu.
        settings: What is tried; the default is, too, if it is not among them.
        pieces: Real ones, and draws a setting, several for the settings of one real piece.
        seed: Of the choice of pieces and of the draws.
        tell: Hears how far the work is.

    Raises:
        OptionError: If the form has too few real pieces.

    Returns:
        `form`, `pieces`, `real nats` (the band of the checkpoint's evaluation, if it has one),
        `real composer`, `rows` (a setting with its measures, the best first) and `best`.
    """
    real = _real_pieces(engine, corpus, form, pieces, seed)
    _check_number(form, len(real))
    settings = list(dict.fromkeys([Setting(), *settings]))
    features = np.array([describe(one.piece) for one in real])
    recogniser = _recogniser(engine, corpus, form, seed)
    asked = real[: max(1, len(real) // DRAWS_A_REQUEST)]
    rows = []
    for number, setting in enumerate(settings, start=1):
        requests = [
            replace(request_like(one, candidates=DRAWS_A_REQUEST, seed=seed + i), **vars(setting))
            for i, one in enumerate(asked)
        ]
        drawn = draw_all(requests, engine, asked)
        rows.append(vars(setting) | _measured(drawn, features, recogniser, seed))
        tell(f"{form}, {number} of {len(settings)}: {row_words(rows[-1])}")
    rows = ranked(rows)
    band = engine.standards.bands.get(form, {}).get("nats_per_note")
    return {
        "form": form,
        "pieces": len(real),
        "real nats": dict(zip(("p10", "p50", "p90"), (band[1], band[3], band[5]), strict=True))
        if band
        else None,
        "real composer": _named(recogniser, [(o, o.piece) for o in real if not o.is_learned]),
        "best": {name: rows[0][name] for name in vars(settings[0])},
        "rows": rows,
    }


def check_forms(engine: Engine, corpus: Corpus, forms: Sequence[str]) -> None:
    """Refuse forms that cannot be swept, before hours went into others.

    Raises:
        OptionError: With the first form that has too few real pieces by composers on the menu.
    """
    for form in forms:
        _check_number(form, len(_entries(engine, corpus, form)))


def _check_number(form: str, n_pieces: int) -> None:
    if n_pieces < N_FOLDS:
        raise OptionError(
            f"a sweep of {form[:40]!r} needs {N_FOLDS} real pieces by composers on the menu, "
            f"got {n_pieces}"
        )


def _entries(engine: Engine, corpus: Corpus, form: str) -> list[Entry]:
    composers = {row.composer for row in engine.menu if row.form == form}
    return [e for e in corpus.entries if e.form == form and e.composer in composers]


def _real_pieces(engine: Engine, corpus: Corpus, form: str, n_pieces: int, seed: int) -> list[Real]:
    entries = _entries(engine, corpus, form)
    shuffled = [entries[i] for i in np.random.default_rng(seed).permutation(len(entries))]
    return list(read_real(sorted(shuffled, key=lambda e: e.split == "train"), corpus, n_pieces))


def _recogniser(engine: Engine, corpus: Corpus, form: str, seed: int) -> Recogniser:
    of_form = replace(corpus, entries=tuple(e for e in corpus.entries if e.form == form))
    learned = training_sample(of_form, engine.menu, LEARNED_A_COMPOSER, seed)
    return Recogniser([_labelled(one, one.piece) for one in learned])


def _labelled(real: Real, piece: Piece) -> Labelled:
    return Labelled.of(piece, real.entry.composer, real.entry.form)


def _named(recogniser: Recogniser, pieces: Sequence[tuple[Real, Piece]]) -> dict[str, Any]:
    """Return how often the composer is named, of pieces beside the real ones they are like."""
    hits = recogniser.composer_hits([_labelled(real, piece) for real, piece in pieces])
    return share([is_hit for _, is_hit in hits]).to_dict()


def _measured(
    drawn: Sequence[Drawn], real: Any, recogniser: Recogniser, seed: int
) -> dict[str, Any]:
    pieces = [piece for one in drawn for piece in one.pieces]
    cards = [score(piece) for piece in pieces]
    led = [s.is_inside_band for c in cards for s in c.scores if s.family == FAMILY]
    nats = [one.nats_per_note or 0.0 for request in drawn for one in request.ranked]
    n_draws = sum(len(one.ranked) + one.n_rejected for one in drawn)
    enough = len(pieces) >= N_FOLDS
    features = np.array([describe(piece) for piece in pieces])
    return {
        "auc": two_sample_auc(real, features, seed=seed).to_dict() if enough else None,
        "nats": bootstrap(nats).to_dict(),
        "total": bootstrap([card.total for card in cards]).to_dict(2),
        FAMILY: share(led).to_dict(),
        "composer": _named(
            recogniser, [(one.real, piece) for one in drawn if one.real for piece in one.pieces]
        ),
        "no piece": share([number >= len(pieces) for number in range(n_draws)]).to_dict(),
    }


def row_words(row: dict[str, Any]) -> str:
    """Return a row in one line: the setting, and every measure with its interval."""
    words = []
    for name, value in row.items():
        if isinstance(value, dict):
            words.append(f"{name} {value['value']} ({value['low']} to {value['high']})")
        else:
            words.append(f"{name} {value}")
    return ", ".join(words)


def ranked(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows, the best first: lowest AUC, within its interval the highest total."""
    judged = [row for row in rows if row["auc"]]
    if not judged:
        return list(rows)
    limit = Interval.from_dict(min(judged, key=lambda row: row["auc"]["value"])["auc"]).high
    alike = [row for row in judged if row["auc"]["value"] <= limit]
    order = sorted(alike, key=lambda row: -row["total"]["value"])
    return order + sorted(
        (row for row in rows if row not in alike),
        key=lambda row: row["auc"]["value"] if row["auc"] else 1.0,
    )
