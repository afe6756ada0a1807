"""What a file is, told by its first bytes and never by its name."""

from __future__ import annotations

import re
from enum import Enum

from composer.errors import ScoreFileError

_ADVICE = "give a MIDI or MusicXML file (.mid, .musicxml, .xml or .mxl), ABC, Humdrum or MEI"
_HEAD = 5_000  # bytes in which a file says what it is
_MEI = re.compile(rb"<(\w+:)?mei[\s>]")
# Comments and blank lines may stand before the number of a tune.
_ABC = re.compile(rb"(\xef\xbb\xbf)?(%[^\n]*\n|\s*\n)*X:\s*\d")
_XML_MARKS = ("utf-8", "utf-16-le", "utf-16-be")
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
# What people bring by mistake.
_OTHERS = (
    (b"%PDF", "a PDF, which shows notes but does not hold them"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"ID3", "a sound recording"),
    (b"OggS", "a sound recording"),
    (b"fLaC", "a sound recording"),
    (b"RIFF", "a sound recording"),
    (b"\x1f\x8b", "a packed file; unpack it first"),
    (b"BZh", "a packed file; unpack it first"),
    (b"7z\xbc\xaf", "a packed file; unpack it first"),
    (b"Rar!", "a packed file; unpack it first"),
    (b"PK\x05\x06", "an archive with nothing in it"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"!!!", "Humdrum without notes (**kern); give a score of it"),
    (b"ENIGMA BINARY", "Finale's own format; export it there as MusicXML"),
    (b"\x0fSIBELIUS", "Sibelius's own format; export it there as MusicXML"),
    (b"\x18FICHIER GUITAR PRO", "Guitar Pro's own format; export it there as MusicXML"),
    (b"BCFZ", "Guitar Pro's own format; export it there as MusicXML"),
    (b"\\version", "LilyPond source; let LilyPond write MIDI from it"),
)


class Kind(Enum):
    """The formats that can be read."""

    MIDI = "midi"
    MUSICXML = "musicxml"
    ABC = "abc"
    HUMDRUM = "humdrum"
    MEI = "mei"


def kind_of(data: bytes) -> Kind:
    """Return the format of a file.

    Raises:
        ScoreFileError: If it is none that can be read; names what it is, where that is known.
    """
    if not data:
        raise ScoreFileError(f"the file is empty; {_ADVICE}")
    if data.startswith(b"MThd") or (data.startswith(b"RIFF") and data[8:12] == b"RMID"):
        return Kind.MIDI
    if data.startswith(b"PK\x03\x04") or is_markup(data):
        return Kind.MEI if _MEI.search(data[:_HEAD].replace(b"\0", b"")) else Kind.MUSICXML
    if _ABC.match(data[:_HEAD]):
        return Kind.ABC
    if data.startswith((b"!!!", b"**", b"!!")) and b"**kern" in data:
        return Kind.HUMDRUM
    for mark, what in _OTHERS:
        if data.startswith(mark):
            raise ScoreFileError(f"the file is {what}; {_ADVICE}")
    raise ScoreFileError(f"the file is neither MIDI nor MusicXML; {_ADVICE}")


def is_markup(data: bytes) -> bool:
    """Whether the first thing in a file is an angle bracket."""
    for mark in _BYTE_ORDER_MARKS:
        data = data.removeprefix(mark)
    start = data[:200]
    return any(
        start[: len(start) // 2 * 2].decode(encoding, "ignore").lstrip().startswith("<")
        for encoding in _XML_MARKS
    )
