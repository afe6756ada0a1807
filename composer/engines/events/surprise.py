"""What the model said of rows -> what it says of notes: bars, beats and pitches as in the piece."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from composer.decoding import Neighbours
from composer.scoring import Doubt, Surprise
from composer.scoring.likelihood import FREE_NATS, MARKED_NATS
from composer.tokenizer import vocab
from composer.tokenizer.vocab import BAR, DURATION, PART, PITCH, POSITION, TIED, TIME, Events
from composer.units import positions_to_beats

Floats = npt.NDArray[np.float32]
# Semitones: pitches that a wrong note is taken for.
NEAR_PITCHES = Neighbours(field_index=PITCH, reach=2)


def nats_per_note(events: Events, log_probs: Floats) -> float:
    """Return the mean surprise of rows over their notes; sections are plans and do not count."""
    n_notes = int(vocab.is_note(events).sum())
    return float(-_counted(events, log_probs).sum() / max(1, n_notes))


def surprise_of(
    events: Events, log_probs: Floats, doubts: Floats, shift: int, nats: float | None = None
) -> Surprise:
    """Return what a model says of bars.

    Args:
        events: Bars, each a BAR row and its notes, and END if there is one, [N, 4].
        log_probs: Of their fields, [N, 4].
        doubts: Of their pitches, see `decoding.Draw`, [N, 2].
        shift: Semitones from the tonic on C to the piece's key.
        nats: Mean surprise of a note, where not all rows count for it.
    """
    return Surprise(
        nats_per_note=nats_per_note(events, log_probs) if nats is None else nats,
        nats_per_bar=tuple(_nats_per_bar(events, log_probs)),
        doubt_per_note=_doubt_per_note(events, doubts),
        doubts=tuple(_doubts(events, doubts, shift)),
    )


def _counted(events: Events, log_probs: Floats) -> npt.NDArray[np.float64]:
    counted = log_probs.astype(np.float64)
    counted[events[:, TIME] == BAR, PART] = 0.0
    return counted


def _nats_per_bar(events: Events, log_probs: Floats) -> list[float]:
    """Return the mean surprise of the notes of every bar; NaN where there are none."""
    bars = np.cumsum(events[:, TIME] == BAR)
    nats = -np.bincount(bars, _counted(events, log_probs).sum(axis=1))[1:]
    notes = np.bincount(bars, vocab.is_note(events))[1:]
    return np.where(notes > 0, nats / np.maximum(notes, 1), np.nan).tolist()  # type: ignore[no-any-return]


def _is_begun(events: Events) -> npt.NDArray[np.bool_]:
    """Return which rows begin a note; what is tied over goes on with one."""
    return np.asarray(vocab.is_note(events) & (events[:, PART] < TIED))


def _doubt_per_note(events: Events, doubts: Floats) -> float:
    nats = doubts[_is_begun(events), 0].astype(np.float64)
    return float(np.maximum(nats - FREE_NATS, 0.0).mean()) if len(nats) else float("nan")


def _doubts(events: Events, doubts: Floats, shift: int) -> Iterator[Doubt]:
    is_marked = _is_begun(events) & (doubts[:, 0] >= MARKED_NATS)
    bars = np.cumsum(events[:, TIME] == BAR)
    meters = events[events[:, TIME] == BAR, DURATION] - vocab.METER
    onsets = np.concatenate([[0], np.cumsum(vocab.BAR_POSITIONS[meters])])
    for index in np.flatnonzero(is_marked).tolist():
        time, part, pitch, _ = events[index].tolist()
        nats, way = doubts[index].tolist()
        bar = int(bars[index]) - 1
        yield Doubt(
            bar=bar,
            onset_beats=positions_to_beats(int(onsets[bar]) + time - POSITION),
            part=part,
            pitch=pitch + shift,
            likelier=pitch + shift + int(way),
            nats=nats,
        )
