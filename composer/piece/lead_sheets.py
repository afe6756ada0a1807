"""Chord symbols in a piece, and whether its notes keep a progression. Knows bars and notes."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from composer.chords import Chord, Progression, bar_of, parse_chord
from composer.errors import OptionError
from composer.piece.bars import Bar
from composer.piece.score import Piece

# A chord is kept where so much of what sounds belongs to it.
KEPT_SHARE = Fraction(7, 10)
# A progression is kept where so many of its chords are: others pass between them.
MOST = 0.8
MAX_BARS_TOLD = 8


def progression_of(piece: Piece) -> Progression | None:
    """Return the chord symbols that stand in a piece, as on a lead sheet; None if it has none.

    A symbol between two pulses counts from the pulse before it on; one that is not understood
    leaves its place without a chord.
    """
    symbols = sorted(
        (marking.onset_beats, marking.text)
        for part in piece.parts
        for marking in part.markings
        if marking.kind == "chord"
    )
    if not symbols:
        return None
    bars: list[tuple[Chord | None, ...]] = []
    held: Chord | None = None
    for bar in piece.bars[bool(piece.pickup_beats) :]:
        n_pulses = max(1, int(bar.meter.length_beats / bar.meter.pulse_beats))
        chords = []
        for pulse in range(n_pulses):
            end = bar.onset_beats + (pulse + 1) * bar.meter.length_beats / n_pulses
            while symbols and symbols[0][0] < end:
                held = _read_or_none(symbols.pop(0)[1])
            chords.append(held)
        bars.append(bar_of(chords))
    return Progression(tuple(bars)) if bars else None


def _read_or_none(text: str) -> Chord | None:
    try:
        return parse_chord(text)
    except OptionError:
        return None


def chords_kept(progression: Progression, piece: Piece) -> Iterator[tuple[int, Chord, bool]]:
    """Yield bar number, chord, and whether the piece keeps it, chord by chord.

    It does where at least `KEPT_SHARE` of all that sounds meanwhile belongs to the chord, and two
    of its pitch classes are heard.
    """
    n_before = int(bool(piece.pickup_beats))
    spans = [
        (number, chord, begin, end)
        for number, bar in zip(piece.bar_numbers, piece.bars, strict=True)
        for chord, begin, end in _spans(progression.bar(bar.index - n_before), bar)
    ]
    notes = sorted((n for part in piece.parts for n in part.notes), key=lambda n: n.onset_beats)
    longest = max((note.duration_beats for note in notes), default=Fraction(0))
    first = 0
    for number, chord, begin, end in spans:
        while first < len(notes) and notes[first].onset_beats + longest <= begin:
            first += 1
        inside = outside = Fraction(0)
        heard = set()
        for note in notes[first:]:
            if note.onset_beats >= end:
                break
            length = min(end, note.end_beats) - max(begin, note.onset_beats)
            if length <= 0:
                continue
            if note.pitch % 12 in chord.pitch_classes:
                inside += length
                heard.add(note.pitch % 12)
            else:
                outside += length
        is_most = inside > 0 and inside >= KEPT_SHARE * (inside + outside)
        yield number, chord, is_most and len(heard) > 1


def tell_chords(progression: Progression, piece: Piece) -> tuple[str, bool]:
    """Say how many chords a piece keeps, where it does not, and whether that is most of them."""
    kept = list(chords_kept(progression, piece))
    n_kept = sum(is_kept for *_, is_kept in kept)
    others = sorted({number for number, _, is_kept in kept if not is_kept})
    named = ", ".join(map(str, others[:MAX_BARS_TOLD]))
    more = " and more" if len(others) > MAX_BARS_TOLD else ""
    bars = f", not in bar{'s' * (len(others) > 1)} {named}{more}" if others else ""
    return f"{n_kept} of {len(kept)} chords{bars}", n_kept >= MOST * len(kept)


def _spans(
    chords: tuple[Chord | None, ...], bar: Bar
) -> Iterator[tuple[Chord, Fraction, Fraction]]:
    """Yield the chords of a bar with where they begin and end, those held as one."""
    begin, n = 0, len(chords)
    while begin < n:
        end = begin + 1
        while end < n and chords[end] == chords[begin]:
            end += 1
        chord = chords[begin]
        if chord is not None:
            length = bar.meter.length_beats
            yield chord, bar.onset_beats + begin * length / n, bar.onset_beats + end * length / n
        begin = end
