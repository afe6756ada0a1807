"""Settings as components: labels, ranges, defaults and help are the request's own."""

from __future__ import annotations

from typing import Any

import gradio as gr

from composer.ui.shared import choices
from composer.ui.shared.settings import OPEN, Setting, setting

MAX_SLIDER_SPAN = 100.0


def element(page: str, name: str) -> str:
    """Return the id of the component of a setting on a page."""
    return f"{page}-{name.replace('_', '-')}"


def field(found: Setting, *, page: str = "setting", **options: Any) -> Any:
    """Place the component that suits a setting; empty where the model chooses."""
    if found.choices:
        listed = [("Open", OPEN), *((name, name) for name in found.choices)]
        return choice(found.name, listed, OPEN, page=page, info=found.help, **options)
    if found.is_text or found.default is None:
        return blank(found.name, page=page, info=found.help, **options)
    assert found.low is not None and found.high is not None
    span = found.high - found.low
    if found.is_whole or span > MAX_SLIDER_SPAN:
        return number(found.name, page=page, info=found.help, **options)
    return slider(found.name, page=page, **options)


def number(name: str, *, page: str = "setting", **options: Any) -> gr.Number:
    """Place a number that cannot be left out."""
    found = setting(name)
    shown = {"label": found.label, "minimum": found.low, "maximum": found.high} | options
    return gr.Number(found.default, min_width=120, elem_id=element(page, name), **shown)


def slider(name: str, *, page: str = "setting", **options: Any) -> gr.Slider:
    """Place a slider in steps of a hundredth of its range or so."""
    found = setting(name)
    assert found.low is not None and found.high is not None
    step = 0.01 if found.high - found.low <= 1 else 0.05 if found.high - found.low <= 2 else 0.1
    shown: dict[str, Any] = {"step": step if found.high - found.low < 10 else 1, "info": found.help}
    return gr.Slider(
        *(found.low, found.high, found.default),
        label=found.label,
        elem_id=element(page, name),
        **(shown | options),
    )


def blank(name: str, *, page: str = "setting", **options: Any) -> gr.Textbox:
    """Place a setting that may be left out: gradio's own fields for numbers cannot stay empty."""
    shown: dict[str, Any] = {"label": setting(name).label, "max_lines": 1, "min_width": 120}
    return gr.Textbox(elem_id=element(page, name), **(shown | options))


def lines(name: str, *, page: str = "setting", **options: Any) -> gr.Textbox:
    """Place a setting of several lines that may be left out."""
    shown: dict[str, Any] = {"label": setting(name).label, "lines": 2, "max_lines": 4}
    return gr.Textbox(elem_id=element(page, name), **(shown | options))


def offer(options: list[tuple[str, Any]], value: Any) -> Any:
    """Offer a list, with the value of before if it is still there, else its first."""
    return gr.update(choices=options, value=choices.kept(options, value))


def choice(
    name: str, options: list[tuple[str, Any]], value: Any, *, page: str = "setting", **more: Any
) -> gr.Dropdown:
    """Place a setting that is chosen from a list."""
    shown: dict[str, Any] = {"label": setting(name).label, "min_width": 120}
    return gr.Dropdown(options, value=value, elem_id=element(page, name), **(shown | more))
