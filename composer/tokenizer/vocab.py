"""The tables of an event's four fields, as arithmetic. Knows numpy only, because training reads it.

An *event* is one row of four ids, `(time, part, pitch, duration)`; every field has its own table:

    row         time          part     pitch              duration
    a note      POSITION + t  part     MIDI number        DURATION + ticks - 1
    a bar line  BAR           SECTION  BARS_LEFT          METER
    the end     END           -        -                  -
    a condition      its kind      -        its value          - (METER: the meter)
    a gap       GAP           -        bars left out      -
    a hole      HOLE          part     bars in the hole   -
    its filling FILL          -        -                  -
    given bar   GIVEN         SECTION  BARS_LEFT          METER
    an echo     ECHO          RELATION bars back          TRANSPOSITION or -

`-` is the field's NONE. In each table the ids that a model may write come first, so that its output
layers end there; the others are only read. Ids marked reserved wait for conditions to come.

A vocabulary that names styles has one in the part field of the condition `composer`. One that names
relations may say in a layout what every bar is: the part of BAR is then a ROLE, and where the bar
takes up an earlier one an ECHO follows, which says how and which (`docs/tokens.md` has examples).
Both took reserved ids, so that the tables kept their sizes, and older checkpoints their meaning.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from composer.errors import CheckpointError
from composer.theory import STYLES

Events: TypeAlias = npt.NDArray[np.int16]  # [N, 4]

FIELDS = ("time", "part", "pitch", "duration")
TIME, PART, PITCH, DURATION = range(4)
N_RESERVED = 16  # in every field, 64 in all, before some of them got their meaning

# -- time: written BAR, END and positions; read holes, conditions
MAX_BAR_POSITIONS = 864  # 36 quarters, the longest bar of the corpus (9/1)
BAR, END, POSITION = 0, 1, 2
N_TIME_WRITTEN = POSITION + MAX_BAR_POSITIONS
HOLE, FILL, GAP, GIVEN = range(N_TIME_WRITTEN, N_TIME_WRITTEN + 4)
CONDITION_ROWS = ("composer", "form", "ensemble", "mode", "meter", "parts", "shift", "length")
CONDITIONS = (*CONDITION_ROWS, "style")  # style stands in the row of the composer
CONDITION = {name: GIVEN + 1 + i for i, name in enumerate(CONDITION_ROWS)}
ECHO = GIVEN + 1 + len(CONDITION_ROWS)  # behind a BAR: which bar it takes up
TIME_RESERVED = ECHO + 1
TIME_PAD = ECHO + N_RESERVED
N_TIME = TIME_PAD + 1

# -- part: written parts, parts tied over from a longer note, sections
MAX_PARTS = 16
TIED = MAX_PARTS  # TIED + p continues a note of part p that is longer than MAX_DURATION
SECTIONS = ("open", "opening", "new", "return", "varied", "closing")
SECTION = 2 * MAX_PARTS
N_PART_WRITTEN = SECTION + 8
PART_NONE = N_PART_WRITTEN
STYLE = PART_NONE + 1
ROLE = STYLE + len(STYLES)  # new bar, taken-up bar; ROLE_CADENCE more where it closes
ROLE_ECHO, ROLE_CADENCE, N_ROLES = 1, 2, 4
RELATIONS = ("repeat", "line", "notes", "rhythm", "contour")
RELATION = ROLE + N_ROLES
PART_RESERVED = RELATION + len(RELATIONS)
N_PART = STYLE + N_RESERVED

# -- pitch: written MIDI numbers; read bars left and the values of conditions
N_PITCH_WRITTEN = 128
PITCH_NONE = 128
# Bars left are exact to 32, then coarse: each id stands for counts from its bound to the next.
COARSE_BARS = (33, 41, 49, 65, 97, 129, 193, 257, 513)
BARS_LEFT = PITCH_NONE + 1  # BARS_LEFT + 0 is the last bar
N_BARS_LEFT = 33 + len(COARSE_BARS)
BARS_OPEN = BARS_LEFT + N_BARS_LEFT  # endless playing, or a condition left open
MAX_COMPOSERS, MAX_FORMS, MAX_ENSEMBLES = 384, 96, 16
VALUE_COMPOSER = BARS_OPEN + 1
VALUE_FORM = VALUE_COMPOSER + MAX_COMPOSERS
VALUE_ENSEMBLE = VALUE_FORM + MAX_FORMS
VALUE_MODE = VALUE_ENSEMBLE + MAX_ENSEMBLES  # open, major, minor, moved
MODE_MOVED = VALUE_MODE + 3  # the tonic may lie anywhere: in training only
VALUE_PARTS = VALUE_MODE + 4  # open, 1..16
VALUE_SHIFT = VALUE_PARTS + 1 + MAX_PARTS  # open, -6..5
PITCH_RESERVED = VALUE_SHIFT + 13
N_PITCH = PITCH_RESERVED + N_RESERVED

# -- duration: written lengths and the meters of bars
MAX_DURATION = 384  # positions; 16 quarters, two breves
METERS = (
    *((n, 1) for n in range(1, 10)),
    *((n, 2) for n in range(1, 13)),
    *((n, d) for d in (4, 8, 16, 32) for n in range(1, 25)),
)
METER = MAX_DURATION
METER_OPEN = METER + len(METERS)
N_DURATION_WRITTEN = METER_OPEN
DURATION_NONE = METER_OPEN + 1
TRANSPOSITION = DURATION_NONE + 1  # of a bar that takes up another one, in semitones
TRANSPOSITIONS = (-12, *range(-7, 0), *range(1, 8), 12)
N_DURATION = TRANSPOSITION + N_RESERVED

NONE = (TIME_PAD, PART_NONE, PITCH_NONE, DURATION_NONE)
TABLE_SIZES = (N_TIME, N_PART, N_PITCH, N_DURATION)
WRITTEN_SIZES = (N_TIME_WRITTEN, N_PART_WRITTEN, N_PITCH_WRITTEN, N_DURATION_WRITTEN)

assert len(TRANSPOSITIONS) == N_RESERVED and PART_RESERVED < N_PART
assert max(TABLE_SIZES) < np.iinfo(np.int16).max
assert all(96 * n % d == 0 and 96 * n // d <= MAX_BAR_POSITIONS for n, d in METERS)
METER_ID = {meter: METER + i for i, meter in enumerate(METERS)}
BAR_POSITIONS = np.array([96 * n // d for n, d in METERS], np.int32)  # [len(METERS)]


def bars_left_id(bars: int) -> int:
    """Return the id of a number of bars, exact to 32 and coarse above.

    Args:
        bars: Not negative.
    """
    if bars <= 32:
        return BARS_LEFT + bars
    return BARS_LEFT + 32 + sum(bars >= bound for bound in COARSE_BARS)


def is_note(events: Events) -> npt.NDArray[np.bool_]:
    """Return which rows are notes, [N]."""
    time = events[..., TIME]
    return np.asarray((time >= POSITION) & (time < N_TIME_WRITTEN))


def row(
    time: int, part: int = PART_NONE, pitch: int = PITCH_NONE, duration: int = DURATION_NONE
) -> Events:
    """Return one event, [1, 4]; fields that are left out are NONE."""
    return np.array([[time, part, pitch, duration]], np.int16)


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """The names behind the ids of COMPOSER, FORM and ENSEMBLE; all else is fixed above.

    Id 0 of each is `open` (nothing was asked) and is not listed; composers and forms that a
    corpus has too seldom share the name `other`.

    Args:
        composers: Names from id 1 on.
        forms: Likewise.
        ensembles: Likewise.
        styles: Those of the table, or none in a checkpoint that has not heard of any.
        relations: Likewise, of bars to earlier ones.
    """

    composers: tuple[str, ...]
    forms: tuple[str, ...]
    ensembles: tuple[str, ...]
    styles: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that the names fit the tables."""
        for names, limit in (
            (self.composers, MAX_COMPOSERS),
            (self.forms, MAX_FORMS),
            (self.ensembles, MAX_ENSEMBLES),
        ):
            if len(names) >= limit or len(set(names)) != len(names):
                raise CheckpointError(
                    f"a vocabulary holds up to {limit - 1} different names, got {len(names)}"
                )
        if self.styles not in ((), STYLES) or self.relations not in ((), RELATIONS):
            raise CheckpointError(
                f"a vocabulary names all of {', '.join(STYLES)} or none, and likewise of "
                f"{', '.join(RELATIONS)}"
            )

    def value_id(self, condition: str, name: str | None) -> int:
        """Return the id of a named condition; unknown names count as `other`, None as open.

        Args:
            condition: `composer`, `form` or `ensemble`.
            name: As in the corpus.
        """
        first, names = {
            "composer": (VALUE_COMPOSER, self.composers),
            "form": (VALUE_FORM, self.forms),
            "ensemble": (VALUE_ENSEMBLE, self.ensembles),
        }[condition]
        if name is None:
            return first
        known = name if name in names else "other"
        return first + 1 + names.index(known) if known in names else first

    def continues(self, earlier: Vocabulary) -> bool:
        """Whether every id of an earlier vocabulary means the same here: new names only follow."""
        return all(
            getattr(self, kind)[: len(names)] == tuple(names)
            for kind, names in asdict(earlier).items()
        )

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits over every table and name: equal ids mean equal music."""
        tables = [
            TABLE_SIZES,
            WRITTEN_SIZES,
            METERS,
            COARSE_BARS,
            CONDITION_ROWS,
            SECTIONS,
            MAX_DURATION,
        ]
        named = self._names()
        if self.relations:
            tables.append(TRANSPOSITIONS)
        text = json.dumps([tables, named], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def _names(self) -> dict[str, tuple[str, ...]]:
        """Return all names; what an older vocabulary has not heard of is left out."""
        later = ("styles", "relations")
        return {kind: names for kind, names in asdict(self).items() if names or kind not in later}

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values, the fingerprint among them."""
        return {**self._names(), "fingerprint": self.fingerprint}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Vocabulary:
        """Rebuild a vocabulary.

        Raises:
            CheckpointError: If it was written for other tables.
        """
        try:
            names = {key: tuple(values[key]) for key in ("composers", "forms", "ensembles")}
            names |= {key: tuple(values.get(key, ())) for key in ("styles", "relations")}
        except (KeyError, TypeError) as error:
            raise CheckpointError("the vocabulary lacks composers, forms or ensembles") from error
        vocabulary = cls(**names)
        if values.get("fingerprint") != vocabulary.fingerprint:
            raise CheckpointError(
                f"the vocabulary has fingerprint {values.get('fingerprint')!r}, this version of "
                f"the tables gives {vocabulary.fingerprint!r}; use matching versions"
            )
        return vocabulary
