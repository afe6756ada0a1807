"""Commands of the word format REMIGEN: remigen encode, decode, generate."""

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
        help="Convert MIDI to REMIGEN words, and back, and go on with words.",
        description="Convert MIDI to REMIGEN words, and back, and go on with words.",
    )
    steps = parser.add_subparsers(required=True, metavar="STEP")
    _add_encode(steps)
    _add_decode(steps)
    _add_generate(steps)


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


def _add_generate(steps: Any) -> None:
    from composer.remigen.generating import MAX_TARGET_BARS, MAX_TOKENS

    parser = add_command(
        steps, "generate", _generate, "Compose on from REMIGEN words, which stay as they are."
    )
    parser.add_argument("prompt", help="words to begin with, such as 's-9 o-0 t-35 i-0'")
    parser.add_argument(
        "--bars",
        type=int,
        help=f"bars of the whole, which then comes to a close (1 to {MAX_TARGET_BARS:,})",
    )
    parser.add_argument(
        "--max-tokens",
        type=int,
        default=2048,
        help=f"without --bars, new words at most (1 to {MAX_TOKENS:,}; default 2048)",
    )
    parser.add_argument(
        "--temperature",
        type=float,
        default=0.8,
        help="below 1 safer, above 1 bolder (0.1 to 2; default 0.8)",
    )
    parser.add_argument(
        "--seed", type=int, help="the same seed gives the same words (0 to 2147483647)"
    )
    parser.add_argument(
        "--engine", help="which engine composes, or the folder of a checkpoint; the usual one"
    )
    parser.add_argument(
        "--out", type=Path, help="MIDI file (.mid) or text file, instead of printing the words"
    )


def _generate(options: argparse.Namespace) -> None:
    from composer.remigen import MusicGenerator

    generator = MusicGenerator(options.engine)
    how = {"temperature": options.temperature, "seed": options.seed, "verbose": False}
    if options.bars is None:
        found = generator.generate(options.prompt, max_tokens=options.max_tokens, **how)
    else:
        found = generator.generate_long(
            options.prompt, target_bars=options.bars, max_iterations=options.bars, **how
        )
    if options.out is None:
        print(found["tokens"])
    else:
        _write_words(found["tokens"], options.out)
    print(
        f"{found['notes']:,} notes in {found['bars']:,} bars, seed {found['seed']}, "
        f"{found['tokens_per_second']:,.0f} new words a second"
        + (f": {options.out}" if options.out else ""),
        file=sys.stderr if options.out is None else sys.stdout,
    )


def _write_words(words: str, path: Path) -> None:
    """Write words as MIDI or as text, by the end of the file's name."""
    from composer.remigen import MIDIConverter

    if path.suffix.lower() in (".mid", ".midi"):
        MIDIConverter().tokens_to_midi(words, path)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(words + "\n", encoding="utf-8")
