"""My own style: a copy of a checkpoint goes on learning from somebody's own files, for minutes.

Two guards keep it from learning them by heart. Some of the music is held back: the copy is kept as
it was when it predicted that best, and learning ends when it gets worse. And what it learned from
is indexed, so that the judge calls a candidate a copy that repeats it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from composer.corpus.detect import ensemble_of_piece
from composer.engines.companions import attach
from composer.errors import OptionError, RequestError
from composer.models import Checkpoint, load_checkpoint
from composer.models.config import PRESETS_OF, kind_of
from composer.models.saving import save_checkpoint
from composer.novelty import build_index, save_index
from composer.piece import Piece
from composer.stitching import trim
from composer.tokenizer import Vocabulary, encode
from composer.tokenizer.bar_layouts import read_layout

HELD_BACK = 5  # one piece of so many, or so many of the bars of each
LEAST_PIECES = 5  # to hold back whole pieces rather than their last bars
LEAST_BARS, LEAST_BARS_OF_PIECE = 16, 4
LOOKS = 12  # at what is held back, in the time that is given
WINDOWS = 16  # of what is held back; a look shall take seconds
PATIENCE = 3  # looks without progress after which learning ends
RATE, MATRIX_RATE = 2e-4, 2e-3  # an eighth and a tenth of those of a training from nothing
Split = tuple[str, Piece]


class Look(NamedTuple):
    """What was seen of a copy on its way.

    Args:
        share: Of the time that is given, 0..1.
        nats_per_note: Of the music that is held back.
        is_best: Whether it was never predicted better.
    """

    share: float
    nats_per_note: float
    is_best: bool


@dataclass(frozen=True)
class Learned:
    """What came of it.

    Args:
        folder: Of the new checkpoint.
        before, after: Nats a note of the music that was held back.
        pieces: That were read.
        minutes: That it took.
    """

    folder: Path
    before: float
    after: float
    pieces: int
    minutes: float


def learn_own_style(
    pieces: Sequence[Piece],
    out: Path,
    *,
    base: Path,
    minutes: float,
    licence: str,
    seed: int = 0,
    on_look: Callable[[Look], None] = lambda look: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Learned:
    """Let a copy of a checkpoint learn from pieces; write it as a checkpoint of its own.

    Args:
        pieces: Of one hand; composer and form are conditions where they are known.
        out: Folder of the new checkpoint.
        base: Folder of the checkpoint that is copied.
        minutes: At most.
        licence: Under which the pieces may be used; it is kept with the checkpoint.
        seed: Of the order in which they are read.
        on_look: Hears how well the music that is held back is predicted.
        should_stop: Asked at every step; when true, the best so far is kept.

    Raises:
        RequestError: If there is too little music, or nothing was learned that holds for the music
            that was held back.
        OptionError: If no licence is named.
    """
    if not licence.strip():
        raise OptionError("say under which licence the pieces may be used, such as `my own work`")
    checkpoint = load_checkpoint(base)
    splits = hold_back(pieces)
    with TemporaryDirectory(prefix="composer-style-") as folder:
        run = _run(checkpoint, base, splits, Path(folder), minutes, seed)
        best, before, after, took = _learn(run, minutes, on_look, should_stop)
    if after >= before:
        raise RequestError(
            "nothing was learned that holds for the music that was held back; give more pieces of "
            "the same hand, or more minutes"
        )
    notes = checkpoint.notes | {
        "own_style": {
            "base": checkpoint.fingerprint,
            "pieces": len(pieces),
            "licence": licence.strip()[:200],
            "held_back_nats_per_note": [round(before, 4), round(after, 4)],
        }
    }
    out.mkdir(parents=True, exist_ok=True)
    save_checkpoint(out, best, checkpoint.vocabulary, notes, menu=checkpoint.menu)
    _index(pieces, out)
    return Learned(out, before, after, len(pieces), took)


def hold_back(pieces: Sequence[Piece]) -> list[Split]:
    """Split pieces into what is learned (`train`) and what is held back (`valid`).

    Of five pieces or more every fifth is held back whole, of fewer the last fifth of each.

    Raises:
        RequestError: If there are too few bars.
    """
    usable = [piece for piece in pieces if piece.n_notes and piece.n_bars >= LEAST_BARS_OF_PIECE]
    n_bars = sum(piece.n_bars for piece in usable)
    if n_bars < LEAST_BARS:
        raise RequestError(
            f"a style is learned from {LEAST_BARS} bars or more, in pieces of "
            f"{LEAST_BARS_OF_PIECE} or more; these have {n_bars}"
        )
    if len(usable) >= LEAST_PIECES:
        return [("train" if n % HELD_BACK else "valid", one) for n, one in enumerate(usable)]
    found: list[Split] = []
    for piece in usable:
        last = piece.n_bars - max(1, piece.n_bars // HELD_BACK)
        found.append(("train", trim(piece, 1, last)))
        found.append(("valid", trim(piece, last + 1, piece.n_bars)))
    return found


def _run(
    checkpoint: Checkpoint,
    base: Path,
    splits: Sequence[Split],
    folder: Path,
    minutes: float,
    seed: int,
) -> Any:
    """Return a training run over the pieces that begins with the weights of the checkpoint."""
    from composer.training import PackedEvents, SamplingOptions, TrainOptions
    from composer.training.loop import Run
    from composer.training.validation import validation_batches

    config = checkpoint.weights.config
    kind = kind_of(config)
    events = _pack(splits, checkpoint, folder / "events.npz")
    options = TrainOptions(
        model=kind,
        preset=next(iter(PRESETS_OF[kind])),
        shape=tuple(config.to_dict().items()),
        minutes=minutes,
        rate=RATE,
        matrix_rate=MATRIX_RATE,
        averaging=0.9,
        seed=seed,
        sampling=SamplingOptions(batch_rows=2_048, pool=32),
    )
    run = Run(PackedEvents.load(events), folder, options, (base,))
    run.validation = validation_batches(run.packed, options, WINDOWS)
    return run


def _pack(splits: Sequence[Split], checkpoint: Checkpoint, path: Path) -> Path:
    """Write the pieces as training reads them."""
    vocabulary = Vocabulary.from_dict(checkpoint.vocabulary)
    named = [(split, _with_ensemble(piece)) for split, piece in splits]
    events = [encode(piece, vocabulary) for _, piece in named]
    names = [
        {
            "split": split, "composer": piece.composer, "form": piece.form,
            "ensemble": piece.ensemble,
        }
        for split, piece in named
    ]  # fmt: skip
    np.savez_compressed(
        path,
        events=np.concatenate(events),
        layouts=np.concatenate([read_layout(found) for found in events]),
        offsets=np.cumsum([0, *map(len, events)]),
        names=np.array(json.dumps(names)),
        menu=np.array(json.dumps(checkpoint.menu)),
        vocabulary=np.array(json.dumps(checkpoint.vocabulary)),
    )
    return path


def _with_ensemble(piece: Piece) -> Piece:
    return piece if piece.ensemble else replace(piece, ensemble=ensemble_of_piece(piece))


def _learn(
    run: Any,
    minutes: float,
    on_look: Callable[[Look], None],
    should_stop: Callable[[], bool],
) -> tuple[Any, float, float, float]:
    """Step until time is over, or nothing gets better; return the best model and its nats."""
    before = best = run.validate(run.raw_model)
    kept, n_worse, began_s, next_s = run.raw_model, 0, time.monotonic(), 0.0
    batches = run.batches()
    while run.share_done < 1 and n_worse < PATIENCE and not should_stop():
        run.step(batches)
        run.progress.seconds = time.monotonic() - began_s
        if run.progress.seconds < next_s and run.share_done < 1:
            continue
        next_s = run.progress.seconds + 60 * minutes / LOOKS
        found = run.validate(run.averaged.module)
        is_best = found < best
        on_look(Look(min(1.0, run.share_done), found, is_best))
        n_worse = 0 if is_best else n_worse + 1
        if is_best:
            best, kept = found, deepcopy(run.averaged.module)
    return kept, before, best, (time.monotonic() - began_s) / 60


def _index(pieces: Sequence[Piece], out: Path) -> None:
    """Index what was learned from, so that copies of it are noticed."""
    with TemporaryDirectory(prefix="composer-style-") as folder:
        named = ((piece.title or f"piece {n}", piece) for n, piece in enumerate(pieces, start=1))
        index = save_index(build_index(named), Path(folder) / "novelty.npz")
        attach(out, {"novelty": index})
