"""Suggested sampling of a form: what `sweep --keep` found with a checkpoint, checked on reading.

A suggestion helps and is never needed: one that is broken, of an unknown form, or measured with
other weights, is passed over.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from composer.engines.menu import MenuEntry
from composer.errors import OptionError
from composer.request import Request, default_of

SAMPLING = ("temperature", "min_p", "guidance")


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """How pieces of one form are best drawn.

    Args:
        temperature, min_p, guidance: As in `Request`.
        default_is_as_good: Whether none that was tried is clearly better than the request's
            defaults; then these are the suggested values.
        tried: Settings that were measured, the default among them.
        pieces: Real ones that the draws were compared with.
        checkpoint: Fingerprint of the weights that were measured.

    Raises:
        OptionError: If a value is out of its range, or the flag contradicts the values.
    """

    temperature: float
    min_p: float
    guidance: float
    default_is_as_good: bool
    tried: int
    pieces: int
    checkpoint: str

    def __post_init__(self) -> None:
        """Check ranges, and that the flag says what the values say."""
        Request(temperature=self.temperature, min_p=self.min_p, guidance=self.guidance)
        if self.default_is_as_good is not (not self.changes):
            raise OptionError("a suggestion must differ from the defaults, or say that it does not")
        if not all(type(count) is int and count > 0 for count in (self.tried, self.pieces)):
            raise OptionError("a suggestion must say how many settings and pieces are behind it")

    @property
    def settings(self) -> dict[str, float]:
        """All suggested values by name."""
        return {name: getattr(self, name) for name in SAMPLING}

    @property
    def changes(self) -> dict[str, float]:
        """Those that differ from the request's defaults."""
        return {n: value for n, value in self.settings.items() if value != default_of(n)}

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Suggestion:
        """Rebuild a suggestion; unknown entries, such as its measures, are left out.

        Raises:
            OptionError: If an entry is missing or none.
        """
        names = [field.name for field in fields(cls)]
        try:
            return cls(**{name: values[name] for name in names})
        except (KeyError, TypeError) as error:
            raise OptionError("a suggestion lacks an entry") from error


def read_suggestions(
    values: Mapping[str, Any], forms: Collection[str], checkpoint: str
) -> dict[str, Suggestion]:
    """Return the suggestions of a file by form; those that will not do are left out.

    Args:
        values: Form -> JSON values.
        forms: On the menu.
        checkpoint: Fingerprint of the weights that shall be used.
    """
    found = {}
    for form in forms:
        try:
            found[form] = Suggestion.from_dict(values[form])
        except (KeyError, OptionError):
            continue
    return {form: one for form, one in found.items() if one.checkpoint == checkpoint}


def menu_values(
    menu: Sequence[MenuEntry], suggestions: Mapping[str, Suggestion]
) -> list[dict[str, Any]]:
    """Return the menu as JSON rows; `suggested` is None where the form was not measured."""
    rows = []
    for row in menu:
        one = suggestions.get(row.form)
        rows.append(row.to_dict() | {"suggested": one and one.to_dict()})
    return rows
