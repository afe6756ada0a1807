"""The Live page: one component, whose script builds the rest (assets/ui/live.js)."""

from __future__ import annotations

import json

import gradio as gr

from composer.engines import MenuEntry
from composer.plots.style import PART_COLOURS
from composer.theory import KEYS, STYLES
from composer.ui.shared import choices
from composer.ui.shared.elements import html
from composer.ui.studio import Studio

INTRODUCTION = (
    "<p class='note'>Music that is composed while it sounds, and has no end unless you ask for "
    "one. Of every two bars up to eight candidates are written, and the best is kept. Pale bars "
    "are planned: what you turn changes them, and never what sounds already.</p>"
)
_MODULE = "import(new URL('composer-assets/ui/live.js', document.baseURI))"


def build(studio: Studio) -> None:
    """Place the page.

    Args:
        studio: Whose menu is offered.
    """
    with gr.Column(elem_classes=["sheet", "live-page"]):
        html(INTRODUCTION)
        html(
            value(studio.menu()),
            html_template='<div class="live"></div>',
            js_on_load=f"{_MODULE}.then((m) => m.mount(element, props));",
            elem_id="live",
        )


def value(menu: tuple[MenuEntry, ...]) -> str:
    """Return what the script offers, as JSON text."""
    composers = [name for _, name in choices.composer_choices(menu)[1:]]
    forms = [name for _, name in choices.form_choices(menu, None)[:-1]]
    offered = {
        "composers": composers,
        "forms": forms,
        "keys": [str(key) for key in KEYS],
        "styles": list(STYLES),
        "colours": PART_COLOURS,
    }
    return json.dumps(offered, separators=(",", ":"))
