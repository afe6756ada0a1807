"""Small things in words: counts, times, titles, the status line. Knows no component of the page."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from fractions import Fraction
from html import escape

from composer.composition import Composition, count_given_up
from composer.piece import Piece
from composer.pipeline import Progress
from composer.scorecard import Score
from composer.scoring import RULES
from composer.ui.shared.settings import long_settings, settings

# Towards the end an estimate of less than a second is right; before, it knows too little.
NEARLY_DONE = 0.9
WAITING = "Waiting for a free place"
_LABELS = {rule.name: rule.label for rule in RULES}
_NAME = re.compile(r"`(\w+)`")


def progress_words(progress: Progress) -> str:
    """Say how far a run is: `7 of 16 candidates, about 4 s left`."""
    if not progress.wanted:
        return WAITING
    words = f"{progress.drawn} of {count(progress.wanted, 'candidate')}"
    if progress.left_s is None:
        return words
    if progress.left_s < 1:
        return f"{words}, nearly done" if progress.fraction >= NEARLY_DONE else words
    if progress.left_s < 90:
        return f"{words}, about {progress.left_s:.0f} s left"
    return f"{words}, about {progress.left_s / 60:.0f} min left"


def result_words(composition: Composition) -> str:
    """Say what came of a run."""
    kept = count(len(composition.ranked), "candidate")
    words = [f"{kept} ranked in {composition.elapsed_s:.1f} s"]
    n_given_up = count_given_up(composition.rejected)
    if len(composition.rejected) > n_given_up:
        words.append(f"{len(composition.rejected) - n_given_up} rejected")
    if n_given_up:
        words.append(f"{n_given_up} given up on the way")
    words.append(f"seed {composition.request.seed}")
    return ("Stopped: " if composition.stopped else "") + ", ".join(words)


def status(words: str, fraction: float | None = None, *, is_stale: bool = False) -> str:
    """Show the status line; `fraction` (0..1) adds a bar.

    While something runs, or is said to be out of date, the page dims what is still on show.
    """
    share = 0.0 if fraction is None else min(max(fraction, 0.0), 1.0)
    shape = "bar" if fraction is not None else "bar idle"
    state = " is-stale" if is_stale or fraction is not None else ""
    return (
        f'<div class="status{state}" role="status"><span>{escape(as_said(words))}</span>'
        f'<div class="{shape}"><i style="width:{share:.1%}"></i></div></div>'
    )


def as_said(sentence: str) -> str:
    """Write a sentence as a page says it: settings by their labels, a capital at the beginning."""
    known = long_settings() | settings()
    named = _NAME.sub(lambda m: known[m[1]].label if m[1] in known else m[1], sentence)
    return named[:1].upper() + named[1:]


def bars(n_bars: int, pickup_beats: Fraction) -> str:
    """Count bars, and tell an upbeat: `9, the first an upbeat of 1 quarter, bar 0`."""
    noun = "quarter" if pickup_beats == 1 else "quarters"
    words = f", the first an upbeat of {float(pickup_beats):.3g} {noun}, bar 0"
    return f"{n_bars:,}{words if pickup_beats else ''}"


def title(piece: Piece) -> str:
    """Name a piece by its content: `Bach chorale, G minor, 4/4, 16 bars`."""
    kind = " ".join(filter(None, (piece.composer, piece.form))) or "Piece"
    return f"{kind}, {piece.key}, {piece.meter}, {count(piece.n_bars, 'bar')}"


def label(score: Score) -> str:
    """Name a value as people do."""
    return _LABELS.get(score.name, score.name.replace("_", " "))


def listed(names: Sequence[str]) -> str:
    """Join names in a sentence: `alto, tenor and bass`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def number(value: float) -> str:
    """Write a measured value; a dash if there was nothing to measure."""
    return f"{value:.3g}" if math.isfinite(value) else "–"


def note(words: str) -> str:
    """Show a quiet line."""
    return f'<p class="note">{escape(words)}</p>'


def count(n: int, noun: str) -> str:
    """Count a noun: `1 bar`, `2 bars`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
