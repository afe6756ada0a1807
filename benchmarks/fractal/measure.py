"""What the engine of rolls does: masks, seconds, density. See README.md there."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from composer.cells import areas_of, clear
from composer.corpus import load_corpus
from composer.engines import Compose, Engine, Fill, open_engine
from composer.errors import OptionError
from composer.piece import Piece
from composer.request import Request

ONE = Request(candidates=1)
PARTS = ("seconds", "density", "masks")


def take_of(engine: Engine, ask: Any) -> Piece:
    """Return the music of one candidate."""
    music = list(engine.answer(ask))[-1].takes[0].music
    assert music is not None
    return music


def fill_of(piece: Piece, mask: Any, **options: Any) -> Fill:
    """Return an ask for a free mask, [128, steps]."""
    lines = [part.is_monophonic for part in piece.parts]
    ranges = [(21, 108)] * len(piece.parts)
    blank = clear(piece, areas_of(mask, 4))
    return Fill(request=replace(ONE, **options), blank=blank, ranges=ranges, lines=lines)


def random_mask(rng: np.random.Generator, width: int) -> Any:
    """Return one to five rectangles anywhere."""
    mask = np.zeros((128, width), bool)
    for _ in range(int(rng.integers(1, 6))):
        low, first = int(rng.integers(21, 100)), int(rng.integers(0, width - 4))
        high, last = low + int(rng.integers(1, 30)), first + int(rng.integers(2, 48))
        mask[low:high, first:last] = True
    mask[:21] = mask[109:] = False
    return mask


def masks(engine: Engine, pieces: list[Piece], n: int) -> dict[str, int]:
    """Fill random masks, and count what changed outside of them."""
    rng = np.random.default_rng(1)
    changed = filled = refused = outside = 0
    for number in range(n):
        piece = pieces[number % len(pieces)]
        mask = random_mask(rng, int(piece.length_beats * 4))
        own = {"engine_options": "passes=3, fine_passes=2", "seed": number}
        try:
            ask = fill_of(piece, mask, **own)
            music = take_of(engine, ask)
        except OptionError:
            refused += 1  # nothing is open, in one sentence
            continue
        filled += 1
        found = [note for part in music.parts for note in part.notes]
        kept = {id(note) for part in ask.blank.piece.parts for note in part.notes}
        changed += not kept <= set(map(id, found))
        outside += sum(
            not mask[note.pitch, int(note.onset_beats * 4) : int(note.end_beats * 4)].all()
            for note in found
            if id(note) not in kept
        )
    return {
        "masks": n,
        "filled": filled,
        "refused": refused,
        "changed": changed,
        "outside": outside,
    }


def seconds(engine: Engine, piece: Piece) -> dict[str, float]:
    """Return the median seconds of three candidates: pieces by width, and a hole of two bars."""
    found = {}
    for width in (128, 512):
        own = {"engine_options": f"width={width}", "meter": "4/4", "form": "mazurka"}
        found[str(width)] = _median_s(engine, lambda seed, own=own: _compose(seed, own))
    mask = np.zeros((128, int(piece.length_beats * 4)), bool)
    mask[21:109, 32:64] = True
    found["two bars"] = _median_s(engine, lambda seed: fill_of(piece, mask, seed=seed))
    return found


def _compose(seed: int, own: dict[str, Any]) -> Compose:
    return Compose(replace(ONE, seed=seed, **own))


def _median_s(engine: Engine, ask_of: Any) -> float:
    times = []
    for seed in range(3):
        began = time.perf_counter()
        take_of(engine, ask_of(seed))
        times.append(time.perf_counter() - began)
    return round(median(times), 2)


def density(engine: Engine, real: list[Piece], form: str, n: int) -> dict[str, Any]:
    """Return notes a bar of drawn and of real pieces of a form."""
    own = {"form": form, "bars": 8, "meter": "4/4" if form == "chorale" else "3/4"}
    drawn = [take_of(engine, _compose(seed, own)).n_notes / 8 for seed in range(n)]
    there = sorted(piece.n_notes / piece.n_bars for piece in real)
    low, mid, high = (round(float(np.quantile(there, q)), 1) for q in (0.1, 0.5, 0.9))
    return {
        "drawn": [round(value, 1) for value in drawn],
        "drawn_median": round(median(drawn), 1),
        "real_10_50_90": [low, mid, high],
    }


def main() -> None:
    """Measure and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("scores", type=Path, help="folder of scores, or its manifest.csv")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure; the rest stays"
    )
    parser.add_argument("--masks", type=int, default=500)
    parser.add_argument("--drawn", type=int, default=8)
    options = parser.parse_args()
    engine = open_engine(options.checkpoint)
    corpus = load_corpus(options.scores, split="valid")
    found = [piece for _, piece in corpus.pieces() if isinstance(piece, Piece)]
    short = [piece for piece in found if 8 <= piece.n_bars <= 40][:12]
    versions = dict(engine.versions)
    results: dict[str, Any] = {"versions": versions}
    if options.out.exists():
        saved = json.loads(options.out.read_text("utf-8"))
        results = saved if saved["versions"] == versions else results
    if "seconds" in options.parts:
        results["seconds"] = seconds(engine, short[0])
    if "density" in options.parts:
        results["notes_a_bar"] = {
            form: density(engine, [p for p in found if p.form == form], form, options.drawn)
            for form in ("chorale", "mazurka")
        }
    if "masks" in options.parts:
        results["masks"] = masks(engine, short, options.masks)
    options.out.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
