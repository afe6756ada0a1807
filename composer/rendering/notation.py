"""One staff's bar as music21 has it: notes, chords and rests with ties, beams and accidentals.

Knows the spelled notes of one part and its voices; knows nothing of the score around it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from music21 import articulations, beam, chord, expressions, note, pitch, stream, tie
from music21.duration import Duration, Tuplet

from composer.piece import Bar, Marks, Written
from composer.piece.marks import VALUE_BEATS
from composer.rendering.beams import beams
from composer.rendering.given import given_in_span, write_given
from composer.rendering.lengths import Touch
from composer.rendering.markings import put_signs
from composer.rendering.rhythm import Span, WrittenValue, write_spans
from composer.rendering.spelling import Spelling
from composer.rendering.voices import Chord, Voice
from composer.theory import Key

# Begins the id of a note of which the file says more than music21 knows: quarters of its attack and
# of its release follow, with a point for the bar of a fraction, and perhaps the place of its sound.
# The writer of the file puts them in place of the id.
TOUCH_MARK = "touch_"
_STEP_SIGNS = {
    step: index
    for index, step in enumerate("FCGDAEB")  # the order of sharps in a signature
}
_MUSIC21_KINDS = {"long": "longa"}


@dataclass(frozen=True, slots=True)
class Staff:
    """What one staff shows from beginning to end.

    Args:
        names: Spelled notes of a part; chords refer to them.
        spans: When each of them begins and ends, in quarters.
        touches: How each of them sounds beside how it is written.
        marks: What is written at each of them.
        places: What tells each of them by its sound; empty where nobody asks.
        voices: The highest first.
        first_voice: Number of the first of them in the part of the score, from 1.
        has_numbers: Whether voices are numbered: a single one on its own staff need not be.
        key: Whose signature is in force.
        clef: Sign, line and octaves, such as `G2-1`.
    """

    names: tuple[Spelling, ...]
    spans: tuple[Span, ...]
    touches: tuple[Touch, ...]
    marks: tuple[Marks | None, ...]
    places: tuple[str, ...]
    voices: Sequence[Voice]
    first_voice: int
    has_numbers: bool
    key: Key
    clef: str


@dataclass(frozen=True, slots=True)
class _Place:
    """A written value and what it writes: a chord, or a rest where there is none."""

    value: WrittenValue
    chord: Chord | None


def fill_measure(measure: stream.Measure, staff: Staff, bar: Bar, within: Span) -> None:
    """Put the notes of a bar, or of a part of it, into a measure.

    Args:
        measure: Gets a voice for each voice that sounds, or a rest for the whole of it.
        staff: Where the notes are.
        bar: Which bar.
        within: Where the measure begins and ends in it, in quarters.
    """
    sounding = {
        number: found
        for number, voice in enumerate(staff.voices)
        if (found := _chords_in(voice, bar, within))
    }
    written: list[tuple[Fraction, note.GeneralNote]] = []
    for rank, (number, chords) in enumerate(sounding.items()):
        places = _lay_out(chords, staff, bar, within)
        stem = ("up", "down")[rank % 2] if len(sounding) > 1 else ""
        elements = list(_elements(places, staff, bar, stem))
        if rank:
            _hide_rests(places, elements)
        timed = [
            (place.value.onset_beats - within[0], element)
            for place, element in zip(places, elements, strict=True)
        ]
        _insert(measure, staff, number, timed)
        written += timed
    if not sounding:
        rest = _whole_rest(within[1] - within[0])
        _insert(measure, staff, 0, [(Fraction(0), rest)])
    measure.coreElementsChanged()
    _show_accidentals(sorted(written, key=lambda found: found[0]), staff.key)


def _insert(
    measure: stream.Measure,
    staff: Staff,
    number: int,
    timed: Sequence[tuple[Fraction, note.GeneralNote]],
) -> None:
    """Put the values of a voice into a measure."""
    place: stream.Measure | stream.Voice = measure
    if staff.has_numbers:
        place = stream.Voice(id=str(staff.first_voice + number))
        measure.coreInsert(0.0, place)
    for onset, element in timed:
        place.coreInsert(offset_of(onset), element)
    place.coreElementsChanged()


def _hide_rests(places: Sequence[_Place], elements: Sequence[note.GeneralNote]) -> None:
    """Hide the rests of a lower voice, except in tuplets, whose brackets need them."""
    for place, element in zip(places, elements, strict=True):
        if place.chord is None and place.value.tuplet is None:
            element.style.hideObjectOnPrint = True


def _chords_in(voice: Voice, bar: Bar, within: Span) -> Sequence[Chord]:
    """Return the chords of a voice that sound in a measure; they neither overlap nor go back."""
    begin, end = (bar.onset_beats + time for time in within)
    first = bisect_right(voice, begin, key=lambda chord: chord.end_beats)
    last = bisect_left(voice, end, key=lambda chord: chord.onset_beats)
    return voice[first:last]


def _lay_out(chords: Sequence[Chord], staff: Staff, bar: Bar, within: Span) -> list[_Place]:
    """Write chords and the rests between them as values, without a gap."""
    spans: list[Span] = []
    found: list[Chord | None] = []
    time, stop = within
    for one in chords:
        onset = max(within[0], one.onset_beats - bar.onset_beats)
        if time < onset:
            spans.append((time, onset))
            found.append(None)
        time = min(one.end_beats - bar.onset_beats, stop)
        spans.append((onset, time))
        found.append(one)
    if time < stop:
        spans.append((time, stop))
        found.append(None)
    given = [
        None if one is None else _given(one, staff, bar, span)
        for one, span in zip(found, spans, strict=True)
    ]
    written = write_given(spans, given, bar.meter)
    if written is None:
        written = write_spans(spans, bar.meter, [one is None for one in found])
    return [
        _Place(value, one) for values, one in zip(written, found, strict=True) for value in values
    ]


def _given(one: Chord, staff: Staff, bar: Bar, span: Span) -> tuple[Written, ...]:
    """Return the given values of a chord in a bar; nothing where they do not fit."""
    begin, end = (bar.onset_beats + time for time in span)
    for index in one.indices:
        marks, (onset, stop) = staff.marks[index], staff.spans[index]
        if marks and marks.written:
            is_exact = sum(value.beats for value in marks.written) == stop - onset
            return given_in_span(marks.written, onset, (begin, end)) if is_exact else ()
    return ()


def _elements(
    places: Sequence[_Place], staff: Staff, bar: Bar, stem: str
) -> Iterator[note.GeneralNote]:
    onsets = [place.value.onset_beats for place in places]
    kinds = [place.value.kind if place.chord else "" for place in places]
    for place, levels in zip(places, beams(onsets, kinds, bar.meter), strict=True):
        duration = _duration(place.value, is_beamed=bool(levels))
        if place.chord is None:
            rest = note.Rest(duration=duration)
            rest.fullMeasure = False
            yield rest
            continue
        element = _sounding(place, staff, bar, duration)
        element.beams = _beams(levels)
        if stem:
            element.stemDirection = stem
        yield element


def _sounding(place: _Place, staff: Staff, bar: Bar, duration: Duration) -> note.NotRest:
    assert place.chord is not None
    indices = place.chord.indices
    notes = [note.Note(_pitch(staff.names[index])) for index in indices]
    kinds = [_tie_kind(place.value, staff.spans[index], bar) for index in indices]
    touches = [staff.touches[index] for index in indices]
    sounds = [staff.places[index] if staff.places else "" for index in indices]
    for one, kind, touch, sound in zip(notes, kinds, touches, sounds, strict=True):
        one.tie = tie.Tie(kind) if kind else None
        attack = touch.attack_beats if kind in ("", "start") else Fraction(0)
        release = touch.release_beats if kind in ("", "stop") else Fraction(0)
        if attack or release or sound:
            told = (str(attack), str(release), sound) if sound else (str(attack), str(release))
            one.id = (TOUCH_MARK + "_".join(told)).replace("/", ".")
    element: note.NotRest = notes[0] if len(notes) == 1 else chord.Chord(notes)
    element.duration = duration
    begun = [index for index, kind in zip(indices, kinds, strict=True) if kind in ("", "start")]
    put_signs(element, (staff.marks[index] for index in begun), ends=False)
    is_dotted = any(isinstance(one, articulations.Staccato) for one in element.articulations)
    if any(staff.touches[index].is_staccato for index in begun) and not is_dotted:
        element.articulations.append(articulations.Staccato())
    is_rolled = any(isinstance(one, expressions.ArpeggioMark) for one in element.expressions)
    if any(staff.touches[index].is_spread for index in begun) and not is_rolled:
        element.expressions.append(expressions.ArpeggioMark())
    ended = (index for index, kind in zip(indices, kinds, strict=True) if kind in ("", "stop"))
    put_signs(element, (staff.marks[index] for index in ended), ends=True)
    return element


def _tie_kind(value: WrittenValue, sounding: Span, bar: Bar) -> str:
    onset = bar.onset_beats + value.onset_beats
    begins = onset == sounding[0]
    ends = onset + value.duration_beats == sounding[1]
    if begins:
        return "" if ends else "start"
    return "stop" if ends else "continue"


def _pitch(name: Spelling) -> pitch.Pitch:
    step: Any = name.step  # music21 lists the seven letters as its type
    found = pitch.Pitch(step=step, octave=name.octave)
    found.accidental = pitch.Accidental(name.alteration)
    return found


def _duration(value: WrittenValue, *, is_beamed: bool) -> Duration:
    kind: Any = _MUSIC21_KINDS.get(value.kind, value.kind)
    duration = Duration(type=kind, dots=value.dots)
    length = VALUE_BEATS[value.kind] * (2 - Fraction(1, 2**value.dots))
    if value.tuplet:
        counted = _MUSIC21_KINDS.get(value.tuplet.kind, value.tuplet.kind)
        tuplet = Tuplet(value.tuplet.n_actual, value.tuplet.n_normal, counted)
        edge: Any = value.edge
        tuplet.type = edge or None
        tuplet.bracket = not is_beamed
        duration.appendTuplet(tuplet)
        length = length * value.tuplet.n_normal / value.tuplet.n_actual
    if length != value.duration_beats:  # no value lasts so long: the nearest is drawn
        duration.linked = False
        duration.quarterLength = offset_of(value.duration_beats)
    return duration


def _beams(levels: Sequence[str]) -> beam.Beams:
    found = beam.Beams()
    for level in levels:
        if level in ("forward", "backward"):
            found.append("partial", {"forward": "right", "backward": "left"}[level])
        else:
            found.append(level)
    return found


def _whole_rest(length_beats: Fraction) -> note.Rest:
    rest = note.Rest(quarterLength=offset_of(length_beats))
    rest.fullMeasure = True
    return rest


def _show_accidentals(written: Sequence[tuple[Fraction, note.GeneralNote]], key: Key) -> None:
    """Show the accidentals that neither the signature nor an earlier one in the bar implies."""
    in_force: dict[tuple[str, int | None], int] = {}
    for _, element in written:
        for one in getattr(element, "notes", (element,)):
            if not isinstance(one, note.Note):
                continue
            step, octave, sign = one.pitch.step, one.pitch.octave, one.pitch.accidental
            assert sign is not None
            alteration = int(sign.alter)
            is_tied = one.tie is not None and one.tie.type != "start"
            implied = in_force.get((step, octave), _signature(step, key))
            sign.displayStatus = alteration != implied and not is_tied
            if not is_tied:
                in_force[step, octave] = alteration
            if not (alteration or sign.displayStatus):
                one.pitch.accidental = None


def _signature(step: str, key: Key) -> int:
    """Return by how much a key signature alters a letter."""
    place = _STEP_SIGNS[step]
    if key.fifths > 0:
        return int(place < key.fifths)
    return -int(6 - place < -key.fifths)


def offset_of(beats: Fraction) -> Any:
    """Return a time as music21 keeps it: a float where that is exact, else a fraction."""
    return float(beats) if beats.denominator & (beats.denominator - 1) == 0 else beats
