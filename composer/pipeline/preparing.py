"""Continue mine: what was found in somebody's music, corrected and cut before it goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from statistics import fmean

from composer.corpus.abc import read_abc
from composer.corpus.detect import ensemble_of_piece
from composer.errors import OptionError
from composer.piece import MeterChange, Part, Piece
from composer.pipeline.many_parts import MAX_PARTS_HEARD
from composer.stitching import trim
from composer.theory import (
    ENSEMBLES,
    Key,
    Meter,
    ensemble_instruments,
    estimate_key,
    parse_key,
    parse_meter,
    usual_parts,
)
from composer.units import is_on_grid

_REORDERED = "read: the parts by their pitch, the highest first"


@dataclass(frozen=True)
class FoundPart:
    """A part as it was found.

    Args:
        name: Of the part, or of its instrument.
        notes: How many.
        low, high: Its lowest and highest pitch; 0 where it is silent.
    """

    name: str
    notes: int
    low: int
    high: int


@dataclass(frozen=True)
class Found:
    """What was found in a piece, to be shown and corrected.

    Args:
        key: As the file states it, or as it was estimated.
        heard_key: As the notes sound.
        meter: Of bar 1.
        bars: All bars.
        pickup_beats: Of the upbeat; 0 without one.
        ensemble: By the instruments.
        parts: In the order of the file.
        order: Indices of the parts from the highest to the lowest.
        off_grid_share: Of notes that an engine reads on a coarser grid than they have, 0..1.
        remarks: What a reader had to read somehow or to leave out, in a line.
    """

    key: Key
    heard_key: Key
    meter: Meter
    bars: int
    pickup_beats: Fraction
    ensemble: str
    parts: tuple[FoundPart, ...]
    order: tuple[int, ...]
    off_grid_share: float
    remarks: str = ""


def find_facts(piece: Piece) -> Found:
    """Return what a piece is, as far as its notes and its file tell."""
    notes = [note for part in piece.parts for note in part.notes]
    off_grid = sum(not is_on_grid(note.onset_beats, note.duration_beats) for note in notes)
    return Found(
        key=piece.key,
        heard_key=_heard_key(piece),
        meter=piece.meter,
        bars=piece.n_bars,
        pickup_beats=piece.pickup_beats,
        ensemble=piece.ensemble or ensemble_of_piece(piece),
        parts=tuple(_found_part(part) for part in piece.parts),
        order=_from_the_highest(piece),
        off_grid_share=off_grid / max(1, len(notes)),
        remarks=piece.remarks_in_a_line,
    )


def prepare(
    piece: Piece,
    *,
    first_bar: int | None = None,
    last_bar: int | None = None,
    key: Key | str | None = None,
    meter: Meter | str | None = None,
    parts: tuple[int, ...] | None = None,
    ensemble: str | None = None,
) -> Piece:
    """Return music that is ready to be gone on with: corrected and cut.

    Notes that are inside stay as they are, to the tick; an engine may read them on a coarser grid.

    Args:
        piece: As it was read.
        first_bar: The number of the first that is kept, as printed under the corrected meter: 0 is
            a pickup; the very first if None.
        last_bar: The number of the last that is kept; the very last if None.
        key: Instead of the one that was found; the notes stay.
        meter: For all bars, instead of what was found; bars are counted anew.
        parts: Indices of those that are kept, the highest first; all, by their pitch, if None. A
            remark says where that is another order than the file's, and which parts are set aside
            where there are more than engines hear: those with the fewest notes.
        ensemble: For whom it is, instead of what was found.

    Raises:
        OptionError: If a value does not go with the piece.
    """
    found = find_facts(piece)
    order = _heard(found) if parts is None else tuple(parts)
    if not order or sorted(set(order)) != sorted(order) or not set(order) <= set(found.order):
        raise OptionError(
            f"`parts` must be different numbers from 0 to {len(found.order) - 1}, got {order}"
        )
    if ensemble is not None and ensemble not in ENSEMBLES:
        raise OptionError(
            f"`ensemble` must be one of {', '.join(ENSEMBLES)}, got {ensemble[:40]!r}"
        )
    key = parse_key(key) if isinstance(key, str) else key
    meter = parse_meter(meter) if isinstance(meter, str) else meter
    piece = replace(
        piece,
        parts=tuple(piece.parts[index] for index in order),
        remarks=(*piece.remarks, *(_remarks(found, order) if parts is None else ())),
        key=key or piece.key,
        ensemble=ensemble or found.ensemble,
    )
    if meter is not None:
        piece = replace(piece, meters=(MeterChange(Fraction(0), meter),), n_bars=0)
    numbers = piece.bar_numbers
    first, last = piece.index_of_bars(
        numbers[0] if first_bar is None else first_bar,
        numbers[-1] if last_bar is None else last_bar,
    )
    if (first, last) == (0, piece.n_bars - 1):
        return piece
    cut = trim(piece, first + 1, last + 1)
    return replace(cut, first_bar_number=numbers[first] + bool(cut.pickup_beats))


def _heard(found: Found) -> tuple[int, ...]:
    """Return the parts that engines hear, from the highest: those with the most notes."""
    by_notes = sorted(found.order, key=lambda index: -found.parts[index].notes)
    kept = set(by_notes[:MAX_PARTS_HEARD])
    return tuple(index for index in found.order if index in kept)


def _remarks(found: Found, order: Sequence[int]) -> Iterator[str]:
    """Yield what became of the parts of a file."""
    if list(order) != sorted(order):
        yield _REORDERED
    if len(order) < len(found.order):
        n_left = len(found.order) - len(order)
        yield f"set aside: the {n_left} parts with the fewest notes, as engines hear {len(order)}"


def lay_theme(
    theme: str | Piece,
    *,
    ensemble: str = "keyboard",
    parts: int | None = None,
    part: int = 0,
    composer: str = "",
    form: str = "",
) -> Piece:
    """Return a theme as the beginning of a piece in which the other parts still rest.

    Args:
        theme: Typed as ABC (`corpus.abc`), or a piece of one part.
        ensemble: For whom the piece is.
        parts: How many; as many as is usual for the ensemble if None.
        part: Which one has the theme, 0 the highest.
        composer: In whose manner the piece is to go on.
        form: What it is to be.

    Raises:
        ScoreFileError: If the text cannot be read.
        OptionError: If the theme is not one part, or there is no such part.
    """
    piece = read_abc(theme) if isinstance(theme, str) else theme
    n_parts = parts or usual_parts(ensemble)
    if len(piece.parts) != 1:
        raise OptionError(f"a theme has one part, this one has {len(piece.parts)}; choose one")
    if ensemble not in ENSEMBLES or not 1 <= n_parts <= 8 or not 0 <= part < n_parts:
        raise OptionError(
            f"`ensemble` must be one of {', '.join(ENSEMBLES)}, with 1 to 8 parts, of which "
            f"`part` is one counted from 0; got {str(ensemble)[:40]!r}, {n_parts} and {part}"
        )
    players = ensemble_instruments(ensemble, n_parts, composer or None)
    lines = tuple(
        Part(player, piece.parts[0].notes if index == part else ())
        for index, player in enumerate(players)
    )
    return replace(piece, parts=lines, ensemble=ensemble, composer=composer, form=form)


def _heard_key(piece: Piece) -> Key:
    durations = [0.0] * 12
    for part in piece.parts:
        for note in part.notes:
            durations[note.pitch % 12] += float(note.duration_beats)
    return estimate_key(durations)[0]


def _found_part(part: Part) -> FoundPart:
    pitches = [note.pitch for note in part.notes] or [0]
    name = part.name or part.instrument.name
    return FoundPart(name, len(part.notes), min(pitches), max(pitches))


def _from_the_highest(piece: Piece) -> tuple[int, ...]:
    """Return the parts by their mean pitch; silent ones keep to their neighbours above."""
    means: list[float] = []
    for part in piece.parts:
        silent = means[-1] if means else 128.0
        means.append(fmean(note.pitch for note in part.notes) if part.notes else silent)
    return tuple(sorted(range(len(means)), key=lambda index: -means[index]))
