"""The prompt line of the Compose page: words in, settings out, and what became of every word.

The words are read as they are typed, and set the settings below, where each can be changed. A
phrase is dropped by one click, and read again by another.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from composer.engines import MenuEntry
from composer.prompts import Phrase, Prompt, read_prompt
from composer.ui.compose.links import read_query
from composer.ui.shared.elements import html

MAX_TYPED = 1000  # characters
EXAMPLES = (
    "a slow sad waltz in the manner of Chopin, about half a minute, not too chromatic",
    "vierstimmiger Choral in h-Moll, 8 Takte",
    "une fugue à trois voix de Bach, sans lenteur",
)
# How a piece is drawn, and by whom, no prompt says.
LEFT_ALONE = frozenset(
    ["temperature", "candidates", "seed", "top_k", "top_p", "min_p", "guidance", "part_writing"]
    + ["prune", "engine", "engine_options"]
)
STATES = {
    "understood": "understood",
    "guessed": "guessed",
    "not available": "not-available",
    "not understood": "not-understood",
}


@dataclass(frozen=True)
class Line:
    """The components of the prompt.

    Args:
        typed: The prompt.
        go: Composes from it.
        kept: Its phrases that set something; those that are not ticked are dropped.
        told: Every word with its state, and what cannot both be.
        examples: Prompts in one click.
        last: The prompt that the settings were last set from.
    """

    typed: gr.Textbox
    go: gr.Button
    kept: gr.CheckboxGroup
    told: gr.HTML
    examples: gr.Dataset
    last: gr.State


def build() -> Line:
    """Place the prompt line."""
    with gr.Column(elem_classes=["prompt-line"]):
        typed = gr.Textbox(
            label="Say what you would like to hear",
            placeholder=EXAMPLES[0],
            max_lines=1,
            max_length=MAX_TYPED,
            elem_id="prompt",
        )
        go = gr.Button("Compose it", size="sm", elem_id="compose-prompt")
    told = html(elem_id="prompt-reading")
    kept = gr.CheckboxGroup(
        [], label="What it sets; untick to drop", visible=False, elem_id="prompt-phrases"
    )
    dataset = gr.Dataset(
        components=["textbox"],
        samples=[[one] for one in EXAMPLES],
        type="index",
        show_label=False,
        elem_id="prompt-examples",
    )
    return Line(typed, go, kept, told, dataset, gr.State(""))


def read(typed: Any, menu: Sequence[MenuEntry], kept: Any = None) -> Prompt:
    """Read what was typed.

    Args:
        typed: The prompt: anything.
        menu: Composers and forms on offer.
        kept: The phrases that are ticked, by where they begin; None for all.
    """
    text = typed[:MAX_TYPED] if isinstance(typed, str) else ""
    prompt = read_prompt(text, menu)
    if kept is None:
        return prompt
    left = set(map(str, kept)) if isinstance(kept, list) else set()
    dropped = [one.start for one in prompt.reading.phrases if one.settings]
    return read_prompt(text, menu, dropped=[one for one in dropped if str(one) not in left])


def example_at(index: Any) -> str:
    """Return an example of the line; the first one where there is no such."""
    is_there = isinstance(index, int) and 0 <= index < len(EXAMPLES)
    return EXAMPLES[index if is_there else 0]


def phrases(prompt: Prompt) -> list[tuple[str, str]]:
    """Return the phrases that set something, as a list to tick."""
    return [
        (f"{one.text}: {_settings_words(one.to_dict()['settings'])}", str(one.start))
        for one in prompt.reading.phrases
        if one.settings
    ]


def values(prompt: Prompt) -> dict[str, Any]:
    """Return the settings as components take them; what no prompt says is left out."""
    query = {
        name: f"{value:g}" if isinstance(value, float) else str(value)
        for name, value in prompt.settings.items()
    }
    found = read_query(query | {"seed": "0"}) or {}
    return {name: value for name, value in found.items() if name not in LEFT_ALONE}


def tell(prompt: Prompt) -> str:
    """Show the prompt with every word that means something marked, and what cannot both be."""
    if not prompt.reading.phrases:
        return ""
    said = f'<p class="prompt-words">{"".join(_marked(prompt))}</p>'
    notes = [_note(one) for one in prompt.reading.phrases if one.note]
    notes += [
        f"{escape(one.said[0])} and {escape(one.said[1])} cannot both be; "
        f"{escape(one.taken)} is taken"
        for one in prompt.reading.contradictions
    ]
    if prompt.reading.unread:
        notes.append(f"the last {prompt.reading.unread} characters were not read")
    told = "".join(f"<li>{note}</li>" for note in dict.fromkeys(notes))
    return said + (f'<ul class="prompt-notes">{told}</ul>' if told else "")


def _marked(prompt: Prompt) -> Iterable[str]:
    text, at = prompt.reading.text, 0
    for phrase in prompt.reading.phrases:
        if phrase.start < at:
            continue
        yield escape(text[at : phrase.start])
        told = _settings_words(phrase.to_dict()["settings"])
        title = escape(f"{phrase.state}{f': {told}' if told else ''}", quote=True)
        name = STATES[phrase.state]
        shown = escape(text[phrase.start : phrase.end])
        # Colour alone tells nobody who does not see it.
        state = "" if phrase.state == "understood" else f"<small> {phrase.state}</small>"
        yield f'<mark class="{name}" title="{title}">{shown}{state}</mark>'
        at = phrase.end
    yield escape(text[at:])


def _note(phrase: Phrase) -> str:
    return f"{escape(phrase.text)}: {escape(phrase.note)}"


def _settings_words(settings: Mapping[str, Any]) -> str:
    """Return settings in words: `tempo 48 to 74, mode minor`."""
    return ", ".join(f"{name.replace('_', ' ')} {_value_words(v)}" for name, v in settings.items())


def _value_words(value: Any) -> str:
    if isinstance(value, Collection) and not isinstance(value, str):
        return " to ".join(dict.fromkeys(f"{one:g}" for one in value))
    return f"{value:g}" if isinstance(value, float) else str(value)
