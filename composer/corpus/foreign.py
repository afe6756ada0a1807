"""ABC, Humdrum and MEI -> `Piece`, by way of the MusicXML that music21 makes of them.

Knows where one tune of a book ends; what the formats mean, music21 knows.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from composer.corpus.musicxml import read_musicxml_bytes
from composer.corpus.text import decode_text
from composer.errors import ScoreFileError
from composer.extras import named
from composer.piece import Piece

MAX_BYTES = 1_000_000
NAMES = {"abc": "ABC notation", "humdrum": "Humdrum", "mei": "MEI"}
_TUNE = re.compile(r"^X:", re.MULTILINE)
# What music21 calls music that states no title and no composer.
_MADE_UP = ("Music21 Fragment", "Music21")
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
    elif kind == "mei":
        _check_markup(text)
    piece = read_musicxml_bytes(_as_musicxml(text, kind))
    return replace(
        piece,
        title=title if piece.title in ("", *_MADE_UP) else piece.title,
        composer="" if piece.composer in _MADE_UP else piece.composer,
        remarks=(*remarks, *piece.remarks),
    )


def _check_markup(text: str) -> None:
    try:
        fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise ScoreFileError("the file is no well-formed MEI; save it again") from error


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
