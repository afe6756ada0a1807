"""What comes back of real scores: from MusicXML, from MIDI, and at the head of their extension.

    python benchmarks/quality/kept.py FOLDER [FOLDER ...] --out benchmarks/quality/kept.json

Takes files of music of any format that is read, as many from every folder as `--scores` says and
evenly over the folders and endings that it finds below (from a fixed seed), and makes three trips:

- MusicXML: file -> `Piece` -> MusicXML -> `Piece`. All must be equal but for what MusicXML does not
  hold (docs/files.md): velocities, controls, channels and programs, a name for each hand; and but
  for what the file leaves to whoever writes it down: names, clefs and voices that it does not have,
  and all notation of MIDI, which must come back from a second trip
- MIDI: file -> `Piece` -> MIDI -> `Piece`. Of a MIDI file all must be equal; of any other, notes
  to the tick, meters, keys and tempos
- extension: the first bars of an extension must be the piece itself, all that is written in it
  included. Two bars are added by an engine without a model, which plays one note a bar

A difference is named by what it is in: `parts.notes.marks.signs` are the signs at notes. The table
counts scores by difference; scores that are refused are listed with the reason.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

# The root in place of this folder, whose requests.py would hide a library of that name.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from benchmarks.record import Share, machine_facts, print_table, save
from benchmarks.sample import rounds
from composer.corpus import read_midi_bytes, read_musicxml_bytes, read_score
from composer.engines import Capabilities, Continue, Engine, Step, Take
from composer.errors import ComposerError
from composer.piece import Marks, MeterChange, Note, Part, Piece, TempoChange
from composer.pipeline import extend
from composer.rendering import midi_bytes
from composer.rendering.musicxml import musicxml_bytes
from composer.rendering.staves import staff_groups
from composer.stitching import silent, trim

ENDINGS = (".mid", ".midi", ".musicxml", ".mxl", ".xml", ".abc", ".krn", ".mei")
TRIPS = ("MusicXML", "MIDI", "extension")
TICKS = 480
SHOWS = False


class OneNote(Engine):
    """Plays the lowest note of every part at every bar line."""

    weightless = True
    capabilities = Capabilities(good_for="Extensions that take no time.")

    def draw(self, ask: Any) -> Iterator[Step]:
        """Yield one take."""
        yield Step(1.0, (Take(index=0, music=self.replay(ask, {}), record={}),))

    def replay(self, ask: Any, record: Any) -> Piece:
        """Return bars with a note each."""
        assert isinstance(ask, Continue)
        meters = (MeterChange(Fraction(0), ask.before.bars[-1].meter),)
        blank = replace(silent(ask.before), meters=meters, key=ask.key, n_bars=ask.bars)
        onsets = [bar.onset_beats for bar in blank.bars]
        parts = tuple(
            replace(part, notes=tuple(Note(onset, low, Fraction(1, 2)) for onset in onsets))
            for part, (low, _) in zip(blank.parts, ask.ranges, strict=True)
        )
        return replace(blank, parts=parts)


def differences(before: Any, after: Any, name: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield in what two values differ: the name of a field and both of its values."""
    if type(before) is not type(after):
        yield name, before, after
    elif isinstance(before, tuple) and any(map(is_dataclass, (*before, *after))):
        yield from _of_rows(before, after, name)
    elif is_dataclass(before):
        for one in fields(before):
            if one.name != "remarks":
                inner = f"{name}.{one.name}".lstrip(".")
                yield from differences(getattr(before, one.name), getattr(after, one.name), inner)
    elif before != after:
        yield name, before, after


def _of_rows(
    before: tuple[Any, ...], after: tuple[Any, ...], name: str
) -> Iterator[tuple[str, Any, Any]]:
    """Yield the differences of rows, or those that only one side has, if it has more."""
    if len(before) == len(after):
        for one, other in zip(before, after, strict=True):
            if one != other:
                yield from differences(one, other, name)
        return
    lost, new = ([one for one in a if one not in b] for a, b in ((before, after), (after, before)))
    if lost or not new:
        yield f"{name} (lost)", tuple(lost), tuple(new)
    if new:
        yield f"{name} (new)", tuple(lost), tuple(new)


def for_musicxml(piece: Piece) -> Piece:
    """Return what MusicXML holds of a piece; the hands of a keyboard have one name."""
    lower = {group.last for group in staff_groups(piece) if group.is_grand_staff}
    parts = tuple(
        replace(part, name="") if index in lower else part for index, part in enumerate(piece.parts)
    )
    return _each_part(replace(piece, parts=parts), _without_sound)


def _without_sound(part: Part) -> Part:
    notes = tuple(sorted((replace(note, velocity=1) for note in part.notes), key=_in_order))
    markings = tuple(sorted(part.markings, key=_in_order))
    return replace(part, notes=notes, markings=markings, controls=(), channel=None, program=None)


def _in_order(value: Any) -> tuple[Any, ...]:
    """Return what puts values of one moment in an order that says nothing."""
    if isinstance(value, Note):
        marks = value.marks
        return value.onset_beats, value.pitch, value.duration_beats, marks.voice if marks else 0
    end_beats = value.end_beats if value.end_beats is not None else -1
    return value.onset_beats, value.kind, value.text, end_beats, value.voice


def _with_choices_of(piece: Piece, once: Piece) -> Piece:
    """Return what came back, without what the file had left to whoever writes it."""
    if len(piece.parts) != len(once.parts):
        return once
    both = zip(piece.parts, once.parts, strict=True)
    return replace(once, parts=tuple(_with_choices_of_part(*pair) for pair in both))


def _with_choices_of_part(part: Part, once: Part) -> Part:
    if not part.name:
        once = replace(once, name="")
    if all(one.kind != "clef" for one in part.markings):
        markings = tuple(one for one in once.markings if one.kind != "clef")
        once = replace(once, markings=markings)
    if all(not note.marks or not note.marks.voice for note in part.notes):
        notes = tuple(
            replace(note, marks=note.marks and replace(note.marks, voice=0)) for note in once.notes
        )
        markings = tuple(replace(one, voice=0) for one in once.markings)
        once = replace(once, notes=notes, markings=markings)
    return once


def without_notation(piece: Piece) -> Piece:
    """Return a piece without what MIDI leaves to whoever writes it down."""
    return _each_part(for_musicxml(piece), _without_marks)


def _without_marks(part: Part) -> Part:
    notes = (
        Note(note.onset_beats, note.pitch, note.duration_beats, 1, _syllables(note.marks))
        for note in part.notes
    )
    markings = tuple(one for one in part.markings if one.kind != "clef")
    return replace(part, notes=tuple(notes), markings=markings)


def _syllables(marks: Marks | None) -> Marks | None:
    return Marks(lyrics=marks.lyrics) if marks and marks.lyrics else None


def heard(piece: Piece) -> Piece:
    """Return what MIDI holds of a score: where its notes begin, bars, keys and tempos.

    Signs at notes change how long and loud they are played, and the file has grace notes as notes.
    """
    bare = replace(piece, title="", composer="", form="", ensemble="", credit="", repeats=())
    return replace(
        _each_part(bare, lambda part: Part(part.instrument, ())),
        first_bar_number=1,
        tempo_bpm=round(piece.tempo_bpm, 2),
        tempos=tuple(TempoChange(one.onset_beats, round(one.tempo_bpm, 2)) for one in piece.tempos),
    )


def onsets(piece: Piece) -> Counter[tuple[Fraction, int]]:
    """Count when every pitch is struck, to the tick."""
    return Counter(
        (Fraction(round(note.onset_beats * TICKS), TICKS), note.pitch)
        for part in (*piece.parts, *piece.percussion)
        for note in part.notes
    )


def _each_part(piece: Piece, change: Callable[[Part], Part]) -> Piece:
    parts, percussion = tuple(map(change, piece.parts)), tuple(map(change, piece.percussion))
    return replace(piece, parts=parts, percussion=percussion)


def by_musicxml(piece: Piece, *, is_midi: bool) -> list[str]:
    """Name what a trip through MusicXML changes; of MIDI, a second trip keeps the notation too."""
    once = read_musicxml_bytes(musicxml_bytes(piece))
    if not is_midi:
        once = _with_choices_of(for_musicxml(piece), for_musicxml(once))
        return _named(for_musicxml(piece), once)
    twice = read_musicxml_bytes(musicxml_bytes(once))
    names = _named(for_musicxml(once), for_musicxml(twice))
    notation = (f"notation: {name}" for name in names)
    sound = _with_choices_of(piece, without_notation(once))
    return [*_named(without_notation(piece), sound), *notation]


def by_midi(piece: Piece, *, is_midi: bool) -> list[str]:
    """Name what a trip through MIDI changes."""
    again = read_midi_bytes(midi_bytes(piece), title=piece.title)
    if is_midi:
        return _named(piece, again)
    lost = onsets(piece) - onsets(again)
    return [*_named(heard(piece), heard(again)), *(["notes"] if lost else [])]


def by_extension(piece: Piece, *, is_midi: bool) -> list[str]:
    """Name what the head of an extension has otherwise than the piece."""
    found = extend(piece, 2, engine=OneNote(), candidates=1).piece
    head = trim(found, 1, piece.n_bars)
    given = trim(piece, 1, piece.n_bars)
    return _named(given, head)


def _named(before: Piece, after: Piece) -> list[str]:
    found: dict[str, tuple[Any, Any]] = {}
    for name, one, other in differences(before, after):
        found.setdefault(name, (one, other))
    for name, (one, other) in found.items() if SHOWS else ():
        print(f"  {name}: {one!s:.1500} -> {other!s:.1500}")
    return sorted(found)


def choose(folder: Path, n: int, seed: int) -> list[Path]:
    """Choose files evenly over the folders in a folder, and over endings in each."""
    rng = np.random.default_rng(seed)
    kinds: dict[tuple[str, str], list[Path]] = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        if path.suffix in ENDINGS:
            kinds[path.relative_to(folder).parts[0], path.suffix].append(path)
    queues = [rounds(kinds[kind], rng) for kind in sorted(kinds)]
    n = min(n, sum(map(len, kinds.values())))
    chosen: dict[Path, None] = {}
    while len(chosen) < n:
        for queue in queues:
            chosen.setdefault(next(queue))
    return list(chosen)[:n]


def row_of(path: Path, folder: Path) -> dict[str, Any]:
    """Make all trips with a score."""
    row: dict[str, Any] = {"score": str(path.relative_to(folder))}
    try:
        piece = read_score(path)
    except ComposerError as error:
        return row | {"refused": str(error)}
    row |= {"notes": piece.n_notes, "bars": piece.n_bars, "parts": len(piece.parts)}
    is_midi = path.suffix in (".mid", ".midi")
    for name, trip in zip(TRIPS, (by_musicxml, by_midi, by_extension), strict=True):
        try:
            row[name] = trip(piece, is_midi=is_midi)
        except ComposerError as error:
            row[name] = [f"refused: {error}"]
    return row


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return by trip how many scores came back, and how many differ in what."""
    read = [row for row in rows if "refused" not in row]
    return {
        "scores": len(read),
        "refused": len(rows) - len(read),
        "endings": dict(Counter(Path(row["score"]).suffix for row in read)),
        "notes": sum(row["notes"] for row in read),
        "equal": {trip: Share.of(not row[trip] for row in read).to_dict() for trip in TRIPS},
        "differ": {
            trip: dict(Counter(name for row in read for name in row[trip]).most_common())
            for trip in TRIPS
        },
    }


def main() -> None:
    """Run the benchmark."""
    options = read_options()
    rows = []
    for folder in options.folders:
        for path in choose(folder, options.scores, options.seed):
            rows.append(row_of(path, folder))
            if options.verbose:
                print(rows[-1], flush=True)
    total = summary(rows)
    print_table(
        ["trip", "equal", "differ in"],
        ([trip, f"{(e := total['equal'][trip])['hits']}/{e['n']}", total["differ"][trip] or "-"]
         for trip in TRIPS),
    )  # fmt: skip
    if options.out:
        save(options.out, {"machine": machine_facts(), "totals": total, "rows": rows})


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="What comes back of real scores?")
    parser.add_argument("folders", type=Path, nargs="+", help="with scores, in folders or not")
    parser.add_argument("--scores", type=int, default=100, help="of each folder")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--verbose", action="store_true", help="print a line a score")
    parser.add_argument("--out", type=Path, help="JSON file for the result")
    return parser.parse_args()


if __name__ == "__main__":
    main()
