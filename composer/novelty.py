"""Is it new? The longest run of notes that a piece shares with one of the training pieces.

A *line* is one melodic line a part: of notes that begin together the highest, in the lowest of
several parts the lowest. A *run* is a stretch of neighbouring notes of one line. It is shared if a
line of a training piece has the same intervals and the same times from onset to onset, at any
pitch. Lines rather than all notes of the texture: a copied passage shows in its lines whatever is
changed or left out around them, and one changed inner note breaks no run.

The index holds no notes. Every `NOTES` neighbouring notes are one hash; of the hashes about one in
`SAMPLING` is kept, chosen by its own value, so that piece and index choose alike (the "0 mod p" of
S. Schleimer, D. Wilkerson and A. Aiken, Winnowing: Local Algorithms for Document Fingerprinting
(2003), after U. Manber).
A run is a chain of hashes in a row that all belong to one training piece; what is found of it is
shorter by `SAMPLING` - 1 notes at either end, on average. A figure that is repeated counts once,
because tremolos and Alberti basses are nobody's: the length is `NOTES` - 1 and the number of
different hashes.

False alarms: a hash of 32 bits meets one of E entries by chance in E / 2^32, under 0.0003 of all;
a run of `MAX_RUN_NOTES` needs six or so in a row, all in the same piece.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from composer.errors import OptionError, ScoreFileError
from composer.piece import Part, Piece
from composer.places import BUNDLED
from composer.units import POSITIONS_PER_QUARTER

INDEX_PATH = BUNDLED / "novelty.npz"
NOTES = 8
SAMPLING = 4
# What more pieces have than this is everybody's; it neither makes a run nor breaks one.
COMMON_PIECES = 32
COMMON = 0xFFFF
# Measured on 935 stretches of 16 bars of 261 real pieces that nobody trained on: their longest runs
# have 8 notes (median), 20 (95 %) and 32 (99 %), in chorales and songs 26 at most. Eleven stretches
# count as copies: ten are the same music under another title, one is a common figure.
MAX_RUN_NOTES = 32
# Where most of a piece comes from one other, shorter runs are enough: single lines of few notes.
MAX_SHARE, MAX_NOTES_OF_SHARE = 0.6, 20
_MAX_GAP = 0xFFFF
_PITCHES = 128
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]


class Shared(NamedTuple):
    """The longest run that a piece shares with a training piece.

    Args:
        notes: Its length, repeated figures counted once; 0 if there is none.
        piece_name: Composer and title of the training piece.
        part: Whose line, 0 the highest.
        first_bar, last_bar: Where it lies in the piece, as printed.
        share: Of all notes in the piece's lines, those in runs of the same training piece, 0..1.
    """

    notes: int = 0
    piece_name: str = ""
    part: int = 0
    first_bar: int = 0
    last_bar: int = 0
    share: float = 0.0

    @property
    def is_copy(self) -> bool:
        """Whether real pieces that have nothing to do with each other share less."""
        is_mostly_shared = self.share > MAX_SHARE and self.notes > MAX_NOTES_OF_SHARE
        return self.notes > MAX_RUN_NOTES or is_mostly_shared


@dataclass(frozen=True)
class NoveltyIndex:
    """Hashes of training pieces.

    Args:
        hashes: Ascending, [E].
        pieces: Whose, as indices of `names`, or `COMMON`, [E].
        names: Composer and title of every piece.
    """

    hashes: NDArray[np.uint32]
    pieces: NDArray[np.uint16]
    names: tuple[str, ...]


@dataclass(frozen=True)
class _Line:
    """One line: onsets in positions of the grid and pitches, [n]."""

    part: int
    onsets: Ints
    pitches: Ints


def _lines(piece: Piece) -> Iterator[_Line]:
    """Yield the lines that are long enough to have a hash."""
    for index, part in enumerate(piece.parts):
        takes_lowest = 0 < index == len(piece.parts) - 1
        line = _line(part, index, takes_lowest)
        if len(line.onsets) >= NOTES:
            yield line


def _line(part: Part, index: int, takes_lowest: bool) -> _Line:
    times = [note.onset_beats.numerator / note.onset_beats.denominator for note in part.notes]
    onsets = np.rint(np.array(times) * POSITIONS_PER_QUARTER).astype(np.int64)
    pitches = np.array([note.pitch for note in part.notes], np.int64)
    # Notes that begin together are sorted from low to high.
    is_new = np.diff(onsets) > 0
    is_kept = np.append(True, is_new) if takes_lowest else np.append(is_new, True)
    kept = is_kept[: len(onsets)]
    return _Line(index, onsets[kept], pitches[kept])


def _hashes(line: _Line) -> Hashes:
    """Return a hash of every `NOTES` neighbouring notes, in their order."""
    gaps = np.minimum(np.diff(line.onsets), _MAX_GAP)
    steps = (gaps * 2 * _PITCHES + np.diff(line.pitches) + _PITCHES).astype(np.uint64)
    codes = np.zeros(len(steps) - NOTES + 2, np.uint64)
    for i in range(NOTES - 1):
        codes = codes * _MULTIPLIER + steps[i : i + len(codes)]
    return _mixed(codes)


def _mixed(codes: Hashes) -> Hashes:
    """Spread codes evenly over 64 bits (the last step of A. Appleby's MurmurHash3)."""
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        codes = (codes ^ (codes >> np.uint64(33))) * np.uint64(factor)
    return np.asarray(codes ^ (codes >> np.uint64(33)))


def _is_sampled(hashes: Hashes) -> NDArray[np.bool_]:
    return np.asarray(hashes % np.uint64(SAMPLING) == 0)


def _kept(hashes: Hashes) -> NDArray[np.uint32]:
    """Return the half of a hash that the index keeps."""
    return np.asarray(hashes >> np.uint64(32), np.uint32)


# --- Asking the index ---------------------------------------------------------------------------


class _Grams(NamedTuple):
    """All hashes of a piece: the hash, its line, and its first note within that line, [G]."""

    hashes: Hashes
    lines: Ints
    starts: Ints


class _Chains(NamedTuple):
    """Runs of sampled hashes that belong to one training piece: first and last hash, [C]."""

    first: Ints
    last: Ints
    owners: NDArray[np.uint16]


def longest_shared_run(piece: Piece, index: NoveltyIndex | None = None) -> Shared:
    """Find the longest run of notes that a piece shares with one of the training pieces.

    Args:
        piece: Any.
        index: Instead of the bundled one.

    Raises:
        ScoreFileError: If the bundled index cannot be read.
    """
    index = load_index() if index is None else index
    lines = list(_lines(piece))
    if not lines:
        return Shared()
    found = [_hashes(line) for line in lines]
    grams = _Grams(
        np.concatenate(found),
        np.repeat(np.arange(len(found)), [len(one) for one in found]),
        np.concatenate([np.arange(len(one)) for one in found]),
    )
    chains = _chains(grams, index)
    if not len(chains.first):
        return Shared()
    best, notes = _longest(chains, grams.hashes)
    own = np.flatnonzero(chains.owners == chains.owners[best])
    n_shared = _count_notes([(chains.first[i], chains.last[i]) for i in own], grams)
    line = lines[grams.lines[chains.first[best]]]
    start = grams.starts[chains.first[best]]
    end = grams.starts[chains.last[best]] + NOTES - 1
    bar_onsets = [float(bar.onset_beats) for bar in piece.bars]
    onsets = line.onsets[[start, end]] / POSITIONS_PER_QUARTER
    indices = np.searchsorted(bar_onsets, onsets + 1e-6, side="right") - 1
    first_bar, last_bar = (piece.bar_numbers[index] for index in indices.tolist())
    return Shared(
        notes,
        index.names[chains.owners[best]],
        line.part,
        first_bar,
        last_bar,
        n_shared / sum(len(line.onsets) for line in lines),
    )


def _chains(grams: _Grams, index: NoveltyIndex) -> _Chains:
    """Look up the sampled hashes, and join neighbours that belong to one training piece."""
    sampled = np.flatnonzero(_is_sampled(grams.hashes))
    wanted = _kept(grams.hashes[sampled])
    low = np.searchsorted(index.hashes, wanted, side="left")
    counts = np.searchsorted(index.hashes, wanted, side="right") - low
    is_common = counts > 0
    is_common[is_common] = index.pieces[low[is_common]] == COMMON
    sampled, low, counts = sampled[~is_common], low[~is_common], counts[~is_common]
    at = np.repeat(np.arange(len(sampled)), counts)
    rows = np.repeat(low - np.cumsum(counts) + counts, counts) + np.arange(len(at))
    owners = index.pieces[rows]
    order = np.lexsort((at, owners))
    at, owners = at[order], owners[order]
    lines = grams.lines[sampled[at]]
    is_break = (np.diff(at) > 1) | (np.diff(owners) != 0) | (np.diff(lines) != 0)
    is_first = np.append(True, is_break)[: len(at)]
    is_last = np.append(is_break, True)[: len(at)]
    return _Chains(sampled[at[is_first]], sampled[at[is_last]], owners[is_first])


def _longest(chains: _Chains, hashes: Hashes) -> tuple[int, int]:
    """Return the chain with most different notes, and their number."""
    spans = chains.last - chains.first + NOTES
    best, most = 0, 0
    for chain in np.argsort(-spans, kind="stable").tolist():
        if spans[chain] <= most:
            break
        inside = hashes[chains.first[chain] : chains.last[chain] + 1]
        notes = len(np.unique(inside)) + NOTES - 1
        if notes > most:
            best, most = chain, notes
    return best, most


def _count_notes(spans: list[tuple[int, int]], grams: _Grams) -> int:
    """Count the notes that lie in spans of hashes of one line each, every note once."""
    notes = set[tuple[int, int]]()
    for first, last in spans:
        line, start = int(grams.lines[first]), int(grams.starts[first])
        notes.update((line, note) for note in range(start, start + int(last - first) + NOTES))
    return len(notes)


# --- Making and keeping it ----------------------------------------------------------------------


def build_index(pieces: Iterable[tuple[str, Piece]]) -> NoveltyIndex:
    """Build the index of training pieces, each with its name.

    Raises:
        OptionError: If there are more pieces than the index can number.
    """
    names: list[str] = []
    found, owners = [np.empty(0, np.uint32)], [np.empty(0, np.uint16)]
    for name, piece in pieces:
        if len(names) == COMMON:
            raise OptionError(f"an index of novelty numbers {COMMON:,} pieces at most")
        lines = [_hashes(line) for line in _lines(piece)]
        hashes = np.concatenate(lines) if lines else np.empty(0, np.uint64)
        kept = np.unique(_kept(hashes[_is_sampled(hashes)]))
        found.append(kept)
        owners.append(np.full(len(kept), len(names), np.uint16))
        names.append(name)
    hashes_of_all, owners_of_all = np.concatenate(found), np.concatenate(owners)
    order = np.argsort(hashes_of_all, kind="stable")
    return NoveltyIndex(*_without_common(hashes_of_all[order], owners_of_all[order]), tuple(names))


def _without_common(
    hashes: NDArray[np.uint32], owners: NDArray[np.uint16]
) -> tuple[NDArray[np.uint32], NDArray[np.uint16]]:
    """Leave one entry of every hash that very many pieces have, and mark it."""
    is_new = np.append(True, np.diff(hashes) > 0)[: len(hashes)]
    counts = np.diff(np.append(np.flatnonzero(is_new), len(hashes)))
    is_common = np.repeat(counts > COMMON_PIECES, counts)
    owners = np.where(is_common, np.uint16(COMMON), owners)
    return hashes[is_new | ~is_common], owners[is_new | ~is_common]


def save_index(index: NoveltyIndex, path: Path) -> Path:
    """Write an index as a compressed numpy archive; ascending hashes as their differences."""
    steps = np.diff(index.hashes, prepend=np.uint32(0))
    names = np.array(json.dumps(index.names, ensure_ascii=False))
    with path.open("wb") as file:
        np.savez_compressed(file, steps=steps, pieces=index.pieces, names=names)
    return path


@lru_cache(maxsize=4)
def load_index(path: Path = INDEX_PATH) -> NoveltyIndex:
    """Read an index, the bundled one once in a program's life.

    Raises:
        ScoreFileError: If there is no such file or it holds no index.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            hashes = np.cumsum(archive["steps"], dtype=np.uint32)
            pieces = archive["pieces"].astype(np.uint16)
            names = tuple(map(str, json.loads(str(archive["names"]))))
    except (OSError, EOFError, ValueError, KeyError, TypeError, BadZipFile) as error:
        raise ScoreFileError(f"no index of novelty can be read from {path.name}") from error
    if len(hashes) != len(pieces):
        raise ScoreFileError(f"the index of novelty in {path.name} is broken; build it again")
    return NoveltyIndex(hashes, pieces, names)
