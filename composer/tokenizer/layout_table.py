"""Real layouts by form, as data: a table from a corpus, and how one is sampled from it.

The table is JSON, `{form: [layout as text, ...]}`. Knows no file and no piece.

A layout of bars is also read as one of *sections*. A section of eight bars whose bars 1 to 6 repeat
bars 1 to 6 of the first section, and bars 7 and 8 do not, shares .75 with it: it repeats it. Bars
that take up a bar which itself takes one up count for both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from composer.errors import TokenError
from composer.tokenizer.bar_layouts import CADENCE, Layout
from composer.tokenizer.layout_rows import cut_layout, layout_of_text, layout_to_text
from composer.tokenizer.vocab import RELATIONS

MIN_BARS, MAX_BARS = 8, 128
MAX_LAYOUTS = 100  # of a form
NEAREST = 20  # in length, of which one is taken
# Share of a section's bars that repeat those of an earlier one at the same places, so that it
# repeats that section; and share that repeat them or share line or notes, so that it varies it.
REPEATED, VARIED = 0.75, 0.5
_REPEAT, _NOTES = RELATIONS.index("repeat"), RELATIONS.index("notes")

LayoutTable = Mapping[str, Sequence[str]]
Material = tuple[str, int]  # "new", "repeat" or "vary", and of which section; -1 of none


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
    texts = _of_form(table, form)
    long_enough = [text for text in texts if len(text.split()) >= bars]
    if not long_enough:
        longest = longest_layout(table, form)
        raise TokenError(f"layouts have up to {longest} bars here, {bars} were asked for")
    nearest = sorted(long_enough, key=lambda text: len(text.split()))[:NEAREST]
    layout = cut_layout(layout_of_text(nearest[int(rng.integers(len(nearest)))]), 0, bars)
    layout[-1, CADENCE] = 1
    return layout


def longest_layout(table: LayoutTable, form: str | None) -> int:
    """Return the bars of the longest layout of a form; an open or unknown form means any."""
    return max((len(text.split()) for text in _of_form(table, form)), default=0)


def section_materials(layout: Layout, section_bars: int) -> list[Material]:
    """Return what the sections of a layout are made of; a last one that is shorter counts too."""
    sources = _all_sources(layout)
    starts = range(0, len(layout), section_bars)
    return [
        _material(sources[start : start + section_bars], start, section_bars) for start in starts
    ]


def _material(bars: Sequence[Mapping[int, int]], start: int, section_bars: int) -> Material:
    """Return what one section is made of, by the sources of its bars."""
    varied: Material = ("new", -1)
    for number, earlier in enumerate(range(0, start, section_bars)):
        found = [sources.get(earlier + place) for place, sources in enumerate(bars)]
        known = [relation for relation in found if relation is not None]
        if known.count(_REPEAT) >= REPEATED * len(bars):
            return "repeat", number
        n_alike = sum(relation <= _NOTES for relation in known)
        if n_alike >= VARIED * len(bars) and varied[0] == "new":
            varied = "vary", number
    return varied


def _all_sources(layout: Layout) -> list[dict[int, int]]:
    """Return for every bar those that it goes back to, each with the loosest relation between."""
    found: list[dict[int, int]] = []
    for source, relation, *_ in layout.tolist():
        earlier = found[source].items() if source >= 0 else ()
        own = {source: relation} if source >= 0 else {}
        found.append(own | {bar: max(relation, before) for bar, before in earlier})
    return found


def _of_form(table: LayoutTable, form: str | None) -> Sequence[str]:
    return table.get(form or "", ()) or [text for found in table.values() for text in found]


def _some(texts: list[str], rng: np.random.Generator) -> list[str]:
    places = rng.choice(len(texts), min(MAX_LAYOUTS, len(texts)), replace=False)
    return [texts[place] for place in sorted(places.tolist())]
