"""How much music an upload may hold: a symphony or a long recital, and what memory and time bear.

Sixty thousand notes are read, checked and sent in a few seconds.
"""

from __future__ import annotations

import math

from composer.corpus.midi import FILE_TEMPO_RANGE_BPM, MAX_NOTES, MAX_PARTS
from composer.errors import ScoreFileError
from composer.piece import Piece

MAX_BARS = 5_000
MAX_LENGTH_S = 2 * 3600.0


def check_music(piece: Piece) -> None:
    """Refuse a piece that is empty, or more than can be shown, scored and played.

    Raises:
        ScoreFileError: With the limit and what was found.
    """
    n_notes = piece.n_notes + sum(len(part.notes) for part in piece.percussion)
    if not n_notes:
        raise ScoreFileError("no notes found in the file; each needs a beginning and an end")
    check_count(len(piece.parts) + len(piece.percussion), MAX_PARTS, "parts")
    check_count(n_notes, MAX_NOTES, "notes")
    check_count(piece.n_bars, MAX_BARS, "bars")
    low, high = FILE_TEMPO_RANGE_BPM
    if not math.isfinite(piece.tempo_bpm) or not low <= piece.tempo_bpm <= high:
        raise ScoreFileError(f"the file states a tempo outside {low:g} to {high:g} beats a minute")
    minutes = piece.length_s / 60
    if minutes > MAX_LENGTH_S / 60:
        raise ScoreFileError(
            f"the piece lasts {minutes:,.0f} minutes at its tempo; "
            f"at most {MAX_LENGTH_S / 60:.0f} can be read"
        )


def check_count(found: int, limit: int, what: str) -> None:
    """Refuse more of something than can be read.

    Raises:
        ScoreFileError: With both numbers.
    """
    if found > limit:
        raise ScoreFileError(f"the file has {found:,} {what}; at most {limit:,} can be read")
