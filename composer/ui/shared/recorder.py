"""A microphone that fills an upload, as HTML; in the browser recorder.js works it.

Browsers record in formats that few programs read. So the page makes a WAV file itself, whose
comment says the tempo, the meter and the first bar of the count-in, or the beats that were tapped.
"""

from __future__ import annotations

import gradio as gr

from composer.ui.shared.elements import html

MODULE = "composer-assets/ui/recorder.js"
METERS = ("4/4", "3/4", "2/4", "6/8")
USUAL_TEMPO_BPM = 90
HINT = (
    "After one bar of clicks, sing one line on “la”, hum or play; use headphones if you can. Tempo "
    "is in quarters a minute. Without the count-in, tap every beat while you play, or let the page "
    "find the beats. The recording takes the place of the file above."
)


def build(upload_id: str) -> gr.HTML:
    """Place a microphone beside an upload.

    Args:
        upload_id: Element of the upload that takes the recording.
    """
    script = (
        f"import(new URL('{MODULE}', document.baseURI))"
        f".then((m) => m.mount(element, '#{upload_id}'));"
    )
    return html(_skeleton(), js_on_load=script, elem_id=f"{upload_id}-microphone")


def _skeleton() -> str:
    meters = "".join(f"<option>{meter}</option>" for meter in METERS)
    return (
        '<div class="recorder" role="group" aria-label="Microphone"><div class="recorder-bar">'
        '<button type="button" class="recorder-go" disabled>Record</button>'
        '<button type="button" class="recorder-tap" hidden>Tap the beat</button>'
        '<label>tempo <input class="recorder-tempo" type="number" min="30" max="240" '
        f'value="{USUAL_TEMPO_BPM}"></label>'
        f'<label>meter <select class="recorder-meter">{meters}</select></label>'
        '<label><input class="recorder-count" type="checkbox" checked> count in</label></div>'
        f'<p class="note recorder-hint">{HINT}</p><p class="recorder-said" role="status"></p></div>'
    )
