"""A model of piano rolls: patches within patches, masked or place by place at every level.

What needs torch (`model`, `layers`, `losses`, `saving`) is imported from its own module.
"""

from composer.models.fractal.config import FRACTAL_PRESETS, FractalConfig

__all__ = ["FRACTAL_PRESETS", "FractalConfig"]
