"""The menu: pairs of composer and form that a checkpoint has seen often enough to offer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np

from composer.errors import CheckpointError, RequestError
from composer.request import Request
from composer.theory import STYLES, key_from_pitch_class, parse_key
from composer.tokenizer.styles import style_of

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

    @property
    def style(self) -> str | None:
        """The style of the composer, one of `theory.STYLES`; None if it is not known."""
        return style_of(self.composer)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values, `is_thin` and `style` among them."""
        return asdict(self) | {"is_thin": self.is_thin, "style": self.style}

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
        _refuse_style(request, menu)
        there = sorted({row.form for row in menu if row.composer == request.composer})
        raise RequestError(
            f"no {request.form} by {request.composer} is on the menu; "
            f"by {request.composer} there are {_some(there)}"
        )


def _refuse_style(request: Request, menu: Sequence[MenuEntry]) -> None:
    """Say which styles there are, if it is the style that does not fit."""
    if request.style is None:
        return
    own = style_of(request.composer)
    if own not in (None, request.style):
        raise RequestError(
            f"`style` {request.style} does not go with {request.composer}, whose music is {own}; "
            "leave one of the two out"
        )
    if request.composer is not None:
        return
    there = {row.style for row in menu if request.form in (None, row.form)}
    what = f"{request.style} {request.form}" if request.form else f"{request.style} music"
    known = [style for style in STYLES if style in there]
    raise RequestError(f"no {what} is on the menu; its styles are {_some(known) or 'not known'}")


def matching_rows(request: Request, menu: Sequence[MenuEntry]) -> list[MenuEntry]:
    """Return the rows that fit the composer, or the style, and the form of a request."""
    return [
        row
        for row in menu
        if request.composer in (None, row.composer)
        and request.form in (None, row.form)
        and (request.style in (None, row.style) or (request.composer and row.style is None))
    ]


def named_for(request: Request, menu: Sequence[MenuEntry]) -> Request:
    """Return a request with a composer of its style, if it names a style and no composer.

    The composer with most pieces of the form, or with most pieces if nobody of that style wrote
    the form. Without a menu the style stays by itself.

    Raises:
        RequestError: If no composer of the menu has that style, or the one that is named has not.
    """
    if request.composer is not None:
        _refuse_style(request, menu)
    if not menu or request.style is None or request.composer is not None:
        return request
    of_style = [row for row in menu if row.style == request.style]
    if not of_style:
        _refuse_style(replace(request, form=None), menu)
    fitting = [row for row in of_style if row.form == request.form] or of_style
    return replace(request, composer=max(fitting, key=lambda row: row.pieces).composer)


def _wanted(rows: Sequence[MenuEntry], request: Request) -> list[MenuEntry]:
    """Leave out rows that were asked to be avoided, unless nothing else is there."""
    avoided = request.avoided
    found = [
        row
        for row in rows
        if avoided.isdisjoint({row.composer, row.style} - {request.composer, request.style})
        and (row.form == request.form or row.form not in avoided)
        and (request.ensemble or row.ensemble) not in avoided
        and (not request.ensemble or row.ensemble == request.ensemble)
    ]
    return found or list(rows)


def _key_of(row: MenuEntry, request: Request, chance: float) -> str:
    """Choose one of the row's usual keys, in the mode that was asked for."""
    keys = [key for key in row.keys if key not in request.avoided] or list(row.keys)
    if request.mode:
        tonic = keys[0].split()[0]
        keys = [key for key in keys if key.endswith(request.mode)] or [_in_mode(tonic, request)]
    return keys[int(chance * len(keys))]


def _in_mode(tonic: str, request: Request) -> str:
    pitch_class = parse_key(tonic).tonic_pitch_class
    return str(key_from_pitch_class(pitch_class, request.mode or "major"))


def decide(request: Request, menu: Sequence[MenuEntry]) -> Request:
    """Decide the settings that were left open, by the request's seed and what is usual.

    The meter stays open: the engine chooses it in the first bar.
    """
    rows = _wanted(matching_rows(request, menu), request)
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
        key=request.key or parse_key(_key_of(row, request, key_number)),
        parts=request.parts or (row.parts if has_usual_ensemble else None),
    )


def _some(names: Sequence[str], most: int = 12) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
