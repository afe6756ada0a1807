"""What is written beside notes -> what is heard: dynamics, articulations, grace notes, pedal lines.

Knows markings and notes, no clock and no file. A piece without markings comes back as it is.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import groupby

from composer.piece import Control, Grace, Marking, Note, Part, Piece
from composer.units import DEFAULT_VELOCITY

# Velocities of dynamics, 16 apart as in notation programs; mf is what notes have that state none.
DYNAMIC_VELOCITIES = {
    "pppp": 10, "ppp": 16, "pp": 33, "p": 49, "mp": 64, "mf": 80, "f": 96, "ff": 112, "fff": 124,
    "ffff": 127,
}  # fmt: skip
# Dynamics of one note only: by how much it is louder.
_SUDDEN = ("sf", "sfz", "sffz", "fz", "rf", "rfz", "sfp", "sfpp", "fp")
_SUDDEN_VELOCITY = 24
_STEP = 16  # by which a hairpin changes that leads to no dynamic
# Share of its length that a note sounds, and by how much it is louder; of several signs the
# shortest length and the sum.
_LENGTHS = {
    "staccatissimo": Fraction(1, 4), "staccato": Fraction(1, 2), "spiccato": Fraction(1, 2),
    "detached-legato": Fraction(3, 4),
}  # fmt: skip
_ACCENTS = {"accent": 16, "strong-accent": 24, "soft-accent": 8, "stress": 12, "unstress": -12}
_GRACE_BEATS = Fraction(1, 8)
_SUSTAIN = 64
# Programs of keyboards, whose two hands share their dynamics and pedals.
_KEYBOARDS = frozenset((*range(9), *range(16, 24)))


def sounding(piece: Piece) -> Piece:
    """Return a piece whose notes last and are struck as its markings say."""
    parts = tuple(
        sounded
        for _, group in groupby(piece.parts, key=_player)
        for sounded in _sounding_group(tuple(group))
    )
    percussion = tuple(_sounding_group((part,))[0] for part in piece.percussion)
    return replace(piece, parts=parts, percussion=percussion)


def _player(part: Part) -> object:
    """Return who plays: neighbouring parts of one keyboard are two hands of one player."""
    is_keyboard = part.instrument.program in _KEYBOARDS
    return (part.instrument, part.channel) if is_keyboard else id(part)


def _sounding_group(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    markings = sorted(
        (one for part in parts for one in part.markings), key=lambda one: one.onset_beats
    )
    loudness = _Loudness(markings)
    pedals = tuple(_pedal_controls(markings))
    return tuple(_sounding_part(part, loudness, pedals) for part in parts)


def _sounding_part(part: Part, loudness: _Loudness, pedals: tuple[Control, ...]) -> Part:
    is_plain = loudness.is_flat and all(note.marks is None for note in part.notes)
    notes = part.notes
    if not is_plain:
        notes = tuple(sorted(one for note in part.notes for one in _sounding_notes(note, loudness)))
    controls = part.controls
    if pedals:
        controls = tuple(sorted([*controls, *pedals], key=lambda one: one.onset_beats))
    return replace(part, notes=notes, controls=controls)


def _sounding_notes(note: Note, loudness: _Loudness) -> Iterator[Note]:
    """Yield a note and its grace notes; those before it take their time from its beginning."""
    signs = note.marks.signs if note.marks else ()
    graces = note.marks.graces if note.marks else ()
    velocity = note.velocity + loudness.change_at(note.onset_beats)
    velocity = min(127, max(1, velocity + sum(_ACCENTS.get(sign, 0) for sign in signs)))
    share = min((_LENGTHS[sign] for sign in signs if sign in _LENGTHS), default=Fraction(1))
    before = _grace_groups([one for one in graces if not one.is_after])
    after = _grace_groups([one for one in graces if one.is_after])
    step = min(_GRACE_BEATS, note.duration_beats / (2 * max(1, len(before) + len(after))))
    onset = note.onset_beats
    for group in before:
        yield from (Note(onset, grace.pitch, step, velocity) for grace in group)
        onset += step
    end = note.end_beats - step * len(after)
    for index, group in enumerate(after):
        yield from (Note(end + index * step, grace.pitch, step, velocity) for grace in group)
    # A note that is known to sound shorter than it is written has its staccato already.
    written = sum((one.beats for one in note.marks.written), Fraction(0)) if note.marks else 0
    length = (end - onset) * share
    if note.duration_beats < written:
        length = min(end - onset, max(length, written * share))
    yield replace(note, onset_beats=onset, duration_beats=length, velocity=velocity)


def _grace_groups(graces: Sequence[Grace]) -> list[list[Grace]]:
    groups: list[list[Grace]] = []
    for grace in graces:
        if grace.is_chord and groups:
            groups[-1].append(grace)
        else:
            groups.append([grace])
    return groups


def _pedal_controls(markings: Sequence[Marking]) -> Iterator[Control]:
    for one in markings:
        if one.kind == "pedal" and one.end_beats is not None:
            yield Control(one.onset_beats, _SUSTAIN, 127)
            yield Control(one.end_beats, _SUSTAIN, 0)


class _Loudness:
    """By how much notes are louder than written alone, as dynamics and hairpins say.

    Args:
        markings: Of one player, sorted.
    """

    def __init__(self, markings: Sequence[Marking]) -> None:
        self._levels = [
            (one.onset_beats, DYNAMIC_VELOCITIES[one.text])
            for one in markings
            if one.kind == "dynamic" and one.text in DYNAMIC_VELOCITIES
        ]
        self._sudden = {
            one.onset_beats for one in markings if one.kind == "dynamic" and one.text in _SUDDEN
        }
        self._hairpins = [one for one in markings if one.kind in ("crescendo", "diminuendo")]
        self.is_flat = not (self._levels or self._sudden or self._hairpins)

    def change_at(self, beats: Fraction) -> int:
        """Return what to add to the velocity of a note that begins at a time."""
        if self.is_flat:
            return 0
        level = self._level_at(beats)
        return round(level) - DEFAULT_VELOCITY + _SUDDEN_VELOCITY * (beats in self._sudden)

    def _stated(self, beats: Fraction) -> tuple[Fraction, float]:
        """Return the last dynamic at or before a time, and when it was stated."""
        place = bisect_right(self._levels, beats, key=lambda one: one[0])
        return self._levels[place - 1] if place else (Fraction(0), DEFAULT_VELOCITY)

    def _level_at(self, beats: Fraction) -> float:
        since, level = self._stated(beats)
        for hairpin in self._hairpins:
            begin, end = hairpin.onset_beats, hairpin.end_beats
            assert end is not None
            if begin > beats or end <= since:
                continue
            target = self._target(hairpin, end, level)
            share = 1.0 if end <= begin else min(1.0, float((beats - begin) / (end - begin)))
            level += share * (target - level)
        return min(127.0, max(1.0, level))

    def _target(self, hairpin: Marking, end: Fraction, level: float) -> float:
        """Return where a hairpin leads: to the dynamic at its end, if that lies its way."""
        sign = 1 if hairpin.kind == "crescendo" else -1
        stated, found = self._stated(end)
        is_there = stated > hairpin.onset_beats and sign * (found - level) > 0
        return found if is_there else level + sign * _STEP
