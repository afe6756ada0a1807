"""A corpus folder -> one packed file of events, the only thing that training reads.

The file is a compressed numpy archive: `events` [N, 4], `offsets` [pieces + 1] into it, `names` (JSON:
path, split, composer, form, ensemble, notes, bars, licence of every piece) and `vocabulary` (JSON).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from composer.corpus import Corpus, Entry, Refusal
from composer.errors import ComposerError
from composer.theory import ENSEMBLES
from composer.tokenizer import Events, Vocabulary, encode

# Names seen less often share `other`: two pieces do not show a manner.
MIN_PIECES_COMPOSER = 3
MIN_PIECES_FORM = 5
CHUNK_PIECES = 50


@dataclass(frozen=True)
class PackReport:
    """What went into a packed file.

    Args:
        pieces, notes, events: Counts.
        refused: (path, reason) of every piece left out.
        fingerprint: Of the vocabulary.
    """

    pieces: int
    notes: int
    events: int
    refused: tuple[tuple[str, str], ...]
    fingerprint: str


def build_vocabulary(entries: tuple[Entry, ...]) -> Vocabulary:
    """Name the composers and forms that the training split has often enough."""
    train = [entry for entry in entries if entry.split == "train"]
    return Vocabulary(
        composers=("other", *_frequent(train, "composer", MIN_PIECES_COMPOSER)),
        forms=("other", *_frequent(train, "form", MIN_PIECES_FORM)),
        ensembles=ENSEMBLES,
    )


def pack(corpus: Corpus, path: Path, *, workers: int = 2) -> PackReport:
    """Encode every piece of a corpus and write the packed file.

    Args:
        corpus: Filtered by licence already.
        path: Of the `.npz` file.
        workers: Processes that read and encode.
    """
    vocabulary = build_vocabulary(tuple(corpus.entries))
    events: list[Events] = []
    names: list[dict[str, Any]] = []
    refused: list[tuple[str, str]] = []
    for entry, result in _encoded(corpus, vocabulary, workers):
        if isinstance(result, str):
            refused.append((str(entry.path), result))
        else:
            events.append(result)
            names.append(_name(entry))
    offsets = np.cumsum([0, *map(len, events)])
    _write(path, np.concatenate(events), offsets, names, vocabulary)
    return PackReport(
        pieces=len(events),
        notes=sum(name["notes"] for name in names),
        events=int(offsets[-1]),
        refused=tuple(refused),
        fingerprint=vocabulary.fingerprint,
    )


def _frequent(entries: list[Entry], field: str, at_least: int) -> tuple[str, ...]:
    counts = Counter(getattr(entry, field) for entry in entries)
    return tuple(sorted(name for name, n in counts.items() if n >= at_least and name != "other"))


def _name(entry: Entry) -> dict[str, Any]:
    fields = ("split", "composer", "form", "ensemble", "meter", "key", "parts", "bars", "notes")
    values = {field: getattr(entry, field) for field in fields}
    return values | {"path": str(entry.path), "licence": entry.licence}


def _encoded(
    corpus: Corpus, vocabulary: Vocabulary, workers: int
) -> Iterator[tuple[Entry, Events | str]]:
    entries = tuple(corpus.entries)
    chunks = [
        replace(corpus, entries=entries[i : i + CHUNK_PIECES])
        for i in range(0, len(entries), CHUNK_PIECES)
    ]
    with ProcessPoolExecutor(workers) as pool:
        for found in pool.map(_encode_chunk, chunks, [vocabulary] * len(chunks)):
            yield from found


def _encode_chunk(corpus: Corpus, vocabulary: Vocabulary) -> list[tuple[Entry, Events | str]]:
    found: list[tuple[Entry, Events | str]] = []
    for entry, piece in corpus.pieces():
        if isinstance(piece, Refusal):
            found.append((entry, piece.reason))
            continue
        try:
            found.append((entry, encode(piece, vocabulary)))
        except ComposerError as error:
            found.append((entry, str(error)))
    return found


def _write(
    path: Path,
    events: Events,
    offsets: np.ndarray[Any, Any],
    names: list[dict[str, Any]],
    vocabulary: Vocabulary,
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        path,
        events=events,
        offsets=offsets,
        names=np.array(json.dumps(names)),
        vocabulary=np.array(json.dumps(vocabulary.to_dict())),
    )
