"""Random music for properties: pieces on the grid, pieces that keep every hard rule, any rows."""

from __future__ import annotations

from fractions import Fraction
from itertools import groupby
from typing import Any

import numpy as np
from hypothesis import strategies as st

from composer.piece import MeterChange, Note, Part, Piece
from composer.theory import (
    ENSEMBLES,
    MODES,
    MONOPHONIC_ENSEMBLES,
    Meter,
    ensemble_instruments,
    key_from_signature,
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
    """Wishes that a vocabulary can spell exactly, each of them open now and then."""
    known = {"composer": VOCABULARY.composers, "form": VOCABULARY.forms, "ensemble": ENSEMBLES}
    names = {wish: draw(st.none() | st.sampled_from(found)) for wish, found in known.items()}
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
