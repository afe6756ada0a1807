"""ABC, Humdrum and MEI -> `Piece`, by way of the MusicXML that music21 makes of them.

Knows where one tune of a book ends; what the formats mean, music21 knows.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from xml.etree.ElementTree import ParseError, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from composer.corpus.musicxml import read_musicxml_bytes
from composer.corpus.text import decode_text
from composer.errors import ScoreFileError
from composer.extras import named
from composer.piece import Piece, Repeat

MAX_BYTES = 1_000_000
NAMES = {"abc": "ABC notation", "humdrum": "Humdrum", "mei": "MEI"}
_TUNE = re.compile(r"^X:", re.MULTILINE)
# What music21 calls music that states no title and no composer.
_MADE_UP = ("Music21 Fragment", "Music21")
_MEI = "{http://www.music-encoding.org/ns/mei}"
# What music21 does not read.
_MEI_ASIDE = {
    "tempo": "tempo marks", "dynam": "dynamics", "hairpin": "hairpins", "harm": "chord symbols",
    "dir": "words", "reh": "rehearsal marks", "pedal": "pedal lines", "octave": "octave lines",
    "trill": "trills", "mordent": "mordents", "turn": "turns", "fermata": "fermatas",
    "repeatMark": "jumps",
}  # fmt: skip
_SPINE = re.compile(r"\*\*[a-z]{1,20}")
_SLUR = re.compile(r"^[^!*\n]*\(", re.MULTILINE)
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read_foreign_bytes(data: bytes, kind: str, *, title: str = "", song: int = 1) -> Piece:
    """Read the content of a file of another notation.

    Args:
        data: The whole file.
        kind: A name in `NAMES`.
        title: Given to the piece if the file states none.
        song: Which tune, from 1, of a book of them.

    Raises:
        ScoreFileError: If the data cannot be read as music.
        MissingTool: If music21 is absent.
    """
    text = data.decode("utf-16", "replace") if data.startswith(_UTF_16) else decode_text(data)
    text = text.removeprefix("\ufeff")
    remarks = [f"read: {NAMES[kind]}, by way of MusicXML"]
    if kind == "abc":
        tunes = [found.start() for found in _TUNE.finditer(text)]
        if not 1 <= song <= len(tunes):
            raise ScoreFileError(f"the file holds the songs 1 to {len(tunes)}, not number {song}")
        text = text[tunes[song - 1] : [*tunes, None][song]]
        if len(tunes) > 1:
            remarks.append(f"read: song {song} of the {len(tunes)} that the file holds")
    endings: list[_Ending] = []
    if kind == "mei":
        text, endings, aside = _plain_mei(text)
        remarks += [f"set aside: {', '.join(aside)}"] if aside else []
    elif kind == "humdrum":
        aside = _humdrum_aside(text)
        remarks += [f"set aside: {', '.join(aside)}"] if aside else []
    # music21 takes fermatas for inverted ones where a format does not say.
    written = _as_musicxml(text, kind).replace(b'<fermata type="inverted"', b"<fermata")
    piece = read_musicxml_bytes(written)
    piece = replace(piece, repeats=tuple(_with_endings(piece, endings)))
    return replace(
        piece,
        title=title if piece.title in ("", *_MADE_UP) else piece.title,
        composer="" if piece.composer in _MADE_UP else piece.composer,
        remarks=(*remarks, *piece.remarks),
    )


def _humdrum_aside(text: str) -> list[str]:
    """Return the names of what music21 leaves out of Humdrum."""
    spines = sorted({name for name in _SPINE.findall(text) if name != "**kern"})
    return [*(["slurs"] if _SLUR.search(text) else []), *spines]


class _Ending(NamedTuple):
    """An ending of MEI: its first measure and the one behind it, from 0, and its times."""

    first: int
    end: int
    numbers: tuple[int, ...]


def _plain_mei(text: str) -> tuple[str, list[_Ending], list[str]]:
    """Return MEI as music21 reads it, with the endings and the names of what it leaves out."""
    try:
        root = fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise ScoreFileError("the file is no well-formed MEI; save it again") from error
    for syllable in root.iter(f"{_MEI}syl"):
        if syllable.get("wordpos") == "s":  # a word of one syllable
            del syllable.attrib["wordpos"]
    places = {id(one): place for place, one in enumerate(root.iter(f"{_MEI}measure"))}
    endings: list[_Ending] = []
    for ending in root.iter(f"{_MEI}ending"):
        found = [places[id(one)] for one in ending.iter(f"{_MEI}measure")]
        numbers = tuple(int(one) for one in re.findall(r"\d{1,2}", ending.get("n", "")) if int(one))
        if found:
            endings.append(_Ending(found[0], found[-1] + 1, numbers[:20] or (len(endings) + 1,)))
        ending.tag = f"{_MEI}section"
    aside = [name for tag, name in _MEI_ASIDE.items() if root.find(f".//{_MEI}{tag}") is not None]
    return tostring(root, encoding="unicode"), endings, sorted(aside)


def _with_endings(piece: Piece, endings: Sequence[_Ending]) -> list[Repeat]:
    """Return the repeats of a piece with its endings, where measures are bars."""
    edges = [*(bar.onset_beats for bar in piece.bars), piece.length_beats]
    found = [
        Repeat(edges[first], "ending", edges[end], numbers)
        for first, end, numbers in endings
        if end < len(edges)
    ]
    return sorted([*piece.repeats, *found], key=lambda one: one.onset_beats)


def _as_musicxml(text: str, kind: str) -> bytes:
    with named():
        from music21.converter import subConverters
        from music21.musicxml.m21ToXml import GeneralObjectExporter

    converters: dict[str, Any] = {
        "abc": subConverters.ConverterABC,
        "humdrum": subConverters.ConverterHumdrum,
        "mei": subConverters.ConverterMEI,
    }
    converter = converters[kind]()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            converter.parseData(text)
            found = converter.stream
            score = found.scores[0] if "Opus" in found.classes else found
            written: bytes = GeneralObjectExporter(score).parse()
    except Exception as error:  # music21 raises of many families
        raise ScoreFileError(
            f"the file's {NAMES[kind]} cannot be read; export it as MusicXML"
        ) from error
    return written
