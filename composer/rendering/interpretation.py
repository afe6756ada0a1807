"""What a player reads into a bare score, as a piece that says it: velocities, pedal, marks.

`interpret` gives velocities to a piece that states none, and a pedal to a piano; where the form is
known and nothing is marked, it also writes down what is played: the word of the tempo, dynamics and
hairpins by the levels of the phrases, slurs, and the fermatas of chorales. What a piece says itself
stays as it is, so nothing happens twice. Knows no file; the rubato stays with `timing`.

Sources:
    The levels: `dynamics`. Fermatas at the ends of the lines of a chorale are those of its prints.
    B. H. Repp, Pedal timing and tempo in expressive piano performance, Psychology of Music 24
    (1996), pp. 199-221: the pedal goes down after a chord has begun and is changed with the next
    harmony. The words of tempi follow the scales of metronomes; borders and amounts are ours.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from composer.piece import Control, Marking, Marks, Note, Part, Piece
from composer.rendering.dynamics import FIXED_PROGRAMS, LEVELS, Level, plan_levels, shaded_parts
from composer.rendering.phrases import Phrase, find_phrases
from composer.rendering.staves import staff_groups
from composer.theory import INSTRUMENTS

# From how many pulses a minute on.
TEMPO_WORDS = (
    (0, "Largo"), (50, "Adagio"), (66, "Andante"), (88, "Moderato"), (104, "Allegretto"),
    (120, "Allegro"), (152, "Vivace"), (176, "Presto"),
)  # fmt: skip
# Their scores have neither dynamics nor slurs: what voices sing together is told by the words.
UNMARKED_FORMS = frozenset(
    ("canon", "canzona", "chanson", "chorale", "fugue", "hymn", "invention", "madrigal", "mass",
     "motet", "psalm", "ricercar", "sinfonia")
)  # fmt: skip
FERMATA_FORMS = frozenset(("chorale",))
# Old music goes from one level to the next at once.
TERRACED_FORMS = frozenset(
    ("allemande", "bourree", "cantata", "courante", "dance suite", "gavotte", "gigue", "minuet",
     "sarabande", "toccata", "trio sonata")
)  # fmt: skip
PIANO = INSTRUMENTS["piano"].program
PEDAL = 64
MAX_SLURRED_BEATS = Fraction(1)  # of its notes
MAX_SLURRED_STEP = 4  # semitones from note to note
MIN_SLURRED = 3


def interpret(piece: Piece) -> Piece:
    """Return a piece with what a player adds to it; one that says all of that stays the same."""
    if not piece.n_notes:
        return piece
    phrases = find_phrases(piece)
    marked = _marked(_pedalled(piece), phrases)
    # Velocities come last: where there are marks, these say how loud a phrase is as a whole.
    return replace(marked, parts=shaded_parts(marked, phrases))


def _marked(piece: Piece, phrases: Sequence[Phrase]) -> Piece:
    is_marked = any(part.markings or any(note.marks for note in part.notes) for part in piece.parts)
    if is_marked or not piece.form:
        return piece
    if piece.form in FERMATA_FORMS:
        ends = [phrase.end_beats for phrase in phrases]
        piece = replace(piece, parts=tuple(_with_fermatas(part, ends) for part in piece.parts))
    levels = plan_levels(piece, phrases)
    silent = {group.last for group in staff_groups(piece) if group.is_grand_staff}
    parts = tuple(
        replace(
            part, markings=tuple(_markings(piece, index, levels, has_levels=index not in silent))
        )
        for index, part in enumerate(piece.parts)
    )
    return replace(piece, parts=parts)


def _markings(
    piece: Piece, index: int, levels: Sequence[Level], *, has_levels: bool
) -> list[Marking]:
    """Return what stands at a part, by time; two hands have one row of levels between them."""
    part = piece.parts[index]
    found = [Marking(Fraction(0), "words", tempo_word(piece))] if index == 0 else []
    if piece.form in UNMARKED_FORMS or not part.notes:
        return found if piece.form not in FERMATA_FORMS else []
    if has_levels and part.instrument.program not in FIXED_PROGRAMS:
        found += _level_marks(piece, part, levels)
    found += _slurs(piece, part)
    return sorted(found, key=lambda one: one.onset_beats)


def tempo_word(piece: Piece) -> str:
    """Return what a tempo is called, by the pulses a minute."""
    pulses = piece.tempo_bpm / float(piece.meter.pulse_beats)
    return TEMPO_WORDS[bisect_right(TEMPO_WORDS, pulses, key=lambda row: row[0]) - 1][1]


# --- Dynamics -----------------------------------------------------------------------------------


def _level_marks(piece: Piece, part: Part, levels: Sequence[Level]) -> Iterator[Marking]:
    """Yield a dynamic where a level begins and a part sounds, and hairpins between levels."""
    shown = ""
    onsets = sorted({note.onset_beats for note in part.notes})
    order = list(LEVELS)
    for level in levels:
        inside = [t for t in onsets if level.phrase.start_beats <= t < level.phrase.end_beats]
        if not inside:
            continue
        if level.mark != shown:
            yield Marking(inside[0], "dynamic", level.mark)
            shown = level.mark
        if level.leads_to != level.mark and piece.form not in TERRACED_FORMS:
            bar = piece.bars[min(piece.n_bars, _bar_of(piece, inside[-1])) - 1].meter.length_beats
            last = [t for t in inside if t >= level.phrase.end_beats - bar]
            if len(last) > 1:
                is_rise = order.index(level.leads_to) > order.index(level.mark)
                kind = "crescendo" if is_rise else "diminuendo"
                yield Marking(last[0], kind, end_beats=last[-1])


def _bar_of(piece: Piece, beats: Fraction) -> int:
    return bisect_right(piece.bars, beats, key=lambda bar: bar.onset_beats)


# --- Slurs --------------------------------------------------------------------------------------


def _slurs(piece: Piece, part: Part) -> Iterator[Marking]:
    """Yield slurs over runs of short notes that go on by small steps within a bar."""
    if not part.is_monophonic:
        return
    run: list[Note] = []
    for note in part.notes:
        if run and not _goes_on(piece, run[-1], note):
            yield from _slur(run)
            run = []
        run = [*run, note] if note.duration_beats <= MAX_SLURRED_BEATS else []
    yield from _slur(run)


def _goes_on(piece: Piece, before: Note, note: Note) -> bool:
    step = abs(note.pitch - before.pitch)
    is_near = 0 < step <= MAX_SLURRED_STEP
    is_joined = before.end_beats == note.onset_beats
    return (
        is_near
        and is_joined
        and _bar_of(piece, before.onset_beats) == _bar_of(piece, note.onset_beats)
    )


def _slur(run: Sequence[Note]) -> Iterator[Marking]:
    if len(run) >= MIN_SLURRED and min(note.duration_beats for note in run) < MAX_SLURRED_BEATS:
        yield Marking(run[0].onset_beats, "slur", end_beats=run[-1].onset_beats)


# --- Fermatas and pedal -------------------------------------------------------------------------


def _with_fermatas(part: Part, ends_beats: Sequence[Fraction]) -> Part:
    """Put fermatas at the notes that sound last in every phrase."""
    fermata = Marks(signs=("fermata",))
    last = set()
    for end in ends_beats:
        before = [note for note in part.notes if note.onset_beats < end]
        last |= {note for note in before[-1:] if note.end_beats <= end}
    notes = tuple(replace(note, marks=fermata) if note in last else note for note in part.notes)
    return replace(part, notes=notes)


def _pedalled(piece: Piece) -> Piece:
    """Let two hands at a piano hold the pedal from one bass note to the next, within a bar."""
    pairs = [
        group
        for group in staff_groups(piece)
        if group.is_grand_staff and piece.parts[group.first].instrument.program == PIANO
    ]
    parts = list(piece.parts)
    for group in pairs:
        hands = parts[group.first : group.last + 1]
        if not any(part.controls for part in hands) and hands[1].notes:
            pedal = tuple(_pedal(piece, hands[1].notes))
            for index in (group.first, group.last):
                parts[index] = replace(parts[index], controls=pedal)
    return replace(piece, parts=tuple(parts))


def _pedal(piece: Piece, left: Sequence[Note]) -> Iterator[Control]:
    """Yield when the pedal goes down with a bass note, and up just before the next one."""
    lows = sorted({(note.onset_beats, note.pitch) for note in left})
    basses = [lows[0][0]]
    for (_, before), (onset, pitch) in pairwise(lows):
        is_new_bar = _bar_of(piece, onset) != _bar_of(piece, basses[-1])
        is_bass = pitch < before or (pitch - before) % 12 not in (0, 3, 4, 7, 8, 9, 5)
        if onset > basses[-1] and (is_new_bar or is_bass):
            basses.append(onset)
    end = max(note.end_beats for note in left)
    for onset, following in pairwise([*basses, max(end, basses[-1] + Fraction(1, 4))]):
        gap = min(Fraction(1, 12), (following - onset) / 4)
        yield Control(onset, PEDAL, 127)
        yield Control(following - gap, PEDAL, 0)
