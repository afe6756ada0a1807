"""MidiTok REMI tokens folded to events and unfolded again, losslessly.

MidiTok is the grammar of record: it writes and reads one stream for all parts, a part's place in
the score being its Program. Its beat is a meter's denominator, so every bar is rewritten before it:
here one MidiTok quarter stands for a *unit*, a sixteenth of 6 positions (a 32nd of 3 in a piece
with bars that are no whole sixteenths), and a bar of n units is n/4. That keeps 24 positions a
quarter under every meter, and no meter is dropped. The written meter is kept by the caller, on BAR.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from symusic import Score

from composer.errors import TokenError
from composer.tokenizer import vocab
from composer.tokenizer.vocab import (
    BAR,
    DURATION,
    MAX_BAR_POSITIONS,
    MAX_DURATION,
    PART,
    PITCH,
    POSITION,
    TIME,
    Events,
)

if TYPE_CHECKING:
    from miditok import REMI

UNITS = (6, 3)  # positions of a sixteenth and of a 32nd
_MAX_NUMERATOR = 255  # of a MIDI time signature, in units
_PROGRAMS = list(range(2 * vocab.MAX_PARTS))


def unit_of(bar_lengths: Sequence[int]) -> int:
    """Return the unit in which all bars are whole.

    Args:
        bar_lengths: In positions.

    Raises:
        TokenError: If there is none.
    """
    for unit in UNITS:
        if all(length % unit == 0 and length // unit <= _MAX_NUMERATOR for length in bar_lengths):
            return unit
    raise TokenError(
        "the bars are not whole 32nds, or some are too long beside others of odd 32nds"
    )


@lru_cache(maxsize=len(UNITS))
def remi(unit: int) -> REMI:
    """Return the MidiTok tokenizer of a unit."""
    # It takes a second to load, and loads torch where that is installed; decoding needs neither.
    from miditok import REMI, TokenizerConfig

    config = TokenizerConfig(
        pitch_range=(0, 127),
        beat_res={(0, MAX_DURATION // unit): unit},
        use_velocities=False,
        use_programs=True,
        one_token_stream_for_programs=True,
        programs=_PROGRAMS,
        use_note_duration_programs=_PROGRAMS,
        use_time_signatures=True,
        time_signature_range={
            4: list(range(1, min(_MAX_NUMERATOR, MAX_BAR_POSITIONS // unit) + 1))
        },
        remove_duplicated_notes=False,
        special_tokens=["PAD"],
        encode_ids_split="no",
    )
    return REMI(config)


def score_to_tokens(score: Score) -> list[str]:
    """Return the REMI tokens of a score whose quarter is a unit, at one tick a position."""
    return list(remi(score.ticks_per_quarter).encode(score).tokens)


def tokens_to_score(tokens: list[str], unit: int) -> Score:
    """Return the score that REMI tokens spell; the inverse of `score_to_tokens`."""
    from miditok.classes import TokSequence

    return remi(unit).decode(TokSequence(tokens=list(tokens)))


def fold(tokens: list[str], unit: int) -> Events:
    """Fold REMI tokens to events, [N, 4]; BAR rows carry the bar's length in units as duration.

    Raises:
        TokenError: If a token is out of place.
    """
    rows: list[list[int]] = []
    position = part = pitch = 0
    for index, token in enumerate(tokens):
        kind, value = token.split("_", 1)
        if kind == "Bar":
            rows.append([BAR, vocab.PART_NONE, vocab.PITCH_NONE, 0])
        elif kind == "TimeSig":
            rows[-1][DURATION] = int(value.split("/")[0])
        elif kind == "Position":
            position = int(value)
        elif kind == "Program":
            part = int(value)
        elif kind == "Pitch":
            pitch = int(value)
        elif kind == "Duration":
            beats, rest, _ = value.split(".")
            length = int(beats) * unit + int(rest)
            rows.append([POSITION + position, part, pitch, length - 1])
        else:
            raise TokenError(f"{token!r} has no place in an event", index)
    return np.array(rows, np.int16).reshape(-1, 4)


def unfold(events: Events, unit: int) -> list[str]:
    """Unfold folded rows to the REMI tokens that they came from; the inverse of `fold`."""
    tokens: list[str] = []
    last_position = -1
    for event in events.tolist():
        if event[TIME] == BAR:
            tokens += ["Bar_None", f"TimeSig_{event[DURATION]}/4"]
            last_position = -1
            continue
        position = event[TIME] - POSITION
        if position != last_position:
            tokens.append(f"Position_{position}")
            last_position = position
        beats, rest = divmod(event[DURATION] + 1, unit)
        tokens += [
            f"Program_{event[PART]}",
            f"Pitch_{event[PITCH]}",
            f"Duration_{beats}.{rest}.{unit}",
        ]
    return tokens
