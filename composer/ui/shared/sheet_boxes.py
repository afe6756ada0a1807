"""Where bars and heads lie on the engraved pages of a piece, as shares. Reads our own SVG only.

A bar reaches from the first to the last line of its staves; where the moments of its notes can be
told, the places of their heads are known too, so that a cursor can go from one to the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from composer.piece import Piece
from composer.rendering.measures import Measure, lay_measures

_VIEW = re.compile(r'class="definition-scale"[^>]*viewBox="0 0 ([\d.]+) ([\d.]+)"')
_MARGIN = re.compile(r'class="page-margin" transform="translate\((-?[\d.]+), ?(-?[\d.]+)\)"')
_MEASURE = re.compile(r'<g class="measure[ "]')
_SYSTEM = re.compile(r'<g class="system[ "]')
# The five lines of a staff come first in it.
_STAFF_LINES = re.compile(
    r'<g class="staff[^"]*">((?:<path d="M-?\d+ -?\d+ L-?\d+ -?\d+"[^>]*/>){5})'
)
_LINE = re.compile(r'd="M(-?\d+) (-?\d+) L(-?\d+) (-?\d+)"')
_HEAD = re.compile(r'<g class="notehead"><use [^>]*translate\((-?\d+), ?-?\d+\)')
_HEAD_UNITS = 260  # heads of one moment lie nearer together than this
_SOUND = re.compile(
    r'<g id="sound_(\d+)_([\d.]+)_(\d+)_\d+" class="note[ "][^>]*>'
    r'<g class="notehead"><use [^>]*translate\((-?\d+), ?(-?\d+)\)'
)
_HALF_HEAD = 108  # units from the left of a head to its middle
Box = dict[str, Any]
Head = tuple[float, float, float, int, int]


def bar_boxes(pages: Sequence[str], piece: Piece) -> list[list[Box]]:
    """Return the bars on every page: number, edges and knots from quarters to places.

    Nothing where a page does not show what the piece says: then there is no cursor.
    """
    measures = [list(_measures(page)) for page in pages]
    n_shown = sum(map(len, measures))
    laid = lay_measures(piece)
    if not 0 < n_shown <= len(laid):
        return [[] for _ in pages]
    both = iter(zip(laid, _moments(piece, laid[:n_shown]), strict=False))
    numbers = piece.bar_numbers
    return [
        [_box(one := next(both), numbers[one[0].bar.index], found) for found in page]
        for page in measures
    ]


def head_places(pages: Sequence[str]) -> list[list[Head]]:
    """Return the heads on every page that tell their sounds: x, y, onset in quarters, pitch, part.

    Heads that are tied to one tell the same sound.
    """
    return [list(_heads(page)) for page in pages]


def step_of(page: str) -> float:
    """Return how far a step on a staff reaches, half the way between two lines; 0 without staff."""
    view, staff = _VIEW.search(page), _STAFF_LINES.search(page)
    if not view or not staff:
        return 0.0
    (_, first, *_), (_, second, *_), *_ = _LINE.findall(staff[1])
    return round((int(second) - int(first)) / 2 / float(view[2]), 6)


def _heads(page: str) -> Iterable[Head]:
    view, margin = _VIEW.search(page), _MARGIN.search(page)
    if not view or not margin:
        return
    for part, onset, pitch, x, y in _SOUND.findall(page):
        across = (int(x) + _HALF_HEAD + float(margin[1])) / float(view[1])
        down = (int(y) + float(margin[2])) / float(view[2])
        beats = float(Fraction(onset.replace(".", "/")))
        yield round(across, 4), round(down, 4), round(beats, 4), int(pitch), int(part)


def _measures(page: str) -> Iterable[Box]:
    """Yield edges and note heads of the measures of a page, all as shares of it."""
    view, margin = _VIEW.search(page), _MARGIN.search(page)
    if not view or not margin:
        return
    width, height = float(view[1]), float(view[2])
    left, top = float(margin[1]), float(margin[2])
    starts = [found.start() for found in _MEASURE.finditer(page)]
    for start, end in pairwise([*starts, len(page)]):
        text = page[start:end]
        if (system := _SYSTEM.search(text)) is not None:
            text = text[: system.start()]
        lines = [
            tuple(map(int, line))
            for staff in _STAFF_LINES.findall(text)
            for line in _LINE.findall(staff)
        ]
        if not lines:
            return
        x, right = min(line[0] for line in lines), max(line[2] for line in lines)
        y, bottom = min(line[1] for line in lines), max(line[3] for line in lines)
        heads = _apart(sorted(int(head) for head in _HEAD.findall(text)))
        yield {
            "x": (x + left) / width,
            "w": (right - x) / width,
            "y": (y + top) / height,
            "h": (bottom - y) / height,
            "heads": [(head + left) / width for head in heads],
        }


def _apart(places: Sequence[int]) -> list[int]:
    """Return one place a moment: heads side by side belong together."""
    kept: list[int] = []
    for place in places:
        if not kept or place - kept[-1] > _HEAD_UNITS:
            kept.append(place)
    return kept


def _moments(piece: Piece, measures: Sequence[Measure]) -> list[list[float]]:
    """Return the onsets within every measure, and its bar line where notes are tied across."""
    n_measures = len(measures)
    moments: list[set[float]] = [set() for _ in measures]
    ends = [one.end_beats for one in measures]
    for part in piece.parts:
        index = 0
        for note in part.notes:
            while index < n_measures and ends[index] <= note.onset_beats:
                index += 1
            if index == n_measures:
                break
            moments[index].add(float(note.onset_beats))
            later = index + 1
            while later < n_measures and measures[later].begin_beats < note.end_beats:
                moments[later].add(float(measures[later].begin_beats))
                later += 1
    return [sorted(found) for found in moments]


def _box(measured: tuple[Measure, list[float]], number: int, found: Box) -> Box:
    measure, onsets = measured
    box = {name: round(found[name], 4) for name in ("x", "w", "y", "h")}
    start = float(measure.begin_beats if measure.bar.index else 0)
    end, heads = float(measure.end_beats), found["heads"]
    right = found["x"] + found["w"]
    if len(heads) == len(onsets) > 0:
        knots = list(zip(onsets, heads, strict=True))
        if onsets[0] > start:  # all rest before; an upbeat is printed without these rests
            knots.insert(0, (start, heads[0] if number == 0 else found["x"]))
    else:  # a tie within the bar, an ornament: as if all were evenly spaced
        knots = [(start, heads[0] if heads else found["x"])]
    return box | {
        "bar": number,
        "onset": start,
        "knots": [[round(beats, 4), round(x, 4)] for beats, x in [*knots, (end, right)]],
    }
