"""Single elements of MusicXML: syllables, grace notes, dynamics, chord symbols, clefs, tempos."""

from __future__ import annotations

from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from composer.chords import CHORD, KIND_BY_SUFFIX
from composer.piece import Grace, Lyric
from composer.piece.marks import VALUE_BEATS
from composer.theory import pitch_name, spelling_to_pitch_class

_DYNAMICS = frozenset(
    ("p", "pp", "ppp", "pppp", "ppppp", "pppppp", "f", "ff", "fff", "ffff", "fffff", "ffffff",
     "mp", "mf", "sf", "sfp", "sfpp", "fp", "rf", "rfz", "sfz", "sffz", "fz", "n", "pf", "sfzp")
)  # fmt: skip
_ALTERATIONS = {"bb": "-2", "b": "-1", "#": "1", "##": "2"}


def lyric_element(lyric: Lyric) -> Element:
    """Return a syllable."""
    element = Element("lyric", number=str(lyric.verse))
    if lyric.syllabic:
        SubElement(element, "syllabic").text = lyric.syllabic
    SubElement(element, "text").text = lyric.text
    if lyric.is_extended:
        SubElement(element, "extend")
    return element


def grace_element(grace: Grace, main: Element) -> Element:
    """Return a grace note in the voice and staff of its note."""
    element = Element("note")
    facts = {"slash": "yes"} if grace.is_slashed else {}
    if grace.is_after:
        facts["steal-time-previous"] = "25"
    SubElement(element, "grace", facts)
    if grace.is_chord:
        SubElement(element, "chord")
    name = pitch_name(grace.pitch)[:-1].rstrip("-")
    if grace.spelling and spelling_to_pitch_class(grace.spelling) == grace.pitch % 12:
        name = grace.spelling
    alteration = name.count("#") - name.count("b")
    pitch = SubElement(element, "pitch")
    SubElement(pitch, "step").text = name[0]
    if alteration:
        SubElement(pitch, "alter").text = str(alteration)
    SubElement(pitch, "octave").text = str((grace.pitch - alteration) // 12 - 1)
    for tag in ("voice", "type", "staff"):
        text = grace.kind if tag == "type" else main.findtext(tag)
        if text:
            SubElement(element, tag).text = text
    return element


def dynamic_direction(text: str) -> Element:
    """Return a dynamic, as what stands between notes."""
    direction = Element("direction", placement="below")
    dynamics = SubElement(SubElement(direction, "direction-type"), "dynamics")
    if text in _DYNAMICS:
        SubElement(dynamics, text)
    else:
        SubElement(dynamics, "other-dynamics").text = text
    return direction


def harmony_element(text: str) -> Element | None:
    """Return a chord symbol; None for a text that is none."""
    match = CHORD.fullmatch(text)
    if match is None:
        return None
    harmony = Element("harmony")
    _add_name(harmony, "root", match["root"])
    suffix = match["kind"]
    kind = SubElement(harmony, "kind", {"text": suffix} if suffix else {})
    kind.text = KIND_BY_SUFFIX.get(suffix, "other")
    if match["bass"]:
        _add_name(harmony, "bass", match["bass"])
    return harmony


def _add_name(harmony: Element, tag: str, name: str) -> None:
    element = SubElement(harmony, tag)
    SubElement(element, f"{tag}-step").text = name[0]
    if name[1:]:
        SubElement(element, f"{tag}-alter").text = _ALTERATIONS[name[1:]]


def metronome_element(tempo_bpm: float, unit_beats: Fraction | None) -> Element | None:
    """Return a printed mark; None where the value that it counts is none that is written."""
    for kind, beats in VALUE_BEATS.items():
        for dots in range(3):
            if unit_beats == beats * (2 - Fraction(1, 2**dots)):
                mark = Element("metronome")
                SubElement(mark, "beat-unit").text = kind
                for _ in range(dots):
                    SubElement(mark, "beat-unit-dot")
                shown = f"{tempo_bpm / float(unit_beats):.6g}"
                SubElement(mark, "per-minute").text = shown
                return mark
    return None


def clef_element(text: str) -> Element:
    """Return a clef by its sign, line and octaves, such as `G2` or `F4-1`."""
    element = Element("clef")
    SubElement(element, "sign").text = text[0]
    SubElement(element, "line").text = text[1]
    if text[2:]:
        SubElement(element, "clef-octave-change").text = text[2:]
    return element
