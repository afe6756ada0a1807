"""Conditions as rows in front of the music, in the order of `vocab.CONDITION_ROWS`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from composer.errors import TokenError
from composer.piece import Piece
from composer.request import Request
from composer.theory import MODES, Key, Meter, ensemble_instruments, key_from_pitch_class
from composer.tokenizer import vocab
from composer.tokenizer.styles import style_of
from composer.tokenizer.vocab import DURATION, PART, PITCH, TIME, Events, Vocabulary

Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """Conditions of a whole piece in musical terms; None is open.

    Args:
        composer, form, ensemble: Names; unknown ones count as `other`.
        mode: `major` or `minor`.
        meter: Of bar 1.
        parts: 1..16.
        shift: Semitones from C to the tonic, -6..5.
        bars: Length of the piece.
        style: One of `theory.STYLES`; where it is open, a composer whose style is known brings it.
    """

    composer: str | None = None
    form: str | None = None
    ensemble: str | None = None
    mode: str | None = None
    meter: Meter | None = None
    parts: int | None = None
    shift: int | None = None
    bars: int | None = None
    style: str | None = None

    @property
    def key(self) -> Key:
        """The key with its usual spelling; C and major where the condition is open."""
        return key_from_pitch_class(self.shift or 0, self.mode or "major")


def conditions_of_request(request: Request) -> Conditions:
    """Return the conditions of a request."""
    return Conditions(
        composer=request.composer,
        form=request.form,
        ensemble=request.ensemble,
        mode=request.key.mode if request.key else None,
        meter=request.meter,
        parts=request.parts,
        shift=request.key.shift if request.key else None,
        bars=request.bars,
        style=request.style,
    )


def conditions_of(piece: Piece) -> Conditions:
    """Return the conditions that a piece fulfils."""
    return Conditions(
        composer=piece.composer or None,
        form=piece.form or None,
        ensemble=piece.ensemble or None,
        mode=piece.key.mode,
        meter=piece.meter,
        parts=len(piece.parts),
        shift=piece.key.shift,
        bars=piece.n_bars,
    )


def encode_conditions(conditions: Conditions, vocabulary: Vocabulary) -> Events:
    """Return the conditions as rows, [8, 4].

    A vocabulary that names no styles leaves the style out.

    Raises:
        TokenError: If the meter, the number of parts or the style has no id.
    """
    values = {
        name: vocabulary.value_id(name, getattr(conditions, name))
        for name in ("composer", "form", "ensemble")
    }
    values["mode"] = vocab.VALUE_MODE + (1 + MODES.index(conditions.mode) if conditions.mode else 0)
    values["parts"] = vocab.VALUE_PARTS + _checked_parts(conditions.parts)
    values["shift"] = vocab.VALUE_SHIFT + (0 if conditions.shift is None else 7 + conditions.shift)
    values["length"] = (
        vocab.BARS_OPEN if conditions.bars is None else vocab.bars_left_id(conditions.bars)
    )
    rows = []
    for name in vocab.CONDITION_ROWS:
        if name == "meter":
            meter = vocab.METER_OPEN if conditions.meter is None else meter_id(conditions.meter)
            rows.append(vocab.row(vocab.CONDITION[name], duration=meter))
        elif name == "composer":
            part = _style_id(conditions, vocabulary)
            rows.append(vocab.row(vocab.CONDITION[name], part, values[name]))
        else:
            rows.append(vocab.row(vocab.CONDITION[name], pitch=values[name]))
    return np.concatenate(rows)


def decode_conditions(rows: Events, vocabulary: Vocabulary) -> Conditions:
    """Read conditions back; coarse lengths come back as open, a composer's own style too.

    Raises:
        TokenError: If a row is no condition or its value is of another condition.
    """
    kinds = {time: name for name, time in vocab.CONDITION.items()}
    found: dict[str, object] = {}
    for index, event in enumerate(rows.tolist()):
        name = kinds.get(event[TIME])
        if name is None:
            raise TokenError("a condition was expected", index)
        try:
            found["bars" if name == "length" else name] = _value(name, event, vocabulary)
            if name == "composer":
                style = _style(event, vocabulary)
                found["style"] = None if style == style_of(str(found[name])) else style
        except IndexError:
            raise TokenError(f"the value is none of the condition {name!r}", index) from None
    return Conditions(**found)  # type: ignore[arg-type]  # values follow the names above


def meter_id(meter: Meter) -> int:
    """Return the id of a written meter.

    Raises:
        TokenError: If the table has none, with the meters that it has.
    """
    found = vocab.METER_ID.get((meter.numerator, meter.denominator))
    if found is None:
        raise TokenError(
            f"the meter {meter} has no id; there are 1-9/1, 1-12/2 and 1-24/4, /8, /16, /32"
        )
    return found


def meter_of(meter_index: int) -> Meter:
    """Return the written meter of an id in the duration field."""
    return Meter(*vocab.METERS[meter_index - vocab.METER])


def part_ranges(ensemble: str, n_parts: int, composer: str | None = None) -> list[tuple[int, int]]:
    """Return the lowest and highest pitch of every part."""
    return [(i.low, i.high) for i in ensemble_instruments(ensemble, n_parts, composer)]


def _style_id(conditions: Conditions, vocabulary: Vocabulary) -> int:
    style = conditions.style or style_of(conditions.composer)
    if style is None or not vocabulary.styles:
        return vocab.PART_NONE
    if style not in vocabulary.styles:
        raise TokenError(f"the style {style!r} is none of {', '.join(vocabulary.styles)}")
    return vocab.STYLE + vocabulary.styles.index(style)


def _style(event: list[int], vocabulary: Vocabulary) -> str | None:
    """Return the style in the row of the composer; raise IndexError if there is none."""
    part = event[PART]
    return None if part == vocab.PART_NONE else _pick(list(vocabulary.styles), part - vocab.STYLE)


def _checked_parts(parts: int | None) -> int:
    if parts is not None and not 1 <= parts <= vocab.MAX_PARTS:
        raise TokenError(f"a piece has 1 to {vocab.MAX_PARTS} parts, got {parts}")
    return parts or 0


def _value(name: str, event: list[int], vocabulary: Vocabulary) -> object:
    """Return the meaning of one condition row; raise IndexError if there is none."""
    if name == "meter":
        meter = event[DURATION] - vocab.METER
        pair = _pick([*vocab.METERS, None], meter)
        return Meter(*pair) if pair else None
    value = event[PITCH]
    if name == "length":
        exact = value - vocab.BARS_LEFT
        if not 0 <= exact <= vocab.N_BARS_LEFT:
            raise IndexError
        return exact if exact <= 32 else None
    tables: dict[str, tuple[int, Iterable[object]]] = {
        "composer": (vocab.VALUE_COMPOSER, vocabulary.composers),
        "form": (vocab.VALUE_FORM, vocabulary.forms),
        "ensemble": (vocab.VALUE_ENSEMBLE, vocabulary.ensembles),
        "mode": (vocab.VALUE_MODE, MODES),
        "parts": (vocab.VALUE_PARTS, range(1, vocab.MAX_PARTS + 1)),
        "shift": (vocab.VALUE_SHIFT, range(-6, 6)),
    }
    first, names = tables[name]
    return _pick([None, *names], value - first)


def _pick(table: list[Value], index: int) -> Value:
    if not 0 <= index < len(table):
        raise IndexError
    return table[index]
