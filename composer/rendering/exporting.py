"""A score of music21 -> the root of a MusicXML file, without what music21 makes up.

Knows music21's writer, and how finely it divides a quarter; no note of a piece.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import chain
from math import lcm
from threading import Lock
from typing import Any
from xml.etree.ElementTree import Element

from music21 import defaults, stream
from music21.musicxml.m21ToXml import ScoreExporter

from composer.rendering.notation import TOUCH_MARK

# Begins the id of a note that is told by its sound: part, onset in quarters (a point for the bar of
# a fraction), pitch and a number follow.
SOUND_MARK = "sound_"
MAX_DIVISIONS = 1_000_000  # of a quarter
_EXPORT = Lock()  # music21 keeps the divisions of a quarter for all that it writes


def export(score: stream.Score, times: Iterable[Fraction]) -> Element:
    """Return the root of a file.

    Args:
        score: Laid out completely.
        times: Quarters that are to be whole numbers of divisions, as far as files may.
    """
    # Rests beside odd times are cut into values that nobody asked for.
    cut = (Fraction(element.quarterLength) for element in score.recurse().notesAndRests)
    with _divisions(chain(times, cut)):
        return _Exporter(score).parse()


class _Exporter(ScoreExporter):
    """music21's writer without the names and dates that it makes up."""

    def __init__(self, score: stream.Score) -> None:
        super().__init__(score, makeNotation=False)

    def parse(self) -> Element:
        """Return the root of the file, without comments, with attacks and releases."""
        root = super().parse()
        _write_touches(root)
        for place in (root, *root.iter("part")):
            comments = [child for child in place if not isinstance(child.tag, str)]
            for comment in comments:
                place.remove(comment)
        return root

    def setTitles(self) -> None:
        """Write a title where there is one."""
        if self.stream.metadata.title:
            super().setTitles()

    def setIdentification(self) -> Any:
        """Write a composer where there is one, and no date: the same piece gives the same file."""
        identification = super().setIdentification()
        if not self.stream.metadata.composer:
            _remove(identification, "creator")
        for encoding in identification.iter("encoding"):
            _remove(encoding, "encoding-date")
        return identification


def _remove(element: Element, tag: str) -> None:
    for child in element.findall(tag):
        element.remove(child)


def _write_touches(root: Element) -> None:
    """Put attacks and releases, in divisions, in place of the ids that stand for them.

    A note that is told by its sound keeps an id of its part, onset and pitch, each head its own.
    """
    marked = (note for note in root.iter("note") if note.get("id", "").startswith(TOUCH_MARK))
    for number, note in enumerate(marked):
        told = note.attrib.pop("id").removeprefix(TOUCH_MARK).split("_")
        for name, beats in zip(("attack", "release"), told[:2], strict=True):
            if beats != "0":
                length = Fraction(beats.replace(".", "/"))
                note.set(name, str(round(length * defaults.divisionsPerQuarter)))
        if told[2:]:
            note.set("id", SOUND_MARK + "_".join([*told[2:], str(number)]))


@contextmanager
def _divisions(times: Iterable[Fraction]) -> Iterator[None]:
    """Let music21 divide quarters so finely that times are whole; the most frequent come first."""
    found = Counter(time.denominator for time in times)
    with _EXPORT:
        usual = n_divisions = defaults.divisionsPerQuarter
        for denominator, _ in found.most_common():
            finer = lcm(n_divisions, denominator)
            n_divisions = finer if finer <= MAX_DIVISIONS else n_divisions
        defaults.divisionsPerQuarter = n_divisions
        try:
            yield
        finally:
            defaults.divisionsPerQuarter = usual
