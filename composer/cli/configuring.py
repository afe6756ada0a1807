"""The command that shows all settings: config."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from composer.cli.terminal import add_command, print_json
from composer.settings import stray_variables


def add_commands(commands: Any) -> None:
    """Declare the commands of this file."""
    parser = add_command(
        commands, "config", _config, "Print every setting in force, and where it comes from."
    )
    parser.add_argument("--json", action="store_true", help="print as JSON")


def _config(options: argparse.Namespace) -> None:
    from composer.configuration import in_force, plain_value, to_toml

    for name, meant in stray_variables().items():
        print(f"{name} is no setting; did you mean {meant}?", file=sys.stderr)
    found = in_force()
    if options.json:
        rows = {one.path: {"value": plain_value(one.value), "origin": one.origin} for one in found}
        print_json(rows)
    else:
        print(to_toml(found), end="")
