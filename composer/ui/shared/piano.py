"""A small piano that writes a line of notes, as HTML; in the browser piano.js plays it."""

from __future__ import annotations

import gradio as gr

from composer.theory import LETTER_PITCH_CLASSES
from composer.ui.shared.elements import html

MODULE = "composer-assets/ui/piano.js"
N_KEYS = 17  # an octave and a third: what two rows of a computer's keys reach
LENGTHS = (  # of a note, in whole notes
    ("1/16", 1 / 16),
    ("1/8", 1 / 8),
    ("1/8 dotted", 3 / 16),
    ("1/4", 1 / 4),
    ("1/4 dotted", 3 / 8),
    ("1/2", 1 / 2),
    ("1/2 dotted", 3 / 4),
    ("1/1", 1),
)
USUAL = "1/4"
HINT = (
    "With the piano in focus, A W S E D … of the computer's keys play it, R is a rest, "
    "Z and X move by an octave, Backspace takes back."
)
_LETTERS = {pitch_class: letter for letter, pitch_class in LETTER_PITCH_CLASSES.items()}


def build(field_id: str) -> gr.HTML:
    """Place a piano that writes ABC into a text field.

    Args:
        field_id: Element of the field.
    """
    script = (
        f"import(new URL('{MODULE}', document.baseURI))"
        f".then((m) => m.mount(element, '#{field_id} textarea'));"
    )
    return html(_skeleton(), js_on_load=script, elem_id=f"{field_id}-piano")


def _skeleton() -> str:
    lengths = "".join(
        f'<option value="{whole}"{" selected" if name == USUAL else ""}>{name}</option>'
        for name, whole in LENGTHS
    )
    return (
        '<div class="piano" role="group" aria-label="Piano that writes notes">'
        f'<div class="piano-bar"><label class="sv-pick">note <select>{lengths}</select></label>'
        f"{_button('rest', 'rest')}{_button('back', '⌫', 'Take the last note back')}"
        f"{_button('down', '−8', '−8: an octave down')}{_button('up', '+8', '+8: an octave up')}"
        f'</div><div class="piano-keys">{_keys()}</div>'
        f'<p class="note piano-hint">{HINT}</p><span role="status"></span></div>'
    )


def _button(name: str, text: str, label: str = "") -> str:
    named = f' aria-label="{label}" title="{label}"' if label else ""
    return f'<button type="button" class="piano-{name}"{named}>{text}</button>'


def _keys() -> str:
    """Return the keys from the left to the right, with their places in hundredths."""
    white_steps = [step for step in range(N_KEYS) if step % 12 in _LETTERS]
    width = 100 / len(white_steps)
    keys = []
    for step in range(N_KEYS):
        n_before = sum(white < step for white in white_steps)
        if step in white_steps:
            place, kind, text = n_before * width, "white", _LETTERS[step % 12]
        else:
            place, kind, text = n_before * width, "black", ""
        keys.append(
            f'<button type="button" class="piano-key is-{kind}" tabindex="-1" '
            f'aria-label="key {step + 1}" style="left:{place:g}%">{text}</button>'
        )
    return "".join(keys)
