"""What is written at a note -> `Marks`: value, spelling, signs, syllables. Knows one note.

Names that `piece.SIGNS` does not have are set aside, and named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element

from composer.corpus.musicxml.values import read_pitch, text_of
from composer.corpus.text import clean_text
from composer.errors import OptionError
from composer.piece import SIGNS, Grace, Lyric, Written
from composer.piece.marks import SYLLABICS, VALUE_BEATS
from composer.theory import LINE_OF_FIFTHS

_MAX_VERSES = 9
_MAX_SYLLABLE = 60
_FAMILIES = ("articulations", "ornaments", "technical")
_MAX_FINGER = 5


def read_written(note: Element) -> Written | None:
    """Return the value in which a note is written; None if it states none, or an odd one."""
    kind = text_of(note, "type")
    ratio = note.find("time-modification")
    try:
        if ratio is None:
            return Written(kind, len(note.findall("dot")))
        numbers = (int(text_of(ratio, "actual-notes")), int(text_of(ratio, "normal-notes")))
        return Written(kind, len(note.findall("dot")), *numbers)
    except (OptionError, ValueError):
        return None


def spelling_of(note: Element) -> str:
    """Return the written name of a note, such as `Bb`; empty if it has more than two signs."""
    step, alteration, _ = read_pitch(note)
    name = step + ("#" * alteration if alteration > 0 else "b" * -alteration)
    return name if name in LINE_OF_FIFTHS else ""


def read_signs(note: Element, aside: set[str]) -> Iterator[str]:
    """Yield the signs at a note by their names in `piece.SIGNS`.

    Args:
        note: An element of the file.
        aside: Gets the names of what is not known.
    """
    for notations in note.findall("notations"):
        for family in _FAMILIES:
            for element in (one for group in notations.findall(family) for one in group):
                name = _sign_name(element)
                if SIGNS.get(name) == family:
                    yield name
                elif element.tag not in ("accidental-mark", "wavy-line"):
                    aside.add(element.tag.replace("-", " "))
        for fermata in notations.findall("fermata"):
            yield "inverted-fermata" if fermata.get("type") == "inverted" else "fermata"
        for tag in ("arpeggiate", "non-arpeggiate"):
            if notations.find(tag) is not None:
                yield tag


def _sign_name(element: Element) -> str:
    text = (element.text or "").strip()
    if element.tag == "tremolo" and element.get("type", "single") == "single":
        return f"tremolo-{text}"
    if element.tag == "fingering":
        return f"fingering-{text}"
    return element.tag


def read_lyrics(note: Element) -> tuple[Lyric, ...]:
    """Return the syllables under a note, a verse each."""
    found: dict[int, Lyric] = {}
    for number, element in enumerate(note.findall("lyric"), start=1):
        words = [clean_text(one.text or "", _MAX_SYLLABLE) for one in element.findall("text")]
        stated = element.get("number", "")
        verse = int(stated) if stated.isdecimal() and len(stated) < 2 else number
        syllabic = text_of(element, "syllabic")
        if any(words) and 1 <= verse <= _MAX_VERSES:
            found[verse] = Lyric(
                " ".join(filter(None, words)),
                verse,
                syllabic if syllabic in SYLLABICS else "",
                element.find("extend") is not None,
            )
    return tuple(found[verse] for verse in sorted(found))


def read_grace(note: Element, pitch: int, spelling: str, *, is_chord: bool) -> Grace:
    """Return a grace note; one that states no value is an eighth."""
    grace = note.find("grace")
    kind = text_of(note, "type")
    return Grace(
        pitch,
        spelling,
        kind if kind in VALUE_BEATS else "eighth",
        is_slashed=grace is not None and grace.get("slash") == "yes",
        is_after=grace is not None and grace.get("steal-time-previous") is not None,
        is_chord=is_chord,
    )


def unique(signs: Iterable[str]) -> tuple[str, ...]:
    """Return signs once each, in their order."""
    return tuple(dict.fromkeys(signs))
