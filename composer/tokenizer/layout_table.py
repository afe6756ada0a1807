"""Real layouts by form, as data: a table from a corpus, and how one is sampled from it.

The table is JSON, `{form: [layout as text, ...]}`. Knows no file and no piece.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from composer.errors import TokenError
from composer.tokenizer.bar_layouts import CADENCE, Layout
from composer.tokenizer.layout_rows import cut_layout, layout_of_text, layout_to_text

MIN_BARS, MAX_BARS = 8, 128
MAX_LAYOUTS = 100  # of a form
NEAREST = 20  # in length, of which one is taken

LayoutTable = Mapping[str, Sequence[str]]


def build_layout_table(pieces: Iterable[tuple[str, Layout]], seed: int = 0) -> LayoutTable:
    """Return the layouts of up to a hundred pieces of every form, drawn at random.

    Args:
        pieces: Form and layout of each; those under 8 bars are left out, of those over 128 the
            first 128 bars are kept.
        seed: Of the choice.
    """
    by_form: dict[str, list[str]] = {}
    for form, layout in pieces:
        if len(layout) >= MIN_BARS:
            kept = cut_layout(layout, 0, MAX_BARS)
            by_form.setdefault(form, []).append(layout_to_text(kept))
    rng = np.random.default_rng(seed)
    return {form: _some(sorted(texts), rng) for form, texts in sorted(by_form.items())}


def sample_layout(
    table: LayoutTable, form: str | None, bars: int, rng: np.random.Generator
) -> Layout:
    """Return the layout of a real piece, cut to a number of bars, [bars, 4].

    One of the twenty that are nearest in length among those long enough is taken, its first bars
    kept, and the last of them closes. An open or unknown form means any.

    Raises:
        TokenError: If no layout is so long.
    """
    texts = table.get(form or "", ()) or [text for found in table.values() for text in found]
    long_enough = [text for text in texts if len(text.split()) >= bars]
    if not long_enough:
        longest = max((len(text.split()) for text in texts), default=0)
        raise TokenError(f"layouts have up to {longest} bars here, {bars} were asked for")
    nearest = sorted(long_enough, key=lambda text: len(text.split()))[:NEAREST]
    layout = cut_layout(layout_of_text(nearest[int(rng.integers(len(nearest)))]), 0, bars)
    layout[-1, CADENCE] = 1
    return layout


def _some(texts: list[str], rng: np.random.Generator) -> list[str]:
    places = rng.choice(len(texts), min(MAX_LAYOUTS, len(texts)), replace=False)
    return [texts[place] for place in sorted(places.tolist())]
