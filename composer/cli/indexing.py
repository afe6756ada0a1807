"""Commands that build what is looked up (novelty, chords, layouts, weights), and attach it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from composer.cli.terminal import add_command

if TYPE_CHECKING:
    from composer.corpus import Corpus
    from composer.piece import Piece


def add_commands(commands: Any) -> None:
    """Declare the commands of this file."""
    for add in (_add_novelty, _add_chords, _add_layouts, _add_weights, _add_attach):
        add(commands)


def _add_novelty(commands: Any) -> None:
    parser = add_command(
        commands, "novelty", _novelty, "Index the training pieces, so that copies are found."
    )
    parser.add_argument("folders", type=Path, nargs="+", help="of scores, or their manifest.csv")
    parser.add_argument("--licence", help="keep one class only, such as open")
    parser.add_argument("--out", type=Path, required=True, help="the .npz file")


def _add_chords(commands: Any) -> None:
    parser = add_command(
        commands, "chords", _chords, "Count the chords of the training pieces for the scores."
    )
    parser.add_argument("folders", type=Path, nargs="+", help="of scores, or their manifest.csv")
    parser.add_argument("--licence", help="keep one class only, such as open")
    parser.add_argument("--out", type=Path, required=True, help="the JSON file")


def _chords(options: argparse.Namespace) -> None:
    from composer.corpus import load_corpus
    from composer.scoring import build_chord_table, save_chord_table

    corpora = [load_corpus(f, licence=options.licence, split="train") for f in options.folders]
    table = build_chord_table(piece for _, piece in _named(corpora))
    save_chord_table(table, options.out)
    print(f"{len(table)} families of forms in {options.out}")


def _novelty(options: argparse.Namespace) -> None:
    from composer.corpus import load_corpus
    from composer.novelty import build_index, save_index

    corpora = [load_corpus(f, licence=options.licence, split="train") for f in options.folders]
    index = build_index(_named(corpora))
    save_index(index, options.out)
    print(f"{len(index.names)} pieces, {len(index.hashes)} hashes in {options.out}")


def _add_weights(commands: Any) -> None:
    parser = add_command(
        commands, "weights", _weights, "Learn what every rule of the scores weighs."
    )
    parser.add_argument("folder", type=Path, help="folder of scores, or its manifest.csv")
    parser.add_argument(
        "--material", type=Path, required=True, help="folder for draws; a later run goes on there"
    )
    parser.add_argument("--out", type=Path, required=True, help="the JSON file")
    parser.add_argument(
        "--pieces",
        type=int,
        help="real pieces of a family, in training and outside (5 or more; default 200, of "
        "chorales 300)",
    )
    parser.add_argument(
        "--requests",
        type=int,
        default=40,
        help="requests of a family that are drawn, by turns to learn from and to judge by (2 or "
        "more; default 40)",
    )
    parser.add_argument(
        "--candidates",
        type=int,
        default=8,
        help="candidates of a request (1 to 256; default 8)",
    )


def _weights(options: argparse.Namespace) -> None:
    from composer.evaluation.weighing import Sizes, learn_weights, make_material, save_weights
    from composer.pipeline import default_engine

    draws = (options.requests, options.candidates)
    sizes = Sizes(draws=draws, bolder=(max(1, options.requests // 7), options.candidates))
    if options.pieces is not None:
        sizes = replace(sizes, pieces=options.pieces, pieces_of={}, damaged=options.pieces)
    engine = default_engine()
    make_material(options.material, options.folder, engine, _tell, sizes)
    learned = learn_weights(options.material, engine)
    save_weights(learned, options.out, engine.versions["checkpoint"])
    print(f"{', '.join(learned.families)} in {options.out}")


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _named(corpora: Sequence[Corpus]) -> Iterator[tuple[str, Piece]]:
    """Yield the pieces that can be read, with composer and title."""
    from composer.corpus import Refusal

    for corpus in corpora:
        for entry, piece in corpus.pieces():
            if not isinstance(piece, Refusal):
                yield f"{entry.composer}: {entry.title}", piece


def _add_layouts(commands: Any) -> None:
    parser = add_command(
        commands, "layouts", _layouts, "Collect real layouts of every form from packed pieces."
    )
    parser.add_argument("events", type=Path, help="the .npz file made by pack")
    parser.add_argument("--out", type=Path, required=True, help="the JSON file")


def _layouts(options: argparse.Namespace) -> None:
    from composer.tokenizer.layout_table import build_layout_table
    from composer.training import PackedEvents

    packed = PackedEvents.load(options.events)
    train = packed.indices("train")
    table = build_layout_table((packed.names[i]["form"], packed.layout(i)) for i in train)
    options.out.write_text(json.dumps(table, ensure_ascii=False, indent=0) + "\n", "utf-8")
    print(f"{sum(map(len, table.values()))} layouts of {len(table)} forms in {options.out}")


def _add_attach(commands: Any) -> None:
    parser = add_command(
        commands, "attach", _attach, "Put files that were made for a checkpoint beside its weights."
    )
    for name, text in _KINDS.items():
        parser.add_argument(f"--{name}", type=Path, help=text)
    parser.add_argument(
        "--checkpoint", type=Path, required=True, help="folder of the checkpoint they are for"
    )


_KINDS = {
    "novelty": "index of the pieces that it learned from, made by novelty",
    "bands": "what is usual in real pieces, made by bands",
    "weights": "what the rules weigh, made by weights",
    "layouts": "which bars of real pieces take up which, made by layouts",
}


def _attach(options: argparse.Namespace) -> None:
    from composer.engines.companions import attach

    files = {name: getattr(options, name) for name in _KINDS}
    attached = attach(options.checkpoint, {name: path for name, path in files.items() if path})
    print(f"{', '.join(attached)} in {options.checkpoint}")
