"""Which pieces are asked for, and which real pieces stand beside them; all from fixed seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np

from composer.engines import MenuEntry
from composer.request import Request
from composer.theory import KEYS

BARS_LOW, BARS_HIGH = 8, 32
T = TypeVar("T")


def mixed_requests(
    menu: Sequence[MenuEntry], n: int, *, candidates: int, seed: int
) -> list[Request]:
    """Return requests over the whole menu and all 24 keys.

    Rows of the menu and keys come in shuffled rounds, so that none comes twice before all came;
    meters are drawn from those usual for the row, lengths from 8 to 32 bars; temperature 1.

    Args:
        menu: Of the engine.
        n: How many.
        candidates: Of each request.
        seed: Same seed, same requests.
    """
    rng = np.random.default_rng(seed)
    rows, keys = rounds(menu, rng), rounds(KEYS, rng)
    return [
        _request(next(rows), next(keys), rng, candidates=candidates, seed=seed + number)
        for number in range(n)
    ]


def partners(forms: Sequence[str], pool: Mapping[str, Sequence[T]], *, seed: int) -> list[T | None]:
    """Return a real piece of the same form for each form, None where the pool has none.

    No piece of a form comes again before all of them came.
    """
    rng = np.random.default_rng(seed)
    by_form = {form: rounds(pool[form], rng) for form in sorted(pool) if pool[form]}
    return [next(by_form[form]) if form in by_form else None for form in forms]


def rounds(values: Sequence[T], rng: np.random.Generator) -> Iterator[T]:
    """Yield all values in random order, then in another, without end."""
    while True:
        yield from (values[i] for i in rng.permutation(len(values)))


def _request(
    row: MenuEntry, key: object, rng: np.random.Generator, *, candidates: int, seed: int
) -> Request:
    meters = row.meters or ("4/4",)
    return Request.from_dict(
        {
            "composer": row.composer,
            "form": row.form,
            "ensemble": row.ensemble,
            "parts": row.parts,
            "key": str(key),
            "meter": meters[int(rng.integers(len(meters)))],
            "bars": int(rng.integers(BARS_LOW, BARS_HIGH + 1)),
            "temperature": 1.0,
            "candidates": candidates,
            "seed": seed,
        }
    )
