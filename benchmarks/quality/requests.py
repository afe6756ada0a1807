"""Does a piece keep its settings? Mixed requests over the whole menu, winners and unselected draws.

    python benchmarks/quality/requests.py --corpus scores --out benchmarks/quality/requests.json

Checked in the MIDI file as it was written and read back: the meter of every bar, the number of bars
and of parts, the key signature. Checked in the notes:

- mode: of the key that `theory.estimate_key` names from the durations of all notes by pitch class
  and the last bass note, the lowest note that sounds when the last one begins
- final bass: that note is the tonic
- key: `theory.estimate_key` without the last bass note (correlation with the key profiles alone, as
  Krumhansl and Schmuckler do) names the key; and again with the bass note

An unselected draw is candidate 0, the first of every request. Where a request gave no piece, or its
first draw was rejected, all its checks count as missed. Beside every request stands a whole real
piece of the same form from the validation split, against the key that the corpus states. Where the
corpus estimated that key itself (column key_from), agreement says little: the last column takes
pieces whose key is written in the score.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

# The root in place of this folder, whose requests.py would hide a library of that name.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.record import Share, machine_facts, print_table, save
from benchmarks.sample import mixed_requests, partners
from composer.corpus import Corpus, Entry, load_corpus
from composer.errors import RequestError
from composer.evaluation.fidelity import (
    IN_FILE,
    IN_NOTES,
    misses,
    note_misses,
    only_written_keys,
)
from composer.piece import Piece
from composer.pipeline import Composition, compose, default_engine
from composer.request import Request

SAVE_EVERY = 10


def run_request(request: Request, keep: Path | None) -> dict[str, Any]:
    """Compose once; return a row of the result."""
    row: dict[str, Any] = request.to_dict()
    row = {
        name: row[name] for name in ("seed", "composer", "form", "key", "meter", "bars", "parts")
    }
    nothing = {"winner": {"misses": ["piece", *IN_FILE, *IN_NOTES]}}
    try:
        composition = compose(request)
    except RequestError as error:
        return row | nothing | {"first": nothing["winner"], "reason": str(error)}
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
        (keep / f"{request.seed:05}.json").write_text(composition.to_json(), encoding="utf-8")
    best = composition.ranked[0]
    row["winner"] = {"index": best.index, "misses": misses(best.piece, request)}
    row["first"] = _first_draw(composition) or nothing["winner"]
    row["elapsed_s"] = round(composition.elapsed_s, 2)
    row["notes"] = sum(one.piece.n_notes for one in composition.ranked)
    row["rejected"] = [one.reason for one in composition.rejected]
    return row


def _first_draw(composition: Composition) -> dict[str, Any] | None:
    for one in composition.ranked:
        if one.index == 0:
            return {"misses": misses(one.piece, composition.request)}
    return None


def real_rows(corpus: Corpus, forms: Sequence[str], seed: int) -> list[dict[str, Any]]:
    """Check the notes of a real piece beside every form; fewer rows where a form has none."""
    pool: dict[str, list[Entry]] = {}
    for entry in corpus.entries:
        pool.setdefault(entry.form, []).append(entry)
    chosen = [entry for entry in partners(forms, pool, seed=seed) if entry]
    entries = {entry.path: entry for entry in chosen}
    pieces = replace(corpus, entries=tuple(entries.values()), refusals=()).pieces()
    missed = {
        entry.path: note_misses(piece, piece.key)
        for entry, piece in pieces
        if isinstance(piece, Piece)
    }
    return [
        {"path": entry.path, "form": entry.form, "misses": missed[entry.path]}
        for entry in chosen
        if entry.path in missed
    ]


def shares(found: Sequence[dict[str, Any]], checks: Sequence[str]) -> dict[str, Share]:
    """Return for each check how many kept it."""
    return {check: Share.of(check not in one["misses"] for one in found) for check in checks}


def summary(result: dict[str, Any]) -> dict[str, dict[str, Share]]:
    """Return the columns of the table."""
    rows, every = result["requests"], ("piece", *IN_FILE, *IN_NOTES)
    columns = {kind: shares([row[kind] for row in rows], every) for kind in ("winner", "first")}
    for kind in ("real", "real, written key"):
        if result.get(kind):
            columns[kind] = shares(result[kind], IN_NOTES)
    return columns


def show(columns: dict[str, dict[str, Share]]) -> None:
    """Print the table: a line a check."""
    body = ([check, *(c.get(check, "") for c in columns.values())] for check in columns["winner"])
    print_table(["check", *columns], body)


def finish(result: dict[str, Any], out: Path | None) -> dict[str, dict[str, Share]]:
    """Add the totals, save if asked, and return the columns."""
    rows = [row for row in result["requests"] if "elapsed_s" in row]
    elapsed_s = sum(row["elapsed_s"] for row in rows)
    columns = summary(result)
    totals = {
        "requests": len(result["requests"]),
        "seconds_per_request": round(elapsed_s / max(1, len(rows)), 2),
        "notes_per_second": round(sum(row["notes"] for row in rows) / max(elapsed_s, 1e-9), 1),
        "distinct_real_pieces": {
            kind: len({one["path"] for one in result[kind]})
            for kind in columns
            if kind.startswith("real")
        },
    }
    kept = {name: {c: s.to_dict() for c, s in column.items()} for name, column in columns.items()}
    if out:
        save(out, {"totals": totals, "shares": kept, **result})
    print(f"{totals}")
    return columns


def main() -> None:
    """Run the benchmark."""
    options = read_options()
    engine = default_engine()
    result: dict[str, Any] = {"machine": machine_facts(engine.versions), "requests": []}
    settings = mixed_requests(
        engine.menu, options.requests, candidates=options.candidates, seed=options.seed
    )
    if options.corpus:
        corpus = load_corpus(options.corpus, licence=options.licence, split="valid")
        forms = [str(request.form) for request in settings]
        result["real"] = real_rows(corpus, forms, options.seed)
        result["real, written key"] = real_rows(only_written_keys(corpus), forms, options.seed)
    for number, request in enumerate(settings, start=1):
        result["requests"].append(run_request(request, options.keep))
        if number % SAVE_EVERY == 0 or number == len(settings):
            columns = finish(result, options.out)
    show(columns)


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Do pieces keep their settings?")
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--candidates", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1, help="of the sample; requests count on")
    parser.add_argument("--corpus", type=Path, help="real pieces: folder with a manifest")
    parser.add_argument("--licence", help="licence class of the real pieces, such as open")
    parser.add_argument("--keep", type=Path, help="folder for the composition.json of each request")
    parser.add_argument("--out", type=Path, help="JSON file for the result")
    return parser.parse_args()


if __name__ == "__main__":
    main()
