"""Commands of listening tests: study matched, plan, run, analyse, export, calibrate."""

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
_BALLOTS = "SQLite file or PostgreSQL URL of the votes; left out, a file in the folder"
_STEPS = """\
A test in three steps:
  composer study plan --example > plan.toml    then edit plan.toml
  composer study run plan.toml                 and send listeners the address that is printed
  composer study analyse plan                  the folder that run has made beside plan.toml
"""


def add_commands(commands: Any) -> None:
    """Declare the commands of this file: one, with its own."""
    parser = commands.add_parser(
        "study", help="Plan, run and analyse a blind listening test.",
        description="Plan, run and analyse a blind listening test.",
        epilog=_STEPS, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    steps = parser.add_subparsers(required=True, metavar="STEP")
    for add in (_add_matched, _add_plan, _add_run, _add_analyse, _add_export, _add_calibrate):
        add(steps)


def _add_matched(steps: Any) -> None:
    parser = add_command(
        steps,
        "matched",
        _matched,
        "Make matched pieces of several engines or folders, measure and compare them.",
    )
    parser.add_argument("plan", type=Path, nargs="?", help="TOML or JSON file of the set")
    parser.add_argument("--example", action="store_true", help="print an example plan and stop")
    parser.add_argument(
        "--out", type=Path, help="folder of the set; left out, one beside the plan with its name"
    )


def _matched(options: argparse.Namespace) -> None:
    from composer.matched import load_matched_plan, make_set
    from composer.matched.blind import write_blind_test
    from composer.matched.page import results_page
    from composer.matched.plan import EXAMPLE
    from composer.matched.results import measure_set, write_tables

    if options.example:
        print(EXAMPLE.read_text(encoding="utf-8"), end="")
        return
    if options.plan is None:
        raise RequestError("name the file of a plan; `study matched --example` prints one")
    plan = load_matched_plan(options.plan)
    folder = options.out or options.plan.with_suffix("")
    for step in make_set(plan, folder, options.plan.parent):
        print(f"{step.done} of {step.wanted} pieces", file=sys.stderr)
    results = measure_set(plan, folder)
    (folder / "index.html").write_text(results_page(results), encoding="utf-8")
    paths = [folder / "index.html", write_blind_test(plan, folder), *write_tables(results, folder)]
    for name, reason in results.errors:
        print(f"{name} could not be made: {reason}", file=sys.stderr)
    print(f"{len(results.pieces)} pieces, {len(results.errors)} errors")
    print("\n".join(map(str, paths)))


def _add_plan(steps: Any) -> None:
    parser = add_command(
        steps, "plan", _plan, "Check a plan, say how many listeners it needs, and make its clips."
    )
    parser.add_argument("plan", type=Path, nargs="?", help="TOML or JSON file of the plan")
    parser.add_argument("--example", action="store_true", help="print an example plan and stop")
    parser.add_argument("--out", type=Path, help="folder in which to make the clips")
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
    parser = add_command(
        steps,
        "run",
        _run,
        "Make the clips that are missing, and serve the listeners' page until stopped.",
    )
    parser.add_argument(
        "plan", type=Path, help="TOML or JSON file of the plan, or the folder of a study"
    )
    parser.add_argument(
        "--folder",
        type=Path,
        help="folder for clips and votes; left out, a folder beside the plan with its name",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on; 0.0.0.0 lets other machines in (default 127.0.0.1)",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=DEFAULT_PORT,
        help=f"port to listen on (1 to 65535; default {DEFAULT_PORT})",
    )
    parser.add_argument("--ballots", help=_BALLOTS)
    parser.add_argument(
        "--exports",
        type=Path,
        help="folder that receives one file per listener and is read again at the next start",
    )


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
    print(f"listeners can take part at http://{options.host}:{options.port}", file=sys.stderr)
    sys.stdout.flush()
    # The server takes the place of this process: signals reach it, and no command knows the page.
    os.execv(sys.executable, command)


def _add_results(parser: Any) -> None:
    """Declare where answers come from."""
    parser.add_argument("folder", type=Path, help="folder of the study")
    parser.add_argument("--ballots", help=_BALLOTS)
    parser.add_argument(
        "--exports", type=Path, help="folder of exported files to read instead of the votes"
    )


def _read_results(options: argparse.Namespace) -> tuple[StudyFolder, tuple[Listener, ...]]:
    from composer.listening.journal import read_listeners
    from composer.listening.stimuli import load_study

    study = load_study(options.folder)
    return study, read_listeners(options.folder, options.ballots, options.exports)


def _add_analyse(steps: Any) -> None:
    parser = add_command(
        steps,
        "analyse",
        _analyse,
        "Screen the listeners, test the differences and write the report.",
    )
    _add_results(parser)
    parser.add_argument(
        "--out", type=Path, help="HTML file of the report; left out, report.html in the folder"
    )
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
    parser = add_command(steps, "export", _export, "Write all votes as CSV and JSON files.")
    _add_results(parser)
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for votes.csv and votes.json"
    )


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
        steps, "calibrate", _calibrate, "Fit the weights of the scorecard to the votes."
    )
    _add_results(parser)
    parser.add_argument("--out", type=Path, help="JSON file for the new weights")
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
