"""Where notes begin in the bars of real pieces, for the transcription of sound.

Writes assets/transcription/meters.json, which `composer.transcription` reads. Every second training
piece is read; those that the other benchmarks of this folder play are not among them.

    python -m benchmarks.transcription.profiles scores
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from composer.corpus import load_corpus
from composer.piece import Piece
from composer.transcription.profiles import PATH, measure_profiles


def pieces(scores: Path) -> Iterator[Piece]:
    """Yield the pieces that are measured."""
    corpus = load_corpus(scores, licence="open", split="train")
    for number, (_, piece) in enumerate(corpus.pieces()):
        if number % 2 == 0 and isinstance(piece, Piece):
            yield piece


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scores", type=Path, help="corpus folder with a manifest")
    values = measure_profiles(pieces(parser.parse_args().scores))
    PATH.write_text(json.dumps(values) + "\n", encoding="utf-8")
    for kind, found in values.items():
        print(kind, {meter: [one["share"] for one in rows] for meter, rows in found.items()})


if __name__ == "__main__":
    main()
