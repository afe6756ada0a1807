"""Random music for properties: pieces on the grid, pieces that keep every hard rule, any rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import groupby
from typing import Any

import numpy as np
from hypothesis import strategies as st

from composer.piece import (
    BEND,
    Control,
    Grace,
    KeyChange,
    Lyric,
    Marking,
    Marks,
    MeterChange,
    Note,
    Part,
    Piece,
    Repeat,
    TempoChange,
)
from composer.theory import (
    ENSEMBLES,
    INSTRUMENTS,
    LINE_OF_FIFTHS,
    MODES,
    MONOPHONIC_ENSEMBLES,
    Meter,
    ensemble_instruments,
    key_from_signature,
    spelling_to_pitch_class,
)
from composer.tokenizer import Conditions, Events, Vocabulary, vocab
from composer.units import POSITIONS_PER_QUARTER, positions_to_beats

VOCABULARY = Vocabulary(
    composers=("other", "Bach", "Mozart"),
    forms=("other", "chorale", "minuet"),
    ensembles=ENSEMBLES,
)
MENU: list[dict[str, Any]] = [
    {
        "composer": composer,
        "form": form,
        "ensemble": ensemble,
        "parts": parts,
        "pieces": n_pieces,
        "meters": ["4/4", "3/4"],
        "keys": ["G major", "D minor", "Bb major"],
        "bars_low": 4,
        "bars_high": 12,
    }
    for composer, form, ensemble, parts, n_pieces in (
        ("Bach", "chorale", "choir", 4, 60),
        ("Mozart", "minuet", "keyboard", 2, 30),
        ("Bach", "minuet", "keyboard", 2, 10),
    )
]
# Bars of whole sixteenths, up to the longest; and bars of odd 32nds beside others.
WHOLE_METERS = ((4, 4), (3, 4), (2, 2), (6, 8), (5, 8), (9, 8), (3, 16), (7, 16), (2, 1), (9, 1))
ODD_METERS = ((15, 32), (1, 32), (21, 32), (3, 8), (4, 4), (2, 1))

keys = st.builds(key_from_signature, st.integers(-7, 7), st.sampled_from(MODES))
composers = st.sampled_from(["", "Bach", "Mozart"])
forms = st.sampled_from(["", "chorale", "minuet"])
ensembles = st.sampled_from(ENSEMBLES)
meters = st.sampled_from(vocab.METERS).map(lambda pair: Meter(*pair))
GridNotes = list[tuple[int, int, int]]  # onset, length and pitch, in positions


@st.composite
def bar_plans(draw: st.DrawFn) -> list[Meter]:
    """The meters of 1 to 9 bars, changing up to twice."""
    family = draw(st.sampled_from([WHOLE_METERS, ODD_METERS]))
    stretch = st.tuples(st.sampled_from(family), st.integers(1, 3))
    stretches = draw(st.lists(stretch, min_size=1, max_size=3))
    return [Meter(*pair) for pair, n in stretches for _ in range(n)]


@st.composite
def pieces(draw: st.DrawFn) -> Piece:
    """A piece on the grid: any key, 1-6 parts, meters that change, long notes, unisons, rests."""
    plan = draw(bar_plans())
    n_positions = positions_of(plan)
    onsets = st.integers(0, n_positions - 1)
    lengths = st.one_of(st.integers(1, 96), st.integers(1, 1000))
    line = st.lists(st.tuples(onsets, lengths, st.integers(6, 121)), max_size=8)
    lines = draw(st.lists(line, min_size=1, max_size=6))
    lines[0].append((draw(onsets), 24, 60))
    doubled = draw(st.booleans())
    lines = [within(n_positions, line + line[:1] if doubled else line) for line in lines]
    return draw(named_pieces(plan, [without_riddles(line) for line in lines]))


@st.composite
def loose_pieces(draw: st.DrawFn) -> Piece:
    """A piece whose notes begin and end anywhere between the positions of the grid."""
    plan = draw(bar_plans())
    end = int(960 * sum(meter.length_beats for meter in plan))
    ticks = st.integers(0, end - 1).map(lambda tick: Fraction(tick, 960))
    lengths = st.integers(1, 8 * 960).map(lambda tick: Fraction(tick, 960))
    line = st.lists(st.tuples(ticks, lengths, st.integers(6, 121)), min_size=1, max_size=8)
    notes = [Note(onset, pitch, length) for onset, length, pitch in draw(line)]
    piece = draw(named_pieces(plan, [[(0, 24, 60)]]))
    instrument = piece.parts[0].instrument
    return replace_parts(piece, Part(instrument, tuple(sorted(notes))))


@st.composite
def marked_pieces(draw: st.DrawFn) -> Piece:
    """A piece on the grid with everything that can stand beside its notes."""
    piece = draw(pieces())
    bar_lines = [bar.onset_beats for bar in piece.bars]
    drums = Part(INSTRUMENTS["piano"], draw(st.sampled_from(piece.parts)).notes, "Drums")
    return replace(
        piece,
        parts=tuple(draw(_marked_parts(part, bar_lines)) for part in piece.parts),
        tempos=draw(
            _changes(bar_lines, st.builds(TempoChange, st.just(0), _tempos, st.booleans()))
        ),
        keys=draw(_changes(bar_lines[1:], st.builds(KeyChange, st.just(0), keys))),
        repeats=draw(_repeats(piece)),
        percussion=draw(st.sampled_from([(), (drums,)])),
        first_bar_number=draw(st.integers(1, 30)),
        credit=draw(st.sampled_from(["", "in the style of nobody"])),
    )


_tempos = st.integers(20, 300).map(float)
_MARKS = (
    Marks(voice=1, signs=("staccato", "fermata")),
    Marks(signs=("trill-mark", "fingering-2", "tremolo-3", "arpeggiate")),
    Marks(graces=(Grace(62, is_slashed=True), Grace(64, kind="16th"))),
    Marks(graces=(Grace(61, "Db", is_after=True),), lyrics=(Lyric("la"), Lyric("Ö", 2, "end"))),
)
_controls = st.one_of(
    st.tuples(st.sampled_from([1, 7, 10, 11, 64, 66, 67]), st.integers(0, 127)),
    st.tuples(st.just(BEND), st.integers(-8192, 8191)),
)
_points = st.sampled_from(
    [("dynamic", "p"), ("dynamic", "sfz"), ("words", "dolce"), ("chord", "Bbm7/F")]
)
_spans = st.sampled_from([("slur", ""), ("crescendo", ""), ("octave", "8va")])


def _changes(onsets: list[Fraction], change: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Changes at some of the onsets, sorted."""
    some = st.lists(st.sampled_from(onsets), max_size=3, unique=True) if onsets else st.just([])
    return some.flatmap(
        lambda found: st.tuples(*(change.map(_at(onset)) for onset in sorted(found)))
    )


def _at(onset: Fraction) -> Callable[[Any], Any]:
    return lambda change: replace(change, onset_beats=onset)


@st.composite
def _marked_parts(draw: st.DrawFn, part: Part, bar_lines: list[Fraction]) -> Part:
    notes = tuple(replace(note, marks=draw(_marks_of(note))) for note in part.notes)
    onsets = [note.onset_beats for note in notes] or bar_lines[:1]
    markings = [Marking(onset, *words) for onset, words in draw(_places(onsets, _points))] + [
        Marking(onset, *words, end_beats=draw(st.sampled_from([o for o in onsets if o >= onset])))
        for onset, words in draw(_places(onsets, _spans))
    ]
    controls = [Control(onset, *found) for onset, found in draw(_places(onsets, _controls))]
    return replace(
        part,
        notes=notes,
        markings=tuple(sorted(markings, key=lambda one: one.onset_beats)),
        controls=tuple(sorted(controls)),
    )


def _places(onsets: list[Fraction], what: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    place = st.tuples(st.sampled_from(onsets), what)
    return st.lists(place, max_size=3, unique_by=lambda found: (found[0], str(found[1])[:5]))


def _marks_of(note: Note) -> st.SearchStrategy[Marks | None]:
    names = [name for name in LINE_OF_FIFTHS if spelling_to_pitch_class(name) == note.pitch % 12]
    spelled = [replace(marks, spelling=name) for marks in (Marks(), *_MARKS) for name in names]
    return st.sampled_from([None, *_MARKS, *spelled])


def _repeats(piece: Piece) -> st.SearchStrategy[tuple[Repeat, ...]]:
    """None, or the whole piece twice, with endings if it has bars enough."""
    end = piece.length_beats
    whole = (Repeat(Fraction(0), "forward"), Repeat(end, "backward"))
    found = [(), whole]
    if piece.n_bars > 2:
        one, two = piece.bars[-2], piece.bars[-1]
        found.append(
            (
                Repeat(Fraction(0), "forward"),
                Repeat(one.onset_beats, "ending", one.end_beats, (1,)),
                Repeat(one.end_beats, "backward"),
                Repeat(two.onset_beats, "ending", two.end_beats, (2,)),
            )
        )
    return st.sampled_from(found)


@st.composite
def legal_pieces(draw: st.DrawFn) -> Piece:
    """A piece that keeps every hard rule of the grammar, in one meter, its first part unbroken."""
    meter = Meter(*draw(st.sampled_from(WHOLE_METERS[:-2])))
    plan = [meter] * draw(st.integers(1, 6))
    ensemble, n_parts = draw(ensembles), draw(st.integers(1, 4))
    key = draw(keys)
    instruments = ensemble_instruments(ensemble, n_parts)
    lines = []
    for index, instrument in enumerate(instruments):
        low, high = max(instrument.low, 6), min(instrument.high, 121)
        chords = 1 if ensemble in MONOPHONIC_ENSEMBLES else 3
        chord = st.sets(st.integers(low, high), min_size=0 if index else 1, max_size=chords)
        lines.append(draw(unbroken_lines(positions_of(plan), chord)))
    return make_piece(plan, lines, key=key, ensemble=ensemble)


@st.composite
def unbroken_lines(draw: st.DrawFn, n_positions: int, chord: st.SearchStrategy[Any]) -> GridNotes:
    """Chords one after another until the end; an empty chord is a rest."""
    line: GridNotes = []
    onset = 0
    while onset < n_positions:
        length = min(draw(st.integers(12, 150)), n_positions - onset)
        line += [(onset, length, pitch) for pitch in sorted(draw(chord))]
        onset += length
    return line


@st.composite
def named_pieces(draw: st.DrawFn, plan: list[Meter], lines: list[GridNotes]) -> Piece:
    """A piece of given notes with any names and key."""
    names = {"composer": draw(composers), "form": draw(forms), "ensemble": draw(ensembles)}
    return make_piece(plan, lines, key=draw(keys), **names)


@st.composite
def any_conditions(draw: st.DrawFn) -> Conditions:
    """Conditions that a vocabulary can spell exactly, each of them open now and then."""
    known = {"composer": VOCABULARY.composers, "form": VOCABULARY.forms, "ensemble": ENSEMBLES}
    names = {
        condition: draw(st.none() | st.sampled_from(found)) for condition, found in known.items()
    }
    return Conditions(
        mode=draw(st.none() | st.sampled_from(MODES)),
        meter=draw(st.none() | meters),
        parts=draw(st.none() | st.integers(1, 16)),
        shift=draw(st.none() | st.integers(-6, 5)),
        bars=draw(st.none() | st.integers(0, 32)),
        **names,
    )


@st.composite
def any_rows(draw: st.DrawFn) -> Events:
    """Rows of every kind: any numbers, ids of the tables, and nearly music."""
    n_rows = draw(st.integers(0, 12))
    numbers = [st.integers(-(2**15), 2**15 - 1)] * 4
    ids = [st.integers(0, size - 1) for size in vocab.TABLE_SIZES]
    positions = st.integers(vocab.POSITION, vocab.POSITION + 96)
    note = [positions, st.integers(0, 4), st.integers(0, 127), st.integers(0, 400)]
    bar = [st.just(vocab.BAR), ids[1], ids[2], st.integers(vocab.METER, vocab.METER_OPEN)]
    kind = st.sampled_from([numbers, ids, note, note, note, bar, bar])
    found = [[draw(field) for field in draw(kind)] for _ in range(n_rows)]
    if draw(st.booleans()):
        found.insert(0, [draw(field) for field in bar])
    return np.array(found, np.int16).reshape(-1, 4)


def positions_of(plan: list[Meter]) -> int:
    """Return the length of bars."""
    return int(sum(meter.length_beats for meter in plan) * POSITIONS_PER_QUARTER)


def make_piece(plan: list[Meter], lines: list[GridNotes], **facts: Any) -> Piece:
    """Build a piece of bars and lines, with the usual instruments of its ensemble."""
    instruments = ensemble_instruments(facts["ensemble"], len(lines), facts.get("composer") or None)
    parts = tuple(
        Part(instrument, tuple(sorted(_note(*found) for found in line)))
        for instrument, line in zip(instruments, lines, strict=True)
    )
    changes, onset = [], Fraction(0)
    for meter, stretch in groupby(plan):
        changes.append(MeterChange(onset, meter))
        onset += meter.length_beats * len(list(stretch))
    return Piece(parts=parts, meters=tuple(changes), n_bars=len(plan), **facts)


def replace_parts(piece: Piece, *parts: Part) -> Piece:
    """Return a piece with other parts."""
    names = {"composer": piece.composer, "form": piece.form, "ensemble": piece.ensemble}
    return Piece(parts, piece.meters, piece.key, n_bars=piece.n_bars, **names)


def within(n_positions: int, line: GridNotes) -> GridNotes:
    """Let notes end with the piece."""
    return [(onset, min(length, n_positions - onset), pitch) for onset, length, pitch in line]


def without_riddles(line: GridNotes) -> GridNotes:
    """Leave out what no score tells apart: long notes of one pitch that touch one another."""
    kept: GridNotes = []
    for onset, length, pitch in line:
        is_riddle = any(
            pitch == other_pitch
            and onset != other
            and max(length, other_length) >= vocab.MAX_DURATION
            and onset <= other + other_length
            and other <= onset + length
            for other, other_length, other_pitch in kept
        )
        if not is_riddle:
            kept.append((onset, length, pitch))
    return kept


def _note(onset: int, length: int, pitch: int) -> Note:
    return Note(positions_to_beats(onset), pitch, positions_to_beats(length))
