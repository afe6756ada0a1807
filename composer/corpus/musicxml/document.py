"""Bytes -> the root element of a score, plain or zipped. Knows XML and zip files, and no music.

Entities are refused, nesting and sizes have ends, and of a zip file only the one member that its
container names is read, and not further than to its cap.
"""

from __future__ import annotations

import lzma
import zipfile
import zlib
from io import BytesIO
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from composer.corpus.musicxml.encodings import DECLARATION, decode_xml
from composer.errors import ScoreFileError

MAX_XML_BYTES = 20_000_000
MAX_CONTAINER_BYTES = 64_000
MAX_MEMBERS = 200
MAX_DEPTH = 40
_CONTAINER = "META-INF/container.xml"
_SCORE_TYPES = ("", "application/vnd.recordare.musicxml+xml", "application/xml", "text/xml")
_ZIP_ERRORS = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, KeyError, ValueError,
    NotImplementedError, RuntimeError,
)  # fmt: skip
_NO_SCORE = {
    "opus": "the file is a list of scores; give one score a file",
    "container": "the file is the list of contents of an .mxl file; give the .mxl file itself",
}


class _ShallowBuilder(TreeBuilder):
    """Builds no tree deeper than `MAX_DEPTH`: such trees are no music, and some code recurses."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        """Open an element."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ScoreFileError("the file nests its elements deeper than any score")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        """Close an element."""
        self._depth -= 1
        return super().end(tag)


def open_score(data: bytes) -> Element:
    """Return the `score-partwise` element of a MusicXML file.

    Args:
        data: XML in any encoding, or a zip file (.mxl) with its container.

    Raises:
        ScoreFileError: If there is none.
    """
    root = parse_xml(_unzip(data) if data[:4] == b"PK\x03\x04" else data)
    if root.tag == "score-timewise":
        root = _by_parts(root)
    if root.tag != "score-partwise":
        reason = _NO_SCORE.get(root.tag, "the file is XML, but no MusicXML score")
        raise ScoreFileError(reason)
    return root


def _by_parts(root: Element) -> Element:
    """Return a score that is ordered by time (score-timewise) ordered by parts."""
    turned = Element("score-partwise", root.attrib)
    turned.extend(child for child in root if child.tag != "measure")
    parts: dict[str, Element] = {}
    for measure in root.findall("measure"):
        for part in measure.findall("part"):
            name = part.get("id", "")
            home = parts.setdefault(name, Element("part", id=name))
            copy = Element("measure", measure.attrib)
            copy.extend(part)
            home.append(copy)
    turned.extend(parts.values())
    return turned


def parse_xml(data: bytes) -> Element:
    """Parse XML without entities.

    Raises:
        ScoreFileError: If it is too large, too deep, broken, or declares entities.
    """
    if len(data) > MAX_XML_BYTES:
        limit_mb = MAX_XML_BYTES / 1e6
        raise ScoreFileError(f"the score is larger than {limit_mb:g} MB; give one piece a file")
    parser = DefusedXMLParser(
        target=_ShallowBuilder(), forbid_entities=True, forbid_external=True, encoding="utf-8"
    )
    try:
        parser.feed(DECLARATION.sub("", decode_xml(data), count=1).encode(errors="replace"))
        root = parser.close()
    except DefusedXmlException as error:
        raise ScoreFileError("the file declares XML entities, which no score needs") from error
    except (ParseError, ValueError, LookupError) as error:  # encodings that nobody knows, too
        raise ScoreFileError("the file is damaged, or no MusicXML inside") from error
    if not isinstance(root, Element):
        raise ScoreFileError("the file is damaged, or no MusicXML inside")
    return root


def _unzip(data: bytes) -> bytes:
    """Return the score of an .mxl file."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            members = archive.namelist()
            if len(members) > MAX_MEMBERS:
                raise ScoreFileError(f"the .mxl file holds more than {MAX_MEMBERS} files")
            if _CONTAINER not in members:
                raise ScoreFileError("the .mxl file names no score in META-INF/container.xml")
            container = parse_xml(_read_member(archive, _CONTAINER, MAX_CONTAINER_BYTES))
            return _read_member(archive, _score_path(container), MAX_XML_BYTES)
    except _ZIP_ERRORS as error:
        raise ScoreFileError("the .mxl file is damaged or locked; save it again") from error


def _score_path(container: Element) -> str:
    for file in container.iter("rootfile"):
        path = file.get("full-path", "")
        if path and file.get("media-type", "") in _SCORE_TYPES:
            return path
    raise ScoreFileError("the .mxl file names no score in META-INF/container.xml")


def _read_member(archive: zipfile.ZipFile, name: str, max_bytes: int) -> bytes:
    with archive.open(name) as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise ScoreFileError("the .mxl file unpacks to more than any score needs")
    return data
