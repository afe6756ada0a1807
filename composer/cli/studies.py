"""Commands of listening tests: study plan, run, analyse, export, calibrate."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from composer.cli.terminal import add_command, print_json
from composer.errors import RequestError

if TYPE_CHECKING:
    from composer.listening.ballots import Listener
    from composer.listening.plan import StudyPlan
    from composer.listening.stimuli import StudyFolder

DEFAULT_PORT = 7861


def add_commands(commands: Any) -> None:
    """Declare the commands of this file: one, with its own."""
    parser = commands.add_parser(
        "study", help="Ask listeners: plan a blind test, run it, analyse it.",
        description="Ask listeners: plan a blind test, run it, analyse it.",
    )  # fmt: skip
    steps = parser.add_subparsers(required=True, metavar="STEP")
    for add in (_add_plan, _add_run, _add_analyse, _add_export, _add_calibrate):
        add(steps)


def _add_plan(steps: Any) -> None:
    parser = add_command(
        steps, "plan", _plan, "Check a plan, tell how many listeners it needs, make its clips."
    )
    parser.add_argument("plan", type=Path, nargs="?", help="TOML or JSON file")
    parser.add_argument("--example", action="store_true", help="print a plan to begin with")
    parser.add_argument("--out", type=Path, help="make the clips in this folder")
    parser.add_argument("--json", action="store_true", help="print as JSON")


def _plan(options: argparse.Namespace) -> None:
    from composer.listening.plan import EXAMPLE, load_plan
    from composer.listening.preview import preview

    if options.example:
        print(EXAMPLE.read_text(encoding="utf-8"), end="")
        return
    if options.plan is None:
        raise RequestError("name the file of a plan; `study plan --example` prints one")
    plan = load_plan(options.plan)
    found = preview(plan)
    if options.json:
        print_json(found.to_dict())
    else:
        print(found.to_text())
    if options.out:
        _prepare(plan, options.plan, options.out)


def _prepare(plan: StudyPlan, plan_path: Path, folder: Path) -> StudyFolder:
    from composer.listening.sources import default_sources
    from composer.listening.stimuli import prepare

    def report(done: int, wanted: int) -> None:
        print(f"{done} of {wanted} clips", file=sys.stderr)

    study = prepare(plan, folder, default_sources(plan_path.parent), report=report)
    print(f"{len(study.stimuli)} clips in {folder}", file=sys.stderr)
    return study


def _add_run(steps: Any) -> None:
    parser = add_command(steps, "run", _run, "Make what is missing and serve the listeners' page.")
    parser.add_argument("plan", type=Path, help="TOML or JSON file, or the folder made of it")
    parser.add_argument("--folder", type=Path, help="of the study; beside the plan if left out")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"{DEFAULT_PORT} if out")
    parser.add_argument("--ballots", help="SQLite file or URL of PostgreSQL; in the folder if out")
    parser.add_argument("--exports", type=Path, help="folder for a file a listener, read at start")


def _run(options: argparse.Namespace) -> None:
    from composer.listening.plan import load_plan
    from composer.listening.stimuli import load_study

    if options.plan.is_dir():
        folder = load_study(options.plan).path
    else:
        folder = options.folder or options.plan.with_suffix("")
        _prepare(load_plan(options.plan), options.plan, folder)
    command = [sys.executable, "-m", "composer.ui.studies", str(folder)]
    for name in ("host", "port", "ballots", "exports"):
        value = getattr(options, name)
        command += [] if value is None else [f"--{name}", str(value)]
    print(f"listeners are welcome on http://{options.host}:{options.port}", file=sys.stderr)
    sys.stdout.flush()
    # The server takes the place of this process: signals reach it, and no command knows the page.
    os.execv(sys.executable, command)


def _add_results(parser: Any) -> None:
    """Declare where answers come from."""
    parser.add_argument("folder", type=Path, help="of the study")
    parser.add_argument("--ballots", help="SQLite file or URL of PostgreSQL; in the folder if out")
    parser.add_argument("--exports", type=Path, help="read a folder of exported files instead")


def _read_results(options: argparse.Namespace) -> tuple[StudyFolder, tuple[Listener, ...]]:
    from composer.listening.journal import read_listeners
    from composer.listening.stimuli import load_study

    study = load_study(options.folder)
    return study, read_listeners(options.folder, options.ballots, options.exports)


def _add_analyse(steps: Any) -> None:
    parser = add_command(
        steps, "analyse", _analyse, "Screen the listeners, test, and write the report."
    )
    _add_results(parser)
    parser.add_argument("--out", type=Path, help="the HTML page; in the folder if left out")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def _analyse(options: argparse.Namespace) -> None:
    from composer.listening.analysis.page import report_page
    from composer.listening.analysis.report import analyse

    study, listeners = _read_results(options)
    report = analyse(study.plan, listeners)
    path = options.out or options.folder / "report.html"
    path.write_text(report_page(report), encoding="utf-8")
    if options.json:
        print_json(report)
        return
    for sentence in report["sentences"]:
        print(sentence)
    print(f"report in {path}")


def _add_export(steps: Any) -> None:
    parser = add_command(steps, "export", _export, "Write all votes as CSV and JSON.")
    _add_results(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder for votes.csv, votes.json")


def _export(options: argparse.Namespace) -> None:
    from composer.listening.analysis import tables

    study, listeners = _read_results(options)
    rows = list(tables.vote_rows(study.plan, listeners))
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "votes.csv").write_text(tables.rows_to_csv(rows), encoding="utf-8")
    (options.out / "votes.json").write_text(tables.rows_to_json(rows), encoding="utf-8")
    print(f"{len(rows)} votes of {len(listeners)} listeners in {options.out}")


def _add_calibrate(steps: Any) -> None:
    parser = add_command(
        steps, "calibrate", _calibrate, "Fit the weights of the scorecard to preferences."
    )
    _add_results(parser)
    parser.add_argument("--out", type=Path, help="write a file of weights")
    parser.add_argument("--json", action="store_true", help="print as JSON")


def _calibrate(options: argparse.Namespace) -> None:
    from dataclasses import asdict

    from composer.listening.analysis.screening import screen
    from composer.listening.calibration import calibrate, write_weights

    study, listeners = _read_results(options)
    found = calibrate(study, screen(study.plan, listeners).kept)
    if options.out:
        write_weights(found, options.out)
    if options.json:
        print_json([asdict(one) for one in found])
        return
    for one in found:
        print(f"{one.family}: {one.n_votes} votes of {one.n_listeners} listeners")
        print(f"  agreement with the present weights   {_share(one.before)}")
        print(f"  with new ones, listeners held out    {_share(one.after_listeners)}")
        print(f"  with new ones, prompts held out      {_share(one.after_prompts)}")


def _share(value: float | None) -> str:
    return "too few to tell" if value is None else f"{100 * value:.1f} %"
