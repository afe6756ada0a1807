"""The longest run of notes that a generated piece shares with the training pieces.

    python benchmarks/quality/memorisation.py events.npz --out benchmarks/quality/memorisation.json

A *line* is one melodic line a part: of notes that begin together the highest, in the lowest part
the lowest. A *run* is a stretch of neighbouring notes of one line. It is shared if some line of a
training piece has the same intervals between the notes and the same lengths of the notes, at any
pitch; rests between notes are passed over. Its length is counted in notes. The search is exact and
covers the whole training split of the packed file. Repeated notes, scales and broken chords are
everybody's, so the longest run with at least four different intervals (`varied`) stands beside.
`composer.novelty` asks the same of every candidate, by hashes; this search is its cross-check.

The yardstick is the same count for real pieces of the validation split, which have not been trained
on: beside every generated piece one of the same form, cut to the same number of bars.

Without --compositions, 100 mixed requests are composed and the winners taken; with it, the winners
of the composition.json files in a folder, such as `quality/requests.py --keep` leaves behind.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

# The root in place of this folder, whose requests.py would hide a library of that name.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import numpy.typing as npt

from benchmarks.record import machine_facts, print_table, save
from benchmarks.sample import mixed_requests, partners
from composer.errors import RequestError
from composer.piece import Piece
from composer.pipeline import compose, default_engine, replay
from composer.tokenizer import Events, encode_bars, vocab
from composer.training import PackedEvents

Ints = npt.NDArray[np.int64]
VARIED_INTERVALS = 4
BREAK = -1  # stands between two lines and matches nothing
# A step is (length, length of the next note, interval between them), packed into 26 bits.
_LENGTH_BITS, _INTERVAL_BITS = 9, 8
_STEP_BITS = 2 * _LENGTH_BITS + _INTERVAL_BITS
_ZERO_INTERVAL = 128
assert vocab.MAX_DURATION < 2**_LENGTH_BITS


@dataclass(frozen=True)
class Lines:
    """All lines of many pieces in a row.

    Args:
        steps: From each note to the next of its line, `BREAK` after every line, [N].
        pieces: Whose line it is, [N].
    """

    steps: Ints
    pieces: Ints

    @classmethod
    def of(cls, pieces: Iterable[Events]) -> Lines:
        """Read the lines of pieces."""
        steps, owners = [np.array([BREAK])], [np.array([0])]
        for index, events in enumerate(pieces):
            for line in lines_of(events):
                steps.append(line)
                owners.append(np.full(len(line), index))
        return cls(np.concatenate(steps), np.concatenate(owners))


@dataclass(frozen=True)
class Run:
    """The longest shared run of one piece.

    Args:
        notes: Its length; 0 without a run.
        source: Index of a training piece that has it, -1 without a run.
    """

    notes: int = 0
    source: int = -1


def lines_of(events: Events) -> Iterator[Ints]:
    """Yield the steps of every line of a piece, `BREAK` at the end."""
    is_note = vocab.is_note(events) & (events[:, vocab.PART] < vocab.MAX_PARTS)
    bars = np.cumsum(events[:, vocab.TIME] == vocab.BAR)[is_note]
    notes = events[is_note].astype(np.int64)
    onsets = bars * vocab.N_TIME_WRITTEN + notes[:, vocab.TIME]
    parts = np.unique(notes[:, vocab.PART]).tolist()
    for part in parts:
        own = notes[:, vocab.PART] == part
        is_new = np.diff(onsets[own]) != 0
        # Notes that begin together are sorted from low to high.
        chosen = np.append(True, is_new) if part == parts[-1] else np.append(is_new, True)
        yield np.append(_steps(notes[own][chosen]), BREAK)


def _steps(notes: Ints) -> Ints:
    lengths = notes[:, vocab.DURATION]
    intervals = np.diff(notes[:, vocab.PITCH]) + _ZERO_INTERVAL
    lengths = (lengths[:-1] << _LENGTH_BITS) + lengths[1:]
    return np.asarray((lengths << _INTERVAL_BITS) + intervals, np.int64)


def longest_runs(queries: Lines, corpus: Lines, n_queries: int) -> tuple[list[Run], list[Run]]:
    """Return the longest run of each query that the corpus has, too; and the longest varied one.

    Windows of one step, two steps, ... are compared by their class: equal windows have equal
    classes, and a longer one's class follows from that of the window without its last step. Windows
    without a partner are dropped, so that every pass is shorter than the last.
    """
    best, varied = [Run()] * n_queries, [Run()] * n_queries
    at_query, at_corpus = np.arange(len(queries.steps)), np.arange(len(corpus.steps))
    query_class, corpus_class = np.zeros_like(at_query), np.zeros_like(at_corpus)
    for length in count(1):
        at_query, query_codes = _extend(queries.steps, at_query, query_class, length)
        at_corpus, corpus_codes = _extend(corpus.steps, at_corpus, corpus_class, length)
        table, query_class = np.unique(query_codes, return_inverse=True)
        if not len(table):
            return best, varied
        corpus_class = np.minimum(np.searchsorted(table, corpus_codes), len(table) - 1)
        is_shared = table[corpus_class] == corpus_codes
        at_corpus, corpus_class = at_corpus[is_shared], corpus_class[is_shared]
        partner = np.full(len(table), -1)
        partner[corpus_class] = at_corpus
        is_shared = partner[query_class] >= 0
        at_query, query_class = at_query[is_shared], query_class[is_shared]
        owners, sources = queries.pieces[at_query], corpus.pieces[partner[query_class]]
        _note_runs(best, owners, sources, length)
        is_varied = _count_intervals(queries.steps, at_query, length) >= VARIED_INTERVALS
        _note_runs(varied, owners[is_varied], sources[is_varied], length)
    raise AssertionError("windows grow until none is left")


def _extend(steps: Ints, at: Ints, classes: Ints, length: int) -> tuple[Ints, Ints]:
    """Return the windows that grow to a length within their line, and their codes."""
    last = steps.take(at + length - 1, mode="clip")  # the end is a BREAK
    goes_on = last != BREAK
    return at[goes_on], (classes[goes_on] << _STEP_BITS) + last[goes_on]


def _note_runs(runs: list[Run], owners: Ints, sources: Ints, n_steps: int) -> None:
    """Note a run of this length for every piece that still has one."""
    found, firsts = np.unique(owners, return_index=True)
    for owner, source in zip(found.tolist(), sources[firsts].tolist(), strict=True):
        runs[owner] = Run(n_steps + 1, source)


def _count_intervals(steps: Ints, at: Ints, length: int) -> Ints:
    """Return how many different intervals every window has."""
    windows = np.sort(steps[at[:, None] + np.arange(length)] % 2**_INTERVAL_BITS, axis=1)
    return np.asarray(1 + (np.diff(windows, axis=1) != 0).sum(axis=1))


def first_bars(events: Events, n_bars: int) -> Events:
    """Return the first bars of a piece."""
    starts = np.flatnonzero(events[:, vocab.TIME] == vocab.BAR)
    return events[: starts[n_bars]] if n_bars < len(starts) else events


def composed(n: int, candidates: int, seed: int) -> Iterator[Piece]:
    """Yield the winners of mixed requests."""
    engine = default_engine()
    for request in mixed_requests(engine.menu, n, candidates=candidates, seed=seed):
        try:
            yield compose(request).piece
        except RequestError as error:
            print(f"seed {request.seed}: {error}", file=sys.stderr)


def composed_before(folder: Path) -> Iterator[Piece]:
    """Yield the winners of the compositions in a folder."""
    for path in sorted(folder.glob("*.json")):
        yield replay(path.read_text(encoding="utf-8"))


def real_indices(packed: PackedEvents, forms: Sequence[str], seed: int) -> list[int | None]:
    """Return a validation piece of the same form for every form."""
    pool: dict[str, list[int]] = {}
    for index in packed.indices("valid"):
        pool.setdefault(packed.names[index]["form"], []).append(index)
    return partners(forms, pool, seed=seed)


def describe(rows: Sequence[dict[str, Any]], kind: str) -> dict[str, Any]:
    """Return the distribution of the lengths, and the row of the longest.

    Args:
        rows: Of the result.
        kind: `notes` or `varied_notes`.
    """
    if not rows:
        return {"n": 0}
    lengths = [row[kind] for row in rows]
    median, p90 = (round(float(p), 1) for p in np.percentile(lengths, (50, 90)))
    longest = max(rows, key=lambda row: int(row[kind]))
    return {"n": len(rows), "median": median, "p90": p90, "max": max(lengths), "longest": longest}


def compare(pieces: Sequence[Piece], packed: PackedEvents, seed: int) -> dict[str, Any]:
    """Look for runs of composed and of real pieces in the training split; return JSON values."""
    beside = real_indices(packed, [piece.form for piece in pieces], seed)
    pairs = [(p, i) for p, i in zip(pieces, beside, strict=True) if i is not None]
    queries = [encode_bars(piece) for piece in pieces]
    queries += [first_bars(packed.piece(index), piece.n_bars) for piece, index in pairs]
    names = [f"{p.composer}, {p.form}, {p.key}, {p.n_bars} bars" for p in pieces]
    names += [f"{packed.names[i]['path']}, {piece.n_bars} bars" for piece, i in pairs]
    train = packed.indices("train")
    corpus = Lines.of(packed.piece(index) for index in train)
    found = longest_runs(Lines.of(queries), corpus, len(queries))
    paths = [*(packed.names[index]["path"] for index in train), None]  # -1: none
    rows = [
        {
            "piece": name,
            "notes": run.notes,
            "source": paths[run.source],
            "varied_notes": varied.notes,
            "varied_source": paths[varied.source],
        }
        for name, run, varied in zip(names, *found, strict=True)
    ]
    return {
        "training_pieces": len(train),
        "training_steps": int((corpus.steps != BREAK).sum()),
        "distinct_real_pieces": len({index for _, index in pairs}),
        "generated": rows[: len(pieces)],
        "real": rows[len(pieces) :],
    }


def main() -> None:
    """Run the benchmark."""
    options = read_options()
    packed = PackedEvents.load(options.events)
    facts = {"machine": machine_facts(default_engine().versions)}
    pieces = list(
        composed_before(options.compositions)
        if options.compositions
        else composed(options.requests, options.candidates, options.seed)
    )
    result = compare(pieces, packed, options.seed)
    totals = {
        f"{group}, {kind.replace('_', ' ')}": describe(result[group], kind)
        for kind in ("notes", "varied_notes")
        for group in ("generated", "real")
    }
    show(totals)
    if options.out:
        save(options.out, facts | {"totals": totals} | result)


def show(totals: dict[str, dict[str, Any]]) -> None:
    """Print the distributions and the longest runs."""
    columns = ("n", "median", "p90", "max")
    body = ([name, *(one.get(column, "") for column in columns)] for name, one in totals.items())
    print_table(["longest shared run", *columns], body)
    for name, one in totals.items():
        if one["n"]:
            source = one["longest"]["varied_source" if "varied" in name else "source"]
            print(f"{name}: {one['max']} of {one['longest']['piece']} as in {source}")


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="The longest runs shared with training pieces")
    parser.add_argument(
        "events", type=Path, help="packed file, as `python -m composer pack` writes"
    )
    parser.add_argument("--compositions", type=Path, help="folder of composition.json files")
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--candidates", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="JSON file for the result")
    return parser.parse_args()


if __name__ == "__main__":
    main()
