"""Layouts as rows and as text: what is given to a model, and what a person reads. Knows no piece.

In rows a BAR says by its part what it is (new or taken up, with or without a cadence), and a bar
that takes up another one is followed by an ECHO: relation, how many bars back, transposition. Both
are given, never predicted. As text every bar is a word: `.` is new, `=8` repeats the bar eight
before, `~4+2` takes up the line of the fourth before two semitones higher, `n`, `r` and `c` share
notes, rhythm or contour; `|` behind it is a cadence.
"""

from __future__ import annotations

import re

import numpy as np

from composer.errors import TokenError
from composer.tokenizer import vocab
from composer.tokenizer.bar_layouts import NEW, SOURCE, Layout
from composer.tokenizer.holes import Bars
from composer.tokenizer.vocab import BAR, ECHO, PART, TIME, TRANSPOSITIONS, Events

MARKS = "=~nrc"  # of vocab.RELATIONS
_WORD = re.compile(r"(\.|([=~nrc])(\d{1,4})([+-]\d{1,2})?)(\|?)")
_LINE = vocab.RELATIONS.index("line")


def role_id(source: int, cadence: int) -> int:
    """Return the id of what a bar is, for the part field of its BAR row."""
    return vocab.ROLE + vocab.ROLE_ECHO * (source >= 0) + vocab.ROLE_CADENCE * bool(cadence)


def echo_row(bars_back: int, relation: int, steps: int) -> Events:
    """Return the row behind a BAR that takes up another one, [1, 4]."""
    moved = vocab.DURATION_NONE
    if steps:
        moved = vocab.TRANSPOSITION + TRANSPOSITIONS.index(steps)
    return vocab.row(ECHO, vocab.RELATION + relation, vocab.bars_left_id(bars_back), moved)


def lay_out(piece: Bars, layout: Layout, first: int = 0, theme_bars: int = 0) -> Bars:
    """Return a piece whose bars say what they are.

    Args:
        piece: A canonical encoding.
        layout: Of all its bars.
        first: What is shown begins with this bar; the bars before it are left as they are, and a
            bar that takes up one of them counts as new.
        theme_bars: So many bars of the opening are shown too.
    """
    bars = list(piece.bars)
    for index in (*range(theme_bars), *range(max(first, theme_bars), len(bars))):
        source, relation, steps, cadence = layout[index].tolist()
        is_shown = 0 <= source < theme_bars or source >= first
        bar = bars[index].copy()
        bar[0, PART] = role_id(source if is_shown else -1, cadence)
        if is_shown and source >= 0:
            bar = np.concatenate([bar[:1], echo_row(index - source, relation, steps), bar[1:]])
        bars[index] = bar
    return Bars(piece.conditions, tuple(bars))


def without_layout(rows: Events) -> Events:
    """Return rows without ECHO, and BAR rows with an open section where they had a role."""
    kept: Events = rows[rows[:, TIME] != ECHO].copy()
    is_role = (kept[:, TIME] == BAR) & (kept[:, PART] >= vocab.ROLE)
    kept[is_role, PART] = vocab.SECTION
    return kept


def layout_to_text(layout: Layout) -> str:
    """Return a word a bar; see above."""
    words = []
    for index, (source, relation, steps, cadence) in enumerate(layout.tolist()):
        word = "." if source < 0 else f"{MARKS[relation]}{index - source}"
        words.append(word + (f"{steps:+d}" if steps else "") + "|" * cadence)
    return " ".join(words)


def layout_of_text(text: str) -> Layout:
    """Return the layout that words spell; the inverse of `layout_to_text`.

    Raises:
        TokenError: If a word is none, or takes up a bar that is not there.
    """
    found = []
    for index, word in enumerate(text.split()):
        match = _WORD.fullmatch(word)
        if match is None:
            raise TokenError(
                f"{word[:20]!r} is no bar of a layout, such as . or =8 or ~4+2|", index
            )
        _, mark, back, steps, bar_line = match.groups()
        if not mark:
            found.append((*NEW[:3], len(bar_line)))
            continue
        source, moved = index - int(back), int(steps or 0)
        if source < 0 or source >= index:
            raise TokenError(f"{word!r} takes up a bar that is not there", index)
        if moved and (moved not in TRANSPOSITIONS or MARKS.index(mark) != _LINE):
            raise TokenError(
                f"{word!r} is no transposition; lines move by 1 to 7 or 12 semitones", index
            )
        found.append((source, MARKS.index(mark), moved, len(bar_line)))
    return np.array(found, np.int16).reshape(-1, 4)


def cut_layout(layout: Layout, first: int, last: int) -> Layout:
    """Return bars `first` to `last` (excluded) alone; what takes up a bar outside is new."""
    kept = layout[first:last].copy()
    kept[:, SOURCE] -= first
    is_outside = kept[:, SOURCE] < 0
    kept[is_outside, :3] = NEW[:3]
    return kept
