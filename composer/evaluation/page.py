"""Pages of figures as one HTML file: sections, tables, charts. Nothing is fetched; knows no report.

Whatever text comes in is escaped; charts come as SVG elements and are put in as they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
p, li { max-width: 46rem; } .faint { color: #7a7a7a; }
svg { width: 100%; height: auto; margin: .5rem 0; }
.wide { overflow-x: auto; margin: .8rem 0; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .7rem .15rem 0; text-align: right; white-space: nowrap; }
th { font-weight: 600; border-bottom: 1px solid #7a7a7a88; vertical-align: bottom; }
td { border-bottom: 1px solid #7a7a7a22; }
th:first-child, td:first-child { text-align: left; }
details { margin: .5rem 0; } summary { cursor: pointer; }
"""


def html_page(title: str, sections: Iterable[str]) -> str:
    """Return a whole page."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body><h1>{escape(title)}</h1>\n" + "\n".join(sections) + "\n</body></html>\n"
    )


def section(title: str, text: str, *blocks: str) -> str:
    """Return a heading, a paragraph that says what is shown, and blocks of HTML."""
    return f"<h2>{escape(title)}</h2>\n<p>{escape(text)}</p>\n" + "\n".join(blocks)


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; the first column is text, the others are figures."""
    head = "".join(f"<th>{escape(name)}</th>" for name in heading)
    body = "\n".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f'<div class="wide"><table><tr>{head}</tr>\n{body}</table></div>'


def folded(summary: str, *blocks: str) -> str:
    """Return blocks that open with a click."""
    return f"<details><summary>{escape(summary)}</summary>{''.join(blocks)}</details>"


def figure(value: float | None) -> str:
    """Return a number in as many digits as it takes to tell it from others of its size."""
    if value is None or not math.isfinite(value):
        return "–"
    if value and abs(value) < 0.1:
        return f"{value:.3f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def between(interval: Mapping[str, Any] | None) -> str:
    """Return a value with its interval in brackets."""
    if interval is None or interval["value"] is None:
        return "–"
    ends = f"{figure(interval['low'])} to {figure(interval['high'])}"
    return f"{figure(interval['value'])} ({ends})"
