"""Recordings whose notes are known: pieces played by our synthesiser, and a synthetic voice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from composer.piece import Piece
from composer.rendering import render_audio
from composer.rendering.performance import perform
from composer.theory import INSTRUMENTS

Reference = NDArray[np.float64]  # onset in seconds, pitch; a row a note

# Chorales of music21's corpus.
CHORALES = ("bach/bwv66.6", "bach/bwv253", "bach/bwv269", "bach/bwv272", "bach/bwv347")
TEMPO_BPM = 80.0
RATE_HZ = 44_100


@dataclass(frozen=True)
class Recording:
    """Sound with its notes.

    Args:
        data: Of a WAV file, unless it is asked for otherwise.
        notes: Onset in seconds and pitch, a row a note.
        piece: What was played, bars included.
    """

    data: bytes
    notes: Reference
    piece: Piece


def load_chorale(name: str) -> Piece:
    """Return a chorale of music21's corpus."""
    from music21 import corpus

    from composer.corpus import read_musicxml_bytes

    with TemporaryDirectory() as folder:
        path = Path(folder) / "chorale.musicxml"
        corpus.parse(name).write("musicxml", fp=path)
        return replace(read_musicxml_bytes(path.read_bytes()), tempo_bpm=TEMPO_BPM)


def soprano(piece: Piece) -> Piece:
    """Return the highest part alone."""
    return replace(piece, parts=piece.parts[:1], ensemble="")


def played_on(piece: Piece, instrument: str) -> Piece:
    """Return a piece with every part played by one instrument."""
    parts = tuple(replace(p, instrument=INSTRUMENTS[instrument], name="") for p in piece.parts)
    return replace(piece, parts=parts)


def record(piece: Piece, suffix: str = ".wav", rate_hz: int = RATE_HZ) -> Recording:
    """Play a piece without expression and without pedal."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"sound{suffix}"
        render_audio(piece, path, is_expressive=False, sample_rate_hz=rate_hz)
        return Recording(path.read_bytes(), notes_of(piece), piece)


def notes_of(piece: Piece) -> Reference:
    """Return onset and pitch of every note that is played; unisons of several parts once."""
    played = perform(piece, tempo_bpm=piece.tempo_bpm, is_expressive=False)
    notes = {(round(n.start, 4), n.pitch) for part in played.instruments for n in part.notes}
    return np.array(sorted(notes))


@dataclass(frozen=True)
class Score:
    """Agreement of two sets of notes.

    Args:
        found, wanted, hits: Counts.
    """

    found: int
    wanted: int
    hits: int

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.hits / max(1, self.found + self.wanted)


def compare(found: Reference, wanted: Reference, tolerance_s: float) -> Score:
    """Match notes of one pitch whose onsets lie within a tolerance, as many as can be."""
    hits = 0
    for pitch in np.unique(wanted[:, 1]):
        theirs = found[found[:, 1] == pitch, 0] if len(found) else np.zeros(0)
        i = 0
        for onset in np.sort(wanted[wanted[:, 1] == pitch, 0]):
            while i < len(theirs) and theirs[i] < onset - tolerance_s:
                i += 1
            if i < len(theirs) and theirs[i] <= onset + tolerance_s:
                hits, i = hits + 1, i + 1
    return Score(len(found), len(wanted), hits)


def total(scores: Sequence[Score]) -> Score:
    """Add scores of several recordings."""
    return Score(*(sum(getattr(s, name) for s in scores) for name in ("found", "wanted", "hits")))
