"""Small elements that several pages place: HTML of our own, fields for files."""

from __future__ import annotations

from typing import Any

import gradio as gr

FILE_TYPES = [".mid", ".midi", ".musicxml", ".xml", ".mxl", ".abc", ".krn", ".mei"]
SOUND_TYPES = [".wav", ".flac", ".mp3", ".ogg"]
# Gradio names its button by other words than it shows, which those who speak to it cannot say.
NAME_BUTTON = """
const column = element.closest('.sheet');
const tidy = () => column.querySelectorAll('button[aria-label].upload-container')
    .forEach((button) => button.removeAttribute('aria-label'));
new MutationObserver(tidy).observe(column, {childList: true, subtree: true});
tidy();
"""
# A row holds a button for keyboards and screen readers; a click anywhere on the row counts.
PICK_ROW = """
element.addEventListener('click', (event) => {
    const row = event.target.closest('tr[data-rank]');
    if (!row || event.target.closest('.audition')) return;
    trigger('pick', {rank: Number(row.dataset.rank)});
});
import(new URL('composer-assets/ui/audition.js', document.baseURI)).then((m) => m.listen(element));
"""


def html(value: str = "", **options: Any) -> gr.HTML:
    """Place HTML under the page's own stylesheet only."""
    return gr.HTML(value, apply_default_css=False, **options)
