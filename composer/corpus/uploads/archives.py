"""Compressed MusicXML (.mxl): the one score in a zip file, if nothing about the archive is odd."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import PurePosixPath

from defusedxml.ElementTree import fromstring

from composer.errors import ScoreFileError

MAX_ENTRIES = 100
MAX_UNPACKED_BYTES = 20_000_000
MAX_RATIO = 100
# Small entries may pack better than any bomb needs to.
_SMALL_BYTES = 100_000
_CONTAINER = "META-INF/container.xml"
_ARCHIVES = frozenset((".zip", ".mxl", ".gz", ".bz2", ".xz", ".7z", ".rar", ".tar", ".jar"))
_SCORES = frozenset((".xml", ".musicxml"))
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED_BIT = 0x1
_RESAVE = "save it again as .musicxml"
_NESTED = "the .mxl file holds another archive; unpack that one and give it"


def unpack_score(data: bytes) -> bytes:
    """Return the score in an archive, not yet looked at itself.

    Raises:
        ScoreFileError: If the archive is damaged, odd, or unfolds to too much.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _check_entries(entries)
            score = _read(archive, _find_score(archive, entries))
    except ScoreFileError:
        raise
    except Exception as error:  # damaged archives raise of many families
        raise ScoreFileError(f"the .mxl file is damaged; {_RESAVE}") from error
    if score.startswith(b"PK"):
        raise ScoreFileError(_NESTED)
    return score


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_ENTRIES:
        raise ScoreFileError(f"the .mxl file holds more than {MAX_ENTRIES} files; {_RESAVE}")
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
        limit_mb = MAX_UNPACKED_BYTES / 1e6
        raise ScoreFileError(f"the .mxl file unfolds to more than {limit_mb:g} MB; {_RESAVE}")
    for entry in entries:
        _check_entry(entry)


def _check_entry(entry: zipfile.ZipInfo) -> None:
    if entry.flag_bits & _ENCRYPTED_BIT:
        raise ScoreFileError("the .mxl file is locked with a password; save it without one")
    path = PurePosixPath(entry.orig_filename)
    is_foreign = path.is_absolute() or ".." in path.parts
    if is_foreign or any(sign in entry.orig_filename for sign in "\\\0:"):
        raise ScoreFileError(f"the .mxl file holds names that lead out of it; {_RESAVE}")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise ScoreFileError(f"the .mxl file holds a link in place of a file; {_RESAVE}")
    if path.suffix.lower() in _ARCHIVES:
        raise ScoreFileError(_NESTED)
    is_bomb = entry.file_size > _SMALL_BYTES and entry.file_size > MAX_RATIO * entry.compress_size
    if is_bomb or entry.compress_type not in _METHODS:
        raise ScoreFileError(f"the .mxl file is packed in a way that no score needs; {_RESAVE}")


def _find_score(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> zipfile.ZipInfo:
    """Return the entry that the container names first, else the only one that may be a score."""
    by_name = {entry.filename: entry for entry in entries}
    if _CONTAINER in by_name:
        name = _first_rootfile(_read(archive, by_name[_CONTAINER]))
        if name not in by_name:
            raise ScoreFileError(f"the .mxl file names a score that is not in it; {_RESAVE}")
        return by_name[name]
    found = [
        entry
        for entry in entries
        if PurePosixPath(entry.filename).suffix.lower() in _SCORES
        and not entry.filename.startswith(("META-INF/", "__MACOSX/"))
    ]
    if any(name.endswith(".mscx") for name in by_name):
        raise ScoreFileError(
            "the file is MuseScore's own format (.mscz); export it there as MusicXML"
        )
    if len(found) != 1:
        raise ScoreFileError(f"the zip file holds no MusicXML score, or several; {_RESAVE}")
    return found[0]


def _first_rootfile(container: bytes) -> str:
    root = fromstring(container, forbid_dtd=True)
    for element in root.iter():
        if str(element.tag).rpartition("}")[2] == "rootfile":
            return str(element.get("full-path", ""))
    return ""


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Read an entry, and no more of it than its declared size."""
    with archive.open(entry) as file:
        data = file.read(MAX_UNPACKED_BYTES + 1)
    if len(data) > entry.file_size:
        raise ScoreFileError(f"the .mxl file is damaged; {_RESAVE}")
    return data
