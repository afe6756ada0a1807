"""Notes of percussion -> keys of the General MIDI drum map. Knows the names of a part."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from composer.corpus.musicxml.values import text_of

# General MIDI 1 Percussion Key Map (MIDI Manufacturers Association, 1991), by words in names; the
# first that is found counts.
_KEYS = (
    ("bass drum", 36), ("grosse caisse", 36), ("grosse trommel", 36), ("gran cassa", 36),
    ("kick", 36), ("snare", 38), ("kleine trommel", 38), ("caisse claire", 38), ("tamburo", 38),
    ("side stick", 37), ("hi-hat", 42), ("hihat", 42), ("crash", 49), ("cymbal", 49),
    ("becken", 49), ("ride", 51), ("tambourine", 54), ("cowbell", 56), ("bongo", 60),
    ("conga", 63), ("maraca", 70), ("claves", 75), ("wood block", 76), ("woodblock", 76),
    ("triangle", 81), ("tam-tam", 52), ("gong", 52), ("tom", 45), ("drum", 38),
)  # fmt: skip
_UNKNOWN_KEY = 38  # a snare drum


class DrumMap:
    """Which key of the drum map each instrument of a part is.

    Args:
        listed: The part's entry in the part list, if any.
    """

    def __init__(self, listed: Element | None) -> None:
        self._key_by_id: dict[str, int] = {}
        part_name = text_of(listed, "part-name") if listed is not None else ""
        self._usual = _key_of_name(part_name)
        for instrument in listed.findall("score-instrument") if listed is not None else ():
            key = _key_of_name(text_of(instrument, "instrument-name"), self._usual)
            self._key_by_id[instrument.get("id", "")] = key
        for midi in listed.findall("midi-instrument") if listed is not None else ():
            text = text_of(midi, "midi-unpitched")
            if text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= 128:
                self._key_by_id[midi.get("id", "")] = int(text) - 1
        if len(self._key_by_id) == 1:
            self._usual = next(iter(self._key_by_id.values()))

    def key_of(self, note: Element) -> int:
        """Return the key of a note, by the instrument that it names."""
        named = note.find("instrument")
        return self._key_by_id.get(named.get("id", "") if named is not None else "", self._usual)


def _key_of_name(name: str, usual: int = _UNKNOWN_KEY) -> int:
    words = name.lower()
    return next((key for word, key in _KEYS if word in words), usual)
