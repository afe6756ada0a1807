"""What a page tells the browser to keep, and what the browser brings back.

The browser keeps pieces in its own library (assets/ui/keeping.js), with all their notes; nothing of
it stays on the server beyond its hour. A piece that is opened comes back as an upload. A run has a
key, by which the same browser finds it again after a reload (`underway`).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from composer.errors import RequestError
from composer.ui.shared import uploads
from composer.ui.shared.elements import html

PAGES = ("compose", "extend", "edit")
NOT_OURS = "this piece cannot be opened; it is no file of this library"
_MODULE = "import(new URL('composer-assets/ui/keeping.js', document.baseURI))"
_KEY = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Keeper:
    """The hidden components of one page.

    Args:
        run: Takes `begun` or `lost`; its event `join` brings the key of a run.
        saved: Takes `saved`; its event `open` brings the path and the key of a piece.
    """

    run: gr.HTML
    saved: gr.HTML


def build() -> dict[str, Keeper]:
    """Place the keepers of all pages: outside of them, so that they are there before a page is."""
    return {page: Keeper(_store(page, "run"), _store(page, "saved")) for page in PAGES}


def _store(page: str, kind: str) -> gr.HTML:
    act = "followRun" if kind == "run" else "keep"
    return html(
        html_template="",
        js_on_load=f"{_MODULE}.then((m) => m.{act}(props, watch, trigger, '{page}', upload));"
        " /* 'join', 'open' */",
        elem_id=f"{page}-{kind}",
        elem_classes=["sv-store"],
    )


def arrive(page: str) -> str:
    """Return the `js` that brings back what a page showed before a reload.

    Its first value says whether the page was opened by a link that composes a piece.
    """
    return f"(isLinked) => {{ {_MODULE}.then((m) => m.arrive('{page}', isLinked)); }}"


def begun(key: str, query: str = "") -> str:
    """Return what the browser notes of a run that has begun."""
    return json.dumps({"run": key, "query": query})


def lost(key: Any) -> str:
    """Return what the browser is told where a run is gone."""
    return json.dumps({"lost": str(key)[:40]})


def saved(*, key: str, title: str, facts: str, path: Path, query: str = "") -> str:
    """Return what the library keeps of a piece on show.

    Args:
        key: Of the piece; the same key replaces what was kept.
        title: As the library lists it.
        facts: In a few words, beside the title.
        path: Of the file with its notes.
        query: Of the address that asks for the same.
    """
    values = {"id": key, "title": title, "facts": facts, "path": str(path), "query": query}
    return json.dumps(values)


def read_kept(path: Any) -> str:
    """Return the text of a piece that the browser brings back.

    Raises:
        RequestError: If it is no upload of ours.
    """
    return uploads.read_bytes({"path": path}).decode("utf-8", "replace")


def read_json(text: str) -> dict[str, Any]:
    """Read the text of a kept piece.

    Raises:
        RequestError: If it is none.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RequestError(NOT_OURS) from error
    if not isinstance(values, dict):
        raise RequestError(NOT_OURS)
    return values


def checked_key(key: Any, otherwise: str) -> str:
    """Return the key of a piece that is opened; another one if it is none."""
    return key if isinstance(key, str) and _KEY.fullmatch(key) else otherwise
