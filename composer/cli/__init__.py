"""The command line: one function a command. Knows no music; calls the library and prints.

Every command returns what it prints with `--json`, so that the two never differ.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from composer import errors, extras, settings
from composer.cli import (
    batches,
    checking,
    composing,
    configuring,
    evaluating,
    exporting,
    extending,
    filling,
    generating,
    indexing,
    orchestrating,
    own_style,
    remigen,
    rendering,
    serving,
    streaming,
    studies,
    training,
    transcribing,
)

__all__ = ["build_parser", "main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or 2 with one line on the error stream."""
    rest, overrides = settings.split_overrides(sys.argv[1:] if arguments is None else arguments)
    options = build_parser().parse_args(rest)
    try:
        with extras.named(), settings.overridden(overrides):
            settings.read()  # what will not do is said before anything is done
            options.run(options)
    except errors.ComposerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader has seen enough, as `head` has
        sys.stdout = None
    except OSError as error:
        if error.filename is None:
            raise
        reason = str(error.strerror)
        print(f"error: {error.filename}: {reason[:1].lower()}{reason[1:]}", file=sys.stderr)
        return 2
    return 0


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="composer", description="Compose classical music with small models."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    rooms = (
        serving,
        composing,
        generating,
        extending,
        streaming,
        filling,
        rendering,
        orchestrating,
        training,
        indexing,
        evaluating,
    )
    listed = (
        *rooms,
        checking,
        exporting,
        own_style,
        batches,
        studies,
        remigen,
        transcribing,
        configuring,
    )
    for room in listed:
        room.add_commands(commands)
    return parser
