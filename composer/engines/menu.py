"""The menu: pairs of composer and form that a checkpoint has seen often enough to offer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np

from composer.errors import CheckpointError, RequestError
from composer.request import Request
from composer.theory import parse_key
from composer.tokenizer.styles import style_of
from composer.tokenizer.vocab import STYLES

# Fewer training pieces hardly show a manner: such a pair is offered with a mark. A classifier of
# real pieces names the composer of 15 % of the draws of pairs with 10 to 29 pieces, of 26 % with 30
# to 49, of 48 % with 100 and more (docs/log.md, report 5b0e901ee23d).
THIN_PIECES = 30


@dataclass(frozen=True, kw_only=True)
class MenuEntry:
    """A composer and a form, with what is usual for the pair.

    Args:
        composer, form: Names as in the corpus.
        ensemble: The commonest.
        parts: The commonest number.
        pieces: Training pieces.
        meters, keys: The commonest first.
        bars_low, bars_high: 10th and 90th percentile of the lengths.
    """

    composer: str
    form: str
    ensemble: str
    parts: int
    pieces: int
    meters: tuple[str, ...]
    keys: tuple[str, ...]
    bars_low: int
    bars_high: int

    @property
    def is_thin(self) -> bool:
        """Whether few pieces are behind the pair, so that its manner may hardly be heard."""
        return self.pieces < THIN_PIECES

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values, `is_thin` among them."""
        return asdict(self) | {"is_thin": self.is_thin}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> MenuEntry:
        """Rebuild a row; unknown entries are left out.

        Raises:
            CheckpointError: If an entry is missing or none.
        """
        known = {field.name for field in fields(cls)}
        try:
            kept = {name: value for name, value in values.items() if name in known}
            kept |= {name: tuple(kept[name]) for name in ("meters", "keys")}
            row = cls(**kept)
        except (KeyError, TypeError, AttributeError) as error:
            raise CheckpointError("the checkpoint's menu has a row that is none") from error
        if not row.keys:
            raise CheckpointError(f"the menu has no key for {row.form!r} by {row.composer!r}")
        return row


def check_menu(request: Request, menu: Sequence[MenuEntry]) -> None:
    """Refuse a composer or form, or a pair of them, that is not on the menu.

    Raises:
        RequestError: With what is there instead.
    """
    composers = {row.composer for row in menu}
    forms = {row.form for row in menu}
    if request.composer is not None and request.composer not in composers:
        raise RequestError(
            f"`composer` {request.composer[:60]!r} is not on the menu; "
            f"there are {_some(sorted(composers))}"
        )
    if request.form is not None and request.form not in forms:
        raise RequestError(
            f"`form` {request.form[:60]!r} is not on the menu; there are {_some(sorted(forms))}"
        )
    if not matching_rows(request, menu):
        there = sorted({row.form for row in menu if row.composer == request.composer})
        raise RequestError(
            f"no {request.form} by {request.composer} is on the menu; "
            f"by {request.composer} there are {_some(there)}"
        )


def matching_rows(request: Request, menu: Sequence[MenuEntry]) -> list[MenuEntry]:
    """Return the rows that fit the composer and form of a request."""
    return [
        row
        for row in menu
        if request.composer in (None, row.composer) and request.form in (None, row.form)
    ]


def in_style(request: Request, style: str, menu: Sequence[MenuEntry]) -> Request:
    """Return a request for music in the style of a time, whose composer is one of that time.

    Args:
        request: Its composer has to be of the style; where it names none, the seed chooses one of
            those who wrote in the form, the more often the more pieces there are.
        style: One of `STYLES`, in capitals or not.
        menu: Composers and forms on offer.

    Raises:
        RequestError: If there is no such style, or nobody on the menu wrote so.
    """
    name = next((one for one in STYLES if one.lower() == style.strip().lower()), None)
    if name is None:
        raise RequestError(f"`style` must be one of {', '.join(STYLES)}, got {style[:40]!r}")
    own = style_of(request.composer)
    if request.composer is not None and own != name:
        usual = f"is {own}" if own else "has no style that is known"
        raise RequestError(
            f"`style` {name} does not go with {request.composer[:60]}, whose music {usual}; "
            "leave one of the two out"
        )
    rows = [row for row in matching_rows(request, menu) if style_of(row.composer) == name]
    if not rows:
        what = f"no {request.form[:60]}" if request.form else "nothing"
        raise RequestError(f"{what} of the style {name} is on the menu; leave the style out")
    return replace(request, composer=decide(request, rows).composer)


def decide(request: Request, menu: Sequence[MenuEntry]) -> Request:
    """Decide the settings that were left open, by the request's seed and what is usual.

    The meter stays open: the engine chooses it in the first bar.
    """
    rows = matching_rows(request, menu)
    rng = np.random.Generator(np.random.Philox([request.seed, 2**32 - 1]))
    chosen, key_number = rng.random(), rng.random()
    if not rows:  # an engine without a menu
        return request
    pieces = np.cumsum([row.pieces for row in rows])
    row = rows[int(np.searchsorted(pieces, chosen * pieces[-1], side="right"))]
    has_usual_ensemble = request.ensemble in (None, row.ensemble)
    return replace(
        request,
        composer=row.composer,
        form=row.form,
        ensemble=request.ensemble or row.ensemble,
        key=request.key or parse_key(row.keys[int(key_number * len(row.keys))]),
        parts=request.parts or (row.parts if has_usual_ensemble else None),
    )


def _some(names: Sequence[str], most: int = 12) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
