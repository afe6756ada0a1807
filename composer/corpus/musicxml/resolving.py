"""A clean score -> its notes as they stand and sound, resolved by music21.

music21 adds up time, and knows chords, voices, ties and transpositions. Nothing touches the disk:
it gets an element tree that `cleaning` made, so that its cache of pickles, its scratch folder and
its guesses about paths and addresses never come into play.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any
from xml.etree.ElementTree import Element

from music21 import environment, stream
from music21.exceptions21 import Music21Exception
from music21.musicxml.xmlToM21 import MusicXMLImporter, PartParser

from composer.corpus.musicxml.cleaning import CleanScore
from composer.corpus.musicxml.lines import RawNote
from composer.errors import ScoreFileError

# What music21 raises over odd scores: it promises no family.
_MUSIC21_ERRORS = (
    Music21Exception, ValueError, TypeError, LookupError, AttributeError, ArithmeticError,
)  # fmt: skip
# For this process only. Nothing here asks for an address; should anything ever, it gets none.
environment.Environment()["autoDownload"] = "deny"


class _PartParser(PartParser):
    """music21's reader of a part, without its guesses of meters: `bars` knows where bars lie."""

    def adjustTimeAttributesFromMeasure(self, m: stream.Measure) -> None:
        """Put the next measure behind this one."""
        self.lastMeasureOffset += m.highestTime


class _Importer(MusicXMLImporter):
    """music21's reader of a score, with our reader of a part."""

    def xmlPartToPart(self, mxPart: Element, mxScorePart: Element) -> Any:
        """Return a part."""
        parser = _PartParser(mxPart, mxScorePart=mxScorePart, parent=self)
        parser.parse()
        return parser.stream


def resolve_notes(clean: CleanScore, onsets_beats: Sequence[Fraction]) -> list[list[RawNote]]:
    """Return the notes of every staff, ties not yet merged.

    Args:
        clean: A score.
        onsets_beats: Where its measures begin, in quarters from the beginning of bar 1.

    Raises:
        ScoreFileError: If music21 cannot make a score of it.
    """
    importer: Any = _Importer()  # type: ignore[no-untyped-call]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a file says oddly is no fault of the program
        try:
            score = importer.xmlRootToScore(clean.root)
            if clean.is_transposed:
                score.toSoundingPitch(inPlace=True)
        except _MUSIC21_ERRORS as error:
            raise ScoreFileError("the file's notes do not make a score") from error
    return [list(_raw_notes(part, onsets_beats)) for part in score.parts]


def _raw_notes(part: stream.Part, onsets_beats: Sequence[Fraction]) -> Iterator[RawNote]:
    for index, measure in enumerate(part.getElementsByClass(stream.Measure)):
        has_voices = bool(measure.voices)
        for voice in measure.voices or (measure,):
            name = str(voice.id) if has_voices else ""
            for element in voice.notes:
                onset = onsets_beats[index] + Fraction(voice.elementOffset(element))
                end = onset + Fraction(element.duration.quarterLength)
                for note in getattr(element, "notes", (element,)):
                    yield _raw_note(note, (onset, end), name, index)


def _raw_note(note: Any, span: tuple[Fraction, Fraction], voice: str, measure: int) -> RawNote:
    kind = note.tie.type if note.tie else ""
    onset, end = span
    # In place of a colour `cleaning` wrote how much longer it sounds.
    color = note.style.color if note.hasStyleInformation else None
    release = Fraction(color or 0)
    if kind in ("start", "continue") or (not kind and end + release <= onset):
        release = Fraction(0)
    return RawNote(
        onset,
        end + release,
        pitch=note.pitch.midi,
        voice=voice,
        measure=measure,
        is_continued=kind in ("start", "continue"),
        continues=kind in ("stop", "continue"),
    )
