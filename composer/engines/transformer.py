"""The engine of the event transformer: wishes -> groups of draws -> drafts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from composer import places
from composer.decoding import DecodingOptions, Draw, Group, Runtime, draw, open_runtime
from composer.engines.base import Capabilities, Draft, Step
from composer.engines.crew import work_side_by_side
from composer.engines.menu import MenuRow, check_menu, check_meter, decide
from composer.engines.part_writing import PartWriting, parallel_costs
from composer.errors import CheckpointError
from composer.models import Checkpoint, load_checkpoint
from composer.request import Request
from composer.theory import MONOPHONIC_ENSEMBLES
from composer.tokenizer import Vocabulary, encode_conditions, vocab
from composer.tokenizer.holes import drop_wishes
from composer.tokenizer.masks import Frame, Grammar
from composer.tokenizer.vocab import BAR, PART, TIME, Events
from composer.tokenizer.wishes import Conditions, default_parts, meter_id, part_ranges

# Candidates drawn together, by their number alone: neither cores nor other visitors nor who is done
# first change what a candidate becomes. Eight give the first ones soon, 32 cost least a candidate.
GROUP_SIZES = (8, 32)
MIN_WINDOW = 32  # rows; half of them hold the wishes and some music
DEFAULT_WINDOW = 512  # rows, where a checkpoint does not say what it was trained on
MAX_ROWS_PER_BAR = 160
PROGRESS_ROWS = 8  # rows between two reports of progress


class TransformerEngine:
    """Composes with a checkpoint of the event transformer.

    Args:
        checkpoint: Loaded and checked.
        runtime: Runs it; what the environment names by default.
    """

    capabilities = Capabilities()

    def __init__(self, checkpoint: Checkpoint, runtime: Runtime | None = None) -> None:
        model = checkpoint.model
        if (model.table_sizes, model.written_sizes) != (vocab.TABLE_SIZES, vocab.WRITTEN_SIZES):
            raise CheckpointError(
                f"the checkpoint was made for tables of {model.table_sizes} ids, this version has "
                f"{vocab.TABLE_SIZES}; use matching versions"
            )
        self.vocabulary = Vocabulary.from_dict(checkpoint.vocabulary)
        self.menu = tuple(MenuRow.from_dict(row) for row in checkpoint.menu)
        self.runtime = runtime or open_runtime(model, places.runtime())
        self.window = _window(checkpoint.notes)
        self.likelihood_bands = dict(checkpoint.evaluation.get("bands", {}))
        self.versions = {
            "checkpoint": checkpoint.fingerprint,
            "vocabulary": self.vocabulary.fingerprint,
            "runtime": self.runtime.name,
        }

    @classmethod
    def load(cls, folder: Path, device: str = "cpu") -> TransformerEngine:
        """Load a checkpoint folder.

        Raises:
            CheckpointError: In one clear line.
        """
        return cls(load_checkpoint(folder, device))

    def draw(self, request: Request) -> Iterator[Step]:
        """Draw all candidates of a request, in groups side by side.

        Raises:
            RequestError: If the wishes are not on the menu.
        """
        check_meter(request.meter)
        if self.menu:
            check_menu(request, self.menu)
        wishes = decide(request, self.menu)
        groups = [
            partial(self._draw_group, request, wishes, group) for group in split(request.candidates)
        ]
        shares = [0.0] * len(groups)
        for number, step in work_side_by_side(groups, places.workers()):
            shares[number] = step.share
            yield Step(sum(shares) / len(shares), step.drafts)

    def _draw_group(
        self, request: Request, wishes: Conditions, indices: list[int]
    ) -> Iterator[Step]:
        options = DecodingOptions(
            temperature=request.temperature,
            top_k=request.top_k,
            top_p=request.top_p,
            min_p=request.min_p,
            guidance=request.guidance,
        )
        frame = build_frame(request, wishes)
        grammar = Grammar(frame, len(indices))
        group = self._group(request, wishes, indices, grammar)
        for n_rows, draws in enumerate(draw(self.runtime, group, options)):
            if draws or n_rows % PROGRESS_ROWS == 0:
                share = _share(grammar, frame) if not grammar.finished.all() else 1.0
                yield Step(share, tuple(_draft(found, wishes) for found in draws))

    def _group(
        self, request: Request, wishes: Conditions, indices: list[int], grammar: Grammar
    ) -> Group:
        prefix = encode_conditions(wishes, self.vocabulary)
        costs = parallel_costs(wishes, request.part_writing)
        return Group(
            indices=indices,
            prefix=prefix,
            open_prefix=drop_wishes(prefix, vocab.WISHES),
            rules=grammar,
            seed=request.seed,
            max_rows=MAX_ROWS_PER_BAR * request.bars,
            window=self.window,
            reframe=lambda rows: slide(rows, self.window // 2),
            open_reframe=lambda rows: slide(rows, self.window // 2),
            leaning=PartWriting(grammar, costs) if costs else None,
        )


def split(n_candidates: int) -> list[list[int]]:
    """Return the candidates' numbers in groups of equal size, four of them if that can be."""
    low, high = GROUP_SIZES
    size = min(high, max(low, math.ceil(n_candidates / 4)))
    indices = list(range(n_candidates))
    return [indices[first : first + size] for first in range(0, n_candidates, size)]


def _window(notes: dict[str, Any]) -> int:
    """Return the rows that a checkpoint was trained to read at once."""
    rows = notes.get("max_rows", DEFAULT_WINDOW)
    if not isinstance(rows, int) or rows < MIN_WINDOW:
        raise CheckpointError(f"`max_rows` must be {MIN_WINDOW} or more, got {str(rows)[:40]!r}")
    return rows


def build_frame(request: Request, wishes: Conditions) -> Frame:
    """Return what is fixed about a request's pieces: bars, meter, ranges with the tonic on C."""
    ensemble = wishes.ensemble or "keyboard"
    n_parts = wishes.parts or default_parts(ensemble)
    shift = wishes.shift or 0
    ranges = part_ranges(ensemble, n_parts, wishes.composer)
    return Frame(
        bars=request.bars,
        ranges=[(low - shift, high - shift) for low, high in ranges],
        meter=None if wishes.meter is None else meter_id(wishes.meter),
        one_line=ensemble in MONOPHONIC_ENSEMBLES,
    )


def slide(rows: Events, budget: int) -> Events:
    """Return what is read again when the window is full: wishes, GAP and the last bars.

    Args:
        rows: All rows so far: wishes, then bars.
        budget: Rows to return at most; the last bar is cut if it alone is longer.
    """
    n_wishes = len(vocab.WISHES)
    wishes, music = rows[:n_wishes], rows[n_wishes:]
    starts = np.flatnonzero(music[:, TIME] == BAR)
    room = budget - n_wishes - 1
    fitting = starts[len(music) - starts <= room]
    first = int(fitting[0]) if len(fitting) else max(0, len(music) - room)
    n_left_out = int((starts < first).sum())
    gap = vocab.row(vocab.GAP, pitch=vocab.bars_left_id(n_left_out))
    return np.concatenate([wishes, gap, music[first:]])


def nats_per_note(events: Events, log_probs: npt.NDArray[np.float32]) -> float:
    """Return the mean surprise of a draw over its notes; sections are plans and do not count."""
    counted = log_probs.copy()
    counted[events[:, TIME] == BAR, PART] = 0.0
    n_notes = int(vocab.is_note(events).sum())
    return float(-counted.sum() / max(1, n_notes))


def _share(grammar: Grammar, frame: Frame) -> float:
    """Return how far a group has come, by its slowest candidate."""
    return float(np.clip(grammar.bar.min(initial=frame.bars) / frame.bars, 0.0, 1.0))


def _draft(found: Draw, wishes: Conditions) -> Draft:
    return Draft(
        index=found.index,
        wishes=wishes,
        events=found.events,
        log_probs=found.log_probs,
        nats_per_note=nats_per_note(found.events, found.log_probs),
        is_complete=found.is_complete,
    )
