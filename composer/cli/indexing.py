"""Commands that build what scores look up: the index of novelty and the table of chords."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from composer.cli.terminal import add_command

if TYPE_CHECKING:
    from composer.corpus import Corpus
    from composer.piece import Piece


def add_commands(commands: Any) -> None:
    """Declare the commands of this file."""
    for add in (_add_novelty, _add_chords):
        add(commands)


def _add_novelty(commands: Any) -> None:
    parser = add_command(
        commands, "novelty", _novelty, "Index the training pieces, so that copies are found."
    )
    parser.add_argument("folder", type=Path, help="folder of scores, or its manifest.csv")
    parser.add_argument("--licence", help="keep one class only, such as open")
    parser.add_argument("--out", type=Path, required=True, help="the .npz file")


def _add_chords(commands: Any) -> None:
    parser = add_command(
        commands, "chords", _chords, "Count the chords of the training pieces for the scores."
    )
    parser.add_argument("folder", type=Path, help="folder of scores, or its manifest.csv")
    parser.add_argument("--licence", help="keep one class only, such as open")
    parser.add_argument("--out", type=Path, required=True, help="the JSON file")


def _chords(options: argparse.Namespace) -> None:
    from composer.corpus import load_corpus
    from composer.scoring import build_chord_table, save_chord_table

    corpus = load_corpus(options.folder, licence=options.licence, split="train")
    table = build_chord_table(piece for _, piece in _named(corpus))
    save_chord_table(table, options.out)
    print(f"{len(table)} families of forms in {options.out}")


def _novelty(options: argparse.Namespace) -> None:
    from composer.corpus import load_corpus
    from composer.novelty import build_index, save_index

    corpus = load_corpus(options.folder, licence=options.licence, split="train")
    index = build_index(_named(corpus))
    save_index(index, options.out)
    print(f"{len(index.names)} pieces, {len(index.hashes)} hashes in {options.out}")


def _named(corpus: Corpus) -> Iterator[tuple[str, Piece]]:
    """Yield the pieces that can be read, with composer and title."""
    from composer.corpus import Refusal

    for entry, piece in corpus.pieces():
        if not isinstance(piece, Refusal):
            yield f"{entry.composer}: {entry.title}", piece
