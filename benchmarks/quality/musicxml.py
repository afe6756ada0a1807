"""What MusicXML keeps of a piece, what verovio says to it, and whether names are spelled rightly.

    python benchmarks/quality/musicxml.py --corpus scores --out benchmarks/quality/musicxml.json

Round trip: a piece of the corpus (MIDI, as it is read) is written and read (first), and the result
is written and read again (second). `identical` means that every part has the same notes (onset,
pitch and length, exactly), and that meters, key, bars, pickup and tempo are the same. In the first
trip notes may move: a score cannot write every time that MIDI ticks can. Pieces come in equal
numbers from all forms, from a fixed seed, as far as each form has them.

Bach's chorales that come with music21 are read from their own MusicXML, which other programs wrote:
`read as music21 does` holds every part's notes against music21's own parser with its ties stripped
(pitch and length). They make the round trip, too.

Spelling: each note of these chorales under the key as read, by name, against the name in the
source. A piece may be an enharmonic transposition as a whole. Every fourth chorale was used to
choose the votes in rendering/spelling.py; `held back` are the others.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

# The root in place of this folder, whose requests.py would hide a library of that name.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import verovio
from music21 import converter, corpus

from benchmarks.record import Share, machine_facts, print_table, rounded, save
from benchmarks.sample import rounds
from composer.corpus import Entry, load_corpus
from composer.corpus.musicxml import read_musicxml_bytes
from composer.errors import ScoreFileError
from composer.piece import Part, Piece
from composer.rendering.musicxml import musicxml_bytes
from composer.rendering.spelling import spell
from composer.theory import LINE_OF_FIFTHS, pitch_name

FIFTHS_OF_STEP = dict(zip("FCGDAEB", range(-1, 6), strict=True))
TUNED_EVERY = 4
SAVE_EVERY = 25
MAX_BACH_S = 360.0


def keyed(part: Part) -> list[tuple[Any, ...]]:
    """Return what must come back of each note."""
    return sorted((n.onset_beats, n.pitch, n.duration_beats) for n in part.notes)


def differences(before: Piece, after: Piece) -> list[str]:
    """Name what a trip changed."""
    changes = {
        "parts": len(before.parts) != len(after.parts),
        "notes": [*map(keyed, before.parts)] != [*map(keyed, after.parts)],
        "meters": before.meters != after.meters,
        "key": before.key != after.key,
        "bars": before.n_bars != after.n_bars,
        "pickup": before.pickup_beats != after.pickup_beats,
        "tempo": abs(before.tempo_bpm - after.tempo_bpm) > 1e-6 * before.tempo_bpm,
    }
    return [name for name, is_changed in changes.items() if is_changed]


def count_notes(before: Piece, after: Piece) -> dict[str, int]:
    """Count the notes that a trip lost, and those that it moved or lengthened."""
    lost = changed = 0
    for one, other in zip(before.parts, after.parts, strict=False):
        gone = Counter(keyed(one)) - Counter(keyed(other))
        n_lost = max(0, len(one.notes) - len(other.notes))
        lost, changed = lost + n_lost, changed + gone.total() - n_lost
    return {"lost": lost, "changed": changed}


def largest_shift(before: Piece, after: Piece) -> float:
    """Return by how much an onset moved at most, in quarters, where notes can be matched."""
    shifts = [0.0]
    for one, other in zip(before.parts, after.parts, strict=False):
        if [n.pitch for n in one.notes] == [n.pitch for n in other.notes]:
            pairs = zip(one.notes, other.notes, strict=True)
            shifts += [abs(float(a.onset_beats - b.onset_beats)) for a, b in pairs]
    return max(shifts)


def verovio_log(data: bytes) -> list[str]:
    """Return what verovio says when it loads a file; in Python it writes to the error stream."""
    stream = os.dup(2)
    with TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        toolkit = verovio.toolkit()
        is_loaded = toolkit.loadData(data.decode())
        os.dup2(stream, 2)
        file.seek(0)
        lines = [line for line in file.read().decode().splitlines() if line.strip()]
    os.close(stream)
    return lines if is_loaded else [*lines, "not loaded"]


def round_trips(piece: Piece) -> dict[str, Any]:
    """Write, read, write and read a piece; return a row of the result."""
    started = time.process_time()
    data = musicxml_bytes(piece)
    written = time.process_time()
    first = read_musicxml_bytes(data)
    read = time.process_time()
    second = read_musicxml_bytes(musicxml_bytes(first))
    return {
        "notes": piece.n_notes,
        "bars": piece.n_bars,
        "first": differences(piece, first),
        **{f"first_{name}": n for name, n in count_notes(piece, first).items()},
        "first_largest_shift_beats": rounded(largest_shift(piece, first), 4),
        "second": differences(first, second),
        **{f"second_{name}": n for name, n in count_notes(first, second).items()},
        "verovio": verovio_log(data)[:3],
        "write_s": round(written - started, 3),
        "read_s": round(read - written, 3),
        "kilobytes": round(len(data) / 1000),
    }


# --- The corpus ---------------------------------------------------------------------------------


def sample(entries: Sequence[Entry], n: int, seed: int) -> list[Entry]:
    """Choose entries evenly over forms."""
    rng = np.random.default_rng(seed)
    by_form: dict[str, list[Entry]] = {}
    for entry in entries:
        by_form.setdefault(entry.form, []).append(entry)
    queues = {form: rounds(found, rng) for form, found in sorted(by_form.items())}
    left = {form: len(found) for form, found in by_form.items()}
    chosen: list[Entry] = []
    while len(chosen) < min(n, len(entries)):
        for form in queues:
            if left[form] and len(chosen) < n:
                chosen.append(next(queues[form]))
                left[form] -= 1
    return chosen


def corpus_rows(folder: Path, n: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield a row a piece of the corpus."""
    found = load_corpus(folder)
    chosen = tuple(sample(found.entries, n, seed))
    for entry, piece in replace(found, entries=chosen, refusals=()).pieces():
        row: dict[str, Any] = {"path": entry.path, "form": entry.form}
        yield row | (round_trips(piece) if isinstance(piece, Piece) else {"reason": piece.reason})


# --- Bach's chorales ----------------------------------------------------------------------------


def bach_paths() -> list[Path]:
    """Return the chorales and other works of Bach that music21 brings, in order."""
    paths = [Path(path) for path in corpus.getComposer("bach")]
    return sorted(p for p in paths if p.name.startswith("bwv") and p.suffix in (".mxl", ".xml"))


def bach_rows(n: int | None) -> Iterator[dict[str, Any]]:
    """Yield a row a chorale, until the time of one core is over."""
    started = time.process_time()
    for index, path in enumerate(bach_paths()[:n]):
        if time.process_time() - started > MAX_BACH_S:
            return
        row: dict[str, Any] = {"path": path.name, "is_tuned": index % TUNED_EVERY == 0}
        try:
            piece = read_musicxml_bytes(path.read_bytes())
        except ScoreFileError as error:
            yield row | {"reason": str(error)}
            continue
        source = source_notes(path)
        yield row | round_trips(piece) | compare_reading(piece, source) | spelled(piece, source)


SourceNote = tuple[float, int, float, Any]  # onset, pitch, length, music21's pitch


def source_notes(path: Path) -> list[list[SourceNote]]:
    """Return the notes of every part as music21 reads them, without grace notes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        score = converter.parse(path, forceSource=True, storePickle=False)
        lines = [part.stripTies() for part in score.parts]
    return [
        sorted(
            (float(element.getOffsetInHierarchy(line)), p.midi, float(element.quarterLength), p)
            for element in line.recurse().notes
            if not element.duration.isGrace
            for p in element.pitches
        )
        for line in lines
    ]


def compare_reading(piece: Piece, source: Sequence[Sequence[SourceNote]]) -> dict[str, Any]:
    """Hold the notes that we read against those that music21 reads."""
    ours = [sorted((n.pitch, float(n.duration_beats)) for n in part.notes) for part in piece.parts]
    theirs = [sorted((pitch, length) for _, pitch, length, _ in line) for line in source]
    return {"reads_like_music21": ours == theirs, "parts": len(ours)}


def spelled(piece: Piece, source: Sequence[Sequence[SourceNote]]) -> dict[str, Any]:
    """Count the names that differ from the source, by method; nothing if notes do not match."""
    order = [sorted(part.notes, key=lambda n: (n.onset_beats, n.pitch)) for part in piece.parts]
    pitches = [[note.pitch for note in line] for line in order]
    if pitches != [[pitch for _, pitch, *_ in line] for line in source]:
        return {}
    truth = [FIFTHS_OF_STEP[p.step] + 7 * int(p.alter) for line in source for *_, p in line]
    names = [
        names_of_part[part.notes.index(note)]
        for names_of_part, part, line in zip(spell(piece), piece.parts, order, strict=True)
        for note in line
    ]
    found = [FIFTHS_OF_STEP[name.step] + 7 * name.alteration for name in names]
    by_key = [_by_key(piece, pitch) for line in pitches for pitch in line]
    return {
        "names": len(truth),
        "wrong_by_key": n_wrong(by_key, truth),
        "wrong_by_context": n_wrong(found, truth),
    }


def _by_key(piece: Piece, pitch: int) -> int:
    name = pitch_name(pitch, piece.key).rstrip("-0123456789")
    return LINE_OF_FIFTHS.index(name) - LINE_OF_FIFTHS.index("C")


def n_wrong(found: Sequence[int], truth: Sequence[int]) -> int:
    """Count other names, up to an enharmonic transposition of the whole."""
    shifts = (-12, 0, 12)
    return min(sum(a + s != b for a, b in zip(found, truth, strict=True)) for s in shifts)


# --- The result ---------------------------------------------------------------------------------


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the totals of one kind of pieces."""
    done = [row for row in rows if "reason" not in row]
    if not done:
        return {"pieces": 0}
    total: Callable[[str], Any] = lambda name: sum(row[name] for row in done)  # noqa: E731
    result = {
        "pieces": len(done),
        "refused": len(rows) - len(done),
        "notes": total("notes"),
        "first_identical": Share.of(not row["first"] for row in done).to_dict(),
        "first_notes_lost": total("first_lost"),
        "first_notes_changed": total("first_changed"),
        "second_identical": Share.of(not row["second"] for row in done).to_dict(),
        "second_notes_lost": total("second_lost"),
        "second_notes_changed": total("second_changed"),
        "verovio_warnings": sum(bool(row["verovio"]) for row in done),
        "write_s_mean": round(total("write_s") / len(done), 3),
        "read_s_mean": round(total("read_s") / len(done), 3),
        "notes_written_a_second": round(total("notes") / max(total("write_s"), 1e-9)),
        "notes_read_a_second": round(total("notes") / max(total("read_s"), 1e-9)),
    }
    if "reads_like_music21" in done[0]:
        result["reads_like_music21"] = Share.of(row["reads_like_music21"] for row in done).to_dict()
    return result


def spelling_table(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the shares of names as in the source, by method, for tuned and held back pieces."""
    named = [row for row in rows if row.get("names")]
    groups = {
        "all": named,
        "tuned on": [row for row in named if row["is_tuned"]],
        "held back": [row for row in named if not row["is_tuned"]],
    }
    return [
        {
            "chorales": name,
            "pieces": len(found),
            "names": sum(row["names"] for row in found),
            "by": method,
            "wrong": (wrong := sum(row[column] for row in found)),
            "right": rounded(1 - wrong / max(1, sum(row["names"] for row in found)), 5),
            "pieces without a fault": sum(not row[column] for row in found),
        }
        for name, found in groups.items()
        for method, column in (("key", "wrong_by_key"), ("key and context", "wrong_by_context"))
    ]


def finish(result: dict[str, Any], out: Path | None) -> None:
    """Add the totals and save."""
    totals = {kind: summary(result[kind]) for kind in ("corpus", "bach")}
    if out:
        save(out, {"totals": totals, "spelling": spelling_table(result["bach"]), **result})


def main() -> None:
    """Run the benchmark."""
    options = read_options()
    verovio.enableLog(verovio.LOG_WARNING)
    versions = {name: version(name) for name in ("music21", "verovio")}
    result: dict[str, Any] = {"machine": machine_facts(versions), "corpus": [], "bach": []}
    kinds = {"bach": bach_rows(options.bach)}
    if options.corpus:
        kinds["corpus"] = corpus_rows(options.corpus, options.pieces, options.seed)
    for kind, rows in kinds.items():
        for number, row in enumerate(rows, start=1):
            result[kind].append(row)
            if number % SAVE_EVERY == 0:
                finish(result, options.out)
    finish(result, options.out)
    show(result)


def show(result: dict[str, Any]) -> None:
    """Print the tables."""
    totals = {kind: summary(result[kind]) for kind in ("corpus", "bach") if result[kind]}
    names = list(dict.fromkeys(name for total in totals.values() for name in total))
    print_table(["", *totals], ([n, *(_cell(t.get(n)) for t in totals.values())] for n in names))
    table = spelling_table(result["bach"])
    print_table(list(table[0]), (list(row.values()) for row in table))


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return str(Share(value["hits"], value["n"]))
    return "" if value is None else f"{value:,}"


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="What does MusicXML keep?")
    parser.add_argument("--corpus", type=Path, help="folder of scores with a manifest")
    parser.add_argument("--pieces", type=int, default=300, help="of the corpus")
    parser.add_argument("--bach", type=int, help="chorales of music21; all if left out")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--out", type=Path, help="JSON file for the result")
    return parser.parse_args()


if __name__ == "__main__":
    main()
