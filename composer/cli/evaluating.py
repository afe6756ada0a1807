"""Commands that measure a checkpoint: evaluate, compare, sweep."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from composer.cli.terminal import add_command, print_json
from composer.errors import OptionError


def add_commands(commands: Any) -> None:
    """Declare the commands of this file."""
    for add in (_add_evaluate, _add_compare, _add_sweep):
        add(commands)


def _add_evaluate(commands: Any) -> None:
    parser = add_command(
        commands,
        "evaluate",
        _evaluate,
        "Measure how well a checkpoint predicts pieces that it has not seen.",
    )
    parser.add_argument(
        "folder",
        type=Path,
        help="folder of scores, or its manifest.csv; with --audio, of recordings",
    )
    parser.add_argument(
        "--split",
        default="valid",
        help="which part of the scores: train, valid or test (default valid); a report has its own",
    )
    parser.add_argument("--licence", help="use scores of one licence class only, such as open")
    parser.add_argument(
        "--checkpoint", type=Path, help="folder of the checkpoint; left out, the bundled one"
    )
    parser.add_argument("--keep", action="store_true", help="write the result beside the weights")
    parser.add_argument(
        "--report",
        type=Path,
        help="folder for a full report: composes hundreds of pieces and measures them as well",
    )
    parser.add_argument(
        "--pieces",
        type=int,
        default=200,
        help="real pieces of the report, each with a composed one beside it (5 or more; default "
        "200)",
    )
    parser.add_argument(
        "--winners",
        type=int,
        default=64,
        help="for how many of them to compose the best of 16 as well (0 or more; default 64)",
    )
    parser.add_argument(
        "--grid-candidates",
        type=int,
        default=16,
        help="candidates for each row of the menu (1 or more; default 16)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of the report (0 or more; default 0)"
    )
    parser.add_argument(
        "--audio",
        action="store_true",
        help="the folder holds recordings: measure their loudness, clipping, silence and agreement "
        "with their scores",
    )
    parser.add_argument(
        "--reference", type=Path, help="with --audio: folder of recordings to compare them with"
    )
    parser.add_argument(
        "--clap",
        type=Path,
        help="with --audio: folder of a CLAP model, for the Frechet distance and the CLAP score",
    )
    parser.add_argument("--json", action="store_true", help="print as JSON")


def _evaluate_audio(options: argparse.Namespace) -> None:
    from composer.evaluation.audio import evaluate_recordings

    report = evaluate_recordings(options.folder, reference=options.reference, clap=options.clap)
    if options.json:
        print_json(report)
        return
    for name, row in {**report["clips"], "mean": report["means"]}.items():
        told = (f"{key} {value:g}" for key, value in row.items() if value is not None)
        print(f"{name}: {', '.join(told)}")
    for key in ("clap_score", "frechet_distance"):
        if report.get(key) is not None:
            print(f"{key.replace('_', ' ')}: {report[key]:g}, by {report['embedding']}")
    for note in report["notes"]:
        print(note, file=sys.stderr)


def _evaluate(options: argparse.Namespace) -> None:
    if options.audio:
        _evaluate_audio(options)
        return
    if options.report:
        _report(options)
        return
    from composer.corpus import load_corpus
    from composer.evaluation import evaluate_checkpoint
    from composer.places import checkpoint_folder

    corpus = load_corpus(options.folder, licence=options.licence, split=options.split)
    folder = options.checkpoint or checkpoint_folder()
    report = evaluate_checkpoint(folder, corpus, keep=options.keep)
    if options.json:
        print_json(report)
        return
    print(f"overall {_summary_text(report['overall'])}")
    for form, found in report["by_form"].items():
        print(f"{form:<18} {_summary_text(found)}")


def _summary_text(found: dict[str, Any]) -> str:
    return (
        f"{found['nats_per_note']} nats per note, {found['pieces']} pieces, {found['notes']} notes"
    )


def _report(options: argparse.Namespace) -> None:
    from composer.corpus import load_corpus
    from composer.evaluation.report import ReportOptions, build_report, save_report
    from composer.places import checkpoint_folder

    report = build_report(
        options.checkpoint or checkpoint_folder(),
        load_corpus(options.folder, licence=options.licence),
        ReportOptions(
            pieces=options.pieces,
            winners=options.winners,
            grid_candidates=options.grid_candidates,
            seed=options.seed,
        ),
        _tell,
    )
    paths = save_report(report, options.report)
    if options.json:
        print_json(report)
        return
    for path in paths:
        print(path)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _add_compare(commands: Any) -> None:
    parser = add_command(commands, "compare", _compare, "Compare two checkpoints by their reports.")
    parser.add_argument(
        "before",
        type=Path,
        help="report.json, its folder, or a checkpoint that `evaluate --keep` has measured",
    )
    parser.add_argument("after", type=Path, help="the same, of the other checkpoint")
    parser.add_argument("--html", type=Path, help="HTML file for the comparison")
    parser.add_argument("--json", action="store_true", help="print as JSON")


def _compare(options: argparse.Namespace) -> None:
    from composer.evaluation.comparison import (
        compare,
        comparison_page,
        comparison_text,
        load_report,
    )

    before, after = load_report(options.before), load_report(options.after)
    if options.html:
        options.html.write_text(comparison_page(before, after), encoding="utf-8")
    if options.json:
        print_json([one.to_dict() for one in compare(before, after)])
    else:
        print(comparison_text(before, after))


def _add_sweep(commands: Any) -> None:
    parser = add_command(
        commands, "sweep", _sweep, "Try sampling settings on a form and name the best."
    )
    parser.add_argument("folder", type=Path, help="folder of scores, or its manifest.csv")
    parser.add_argument(
        "--form",
        action="append",
        required=True,
        help="form on the menu, such as chorale; may be given more than once",
    )
    parser.add_argument(
        "--temperatures",
        default="0.8,0.9,1,1.1",
        help="temperatures to try (each 0.1 to 2; default 0.8,0.9,1,1.1)",
    )
    parser.add_argument(
        "--min-ps",
        default="0,0.02,0.05",
        help="values of min-p to try (each 0 to 0.9; default 0,0.02,0.05)",
    )
    parser.add_argument(
        "--guidances",
        default="1,1.5,2",
        help="values of guidance to try (each 1 to 4; default 1,1.5,2)",
    )
    parser.add_argument(
        "--pieces",
        type=int,
        default=64,
        help="pieces to compose with each setting (1 or more; default 64)",
    )
    parser.add_argument("--licence", help="use real pieces of one licence class only, such as open")
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of the composed pieces (0 or more; default 0)"
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="write the suggestion beside the weights; page, API and compose --suggested read it",
    )
    parser.add_argument("--out", type=Path, help="JSON file for the result")
    parser.add_argument("--json", action="store_true", help="print as JSON")


def _sweep(options: argparse.Namespace) -> None:
    from composer.corpus import load_corpus
    from composer.evaluation.suggesting import keep
    from composer.evaluation.sweeps import check_forms, settings_of, sweep
    from composer.pipeline import default_engine
    from composer.places import checkpoint_folder

    settings = settings_of(
        _read_numbers("temperatures", options.temperatures),
        _read_numbers("min-ps", options.min_ps),
        _read_numbers("guidances", options.guidances),
    )
    engine, corpus = default_engine(), load_corpus(options.folder, licence=options.licence)
    forms = list(dict.fromkeys(options.form))
    check_forms(engine, corpus, forms)
    found = []
    for form in forms:
        found.append(
            sweep(
                engine,
                corpus,
                form,
                settings,
                pieces=options.pieces,
                seed=options.seed,
                tell=_tell,
            )
        )
        if options.keep:  # at once: what was measured outlives what may go wrong later
            _tell(keep(checkpoint_folder(), found[-1], engine.versions["checkpoint"]))
    result = found[0] if len(found) == 1 else found
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if options.json:
        print_json(result)
        return
    for one in found:
        best = " ".join(f"{name} {value:g}" for name, value in one["best"].items())
        print(best if len(found) == 1 else f"{one['form']}: {best}")


def _read_numbers(name: str, text: str) -> list[float]:
    """Read numbers such as `0.8,1`; their ranges are checked where they are used.

    Raises:
        OptionError: If one is no number.
    """
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise OptionError(f"`{name}` must be numbers such as 0.8,1, got {text[:40]!r}") from error
