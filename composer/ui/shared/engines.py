"""Who composes, as components: the choice of an engine, and the options that only it has.

An engine's own options are in sight only where it is chosen; they become the setting
`engine_options` of a request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import gradio as gr

from composer.engines import Capabilities, MenuEntry, Option
from composer.errors import ComposerError
from composer.request import options_to_text, parse_options
from composer.ui.shared import fields, wording
from composer.ui.shared.elements import html
from composer.ui.shared.settings import OPEN
from composer.ui.studio import Studio

STEPS = 100  # of a slider


@dataclass(frozen=True)
class Engines:
    """The engines of a page.

    Args:
        known: What each can do, by name, the usual one first.
        choice: Who composes; in sight only where there are several.
        rows: Those of an engine's own options, by its name.
        options: The engines and options behind `controls`, in their order.
        controls: One component an option.
    """

    known: Mapping[str, Capabilities]
    choice: gr.Dropdown
    rows: Mapping[str, gr.Row]
    options: Sequence[tuple[str, Option]]
    controls: Sequence[Any]

    def name_of(self, chosen: Any) -> str:
        """Return the name of the engine that is chosen; of the usual one if it is left open."""
        return (
            chosen
            if isinstance(chosen, str) and chosen in self.known
            else next(iter(self.known), "")
        )

    def can(self, chosen: Any) -> Capabilities:
        """Return what the chosen engine can do."""
        return self.known[self.name_of(chosen)]

    @property
    def inputs(self) -> list[Any]:
        """All components, in the order of `read` and `fill`."""
        return [self.choice, *self.controls]

    def read(self, values: Sequence[Any]) -> dict[str, Any]:
        """Return two settings from the values of `inputs`; usual values are left out."""
        chosen, *numbers = values
        name, told = self.name_of(chosen), zip(self.options, numbers, strict=True)
        own = {
            option.name: value
            for (engine, option), value in told
            if engine == name and value != option.default
        }
        return {"engine": chosen, "engine_options": options_to_text(own)}

    def fill(self, settings: Mapping[str, Any]) -> list[Any]:
        """Return the values of `inputs` from two settings."""
        chosen, text = settings["engine"], settings["engine_options"]
        name, told = self.name_of(chosen), parse_options("" if text in (None, OPEN) else text)
        return [
            chosen,
            *(
                told.get(option.name, option.default) if engine == name else option.default
                for engine, option in self.options
            ),
        ]

    def visible_rows(self, chosen: Any) -> dict[Any, Any]:
        """Return what becomes of `rows`: only those of the chosen engine are in sight."""
        found = self.name_of(chosen)
        return {row: gr.update(visible=name == found) for name, row in self.rows.items()}


def menus(studio: Studio) -> Callable[[Any], tuple[MenuEntry, ...]]:
    """Return what finds the menu of an engine by its name; empty where it cannot be loaded."""

    @cache
    def rows_of(engine: str) -> tuple[MenuEntry, ...]:
        try:
            return studio.menu(engine) if engine else studio.menu()
        except ComposerError:  # a run says why, in its status line
            return ()

    names = list(studio.engines())
    return lambda chosen: rows_of(chosen if chosen in names[1:] else "")


def build(engines: Mapping[str, Capabilities], ask: str, *, page: str = "setting") -> Engines:
    """Place the choice of who composes, and every engine's own options.

    Args:
        engines: What each can do, by name, the usual one first.
        ask: What the page asks for, of `capabilities.ASKS`; others are not offered.
        page: Begins the names of the components.
    """
    known = {name: one for name, one in engines.items() if one.serves(ask)}
    choice = fields.choice(
        "engine",
        [("The usual one", OPEN), *((name, name) for name in known)],
        OPEN,
        page=page,
        visible=len(known) > 1,
    )
    usual = next(iter(known), "")
    note = html(_good_for(known, usual), visible=len(known) > 1)
    rows, options, controls = {}, [], []
    for name, one in known.items():
        if not one.options:
            continue
        with gr.Row(elem_classes=["pair"], visible=name == usual) as rows[name]:
            for option in one.options:
                options.append((name, option))
                controls.append(_control(option, f"{page}-{name}"))
    found = Engines(known, choice, rows, options, controls)

    def follow(chosen: Any) -> dict[Any, Any]:
        return {note: _good_for(known, found.name_of(chosen))} | found.visible_rows(chosen)

    if len(known) > 1:
        choice.change(
            follow,
            choice,
            [note, *rows.values()],
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        )
    return found


def _good_for(known: Mapping[str, Capabilities], name: str) -> str:
    """Say what a known engine is good for, as HTML."""
    return wording.note(f"{name}: {known[name].good_for}") if name in known else ""


def _control(option: Option, page: str) -> gr.Slider:
    """Place an option; its range, default and help are its own."""
    span = option.high - option.low
    return gr.Slider(
        *(option.low, option.high, option.default),
        step=1 if option.integer else 10 ** -_decimals(span),
        label=option.label,
        info=option.help,
        elem_id=fields.element(page, option.name),
    )


def _decimals(span: float) -> int:
    """Return how many decimals make about a hundred steps of a range, or more."""
    return next(n for n in range(9) if span * 10**n >= STEPS or n == 8)
