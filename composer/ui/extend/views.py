"""Extensions as words and HTML: what was found in music, chunks and their candidates."""

from __future__ import annotations

import json
from html import escape

from composer.branches import BEGINNING, Node, Tree
from composer.errors import RequestError
from composer.piece import Piece
from composer.pipeline import Extension
from composer.pipeline.preparing import Found
from composer.ui.shared.wording import bars, count, title

EMPTY = (
    '<div class="empty"><p>Take what you composed, bring a MIDI or MusicXML file, or write a '
    "theme; then say how many bars are to come, and press <b>Extend</b>.</p><p>For a long piece "
    'from nothing, choose its settings in <a href="#compose">Compose</a> and press <b>Compose a '
    "long piece</b> there.</p></div>"
)
MAX_SHOWN = 8  # candidates of a chunk


def facts(found: Found) -> str:
    """Show what was found in music that is to be gone on with."""
    parts = ", ".join(f"{part.name} ({count(part.notes, 'note')})" for part in found.parts)
    rows = {
        "key": str(found.key)
        + ("" if found.heard_key == found.key else f"; the notes sound like {found.heard_key}"),
        "meter": str(found.meter),
        "bars": bars(found.bars, found.pickup_beats),
        "for": found.ensemble,
        "parts": parts,
    }
    if found.off_grid_share:
        share = f"{found.off_grid_share:.0%} of the notes"
        rows["timing"] = f"engines read {share} on a coarser grid; they stay as they are"
    if found.remarks:
        rows["the file"] = found.remarks
    body = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in rows.items())
    return f'<dl class="facts">{body}</dl>'


def result_words(extension: Extension) -> str:
    """Sum a finished extension up in a line."""
    words = f"{count(extension.piece.n_bars, 'bar')} in {extension.elapsed_s:.1f} s"
    return f"Stopped: {words}" if extension.stopped else words


def heading(piece: Piece, tree: Tree) -> str:
    """Name the present piece."""
    drawn = tree.seams() if tree.given_bars else tree.seams()[1:]
    seams = ", ".join(map(str, drawn))
    joints = f"joints at bar {seams}" if seams else "nothing is added yet"
    return (
        f'<div class="heading"><div><h2>{escape(title(piece))}</h2>'
        f"<p>{count(piece.n_notes, 'note')}, {joints}</p></div></div>"
    )


def chunks(tree: Tree) -> str:
    """Show every chunk on the way to the present place, with candidates that can be picked."""
    rows = [_beginning_row(tree)] if tree.given_bars else []
    rows += [
        _chunk_row(tree, bar, place) for bar, place in zip(tree.seams(), tree.path(), strict=True)
    ]
    rows += [_ahead_row(tree, chunk) for chunk in tree.children(tree.here)]
    return f'<ol class="chunks">{"".join(rows)}</ol>'


def _beginning_row(tree: Tree) -> str:
    is_here = tree.here == BEGINNING
    button = _button("go back to here", BEGINNING, is_here=is_here)
    return f"<li><b>given</b> {count(tree.given_bars, 'bar')} {button}</li>"


def _chunk_row(tree: Tree, bar: int, place: Node) -> str:
    chunk = tree.chunks[place.chunk]
    label = f"{escape(chunk.label)}: " if chunk.label else ""
    buttons = [
        _button(f"{rank} ({choice.total:.0f})", Node(place.chunk, rank), is_here=rank == place.rank)
        for rank, choice in enumerate(chunk.choices[:MAX_SHOWN], start=1)
    ]
    reasons = chunk.choices[place.rank - 1].reasons
    why = f"<p>{escape(reasons[0])}</p>" if reasons else ""
    return (
        f"<li><b>{label}bars {bar} to {bar + chunk.bars - 1}</b> "
        f'<span class="choices">{"".join(buttons)}</span>{why}</li>'
    )


def _ahead_row(tree: Tree, chunk: int) -> str:
    """Show a chunk that was drawn behind the present place, and can be gone to again."""
    button = _button("go there", Node(chunk, 1), is_here=False)
    return (
        f'<li class="ahead">{count(tree.chunks[chunk].bars, "bar")} drawn from here {button}</li>'
    )


def _button(label: str, place: Node, *, is_here: bool) -> str:
    pressed = str(is_here).lower()
    return (
        f'<button type="button" data-chunk="{place.chunk}" data-rank="{place.rank}" '
        f'aria-pressed="{pressed}">{escape(label)}</button>'
    )


def read_tree(text: str) -> Tree:
    """Read a saved tree, or the composition.json of an extension.

    Raises:
        RequestError: If the text holds none.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RequestError("the file is no JSON; give a tree that was saved") from error
    held = values.get("tree", values) if isinstance(values, dict) else values
    return Tree.from_dict(held)
