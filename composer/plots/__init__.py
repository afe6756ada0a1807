"""From a `Piece` or a `Scorecard` to plotly figures. Knows no page and no model."""

from composer.plots.pianoroll import plot_pianoroll
from composer.plots.scorecard import plot_scorecard

__all__ = ["plot_pianoroll", "plot_scorecard"]
