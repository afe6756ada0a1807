"""Commands that compose: compose, compose-long, replay, menu, engines."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

from composer.cli.extending import print_chunks, show_progress, write_result
from composer.cli.terminal import add_command, add_result, add_setting, print_json, read_text
from composer.plans import NOT_BY_SECTIONS, Outline
from composer.request import Request


def add_commands(commands: Any) -> None:
    """Declare the commands of this file."""
    for add in (_add_compose, _add_compose_long, _add_replay, _add_menu, _add_engines):
        add(commands)


def _add_compose(commands: Any) -> None:
    parser = add_command(
        commands, "compose", _compose, "Compose candidates, rank them and keep the best."
    )
    for setting in fields(Request):
        add_setting(parser, setting)
    parser.add_argument(
        "--width",
        type=int,
        help="length in sixteenths instead of bars (4 to 2048, in steps of 4), for an engine that "
        "has the option `width`",
    )
    parser.add_argument(
        "--suggested",
        action="store_true",
        help="use the sampling settings that a sweep suggests for the form; options that you give "
        "come first",
    )
    add_result(parser)


def _compose(options: argparse.Namespace) -> None:
    from composer.pipeline import Composition, Progress, compose_steps

    names = [setting.name for setting in fields(Request)]
    given = {name: getattr(options, name) for name in names if name in options}
    if options.width is not None:
        own = given.get("engine_options")
        given["engine_options"] = ", ".join(filter(None, [own, f"width={options.width}"]))
    if options.suggested:
        given = _suggested(given.get("form"), given.get("engine")) | given
    for step in compose_steps(Request(**given)):
        if isinstance(step, Progress):
            show_progress(step)
    assert isinstance(step, Composition)
    write_result(step, options, is_new=True)
    if options.json:
        print(step.to_json(), end="")
    else:
        print_ranking(step, options.out)


def _add_compose_long(commands: Any) -> None:
    parser = add_command(
        commands,
        "compose-long",
        _compose_long,
        "Compose a long piece section by section, each the best of many candidates.",
    )
    for setting in fields(Outline):
        add_setting(parser, setting)
    for setting in fields(Request):
        if setting.name not in NOT_BY_SECTIONS:
            add_setting(parser, setting)
    add_result(parser)


def _compose_long(options: argparse.Namespace) -> None:
    from composer.pipeline import Extension, compose_long_steps

    names = [setting.name for setting in (*fields(Outline), *fields(Request))]
    given = {name: getattr(options, name) for name in names if name in options}
    for step in compose_long_steps(**given):
        if not isinstance(step, Extension):
            show_progress(step)
    assert isinstance(step, Extension)
    write_result(step, options, is_new=True)
    if options.json:
        print(step.to_json(), end="")
    else:
        print_chunks(step, options.out)


def _suggested(form: str | None, engine: str | None) -> dict[str, float]:
    """Return what is suggested for a form; nothing, and one line that says so, if nothing is."""
    from composer.pipeline import suggestions

    found = suggestions(engine).get(form or "")
    if found is None:
        form_words = f"for {form[:40]!r}" if form else "without `--form`"
        print(f"nothing is suggested {form_words}; the defaults are used", file=sys.stderr)
        return {}
    return found.settings


def print_ranking(composition: Any, out: Path) -> None:
    """Print the best five, each with its weightiest reason."""
    from composer.composition import count_given_up

    for one in composition.ranked[:5]:
        reason = one.scorecard.reasons[0] if one.scorecard.reasons else ""
        print(f"{one.rank}. candidate {one.index + 1}: {one.scorecard.total:.1f} of 100; {reason}")
    n_given_up = count_given_up(composition.rejected)
    n_rejected = len(composition.rejected) - n_given_up
    counts = [f"{len(composition.ranked)} ranked", f"{n_rejected} rejected"]
    counts += [f"{n_given_up} given up"] if n_given_up else []
    print(f"{', '.join(counts)} in {composition.elapsed_s:.1f} s; files in {out}")


def _add_replay(commands: Any) -> None:
    parser = add_command(
        commands, "replay", _replay, "Rebuild the notes of a composition from its JSON file."
    )
    parser.add_argument("file", type=Path, help="composition.json file")
    parser.add_argument(
        "--rank",
        type=int,
        default=1,
        help="which candidate (1 or more; 1 is the best; default 1)",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for piece.mid")


def _replay(options: argparse.Namespace) -> None:
    from composer.composition import replay
    from composer.rendering import interpret, write_midi

    text = read_text(options.file)
    piece = replay(text, options.rank)
    has_given = not {"tree", "filling"}.isdisjoint(json.loads(text))
    options.out.mkdir(parents=True, exist_ok=True)
    path = write_midi(piece if has_given else interpret(piece), options.out / "piece.mid")
    print(f"{piece.n_notes} notes in {piece.n_bars} bars, {piece.key}: {path}")


def _add_menu(commands: Any) -> None:
    parser = add_command(commands, "menu", _menu, "List the composers and forms on offer.")
    parser.add_argument("--engine", help="of which engine; the usual one if left out")
    parser.add_argument("--json", action="store_true", help="print as JSON")


def _menu(options: argparse.Namespace) -> None:
    from composer.engines import menu_values
    from composer.pipeline import menu, suggestions

    rows = menu_values(menu(options.engine), suggestions(options.engine))
    if options.json:
        print_json(rows)
        return
    for row in rows:
        names = f"{row['composer']:<16} {row['form']:<18} {row['ensemble']:<18}"
        print(f"{names} {row['pieces']:>4} pieces{', thin' if row['is_thin'] else ''}")


def _add_engines(commands: Any) -> None:
    parser = add_command(
        commands,
        "engines",
        _engines,
        "List the engines that can compose, the usual one first.",
    )
    parser.add_argument("--json", action="store_true", help="print all that each can do as JSON")


def _engines(options: argparse.Namespace) -> None:
    from composer.pipeline import engines

    found = engines()
    if options.json:
        print_json({name: one.to_dict() for name, one in found.items()})
        return
    for name, one in found.items():
        print(f"{name}: {one.good_for}")
        for option in one.options:
            span = f"{option.low:g} to {option.high:g}; default {option.default:g}"
            print(f"  --engine-options {option.name}=N: {option.help} ({span})")
