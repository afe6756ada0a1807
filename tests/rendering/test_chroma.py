from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from composer.piece import Note, Part, Piece
from composer.recording import Recording
from composer.rendering.chroma import (
    agreement,
    chroma_of_piece,
    chroma_of_recording,
    melody_of_piece,
)
from composer.rendering.timing import plain_clock

RATE_HZ = 32_000


def sung(piece: Piece, rate_hz: int = RATE_HZ) -> Recording:
    """Return every note as a tone with four harmonics that dies away."""
    clock = plain_clock(piece, piece.tempo_bpm)
    found = np.zeros(int(clock.time_s(piece.length_beats) * rate_hz) + 1)
    for part in piece.parts:
        for note in part.notes:
            begin, end = (clock.time_s(at) for at in (note.onset_beats, note.end_beats))
            first, last = int(begin * rate_hz), min(len(found), int(end * rate_hz))
            time_s = np.arange(last - first) / rate_hz
            hertz = 440 * 2 ** ((note.pitch - 69) / 12)
            for harmonic in range(1, 5):
                tone = np.sin(2 * np.pi * harmonic * hertz * time_s) / harmonic
                found[first:last] += 0.05 * tone * np.exp(-time_s)
    return Recording(found[:, None].astype(np.float32), rate_hz)


def test_a_score_has_as_much_of_a_pitch_class_as_it_sounds(chorale: Piece) -> None:
    found = chroma_of_piece(replace(chorale, tempo_bpm=97.0))
    sounding_s = np.zeros(12)
    for part in chorale.parts:
        for note in part.notes:
            sounding_s[note.pitch % 12] += float(note.duration_beats) * 60 / 97.0
    assert np.allclose(found.sum(axis=0), sounding_s)


def test_the_highest_note_leads_and_rests_lead_nothing(keyboard_piece: Piece) -> None:
    found = melody_of_piece(keyboard_piece, 10.0, 300)
    assert set(found.sum(axis=1)) == {0.0, 1.0}
    top = keyboard_piece.parts[0].notes[0].pitch % 12
    assert found[0].argmax() == top
    later = melody_of_piece(keyboard_piece, 10.0, 100, begin_s=5.0)
    assert np.array_equal(later, found[50:150])


@pytest.mark.parametrize("pitch", [40, 48, 60, 69, 81, 90])
@pytest.mark.parametrize("rate_hz", [16_000, 32_000, 44_100])
def test_a_tone_is_heard_as_its_pitch_class(pitch: int, rate_hz: int, chorale: Piece) -> None:
    part = Part(chorale.parts[0].instrument, (Note(Fraction(0), pitch, Fraction(4)),))
    heard = chroma_of_recording(sung(replace(chorale, parts=(part,), n_bars=1), rate_hz))
    assert (heard[2:-5].argmax(axis=1) == pitch % 12).all()


def test_a_score_agrees_with_its_own_sound_and_with_no_other(chorale: Piece) -> None:
    sound = sung(chorale)
    own = agreement(chorale, sound)
    assert own.whole > 0.75 and len(own.bars) == 8
    assert all(bar is not None and bar > 0.6 for bar in own.bars)
    assert agreement(chorale.transposed(1), sound).whole < 0.1
    cut = Recording(sound.samples[: len(sound.samples) // 2], sound.rate_hz)
    half = agreement(chorale, cut)
    assert half.bars[0] == pytest.approx(own.bars[0], abs=0.02) and half.bars[-1] == 0.0
    noise = np.random.default_rng(1).normal(0, 0.1, sound.samples.shape).astype(np.float32)
    assert abs(agreement(chorale, Recording(noise, RATE_HZ)).whole) < 0.2


def test_a_bar_that_rests_has_no_agreement(chorale: Piece) -> None:
    parts = tuple(
        replace(part, notes=tuple(n for n in part.notes if not 4 <= n.onset_beats < 8))
        for part in chorale.parts
    )
    resting = replace(chorale, parts=parts)
    found = agreement(resting, sung(resting)).bars
    assert found[1] is None and all(bar is not None for bar in (*found[:1], *found[2:]))
