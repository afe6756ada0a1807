"""Commands that write beside given notes: infill, vary, harmonise, paint."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from composer.cli.composing import print_ranking
from composer.cli.extending import show_progress, write_result
from composer.cli.terminal import (
    add_command,
    add_result,
    add_score_file,
    add_setting,
    read_counts,
    read_piece,
)
from composer.errors import OptionError
from composer.request import Request

if TYPE_CHECKING:
    from composer.piece import Piece

_SETTINGS = (
    "composer", "form", "ensemble", "temperature", "top_k", "top_p", "min_p", "guidance",
    "part_writing", "candidates", "seed", "engine", "engine_options", "style", "chords",
)  # fmt: skip


def add_commands(commands: Any) -> None:
    """Declare the commands of this file."""
    for add in (_add_infill, _add_vary, _add_harmonise, _add_paint):
        add(commands)


def _add_infill(commands: Any) -> None:
    parser = add_command(
        commands,
        "infill",
        _infill,
        "Write new music into some bars; all other bars stay as they are.",
    )
    _add_place(parser)
    parser.add_argument(
        "--complete",
        action="store_true",
        help="keep the notes that are there and write more between them",
    )
    _add_rest(parser)


def _add_vary(commands: Any) -> None:
    parser = add_command(
        commands,
        "vary",
        _vary,
        "Rewrite some bars, more or less freely; all other bars stay as they are.",
    )
    _add_place(parser)
    parser.add_argument(
        "--freedom",
        type=float,
        default=0.5,
        help="how much to change (0 keeps close, 1 rewrites), 0 to 1 (default 0.5)",
    )
    _add_rest(parser)


def _add_harmonise(commands: Any) -> None:
    parser = add_command(
        commands, "harmonise", _harmonise, "Add the other parts to a melody, or to any one part."
    )
    add_score_file(parser)
    parser.add_argument(
        "--part",
        type=int,
        default=1,
        help="which part is given (1 or more; 1 is the highest; default 1)",
    )
    _add_rest(parser)


def _add_paint(commands: Any) -> None:
    parser = add_command(
        commands,
        "paint",
        _paint,
        "Write areas of pitch and time anew; all notes outside stay as they are.",
    )
    add_score_file(parser)
    parser.add_argument(
        "--area",
        action="append",
        default=[],
        help="bars and pitches, such as 5-8:C4-C6 (5-8 is all pitches, 5-8:C4-C6:1,2 of parts 1 "
        "and 2); several may be given",
    )
    parser.add_argument(
        "--mask",
        type=Path,
        help="free shape: a PNG of 128 rows, the highest pitch on top, bright where to write, one "
        "column a sixteenth; or a .npy of [128, steps], pitch 0 first",
    )
    parser.add_argument(
        "--velocities-only",
        action="store_true",
        help="keep the notes there and give them other velocities",
    )
    parser.add_argument(
        "--edges",
        default="keep",
        help="`keep` leaves notes that sound across an edge as they are, `tie` lets new notes be "
        "tied to them (default keep)",
    )
    _add_rest(parser)


def _paint(options: argparse.Namespace) -> None:
    from composer.cells import areas_of, read_area
    from composer.cli.masks import read_mask
    from composer.pipeline import paint_steps

    if not options.area and options.mask is None:
        raise OptionError("say where to write: --area 5-8:C4-C6, or --mask with a file")

    def steps(piece: Piece) -> Iterator[Any]:
        areas = [read_area(text, piece) for text in options.area]
        if options.mask is not None:
            areas += areas_of(read_mask(options.mask), 4)
        return paint_steps(
            piece,
            areas,
            velocities_only=options.velocities_only,
            edges=options.edges,
            **_settings(options),
        )

    _run(options, steps)


def _add_place(parser: Any) -> None:
    add_score_file(parser)
    parser.add_argument(
        "--bars", required=True, help="bars as printed, such as 5-8 or 5; a pickup is 0"
    )
    parser.add_argument(
        "--parts", help="parts, such as 2 or 2,3; 1 is the highest; left out, all parts"
    )
    parser.add_argument(
        "--edges",
        default="keep",
        help="`keep` leaves notes that sound across the first or last bar line as they are, `tie` "
        "lets new notes be tied to them (default keep)",
    )


def _add_rest(parser: Any) -> None:
    for setting in fields(Request):
        if setting.name in _SETTINGS:
            add_setting(parser, setting)
    add_result(parser)


def _infill(options: argparse.Namespace) -> None:
    from composer.pipeline import infill_steps

    _run(options, lambda piece: infill_steps(piece, complete=options.complete, **_place(options)))


def _vary(options: argparse.Namespace) -> None:
    from composer.pipeline import vary_steps

    _run(options, lambda piece: vary_steps(piece, freedom=options.freedom, **_place(options)))


def _harmonise(options: argparse.Namespace) -> None:
    from composer.pipeline import harmonise_steps

    _run(options, lambda piece: harmonise_steps(piece, part=options.part - 1, **_settings(options)))


def _run(options: argparse.Namespace, steps_of: Callable[[Piece], Iterator[Any]]) -> None:
    from composer.pipeline import Filled

    for step in steps_of(read_piece(options)):
        if not isinstance(step, Filled):
            show_progress(step)
    assert isinstance(step, Filled)
    write_result(step, options)
    if options.json:
        print(step.to_json(), end="")
    else:
        print_ranking(step, options.out)


def _place(options: argparse.Namespace) -> dict[str, Any]:
    """Return where to write, and with which settings."""
    first_bar, last_bar = read_bars(options.bars)
    parts = None
    if options.parts is not None:
        parts = [number - 1 for number in read_counts("parts", options.parts, low=1)]
    return {
        "first_bar": first_bar,
        "last_bar": last_bar,
        "parts": parts,
        "edges": options.edges,
        **_settings(options),
    }


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(options, name) for name in _SETTINGS if name in options}


def read_bars(text: str) -> tuple[int, int]:
    """Read bars such as `5-8` or `5`.

    Raises:
        OptionError: If the text is none.
    """
    match = re.fullmatch(r"\s*(\d{1,6})\s*(?:-\s*(\d{1,6})\s*)?", text, re.ASCII)
    if not match:
        raise OptionError(f"`--bars` must be a bar or a range, such as 5 or 5-8, got {text[:40]!r}")
    return int(match[1]), int(match[2] or match[1])
