"""Commands of the word format REMIGEN: remigen encode, decode."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from composer.cli.terminal import add_command, read_text

MAX_SHOWN = 20


def add_commands(commands: Any) -> None:
    """Declare the command of this file: one, with its own."""
    parser = commands.add_parser(
        "remigen",
        help="Convert MIDI to REMIGEN words, and back.",
        description="Convert MIDI to REMIGEN words, and back.",
    )
    steps = parser.add_subparsers(required=True, metavar="STEP")
    _add_encode(steps)
    _add_decode(steps)


def _add_encode(steps: Any) -> None:
    from composer.remigen.words import VARIANTS

    parser = add_command(steps, "encode", _encode, "Print the REMIGEN words of a MIDI file.")
    parser.add_argument("file", type=Path, help="MIDI file")
    parser.add_argument(
        "--variant",
        choices=VARIANTS,
        default=VARIANTS[0],
        help="REMIGEN says the tempo at every onset, REMIGEN2 at every bar (default REMIGEN)",
    )
    parser.add_argument(
        "--normalise", action="store_true", help="transpose to C major or A minor first"
    )
    parser.add_argument(
        "--out", type=Path, help="text file for the words, instead of printing them"
    )


def _encode(options: argparse.Namespace) -> None:
    from composer.remigen import encode, normalised, read_song

    song = read_song(options.file)
    words = " ".join(encode(normalised(song) if options.normalise else song, options.variant))
    if options.out is None:
        print(words)
        return
    options.out.write_text(words + "\n", encoding="utf-8")
    print(f"{words.count(' ') + 1} words in {options.out}")


def _add_decode(steps: Any) -> None:
    parser = add_command(steps, "decode", _decode, "Write the MIDI file that REMIGEN words spell.")
    parser.add_argument("file", type=Path, help="text file of words, of either variant")
    parser.add_argument("out", type=Path, help="MIDI file to write")
    parser.add_argument(
        "--drop-invalid",
        action="store_true",
        help="name and leave out words that cannot be used, instead of refusing the text",
    )


def _decode(options: argparse.Namespace) -> None:
    from composer.remigen import decode, decode_leniently, write_song

    text = read_text(options.file)
    if options.drop_invalid:
        song, problems = decode_leniently(text)
        for problem in problems[:MAX_SHOWN]:
            print(problem, file=sys.stderr)
        if len(problems) > MAX_SHOWN:
            print(f"and {len(problems) - MAX_SHOWN:,} words more", file=sys.stderr)
    else:
        song = decode(text)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_song(song, options.out)
    print(f"{len(song.notes)} notes in {len(song.signatures)} bars: {options.out}")
