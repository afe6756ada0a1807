"""The page in the browser and its HTTP API. Knows the pipeline's answers, not how they are made.

A folder a page (`compose`, `extend`, `edit`, `inspect`, `studies`, `about`), what they share in
`shared`, the HTTP API in `api`, and how all of it is served in `server`; `layout` joins them.
"""

from composer.ui.server.accelerator import on_accelerator  # first: before torch and gradio

# isort: split
from composer.ui.layout import build_app
from composer.ui.server.serving import launch
from composer.ui.studio import Studio, default_studio

__all__ = ["Studio", "build_app", "default_studio", "launch", "on_accelerator"]
