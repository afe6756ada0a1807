"""The command line: one function a command. Knows no music; calls the library and prints.

Every command returns what it prints with `--json`, so that the two never differ.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from composer.errors import ComposerError, MissingTool, OptionError
from composer.request import Request


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or 2 with one line on the error stream."""
    options = build_parser().parse_args(arguments)
    try:
        options.run(options)
    except ComposerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader has seen enough, as `head` has
        sys.stdout = None
    return 0


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="python -m composer", description="Compose classical music with a small transformer."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (_add_compose, _add_replay, _add_score, _add_menu):
        add(commands)
    for add in (_add_corpus, _add_pack, _add_bands, _add_train, _add_evaluate):
        add(commands)
    return parser


def _command(commands: Any, name: str, run: Callable[..., None], text: str) -> Any:
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(run=run)
    return parser


# -- composing


def _add_compose(commands: Any) -> None:
    parser = _command(commands, "compose", _compose, "Compose, rank the candidates, keep the best.")
    _add_wishes(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder for the files")
    parser.add_argument("--no-audio", action="store_true", help="write no piece.wav")
    parser.add_argument("--json", action="store_true", help="print the composition as JSON")


def _add_wishes(parser: Any) -> None:
    """Give every field of a request an option with its own default, range and help."""
    kinds = {"int": int, "float": float}
    for wish in fields(Request):
        kind = next((kinds[k] for k in kinds if k in str(wish.type)), str)
        text = str(wish.metadata["help"])
        if "low" in wish.metadata:
            text += f" ({wish.metadata['low']:g} to {wish.metadata['high']:g})"
        default = None if wish.default is MISSING else wish.default
        if default is not None:
            text += f"; {default:g} if left out" if not isinstance(default, str) else ""
        option = "--" + wish.name.replace("_", "-")
        parser.add_argument(option, type=kind, default=default, help=text)


def _compose(options: argparse.Namespace) -> None:
    from composer.pipeline import Composition, Progress, compose_steps
    from composer.rendering import write_midi

    request = Request(**{wish.name: getattr(options, wish.name) for wish in fields(Request)})
    for step in compose_steps(request):
        if isinstance(step, Progress):
            _show_progress(step.drawn, step.wanted, step.left_s)
    assert isinstance(step, Composition)
    options.out.mkdir(parents=True, exist_ok=True)
    write_midi(step.piece, options.out / "piece.mid")
    (options.out / "composition.json").write_text(step.to_json(), encoding="utf-8")
    if not options.no_audio:
        _write_audio(step.piece, options.out / "piece.wav")
    if options.json:
        print(step.to_json(), end="")
    else:
        _print_ranking(step, options.out)


def _show_progress(drawn: int, wanted: int, left_s: float | None) -> None:
    if sys.stderr.isatty():
        left = "" if left_s is None else f", about {left_s:.0f} s left"
        end = "\n" if drawn == wanted else ""
        print(f"\r{drawn} of {wanted} candidates{left}   ", end=end, file=sys.stderr, flush=True)


def _print_ranking(composition: Any, out: Path) -> None:
    for one in composition.ranked[:5]:
        reason = one.scorecard.reasons[0] if one.scorecard.reasons else ""
        print(f"{one.rank}. candidate {one.index + 1}: {one.scorecard.total:.1f} of 100; {reason}")
    n_ranked, n_rejected = len(composition.ranked), len(composition.rejected)
    print(
        f"{n_ranked} ranked, {n_rejected} rejected in {composition.elapsed_s:.1f} s; files in {out}"
    )


def _write_audio(piece: Any, path: Path) -> None:
    """Write sound where it can be had, and say how to get it where not."""
    from composer.rendering import render_audio

    try:
        render_audio(piece, path)
    except MissingTool as error:
        print(f"no sound: {error}", file=sys.stderr)


def _add_replay(commands: Any) -> None:
    parser = _command(commands, "replay", _replay, "Rebuild the notes of a composition.json.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--rank", type=int, default=1, help="which candidate, 1 the best")
    parser.add_argument("--out", type=Path, required=True, help="folder for piece.mid")


def _replay(options: argparse.Namespace) -> None:
    from composer.composition import replay
    from composer.rendering import write_midi

    piece = replay(_read_text(options.file), options.rank)
    options.out.mkdir(parents=True, exist_ok=True)
    path = write_midi(piece, options.out / "piece.mid")
    print(f"{piece.n_notes} notes in {piece.n_bars} bars, {piece.key}: {path}")


def _add_score(commands: Any) -> None:
    parser = _command(commands, "score", _score, "Score a MIDI file beside real pieces of a form.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--form", help="whose band; all pieces together if left out")
    parser.add_argument("--json", action="store_true", help="print the scorecard as JSON")


def _score(options: argparse.Namespace) -> None:
    from composer.corpus import read_midi
    from composer.scoring import score

    card = score(read_midi(options.file), form=options.form or "")
    if options.json:
        _print_json(card.to_dict())
        return
    print(f"{card.total:.1f} of 100, beside {card.form or 'all pieces'}")
    for found in card.scores:
        mark = " " if found.is_inside_band else "!"
        band = f"{found.low:.3g} to {found.high:.3g}"
        measured = f"{found.name:<28} {found.value:>9.3g}  {band:<18} {found.unit:<24}"
        print(f"{mark} {measured} {found.source}")


def _add_menu(commands: Any) -> None:
    parser = _command(commands, "menu", _menu, "List the composers and forms on offer.")
    parser.add_argument("--json", action="store_true", help="print as JSON")


def _menu(options: argparse.Namespace) -> None:
    from composer.pipeline import menu

    rows = [row.to_dict() for row in menu()]
    if options.json:
        _print_json(rows)
        return
    for row in rows:
        names = f"{row['composer']:<16} {row['form']:<18} {row['ensemble']:<18}"
        print(f"{names} {row['pieces']:>4} pieces")


# -- scores and models


def _add_corpus(commands: Any) -> None:
    parser = _command(commands, "corpus", _corpus, "Tell what a folder of scores holds.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="print as JSON")


def _corpus(options: argparse.Namespace) -> None:
    from composer.corpus import corpus_report, load_corpus

    report = corpus_report(load_corpus(options.folder))
    if options.json:
        _print_json(report.to_dict())
    else:
        print(report.to_text())


def _add_pack(commands: Any) -> None:
    parser = _command(commands, "pack", _pack, "Encode a folder of scores into one file of events.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--licence", help="keep one class only, such as open")
    parser.add_argument("--out", type=Path, required=True, help="the .npz file")
    parser.add_argument("--workers", type=int, default=2, help="processes")


def _pack(options: argparse.Namespace) -> None:
    from composer.corpus import load_corpus
    from composer.packing import pack

    corpus = load_corpus(options.folder, licence=options.licence)
    report = pack(corpus, options.out, workers=options.workers)
    for path, reason in report.refused:
        print(f"refused {path}: {reason}")
    print(f"{report.pieces} pieces, {report.notes} notes, {report.events} events in {options.out}")
    print(f"{report.moved_share:.2%} of the notes were moved to the grid")
    print(f"vocabulary {report.fingerprint}")


def _add_bands(commands: Any) -> None:
    parser = _command(commands, "bands", _bands, "Measure the bands of real pieces for the scores.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--licence", help="keep one class only, such as open")
    parser.add_argument("--out", type=Path, required=True, help="the JSON file")


def _bands(options: argparse.Namespace) -> None:
    from composer.corpus import load_corpus
    from composer.piece import Piece
    from composer.scoring import build_bands, save_bands

    corpus = load_corpus(options.folder, licence=options.licence, split="train")
    bands = build_bands(piece for _, piece in corpus.pieces() if isinstance(piece, Piece))
    save_bands(bands, options.out)
    print(f"{len(bands)} groups in {options.out}")


def _add_train(commands: Any) -> None:
    parser = _command(commands, "train", _train, "Train a model on one file of events.")
    parser.add_argument("--events", type=Path, required=True, help="made by pack")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--preset", default="small", help="tiny, small or base")
    parser.add_argument("--minutes", type=float, default=0.0, help="length of the whole run")
    parser.add_argument("--steps", type=int, default=0, help="length of the run in steps instead")
    parser.add_argument("--resume", action="store_true", help="go on from the state in --out")
    parser.add_argument("--init", type=Path, help="begin with the weights of a checkpoint folder")
    parser.add_argument("--rate", type=float, help="peak learning rate")
    parser.add_argument("--smoothing", type=float, help="label smoothing")
    parser.add_argument("--dropout", type=float, help="instead of the preset's")
    parser.add_argument("--batch-rows", type=int, help="rows a batch, filling included")
    parser.add_argument("--max-rows", type=int, help="longest sequence")
    parser.add_argument("--accumulate", type=int, help="batches a step")
    parser.add_argument("--checkpointing", action="store_true", default=None, help="save memory")
    parser.add_argument("--precision", help="such as bf16-mixed or 32-true")
    parser.add_argument("--devices", type=int, help="devices a machine")
    parser.add_argument("--nodes", type=int, help="machines")
    parser.add_argument("--threads", type=int, help="CPU threads")
    parser.add_argument("--save-minutes", type=float, help="between checkpoints")
    parser.add_argument("--seed", type=int, help="of weights and batches")


def _train(options: argparse.Namespace) -> None:
    from composer.training import SamplingOptions, TrainOptions, train

    given = {name: value for name, value in vars(options).items() if value is not None}
    known = {field.name for field in fields(TrainOptions)}
    sampled = {"batch_rows", "max_rows"} & given.keys()
    sampling = SamplingOptions(**{name: given[name] for name in sampled})
    chosen = {name: given[name] for name in known & given.keys()}
    folder = train(
        options.events,
        options.out,
        TrainOptions(**chosen, sampling=sampling),
        resume=options.resume,
        init=options.init,
    )
    print(f"checkpoint in {folder}")


def _add_evaluate(commands: Any) -> None:
    parser = _command(
        commands, "evaluate", _evaluate, "Measure how well unseen pieces are predicted."
    )
    parser.add_argument("folder", type=Path, help="folder of scores, or its manifest.csv")
    parser.add_argument("--split", default="valid", help="train, valid or test")
    parser.add_argument("--licence", help="keep one class only, such as open")
    parser.add_argument("--checkpoint", type=Path, help="folder; the bundled one if left out")
    parser.add_argument("--keep", action="store_true", help="write the report beside the weights")
    parser.add_argument("--json", action="store_true", help="print as JSON")


def _evaluate(options: argparse.Namespace) -> None:
    from composer.corpus import load_corpus
    from composer.evaluation import evaluate_checkpoint
    from composer.places import checkpoint_folder

    corpus = load_corpus(options.folder, licence=options.licence, split=options.split)
    folder = options.checkpoint or checkpoint_folder()
    report = evaluate_checkpoint(folder, corpus, keep=options.keep)
    if options.json:
        _print_json(report)
        return
    print(f"overall {_summary_text(report['overall'])}")
    for form, found in report["by_form"].items():
        print(f"{form:<18} {_summary_text(found)}")


def _summary_text(found: dict[str, Any]) -> str:
    return f"{found['nats_per_note']} nats a note, {found['pieces']} pieces, {found['notes']} notes"


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False))


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"`{path.name}` cannot be read as text") from error
