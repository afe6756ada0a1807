"""Bars filled and melodies harmonised in scores that were held back from training.

    python benchmarks/quality/filling.py --corpus scores --out benchmarks/quality/filling.json

Pieces: validation and test splits, drawn at random, any form. Infills: one to eight bars anywhere,
in two of five cases of some parts only. A result counts as identical if every note outside the
hole is the very object that was given, once, and every other note lies within the hole.
Harmonisations: one part of a piece given, the highest in one half; Bach chorale melodies among
them, in the manner of Bach's chorales.

Likelihood: nats a note of the bars in the hole, those that were drawn (every candidate) and those
that stood there, both read behind the same bars before and after.

Harmony: at every quarter, the root of what the lower parts sound (of the major, minor and
diminished triads the one that fits best, the bass deciding between equals) and their pitch classes,
against Bach's own; chance is another chorale of the same mode and meter, moved to the same tonic.
Parallels are counted as in chorales.py; draws are all candidates, winners the first of every table.

Melody moved: how much less likely the model finds the pitches of Bach's lower parts when the given
melody is moved up a tritone, where it runs one bar ahead and where it comes in its place.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

# The root in place of this folder, whose requests.py would hide a library of that name.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from benchmarks.record import Share, machine_facts, print_table, rounded, save
from composer.corpus import load_corpus
from composer.errors import ComposerError
from composer.models.likelihood import row_nats
from composer.piece import Note, Piece
from composer.pipeline import Filled, default_engine, harmonise, infill
from composer.scoring import measure
from composer.tokenizer import encode, vocab
from composer.tokenizer.holes import Bars, given_parts, hole, window
from composer.tokenizer.holes import Sequence as RowSequence
from composer.training.batches import pad

MAX_HOLE_BARS, AROUND_BARS, MAX_ROWS = 8, 8, 512
KINDS, SAVE_EVERY = ("infills", "harmonisations", "chorales"), 10
OTHERS = 4  # candidates of a harmonisation that is no chorale
CHANCES = 4  # others that each chorale is compared with
PARALLELS = ("parallel_fifths", "parallel_octaves")
TRIADS = [
    {(root + step) % 12 for step in steps}
    for steps in ((0, 4, 7), (0, 3, 7), (0, 3, 6))
    for root in range(12)
]


def held_back(folder: Path) -> list[Piece]:
    """Return the pieces of the validation and the test split."""
    splits = [load_corpus(folder, split=split) for split in ("valid", "test")]
    return [p for corpus in splits for _, p in corpus.pieces() if isinstance(p, Piece)]


def run_infill(
    piece: Piece, rng: np.random.Generator, candidates: int, seed: int
) -> dict[str, Any]:
    """Fill a hole in a piece; return a row of the result."""
    n_parts = len(piece.parts)
    length = int(rng.integers(1, min(MAX_HOLE_BARS, piece.n_bars - 2) + 1))
    first = int(rng.integers(1, piece.n_bars - length + 2))
    parts = None
    if n_parts > 1 and rng.random() < 0.4:
        parts = sorted(rng.choice(n_parts, int(rng.integers(1, n_parts)), replace=False).tolist())
    numbers = piece.bar_numbers[first - 1 : first - 1 + length]
    row: dict[str, Any] = {"form": piece.form, "bars": [numbers[0], numbers[-1]], "parts": parts}
    try:
        found = infill(
            piece, numbers[0], numbers[-1], parts=parts, candidates=candidates, seed=seed
        )
    except ComposerError as error:
        return row | {"refused": str(error)}
    span = (first - 1, first - 1 + length)
    drawn = [nats_in(one.piece, span, parts) for one in found.ranked]
    return row | {
        "identical": all(is_identical(piece, one.piece, found) for one in found.ranked),
        "seconds": round(found.elapsed_s, 2),
        "original": nats_in(piece, span, parts),
        "drawn": [one for one in drawn if one],
    }


def is_identical(source: Piece, result: Piece, found: Filled) -> bool:
    """Whether all that was given is there as the same objects, and nothing else but in the hole."""
    blank = found.blank
    for index, (part, given) in enumerate(zip(result.parts, source.parts, strict=True)):
        old = {id(note) for note in given.notes}
        kept = [id(note) for note in part.notes if id(note) in old]
        outside = [id(n) for n in given.notes if not _is_inside(n, index, source, found)]
        new = [note for note in part.notes if id(note) not in old]
        if len(set(kept)) != len(kept) or not set(outside) <= set(kept):
            return False
        if not all(_is_inside(note, index, blank.piece, found) for note in new):
            return False
    return result.bars == source.bars


def _is_inside(note: Note, part: int, piece: Piece, found: Filled) -> bool:
    cells = found.blank.cells[:, part]
    bars = [bar for bar in piece.bars if cells[bar.index]]
    return any(bar.onset_beats <= note.onset_beats < bar.end_beats for bar in bars)


def nats_in(piece: Piece, span: tuple[int, int], parts: Sequence[int] | None) -> list[float]:
    """Return nats and notes of the bars in a hole, read behind what is around; none if too long."""
    engine = default_engine()
    bars = Bars.of(encode(piece, engine.vocabulary))
    start, stop = max(0, span[0] - AROUND_BARS), min(len(bars), span[1] + AROUND_BARS)
    found = hole(bars, start, stop, *span, parts or ())
    if len(found.rows) > MAX_ROWS:
        return []
    fill = int(np.flatnonzero(found.rows[:, vocab.TIME] == vocab.FILL)[0])
    counted = found.is_written & (np.arange(len(found.rows)) > fill)
    batch = pad([RowSequence(found.rows, counted, found.closes_bar)])
    counts = batch.counts.copy()
    counts[..., vocab.PART] &= batch.nexts[..., vocab.TIME] != vocab.BAR
    nats = float(row_nats(model(), batch.rows, batch.nexts, counts).sum())
    return [nats, float(counts[..., vocab.PITCH].sum())]


def model() -> Any:
    """Return the model of the checkpoint, loaded once."""
    if not _MODEL:
        from composer.models import load_checkpoint
        from composer.places import checkpoint_folder

        _MODEL.append(load_checkpoint(checkpoint_folder()).model)
    return _MODEL[0]


_MODEL: list[Any] = []


def run_harmonisation(
    piece: Piece, part: int, candidates: int, seed: int, **manner: str
) -> dict[str, Any]:
    """Write parts to one part of a piece; return a row of the result."""
    row: dict[str, Any] = {"title": piece.title, "form": piece.form, "part": part}
    try:
        found = harmonise(piece, part=part, candidates=candidates, seed=seed, **manner)
    except ComposerError as error:
        return row | {"refused": str(error)}
    given = piece.parts[part].notes
    identical = [
        any(
            len(p.notes) == len(given) and all(a is b for a, b in zip(p.notes, given, strict=True))
            for p in one.piece.parts
        )
        for one in found.ranked
    ]
    row |= {"identical": all(identical), "seconds": round(found.elapsed_s, 2)}
    if manner:
        row["draws"] = [parallels(one.piece) for one in found.ranked]
        row["agreement"] = agreement(found.piece, piece)
        row["agreement_draws"] = (
            np.mean([list(agreement(o.piece, piece)) for o in found.ranked], axis=0)
            .round(4)
            .tolist()
        )
        row["parallels_real"] = parallels(piece)
    return row


def melody_moved(pieces: Sequence[Piece]) -> dict[str, list[float]]:
    """Return the pitch nats a lower note of real chorales: as they are, melody up a tritone.

    In both layouts that a model may read a given melody in; one that listens finds the second much
    less likely.
    """
    bars = [Bars.of(encode(piece, default_engine().vocabulary)) for piece in pieces]
    layouts = {
        "given one bar ahead": [given_parts(one, 0, len(one), [0]) for one in bars],
        "given in their places": [window(one, 0, len(one)) for one in bars],
    }
    return {
        name: [
            rounded(float(np.mean([lower_nats(one, by) for one in found])), 4) or 0.0
            for by in (0, 6)
        ]
        for name, found in layouts.items()
    }


def lower_nats(sequence: RowSequence, semitones: int) -> float:
    """Return the pitch nats a note of the lower parts, the highest part moved."""
    rows = sequence.rows.copy()
    rows[vocab.is_note(rows) & (rows[:, vocab.PART] == 0), vocab.PITCH] += semitones
    moved = RowSequence(rows, sequence.is_written, sequence.closes_bar).cut(MAX_ROWS)
    batch = pad([moved])
    lower = vocab.is_note(batch.nexts) & (batch.nexts[..., vocab.PART] > 0)
    counts = np.zeros_like(batch.counts)
    counts[..., vocab.PITCH] = lower & batch.counts[..., vocab.PITCH]
    return float(row_nats(model(), batch.rows, batch.nexts, counts).sum() / counts.sum())


def parallels(piece: Piece) -> int:
    """Return how many parallel fifths and octaves a piece has."""
    found = measure(piece)
    return sum(round(found[name].value * piece.n_notes / 100) for name in PARALLELS)


def agreement(piece: Piece, real: Piece) -> tuple[float, float]:
    """Return the share of quarters with the same root, and the mean likeness of pitch classes."""
    pairs = [(a, b) for a, b in zip(chords(piece), chords(real), strict=False) if a[1] and b[1]]
    roots = np.mean([root_of(*a) == root_of(*b) for a, b in pairs])
    likeness = np.mean([len(a[1] & b[1]) / len(a[1] | b[1]) for a, b in pairs])
    return round(float(roots), 4), round(float(likeness), 4)


def chords(piece: Piece) -> Iterator[tuple[int, frozenset[int]]]:
    """Yield bass and pitch classes of the lower parts at every quarter, from the tonic."""
    notes = [note for part in piece.parts[1:] for note in part.notes]
    tonic = piece.key.tonic_pitch_class
    for beat in range(int(piece.length_beats)):
        sounding = [n.pitch for n in notes if n.onset_beats <= beat < n.end_beats]
        classes = frozenset((pitch - tonic) % 12 for pitch in sounding)
        yield (min(sounding) - tonic) % 12 if sounding else 0, classes


def root_of(bass: int, classes: frozenset[int]) -> int:
    """Return the root of the triad that fits pitch classes best."""
    fits = [
        2 * len(triad & classes) - len(classes - triad) + 0.5 * (index % 12 == bass)
        for index, triad in enumerate(TRIADS)
    ]
    return int(np.argmax(fits)) % 12


def chance(pieces: Sequence[Piece]) -> tuple[float, float]:
    """Return the agreement of chorales with others of the same mode, on the same tonic."""
    found = [
        agreement(other, piece)
        for index, piece in enumerate(pieces)
        for other in alike(piece, (*pieces[index + 1 :], *pieces[:index]))
    ]
    roots, likeness = np.mean(found, axis=0).round(4).tolist()
    return roots, likeness


def alike(piece: Piece, others: Sequence[Piece]) -> list[Piece]:
    """Return up to `CHANCES` pieces of the same mode and meter."""
    found = [p for p in others if (p.key.mode, p.meter) == (piece.key.mode, piece.meter)]
    return found[:CHANCES]


def likelihood(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Sum up nats a note of what was drawn and of what stood there."""
    both = [row for row in rows if row.get("original") and row.get("drawn")]
    real = np.array([row["original"] for row in both])
    drawn = np.array([np.mean(row["drawn"], axis=0) for row in both])
    first = np.array([row["drawn"][0] for row in both])
    return {
        "holes": len(both),
        "originals": rounded(real[:, 0].sum() / real[:, 1].sum(), 4),
        "draws": rounded(drawn[:, 0].sum() / drawn[:, 1].sum(), 4),
        "winners": rounded(first[:, 0].sum() / first[:, 1].sum(), 4),
    }


def summary(result: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of all rows."""
    infills, others, chorales = (result[name] for name in ("infills", "harmonisations", "chorales"))
    done = [row for row in chorales if "draws" in row]
    columns = ("agreement", "agreement_draws")
    winners, draws = (
        np.mean([row[name] for row in done], axis=0).round(4).tolist() for name in columns
    )
    harmonised = [row for row in (*others, *chorales) if "identical" in row]
    return {
        "infills_identical": Share.of(
            r["identical"] for r in infills if "identical" in r
        ).to_dict(),
        "harmonisations_identical": Share.of(r["identical"] for r in harmonised).to_dict(),
        "refused": [row["refused"] for row in (*infills, *others, *chorales) if "refused" in row],
        "nats_per_note": likelihood(infills),
        "pitch_nats_melody_moved": result["melody_moved"],
        "parallels_a_chorale": {
            "winners": rounded(np.mean([row["draws"][0] for row in done])),
            "draws": rounded(np.mean([n for row in done for n in row["draws"]])),
            "bach": rounded(np.mean([row["parallels_real"] for row in done])),
        },
        "harmony": {
            "columns": ["same root", "likeness of pitch classes"],
            "winners": winners,
            "draws": draws,
            "chance": result["chance"],
        },
    }


def main() -> None:
    """Run all, save every ten rows, print."""
    options = read_options()
    pieces = held_back(options.corpus)
    bach = [p for p in pieces if (p.composer, p.form, len(p.parts)) == ("Bach", "chorale", 4)]
    bach = bach[: options.chorales]
    result: dict[str, Any] = {
        "machine": machine_facts(default_engine().versions),
        "candidates": {"infills": options.few, "chorales": options.candidates, "others": OTHERS},
        "chance": chance(bach) if len(bach) > 1 else None,
        "melody_moved": melody_moved(bach),
        "infills": [],
        "harmonisations": [],
        "chorales": [],
    }
    for name, row in rows_of(pieces, bach, options):
        result[name].append(row)
        if sum(map(len, (result[key] for key in KINDS))) % SAVE_EVERY == 0:
            save(options.out, {"summary": summary(result), **result})
    result = {"summary": summary(result), **result}
    save(options.out, result)
    print_table(("figure", "value"), result["summary"].items())


def rows_of(
    pieces: Sequence[Piece], bach: Sequence[Piece], options: argparse.Namespace
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every row with its kind: by turns an infill and a harmonisation."""
    rng = np.random.default_rng(options.seed)
    long_enough = [piece for piece in pieces if piece.n_bars >= 4]
    short = [piece for piece in pieces if piece.n_bars <= options.bars]
    short = [piece for piece in short if piece.parts[0].notes and piece.parts[-1].notes]
    filled = rng.choice(len(long_enough), options.infills, replace=False).tolist()
    others = rng.choice(len(short), options.infills - len(bach), replace=False).tolist()
    for number, place in enumerate(filled):
        yield "infills", run_infill(long_enough[place], rng, options.few, number)
        if number < len(bach):
            manner = {"composer": "Bach", "form": "chorale"}
            row = run_harmonisation(bach[number], 0, options.candidates, number, **manner)
            yield "chorales", row
        else:
            piece = short[others[number - len(bach)]]
            part = 0 if number % 2 else len(piece.parts) - 1
            yield "harmonisations", run_harmonisation(piece, part, OTHERS, number)


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Measure infills and harmonisations.")
    parser.add_argument("--corpus", type=Path, required=True, help="folder of scores")
    parser.add_argument("--out", type=Path, required=True, help="the JSON file")
    parser.add_argument("--infills", type=int, default=100, help="and as many harmonisations")
    parser.add_argument("--chorales", type=int, default=30, help="harmonisations of Bach melodies")
    parser.add_argument("--candidates", type=int, default=16, help="of each of those")
    parser.add_argument("--few", type=int, default=2, help="candidates of an infill")
    parser.add_argument("--bars", type=int, default=40, help="of the pieces harmonised, at most")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    return parser.parse_args()


if __name__ == "__main__":
    main()
