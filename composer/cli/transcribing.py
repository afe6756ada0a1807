"""The command transcribe: from sound to a score."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from composer.cli.terminal import add_command, print_json
from composer.errors import OptionError


def add_commands(commands: Any) -> None:
    """Declare the command of this file."""
    from composer.transcription import KINDS, MAX_SOUND_S

    parser = add_command(
        commands, "transcribe", _transcribe, "Write down what is sung or played in a sound file."
    )
    parser.add_argument(
        "file",
        type=Path,
        help=f"WAV, FLAC, MP3 or OGG file of at most {MAX_SOUND_S / 60:g} minutes",
    )
    parser.add_argument("--out", type=Path, required=True, help=".mid or .musicxml file to write")
    parser.add_argument(
        "--kind",
        choices=KINDS,
        default=KINDS[0],
        help="a single line or several voices; auto tells by the sound (default auto)",
    )
    parser.add_argument(
        "--tempo",
        type=float,
        help="about how many quarters a minute (20 to 300); found if left out",
    )
    parser.add_argument(
        "--meter", help="time signature such as 3/4; left out, 4/4, 3/4, 2/4 or 6/8 is found"
    )
    parser.add_argument(
        "--first-bar",
        type=float,
        metavar="SECONDS",
        help="when a bar begins (0 to 600), with --meter, and --tempo or --taps: where a count-in "
        "ends",
    )
    parser.add_argument(
        "--taps",
        type=_taps,
        default=(),
        metavar="SECONDS",
        help="when the beats come, by commas, as somebody tapped them while listening; instead of "
        "--tempo",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print what was found, and the notes as they were played",
    )


def _taps(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(one) for one in text.split(",") if one.strip())
    except ValueError:
        told = f"must be seconds by commas, such as 0.5,1.1,1.7, got {text[:40]!r}"
        raise argparse.ArgumentTypeError(told) from None


def _transcribe(options: argparse.Namespace) -> None:
    from composer.rendering import write_midi
    from composer.rendering.musicxml import write_musicxml
    from composer.transcription import transcribe

    writers = {".mid": write_midi, ".midi": write_midi, ".musicxml": write_musicxml}
    write = writers.get(options.out.suffix.lower())
    if write is None:
        raise OptionError(f"`--out` must end in .mid or .musicxml, got '{options.out.name[-40:]}'")
    found = transcribe(
        options.file,
        kind=options.kind,
        tempo_bpm=options.tempo,
        meter=options.meter,
        first_bar_s=options.first_bar,
        taps_s=options.taps,
    )
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write(found.piece, options.out)
    if options.json:
        print_json(found.to_dict())
        return
    piece = found.piece
    print(
        f"{piece.n_notes} notes in {piece.n_bars} bars of {piece.meter}, {piece.key}, "
        f"{piece.tempo_bpm:g} quarters a minute: {options.out}"
    )
