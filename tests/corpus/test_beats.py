"""Performances without meter are laid on estimated beats, and sound as before."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from composer.corpus.beats import estimate_beats
from composer.errors import ScoreFileError
from composer.piece import MeterChange, Note, Part, Piece
from composer.rendering import perform
from composer.theory import INSTRUMENTS, Key, Meter

RHYTHM = (1, 1, Fraction(1, 2), Fraction(1, 2), 1, 2, Fraction(3, 2), Fraction(1, 2))


def performance(beat_s: float, rubato: float, seed: int = 1) -> tuple[Piece, list[Fraction]]:
    """A player's reading of a rhythm at 120 quarters a minute, and the beats of its notes."""
    rng = np.random.default_rng(seed)
    notes, beats, position = [], [], Fraction(0)
    for index in range(96):
        length = Fraction(RHYTHM[index % len(RHYTHM)])
        seconds = 0.7 + beat_s * (float(position) + rubato * np.sin(float(position) / 8))
        onset = Fraction(round((seconds + rng.normal(0, 0.008)) * 960), 480)
        pitch = 48 if position.denominator == 1 and position % 2 == 0 else 72
        notes.append(Note(max(Fraction(0), onset), pitch, Fraction(1, 2), 70 + 20 * (pitch == 48)))
        beats.append(position)
        position += length
    part = Part(INSTRUMENTS["piano"], tuple(sorted(notes)))
    meters = (MeterChange(Fraction(0), Meter(4, 4)),)
    return Piece((part,), meters, Key("C", "major"), tempo_bpm=120.0), beats


@pytest.mark.parametrize(("beat_s", "rubato"), [(0.5, 0.0), (0.62, 0.5), (0.43, 0.5)])
def test_notes_come_to_stand_on_their_beats(beat_s: float, rubato: float) -> None:
    played, beats = performance(beat_s, rubato)
    found = estimate_beats(played)
    onsets = [note.onset_beats for note in found.parts[0].notes]
    shift = onsets[0] - beats[0]
    near = [
        abs(onset - shift - beat) < Fraction(1, 6)
        for onset, beat in zip(onsets, beats, strict=True)
    ]
    assert np.mean(near) > 0.9
    assert found.tempo_at(Fraction(40)) == pytest.approx(60 / beat_s, rel=0.2)
    assert "beats estimated" in found.remarks_in_a_line


def test_it_sounds_as_before() -> None:
    played, _ = performance(0.62, 0.5)
    before, after = (
        perform(one, is_expressive=False).instruments[0].notes
        for one in (played, estimate_beats(played))
    )
    lags = [b.start - a.start for a, b in zip(before, after, strict=True)]
    assert max(lags) - min(lags) < 0.01


def test_too_few_notes_have_no_beats() -> None:
    played, _ = performance(0.5, 0.0)
    few = replace(played, parts=(replace(played.parts[0], notes=played.parts[0].notes[:8]),))
    with pytest.raises(ScoreFileError, match="16 notes"):
        estimate_beats(few)
