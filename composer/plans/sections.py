"""The sections of a form, as a plan to edit. Knows no note, no model.

A plan is rows of sections, each with bars, key and material. A row is *new* music, an exact
*repeat* of an earlier section (moved to the row's key), or a *variant* of one. Named forms are
beginnings to edit: `build_plan("rondo", "G major")`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from composer.errors import OptionError
from composer.theory import Key, key_from_pitch_class, parse_key

MATERIALS = ("new", "repeat", "vary")
MAX_ROWS = 64
MAX_ROW_BARS = 64
MAX_PLAN_BARS = 512
_MAX_LABEL = 20


@dataclass(frozen=True, kw_only=True)
class PlannedSection:
    """A section of a plan.

    Args:
        label: Its name, such as `A`; no other row has it.
        bars: Its length, 1 to 64.
        key: In which it stands.
        material: `new`, `repeat` or `vary`.
        of: The label of the earlier row that is repeated or varied; empty for new music.
        closes: Whether it ends with a cadence as a piece does.

    Raises:
        OptionError: If a value will not do.
    """

    label: str
    bars: int
    key: Key
    material: str = "new"
    of: str = ""
    closes: bool = False

    def __post_init__(self) -> None:
        """Check what can be checked without the other rows."""
        if not isinstance(self.label, str) or not 0 < len(self.label) <= _MAX_LABEL:
            raise OptionError(f"a section's label has 1 to {_MAX_LABEL} characters")
        if isinstance(self.bars, bool) or not isinstance(self.bars, int):
            raise OptionError(f"section {self.label} needs a whole number of bars")
        if not 1 <= self.bars <= MAX_ROW_BARS:
            raise OptionError(
                f"section {self.label} must have 1 to {MAX_ROW_BARS} bars, got {self.bars}"
            )
        if self.material not in MATERIALS:
            raise OptionError(
                f"the material of section {self.label} must be {', '.join(MATERIALS)}, "
                f"got {str(self.material)[:20]!r}"
            )
        if not isinstance(self.closes, bool) or not isinstance(self.key, Key):
            raise OptionError(f"section {self.label} needs a key, and to close or not")


@dataclass(frozen=True)
class Plan:
    """Sections in their order.

    Args:
        name: Of the form, or the person's own.
        rows: At least one. The last one closes; so does what it repeats.

    Raises:
        OptionError: If a row repeats what is not there, or the whole is too long.
    """

    name: str
    rows: tuple[PlannedSection, ...]

    def __post_init__(self) -> None:
        """Check that the rows go together, and let the end close."""
        if not 1 <= len(self.rows) <= MAX_ROWS:
            raise OptionError(f"a plan has 1 to {MAX_ROWS} sections, got {len(self.rows)}")
        if not isinstance(self.name, str) or len(self.name) > 100:
            raise OptionError("a plan's name is a text of at most 100 characters")
        if self.bars > MAX_PLAN_BARS:
            raise OptionError(f"a plan has up to {MAX_PLAN_BARS} bars, this one {self.bars}")
        earlier: dict[str, PlannedSection] = {}
        for row in self.rows:
            _check_row(row, earlier)
            earlier[row.label] = row
        closing = _sources_of(self.rows[-1], earlier)
        rows = tuple(replace(row, closes=row.closes or row.label in closing) for row in self.rows)
        object.__setattr__(self, "rows", rows)

    @property
    def bars(self) -> int:
        """Bars of all sections."""
        return sum(row.bars for row in self.rows)

    @property
    def key(self) -> Key:
        """The key of the piece: that of the first section."""
        return self.rows[0].key

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "name": self.name,
            "rows": [asdict(row) | {"key": str(row.key)} for row in self.rows],
        }

    def to_json(self) -> str:
        """Return the plan as a text to edit."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_dict(cls, values: Any) -> Plan:
        """Build a plan from JSON values.

        Raises:
            OptionError: If they are none, with what is wrong.
        """
        try:
            rows = [
                PlannedSection(**{**row, "key": parse_key(row["key"])}) for row in values["rows"]
            ]
            return cls(values["name"], tuple(rows))
        except (AttributeError, KeyError, TypeError) as error:
            raise OptionError(
                "a plan has a name and rows, each with label, bars, key, material, of and closes"
            ) from error

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Read a plan as text; see `from_dict`."""
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise OptionError("the plan is no JSON") from error
        return cls.from_dict(values)


def _check_row(row: PlannedSection, earlier: dict[str, PlannedSection]) -> None:
    if row.label in earlier:
        raise OptionError(f"two sections are called {row.label}; give each its own label")
    if row.material == "new":
        if row.of:
            raise OptionError(f"section {row.label} is new, so it cannot be one of {row.of[:20]}")
        return
    source = earlier.get(row.of)
    if source is None:
        raise OptionError(f"section {row.label} needs an earlier one, got {str(row.of)[:20]!r}")
    if row.material == "repeat" and source.bars != row.bars:
        raise OptionError(
            f"section {row.label} repeats {row.of}, so it has {source.bars} bars too, "
            f"not {row.bars}; use `vary` for another length"
        )
    if row.material == "repeat" and source.key.mode != row.key.mode:
        raise OptionError(
            f"section {row.label} repeats {row.of} in another mode; use `vary` for that"
        )


def _sources_of(row: PlannedSection, earlier: dict[str, PlannedSection]) -> set[str]:
    """Return the labels of a section and of all that it is a copy of."""
    labels = {row.label}
    while row.material == "repeat":
        row = earlier[row.of]
        labels.add(row.label)
    return labels


# --- named forms ----------------------------------------------------------------------------------
# Label, share of the bars, key, material, of, closes. The tonal plans are those of W. E. Caplin,
# Classical Form (1998), chapters 6 (small ternary, as AABA), 13 (sonata), 14 (theme and variations)
# and 16 (rondo); of A. Mann, The Study of Fugue (1958), on the order of entries; and of the da capo
# aria as C. Rosen, Sonata Forms (rev. ed. 1988), chapter 4, describes it.
_Sketch = tuple[str, int, str, str, str, bool]
_FORMS: dict[str, tuple[_Sketch, ...]] = {
    "AABA": (
        ("A", 8, "tonic", "new", "", True),
        ("A2", 8, "tonic", "repeat", "A", True),
        ("B", 8, "dominant", "new", "", False),
        ("A3", 8, "tonic", "repeat", "A", True),
    ),
    "rondo": (
        ("A", 8, "tonic", "new", "", True),
        ("B", 8, "dominant", "new", "", False),
        ("A2", 8, "tonic", "repeat", "A", True),
        ("C", 8, "relative", "new", "", False),
        ("A3", 8, "tonic", "vary", "A", True),
    ),
    "sonata movement": (
        ("first theme", 8, "tonic", "new", "", False),
        ("transition", 4, "dominant", "new", "", False),
        ("second theme", 8, "dominant", "new", "", True),
        ("development", 12, "relative", "vary", "first theme", False),
        ("first theme back", 8, "tonic", "repeat", "first theme", False),
        ("second theme back", 8, "tonic", "vary", "second theme", True),
    ),
    "theme and variations": (
        ("theme", 8, "tonic", "new", "", True),
        ("variation 1", 8, "tonic", "vary", "theme", True),
        ("variation 2", 8, "tonic", "vary", "theme", True),
        ("variation 3", 8, "parallel", "vary", "theme", True),
        ("variation 4", 8, "tonic", "vary", "theme", True),
    ),
    "fugue": (
        ("exposition", 10, "tonic", "new", "", False),
        ("episode 1", 6, "relative", "new", "", False),
        ("middle entry", 6, "relative", "vary", "exposition", False),
        ("episode 2", 6, "subdominant", "new", "", False),
        ("final entry", 8, "tonic", "vary", "exposition", True),
    ),
    "da capo": (
        ("A", 12, "tonic", "new", "", True),
        ("B", 8, "relative", "new", "", True),
        ("A2", 12, "tonic", "repeat", "A", True),
    ),
}
FORM_NAMES = tuple(_FORMS)


def build_plan(name: str, key: Key | str, *, first_bars: int | None = None) -> Plan:
    """Return a named form in a key, as a plan to edit.

    Args:
        name: One of `FORM_NAMES`.
        key: Of the piece, such as `G minor`.
        first_bars: Length of the first section; the others follow in proportion.

    Raises:
        OptionError: If there is no such form, or it becomes too long.
    """
    sketch = _FORMS.get(name)
    if sketch is None:
        raise OptionError(f"`plan` must be one of {', '.join(FORM_NAMES)}, got {str(name)[:40]!r}")
    tonic = parse_key(key) if isinstance(key, str) else key
    scale = (first_bars or sketch[0][1]) / sketch[0][1]
    rows = (
        PlannedSection(
            label=label,
            bars=max(1, round(bars * scale)),
            key=related_key(tonic, word),
            material=material,
            of=of,
            closes=closes,
        )
        for label, bars, word, material, of, closes in sketch
    )
    return Plan(name, tuple(rows))


def related_key(tonic: Key, word: str) -> Key:
    """Return a near relation of a key.

    Args:
        tonic: The key of the piece.
        word: `tonic`, `dominant`, `subdominant`, `relative` or `parallel`. In minor the relative
            major takes the place of the dominant, as in second sections of the classics (C. Rosen,
            Sonata Forms, rev. ed. 1988).
    """
    pitch_class, is_minor = tonic.tonic_pitch_class, tonic.mode == "minor"
    relative = key_from_pitch_class(pitch_class + (3 if is_minor else 9), _other(tonic.mode))
    keys = {
        "tonic": tonic,
        "dominant": relative if is_minor else key_from_pitch_class(pitch_class + 7, "major"),
        "subdominant": key_from_pitch_class(pitch_class + 5, tonic.mode),
        "relative": relative,
        "parallel": key_from_pitch_class(pitch_class, _other(tonic.mode)),
    }
    return keys[word]


def _other(mode: str) -> str:
    return "minor" if mode == "major" else "major"


def common_scale(keys: Sequence[Key]) -> frozenset[int]:
    """Return the pitch classes that the scales of all keys share: what a pivot bar is made of.

    A pivot belongs to the old key and to the new one (W. Piston, Harmony, 1941, on modulation).
    """
    shared = keys[0].scale
    for key in keys[1:]:
        shared &= key.scale
    return shared
