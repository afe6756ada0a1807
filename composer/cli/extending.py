"""The command that goes on with music: extend."""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from composer import extras
from composer.cli.terminal import (
    add_command,
    add_result,
    add_score_file,
    add_setting,
    read_piece,
    read_text,
    tell_remarks,
)
from composer.errors import MissingTool, OptionError
from composer.request import Request

if TYPE_CHECKING:
    from composer.piece import Piece
    from composer.pipeline import Composition, Extension, Progress

# Settings of how to sample, which may change from one run to the next.
_SETTINGS = (
    "composer", "form", "temperature", "top_k", "top_p", "min_p", "guidance", "part_writing",
    "candidates", "seed", "engine", "engine_options", "style", "chords",
)  # fmt: skip


def add_commands(commands: Any) -> None:
    """Declare the command of this file."""
    parser = add_command(
        commands, "extend", _extend, "Continue a piece, chunk by chunk, and bring it to a close."
    )
    add_score_file(parser)
    parser.add_argument("--bars", type=int, help="how many bars to add (1 to 512)")
    parser.add_argument(
        "--plan",
        help="name of a form, or a plan.json; your music becomes the first section of this form",
    )
    _add_chunking(parser)
    for setting in fields(Request):
        if setting.name in _SETTINGS:
            add_setting(parser, setting)
    parser.add_argument(
        "--first-bar",
        type=int,
        help="use the file from this bar on (0 or more, as printed; 0 is a pickup)",
    )
    parser.add_argument(
        "--last-bar",
        type=int,
        help="use the file up to this bar and continue from there (0 or more, as printed)",
    )
    parser.add_argument("--key", help="key of the file, where the one that was found is wrong")
    parser.add_argument("--meter", help="meter of the file, where the one that was found is wrong")
    add_result(parser)


def _add_chunking(parser: Any) -> None:
    from composer.plans import Chunking

    for option in fields(Chunking):
        add_setting(parser, option)


def _extend(options: argparse.Namespace) -> None:
    from composer.pipeline import Extension

    for step in _steps(options, _read_piece(options)):
        if not isinstance(step, Extension):
            show_progress(step)
    assert isinstance(step, Extension)
    write_result(step, options)
    if options.json:
        print(step.to_json(), end="")
    else:
        print_chunks(step, options.out)


def _steps(options: argparse.Namespace, piece: Piece) -> Any:
    """Return the steps of an extension by bars or by a plan."""
    from composer.pipeline import compose_plan_steps, extend_steps

    names = (*_SETTINGS, "chunk_bars", "overlap_bars", "theme_bars")
    given = {name: getattr(options, name) for name in names if name in options}
    if (options.bars is None) == (options.plan is None):
        raise OptionError("give either `--bars`, how many bars to add, or `--plan`, a form")
    if options.plan is None:
        return extend_steps(piece, options.bars, **given)
    return compose_plan_steps(_read_plan(options.plan, piece), piece, **given)


def _read_plan(text: str, piece: Piece) -> Any:
    from composer.plans import Plan, build_plan

    if text.endswith(".json"):
        return Plan.from_json(read_text(Path(text)))
    return build_plan(text, piece.key, first_bars=piece.n_bars)


def _read_piece(options: argparse.Namespace) -> Piece:
    """Read any score, or rebuild a candidate, corrected and cut as the options say."""
    from composer.pipeline import prepare

    corrections = {
        "first_bar": options.first_bar,
        "last_bar": options.last_bar,
        "key": options.key,
        "meter": options.meter,
    }
    piece = read_piece(options)
    if options.file.suffix.lower() != ".json":
        prepared = prepare(piece, **corrections)
        if prepared.remarks != piece.remarks:
            tell_remarks(options.file, prepared)
        return prepared
    return prepare(piece, parts=tuple(range(len(piece.parts))), **corrections)


def show_progress(step: Progress) -> None:
    """Tell a terminal how many candidates are done."""
    if sys.stderr.isatty():
        left = "" if step.left_s is None else f", about {step.left_s:.0f} s left"
        end = "\n" if step.drawn == step.wanted else ""
        text = f"\r{step.drawn} of {step.wanted} candidates{left}   "
        print(text, end=end, file=sys.stderr, flush=True)


def write_result(
    composition: Composition, options: argparse.Namespace, *, is_new: bool = False
) -> None:
    """Write the best candidate as MIDI and sound, and the composition.json.

    Args:
        composition: What to write.
        options: Where to.
        is_new: Whether all of it was composed, so that its MIDI has dynamics; music that was given
            stays as it is.
    """
    from composer.rendering import interpret, render_audio, write_midi

    options.out.mkdir(parents=True, exist_ok=True)
    piece = interpret(composition.piece) if is_new else composition.piece
    write_midi(piece, options.out / "piece.mid")
    (options.out / "composition.json").write_text(composition.to_json(), encoding="utf-8")
    if not options.no_audio:
        try:
            with extras.named():
                render_audio(composition.piece, options.out / "piece.wav")
        except MissingTool as error:
            print(f"no sound: {error}", file=sys.stderr)


def print_chunks(extension: Extension, out: Path) -> None:
    """Print every chunk with its place, the points of its best candidate and a reason."""
    tree = extension.tree
    for bar, place in zip(tree.seams(), tree.path(), strict=True):
        chunk, choice = tree.chunks[place.chunk], tree.choice(place)
        label = f"{chunk.label}: " if chunk.label else ""
        reason = choice.reasons[0] if choice.reasons else ""
        bars = f"bars {bar} to {bar + chunk.bars - 1}"
        print(f"{label}{bars}: candidate {choice.index + 1}, {choice.total:.1f} of 100; {reason}")
    print(f"{extension.piece.n_bars} bars in {extension.elapsed_s:.1f} s; files in {out}")
