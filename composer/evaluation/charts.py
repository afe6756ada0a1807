"""Charts of a report as SVG text: points with intervals, shares by bin, curves. Knows no music.

Drawn by matplotlib without its state, so that two reports never share a figure. Text stays text,
clear grey on light and dark pages; nothing is fetched.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from composer.plots.style import PART_COLOURS, TEXT_COLOUR

Series = Mapping[str, Mapping[str, Any]]  # name -> an interval as JSON values
WIDTH_INCHES = 8.0
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # letters, not outlines
    "svg.hashsalt": "composer",  # the same chart is the same text
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": TEXT_COLOUR,
    "axes.edgecolor": TEXT_COLOUR,
    "axes.labelcolor": TEXT_COLOUR,
    "xtick.color": TEXT_COLOUR,
    "ytick.color": TEXT_COLOUR,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "grid.color": TEXT_COLOUR,
    "grid.alpha": 0.25,
    "grid.linewidth": 0.5,
}
_LEGEND: dict[str, Any] = {"frameon": False, "labelcolor": TEXT_COLOUR, "fontsize": 9}
# Many rows stand closer.
ROW_INCHES, CLOSE_ROW_INCHES, MANY_ROWS = 0.11, 0.075, 20
_MARKERS = "osD^vP"


def points(rows: Sequence[tuple[str, Series]], label: str, *, mark: float | None = None) -> str:
    """Draw values with intervals, a line a row, a colour a series.

    Args:
        rows: (name, series -> interval), the first on top; what has no value is left out.
        label: Of the axis.
        mark: A value with a line of its own, such as chance.
    """
    names = list(dict.fromkeys(name for _, series in rows for name in series))
    row_inches = ROW_INCHES if len(rows) <= MANY_ROWS else CLOSE_ROW_INCHES
    figure, axes = _begin(1.0 + row_inches * len(rows) * (1 + len(names)))
    for number, name in enumerate(names):
        found = [(i, s[name]) for i, (_, s) in enumerate(rows) if _has_value(s.get(name))]
        if not found:
            continue
        offset = (number - (len(names) - 1) / 2) * 0.8 / max(1, len(names))
        values = [one["value"] for _, one in found]
        axes.errorbar(
            values,
            [i + offset for i, _ in found],
            xerr=[
                [max(0.0, one["value"] - one["low"]) for _, one in found],
                [max(0.0, one["high"] - one["value"]) for _, one in found],
            ],
            fmt=_MARKERS[number % len(_MARKERS)],
            markersize=4,
            elinewidth=1.2,
            color=PART_COLOURS[number % len(PART_COLOURS)],
            label=name,
        )
    if mark is not None:
        axes.axvline(mark, color=TEXT_COLOUR, linewidth=0.8, linestyle=":")
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel(label)
    axes.grid(axis="x")
    return _finish(figure, axes, len(names))


def _has_value(interval: Mapping[str, Any] | None) -> bool:
    return interval is not None and all(
        interval[end] is not None for end in ("value", "low", "high")
    )


def shares(panels: Sequence[tuple[str, Sequence[str], Mapping[str, Sequence[float]]]]) -> str:
    """Draw shares by bin in small panels, the first series filled, the others as lines.

    Args:
        panels: (title, bins, series -> a share a bin).
    """
    n_rows = -(-len(panels) // 2)
    with rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH_INCHES, 1.9 * n_rows), layout="constrained")
        grid = figure.subplots(n_rows, 2, squeeze=False)
    for axes, (title, bins, series) in zip(grid.flat, panels, strict=False):
        for number, (name, values) in enumerate(series.items()):
            colour = PART_COLOURS[(number - 1) % len(PART_COLOURS)] if number else TEXT_COLOUR
            if number:
                axes.step(range(len(bins)), values, where="mid", color=colour, label=name)
            else:
                axes.bar(range(len(bins)), values, 0.9, color=colour, alpha=0.35, label=name)
        every = -(-len(bins) // MANY_ROWS)
        axes.set_xticks(range(0, len(bins), every), bins[::every], fontsize=7)
        axes.set_title(title, loc="left", fontsize=9)
    for axes in list(grid.flat)[len(panels) :]:
        axes.axis("off")
    handles, names = grid.flat[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=len(names), **_LEGEND)
    return _svg(figure)


def tails(series: Mapping[str, Sequence[float]], label: str) -> str:
    """Draw which share of the values is at least so large, a curve a series.

    Args:
        series: Name -> values.
        label: Of the values.
    """
    figure, axes = _begin(3.0)
    for number, (name, values) in enumerate(series.items()):
        ordered = sorted(values)
        left = [1 - i / len(ordered) for i in range(len(ordered))]
        axes.step(
            ordered, left, where="pre", label=name, color=PART_COLOURS[number % len(PART_COLOURS)]
        )
    axes.set_xlabel(label)
    axes.set_ylabel("share of pieces")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.grid()
    return _finish(figure, axes, len(series))


def lines(series: Mapping[str, Sequence[tuple[float, float | None]]], across: str, up: str) -> str:
    """Draw curves over a logarithmic axis, a curve a series.

    Args:
        series: Name -> points; those without a height are left out.
        across: Of the horizontal axis.
        up: Of the vertical axis.
    """
    figure, axes = _begin(3.4)
    for number, (name, found) in enumerate(series.items()):
        drawn = [(x, y) for x, y in found if y is not None]
        colour = PART_COLOURS[number % len(PART_COLOURS)]
        axes.plot(*zip(*drawn, strict=True), marker="o", markersize=3, label=name, color=colour)
    axes.set_xscale("log")
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    return _finish(figure, axes, len(series))


def _begin(height_inches: float) -> tuple[Figure, Axes]:
    with rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH_INCHES, height_inches), layout="constrained")
        return figure, figure.subplots()


def _finish(figure: Figure, axes: Axes, n_series: int) -> str:
    if n_series > 1:
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=n_series, **_LEGEND)
    return _svg(figure)


def _svg(figure: Figure) -> str:
    """Return a figure as an `<svg>` element that fits the width of its place."""
    buffer = io.StringIO()
    with rc_context(_STYLE):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    return re.sub(r' (width|height)="[\d.]+pt"', "", text, count=2)
