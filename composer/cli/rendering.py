"""Commands about one piece in a file: render, score."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from composer.cli.terminal import add_command, add_score_file, print_json, read_piece
from composer.errors import RequestError
from composer.units import TEMPO_RANGE_BPM

DEFAULT_FORMATS = "mid,musicxml,pdf,wav"


def add_commands(commands: Any) -> None:
    """Declare the commands of this file."""
    _add_render(commands)
    _add_score(commands)


def _add_render(commands: Any) -> None:
    parser = add_command(
        commands,
        "render",
        _render,
        "Convert a score or a composition to MIDI, MusicXML, sheet music, sound and a page.",
    )
    add_score_file(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder for the files")
    parser.add_argument(
        "--formats",
        default=DEFAULT_FORMATS,
        help="one or more of mid,musicxml,svg,png,pdf,wav,mp3,flac,ogg,html; html is an "
        f"interactive piano roll (default {DEFAULT_FORMATS})",
    )
    low, high = TEMPO_RANGE_BPM
    parser.add_argument(
        "--tempo-bpm",
        type=float,
        help=f"tempo in quarter notes per minute ({low:g} to {high:g}); left out, the file's own",
    )
    parser.add_argument(
        "--plain", action="store_true", help="play exactly as written, without expression"
    )
    parser.add_argument(
        "--unfold", action="store_true", help="write bars out in the order that repeats give them"
    )
    parser.add_argument("--json", action="store_true", help="print the paths as JSON")


def _render(options: argparse.Namespace) -> None:
    from composer.rendering.files import check_formats, write_files
    from composer.stitching import unfold

    kinds = check_formats(options.formats.split(","))
    problems: dict[str, str] = {}
    piece = read_piece(options)
    if options.unfold:
        piece = unfold(piece)
    written = write_files(
        piece,
        options.out,
        options.file.stem,
        kinds,
        tempo_bpm=options.tempo_bpm,
        is_expressive=not options.plain,
        on_problem=problems.__setitem__,
    )
    _tell_problems(problems)
    if not written:
        raise RequestError("nothing could be written")
    if options.json:
        print_json({kind: [str(path) for path in paths] for kind, paths in written.items()})
        return
    for path in (path for paths in written.values() for path in paths):
        print(path)


def _tell_problems(problems: dict[str, str]) -> None:
    """Print every reason once, with the formats that it takes away."""
    for reason in dict.fromkeys(problems.values()):
        kinds = ", ".join(kind for kind, why in problems.items() if why == reason)
        print(f"no {kinds}: {reason}", file=sys.stderr)


def _add_score(commands: Any) -> None:
    parser = add_command(commands, "score", _score, "Score a piece beside real pieces of a form.")
    add_score_file(parser)
    parser.add_argument(
        "--form", help="form to compare with, such as chorale; left out, all real pieces together"
    )
    parser.add_argument(
        "--places", action="store_true", help="list the bars and parts of every finding"
    )
    parser.add_argument("--json", action="store_true", help="print the scorecard as JSON")


def _score(options: argparse.Namespace) -> None:
    from composer.pipeline import hear

    card = hear(read_piece(options), form=options.form or "")
    if options.json:
        print_json(card.to_dict())
        return
    print(f"{card.total:.1f} of 100, beside {card.form or 'all pieces'}")
    for found in card.scores:
        mark = " " if found.is_inside_band else "!"
        band = f"{found.low:.3g} to {found.high:.3g}"
        measured = f"{found.name:<28} {found.value:>9.3g}  {band:<18} {found.unit:<24}"
        print(f"{mark} {measured} {found.source}")
        for place in found.places if options.places else ():
            parts = ", ".join(str(part + 1) for part in place.parts)
            print(f"    bar {place.bar}, part {parts or 'all'}: {place.note}")
