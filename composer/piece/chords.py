"""Chord symbols as they are printed, such as `Bbm7/F`, by the kinds that MusicXML names."""

from __future__ import annotations

import re

# Kinds of MusicXML 4.0 -> what is printed behind the root.
CHORD_SUFFIXES = {
    "major": "", "minor": "m", "augmented": "+", "diminished": "dim", "dominant": "7",
    "major-seventh": "maj7", "minor-seventh": "m7", "diminished-seventh": "dim7",
    "augmented-seventh": "+7", "half-diminished": "m7b5", "major-minor": "m(maj7)",
    "major-sixth": "6", "minor-sixth": "m6", "dominant-ninth": "9", "major-ninth": "maj9",
    "minor-ninth": "m9", "dominant-11th": "11", "major-11th": "maj11", "minor-11th": "m11",
    "dominant-13th": "13", "major-13th": "maj13", "minor-13th": "m13",
    "suspended-second": "sus2", "suspended-fourth": "sus4", "power": "5",
}  # fmt: skip
KIND_BY_SUFFIX = {suffix: kind for kind, suffix in CHORD_SUFFIXES.items()}
_NAME = r"[A-G](?:bb|b|##|#)?"
CHORD = re.compile(rf"(?P<root>{_NAME})(?P<kind>[^/]*)(?:/(?P<bass>{_NAME}))?")
