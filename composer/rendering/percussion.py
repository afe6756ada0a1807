"""A part of a file that stands for keys of the drum map -> one that says so. Knows MusicXML."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from composer.theory import LETTER_PITCH_CLASSES

_CHANNEL = "10"


def write_as_percussion(root: Element, part: Element) -> None:
    """Turn the pitches of a part into notes without pitch, each by an instrument of its own.

    A note is shown where its key would stand as a pitch, under a clef of percussion; which key of
    the General MIDI drum map it is says its instrument.

    Args:
        root: The file, for its list of parts.
        part: One of its parts, written with pitches.
    """
    listed = next(one for one in root.iter("score-part") if one.get("id") == part.get("id"))
    used: dict[int, str] = {}
    for note in part.iter("note"):
        pitch = note.find("pitch")
        if pitch is None:
            continue
        key = _key_of(pitch)
        name = used.setdefault(key, f"{part.get('id')}-D{key}")
        pitch.tag = "unpitched"
        pitch.find("step").tag, pitch.find("octave").tag = "display-step", "display-octave"  # type: ignore[union-attr]
        for alter in pitch.findall("alter"):
            pitch.remove(alter)
        for accidental in note.findall("accidental"):
            note.remove(accidental)
        at = list(note).index(pitch) + 1
        while at < len(note) and note[at].tag in ("duration", "tie"):
            at += 1
        note.insert(at, Element("instrument", id=name))
    for clef in part.iter("clef"):
        clef.clear()
        SubElement(clef, "sign").text = "percussion"
    _list_instruments(listed, used)


def _key_of(pitch: Element) -> int:
    step, octave = pitch.findtext("step") or "C", int(pitch.findtext("octave") or 0)
    alter = int(float(pitch.findtext("alter") or 0))
    return 12 * (octave + 1) + LETTER_PITCH_CLASSES[step] + alter


def _list_instruments(listed: Element, used: dict[int, str]) -> None:
    for tag in ("score-instrument", "midi-device", "midi-instrument"):
        for old in listed.findall(tag):
            listed.remove(old)
    for key, name in sorted(used.items()):
        instrument = SubElement(listed, "score-instrument", id=name)
        SubElement(instrument, "instrument-name").text = f"percussion {key}"
    for key, name in sorted(used.items()):
        midi = SubElement(listed, "midi-instrument", id=name)
        SubElement(midi, "midi-channel").text = _CHANNEL
        SubElement(midi, "midi-unpitched").text = str(key + 1)
