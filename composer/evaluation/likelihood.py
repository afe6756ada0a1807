"""How well a checkpoint predicts pieces it has not seen: nats a note, by form and by composer.

Every row of the canonical encoding counts (bar lines, meters, notes, END), with conditions and bars
left given; a bar's SECTION is a condition and does not count. A piece longer than the window is
read as the composer reads it: conditions, GAP, the last half window of bars, then the
bars that count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from composer.corpus import Corpus, Entry, Refusal
from composer.errors import ComposerError
from composer.evaluation.intervals import bootstrap, ratio_of_sums
from composer.models import load_checkpoint, save_evaluation
from composer.models.event_model import EventModel
from composer.models.likelihood import row_nats
from composer.piece import Piece
from composer.scoring.bands import MIN_PIECES, PERCENTILES, groups_of
from composer.tokenizer import Vocabulary, encode
from composer.tokenizer.holes import Bars, windows
from composer.tokenizer.holes import Sequence as RowSequence
from composer.tokenizer.vocab import BAR, PART, TIME
from composer.training.batches import pad

BATCH_ROWS = 8_192


@dataclass(frozen=True)
class PieceLikelihood:
    """One piece under a model.

    Args:
        entry: What is known of the piece.
        notes: Its notes.
        sixteenths: From its first onset to its last end.
        groups: Of pieces that it belongs to; see `scoring.bands`.
        nats: Of all its rows.
    """

    entry: Entry
    notes: int
    sixteenths: float
    groups: tuple[str, ...]
    nats: float


@dataclass(frozen=True)
class _Chunk:
    """A sequence of one piece, of which only the last rows count."""

    piece: int
    rows: RowSequence
    first_counted: int


def evaluate_likelihood(
    model: EventModel, vocabulary: Vocabulary, corpus: Corpus, max_rows: int = 512
) -> dict[str, Any]:
    """Return nats a note of a corpus as JSON values.

    Args:
        model: In evaluation mode.
        vocabulary: That it was trained with.
        corpus: Filtered by split already.
        max_rows: Window of the model.

    Returns:
        As `summarise`.
    """
    return summarise(*measure_pieces(model, vocabulary, corpus, max_rows))


def summarise(
    found: Sequence[PieceLikelihood], refused: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    """Return what `measure_pieces` found as JSON values.

    Returns:
        `overall`, `by_form`, `by_composer`, `chorales` (four parts; with `nats_per_16th`), each
        with `pieces`, `notes`, `nats_per_note` and its `interval` over resampled pieces; `bands`,
        the percentiles of nats a note among the pieces of a scoring group; and `refused`.
    """
    chorales = [one for one in found if one.entry.form == "chorale" and one.entry.parts == 4]
    sixteenths = sum(one.sixteenths for one in chorales)
    nats = sum(one.nats for one in chorales)
    return {
        "overall": _summary(found),
        "by_form": _grouped(found, "form"),
        "by_composer": _grouped(found, "composer"),
        "chorales": _summary(chorales)
        | {"nats_per_16th": round(nats / sixteenths, 4) if sixteenths else None},
        "bands": likelihood_bands(found),
        "refused": [{"path": path, "reason": reason} for path, reason in refused],
    }


def evaluate_checkpoint(folder: Path, corpus: Corpus, *, keep: bool = False) -> dict[str, Any]:
    """Return `evaluate_likelihood` of a checkpoint folder.

    Args:
        folder: Of the checkpoint.
        corpus: Filtered by split already.
        keep: Write the report beside the weights, where scoring finds its `bands`.

    Raises:
        CheckpointError: If the checkpoint cannot be loaded.
    """
    checkpoint = load_checkpoint(folder)
    vocabulary = Vocabulary.from_dict(checkpoint.vocabulary)
    max_rows = int(checkpoint.notes.get("max_rows", 512))
    report = evaluate_likelihood(checkpoint.model, vocabulary, corpus, max_rows)
    report["checkpoint"] = checkpoint.fingerprint
    if keep:
        save_evaluation(folder, report)
    return report


def likelihood_bands(found: Sequence[PieceLikelihood]) -> dict[str, list[float]]:
    """Return percentiles of nats a note, and the number of pieces, for groups of ten and more."""
    groups: dict[str, list[float]] = {}
    for one in found:
        for group in one.groups:
            groups.setdefault(group, []).append(one.nats / one.notes)
    return {
        group: [*np.percentile(values, PERCENTILES).round(4).tolist(), len(values)]
        for group, values in groups.items()
        if len(values) >= MIN_PIECES
    }


def measure_pieces(
    model: EventModel, vocabulary: Vocabulary, corpus: Corpus, max_rows: int
) -> tuple[list[PieceLikelihood], list[tuple[str, str]]]:
    """Return every piece of a corpus under a model, and (path, reason) of those left out.

    Args:
        model: In evaluation mode.
        vocabulary: That it was trained with.
        corpus: Filtered by split already.
        max_rows: Window of the model.
    """
    entries: list[Entry] = []
    facts: list[tuple[int, float, tuple[str, ...]]] = []
    chunks: list[_Chunk] = []
    refused: list[tuple[str, str]] = []
    for entry, piece in corpus.pieces():
        try:
            if isinstance(piece, Refusal):
                raise ComposerError(piece.reason)
            bars = Bars.of(encode(piece, vocabulary))
        except ComposerError as error:
            refused.append((str(entry.path), str(error)))
            continue
        chunks += list(_chunks(len(entries), bars, max_rows))
        entries.append(entry)
        facts.append((piece.n_notes, _sounding_sixteenths(piece), groups_of(piece)))
    nats = _chunk_nats(model, chunks, len(entries))
    found = [
        PieceLikelihood(entry, *known, nats=float(total))
        for entry, known, total in zip(entries, facts, nats, strict=True)
    ]
    return found, refused


def _sounding_sixteenths(piece: Piece) -> float:
    first = min(part.notes[0].onset_beats for part in piece.parts if part.notes)
    return float(4 * (piece.end_of_notes_beats - first))


def _chunks(number: int, piece: Bars, max_rows: int) -> Iterator[_Chunk]:
    """Cut a piece into windows that each count the bars that no window before them counted."""
    for rows, n_known in windows(piece, max_rows):
        yield _Chunk(number, rows, n_known)


def _chunk_nats(model: EventModel, chunks: Sequence[_Chunk], n_pieces: int) -> Any:
    """Return the summed nats of every piece, [n_pieces]."""
    nats = np.zeros(n_pieces)
    for group in _batched(sorted(chunks, key=lambda chunk: len(chunk.rows.rows))):
        batch = pad([chunk.rows for chunk in group])
        counts = batch.counts.copy()
        counts[..., PART] &= batch.nexts[..., TIME] != BAR
        found = row_nats(model, batch.rows, batch.nexts, counts).sum(-1)
        for chunk, rows in zip(group, found, strict=True):
            nats[chunk.piece] += rows[chunk.first_counted - 1 :].sum()
    return nats


def _batched(chunks: Sequence[_Chunk]) -> Iterator[list[_Chunk]]:
    group: list[_Chunk] = []
    for chunk in chunks:
        if group and (len(group) + 1) * len(chunk.rows.rows) > BATCH_ROWS:
            yield group
            group = []
        group.append(chunk)
    if group:
        yield group


def _summary(found: Sequence[PieceLikelihood]) -> dict[str, Any]:
    notes = sum(one.notes for one in found)
    nats = sum(one.nats for one in found)
    return {
        "pieces": len(found),
        "notes": notes,
        "nats_per_note": round(nats / notes, 4) if notes else None,
        "interval": bootstrap([(one.nats, one.notes) for one in found], ratio_of_sums).to_dict(),
    }


def _grouped(found: Sequence[PieceLikelihood], field: str) -> dict[str, Any]:
    """Summarise by a field of the entry, the group with most notes first."""
    groups: dict[str, list[PieceLikelihood]] = {}
    for one in found:
        groups.setdefault(getattr(one.entry, field), []).append(one)
    summaries = {name: _summary(group) for name, group in groups.items()}
    return dict(sorted(summaries.items(), key=lambda item: -item[1]["notes"]))
