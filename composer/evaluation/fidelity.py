"""Does a piece have what its request asked for? In the written file, and in the notes.

In the file, written as MIDI and read back: the meter of every bar, bars, parts, key signature. In
the notes: the mode of the key that `theory.estimate_key` names from the durations of all notes and
the last bass note; that bass note itself (the lowest that sounds when the last note begins), which
ought to be the tonic; and the key by profile alone, as Krumhansl and Schmuckler name it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from composer.corpus import Corpus, read_midi_bytes
from composer.evaluation.intervals import share
from composer.evaluation.samples import Drawn, Real
from composer.piece import Piece
from composer.rendering import midi_bytes
from composer.request import Request
from composer.theory import Key, estimate_key

IN_FILE = ("meter", "bars", "parts", "key signature")
IN_NOTES = ("mode", "final bass", "key", "key with bass")


def file_misses(piece: Piece, request: Request) -> list[str]:
    """Return which settings of the request the MIDI file does not keep."""
    found = read_midi_bytes(midi_bytes(piece))
    kept = (
        {change.meter for change in found.meters} == {request.meter},
        found.n_bars == request.bars,
        len(found.parts) == request.parts,
        found.key == request.key,
    )
    return [name for name, is_kept in zip(IN_FILE, kept, strict=True) if not is_kept]


def note_misses(piece: Piece, key: Key) -> list[str]:
    """Return where the notes do not agree with a key."""
    notes = [note for part in piece.parts for note in part.notes]
    durations = np.zeros(12)
    for note in notes:
        durations[note.pitch % 12] += float(note.duration_beats)
    last_beats = max(note.onset_beats for note in notes)
    bass = min(note.pitch for note in notes if note.end_beats > last_beats) % 12
    by_profile = estimate_key(durations.tolist())[0]
    with_bass = estimate_key(durations.tolist(), bass)[0]
    kept = (
        with_bass.mode == key.mode,
        bass == key.tonic_pitch_class,
        _sounds_like(by_profile, key),
        _sounds_like(with_bass, key),
    )
    return [name for name, is_kept in zip(IN_NOTES, kept, strict=True) if not is_kept]


def _sounds_like(one: Key, other: Key) -> bool:
    return (one.tonic_pitch_class, one.mode) == (other.tonic_pitch_class, other.mode)


def misses(piece: Piece, request: Request) -> list[str]:
    """Return all checks that a composed piece misses; its request states meter, parts and key."""
    assert request.key is not None
    return file_misses(piece, request) + note_misses(piece, request.key)


def fidelity(grid: Sequence[Drawn], real: Iterable[Real]) -> dict[str, Any]:
    """Return how often the settings of a grid of requests are kept, beside real pieces.

    Args:
        grid: All candidates of every request.
        real: Whole pieces whose key is written in the score; they show how often a real piece ends
            on its tonic, and how often its key can be told from its notes.

    Returns:
        `winners`, `all draws` and `real`: check -> share with interval. A request without a piece,
        and a draw that became none, missed no check: `no piece` counts them.
    """
    winners = [misses(one.ranked[0].piece, one.request) for one in grid if one.ranked]
    draws = [misses(c.piece, one.request) for one in grid for c in one.ranked]
    n_draws = sum(len(one.ranked) + one.n_rejected for one in grid)
    heard = [note_misses(one.whole, one.whole.key) for one in real]
    return {
        "requests": len(grid),
        "winners": _rates(winners, (*IN_FILE, *IN_NOTES)) | _no_piece(len(grid), len(winners)),
        "all draws": _rates(draws, (*IN_FILE, *IN_NOTES)) | _no_piece(n_draws, len(draws)),
        "real": _rates(heard, IN_NOTES),
    }


def _rates(found: Sequence[list[str]], checks: Sequence[str]) -> dict[str, Any]:
    return {check: share([check not in one for one in found]).to_dict() for check in checks}


def _no_piece(n: int, n_pieces: int) -> dict[str, Any]:
    return {"no piece": share([number >= n_pieces for number in range(n)]).to_dict()}


def only_written_keys(corpus: Corpus) -> Corpus:
    """Keep the pieces whose key is written in the score, by the manifest's column key_from.

    Where the corpus estimated a key itself, that an estimate agrees says little.
    """
    manifest = corpus.folder / "manifest.csv"
    if not manifest.is_file():
        return replace(corpus, entries=())
    with manifest.open(encoding="utf-8-sig", newline="") as file:
        written = {row["path"] for row in csv.DictReader(file) if row.get("key_from") == "source"}
    return replace(corpus, entries=tuple(e for e in corpus.entries if e.path in written))
