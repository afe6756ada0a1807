"""From a `Piece` or a `Scorecard` to plotly figures. Knows no page and no model.

Figures that compare take one or two pieces by name, and show beside them what is usual in real
pieces of the form.
"""

from composer.plots.courses import plot_density, plot_keys
from composer.plots.likeness import plot_likeness
from composer.plots.page import PLOTLY_SCRIPT, PLOTLY_VERSION, figure_page
from composer.plots.pianoroll import plot_pianoroll
from composer.plots.scorecard import plot_scorecard
from composer.plots.shares import plot_intervals, plot_pitch_classes

__all__ = [
    "PLOTLY_SCRIPT",
    "PLOTLY_VERSION",
    "figure_page",
    "plot_density",
    "plot_intervals",
    "plot_keys",
    "plot_likeness",
    "plot_pianoroll",
    "plot_pitch_classes",
    "plot_scorecard",
]
