"""What happens on the Extend page: plain functions, values in and values out.

A tab holds a tree of chunks (`branches`): it grows when more bars are drawn, and any candidate of
any chunk can be gone on from. Whatever was on show can be undone. None of these functions knows
where on the page its values go.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from composer.branches import BEGINNING, Node, Tree
from composer.errors import RequestError
from composer.piece import Piece
from composer.pipeline import Extension, Progress, find_facts, lay_theme, prepare
from composer.plans import Plan, PlannedSection, build_plan
from composer.rendering import interpret, write_midi
from composer.scoring import score
from composer.theory import parse_key
from composer.ui.extend import views
from composer.ui.shared import (
    downloads,
    keeping,
    marked,
    score_view,
    sheets,
    source,
    uploads,
    wording,
)
from composer.ui.shared.history import History
from composer.ui.shared.running import TabState, follow
from composer.ui.shared.settings import new_seed, read_long, read_whole, setting
from composer.ui.shared.source import NO_MUSIC
from composer.ui.shared.visit import Visit
from composer.ui.studio import ReadScore

NO_PLAN = "none"
PLAN_COLUMNS = ("section", "bars", "key", "material", "of")
# Numbers of `plans.Chunking` on the page; an empty field is left to it.
CHUNKS = ("chunk_bars", "overlap_bars", "theme_bars")
Steps = Iterator[Progress | Extension]


@dataclass(frozen=True)
class Growing:
    """What a run is to do, checked.

    Args:
        kind: `extend` by bars, by a `plan`, or `long`: a piece from nothing.
        arguments, options: Of the steps.
    """

    kind: str = "extend"
    arguments: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Material:
    """What once was on show.

    Args:
        source: The piece as it was read or composed.
        tree: What was drawn behind it.
        key: Under which the library of the browser keeps both.
    """

    source: Piece
    tree: Tree
    key: str = field(default_factory=lambda: secrets.token_hex(16))


@dataclass(frozen=True, kw_only=True)
class Extending(TabState):
    """What the Extend page of one tab holds.

    Args:
        history: Whatever was on show, and can be undone.
        growing: What the run under way is to do.
    """

    history: History[Material] = field(default_factory=History)
    growing: Growing = field(default_factory=Growing)

    @property
    def material(self) -> Material:
        """What is on show.

        Raises:
            RequestError: If there is nothing yet.
        """
        if self.history.present is None:
            raise RequestError(NO_MUSIC)
        return self.history.present

    def grown(self) -> Tree:
        """Return the tree on show.

        Raises:
            RequestError: If there is none yet.
        """
        return self.material.tree

    def with_tree(self, tree: Tree) -> Extending:
        """Return the state with another tree of the same music on show."""
        if tree == self.grown():
            return self
        return replace(self, history=self.history.add(replace(self.material, tree=tree)))

    def file(self, suffix: str) -> Path:
        """Return where a file of the present piece belongs."""
        piece = self.grown().piece()
        return self.path(f"extended-{piece.n_bars}-bars-{marked.fingerprint(piece)[:8]}{suffix}")


def take_upload(read_score: ReadScore, state: Extending, upload: Any) -> Extending:
    """Take a file: a score, or a tree that was saved.

    Raises:
        RequestError: If it is no file of ours, or no music.
    """
    name = upload.get("orig_name") if isinstance(upload, dict) else None
    if isinstance(name, str) and name.lower().endswith(".json"):
        tree = views.read_tree(uploads.read_bytes(upload).decode("utf-8", "replace"))
        return _take(state, tree.given, tree)
    return _take(state, uploads.read_piece(read_score, upload))


def take_composed(state: Extending, visit: Visit) -> Extending:
    """Take what is on show on the Compose page.

    Raises:
        RequestError: If nothing is.
    """
    return _take(state, source.composed_piece(visit))


def take_theme(state: Extending, text: Any, ensemble: Any) -> Extending:
    """Take a theme that was typed as ABC.

    Raises:
        RequestError: If it cannot be read.
    """
    notes = source.typed_notes(text, "theme")
    return _take(state, lay_theme(notes, ensemble=str(ensemble or "keyboard")))


def _take(state: Extending, piece: Piece, tree: Tree | None = None) -> Extending:
    folder = state.folder or secrets.token_hex(16)
    history = state.history.add(Material(piece, tree or Tree.of(_prepared(piece))))
    return replace(state, folder=folder, history=history)


def open_kept(state: Extending, path: Any, key: Any) -> Extending:
    """Put a tree of the browser's library on show: exactly its notes.

    Raises:
        RequestError: If it is none.
    """
    tree = views.read_tree(keeping.read_kept(path))
    material = Material(tree.given, tree)
    material = replace(material, key=keeping.checked_key(key, material.key))
    folder = state.folder or secrets.token_hex(16)
    return replace(state, folder=folder, history=state.history.add(material))


def correct(state: Extending, key: Any, meter: Any, first_bar: Any, last_bar: Any) -> Extending:
    """Correct what was found and cut to some bars.

    Raises:
        RequestError: If a value does not go with the piece, or nothing was given.
    """
    if not state.grown().given_bars:
        raise RequestError("this piece was composed from nothing; there is nothing to correct")
    corrected = _prepared(
        state.material.source,
        first_bar=read_whole("first bar", first_bar),
        last_bar=read_whole("last bar", last_bar),
        key=_text(key),
        meter=_text(meter),
    )
    return state.with_tree(Tree.of(corrected))


def _prepared(piece: Piece, **corrections: Any) -> Piece:
    return prepare(piece, parts=tuple(range(len(piece.parts))), **corrections)


def _text(value: Any) -> str | None:
    return value.strip()[:40] if isinstance(value, str) and value.strip() else None


def begin(
    state: Extending, bars: Any, plan_name: Any, plan_rows: Any, numbers: Mapping[str, Any]
) -> Extending:
    """Read how it is to go on and mark a run as under way, before it waits in the queue.

    Args:
        state: Of the tab.
        bars: How many are added; a plan has its own.
        plan_name: One of the named forms, or `NO_PLAN`.
        plan_rows: Rows of the table of the plan.
        numbers: Of `CHUNKS` and settings, by name.

    Raises:
        RequestError: If a run is under way, there is no music, or a value will not do.
    """
    run, tree = state.run.next(), state.grown()
    options = _options(numbers)
    if plan_name == NO_PLAN:
        growing = Growing("extend", (tree, setting("bars").read(bars)), options)
    else:
        growing = Growing("plan", (read_plan(plan_name, plan_rows), _first_section(tree)), options)
    return replace(state, run=run, growing=growing)


def begin_long(state: Extending, values: Mapping[str, Any]) -> Extending:
    """Mark the run of a long piece from nothing as under way, before it waits in the queue.

    Args:
        state: Of the tab; what is on show can be gone back to.
        values: Of `settings.long_settings`, by name.

    Raises:
        RequestError: If a run is under way, or a value will not do.
    """
    run = state.run.next()
    growing = Growing("long", (), read_long(values))
    return replace(state, run=run, growing=growing, folder=state.folder or secrets.token_hex(16))


def _first_section(tree: Tree) -> Piece:
    """Return what a plan goes on with: what was given, or all of a piece from nothing."""
    return tree.given if tree.given_bars else tree.piece()


def draw(
    makers: Mapping[str, Callable[..., Steps]], state: Extending
) -> Iterator[tuple[Extending, str, str]]:
    """Compose; yield the state, the status line and a draft, at last with the grown tree.

    Args:
        makers: Of steps, by the kind of `Growing`.
        state: Of the tab.
    """
    growing = state.growing
    steps = makers[growing.kind](
        *growing.arguments, should_stop=state.run.is_stopped, **growing.options
    )

    def finish(found: Extension) -> tuple[Extending, str]:
        if growing.kind == "long":
            material = Material(found.tree.given, found.tree)
            ended = replace(state, history=state.history.add(material))
        else:
            ended = state.with_tree(found.tree)
        return ended, views.result_words(found)

    return follow(state, steps, finish)


def _options(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Read numbers by name; an empty one is left to the pipeline, an empty seed is drawn."""
    told = {name: value for name, value in numbers.items() if value not in (None, "")}
    read = {
        name: read_whole(name.replace("_", " "), value)
        if name in CHUNKS
        else setting(name).read(value)
        for name, value in told.items()
    }
    return {"seed": new_seed(), **read}


def plan_table(state: Extending, name: Any) -> list[list[Any]]:
    """Return the rows of a named form for the music in hand, to be edited.

    Raises:
        RequestError: If there is no such form, or no music.
    """
    if name == NO_PLAN:
        return []
    first = _first_section(state.grown())
    plan = build_plan(str(name), first.key, first_bars=first.n_bars)
    return [[row.label, row.bars, str(row.key), row.material, row.of] for row in plan.rows]


def read_plan(name: Any, rows: Any) -> Plan:
    """Return the plan that the table spells.

    Raises:
        RequestError: If a row will not do.
    """
    values = rows.get("data") if isinstance(rows, dict) else rows
    if not isinstance(values, list):
        raise RequestError("the plan cannot be read; choose the form once more")
    found = [row for row in values if isinstance(row, list) and len(row) == len(PLAN_COLUMNS)]
    return Plan(
        str(name)[:100],
        tuple(
            PlannedSection(
                label=str(label).strip(),
                bars=_cell_number(bars),
                key=parse_key(str(key)[:40]),
                material=str(material).strip(),
                of=str(of or "").strip(),
            )
            for label, bars, key, material, of in found
            if str(label or "").strip()
        ),
    )


def _cell_number(value: Any) -> int:
    """Return a whole number that a cell may hold as text; -1 if it does not."""
    text = str(value).removesuffix(".0").strip()
    return int(text) if text.isdecimal() and len(text) < 6 else -1


def pick(state: Extending, chunk: Any, rank: Any) -> Extending:
    """Go to a candidate of a chunk, or to the beginning.

    Raises:
        RequestError: If there is none.
    """
    if not all(isinstance(n, int) and not isinstance(n, bool) for n in (chunk, rank)):
        raise RequestError("there is no such candidate; pick one of the list")
    place = BEGINNING if chunk < 0 else Node(chunk, rank)
    return state.with_tree(state.grown().go_to(place))


def undo(state: Extending) -> Extending:
    """Go back to what was on show before.

    Raises:
        RequestError: If there is nothing to undo.
    """
    state.grown()
    return replace(state, history=state.history.undo())


def redo(state: Extending) -> Extending:
    """Take back the last undo.

    Raises:
        RequestError: If there is none to take back.
    """
    state.grown()
    return replace(state, history=state.history.redo())


def show(state: Extending) -> dict[str, Any]:
    """Return the present piece as values of `Results`, and write its files except the sound.

    Raises:
        RequestError: If there is none.
    """
    tree = state.grown()
    piece = tree.piece()
    record = state.file(".json")
    record.write_text(tree.to_json(), encoding="utf-8")
    n_chunks = wording.count(len(tree.chunks), "chunk")
    return {
        "heading": views.heading(piece, tree),
        "score": score_view.show(piece, score(piece, form=piece.form)),
        "chunks": views.chunks(tree),
        "facts": views.facts(find_facts(tree.given)) if tree.given_bars else "",
        "midi": write_midi(piece if tree.given_bars else interpret(piece), state.file(".mid")),
        "record": record,
        "saved": keeping.saved(
            key=state.material.key,
            title=wording.title(piece),
            facts=f"extended, {n_chunks} drawn",
            path=record,
        ),
    }


def show_sheet(state: Extending, window_px: Any) -> str:
    """Engrave the present piece for a window of a width; return HTML."""
    present = state.history.present
    return sheets.show_sheet(present.tree.piece(), window_px) if present else ""


def make_file(render_audio: Callable[..., Path], kind: str, state: Extending) -> Path:
    """Write the present piece in a format, once.

    Raises:
        RequestError: If there is none, or it cannot be written so.
        MissingTool: If a tool is absent.
    """
    path = state.file(f".{kind}")
    return downloads.make_file(state.grown().piece(), path, render_audio=render_audio)
