"""The page in the browser and its HTTP API. Knows the pipeline's answers, not how they are made."""

from composer.ui.accelerator import on_accelerator  # first: before torch and gradio
from composer.ui.layout import build_app
from composer.ui.serving import launch
from composer.ui.studio import Studio, default_studio

__all__ = ["Studio", "build_app", "default_studio", "launch", "on_accelerator"]
