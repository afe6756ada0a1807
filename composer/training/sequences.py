"""A piece -> a training sequence, rearranged at random. Knows numpy and the tables, no torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from composer.tokenizer import vocab
from composer.tokenizer.bar_layouts import Layout
from composer.tokenizer.holes import (
    N_CONDITIONS,
    Bars,
    Sequence,
    drop_conditions,
    given_parts,
    hole,
    open_bars,
    theme,
    window,
)
from composer.tokenizer.layout_rows import lay_out
from composer.tokenizer.variants import moved, with_parts
from composer.tokenizer.vocab import PART, PITCH

Rng = np.random.Generator
LOWEST_MOVE, HIGHEST_MOVE = -5, 6  # semitones, to every other key once


@dataclass(frozen=True, kw_only=True)
class SamplingOptions:
    """How pieces become training sequences.

    Args:
        max_rows: Longest sequence.
        batch_rows: Rows a batch, padding included.
        pool: Sequences that are sorted by length together.
        form_power: 1 draws forms by their number of notes, 0 draws all alike.
        composer_power: Likewise, within a form.
        work_power: Likewise, within a composer: many groups of parts come from one movement.
        favoured: Factors on the shares of forms, as (form, factor); others keep 1.
        favoured_ensembles: Factors on pieces by ensemble, as (ensemble, factor); others keep 1.
        hole_share: Of the sequences that fill bars.
        parts_share: Of those that write parts to given ones.
        theme_share: Of those that come back to a theme; the others are plain windows.
        moved_share: Of pieces whose tonic is moved.
        fewer_parts_share: Of pieces in three and more parts of which some parts are left out.
        drop_one: Chance that a condition is left open.
        drop_all: Chance that all conditions are.
        drop_bars_left: Chance that BAR rows carry no bars left.
        drop_sections: Chance that they carry no section.
        layout_share: Of windows and themes whose bars say what they are, in place of sections.
        style_alone: Chance that the composer is left open and the style is not.
    """

    max_rows: int = 512
    batch_rows: int = 8_192
    pool: int = 256
    form_power: float = 0.5
    composer_power: float = 0.5
    work_power: float = 0.5
    favoured: tuple[tuple[str, float], ...] = ()
    favoured_ensembles: tuple[tuple[str, float], ...] = ()
    hole_share: float = 0.10
    parts_share: float = 0.08
    theme_share: float = 0.07
    moved_share: float = 0.30
    fewer_parts_share: float = 0.20
    drop_one: float = 0.10
    drop_all: float = 0.10
    drop_bars_left: float = 0.10
    drop_sections: float = 0.25
    layout_share: float = 0.50
    style_alone: float = 0.15


def draw_sequence(
    piece: Bars, options: SamplingOptions, rng: Rng, layout: Layout | None = None
) -> Sequence:
    """Rearrange a piece at random, with conditions dropped at random; at most `max_rows` + 1 rows.

    Args:
        piece: A canonical encoding.
        options: How.
        rng: Of the pool.
        layout: What its bars are; of a piece of which parts are left out it is not said.
    """
    budget = options.max_rows + 1
    whole, piece = piece, _draw_variant(piece, options, rng)
    # Moved pieces keep their layout, and the number of their rows.
    is_whole = all(len(a) == len(b) for a, b in zip(whole.bars, piece.bars, strict=True))
    if not is_whole or rng.random() >= options.layout_share:
        layout = None
    kind = rng.random()
    first = _first_bar(piece, budget, rng)
    last = _last_bar(piece, first, budget - N_CONDITIONS - 2)
    if kind < options.hole_share and last - first >= 3:
        last = _last_bar(piece, first, budget - N_CONDITIONS - 40)
        sequence, layout = _draw_hole(piece, first, last, rng), None
    elif kind < options.hole_share + options.parts_share and len(_part_ids(piece, first, last)) > 1:
        sequence, layout = _draw_parts(piece, first, budget, rng), None
    elif kind > 1 - options.theme_share and len(piece) >= 8:
        sequence = _draw_theme(piece, budget, rng, layout)
    else:
        if layout is not None:
            piece = lay_out(piece, layout, first)
        sequence = window(piece, first, min(last + 1, len(piece)))
    return _open_conditions(sequence.cut(budget), options, rng, has_layout=layout is not None)


def _draw_variant(piece: Bars, options: SamplingOptions, rng: Rng) -> Bars:
    """Leave parts out or move the tonic, each with its chance."""
    parts = _part_ids(piece, 0, len(piece))
    if len(parts) > 2 and rng.random() < options.fewer_parts_share:
        n_kept = int(rng.integers(2, len(parts)))
        piece = with_parts(piece, [parts[i] for i in rng.choice(len(parts), n_kept, False)])
    if rng.random() < options.moved_share:
        steps = [step for step in range(LOWEST_MOVE, HIGHEST_MOVE + 1) if step]
        piece = moved(piece, int(rng.choice(steps)))
    return piece


def _first_bar(piece: Bars, budget: int, rng: Rng) -> int:
    """Draw where a window begins: at the opening a third of the time, mostly in short pieces."""
    n_rows = N_CONDITIONS + sum(map(len, piece.bars)) + 1
    at_opening = 0.9 if n_rows <= budget else 0.33
    return 0 if rng.random() < at_opening else int(rng.integers(len(piece)))


def _last_bar(piece: Bars, first: int, budget: int) -> int:
    """Return the end (excluded) of the bars from `first` that fit into `budget` rows.

    There is at least one bar.
    """
    sizes = np.cumsum([len(bar) for bar in piece.bars[first:]])
    return first + max(1, int((sizes <= budget).sum()))


def _part_ids(piece: Bars, first: int, last: int) -> list[int]:
    parts = np.concatenate([bar[1:, PART] for bar in piece.bars[first:last]])
    return sorted({int(part) % vocab.MAX_PARTS for part in parts})


def _draw_hole(piece: Bars, first: int, last: int, rng: Rng) -> Sequence:
    length = int(rng.integers(1, max(2, min(8, (last - first) // 2) + 1)))
    start = int(rng.integers(first, max(first + 1, last - length + 1)))
    parts = _part_ids(piece, first, last)
    chosen: list[int] = []
    if len(parts) > 1 and rng.random() < 0.4:
        chosen = [parts[i] for i in rng.choice(len(parts), int(rng.integers(1, len(parts))), False)]
    return hole(piece, first, last, start, min(start + length, last), chosen)


def _draw_parts(piece: Bars, first: int, budget: int, rng: Rng) -> Sequence:
    """Give the highest part half of the time, else any parts but not all."""
    # Every bar is written twice: as GIVEN and as BAR.
    first = min(first, len(piece) - 1)
    last = _last_bar(piece, first, int(0.9 * budget) - N_CONDITIONS)
    parts = _part_ids(piece, first, last)
    if len(parts) < 2:
        return window(piece, first, last)
    if rng.random() < 0.5:
        return given_parts(piece, first, last, parts[:1])
    chosen = rng.choice(len(parts), int(rng.integers(1, len(parts))), False)
    return given_parts(piece, first, last, [parts[i] for i in chosen])


def _draw_theme(piece: Bars, budget: int, rng: Rng, layout: Layout | None) -> Sequence:
    length = int(rng.integers(2, min(8, len(piece) // 2) + 1))
    used = N_CONDITIONS + sum(map(len, piece.bars[:length])) + 2
    if used > budget // 2:
        length, used = 1, N_CONDITIONS + len(piece.bars[0]) + 2
    first = int(rng.integers(length, len(piece)))
    if layout is not None:
        piece = lay_out(piece, layout, first, length)
    return theme(piece, length, first, min(_last_bar(piece, first, budget - used) + 1, len(piece)))


def _open_conditions(
    sequence: Sequence, options: SamplingOptions, rng: Rng, *, has_layout: bool
) -> Sequence:
    chances = rng.random(len(vocab.CONDITIONS))
    dropped = [
        condition
        for condition, chance in zip(vocab.CONDITIONS, chances, strict=True)
        if chance < options.drop_one
    ]
    if rng.random() < options.style_alone:
        dropped = [*(condition for condition in dropped if condition != "style"), "composer"]
    if rng.random() < options.drop_all:
        dropped = list(vocab.CONDITIONS)
    if sequence.rows[vocab.CONDITION_ROWS.index("mode"), PITCH] == vocab.MODE_MOVED:
        # An open mode promises a tonic on C, and so does no condition at all.
        dropped = [condition for condition in dropped if condition != "mode"]
    rows = drop_conditions(sequence.rows, dropped)
    rows = open_bars(
        rows,
        bars_left=rng.random() < options.drop_bars_left,
        sections=rng.random() < options.drop_sections and not has_layout,
    )
    return Sequence(rows, sequence.is_written, sequence.closes_bar)
