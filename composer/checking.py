"""Is a file of music sound? What a program that writes such files should never leave behind.

Knows pieces and files, not who composed them. What a person may want (a note out of range, an empty
bar) is a remark; what no program should write is a fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from composer.composition import read_composition
from composer.corpus import read_score, read_score_bytes
from composer.errors import ComposerError, ScoreFileError
from composer.novelty import longest_shared_run
from composer.piece import Part, Piece
from composer.rendering import midi_bytes
from composer.rendering.musicxml import musicxml_bytes

SUFFIXES = (".mid", ".midi", ".musicxml", ".mxl", ".xml")
COMPOSITION = "composition.json"
MAX_COMPOSITION_BYTES = 50_000_000
_LATEST_MOVE_BEATS = Fraction(1, 48)  # half a position of the grid
Notes = list[tuple[Fraction, int]]


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in a file.

    Args:
        name: Of the file, and of the candidate where it holds several.
        faults: What no program should write, a sentence each.
        remarks: What a person may have wanted, a sentence each.
        bars, notes: Counts; 0 if it cannot be read.
    """

    name: str
    faults: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    bars: int = 0
    notes: int = 0

    @property
    def is_sound(self) -> bool:
        """Whether it has no fault."""
        return not self.faults

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self) | {"is_sound": self.is_sound}


def files_in(places: Sequence[Path]) -> list[Path]:
    """Return files as they are named, and of folders all files of music below them.

    Raises:
        ScoreFileError: If there is none.
    """
    found = [
        path
        for place in places
        for path in (sorted(place.rglob("*")) if place.is_dir() else [place])
        if not place.is_dir() or path.suffix.lower() in SUFFIXES or path.name == COMPOSITION
    ]
    if not found:
        raise ScoreFileError("there are no files of music to check; name files or their folder")
    return found


def check_file(path: Path) -> list[Checked]:
    """Check a MIDI or MusicXML file, or every candidate of a composition.json.

    Returns:
        One finding a piece.
    """
    try:
        if path.suffix.lower() != ".json":
            return [check_piece(read_score(path), path.name)]
        return list(_check_composition(path))
    except ComposerError as error:
        return [Checked(path.name, (str(error),))]


def check_piece(piece: Piece, name: str = "") -> Checked:
    """Check a piece: its notes, and whether it can be written and read again."""
    faults = [*note_faults(piece)]
    for kind, write in (("MIDI", midi_bytes), ("MusicXML", musicxml_bytes)):
        faults += _lost(piece, kind, write)
    remarks = [piece.remarks_in_a_line] if piece.remarks else []
    remarks += [*_silences(piece), *_out_of_range(piece), *_copies(piece)]
    return Checked(name, tuple(faults), tuple(remarks), piece.n_bars, piece.n_notes)


def note_faults(piece: Piece) -> Iterator[str]:
    """Yield what is wrong with the notes of a piece, a sentence each."""
    yield from _sound_twice(piece)
    yield from _beyond_the_end(piece)


def _check_composition(path: Path) -> Iterator[Checked]:
    """Check all candidates; what one misses of its request is a remark."""
    try:
        if path.stat().st_size > MAX_COMPOSITION_BYTES:
            raise ScoreFileError(f"{path.name} has more than {MAX_COMPOSITION_BYTES // 10**6} MB")
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScoreFileError(f"{path.name} cannot be read as text in UTF-8") from error
    for one in read_composition(text).ranked:
        found = check_piece(one.piece, f"{path.name}, candidate {one.rank}")
        missed = tuple(
            f"{outcome.name}: asked {outcome.asked}, got {outcome.got}"
            for outcome in one.kept
            if not outcome.is_kept
        )
        yield Checked(found.name, found.faults, missed + found.remarks, found.bars, found.notes)


def _sound_twice(piece: Piece) -> Iterator[str]:
    """Find keys that a part strikes while they sound: MIDI cannot tell their ends apart."""
    for number, part in enumerate(piece.parts, start=1):
        ends: dict[int, Fraction] = {}
        n_struck = 0
        for note in part.notes:
            n_struck += ends.get(note.pitch, Fraction(0)) > note.onset_beats
            ends[note.pitch] = max(ends.get(note.pitch, Fraction(0)), note.end_beats)
        if n_struck:
            yield f"part {number} strikes {n_struck} keys while they sound"


def _beyond_the_end(piece: Piece) -> Iterator[str]:
    late = sum(note.end_beats > piece.length_beats for part in piece.parts for note in part.notes)
    if late:
        yield f"{late} notes sound beyond the last bar"


def _lost(piece: Piece, kind: str, write: Callable[[Piece], bytes]) -> Iterator[str]:
    """Compare the notes that come back from a written file with those that were written."""
    try:
        again = read_score_bytes(write(piece), title=piece.title)
    except ComposerError as error:
        yield f"as {kind} it cannot be written and read again: {error}"
        return
    before, after = _onsets(piece.parts), _onsets(again.parts)
    if len(before) != len(after):
        yield f"as {kind} {len(before)} notes become {len(after)}"
    elif n_moved := sum(_differ(*pair) for pair in zip(before, after, strict=True)):
        yield f"as {kind} {n_moved} notes come back at another time or pitch"


def _onsets(parts: tuple[Part, ...]) -> Notes:
    return sorted((note.onset_beats, note.pitch) for part in parts for note in part.notes)


def _differ(before: tuple[Fraction, int], after: tuple[Fraction, int]) -> bool:
    return before[1] != after[1] or abs(before[0] - after[0]) > _LATEST_MOVE_BEATS


def _silences(piece: Piece) -> Iterator[str]:
    """Find parts without notes, and bars in which nothing sounds."""
    silent = [str(n) for n, part in enumerate(piece.parts, start=1) if not part.notes]
    if silent:
        yield f"no notes in part {', '.join(silent)}"
    spans = sorted(
        (note.onset_beats, note.end_beats) for part in piece.parts for note in part.notes
    )
    empty = [
        number
        for number, bar in zip(piece.bar_numbers, piece.bars, strict=True)
        if not any(onset < bar.end_beats and end > bar.onset_beats for onset, end in spans)
    ]
    if empty:
        yield f"nothing sounds in bar {_runs(empty)}"


def _runs(numbers: list[int]) -> str:
    """Write numbers as `3, 7-9`."""
    starts = [numbers[0], *(b for a, b in pairwise(numbers) if b != a + 1)]
    ends = [*(a for a, b in pairwise(numbers) if b != a + 1), numbers[-1]]
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True))


def _out_of_range(piece: Piece) -> Iterator[str]:
    for number, part in enumerate(piece.parts, start=1):
        low, high = part.instrument.low, part.instrument.high
        n_outside = sum(not low <= note.pitch <= high for note in part.notes)
        if n_outside:
            yield f"{n_outside} notes of part {number} lie outside the {part.instrument.name}"


def _copies(piece: Piece) -> Iterator[str]:
    shared = longest_shared_run(piece)
    if shared.is_copy:
        bars = f"bars {shared.first_bar}-{shared.last_bar}"
        yield f"{shared.notes} notes in a row, in {bars}, stand in {shared.piece_name} as well"
