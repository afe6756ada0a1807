"""The command that checks files: check."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from composer.cli.terminal import add_command, print_json
from composer.errors import ScoreFileError


def add_commands(commands: Any) -> None:
    """Declare the commands of this file."""
    text = "Check files of music: whether they can be read, written and read again, and play."
    parser = add_command(commands, "check", _check, text)
    parser.add_argument(
        "files", type=Path, nargs="+", help="MIDI, MusicXML and composition.json files, or folders"
    )
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")


def _check(options: argparse.Namespace) -> None:
    from composer.checking import check_file, files_in

    found = [one for path in files_in(options.files) for one in check_file(path)]
    if options.json:
        print_json([one.to_dict() for one in found])
    for one in () if options.json else found:
        print(
            f"{'ok   ' if one.is_sound else 'fault'} {one.name}: {one.bars} bars, {one.notes} notes"
        )
        for sentence in (*one.faults, *one.remarks):
            print(f"      {sentence}")
    n_faulty = sum(not one.is_sound for one in found)
    if n_faulty:
        raise ScoreFileError(f"{n_faulty} of {len(found)} pieces have faults")
