"""A fugue as a plan: who enters when with the subject, and a leaning that lets them. Knows rows.

A fugue begins with one voice alone, the *subject*. One voice after the other enters with it, on the
tonic and, as the *answer*, a fifth above by turns, while those that have entered go on against it.
After this exposition episodes alternate with middle entries in related keys, and the last entry
stands on the tonic again (A. Mann, The Study of Fugue (1958), part 1; E. Prout, Fugue (1891),
chapters 2 to 7). A small model writes the lines, but holds no such plan; here the plan is sampled,
and where a voice has an entry its notes lean to the subject's, moved to the degree of the entry.

A worked example, three voices, a subject of two bars, all in 4/4 (96 positions a bar):

    bar      0 1   2 3   4 5   6 7      8 9
    voice 0  -     V     on    on       on         answer in bar 2
    voice 1  I     on    on    episode  IV         subject in bar 0, middle entry in bar 8
    voice 2  -     -     I     on       on         subject in bar 4, an octave or two lower

If the subject begins C4 (24 positions) D4, then in bar 2 nothing lightly passes position 0 before
voice 0 has a note there, which gains on G4 or G5, whichever is nearer to the middle of its range,
as long as a quarter; so it goes on at position 24 with the A above. The neighbours of each pitch
gain half, because an answer changes some steps to stay in the key.

Shapes: B candidates, V ids of a field that may be written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from composer.request import Request
from composer.theory import usual_parts
from composer.tokenizer import Conditions, vocab
from composer.tokenizer.masks import Grammar
from composer.tokenizer.vocab import BAR, DURATION, END, PART, PITCH, POSITION, TIME, Events
from composer.units import POSITIONS_PER_QUARTER

Ints = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float32]
Ids = int | Ints

FORM = "fugue"
MIN_VOICES = 3
# Ranges of voices at a keyboard, highest first: two octaves and a bit, a fifth or so apart.
RANGES = {
    3: ((57, 86), (48, 76), (33, 64)),
    4: ((60, 86), (53, 78), (45, 70), (33, 62)),
    5: ((60, 86), (55, 81), (50, 74), (43, 67), (33, 60)),
}
SUBJECT_BARS = (2, 2, 2, 3)  # one of these, if the voices have room for it
EPISODE_BARS = (1, 2, 2, 3)
TONIC, ANSWER = 0, 7
DEGREES = {0: "I", 2: "II", 5: "IV", 7: "V", 9: "VI"}
MIDDLE_DEGREES = (9, 5, 2, 7)  # semitones: relative minor, subdominant, its relative, dominant
# What times and lower voices lose by which the next note of an entry would be passed over, and what
# its voice loses at all other times; what pitch and length of its notes gain.
TIME_NATS, PART_NATS, PITCH_NATS, LENGTH_NATS = 6.0, 6.0, 10.0, 6.0
NEIGHBOUR = 0.5
LATE_NATS = 4.0  # that the first note of all loses more than a quarter behind the bar line


@dataclass(frozen=True)
class Entry:
    """A voice that takes up the subject.

    Args:
        bar: Where it begins.
        part: Which voice.
        degree: Semitones above the tonic, of any octave.
    """

    bar: int
    part: int
    degree: int


@dataclass(frozen=True)
class FuguePlan:
    """The entries of a fugue, the subject itself first.

    Args:
        subject_bars: How long the subject is.
        entries: In order of time.
    """

    subject_bars: int
    entries: tuple[Entry, ...]

    def to_text(self) -> str:
        """Return who enters when: `voice 2 in bar 1 (I), voice 1 in bar 3 (V)`, bars from 1 on."""
        return ", ".join(
            f"voice {one.part + 1} in bar {one.bar + 1} ({DEGREES[one.degree]})"
            for one in self.entries
        )

    def enters_at(self) -> list[int]:
        """Return the bar in which each voice is first heard."""
        first = {entry.part: entry.bar for entry in reversed(self.entries)}
        return [first[part] for part in sorted(first)]


def with_voices(conditions: Conditions) -> Conditions:
    """Return conditions in which a fugue at a keyboard has three voices at least."""
    if conditions.form != FORM or conditions.ensemble != "keyboard" or (conditions.parts or 0) > 2:
        return conditions
    return replace(conditions, parts=MIN_VOICES)


def fugue_plan(request: Request, conditions: Conditions) -> FuguePlan | None:
    """Return who enters when in a fugue; None of all else, and where a layout was asked for."""
    n_parts = conditions.parts or usual_parts(conditions.ensemble or "keyboard")
    if (
        conditions.form != FORM
        or n_parts < MIN_VOICES
        or request.layout
        or not request.part_writing
    ):
        return None
    rng = np.random.Generator(np.random.Philox([request.seed, 2**32 - 4]))
    return sample_plan(request.bars, n_parts, rng)


def sample_plan(bars: int, voices: int, rng: np.random.Generator) -> FuguePlan | None:
    """Return a plan; None where there is no room for every voice to enter, and a bar more.

    Args:
        bars: Of the fugue.
        voices: 3 or more.
        rng: Decides.
    """
    length = int(rng.choice(SUBJECT_BARS))
    length = min(length, (bars - 1) // voices)
    if length < 1:
        return None
    order = _order(voices, rng)
    exposition = [
        Entry(length * at, part, ANSWER if at % 2 else TONIC) for at, part in enumerate(order)
    ]
    last = bars - length - 1
    middle, bar = [], length * voices + int(rng.choice(EPISODE_BARS))
    while bar + length < last:
        middle.append(Entry(bar, int(rng.integers(voices)), int(rng.choice(MIDDLE_DEGREES))))
        bar += length + int(rng.choice(EPISODE_BARS))
    closing = [Entry(last, int(rng.integers(voices)), TONIC)] if last >= length * voices else []
    return FuguePlan(length, (*exposition, *middle, *closing))


def _order(voices: int, rng: np.random.Generator) -> list[int]:
    """Return who enters after whom: neighbours follow each other, as answers lie a fifth away."""
    order = [int(rng.integers(voices))]
    while len(order) < voices:
        left = [part for part in range(voices) if part not in order]
        nearest = min(abs(part - order[-1]) for part in left)
        order.append(int(rng.choice([p for p in left if abs(p - order[-1]) == nearest])))
    return order


@dataclass(frozen=True)
class _SubjectNote:
    """A note of the subject: positions from its beginning, pitch, id of its length."""

    at: int
    pitch: int
    length: int


class FugueEntries:
    """The leaning of a group of candidates, as `decoding.Leaning`.

    Args:
        grammar: Of the group; hears of each row first.
        plan: The same for all candidates.
    """

    def __init__(self, grammar: Grammar, plan: FuguePlan) -> None:
        self._grammar, self._plan = grammar, plan
        self._subjects: list[list[_SubjectNote]] = [[] for _ in range(grammar.size)]
        self._middles = [sum(span) / 2 for span in grammar.frame.ranges]

    def weights(self, field_index: int, chosen: Events) -> Weights | None:
        """Return what is added to the logits of a field, [B, V]; None if nothing is."""
        weights = np.zeros((len(chosen), vocab.WRITTEN_SIZES[field_index]), np.float32)
        for index, begun in enumerate(chosen.tolist()):
            bar = int(self._grammar.bar[index])
            if bar < 0 or (field_index != TIME and not _is_note(begun)):
                continue
            if field_index == TIME and not self._subjects[index]:
                weights[index, POSITION + POSITIONS_PER_QUARTER + 1 :] -= LATE_NATS
            for entry in self._plan.entries[1:]:
                if entry.bar <= bar < entry.bar + self._plan.subject_bars:
                    for ids, nats in self._gains(field_index, index, entry, begun):
                        weights[index, ids] += nats
        return weights if weights.any() else None

    def accept(self, rows: Events) -> None:
        """Go on by one row a candidate; the subject is remembered."""
        for index, row in enumerate(rows.tolist()):
            if _is_note(row) and self._grammar.bar[index] < self._plan.subject_bars:
                at = int(self._grammar.bar_onset[index]) + row[TIME] - POSITION
                self._subjects[index].append(_SubjectNote(at, row[PITCH], row[DURATION]))

    def keep(self, places: Ints) -> None:
        """Go on with some of the candidates only."""
        self._subjects = [list(self._subjects[place]) for place in places.tolist()]

    def _gains(
        self, field_index: int, index: int, entry: Entry, chosen: list[int]
    ) -> Iterator[tuple[Ids, float]]:
        """Yield ids of a field and what they gain, or lose, for an entry."""
        grammar, subject = self._grammar, self._subjects[index]
        began = entry.bar * int(grammar.bar_length[index])
        here = int(grammar.bar_onset[index]) - began  # of the bar line, in the subject's time
        if field_index == TIME:
            now = int(grammar.position[index]) + (grammar.last_part[index] >= entry.part)
            coming = [note.at - here for note in subject if note.at - here >= now]
            if coming and coming[0] < grammar.bar_length[index]:
                later = np.arange(POSITION + coming[0] + 1, vocab.N_TIME_WRITTEN)
                yield np.append(later, (BAR, END)), -TIME_NATS
            return
        at = here + chosen[TIME] - POSITION
        note = next((note for note in subject if note.at == at), None)
        if field_index == PART:
            # At one time rows rise by part: a lower voice that comes first passes the entry over.
            lower = np.arange(entry.part + 1, len(grammar.frame.ranges))
            yield (
                (lower if note and not self._is_there(index, entry, chosen) else entry.part),
                -PART_NATS,
            )
        elif note and chosen[PART] == entry.part and field_index == PITCH:
            pitch = note.pitch + self._steps(subject, entry)
            yield pitch, PITCH_NATS
            yield np.array([pitch - 1, pitch + 1]), NEIGHBOUR * PITCH_NATS
        elif note and chosen[PART] == entry.part:
            yield note.length, LENGTH_NATS

    def _is_there(self, index: int, entry: Entry, chosen: list[int]) -> bool:
        """Whether the entry's note at a time has been written, or passed over."""
        grammar = self._grammar
        is_here = grammar.position[index] == chosen[TIME] - POSITION
        return bool(is_here and grammar.last_part[index] >= entry.part)

    def _steps(self, subject: Sequence[_SubjectNote], entry: Entry) -> int:
        """Return the transposition that brings the subject nearest to the middle of a voice."""
        mean = sum(note.pitch for note in subject) / len(subject)
        octaves = round((self._middles[entry.part] - mean - entry.degree) / 12)
        lowest = min(note.pitch for note in subject) + entry.degree + 12 * octaves
        highest = max(note.pitch for note in subject) + entry.degree + 12 * octaves
        inside = lowest >= 1 and highest < vocab.N_PITCH_WRITTEN - 1
        return entry.degree + 12 * octaves if inside else 0


def _is_note(row: list[int]) -> bool:
    return POSITION <= row[TIME] < vocab.N_TIME_WRITTEN
