"""What happens on the Extend page: plain functions, values in and values out.

A tab holds a tree of chunks (`branches`): it grows when more bars are drawn, and any candidate of
any chunk can be gone on from. None of these functions knows where on the page its values go.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gradio.utils import get_upload_folder

from composer.branches import BEGINNING, Place, Tree
from composer.errors import RequestError
from composer.piece import Piece
from composer.pipeline import Extension, Progress, find_facts, lay_theme, prepare
from composer.plans import Plan, Row, build_plan
from composer.rendering import write_midi
from composer.scoring import score
from composer.theory import parse_key
from composer.ui.compose.visit import Visit
from composer.ui.extend import views
from composer.ui.inspect import handlers as inspect_handlers
from composer.ui.shared import downloads, score_view, sheets, uploads, wording
from composer.ui.shared.running import STATUS_EVERY_S, STOPPING, Run
from composer.ui.studio import ReadScore

NO_PLAN = "none"
PLAN_COLUMNS = ("section", "bars", "key", "material", "of")
# Names of numbers on the page, as `extend` takes them; an empty field is left to it.
NUMBERS = ("chunk_bars", "overlap_bars", "theme_bars", "candidates", "seed")
Steps = Iterator[Progress | Extension]


@dataclass(frozen=True)
class Extending:
    """What the Extend page of one tab holds.

    Args:
        run: The last one; Stop reaches it here.
        folder: Name of a folder that cannot be guessed.
        source: The piece as it was read or composed; None before there is one.
        tree: What was drawn behind it.
    """

    run: Run = field(default_factory=Run)
    folder: str = ""
    source: Piece | None = None
    tree: Tree | None = None

    def grown(self) -> Tree:
        """Return the tree.

        Raises:
            RequestError: If there is none yet.
        """
        if self.tree is None:
            raise RequestError("there is no music yet; give a file, a theme or a composed piece")
        return self.tree

    def path(self, suffix: str) -> Path:
        """Return where a file of the present piece belongs."""
        tree = self.grown()
        folder = Path(get_upload_folder()) / self.folder  # gradio deletes what lies there in time
        folder.mkdir(parents=True, exist_ok=True)
        name = f"extended-{tree.piece().n_bars}-bars-{score_view.fingerprint(tree.piece())[:8]}"
        return folder / f"{name}{suffix}"


@dataclass(frozen=True)
class Shown:
    """The present piece, ready to be put on the page; HTML but for the files."""

    heading: str
    score: str
    chunks: str
    midi: Path
    record: Path


def take_upload(read_score: ReadScore, upload: Any) -> Extending:
    """Begin with a file.

    Raises:
        RequestError: If it is no file of ours, or no music.
    """
    return _begin(inspect_handlers.read_upload(read_score, upload).read_piece())


def take_composed(visit: Visit) -> Extending:
    """Begin with what is on show on the Compose page.

    Raises:
        RequestError: If nothing is.
    """
    candidate = visit.candidate()
    if candidate is None:
        raise RequestError("nothing is composed yet; press Compose on the first page")
    return _begin(candidate.piece)


def take_theme(text: Any, ensemble: Any) -> Extending:
    """Begin with a theme that was typed as ABC.

    Raises:
        RequestError: If it cannot be read.
    """
    if not isinstance(text, str) or not text.strip():
        raise RequestError("no theme is written yet; write some notes, such as `C D E F | G4`")
    return _begin(lay_theme(text[:10_000], ensemble=str(ensemble or "keyboard")))


def _begin(piece: Piece) -> Extending:
    return Extending(folder=secrets.token_hex(16), source=piece)


def correct(
    state: Extending, key: Any, meter: Any, first_bar: Any, last_bar: Any
) -> tuple[Extending, str]:
    """Correct what was found and cut to some bars; return the state and what is known, HTML.

    Raises:
        RequestError: If a value does not go with the piece.
    """
    if state.source is None:
        raise RequestError("there is no music yet; give a file, a theme or a composed piece")
    piece = prepare(
        state.source,
        first_bar=_whole("first bar", first_bar),
        last_bar=_whole("last bar", last_bar),
        key=_text(key),
        meter=_text(meter),
        parts=tuple(range(len(state.source.parts))),
    )
    return replace(state, tree=Tree.of(piece)), views.facts(find_facts(piece))


def _text(value: Any) -> str | None:
    return value.strip()[:40] if isinstance(value, str) and value.strip() else None


def _whole(name: str, value: Any) -> int | None:
    """Return a number from a field that may be empty.

    Raises:
        RequestError: If it is something else.
    """
    if isinstance(value, str):
        value = value.strip()
        value = int(value) if value.isdecimal() and len(value) < 12 else value
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise RequestError(f"{name} must be a whole number, got {str(value)[:20]!r}")
    return int(value)


def begin(state: Extending) -> Extending:
    """Mark a run as under way.

    Raises:
        RequestError: If one is, or there is no music.
    """
    if state.run.is_under_way:
        raise RequestError("the last run is still under way; wait for it or press Stop")
    state.grown()
    return replace(state, run=Run(is_under_way=True))


def draw(
    extend_steps: Callable[..., Steps],
    plan_steps: Callable[..., Steps],
    state: Extending,
    bars: Any,
    plan_name: Any,
    plan_rows: Any,
    numbers: tuple[Any, ...],
) -> Iterator[tuple[Extending, str]]:
    """Compose on; yield the state and the status line, at last with the grown tree.

    Args:
        extend_steps: As `pipeline.extend_steps`.
        plan_steps: As `pipeline.compose_plan_steps`.
        state: Of the tab.
        bars: How many are added; a plan has its own.
        plan_name: One of the named forms, or `NO_PLAN`.
        plan_rows: Rows of the table of the plan.
        numbers: In the order of `NUMBERS`.

    Raises:
        RequestError: If a value will not do, or it was stopped before anything was drawn.
    """
    tree, options = state.grown(), _options(numbers)
    options["should_stop"] = state.run.is_stopped
    if plan_name == NO_PLAN:
        steps = extend_steps(tree, _whole("bars to add", bars) or 0, **options)
    else:
        steps = plan_steps(read_plan(plan_name, plan_rows), tree.given, **options)
    yield state, wording.status("reading the music", 0.0)
    last_s = time.monotonic()
    for step in steps:
        if isinstance(step, Extension):
            yield replace(state, tree=step.tree), wording.status(views.result_words(step))
        elif time.monotonic() - last_s >= STATUS_EVERY_S:
            last_s = time.monotonic()
            words = STOPPING if state.run.is_stopped() else wording.progress_words(step)
            yield state, wording.status(words, step.fraction)


def _options(numbers: tuple[Any, ...]) -> dict[str, Any]:
    read = {
        name: _whole(name.replace("_", " "), n) for name, n in zip(NUMBERS, numbers, strict=True)
    }
    return {name: number for name, number in read.items() if number is not None}


def plan_table(state: Extending, name: Any) -> list[list[Any]]:
    """Return the rows of a named form for the music in hand, to be edited.

    Raises:
        RequestError: If there is no such form, or no music.
    """
    if name == NO_PLAN:
        return []
    given = state.grown().given
    plan = build_plan(str(name), given.key, first_bars=given.n_bars)
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
            Row(
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
    place = BEGINNING if chunk < 0 else Place(chunk, rank)
    return replace(state, tree=state.grown().go_to(place))


def undo(state: Extending) -> Extending:
    """Go back to where one was before."""
    return replace(state, tree=state.grown().undo())


def redo(state: Extending) -> Extending:
    """Take back the last undo."""
    return replace(state, tree=state.grown().redo())


def load_tree(state: Extending, upload: Any) -> Extending:
    """Go on with a tree that was saved.

    Raises:
        RequestError: If the file holds none.
    """
    text = uploads.read_bytes(upload).decode("utf-8", "replace")
    tree = views.read_tree(text)
    return Extending(folder=secrets.token_hex(16), source=tree.given, tree=tree)


def show(state: Extending) -> Shown:
    """Draw the present piece, and write its files except the sound.

    Raises:
        RequestError: If there is none.
    """
    tree = state.grown()
    piece = tree.piece()
    card = score(piece, form=piece.form)
    record = state.path(".json")
    record.write_text(tree.to_json(), encoding="utf-8")
    return Shown(
        heading=views.heading(piece, tree),
        score=score_view.show(piece, card),
        chunks=views.chunks(tree),
        midi=write_midi(piece, state.path(".mid")),
        record=record,
    )


def show_sheet(state: Extending, window_px: Any) -> str:
    """Engrave the present piece for a window of a width; return HTML."""
    return sheets.show_sheet(state.tree.piece(), window_px) if state.tree else ""


def make_file(render_audio: Callable[..., Path], kind: str, state: Extending) -> Path:
    """Write the present piece in a format, once.

    Raises:
        RequestError: If there is none, or it cannot be written so.
        MissingTool: If a tool is absent.
    """
    path = state.path(f".{kind}")
    return downloads.make_file(state.grown().piece(), path, render_audio=render_audio)
