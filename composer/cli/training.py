"""Commands about scores and models: corpus, pack, bands, train, profile."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from composer.cli.terminal import add_command, check_count, print_json
from composer.errors import OptionError

if TYPE_CHECKING:
    from composer.training import TrainOptions


def add_commands(commands: Any) -> None:
    """Declare the commands of this file."""
    for add in (_add_corpus, _add_pack, _add_bands, _add_train, _add_profile):
        add(commands)


def _add_corpus(commands: Any) -> None:
    parser = add_command(
        commands, "corpus", _corpus, "List what a folder of scores holds, and what is refused."
    )
    parser.add_argument("folder", type=Path, help="folder of scores, or its manifest.csv")
    parser.add_argument(
        "--check",
        type=Path,
        help="folder for a page of what is wrong: refused, faulty, double and leaking scores",
    )
    parser.add_argument("--json", action="store_true", help="print as JSON")


def _corpus(options: argparse.Namespace) -> None:
    from composer.corpus import corpus_report, load_corpus

    if options.check:
        _check_corpus(options)
        return
    report = corpus_report(load_corpus(options.folder))
    if options.json:
        print_json(report.to_dict())
    else:
        print(report.to_text())


def _check_corpus(options: argparse.Namespace) -> None:
    from composer.corpus import load_corpus
    from composer.evaluation.corpus_check import check_corpus, write_check

    found = check_corpus(load_corpus(options.folder))
    page = write_check(found, options.check)
    if options.json:
        print_json(found)
        return
    print(f"{found['pieces']:,} pieces, {found['bars']:,} bars, {found['notes']:,} notes")
    for name in ("refused", "faulty", "short", "without_licence", "doubles", "leaks"):
        print(f"{len(found[name]):>8,} {name.replace('_', ' ')}")
    print(page)


def _add_pack(commands: Any) -> None:
    parser = add_command(
        commands, "pack", _pack, "Encode folders of scores into one file of events."
    )
    parser.add_argument(
        "folders",
        type=Path,
        nargs="+",
        metavar="folder",
        help="folder of scores, or its manifest.csv",
    )
    parser.add_argument("--licence", help="use scores of one licence class only, such as open")
    parser.add_argument(
        "--names",
        type=Path,
        help="checkpoint to continue from: its composers and forms keep their ids",
    )
    parser.add_argument("--out", type=Path, required=True, help=".npz file to write")
    parser.add_argument(
        "--workers", type=int, default=2, help="processes to use (1 or more; default 2)"
    )
    parser.add_argument(
        "--performances",
        action="store_true",
        help="the folders hold performances (MIDI files whose velocities were played), for the "
        "velocities of a fractal model",
    )


def _pack(options: argparse.Namespace) -> None:
    from composer.corpus import load_corpus
    from composer.models import load_checkpoint
    from composer.packing import pack
    from composer.tokenizer import Vocabulary

    if options.performances:
        _pack_performances(options)
        return
    corpora = [load_corpus(folder, licence=options.licence) for folder in options.folders]
    known = load_checkpoint(options.names).vocabulary if options.names else None
    names = Vocabulary.from_dict(known) if known else None
    report = pack(corpora, options.out, known=names, workers=options.workers)
    for path, reason in report.refused:
        print(f"refused {path}: {reason}")
    print(f"{report.pieces} pieces, {report.notes} notes, {report.events} events in {options.out}")
    print(f"{report.moved_share:.2%} of the notes were moved to the grid")
    print(f"vocabulary {report.fingerprint}")


def _pack_performances(options: argparse.Namespace) -> None:
    from composer.performances import pack_performances

    pieces, notes, refused = pack_performances(options.folders, options.out)
    for line in refused:
        print(f"refused {line}")
    print(f"{pieces} performances, {notes} notes in {options.out}")


def _add_bands(commands: Any) -> None:
    parser = add_command(
        commands,
        "bands",
        _bands,
        "Measure the usual ranges of real pieces, which scores compare with.",
    )
    parser.add_argument(
        "folders",
        type=Path,
        nargs="+",
        metavar="folder",
        help="folder of scores, or its manifest.csv",
    )
    parser.add_argument("--licence", help="use scores of one licence class only, such as open")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    parser.add_argument(
        "--seams", action="store_true", help="measure the joins of chunks instead of pieces"
    )
    parser.add_argument(
        "--missing",
        action="store_true",
        help="add the rules that the file does not have yet, and leave the others as they are",
    )


def _bands(options: argparse.Namespace) -> None:
    from composer.corpus import load_corpus
    from composer.piece import Piece
    from composer.scoring import Bands, build_bands, load_bands, save_bands
    from composer.scoring.bands import joined, rules_without_bands
    from composer.scoring.seams import build_seam_bands
    from composer.scoring.series import add_series, build_series_bands, load_series_bands

    corpora = [load_corpus(f, licence=options.licence, split="train") for f in options.folders]

    def pieces() -> Iterator[Piece]:
        found = (piece for corpus in corpora for _, piece in corpus.pieces())
        return (piece for piece in found if isinstance(piece, Piece))

    if options.missing:
        known, series = load_bands(options.out), load_series_bands(options.out)
        bands: Bands = joined(known, build_bands(pieces(), rules_without_bands(known)))
    else:
        bands = build_seam_bands(pieces()) if options.seams else build_bands(pieces())
        series = {} if options.seams else build_series_bands(pieces())
    save_bands(bands, options.out)
    if series:
        add_series(series, options.out)
    print(f"{len(bands)} groups in {options.out}")


def _add_train(commands: Any) -> None:
    parser = add_command(
        commands,
        "train",
        _train,
        "Train a model on a file of events, for hours rather than seconds.",
    )
    parser.add_argument("--events", type=Path, required=True, help=".npz file that `pack` wrote")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of the run, in which checkpoint/ appears"
    )
    parser.add_argument("--model", help="kind of the model: transformer, xlstm or fractal")
    parser.add_argument("--preset", help="size of the model: tiny, small or base")
    parser.add_argument(
        "--minutes",
        type=float,
        help="minutes that the whole run takes (0 or more; 0 counts --steps)",
    )
    parser.add_argument(
        "--core-minutes",
        type=float,
        help="the same in minutes of processor time (0 or more; 0 counts --minutes)",
    )
    parser.add_argument(
        "--steps", type=int, help="steps of the run, where no minutes are given (0 or more)"
    )
    parser.add_argument("--resume", action="store_true", help="continue from the state in --out")
    parser.add_argument(
        "--init",
        type=Path,
        nargs="+",
        default=[],
        help="begin with the weights of a checkpoint folder, or the mean of several",
    )
    parser.add_argument(
        "--rate", type=float, help="peak learning rate of tables, norms and logits (0 to 1)"
    )
    parser.add_argument(
        "--matrix-rate", type=float, help="peak learning rate of the matrices (0 to 1)"
    )
    parser.add_argument(
        "--warmup", type=float, help="share of the run in which the rate rises (0 to 1)"
    )
    parser.add_argument("--smoothing", type=float, help="label smoothing (0 to 1)")
    parser.add_argument("--dropout", type=float, help="dropout (0 to 1); left out, the preset's")
    parser.add_argument(
        "--rope-base",
        type=float,
        help="base of the rotary wavelengths (0 or more; 0 leaves positions out)",
    )
    parser.add_argument(
        "--batch-rows", type=int, help="rows of a batch, padding included (1 or more)"
    )
    parser.add_argument("--max-rows", type=int, help="rows of the longest sequence (1 or more)")
    parser.add_argument(
        "--favour", type=_factor, nargs="+", help="forms to draw more often, such as chorale=4"
    )
    parser.add_argument(
        "--favour-ensemble",
        type=_factor,
        nargs="+",
        help="ensembles to draw more often, such as 'string quartet=2'",
    )
    parser.add_argument(
        "--moved-share", type=float, help="share of pieces whose tonic is moved (0 to 1)"
    )
    parser.add_argument(
        "--layout-share",
        type=float,
        help="share of windows whose bars say what they are to earlier bars (0 to 1)",
    )
    parser.add_argument(
        "--form-power",
        type=float,
        help="draw forms equally often (0) to by their events (1); 0 to 1",
    )
    parser.add_argument(
        "--composer-power", type=float, help="the same for the composers of a form; 0 to 1"
    )
    parser.add_argument(
        "--work-power", type=float, help="the same for the works of a composer; 0 to 1"
    )
    parser.add_argument(
        "--fewer-parts-share",
        type=float,
        help="share of pieces of which some parts are left out (0 to 1)",
    )
    parser.add_argument(
        "--averaging",
        type=float,
        help="average the weights over the last 1 / (1 - x) steps (0 to 0.99999; 0 for none)",
    )
    parser.add_argument("--accumulate", type=int, help="batches of one step (1 or more)")
    parser.add_argument(
        "--checkpointing",
        action="store_true",
        default=None,
        help="save memory, for more time: compute activations twice",
    )
    parser.add_argument(
        "--precision",
        help="precision, such as bf16-mixed or 32-true; left out, what suits the device",
    )
    parser.add_argument("--devices", type=int, help="devices of each machine (1 or more)")
    parser.add_argument("--nodes", type=int, help="number of machines (1 or more)")
    parser.add_argument(
        "--threads", type=int, help="CPU threads (0 or more; 0 leaves the choice to PyTorch)"
    )
    parser.add_argument(
        "--save-minutes", type=float, help="minutes between checkpoints (0 or more)"
    )
    parser.add_argument("--seed", type=int, help="seed of weights and batches (0 or more)")
    parser.add_argument(
        "--performances",
        type=Path,
        help="file of performances for the velocities of a fractal model, as `pack "
        "--performances` writes it",
    )
    parser.add_argument(
        "--generator-types",
        help="of a fractal model, mar or ar for each of its four levels (default mar,mar,ar,ar)",
    )
    parser.add_argument(
        "--scan", help="of a fractal model, the order of ar: column or row (default column)"
    )


def _train(options: argparse.Namespace) -> None:
    from composer.configuration import Configuration, in_force, to_toml
    from composer.settings import read_as
    from composer.training import SamplingOptions, TrainOptions, train
    from composer.training.options import FRACTAL

    names = {field.name for kind in (TrainOptions, SamplingOptions) for field in fields(kind)}
    given = {name: v for name, v in vars(options).items() if name in names and v is not None}
    if options.favour:
        given["favoured"] = tuple(options.favour)
    if options.favour_ensemble:
        given["favoured_ensembles"] = tuple(options.favour_ensemble)
    how = read_as(Configuration).train_options(**given)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "configuration.toml").write_text(to_toml(in_force(how)), encoding="utf-8")
    if how.model == FRACTAL:
        folder = _train_fractal(options, how)
    else:
        folder = train(options.events, options.out, how, resume=options.resume, init=options.init)
    print(f"checkpoint in {folder}")


def _train_fractal(options: argparse.Namespace, how: TrainOptions) -> Path:
    from composer.training.fractal import FractalTraining, train_fractal
    from composer.training.rolls import RollOptions

    if options.resume or options.init:
        raise OptionError("a fractal model is trained in one go; leave `--resume` and `--init` out")
    given: dict[str, Any] = {"scan": options.scan} if options.scan else {}
    if options.generator_types:
        given["generator_types"] = tuple(options.generator_types.split(","))
    rolls = RollOptions(sampling=how.sampling)
    fractal = FractalTraining(rolls=rolls, **given)
    return train_fractal(options.events, options.performances, options.out, how, fractal)


def _add_profile(commands: Any) -> None:
    parser = add_command(
        commands, "profile", _profile, "Measure where the time of training steps goes."
    )
    parser.add_argument("--events", type=Path, required=True, help=".npz file that `pack` wrote")
    parser.add_argument("--model", help="kind of the model: transformer or xlstm")
    parser.add_argument("--preset", help="size of the model: tiny, small or base")
    parser.add_argument(
        "--steps", type=int, default=10, help="steps that are measured (1 to 4096; default 10)"
    )
    parser.add_argument("--json", action="store_true", help="print as JSON")


def _profile(options: argparse.Namespace) -> None:
    from composer.configuration import Configuration
    from composer.settings import read_as
    from composer.training.profiling import profile_training

    check_count("steps", options.steps, 4096)
    given = {name: v for name in ("model", "preset") if (v := getattr(options, name))}
    how = read_as(Configuration).train_options(**given)
    found = profile_training(options.events, how, options.steps)
    if options.json:
        print_json(found)
        return
    elapsed_s = found["elapsed_s"]
    print(
        f"{found['steps']} steps in {elapsed_s:.2f} s, {found['events_per_second']:,.0f} events/s"
    )
    for name, seconds in found["seconds"].items():
        print(f"  {name:<10} {seconds:8.3f} s {seconds / elapsed_s:7.1%}")
    for one in found["operations"]:
        print(f"    {one['name'][:48]:<48} {one['calls']:>7,} calls {one['seconds']:8.3f} s")


def _factor(text: str) -> tuple[str, float]:
    """Read `form=factor`."""
    form, _, factor = text.partition("=")
    if not form or not (found := float(factor)) > 0:
        raise ValueError(text)
    return form, found
