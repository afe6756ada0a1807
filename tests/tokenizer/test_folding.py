"""MidiTok's tokens folded and unfolded: nothing is lost, nothing is dropped."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from symusic import Note, Score, TimeSignature, Track

from composer.errors import TokenError
from composer.tokenizer import vocab
from composer.tokenizer.folding import (
    UNITS,
    fold,
    score_to_tokens,
    tokens_to_score,
    unfold,
    unit_of,
)

TickNote = tuple[int, int, int, int]  # program, onset, length, pitch
ticks = st.tuples(st.integers(0, 31), st.integers(0, 400), st.integers(1, 384), st.integers(0, 127))


def score_of(notes: list[TickNote], unit: int, bar_units: int) -> Score:
    """Build a score in one meter."""
    score = Score(unit)
    score.time_signatures.append(TimeSignature(0, bar_units, 4))
    tracks = {program: Track(program=program) for program, *_ in notes}
    for program, onset, length, pitch in notes:
        tracks[program].notes.append(Note(onset, length, pitch, 80))
    score.tracks.extend(tracks.values())
    return score


def notes_of(score: Score) -> list[TickNote]:
    return sorted(
        (track.program, note.time, note.duration, note.pitch)
        for track in score.tracks
        for note in track.notes
    )


some_notes = st.lists(ticks, min_size=1, max_size=20)
units = st.sampled_from(UNITS)


@settings(max_examples=60)
@given(some_notes, units, st.integers(1, 144))
def test_unfolded_events_are_the_tokens_they_came_from(
    notes: list[TickNote], unit: int, bar_units: int
) -> None:
    tokens = score_to_tokens(score_of(notes, unit, bar_units))
    assert unfold(fold(tokens, unit), unit) == tokens


@settings(max_examples=60)
@given(some_notes, units, st.integers(1, 144))
def test_miditok_keeps_every_note_under_every_meter(
    notes: list[TickNote], unit: int, bar_units: int
) -> None:
    tokens = score_to_tokens(score_of(notes, unit, bar_units))
    assert int(vocab.is_note(fold(tokens, unit)).sum()) == len(notes)
    assert notes_of(tokens_to_score(tokens, unit)) == sorted(notes)


@pytest.mark.parametrize("positions", sorted(set(vocab.BAR_POSITIONS.tolist())))
def test_every_bar_alone_is_a_whole_number_of_units(positions: int) -> None:
    unit = unit_of([positions])
    assert positions % unit == 0
    assert unit == 6 or positions % 6


def test_the_longest_bar_beside_odd_32nds_has_no_unit() -> None:
    with pytest.raises(TokenError, match="too long beside others"):
        unit_of([864, 3])


def test_a_token_without_a_place_is_named() -> None:
    with pytest.raises(TokenError, match=r"'Velocity_80' has no place in an event \(event 1\)"):
        fold(["Bar_None", "Velocity_80"], 6)
