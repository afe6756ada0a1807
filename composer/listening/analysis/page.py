"""The report as one HTML page that needs nothing else: sentences, plots, tables. Knows JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; --ink: #1c1917; --quiet: #57534e; --line: #d6d3d1;
  --paper: #fff; --accent: #0f766e; }
@media (prefers-color-scheme: dark) { :root { --ink: #f5f5f4; --quiet: #a8a29e; --line: #44403c;
  --paper: #1c1917; --accent: #2dd4bf; } }
body { font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 52rem; margin: 2rem auto; padding: 0 1.2rem; }
h1, h2 { font-family: Georgia, serif; line-height: 1.25; } h2 { margin-top: 2.2rem; }
p.quiet, caption { color: var(--quiet); text-align: left; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); }
.wide { overflow-x: auto; }
svg { width: 100%; height: auto; } svg text { fill: var(--ink); font: 13px system-ui, sans-serif; }
"""
_WIDTH, _LEFT, _RIGHT, _ROW = 720, 190, 70, 30
# Name, value and the ends of its interval, which a single listener does not have.
Rows = Sequence[tuple[str, float, float | None, float | None]]


def report_page(report: dict[str, Any]) -> str:
    """Return the whole page.

    Args:
        report: As `analyse` returned it.
    """
    people = report["listeners"]
    parts = [
        f"<h1>{escape(report['title'])}</h1>",
        f"<p class='quiet'>Design: {escape(report['design'])}. {escape(report['question'])}</p>",
        "<h2>For the paper</h2>",
        *(f"<p>{escape(sentence)}</p>" for sentence in report["sentences"]),
        *_pictures(report),
        *_tables(report),
        "<h2>Who was left out, and why</h2>",
        f"<p>{people['kept']} of {people['took_part']} listeners count.</p>",
        _table(
            ("listener", "reasons"),
            ((one["listener"], "; ".join(one["reasons"])) for one in people["dropped"]),
        ),
    ]
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(report['title'])}: results</title><style>{_STYLE}</style>"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _pictures(report: dict[str, Any]) -> list[str]:
    parts = []
    if report.get("strengths"):
        rows = [(o["condition"], o["value"], o["low"], o["high"]) for o in report["strengths"]]
        parts.append("<h2>Strengths</h2>" + plot_intervals(rows, 0.0))
        parts.append(
            "<p class='quiet'>Bradley-Terry, logarithms of worth centred on 0, with 95 % "
            "intervals over resampled listeners.</p>"
        )
    for scale in report.get("scales", ()):
        rows = [(o["condition"], o["mean"], o["low"], o["high"]) for o in scale["means"]]
        known = [row for row in rows if row[1] is not None]
        parts.append(
            f"<h2>{escape(scale['scale'].capitalize())}</h2>" + plot_intervals(known, None)
        )
        parts.append(
            "<p class='quiet'>Means of listeners' own means, with 95 % intervals over resampled "
            "listeners.</p>"
        )
    if report.get("hits"):
        rows = [
            (f"{o['first']} / {o['second']}", o["share"], o["by_vote"]["low"], o["by_vote"]["high"])
            for o in report["hits"]
        ]
        parts.append("<h2>Right answers</h2>" + plot_intervals(rows, 0.5))
    return parts


def plot_intervals(rows: Rows, reference: float | None) -> str:
    """Return an SVG of values with their intervals, one a row.

    Args:
        rows: Name, value, lower and upper end.
        reference: Where a line is drawn: no difference, or chance.
    """
    if not rows:
        return ""
    ends = [end for row in rows for end in row[1:] if end is not None]
    ends += [] if reference is None else [reference]
    low, span = min(ends), (max(ends) - min(ends)) or 1.0

    def x(value: float) -> float:
        return round(_LEFT + (value - low) / span * (_WIDTH - _LEFT - _RIGHT), 1)

    height = _ROW * len(rows) + 10
    parts = []
    if reference is not None:
        at = x(reference)
        parts.append(f"<path d='M{at} 0V{height}' stroke='var(--line)' stroke-width='2'/>")
    for index, (name, value, left, right) in enumerate(rows):
        y = _ROW * index + _ROW // 2 + 5
        shown = name if len(name) <= 26 else name[:25] + "…"
        if left is not None and right is not None:
            parts.append(
                f"<path d='M{x(left)} {y}H{x(right)}' stroke='var(--accent)' stroke-width='3'/>"
            )
        parts.append(
            f"<text x='0' y='{y + 4}'>{escape(shown)}</text>"
            f"<circle cx='{x(value)}' cy='{y}' r='6' fill='var(--accent)'/>"
            f"<text x='{_WIDTH - _RIGHT + 14}' y='{y + 4}'>{value:.2f}</text>"
        )
    return f"<svg viewBox='0 0 {_WIDTH} {height}' role='img'>{''.join(parts)}</svg>"


def _tables(report: dict[str, Any]) -> list[str]:
    parts = []
    if report.get("pairs"):
        parts.append("<h2>Pairs</h2>" + _pair_table(report["pairs"]))
    if report.get("hits"):
        parts.append("<h2>Pairs</h2>" + _hit_table(report["hits"]))
    for scale in report.get("scales", ()):
        name = escape(scale["scale"].capitalize())
        parts.append(f"<h2>{name}: comparisons</h2>" + _comparison_table(scale["comparisons"]))
        if scale["mixed"]:
            parts.append(f"<h2>{name}: mixed-effects model</h2>" + _mixed_table(scale["mixed"]))
    return parts


def _pair_table(pairs: Iterable[dict[str, Any]]) -> str:
    heading = (
        "first / second",
        "votes",
        "undecided",
        "share of the first",
        "p, Holm",
        "r, positive for the first",
        "p of single votes",
    )
    rows = (
        (
            f"{one['first']} / {one['second']}",
            f"{one['first_votes']} : {one['second_votes']}",
            one["undecided"],
            one["share"],
            one["by_listener"]["p_holm"],
            one["by_listener"]["effect"],
            one["by_vote"]["p"],
        )
        for one in pairs
    )
    return _table(heading, rows)


def _hit_table(found: Iterable[dict[str, Any]]) -> str:
    heading = (
        "pair",
        "right",
        "votes",
        "share",
        "p, Holm",
        "r, positive above chance",
        "p of single votes",
    )
    rows = (
        (
            f"{one['first']} / {one['second']}",
            one["right"],
            one["votes"],
            one["share"],
            one["by_listener"]["p_holm"],
            one["by_listener"]["effect"],
            one["by_vote"]["p"],
        )
        for one in found
    )
    return _table(heading, rows)


def _comparison_table(found: Iterable[dict[str, Any]]) -> str:
    heading = (
        "first / second",
        "first less second",
        "listeners with a preference",
        "p, Holm",
        "r, positive for the first",
    )
    rows = (
        (
            f"{one['first']} / {one['second']}",
            one["difference"],
            one["by_listener"]["n"],
            one["by_listener"]["p_holm"],
            one["by_listener"]["effect"],
        )
        for one in found
    )
    return _table(heading, rows)


def _mixed_table(model: dict[str, Any]) -> str:
    rows = (
        (one["condition"], one["estimate"], one["error"], one["low"], one["high"], one["p"])
        for one in model["effects"]
    )
    note = f"Beside {model['reference']}; listeners scatter by {model['listener_sd']:.2f} points, "
    note += f"single answers by {model['residual_sd']:.2f}."
    if not model["is_converged"]:
        note = "The fit did not converge; these numbers are no result. " + note
    heading = ("condition", "estimate", "standard error", "low", "high", "p")
    return f"<p class='quiet'>{escape(note)}</p>" + _table(heading, rows)


def _table(heading: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in heading)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_shown(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<div class='wide'><table><tr>{head}</tr>{body}</table></div>" if body else ""


def _shown(cell: Any) -> str:
    if cell is None:
        return "–"
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)
