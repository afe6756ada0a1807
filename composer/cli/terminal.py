"""What commands share: how they are declared, and how they read and print."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from composer.errors import OptionError

if TYPE_CHECKING:
    from composer.piece import Piece


def add_command(commands: Any, name: str, run: Callable[..., None], text: str) -> Any:
    """Declare a command; return its parser."""
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(run=run)
    return parser


def add_setting(parser: Any, setting: Any) -> None:
    """Give a field of a dataclass an option with its range, default and help text.

    An option that is left out is no attribute of what is parsed, so that what was given can be told
    from a default.

    Args:
        parser: Of a command.
        setting: A field with metadata `help`, and `low` and `high` if it is a number.
    """
    kinds = {"int": int, "float": float}
    kind = next((kinds[name] for name in kinds if name in str(setting.type)), str)
    bounds = []
    if "low" in setting.metadata:
        bounds.append(f"{setting.metadata['low']:.10g} to {setting.metadata['high']:.10g}")
    if isinstance(setting.default, int | float):
        bounds.append(f"default {setting.default:g}")
    text = str(setting.metadata["help"]) + (f" ({'; '.join(bounds)})" if bounds else "")
    name = "--" + setting.name.replace("_", "-")
    choices = setting.metadata.get("choices")
    metavar = name[2:].upper() if choices else None
    text += f" ({', '.join(choices)})" if choices else ""
    parser.add_argument(
        name, type=kind, choices=choices, metavar=metavar, default=argparse.SUPPRESS, help=text
    )


def add_score_file(parser: Any) -> None:
    """Take a score, or a candidate of a composition."""
    parser.add_argument(
        "file", type=Path, help="MIDI, MusicXML, ABC, Humdrum, MEI or composition.json file"
    )
    parser.add_argument(
        "--song",
        type=int,
        default=1,
        help="which one of a file that holds several (1 or more; default 1)",
    )
    parser.add_argument(
        "--estimate-beats",
        action="store_true",
        help="find the beats of a performance without meter, four to a bar",
    )
    parser.add_argument(
        "--rank",
        type=int,
        default=1,
        help="which candidate of a composition.json (1 or more; 1 is the best; default 1)",
    )


def add_result(parser: Any) -> None:
    """Say where a composition goes."""
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help="folder for piece.mid, piece.wav and composition.json",
    )
    parser.add_argument("--no-audio", action="store_true", help="write no piece.wav")
    parser.add_argument("--json", action="store_true", help="print the composition as JSON")


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    print(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False))


def read_text(path: Path) -> str:
    """Read a file as text.

    Raises:
        OptionError: If that cannot be.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"`{path.name}` cannot be read as text") from error


def read_given(path: Path, song: int = 1, *, has_beats: bool = True) -> Piece:
    """Read a score that somebody gives; say on the error stream what had to be set aside.

    Args:
        path: Where it lies.
        song: Which one, from 1, of a file that holds several.
        has_beats: Whether its beats are those of the file, or to be estimated.

    Raises:
        ScoreFileError: If it cannot be read as music.
    """
    from composer.corpus.uploads import read_score

    piece = read_score(path, song=song)
    if not has_beats:
        from composer.corpus.beats import estimate_beats

        piece = estimate_beats(piece)
    tell_remarks(path, piece)
    return piece


def tell_remarks(path: Path, piece: Piece) -> None:
    """Say on the error stream how a file was read, and what was set aside."""
    if piece.remarks:
        print(f"{path.name}: {piece.remarks_in_a_line}", file=sys.stderr)


def read_piece(options: argparse.Namespace) -> Piece:
    """Read the score that a command was given, or rebuild a candidate of a composition.json."""
    if options.file.suffix.lower() != ".json":
        return read_given(options.file, options.song, has_beats=not options.estimate_beats)
    from composer.composition import replay

    return replay(read_text(options.file), options.rank)


def read_counts(name: str, text: str, *, low: int) -> list[int]:
    """Read numbers such as `1,8,32`.

    Raises:
        OptionError: If one is no whole number from `low` to 4096.
    """
    counts = [int(part) if part.strip().isdecimal() else -1 for part in text.split(",")]
    if any(not low <= count <= 4096 for count in counts):
        raise OptionError(f"`{name}` must be whole numbers from {low} to 4096, got {text[:40]!r}")
    return counts


def check_count(name: str, count: int, high: int) -> None:
    """Refuse a number that is out of its range.

    Raises:
        OptionError: If it is not from 1 to `high`.
    """
    if not 1 <= count <= high:
        raise OptionError(f"`{name}` must be from 1 to {high}, got {count}")
