"""How long the measures of a score are, and under which meters; knows time, and no pitch.

A score is walked twice: here, so that `bars` can lay its measures on bar lines, and in `walking`,
which then knows when everything stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from xml.etree.ElementTree import Element

from composer.corpus.midi import MAX_BARS, MAX_NOTES, MAX_PARTS
from composer.corpus.musicxml.bars import Measure
from composer.corpus.musicxml.values import (
    MAX_MEASURE_BEATS,
    read_divisions,
    read_duration,
    read_meter,
    text_of,
)
from composer.corpus.musicxml.written import read_written
from composer.errors import ScoreFileError
from composer.theory import Meter


@dataclass(slots=True)
class Clock:
    """Where in a measure the file is, in quarters, and how far it has been.

    Args:
        divisions: Of a quarter, as the file last stated.
        beats: From the beginning of the measure.
        furthest: Of this measure.
    """

    divisions: Fraction = Fraction(1)
    beats: Fraction = Fraction(0)
    furthest: Fraction = Fraction(0)

    def begin(self) -> None:
        """Begin a measure."""
        self.beats = self.furthest = Fraction(0)

    def step(self, beats: Fraction) -> None:
        """Go on, or back.

        Raises:
            ScoreFileError: If the measure becomes too long.
        """
        self.beats = max(Fraction(0), self.beats + beats)
        self.furthest = max(self.furthest, self.beats)
        if self.beats > MAX_MEASURE_BEATS:
            raise ScoreFileError("the file has a bar that is longer than any time signature")

    def take_attributes(self, attributes: Element) -> None:
        """Read divisions, where they are stated."""
        if attributes.find("divisions") is not None:
            self.divisions = read_divisions(text_of(attributes, "divisions"))

    def length_of(self, timed: Element) -> Fraction:
        """Return the length of a note, rest or step in quarters.

        Notes of tuplets seldom last whole divisions; where their written value says how long they
        are, to less than a division, that is exact.
        """
        beats = read_duration(timed, self.divisions)
        if timed.find("time-modification") is None:
            return beats
        written = read_written(timed)
        is_rounded = written is not None and abs(written.beats - beats) < 1 / self.divisions
        return written.beats if written is not None and is_rounded else beats


def is_grace(note: Element) -> bool:
    """Whether a note takes no time."""
    return note.find("grace") is not None


def is_in_chord(note: Element) -> bool:
    """Whether a note begins with the one before it."""
    return note.find("chord") is not None


def check_counts(root: Element) -> None:
    """Refuse a score with more than can be read.

    Raises:
        ScoreFileError: With what was found and the limit.
    """
    parts = root.findall("part")
    n_bars = max((len(part.findall("measure")) for part in parts), default=0)
    n_notes = sum(1 for _ in root.iter("note"))
    for n, limit, what in (
        (len(parts), MAX_PARTS, "parts"),
        (n_bars, MAX_BARS, "bars"),
        (n_notes, 3 * MAX_NOTES, "notes"),  # and rests, grace notes, the tied parts of a note
    ):
        if n > limit:
            raise ScoreFileError(f"the file has {n:,} {what}; at most {limit:,} can be read")


def measure_score(root: Element) -> tuple[Measure, ...]:
    """Return measures as long as in the longest part, under the first meter that a part states.

    Raises:
        ScoreFileError: If a value is none that music has.
    """
    return _longest([tuple(_measures(part)) for part in root.findall("part")])


def _measures(part: Element) -> Iterator[Measure]:
    clock = Clock()
    for measure in part.findall("measure"):
        clock.begin()
        meter: Meter | None = None
        for element in measure:
            if element.tag == "attributes":
                clock.take_attributes(element)
                time = element.find("time")
                meter = (read_meter(time) if time is not None else None) or meter
            elif element.tag == "note" and not (is_grace(element) or is_in_chord(element)):
                clock.step(clock.length_of(element))
            elif element.tag in ("backup", "forward"):
                sign = -1 if element.tag == "backup" else 1
                clock.step(sign * read_duration(element, clock.divisions))
        is_implicit = measure.get("implicit") == "yes" or measure.get("number") == "0"
        yield Measure(clock.furthest, meter, is_implicit)


def _longest(lines: Sequence[Sequence[Measure]]) -> tuple[Measure, ...]:
    result = []
    for index in range(max(map(len, lines), default=0)):
        found = [measures[index] for measures in lines if index < len(measures)]
        meter = next((one.meter for one in found if one.meter), None)
        length = max(one.length_beats for one in found)
        result.append(Measure(length, meter, any(one.is_implicit for one in found)))
    return tuple(result)
