"""What stands beside notes, cut to a stretch of a piece and moved in time. Knows no bar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import TypeVar

from composer.piece.notes import Part
from composer.piece.signs import (
    BEND,
    Control,
    KeyChange,
    Marking,
    Repeat,
    TempoChange,
)

_Timed = TypeVar("_Timed", KeyChange, TempoChange, Marking, Repeat, Control)
# Controls whose value is in force before any is stated, by kind; others have none.
_AT_REST = {BEND: 0} | dict.fromkeys((64, 65, 66, 67, 69), 0)


def moved(found: Iterable[_Timed], by: Fraction) -> tuple[_Timed, ...]:
    """Return the same later, or earlier by a negative time."""
    return tuple(_moved(one, by) for one in found)


def _moved(one: _Timed, by: Fraction) -> _Timed:
    times = {"onset_beats": one.onset_beats + by}
    if isinstance(one, (Marking, Repeat)) and one.end_beats is not None:
        times["end_beats"] = one.end_beats + by
    return replace(one, **times)  # type: ignore[arg-type]


def cut_markings(
    markings: Iterable[Marking], begin: Fraction, end: Fraction
) -> tuple[Marking, ...]:
    """Return what stands from `begin` to `end`, counted from there; spans are cut to it."""
    kept = []
    for one in markings:
        if one.end_beats is None:
            kept += [one] if begin <= one.onset_beats < end else []
            continue
        first, last = max(begin, one.onset_beats), min(end, one.end_beats)
        is_over_one_note = one.end_beats == one.onset_beats and begin <= one.onset_beats < end
        if first < last or is_over_one_note:
            kept.append(replace(one, onset_beats=first, end_beats=last))
    return moved(sorted(kept, key=lambda one: one.onset_beats), -begin)


def cut_controls(
    controls: Iterable[Control], begin: Fraction, end: Fraction
) -> tuple[Control, ...]:
    """Return what is done from `begin` to `end`, counted from there, after what is in force."""
    in_force: dict[int, int] = {}
    within = []
    for one in controls:
        if one.onset_beats < begin:
            in_force[one.kind] = one.value
        elif one.onset_beats < end:
            within.append(one)
    stated = {one.kind for one in within if one.onset_beats == begin}
    before = [
        Control(Fraction(0), kind, value)
        for kind, value in in_force.items()
        if kind not in stated and value != _AT_REST.get(kind)
    ]
    return (*before, *moved(within, -begin))


def release(controls: Iterable[Control], at: Fraction) -> tuple[Control, ...]:
    """Return what lets go, at a moment, of pedals that are held and bends that are bent."""
    in_force = {one.kind: one.value for one in controls if one.onset_beats <= at}
    return tuple(
        Control(at, kind, rest)
        for kind, rest in sorted(_AT_REST.items())
        if in_force.get(kind, rest) != rest
    )


def cut_repeats(repeats: Iterable[Repeat], begin: Fraction, end: Fraction) -> tuple[Repeat, ...]:
    """Return the signs of some bars, counted from there; an ending is cut to them.

    A sign that sends the player back stands at the end of its bar, any other at the beginning.
    """
    kept = []
    for one in repeats:
        if one.end_beats is not None:
            first, last = max(begin, one.onset_beats), min(end, one.end_beats)
            kept += [replace(one, onset_beats=first, end_beats=last)] if first < last else []
        elif one.is_at_end:
            kept += [one] if begin < one.onset_beats <= end else []
        else:
            kept += [one] if begin <= one.onset_beats < end else []
    return moved(sorted(kept, key=lambda one: one.onset_beats), -begin)


def cut_tempos(
    tempos: Iterable[TempoChange], begin: Fraction, end: Fraction
) -> tuple[TempoChange, ...]:
    """Return the changes of tempo behind `begin` and before `end`, counted from `begin`."""
    return moved((one for one in tempos if begin < one.onset_beats < end), -begin)


def cut_keys(keys: Iterable[KeyChange], begin: Fraction, end: Fraction) -> tuple[KeyChange, ...]:
    """Return the changes of key behind `begin` and before `end`, counted from `begin`."""
    return moved((one for one in keys if begin < one.onset_beats < end), -begin)


def appended(part: Part, more: Part, seam: Fraction, *, is_begun: bool) -> Part:
    """Return a part with another's music behind its own; who plays stays.

    Args:
        part: The notes in it stay the same objects.
        more: Moved to the seam.
        seam: Where the second begins, in quarters.
        is_begun: Whether the first part has music before the seam.
    """
    notes = (
        replace(note, onset_beats=note.onset_beats + seam) if seam else note for note in more.notes
    )
    markings = part.markings if is_begun else ()
    controls = part.controls if is_begun else ()
    return replace(
        part,
        notes=(*part.notes, *notes),
        markings=(*cut_markings(markings, Fraction(0), seam), *moved(more.markings, seam)),
        controls=tuple(_continued(controls, more.controls, seam)),
    )


def _continued(
    controls: Iterable[Control], more: Iterable[Control], seam: Fraction
) -> Iterator[Control]:
    kept = [one for one in controls if one.onset_beats < seam]
    later = moved(more, seam)
    stated = {one.kind for one in later if one.onset_beats == seam}
    yield from kept
    yield from (one for one in release(kept, seam) if one.kind not in stated)
    yield from later
