"""Rows of events -> takes: their music, what the model said of it, and the record that makes them.

The record of a take holds its rows as text, eight bytes a row, and what it takes to read them. For
a chorale drawn in G minor (shift -5):

    {"events": "AAA...", "shift": -5, "mode": "minor", "composer": "Bach", ...}
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from composer.cells import Blank
from composer.decoding import Draw
from composer.engines.base import Record, Take
from composer.engines.events.surprise import surprise_of
from composer.errors import ComposerError, RequestError, TokenError
from composer.piece import MeterChange, Note, Piece
from composer.stitching import silent
from composer.theory import Key, parse_meter
from composer.tokenizer import Conditions, Events, decode_bars, vocab
from composer.tokenizer.conditions import meter_of
from composer.tokenizer.vocab import BAR, END, MAX_DURATION
from composer.units import POSITIONS_PER_QUARTER, positions_to_beats

UNFINISHED = "it did not come to an end"
_NO_ROWS = "the record holds no events of this engine"


@dataclass(frozen=True, kw_only=True)
class Reader:
    """How the rows of candidates become takes.

    Args:
        read: New rows -> music.
        shift: Semitones from the tonic on C to the key in which they sound.
        record: What is written down beside the rows.
        new_rows: A draw -> the same with the new rows alone, and the mean surprise of their notes
            where not all rows count for it.
    """

    read: Callable[[Events], Piece]
    shift: int
    record: Record
    new_rows: Callable[[Draw], tuple[Draw, float | None]] = lambda draw: (draw, None)

    def take(self, draw: Draw) -> Take:
        """Return what became of a draw."""
        if draw.is_given_up:
            # The last row is the bar line behind the last bar.
            n_bars = int((draw.events[:-1, vocab.TIME] == BAR).sum())
            reason = f"it was given up after bar {n_bars}, because it scored too low up to there"
            return Take(
                index=draw.index,
                music=None,
                complete=False,
                reason=reason,
                given_up_after_bar=n_bars,
            )
        if not draw.is_complete:
            return Take(index=draw.index, music=None, complete=False, reason=UNFINISHED)
        found, nats = self.new_rows(draw)
        try:
            music = self.read(found.events)
        except ComposerError as error:
            return Take(index=draw.index, music=None, reason=str(error))
        return Take(
            index=draw.index,
            music=music,
            surprise=surprise_of(found.events, found.log_probs, found.doubts, self.shift, nats),
            record={"events": write_rows(found.events), **self.record},
        )


def write_rows(events: Events) -> str:
    """Return rows as text, [N, 4]."""
    return b64encode(np.ascontiguousarray(events, "<i2").tobytes()).decode("ascii")


def read_rows(record: Record) -> Events:
    """Return the rows of a record, [N, 4].

    Raises:
        RequestError: If it holds none.
    """
    try:
        data = b64decode(record["events"], validate=True)
        return np.frombuffer(data, "<i2").reshape(-1, len(vocab.FIELDS)).astype(np.int16)
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise RequestError(_NO_ROWS) from error


def conditions_to_record(conditions: Conditions) -> dict[str, Any]:
    """Return conditions as JSON values."""
    return asdict(conditions) | {
        "meter": None if conditions.meter is None else str(conditions.meter)
    }


def conditions_of_record(record: Record) -> Conditions:
    """Return the conditions that a record names.

    Raises:
        RequestError: If a value is none.
    """
    try:
        names = ("composer", "form", "ensemble", "mode", "parts", "shift", "bars")
        values = {name: record[name] for name in names}
        meter = parse_meter(record["meter"]) if record["meter"] else None
        conditions = Conditions(meter=meter, **values)
        if not (conditions.parts is None or 1 <= conditions.parts <= vocab.MAX_PARTS):
            raise ValueError("parts")
        if not all(isinstance(values[name], str | None) for name in names[:4]):
            raise TypeError("a name must be text")
        return conditions
    except (KeyError, TypeError, ValueError, ComposerError) as error:
        raise RequestError(_NO_ROWS) from error


def read_chunk(events: Events, key: Key, given: Piece) -> Piece:
    """Return bars as a piece of their own, with the parts of the given one.

    Bars in which no note begins are bars too: notes from before may sound in them.

    Args:
        events: Bars, the tonic on C, [N, 4].
        key: In which they sound.
        given: Says who plays.

    Raises:
        TokenError: If the events spell none.
    """
    rows = events[events[:, vocab.TIME] == BAR]
    players = silent(given)
    if len(rows) == len(events) > 0:
        first = MeterChange(Fraction(0), meter_of(int(rows[0, vocab.DURATION])))
        return replace(players, meters=(first,), key=key, n_bars=len(rows))
    conditions = Conditions(
        composer=given.composer or None,
        form=given.form or None,
        ensemble=given.ensemble or None,
        parts=len(given.parts),
    )
    piece = decode_bars(events, conditions, key=key)
    pairs = zip(players.parts, piece.parts, strict=True)
    parts = tuple(replace(old, notes=new.notes) for old, new in pairs)
    return replace(piece, parts=parts, tempo_bpm=given.tempo_bpm)


def read_filling(events: Events, blank: Blank) -> Piece:
    """Return a piece whose open cells are filled.

    Args:
        events: From the first open bar on: bars with new notes and END, the tonic on C, [N, 4];
            END may be missing.
        blank: What stays.

    Raises:
        TokenError: If the rows are no notes of this piece.
    """
    return blank.filled(_new_notes(blank.piece, blank.first, events))


def _new_notes(piece: Piece, first: int, events: Events) -> Iterator[tuple[int, Note]]:
    """Read rows; yield the part and the note of each."""
    bar = first - 1
    for index, (time, part, pitch, duration) in enumerate(events.tolist()):
        if time == END:
            return
        if time == BAR:
            bar += 1
            continue
        position = time - vocab.POSITION
        if not (
            max(first, 0) <= bar < len(piece.bars)
            and 0 <= position < piece.bars[bar].meter.length_beats * POSITIONS_PER_QUARTER
            and 0 <= part < len(piece.parts)
            and 0 <= pitch + piece.key.shift <= 127
            and 0 <= duration < MAX_DURATION
        ):
            raise TokenError("the row is no note of this piece", index)
        onset = piece.bars[bar].onset_beats + positions_to_beats(position)
        yield part, Note(onset, pitch + piece.key.shift, positions_to_beats(duration + 1))
