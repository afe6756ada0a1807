"""MusicXML files -> `Piece`, by music21, which gets only what has been looked at before.

`document` opens bytes as XML, `cleaning` checks every value and copies what is music, `bars` lays
measures on bar lines, `reading` has music21 resolve the copy and makes a `Piece` of it.
"""

from composer.corpus.musicxml.reading import read_musicxml, read_musicxml_bytes

__all__ = ["read_musicxml", "read_musicxml_bytes"]
