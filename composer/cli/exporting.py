"""The command that writes a checkpoint for other programs: export."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from composer.cli.terminal import add_command


def add_commands(commands: Any) -> None:
    """Declare the commands of this file."""
    text = "Write a checkpoint as a folder that other programs compose with, without this package."
    parser = add_command(commands, "export", _export, text)
    parser.add_argument("--out", type=Path, required=True, help="folder for the files")
    parser.add_argument(
        "--checkpoint", type=Path, help="folder of the checkpoint; left out, the bundled one"
    )
    parser.add_argument(
        "--format", choices=("onnx",), default="onnx", help="graphs for ONNX Runtime (default onnx)"
    )
    parser.add_argument(
        "--bits",
        type=int,
        choices=(8, 32),
        default=8,
        help="of the matrices: 8 takes half the space of 32 (8 to 32; default 8)",
    )


def _export(options: argparse.Namespace) -> None:
    from composer import places
    from composer.exporting import export_onnx

    folder = options.checkpoint or places.checkpoint_folder()
    for path in export_onnx(folder, options.out, bits=options.bits):
        print(f"{path}  {path.stat().st_size:,} bytes")
