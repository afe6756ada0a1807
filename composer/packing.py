"""Folders of scores -> one packed file of events, the only thing that training reads.

The file is a compressed numpy archive: `events` [N, 4], `offsets` [pieces + 1] into it, `names`
(JSON: path, split, composer, form, ensemble, work, notes, bars, licence of every piece), `menu`
(JSON: the pairs of composer and form with enough training pieces), `vocabulary` (JSON) and
`layouts` [bars, 4] (`tokenizer.bar_layouts`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from composer.corpus import Corpus, Entry, Refusal
from composer.errors import ComposerError, OptionError
from composer.piece import Piece
from composer.theory import ENSEMBLES, STYLES
from composer.tokenizer import Events, Vocabulary, encode, vocab
from composer.tokenizer.bar_layouts import Layout, read_layout
from composer.units import is_on_grid

# Names seen less often share `other`: two pieces do not show a manner.
MIN_PIECES_COMPOSER = 3
MIN_PIECES_FORM = 5
MIN_PIECES_MENU = 10
MIN_WORKS_MENU = 3  # many groups of parts of one mass show no manner either
CHUNK_PIECES = 50


@dataclass(frozen=True)
class PackReport:
    """What went into a packed file.

    Args:
        pieces, notes, events: Counts.
        moved_share: Of the notes that the grid moves, 0..1.
        refused: (path, reason) of every piece left out.
        fingerprint: Of the vocabulary.
    """

    pieces: int
    notes: int
    events: int
    moved_share: float
    refused: tuple[tuple[str, str], ...]
    fingerprint: str


def build_vocabulary(entries: Sequence[Entry], known: Vocabulary | None = None) -> Vocabulary:
    """Name the composers and forms that the training split has often enough.

    Args:
        entries: Of all corpora.
        known: Its names keep their ids and new ones follow, so that weights trained with it stay
            valid; nothing is taken out.
    """
    train = [entry for entry in entries if entry.split == "train"]
    first = known or Vocabulary(composers=("other",), forms=("other",), ensembles=ENSEMBLES)
    composers = _frequent(train, "composer", MIN_PIECES_COMPOSER)
    forms = _frequent(train, "form", MIN_PIECES_FORM)
    return replace(
        first,
        styles=STYLES,
        relations=vocab.RELATIONS,
        composers=_joined(first.composers, composers),
        forms=_joined(first.forms, forms),
        ensembles=_joined(first.ensembles, ENSEMBLES),
    )


def _joined(known: tuple[str, ...], names: Sequence[str]) -> tuple[str, ...]:
    """Return known names and then the others."""
    return (*known, *(name for name in names if name not in known))


def pack(
    corpora: Sequence[Corpus], path: Path, *, known: Vocabulary | None = None, workers: int = 2
) -> PackReport:
    """Encode every piece of some corpora and write the packed file.

    Args:
        corpora: Filtered by licence already; a path stands in one of them only.
        path: Of the `.npz` file.
        known: Names that keep their ids.
        workers: Processes that read and encode.

    Raises:
        OptionError: If no piece is left, or two corpora name the same path.
    """
    entries = [entry for corpus in corpora for entry in corpus.entries]
    twice = [path for path, n in Counter(entry.path for entry in entries).items() if n > 1]
    if twice:
        raise OptionError(f"{len(twice)} paths stand in two places, such as {twice[0][:80]!r}")
    vocabulary = build_vocabulary(entries, known)
    encoded, refused = [], []
    for one in _encoded(corpora, vocabulary, workers):
        if one.reason:
            refused.append((one.entry.path, one.reason))
        else:
            encoded.append(one)
    if not encoded:
        raise OptionError("no piece of the folders can be packed; `corpus` says why")
    names = [_name(one) for one in encoded]
    offsets = np.cumsum([0, *(len(one.events) for one in encoded)])
    arrays = {
        "events": np.concatenate([one.events for one in encoded]),
        "offsets": offsets,
        "layouts": np.concatenate([one.layout for one in encoded]),
    }
    _write(path, arrays, names, vocabulary)
    n_notes = sum(one.n_notes for one in encoded)
    return PackReport(
        pieces=len(encoded),
        notes=n_notes,
        events=int(offsets[-1]),
        moved_share=sum(one.n_moved for one in encoded) / max(1, n_notes),
        refused=tuple(refused),
        fingerprint=vocabulary.fingerprint,
    )


def build_menu(names: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the pairs of composer and form that are offered, those with most pieces first.

    A pair needs ten training pieces out of three works.

    Args:
        names: As in the packed file.
    """
    pairs: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for name in names:
        if name["split"] == "train":
            pairs.setdefault((name["composer"], name["form"]), []).append(name)
    offered = [
        found
        for found in pairs.values()
        if len(found) >= MIN_PIECES_MENU and len({name["work"] for name in found}) >= MIN_WORKS_MENU
    ]
    return [_menu_row(found) for found in sorted(offered, key=len, reverse=True)]


def _menu_row(found: list[dict[str, Any]]) -> dict[str, Any]:
    ensemble, parts = _ranked((name["ensemble"], name["parts"]) for name in found)[0]
    alike = [name for name in found if (name["ensemble"], name["parts"]) == (ensemble, parts)]
    low, high = np.percentile([name["bars"] for name in alike], (10, 90))
    return {
        "composer": found[0]["composer"],
        "form": found[0]["form"],
        "ensemble": ensemble,
        "parts": parts,
        "pieces": len(found),
        "works": len({name["work"] for name in found}),
        "meters": [meter for meter in _ranked(name["meter"] for name in alike) if meter][:6],
        "keys": [key for key in _ranked(name["key"] for name in alike) if key][:12],
        "bars_low": int(low),
        "bars_high": int(high),
    }


def _ranked(values: Iterable[Any]) -> list[Any]:
    """Return different values, the commonest first."""
    return [value for value, _ in Counter(values).most_common()]


def _frequent(entries: list[Entry], field: str, at_least: int) -> tuple[str, ...]:
    counts = Counter(getattr(entry, field) for entry in entries)
    return tuple(sorted(name for name, n in counts.items() if n >= at_least and name != "other"))


@dataclass(frozen=True)
class _Encoded:
    """A piece as events, or the reason why it has none."""

    entry: Entry
    events: Events
    layout: Layout
    n_notes: int = 0
    n_moved: int = 0
    reason: str = ""


def _name(one: _Encoded) -> dict[str, Any]:
    """Return what is known of a piece; bars and notes as they were read."""
    fields = ("path", "split", "composer", "form", "ensemble", "meter", "key", "parts", "licence")
    values = {field: getattr(one.entry, field) for field in fields}
    n_bars = int((one.events[:, vocab.TIME] == vocab.BAR).sum())
    return values | {"work": work_of(one.entry), "bars": n_bars, "notes": one.n_notes}


def work_of(entry: Entry) -> str:
    """Return what pieces of one work share: composer and title up to a colon, or their source.

    `Missa in D: Kyrie` and `Missa in D: Gloria` are one work, and so are groups of parts that were
    cut from one score.
    """
    title, colon, _ = entry.title.partition(": ")
    return f"{entry.composer}: {title}" if colon else entry.source or entry.path


def _encoded(corpora: Sequence[Corpus], vocabulary: Vocabulary, workers: int) -> Iterator[_Encoded]:
    chunks = [
        replace(corpus, entries=corpus.entries[i : i + CHUNK_PIECES])
        for corpus in corpora
        for i in range(0, len(corpus.entries), CHUNK_PIECES)
    ]
    with ProcessPoolExecutor(workers) as pool:
        for found in pool.map(_encode_chunk, chunks, [vocabulary] * len(chunks)):
            yield from found


def _encode_chunk(corpus: Corpus, vocabulary: Vocabulary) -> list[_Encoded]:
    return [_encode(entry, piece, vocabulary) for entry, piece in corpus.pieces()]


def _encode(entry: Entry, piece: Piece | Refusal, vocabulary: Vocabulary) -> _Encoded:
    nothing = np.empty((0, len(vocab.FIELDS)), np.int16)
    if isinstance(piece, Refusal):
        return _Encoded(entry, nothing, nothing, reason=piece.reason)
    try:
        events = encode(piece, vocabulary)
    except ComposerError as error:
        return _Encoded(entry, nothing, nothing, reason=str(error))
    n_moved = sum(
        not is_on_grid(note.onset_beats, note.duration_beats)
        for part in piece.parts
        for note in part.notes
    )
    return _Encoded(entry, events, read_layout(events), piece.n_notes, n_moved)


def _write(
    path: Path,
    arrays: dict[str, Any],
    names: list[dict[str, Any]],
    vocabulary: Vocabulary,
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        path,
        **arrays,
        names=np.array(json.dumps(names)),
        menu=np.array(json.dumps(build_menu(names))),
        vocabulary=np.array(json.dumps(vocabulary.to_dict())),
    )
