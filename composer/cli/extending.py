"""The command that goes on with music: extend."""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from composer import extras
from composer.cli.terminal import add_command, read_text
from composer.errors import MissingTool, OptionError
from composer.request import Request

if TYPE_CHECKING:
    from composer.piece import Piece
    from composer.pipeline import Composition, Extension, Progress

# Wishes that belong to how ids are chosen, and may change from one run to the next.
_WISHES = (
    "composer", "form", "temperature", "top_k", "top_p", "min_p", "guidance", "part_writing",
    "candidates", "seed",
)  # fmt: skip


def add_commands(commands: Any) -> None:
    """Declare the command of this file."""
    parser = add_command(
        commands, "extend", _extend, "Compose on behind a piece, chunk by chunk, to its close."
    )
    parser.add_argument("file", type=Path, help="MIDI, MusicXML or composition.json")
    parser.add_argument("--bars", type=int, help="bars that are added")
    parser.add_argument(
        "--plan",
        help="name of a form, or a plan.json; your music becomes the first section of this form",
    )
    _add_chunking(parser)
    for wish in fields(Request):
        if wish.name in _WISHES:
            add_option(parser, wish, default=None)
    parser.add_argument("--first-bar", type=int, help="number in the file, where it begins")
    parser.add_argument("--last-bar", type=int, help="number in the file, gone on from there")
    parser.add_argument("--key", help="of the file, instead of what was found")
    parser.add_argument("--meter", help="of the file, instead of what was found")
    parser.add_argument("--rank", type=int, default=1, help="which candidate of a composition.json")
    parser.add_argument("--out", type=Path, required=True, help="folder for the files")
    parser.add_argument("--no-audio", action="store_true", help="write no piece.wav")
    parser.add_argument("--json", action="store_true", help="print the composition as JSON")


def _add_chunking(parser: Any) -> None:
    from composer.plans import Chunking

    for option in fields(Chunking):
        add_option(parser, option, default=None)


def add_option(parser: Any, option: Any, default: Any) -> None:
    """Give a field of a dataclass an option with its range and help."""
    kinds = {"int": int, "float": float}
    kind = next((kinds[name] for name in kinds if name in str(option.type)), str)
    text = str(option.metadata["help"])
    if "low" in option.metadata:
        text += f" ({option.metadata['low']:g} to {option.metadata['high']:g})"
    if isinstance(option.default, int | float):
        text += f"; {option.default:g} if left out"
    name = "--" + option.name.replace("_", "-")
    parser.add_argument(name, type=kind, default=default, help=text)


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
        _print_chunks(step, options.out)


def _steps(options: argparse.Namespace, piece: Piece) -> Any:
    """Return the steps of an extension by bars or by a plan."""
    from composer.pipeline import compose_plan_steps, extend_steps

    names = (*_WISHES, "chunk_bars", "overlap_bars", "theme_bars")
    given = {name: getattr(options, name) for name in names}
    given = {name: value for name, value in given.items() if value is not None}
    if (options.bars is None) == (options.plan is None):
        raise OptionError("give `--bars`, how many are added, or `--plan`, a form")
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
    if options.file.suffix.lower() != ".json":
        from composer.corpus.uploads import read_score

        return prepare(read_score(options.file), **corrections)
    from composer.composition import replay

    piece = replay(read_text(options.file), options.rank)
    return prepare(piece, parts=tuple(range(len(piece.parts))), **corrections)


def show_progress(step: Progress) -> None:
    """Tell a terminal how many candidates are done."""
    if sys.stderr.isatty():
        left = "" if step.left_s is None else f", about {step.left_s:.0f} s left"
        end = "\n" if step.drawn == step.wanted else ""
        text = f"\r{step.drawn} of {step.wanted} candidates{left}   "
        print(text, end=end, file=sys.stderr, flush=True)


def write_result(composition: Composition, options: argparse.Namespace) -> None:
    """Write the best candidate as MIDI and sound, and the composition.json."""
    from composer.rendering import render_audio, write_midi

    options.out.mkdir(parents=True, exist_ok=True)
    write_midi(composition.piece, options.out / "piece.mid")
    (options.out / "composition.json").write_text(composition.to_json(), encoding="utf-8")
    if not options.no_audio:
        try:
            with extras.named():
                render_audio(composition.piece, options.out / "piece.wav")
        except MissingTool as error:
            print(f"no sound: {error}", file=sys.stderr)


def _print_chunks(extension: Extension, out: Path) -> None:
    tree = extension.tree
    for bar, place in zip(tree.seams(), tree.path(), strict=True):
        chunk, choice = tree.chunks[place.chunk], tree.choice(place)
        label = f"{chunk.label}: " if chunk.label else ""
        reason = choice.reasons[0] if choice.reasons else ""
        bars = f"bars {bar} to {bar + chunk.bars - 1}"
        print(f"{label}{bars}: candidate {choice.index + 1}, {choice.total:.1f} of 100; {reason}")
    print(f"{extension.piece.n_bars} bars in {extension.elapsed_s:.1f} s; files in {out}")
