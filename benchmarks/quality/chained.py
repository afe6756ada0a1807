"""Whether 64 bars in a chain hang together as 64 bars in one go do, and as real ones do.

    python benchmarks/quality/chained.py --corpus scores --out benchmarks/quality/chained.json

String quartets: the first 64 bars of held-back real ones; `compose` with 64 bars, whose window
slides; and 16 bars composed, then `extend` by 48 in chunks of 16, with and without the opening
pinned. Candidates are as many in all three. Values are those of the evaluation report: rules of
form, harmony and rhythm, means over pieces with bootstrap intervals; and how many of the seams lie
inside the bands of real bar lines.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# The root in place of this folder, whose requests.py would hide a library of that name.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.record import machine_facts, print_table, save
from composer.corpus import load_corpus
from composer.evaluation.craft import craft
from composer.evaluation.excerpts import first_bars
from composer.piece import Piece
from composer.pipeline import compose, default_engine, extend
from composer.request import Request

FORM, BARS, FIRST, CHUNK = "string quartet", 64, 16, 16
FAMILIES = ("form", "harmony", "rhythm", "tonality")


def real_pieces(corpus_folder: Path, n: int) -> Iterator[Piece]:
    """Yield the beginnings of held-back real quartets."""
    corpus = load_corpus(corpus_folder, licence="open", split="valid")
    found = (piece for _, piece in corpus.pieces() if isinstance(piece, Piece))
    whole = (piece for piece in found if piece.form == FORM and piece.n_bars >= BARS)
    for piece, _ in zip(whole, range(n), strict=False):
        yield first_bars(piece, BARS)


def composed(seed: int, bars: int, candidates: int) -> Piece:
    """Compose a quartet."""
    settings: dict[str, Any] = {"composer": "Haydn", "form": FORM, "meter": "4/4"}
    return compose(Request(**settings, bars=bars, candidates=candidates, seed=seed)).piece


def chained(seed: int, candidates: int, theme_bars: int) -> Piece:
    """Compose the beginning and extend it."""
    start = composed(seed, FIRST, candidates)
    options = {"chunk_bars": CHUNK, "candidates": candidates, "theme_bars": theme_bars}
    return extend(start, BARS - FIRST, seed=seed, **options).piece


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description="Chained bars beside one window")
    parser.add_argument("--corpus", type=Path, required=True, help="folder with a manifest")
    parser.add_argument("--pieces", type=int, default=12)
    parser.add_argument("--candidates", type=int, default=4)
    parser.add_argument("--out", type=Path, help="JSON file for the result")
    options = parser.parse_args()
    seeds, candidates = range(options.pieces), options.candidates
    sets = {
        "real": list(real_pieces(options.corpus, options.pieces)),
        "one go": [composed(seed, BARS, candidates) for seed in seeds],
        "chained": [chained(seed, candidates, 0) for seed in seeds],
        "chained, opening pinned": [chained(seed, candidates, 8) for seed in seeds],
    }
    found = craft(sets)
    rows = [row for row in found["rules"] if row["family"] in FAMILIES]
    table = [[row["name"], *(row["sets"][name]["mean"]["value"] for name in sets)] for row in rows]
    print_table(["value", *sets], table)
    print(found["total"])
    if options.out:
        facts = machine_facts(default_engine().versions)
        counts = {name: len(pieces) for name, pieces in sets.items()}
        save(
            options.out,
            {"machine": facts, "pieces": counts, "total": found["total"], "rules": rows},
        )


if __name__ == "__main__":
    main()
