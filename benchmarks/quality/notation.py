"""How many signs a sheet needs: composed pieces over the whole menu beside real ones.

    python benchmarks/quality/notation.py --corpus scores --pieces 60 --real 200 \
        --out benchmarks/quality/notation.json

Counted in the MusicXML that sheets are engraved from, of the first 16 bars of a piece:

- signs: heads, rests that are shown, dots, ties, tuplets; a note that needs one head counts 1
- long values: heads with a dot or a tie, of 100 heads
- tiny rests: rests under a sixteenth, of 100 notes
- crowded bars: bars of a staff, of four notes or more, with more than twice as many signs a note as
  a usual (median) bar of the real pieces
- last chord: the rule of that name (scoring/harmony/closes.py) at the end of the whole piece: a
  complete triad, no crossed voices, long enough; of pieces that sound three pitch classes or more
  most of the time. `whole` is the share with all three

Composed are winners of four candidates, 8 bars, every row of the menu as often as any other; real
are pieces of all forms in equal numbers, as far as each form has them. `--unmended` writes lengths
as they are played, for comparison. The script fails if composed pieces are crowded in more than
`MAX_CROWDED` of their bars, or need more than `MAX_RATIO` times the signs of real ones.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, median
from typing import Any
from xml.etree import ElementTree

# The root in place of this folder, whose requests.py would hide a library of that name.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from benchmarks.record import machine_facts, print_table, rounded, save
from benchmarks.sample import mixed_requests, rounds
from composer.corpus import load_corpus
from composer.errors import ComposerError
from composer.piece import Part, Piece
from composer.pipeline import compose, default_engine
from composer.rendering import lengths, musicxml
from composer.rendering.musicxml import musicxml_bytes
from composer.rendering.rhythm import snap_span
from composer.rendering.sheet import first_bars
from composer.scoring.harmony.closes import last_chord
from composer.scoring.texture import build_texture

MAX_BARS = 16
COMPOSED_BARS = 8
MIN_NOTES = 4
CROWDED = 2.0
MAX_CROWDED, MAX_RATIO = 0.02, 1.25
TINY = ("32nd", "64th", "128th", "256th", "512th", "1024th")


@dataclass
class Signs:
    """What stands in a bar of a staff, or in many."""

    notes: int = 0
    heads: int = 0
    rests: int = 0
    dots: int = 0
    ties: int = 0
    tuplets: int = 0
    long_values: int = 0
    tiny_rests: int = 0

    @property
    def a_note(self) -> float:
        """Signs a note."""
        signs = self.heads + self.rests + self.dots + self.ties + self.tuplets
        return signs / max(1, self.notes)

    def add(self, other: Signs) -> None:
        """Count another bar in."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def bars_of(piece: Piece) -> Iterator[Signs]:
    """Yield the signs of every bar of every staff."""
    root = ElementTree.fromstring(musicxml_bytes(first_bars(piece, MAX_BARS)))
    for measure in root.iterfind("part/measure"):
        by_staff: dict[str, Signs] = defaultdict(Signs)
        for note in measure.iterfind("note"):
            count(note, by_staff[note.findtext("staff") or "1"])
        yield from by_staff.values()


def count(note: ElementTree.Element, signs: Signs) -> None:
    """Count one head or rest with what belongs to it."""
    if note.get("print-object") == "no":
        return
    n_dots = len(note.findall("dot"))
    ties = {tie.get("type") for tie in note.iterfind("tie")}
    signs.dots += n_dots
    signs.tuplets += note.find("notations/tuplet[@type='start']") is not None
    if note.find("rest") is not None:
        signs.rests += 1
        signs.tiny_rests += note.findtext("type") in TINY
        return
    signs.heads += 1
    signs.notes += "stop" not in ties
    signs.ties += "start" in ties
    signs.long_values += bool(n_dots or ties)


def row_of(piece: Piece, **facts: Any) -> tuple[dict[str, Any], list[float]]:
    """Return a row of the result, and the signs a note of every bar with enough notes."""
    total = Signs()
    by_bar = []
    for bar in bars_of(piece):
        total.add(bar)
        by_bar += [bar.a_note] if bar.notes >= MIN_NOTES else []
    row = facts | {
        "notes": total.notes,
        "signs_a_note": rounded(total.a_note),
        "long_values": rounded(100 * total.long_values / max(1, total.heads), 1),
        "tiny_rests": rounded(100 * total.tiny_rests / max(1, total.notes), 1),
        "last_chord": rounded(last_chord(build_texture(piece)).value),
    }
    return row, by_bar


def composed_rows(n: int, seed: int) -> Iterator[tuple[dict[str, Any], list[float]]]:
    """Compose over the whole menu."""
    for request in mixed_requests(default_engine().menu, n, candidates=4, seed=seed):
        short = replace(request, bars=COMPOSED_BARS)
        try:
            piece = compose(short).piece
        except ComposerError as error:
            print(f"{short.composer}, {short.form}: {error}", file=sys.stderr)
            continue
        yield row_of(piece, composer=short.composer, form=short.form, seed=short.seed)


def real_rows(folder: Path, n: int, seed: int) -> Iterator[tuple[dict[str, Any], list[float]]]:
    """Read pieces of all forms."""
    found = load_corpus(folder)
    rng = np.random.default_rng(seed)
    forms = sorted({entry.form for entry in found.entries})
    by_form = {form: [e for e in found.entries if e.form == form] for form in forms}
    queues = {form: rounds(entries, rng) for form, entries in by_form.items() if entries}
    chosen = [next(queues[form]) for form, _ in zip(_again(list(queues)), range(n), strict=False)]
    entries = tuple(dict.fromkeys(chosen))
    for entry, piece in replace(found, entries=entries, refusals=()).pieces():
        if isinstance(piece, Piece):
            yield row_of(piece, path=entry.path, form=entry.form)


def _again(values: Sequence[str]) -> Iterator[str]:
    while True:
        yield from values


def summary(rows: Sequence[dict[str, Any]], bars: Sequence[float], usual: float) -> dict[str, Any]:
    """Return what pieces need together."""
    signs = [row["signs_a_note"] for row in rows]
    return {
        "pieces": len(rows),
        "notes": sum(row["notes"] for row in rows),
        "signs_a_note": rounded(mean(signs)),
        "signs_a_note_worst": max(signs),
        "long_values": rounded(mean(row["long_values"] for row in rows), 1),
        "tiny_rests": rounded(mean(row["tiny_rests"] for row in rows), 2),
        "bars": len(bars),
        "crowded_bars": rounded(mean(bar > CROWDED * usual for bar in bars), 4),
        "last_chord": rounded(mean(closes := [c for row in rows if (c := row["last_chord"])])),
        "last_chord_whole": rounded(mean(close == 1 for close in closes)),
    }


def main() -> None:
    """Run the benchmark."""
    options = read_options()
    if options.unmended:
        musicxml.write_lengths = _as_played
    kinds = {"composed": list(composed_rows(options.pieces, options.seed))}
    if options.corpus:
        kinds["real"] = list(real_rows(options.corpus, options.real, options.seed))
    bars = {kind: [bar for _, found in rows for bar in found] for kind, rows in kinds.items()}
    usual = median(bars.get("real", bars["composed"]))
    tables = {kind: [row for row, _ in rows] for kind, rows in kinds.items()}
    totals = {kind: summary(rows, bars[kind], usual) for kind, rows in tables.items()}
    print_table(["", *totals], ([n, *(t[n] for t in totals.values())] for n in totals["composed"]))
    if options.out:
        facts = {"machine": machine_facts(), "usual_bar": rounded(usual), "totals": totals}
        save(options.out, facts | tables)
    check(totals)


def _as_played(piece: Piece) -> lengths.Written:
    piece = replace(piece, parts=tuple(map(_snapped, piece.parts)))
    counted = replace(piece, n_bars=0).n_bars
    touches = tuple(tuple(lengths.Touch() for _ in part.notes) for part in piece.parts)
    return lengths.Written(replace(piece, n_bars=max(piece.n_bars, counted)), touches)


def _snapped(part: Part) -> Part:
    spans = [(note, snap_span(note.onset_beats, note.end_beats)) for note in part.notes]
    notes = (replace(note, onset_beats=a, duration_beats=b - a) for note, (a, b) in spans)
    return replace(part, notes=tuple(sorted(notes)))


def check(totals: dict[str, dict[str, Any]]) -> None:
    """Hold the bound."""
    composed, real = totals["composed"], totals.get("real")
    if real is None:
        return
    ratio = composed["signs_a_note"] / real["signs_a_note"]
    if ratio > MAX_RATIO or composed["crowded_bars"] > MAX_CROWDED:
        raise SystemExit(
            f"composed pieces need {ratio:.2f} times the signs of real ones, and"
            f" {100 * composed['crowded_bars']:.1f} % of their bars are crowded"
        )


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="How many signs does a sheet need?")
    parser.add_argument("--corpus", type=Path, help="folder of scores with a manifest")
    parser.add_argument("--pieces", type=int, default=200, help="to compose")
    parser.add_argument("--real", type=int, default=200, help="of the corpus")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--unmended", action="store_true", help="write lengths as they are played")
    parser.add_argument("--out", type=Path, help="JSON file for the result")
    return parser.parse_args()


if __name__ == "__main__":
    main()
