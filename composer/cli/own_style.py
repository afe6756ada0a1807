"""The command that lets a copy of the model learn from one's own files: own-style."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from composer.cli.terminal import add_command, read_given


def add_commands(commands: Any) -> None:
    """Declare the commands of this file."""
    text = "Let a copy of the model learn from your own files for some minutes."
    parser = add_command(commands, "own-style", _own_style, text)
    parser.add_argument("files", type=Path, nargs="+", help="MIDI and MusicXML files, or folders")
    parser.add_argument("--out", type=Path, required=True, help="folder of the new checkpoint")
    parser.add_argument(
        "--licence", required=True, help="under which they may be used, such as 'my own work'"
    )
    parser.add_argument("--composer", default="", help="whose they are, if the model knows him")
    parser.add_argument("--form", default="", help="their form, such as chorale")
    parser.add_argument(
        "--minutes", type=float, default=5.0, help="at most (0.01 to 600; default 5.0)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of their order (0 or more; default 0)")
    parser.add_argument(
        "--checkpoint", type=Path, help="folder of the checkpoint to copy; left out, the bundled"
    )


def _own_style(options: argparse.Namespace) -> None:
    import os
    from dataclasses import replace

    from composer import places
    from composer.checking import COMPOSITION, files_in
    from composer.errors import OptionError
    from composer.own_style import Look, learn_own_style

    if not 0.01 <= options.minutes <= 600:
        raise OptionError(f"`minutes` must be from 0.01 to 600, got {options.minutes:g}")
    paths = [path for path in files_in(options.files) if path.name != COMPOSITION]
    pieces = [
        replace(piece, composer=options.composer or piece.composer, form=options.form or piece.form)
        for piece in map(read_given, paths)
    ]

    def tell(look: Look) -> None:
        better = ", the best so far" if look.is_best else ""
        print(
            f"{look.share:4.0%}  {look.nats_per_note:.3f} nats a note held back{better}", flush=True
        )

    base = options.checkpoint or places.checkpoint_folder()
    found = learn_own_style(
        pieces,
        options.out,
        base=base,
        minutes=options.minutes,
        licence=options.licence,
        seed=options.seed,
        on_look=tell,
    )
    print(f"{found.pieces} pieces in {found.minutes:.1f} minutes: what was held back")
    print(f"took {found.before:.3f} nats a note before and {found.after:.3f} after")
    engine = found.folder.resolve()
    print(f"COMPOSER_CHECKPOINT={base}{os.pathsep}{engine} makes it the engine {engine.name}")
