"""What all figures share: colours and a bare layout for light and dark, wide and narrow pages."""

from __future__ import annotations

import html
from typing import Any

# Told apart by colour-blind readers: the blue (lighter here, for dark pages), vermilion, green,
# purple, orange and sky blue of M. Okabe and K. Ito, Color Universal Design (2002). Olive and grey
# stand for their yellow and black, which vanish on light and dark pages.
PART_COLOURS = (
    "#1F86C9",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#999933",
    "#8C8C8C",
)
INSIDE_COLOUR, OUTSIDE_COLOUR = "#009E73", "#D55E00"
# Grey text of equal contrast (above 4:1) on white and on near-black.
TEXT_COLOUR = "#7A7A7A"
STRONG_LINE, FAINT_LINE = "rgba(127,127,127,0.5)", "rgba(127,127,127,0.18)"
SHADE = "rgba(127,127,127,0.09)"
BAND_COLOUR = "rgba(127,127,127,0.3)"
CLEAR = "rgba(0,0,0,0)"
# Of equal steps to colour-blind and colour-seeing readers, readable in grey: J. R. Nuñez and
# others, Optimizing colormaps with consideration for color vision deficiency, PLoS ONE 13 (2018).
SCALE = "Cividis"
LEGEND = {
    "orientation": "h",
    "traceorder": "normal",
    "x": 0,
    "xanchor": "left",
    "y": 1.01,
    "yanchor": "bottom",
}
# Nothing is selected here, and nothing leaves the page.
_UNWANTED_BUTTONS = ("select2d", "lasso2d", "sendChartToCloud", "sendDataToCloud", "autoScale2d")
_LONGEST_NAME = 40


def base_layout(height_px: int) -> dict[str, Any]:
    """Return a layout without template, background and title, as wide as its place."""
    return {
        "template": "none",
        "height": height_px,
        "autosize": True,
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "font": {"color": TEXT_COLOUR, "size": 12, "family": "system-ui, sans-serif"},
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        # On the grey of a hovered band plotly would write in grey.
        "hoverlabel": {"bgcolor": "#262626", "bordercolor": "#262626", "font": {"color": "#FFF"}},
        "modebar": {"bgcolor": CLEAR, "color": TEXT_COLOUR, "remove": list(_UNWANTED_BUTTONS)},
    }


def axis(title: str, **others: Any) -> dict[str, Any]:
    """Return an axis with a title in words and faint lines."""
    return {
        "title": {"text": title, "standoff": 4},
        "gridcolor": FAINT_LINE,
        "zeroline": False,
        "automargin": True,
    } | others


def safe_text(text: str) -> str:
    """Make a name from a file harmless: plotly reads markup in names."""
    plain = " ".join("".join(c for c in text if c.isprintable()).split())
    return html.escape(plain[:_LONGEST_NAME])
