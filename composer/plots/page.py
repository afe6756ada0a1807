"""A figure as one HTML file that needs nothing else: no network, no server, light and dark."""

from __future__ import annotations

import html
from importlib.resources import files
from pathlib import Path

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs_version

# Plotly's script as its package brings it, for whoever serves figures: some five megabytes.
PLOTLY_SCRIPT = Path(str(files("plotly") / "package_data" / "plotly.min.js"))
PLOTLY_VERSION = get_plotlyjs_version()

# Nothing may be fetched: what plotly would need from elsewhere (maps, fonts) is not used here.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
)
_STYLE = """
:root { color-scheme: light dark; --ink: #292524; --paper: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7e5e4; --paper: #1c1917; } }
body { margin: 1rem; color: var(--ink); background: var(--paper);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.2rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
.main-svg g:not(.hoverlayer):not(.hovertext) > text { fill: var(--ink) !important; }
.main-svg .hoverlayer text { fill: #fff !important; }
"""


def figure_page(figure: go.Figure, title: str) -> str:
    """Return a page with one interactive figure, plotly's script within it (five megabytes).

    Args:
        figure: Any of this room.
        title: Heading of the page; any text.
    """
    body = figure.to_html(
        full_html=False,
        include_plotlyjs=True,
        include_mathjax=False,
        config={"responsive": True, "displaylogo": False, "scrollZoom": True},
    )
    words = html.escape(title)
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{words}</title><style>{_STYLE}</style></head>"
        f"<body><h1>{words}</h1>\n{body}\n</body></html>\n"
    )
