"""Folders of scores, with a manifest or without -> entries and their pieces. Knows no format.

A manifest is a table `manifest.csv` with a row a piece (columns: `COLUMNS`); its paths are relative
to its own folder. Without one, composers are the sub-folders and the rest is detected.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from composer.corpus.detect import UNKNOWN_FORM, ensemble_of_piece, form_of_name, split_of_path
from composer.corpus.midi import read_midi
from composer.corpus.musicxml import read_musicxml
from composer.corpus.text import clean_text
from composer.errors import OptionError, ScoreFileError
from composer.piece import Piece
from composer.theory import (
    LINE_OF_FIFTHS,
    MODES,
    Key,
    key_from_pitch_class,
    parse_key,
    parse_meter,
    spelling_to_pitch_class,
)

MANIFEST_NAME = "manifest.csv"
SPLITS = ("train", "valid", "test")
UNKNOWN = "unknown"
UNKNOWN_COMPOSER = "Anonymous"
_MAX_PARTS = 16
MUSICXML_SUFFIXES = frozenset({".musicxml", ".mxl", ".xml"})
SCORE_SUFFIXES = frozenset({".mid", ".midi"}) | MUSICXML_SUFFIXES
MAX_MANIFEST_BYTES = 200_000_000

_TEXT_COLUMNS = (
    "collection",
    "composer",
    "title",
    "form",
    "ensemble",
    "licence",
    "licence_class",
    "source",
)
COLUMNS = ("path", "split", "key", "meter", "parts", "bars", "notes", *_TEXT_COLUMNS)
_MAX_TEXT_LENGTH = 300
_DEFAULTS = {
    "composer": UNKNOWN_COMPOSER,
    "form": UNKNOWN_FORM,
    "licence": UNKNOWN,
    "licence_class": UNKNOWN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is known of one score file.

    Args:
        path: Relative to the corpus folder, with slashes.
        split: `train`, `valid` or `test`.
        key, meter: As written, such as `F# minor` and `3/4`; empty if the file says it itself.
        parts, bars, notes: Counts; 0 if not known before reading.
        licence_class: `open`, `noncommercial`, or `unknown`.
        source: Where the score comes from.
    """

    path: str
    split: str = "train"
    collection: str = ""
    composer: str = ""
    title: str = ""
    form: str = ""
    ensemble: str = ""
    key: str = ""
    meter: str = ""
    parts: int = 0
    bars: int = 0
    notes: int = 0
    licence: str = UNKNOWN
    licence_class: str = UNKNOWN
    source: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A score that is left out, and why, in one sentence."""

    entry: Entry
    reason: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """Scores that are read when they are asked for.

    Args:
        entries: In the order of the manifest, or of the paths.
        folder: Where the paths begin.
        refusals: Rows of the manifest that state no entry, and folders that cannot be opened.
    """

    entries: tuple[Entry, ...]
    folder: Path
    refusals: tuple[Refusal, ...] = ()

    def pieces(self) -> Iterator[tuple[Entry, Piece | Refusal]]:
        """Read the scores one after another; a score that cannot be used comes as a `Refusal`.

        Fields of an entry that were open are filled in from its piece.
        """
        for refusal in self.refusals:
            yield refusal.entry, refusal
        for entry in self.entries:
            yield _read_entry(entry, self.folder)


def load_corpus(
    folder_or_manifest: Path, *, licence: str | None = None, split: str | None = None
) -> Corpus:
    """Find the scores of a folder; none is opened yet.

    Args:
        folder_or_manifest: A folder with a manifest, a manifest, or a folder with scores (MIDI or
            MusicXML) in sub-folders by composer.
        licence: Keep only this licence class, such as `open`.
        split: Keep only this split, such as `valid`.

    Raises:
        OptionError: If there is no such folder or split, or licences are asked for that nobody
            has stated.
        ScoreFileError: If the manifest cannot be read.
    """
    if split is not None and split not in SPLITS:
        raise OptionError(f"`split` must be one of {', '.join(SPLITS)}, got {split[:40]!r}")
    manifest = _find_manifest(folder_or_manifest)
    if manifest:
        corpus = _load_manifest(manifest)
    elif licence is not None:
        raise OptionError(
            f"nobody has stated licences for {folder_or_manifest.name[:80]!r}; write a"
            f" {MANIFEST_NAME} with the columns path, licence and licence_class to choose by them"
        )
    else:
        corpus = _scan_folder(folder_or_manifest)
    if licence is not None:
        _check_licence(licence, {entry.licence_class for entry in corpus.entries})
    kept = (e for e in corpus.entries if licence is None or e.licence_class == licence)
    return replace(corpus, entries=tuple(e for e in kept if split is None or e.split == split))


def _check_licence(licence: str, stated: set[str]) -> None:
    if licence not in stated:
        classes = ", ".join(sorted(stated)) or "none"
        raise OptionError(f"no score has the licence class {licence[:40]!r}; there is: {classes}")


def _find_manifest(place: Path) -> Path | None:
    """Return the manifest that a path names or holds.

    Raises:
        OptionError: If the path is neither a folder nor a manifest.
    """
    if place.is_dir():
        return place / MANIFEST_NAME if (place / MANIFEST_NAME).is_file() else None
    if place.is_file() and place.suffix == ".csv":
        return place
    raise OptionError(f"there is no folder of scores and no manifest at {place.name[:80]!r}")


# --- With a manifest ----------------------------------------------------------------------------


def _load_manifest(manifest: Path) -> Corpus:
    entries, refusals = [], []
    for number, row in enumerate(_read_rows(manifest), start=2):
        try:
            entries.append(_row_to_entry(row))
        except ValueError as error:
            path = clean_text(str(row.get("path") or f"row {number}"), _MAX_TEXT_LENGTH)
            refusals.append(Refusal(Entry(path=path), f"a row of the manifest is wrong: {error}"))
    return Corpus(tuple(entries), manifest.parent, tuple(refusals))


def _read_rows(manifest: Path) -> list[dict[str | Any, str | Any]]:
    name = manifest.name[:80]
    try:
        if manifest.stat().st_size > MAX_MANIFEST_BYTES:
            raise ScoreFileError(f"the manifest {name!r} is too large to be one")
        with manifest.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = reader.fieldnames or ()
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ScoreFileError(f"the manifest {name!r} is no table in UTF-8") from error
    if "path" not in columns:
        raise ScoreFileError(f"the manifest {name!r} has no column `path`")
    return rows


def _row_to_entry(row: dict[str | Any, str | Any]) -> Entry:
    """Return the entry of a row.

    Raises:
        ValueError: If a value makes no sense; says which.
    """
    if None in row or None in row.values():
        raise ValueError("it has more or fewer cells than the heading")
    values = {name: row.get(name, "").strip() for name in COLUMNS}
    too_long = [name for name, value in values.items() if len(value) > _MAX_TEXT_LENGTH]
    if too_long:
        raise ValueError(f"`{too_long[0]}` is longer than {_MAX_TEXT_LENGTH} characters")
    _check_path(values["path"])
    if values["split"] not in ("", *SPLITS):
        raise ValueError(f"`split` must be one of {', '.join(SPLITS)}")
    _check_key_and_meter(values["key"], values["meter"])
    texts = {name: clean_text(values[name], _MAX_TEXT_LENGTH) for name in _TEXT_COLUMNS}
    return Entry(
        path=values["path"],
        split=values["split"] or split_of_path(values["path"]),
        key=values["key"],
        meter=values["meter"],
        parts=_parse_count("parts", values["parts"]),
        bars=_parse_count("bars", values["bars"]),
        notes=_parse_count("notes", values["notes"]),
        **{name: text or _DEFAULTS.get(name, "") for name, text in texts.items()},
    )


def _check_path(path: str) -> None:
    parts = path.split("/")
    if not path or path.startswith("/") or ".." in parts or "\\" in path or "\0" in path:
        raise ValueError("`path` must lead from the manifest's folder to a file below it")


def _check_key_and_meter(key: str, meter: str) -> None:
    try:
        if key:
            read_key(key)
        if meter:
            parse_meter(meter)
    except OptionError as error:
        raise ValueError(str(error)) from error


def _parse_count(name: str, text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ValueError(f"`{name}` must be a whole number")
    return int(text)


def read_key(text: str) -> Key:
    """Read a key of a manifest; one with more than seven accidentals is respelled.

    Raises:
        OptionError: If the text names no key.
    """
    tonic, _, mode = text.partition(" ")
    if tonic in LINE_OF_FIFTHS and mode in MODES:
        try:
            return Key(tonic, mode)
        except OptionError:
            return key_from_pitch_class(spelling_to_pitch_class(tonic), mode)
    return parse_key(text)


# --- Without a manifest -------------------------------------------------------------------------


def _scan_folder(folder: Path) -> Corpus:
    """Make an entry of every score below a folder, by its ending; links are not followed."""
    paths, refusals, waiting = [], [], [folder]
    while waiting:
        place = waiting.pop()
        try:
            inside = [p for p in place.iterdir() if not (p.is_symlink() or p.name[0] == ".")]
            waiting += [path for path in inside if path.is_dir()]
            files = [path for path in inside if path.suffix.lower() in SCORE_SUFFIXES]
            paths += [path.relative_to(folder).as_posix() for path in files if path.is_file()]
        except OSError:
            entry = Entry(path=place.relative_to(folder).as_posix())
            refusals.append(Refusal(entry, "the folder cannot be opened"))
    entries = tuple(_path_to_entry(path) for path in sorted(paths))
    return Corpus(entries, folder, tuple(refusals))


def _path_to_entry(path: str) -> Entry:
    *folders, name = path.split("/")
    title = clean_text(name.rpartition(".")[0].replace("_", " "))
    composer = clean_text(folders[0].replace("_", " ")) if folders else ""
    return Entry(
        path=path,
        split=split_of_path(path),
        collection=composer,
        composer=composer or UNKNOWN_COMPOSER,
        title=title,
        form=form_of_name(" ".join((*folders[1:], title))),
    )


# --- Reading ------------------------------------------------------------------------------------


def _read_entry(entry: Entry, folder: Path) -> tuple[Entry, Piece | Refusal]:
    path = folder / entry.path
    try:
        if not _lies_in(path, folder):
            return entry, Refusal(entry, "the path leads out of the folder, perhaps by a link")
        is_musicxml = path.suffix.lower() in MUSICXML_SUFFIXES
        piece = read_musicxml(path) if is_musicxml else read_midi(path)
    except ScoreFileError as error:
        return entry, Refusal(entry, str(error))
    if not piece.n_notes:
        return entry, Refusal(entry, "the file holds percussion only; give one with pitched notes")
    if len(piece.parts) > _MAX_PARTS:
        reason = f"the file has {len(piece.parts)} parts; models know {_MAX_PARTS}"
        return entry, Refusal(entry, reason)
    piece = replace(
        piece,
        title=entry.title or piece.title,
        composer=entry.composer,
        form=entry.form,
        key=read_key(entry.key) if entry.key else piece.key,
    )
    piece = replace(piece, ensemble=entry.ensemble or ensemble_of_piece(piece))
    return _filled(entry, piece), piece


def _lies_in(path: Path, folder: Path) -> bool:
    """Return whether a path stays below a folder once all links are followed."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # a link that leads to itself
        return False


def _filled(entry: Entry, piece: Piece) -> Entry:
    """Return the entry with its open fields filled in from the piece."""
    return replace(
        entry,
        title=entry.title or piece.title,
        ensemble=entry.ensemble or piece.ensemble,
        key=entry.key or str(piece.key),
        meter=entry.meter or str(piece.meter),
        parts=entry.parts or len(piece.parts),
        bars=entry.bars or piece.n_bars,
        notes=entry.notes or piece.n_notes,
    )
