"""The line under the sampling sliders: what suits the chosen form, and a button that sets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from composer.engines import Suggestion
from composer.engines.suggestions import SAMPLING
from composer.scoring.reasons import plural_of_group
from composer.ui.shared import wording
from composer.ui.shared.elements import html
from composer.ui.shared.settings import setting
from composer.ui.shared.wiring import AT_ONCE

Suggestions = Mapping[str, Suggestion]


@dataclass(frozen=True)
class Line:
    """Where a suggestion stands; nothing of it is there for forms that were not measured.

    Args:
        row: Holds both others.
        words: What suits the form.
        use: Sets the sliders; only where the suggestion differs from the defaults.
    """

    row: gr.Row
    words: gr.HTML
    use: gr.Button

    @property
    def in_order(self) -> list[Any]:
        """The components as `updates` fills them."""
        return [self.row, self.words, self.use]


def build(suggestions: Suggestions, form: str) -> Line:
    """Place the line for the form that is chosen first."""
    found = suggestions.get(form)
    with gr.Row(elem_id="suggested", visible=found is not None) as row:
        words = html(_note(form, found))
        use = gr.Button(
            "Use",
            size="sm",
            scale=0,
            min_width=64,
            elem_id="use-suggested",
            visible=_has_changes(found),
        )
    return Line(row, words, use)


def updates(suggestions: Suggestions, form: Any) -> tuple[Any, ...]:
    """Return what the line becomes for another form."""
    found = _find(suggestions, form)
    return (
        gr.update(visible=found is not None),
        _note(form, found),
        gr.update(visible=_has_changes(found)),
    )


def wire(line: Line, suggestions: Suggestions, settings: Mapping[str, Any]) -> None:
    """Let the button set the sliders for the form that is chosen."""

    def use(form: Any) -> tuple[Any, ...]:
        found = _find(suggestions, form)
        return tuple(found.settings.values()) if found else tuple(gr.skip() for _ in sliders)

    sliders = [settings[name] for name in SAMPLING]
    line.use.click(use, settings["form"], sliders, **AT_ONCE)


def words(form: str, suggestion: Suggestion) -> str:
    """Say what suits a form: the values that differ from the defaults, or that none need to."""
    pieces = plural_of_group(form)
    if suggestion.default_is_as_good:
        tried = wording.count(suggestion.tried, "setting")
        return f"Defaults suit {pieces} as well as any of {tried} tried."
    # A name and its number stay in one line.
    changes = (
        f"{setting(n).label.lower()}\u00a0{value:g}" for n, value in suggestion.changes.items()
    )
    return f"Suggested for {pieces}: {', '.join(changes)}"


def _find(suggestions: Suggestions, form: Any) -> Suggestion | None:
    return suggestions.get(form) if isinstance(form, str) else None


def _note(form: str, found: Suggestion | None) -> str:
    return wording.note(words(form, found)) if found else ""


def _has_changes(found: Suggestion | None) -> bool:
    return found is not None and bool(found.changes)
