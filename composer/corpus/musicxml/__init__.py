"""MusicXML files -> `Piece`. Knows the format, and every value is checked.

`document` opens bytes as XML, `measuring` adds up how long measures are, `bars` lays them on bar
lines, `walking` reads the notes of every staff with what is `written` at them, `directions` what
stands between them, and `reading` makes a `Piece` of all that.
"""

from composer.corpus.musicxml.reading import read_musicxml, read_musicxml_bytes

__all__ = ["read_musicxml", "read_musicxml_bytes"]
