"""Parallel fifths and octaves in Bach chorales, raw and best of N, beside real ones.

    python benchmarks/quality/chorales.py --corpus scores --out benchmarks/quality/chorales.json

Requests: Bach, chorale, 4/4, 16 bars, through the keys usual for the pair. `draws` are all
candidates that became pieces, `winners` the first of every ranked table. A parallel is counted as
`scoring.voice_leading` does: two voices both move, in the same direction, between neighbouring
sixteenths, from a fifth to a fifth or from an octave (unison) to an octave; all pairs of voices.

Real chorales: Bach, four parts, 4/4, training split, cut to the first 16 bars. Most are shorter, so
parallels in a hundred bars, and those chorales that have all 16 bars, stand beside. A ranker must
not buy cleanliness with blandness: the medians of dissonance, crossing and entropy are held against
the 10-90 % band of the real chorales.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

# The root in place of this folder, whose requests.py would hide a library of that name.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from benchmarks.record import Share, machine_facts, print_table, rounded, save
from benchmarks.sample import rounds
from composer.corpus import load_corpus
from composer.errors import RequestError
from composer.piece import Piece
from composer.pipeline import compose, default_engine
from composer.request import Request
from composer.scoring import measure

COMPOSER, FORM, METER, BARS, PARTS = "Bach", "chorale", "4/4", 16, 4
PARALLELS = ("parallel_fifths", "parallel_octaves")
SAVE_EVERY = 10
TEXTURE = ("dissonance", "voice_crossing", "pitch_class_entropy", "semitone_clashes")


def measured(piece: Piece) -> dict[str, Any]:
    """Return counts of parallels and the values that tell blandness."""
    found = measure(piece)
    # The rules count for every hundred notes; their lists of places end at a maximum.
    counts = {name: round(found[name].value * piece.n_notes / 100) for name in PARALLELS}
    values = {name: rounded(found[name].value, 4) for name in TEXTURE}
    return {"bars": piece.n_bars, "notes": piece.n_notes, **counts, **values}


def run_request(request: Request) -> dict[str, Any]:
    """Compose once; return a row of the result."""
    row: dict[str, Any] = {"seed": request.seed, "key": str(request.key)}
    try:
        composition = compose(request)
    except RequestError as error:
        return row | {"winner": None, "draws": [], "reason": str(error)}
    draws = {one.index: measured(one.piece) for one in composition.ranked}
    return row | {
        "elapsed_s": round(composition.elapsed_s, 2),
        "winner": composition.ranked[0].index,
        "rejected": len(composition.rejected),
        "draws": [{"index": index, **draws[index]} for index in sorted(draws)],
    }


def cut(piece: Piece, n_bars: int) -> Piece:
    """Return the first bars of a piece; notes end with them."""
    n_bars = min(n_bars, piece.n_bars)
    end_beats = piece.bars[n_bars - 1].end_beats
    parts = tuple(
        replace(
            part,
            notes=tuple(
                replace(note, duration_beats=min(note.end_beats, end_beats) - note.onset_beats)
                for note in part.notes
                if note.onset_beats < end_beats
            ),
        )
        for part in piece.parts
    )
    meters = tuple(change for change in piece.meters if change.onset_beats < end_beats)
    return replace(piece, parts=parts, meters=meters, n_bars=n_bars)


def real_chorales(folder: Path) -> list[dict[str, Any]]:
    """Measure real chorales, cut to the length of the composed ones."""
    corpus = load_corpus(folder, split="train")
    wanted = tuple(e for e in corpus.entries if (e.composer, e.form) == (COMPOSER, FORM))
    rows = []
    for entry, piece in replace(corpus, entries=wanted, refusals=()).pieces():
        if not isinstance(piece, Piece) or len(piece.parts) != PARTS:
            continue
        if [str(change.meter) for change in piece.meters] == [METER]:
            rows.append({"path": entry.path, **measured(cut(piece, BARS))})
    return rows


def describe(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the shares and counts of one kind of chorales."""
    if not rows:
        return {"n": 0}
    totals = {name: sum(row[name] for row in rows) for name in (*PARALLELS, "bars")}
    n_parallels = sum(totals[name] for name in PARALLELS)
    clean = Share.of(not any(row[name] for name in PARALLELS) for row in rows)
    return {
        "n": len(rows),
        "without": clean.to_dict(),
        "without_text": str(clean),
        "parallels_a_chorale": round(n_parallels / len(rows), 3),
        "fifths_a_chorale": round(totals[PARALLELS[0]] / len(rows), 3),
        "octaves_a_chorale": round(totals[PARALLELS[1]] / len(rows), 3),
        "parallels_a_100_bars": round(100 * n_parallels / totals["bars"], 3),
        "mean_bars": round(totals["bars"] / len(rows), 1),
        "percentiles_10_50_90": {name: percentiles(row[name] for row in rows) for name in TEXTURE},
    }


def percentiles(values: Iterable[float | None]) -> list[float | None]:
    """Return the 10th, 50th and 90th percentile of what is there."""
    found = [value for value in values if value is not None]
    return [rounded(p, 4) for p in np.percentile(found, (10, 50, 90))] if found else [None] * 3


def is_inside(value: float | None, band: Sequence[float | None]) -> bool | None:
    """Return whether a value lies in a 10-90 % band; None where either is missing."""
    low, _, high = band
    if value is None or low is None or high is None:
        return None
    return low <= value <= high


def compare(groups: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Hold the medians of draws and winners against the bands of the real chorales."""
    return [
        _compare_value(name, kind, real, groups)
        for name in TEXTURE
        for kind in ("draws", "winners")
        for real in ("real", "real of 16 bars")
        if groups[kind]["n"] and groups[real]["n"]
    ]


def _compare_value(
    name: str, kind: str, real: str, groups: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    _, middle, _ = groups[kind]["percentiles_10_50_90"][name]
    band = groups[real]["percentiles_10_50_90"][name]
    row = {"value": name, "of": kind, "median": middle, "beside": real}
    return row | {"p10": band[0], "p90": band[2], "inside": is_inside(middle, band)}


SHOWN = (
    "n", "without_text", "parallels_a_chorale", "fifths_a_chorale", "octaves_a_chorale",
    "parallels_a_100_bars", "mean_bars",
)  # fmt: skip


def show(groups: dict[str, dict[str, Any]], values: list[dict[str, Any]]) -> None:
    """Print both tables."""
    print_table(["", *groups], ([n, *(g.get(n, "") for g in groups.values())] for n in SHOWN))
    if values:
        print_table(list(values[0]), (list(row.values()) for row in values))


def result_of(rows: list[dict[str, Any]], real: list[dict[str, Any]]) -> dict[str, Any]:
    """Return groups, values and rows as JSON values."""
    draws = [(row, one) for row in rows for one in row["draws"]]
    groups = {
        "draws": describe([one for _, one in draws]),
        "winners": describe([one for row, one in draws if one["index"] == row["winner"]]),
        "real": describe(real),
        "real of 16 bars": describe([one for one in real if one["bars"] == BARS]),
    }
    values = compare(groups)
    return {"groups": groups, "values": values, "requests": rows, "real_chorales": real}


def settings(keys: Sequence[str], n: int, *, candidates: int, seed: int) -> Iterator[Request]:
    """Yield requests through the keys in shuffled rounds."""
    shuffled = rounds(keys, np.random.default_rng(seed))
    fixed = {"composer": COMPOSER, "form": FORM, "meter": METER, "bars": BARS}
    for number in range(n):
        varied = {"key": next(shuffled), "seed": seed + number, "candidates": candidates}
        yield Request.from_dict(fixed | varied)


def main() -> None:
    """Run the benchmark."""
    options = read_options()
    engine = default_engine()
    facts = {"machine": machine_facts(engine.versions), "candidates": options.candidates}
    real = real_chorales(options.corpus) if options.corpus else []
    row = next(row for row in engine.menu if (row.composer, row.form) == (COMPOSER, FORM))
    rows: list[dict[str, Any]] = []
    for request in settings(
        row.keys, options.requests, candidates=options.candidates, seed=options.seed
    ):
        rows.append(run_request(request))
        if len(rows) % SAVE_EVERY == 0 or len(rows) == options.requests:
            result = result_of(rows, real)
            print(f"{len(rows)} of {options.requests} requests", file=sys.stderr)
            if options.out:
                save(options.out, facts | result)
    show(result["groups"], result["values"])


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Parallels in chorales, raw and best of N")
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--candidates", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1001, help="of the first request")
    parser.add_argument("--corpus", type=Path, help="real chorales: folder with a manifest")
    parser.add_argument("--out", type=Path, help="JSON file for the result")
    return parser.parse_args()


if __name__ == "__main__":
    main()
