"""The report of a checkpoint: everything that is measured, as one value that JSON can hold.

Real pieces that were held back from training stand beside pieces composed for the same settings:
the first draw of every request (`first draws`) and the winner among its candidates (`winners`).
Real training pieces of the same composers and forms (`other real`) show how far real pieces differ
from one another, and the same ones damaged show what a difference looks like.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from composer.corpus import Corpus
from composer.engines import Engine, open_engine
from composer.errors import OptionError
from composer.evaluation.craft import craft
from composer.evaluation.damage import DAMAGES, damage
from composer.evaluation.distributions import compare_distributions
from composer.evaluation.features import describe, distributions
from composer.evaluation.fidelity import fidelity, only_written_keys
from composer.evaluation.likelihood import measure_pieces, summarise
from composer.evaluation.memorisation import memorisation
from composer.evaluation.menu_marks import menu_marks
from composer.evaluation.recognition import REAL, Labelled, Recogniser, recognition
from composer.evaluation.samples import (
    Drawn,
    Real,
    Tell,
    draw_all,
    grid_requests,
    held_out,
    request_like,
    silent,
    training_partners,
    training_sample,
)
from composer.evaluation.two_sample import N_FOLDS, two_sample_auc
from composer.models import load_checkpoint
from composer.piece import Piece
from composer.version import VERSION

FORMAT = 1
FIRST, WINNERS, OTHER = "first draws", "winners", "other real"
LEARNED_A_PAIR = 60
# Where nothing is chosen, a second draw stands in for a first that became no piece.
FEW_CANDIDATES = 2


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """How much is drawn.

    Args:
        pieces: Real pieces, and requests beside them; all that were held back if there are fewer.
        winners: For how many of these requests candidates are drawn to choose among.
        candidates: Of each of those.
        grid_candidates: Of each request of the menu's grid.
        seed: Of every choice.
    """

    pieces: int = 200
    winners: int = 64
    candidates: int = 16
    grid_candidates: int = 16
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse samples too small to judge."""
        if self.pieces < N_FOLDS or min(self.candidates, self.grid_candidates) < 1:
            raise OptionError(
                f"`pieces` must be {N_FOLDS} or more and candidates 1 or more, got {self.pieces}"
            )


@dataclass(frozen=True)
class _Samples:
    """All pieces that the report looks at."""

    real: list[Real]
    other: list[Real]
    training: list[Real]
    drawn: list[Drawn]
    grid: list[Drawn]

    @property
    def chosen(self) -> list[Drawn]:
        """The requests with candidates to choose among."""
        return [one for one in self.drawn if one.request.candidates > FEW_CANDIDATES]

    def beside(self) -> dict[str, list[Piece]]:
        """Return the sets that stand beside each other; real pieces first."""
        return {
            REAL: [one.piece for one in self.real],
            FIRST: [one.raw for one in self.drawn if one.raw],
            WINNERS: [one.best for one in self.chosen if one.best],
            OTHER: [one.piece for one in self.other],
        }


def build_report(
    folder: Path, corpus: Corpus, options: ReportOptions | None = None, tell: Tell = silent
) -> dict[str, Any]:
    """Measure a checkpoint.

    Args:
        folder: Of the checkpoint.
        corpus: Of all splits, filtered by licence already.
        options: How much is drawn.
        tell: Hears what is being done.

    Raises:
        CheckpointError: If the checkpoint cannot be loaded.
        OptionError: If the corpus has too few pieces outside its training split, or in it.
    """
    options = options or ReportOptions()
    engine = open_engine(folder)
    samples = _draw(engine, corpus, options, tell)
    recogniser = Recogniser([_labelled(one) for one in samples.training])
    sets = samples.beside()
    measures: dict[str, Callable[[], Any]] = {
        "likelihood": lambda: _likelihood(folder, corpus),
        "fidelity": lambda: fidelity(samples.grid, _with_written_keys(samples.real, corpus)),
        "recognition": lambda: _recognition(samples, recogniser),
        "distributions": lambda: _distributions(sets, options.seed),
        "craft": lambda: craft(sets),
        "memorisation": lambda: memorisation({k: v for k, v in sets.items() if k != OTHER}),
        "two_sample": lambda: _two_sample(sets, options.seed),
        "menu": lambda: menu_marks(engine.menu, samples.grid, recogniser),
    }
    counts = {name: len(pieces) for name, pieces in sets.items()}
    return {
        "format": FORMAT,
        "versions": {"composer": VERSION, **engine.versions},
        "options": asdict(options),
        "counts": counts | {"grid": len(samples.grid), "learned": len(samples.training)},
        **{name: _measured(name, measure, tell) for name, measure in measures.items()},
    }


def _measured(name: str, measure: Callable[[], Any], tell: Tell) -> Any:
    tell(f"measuring {name.replace('_', ' ')}")
    return measure()


def _with_written_keys(real: Sequence[Real], corpus: Corpus) -> list[Real]:
    written = {entry.path for entry in only_written_keys(corpus).entries}
    return [one for one in real if one.entry.path in written]


def _draw(engine: Engine, corpus: Corpus, options: ReportOptions, tell: Tell) -> _Samples:
    real = held_out(corpus, engine.menu, options.pieces, options.seed)
    other = training_partners(corpus, engine.menu, real, options.seed)
    training = training_sample(corpus, engine.menu, LEARNED_A_PAIR, options.seed)
    if min(len(real), len(other)) < N_FOLDS or len({one.entry.form for one in training}) < 2:
        raise OptionError(
            f"a report needs {N_FOLDS} pieces outside the training split and as many in it, of "
            f"two forms on the menu; got {len(real)} and {len(other)}"
        )
    requests = [
        request_like(
            one,
            candidates=options.candidates if number < options.winners else FEW_CANDIDATES,
            seed=options.seed + number,
        )
        for number, one in enumerate(real)
    ]
    grid = grid_requests(engine.menu, candidates=options.grid_candidates, seed=options.seed)
    return _Samples(
        real,
        other,
        training,
        draw_all(requests, engine, real, tell),
        draw_all(grid, engine, (), tell),
    )


def _labelled(one: Real) -> Labelled:
    return Labelled.of(one.piece, one.entry.composer, one.entry.form)


def _composed_beside_real(
    drawn: Sequence[Drawn], piece_of: Callable[[Drawn], Piece | None]
) -> tuple[list[Labelled], list[Labelled]]:
    """Return the composed pieces and the real ones whose settings they are."""
    found = [(one.real, piece) for one in drawn if one.real and (piece := piece_of(one))]
    own = [Labelled.of(piece, real.entry.composer, real.entry.form) for real, piece in found]
    return own, [_labelled(real) for real, _ in found]


def _recognition(samples: _Samples, recogniser: Recogniser) -> dict[str, Any]:
    composed = {
        FIRST: _composed_beside_real(samples.drawn, lambda one: one.raw),
        WINNERS: _composed_beside_real(samples.chosen, lambda one: one.best),
    }
    return recognition(recogniser, [_labelled(one) for one in samples.real], composed)


def _likelihood(folder: Path, corpus: Corpus) -> dict[str, Any]:
    """Return nats a note of the validation split, and of every piece, for paired differences."""
    from composer.tokenizer import Vocabulary

    checkpoint = load_checkpoint(folder)
    unseen = replace(corpus, entries=tuple(e for e in corpus.entries if e.split == "valid"))
    found, refused = measure_pieces(
        checkpoint.model,
        Vocabulary.from_dict(checkpoint.vocabulary),
        unseen,
        int(checkpoint.notes.get("max_rows", 512)),
    )
    pieces = {one.entry.path: [one.entry.form, one.notes, round(one.nats, 2)] for one in found}
    return summarise(found, refused) | {"pieces": pieces}


def _distributions(sets: dict[str, list[Piece]], seed: int) -> dict[str, Any]:
    counted = {name: [distributions(piece) for piece in found] for name, found in sets.items()}
    return compare_distributions(counted, seed=seed)


def _two_sample(sets: dict[str, list[Piece]], seed: int) -> dict[str, Any]:
    """Return how well each set is told from the real pieces."""
    hurt = {
        f"damaged: {name}": [damage(p, name, seed + i) for i, p in enumerate(sets[OTHER])]
        for name in DAMAGES
        if name != "broken cadence"  # openings have none
    }
    rows = {
        name: np.array([describe(p) for p in found]) for name, found in {**sets, **hurt}.items()
    }
    return {
        name: two_sample_auc(rows[REAL], table, seed=seed).to_dict()
        for name, table in rows.items()
        if name != REAL and len(table) >= N_FOLDS
    }


def save_report(report: dict[str, Any], folder: Path) -> tuple[Path, Path]:
    """Write report.json and report.html; return both paths."""
    from composer.evaluation.report_page import report_page

    folder.mkdir(parents=True, exist_ok=True)
    values, page = folder / "report.json", folder / "report.html"
    values.write_text(_lines(report), encoding="utf-8")
    page.write_text(report_page(report), encoding="utf-8")
    return values, page


def _lines(report: dict[str, Any]) -> str:
    """Return JSON text with a line a section, and a line an entry where a section is long."""
    entries = (f"{json.dumps(name)}: {_section(value)}" for name, value in report.items())
    return "{\n" + ",\n".join(entries) + "\n}\n"


def _section(value: Any) -> str:
    if isinstance(value, dict) and any(isinstance(inner, (dict, list)) for inner in value.values()):
        entries = (f" {json.dumps(name)}: {_text(inner)}" for name, inner in value.items())
        return "{\n" + ",\n".join(entries) + "\n}"
    return _text(value)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
