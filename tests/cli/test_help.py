"""What `--help` says: a sentence for every command, words for every option, a range for numbers."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

import pytest

from composer.cli import build_parser

RANGE = re.compile(r"\d[\d.,]* (to [\d.,]+|or more)")


def parsers_below(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield the parser of every command, and of the steps of a command."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for one in action.choices.values():
                yield one
                yield from parsers_below(one)


COMMANDS = list(parsers_below(build_parser()))
OPTIONS = [
    pytest.param(action, id=f"{parser.prog} {action.dest}")
    for parser in COMMANDS
    for action in parser._actions
    if action.dest != "help" and not isinstance(action, argparse._SubParsersAction)
]


@pytest.mark.parametrize("parser", COMMANDS, ids=lambda parser: parser.prog)
def test_a_command_says_in_a_sentence_what_it_does(parser: argparse.ArgumentParser) -> None:
    assert re.fullmatch(r"[A-Z][^.]+ [^.]+ [^.]+\.", parser.description or "")
    assert " ".join(parser.format_help().split()).count(parser.description) == 1


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_says_what_it_does(option: argparse.Action) -> None:
    assert re.search(r"\w+ \w+", option.help or "")
    assert not re.search(r"\b[Ww]ish|manner", option.help or "")


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_that_is_a_number_says_its_range(option: argparse.Action) -> None:
    if option.type in (int, float):
        assert RANGE.search(option.help or ""), option.help


def test_a_default_that_is_told_is_the_default() -> None:
    actions = [action for parser in COMMANDS for action in parser._actions]
    told = {
        (action.dest, match[1].replace("_", ""), str(action.default))
        for action in actions
        if action.default not in (None, argparse.SUPPRESS, False)
        and (match := re.search(r"default ([^\s;)]+)", (action.help or "").replace("%%", "%")))
    }
    assert told
    assert {one for one in told if one[1] != one[2]} == set()
