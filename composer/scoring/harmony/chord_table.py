"""The table of chords in real pieces: how often each is heard, and how often one follows another.

Counted family by family of forms, because a madrigal does not go as a mazurka does. Kept in
`assets/chords.json`, built from openly licensed pieces; takes any pieces and knows no corpus.

A frequency is that of the family, smoothed with the one of all pieces, and that with an even one
(D. J. C. MacKay and L. C. B. Peto, A Hierarchical Dirichlet Language Model, Natural Language
Engineering 1 (1995), pp. 289-308).

Shapes: Q qualities of chords; counts of chords [2 modes, Q, 12 degrees above the tonic]; counts of
moves [Q before, Q after, 12 semitones between the roots].
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from composer.errors import ScoreFileError
from composer.piece import Piece
from composer.places import ASSETS
from composer.scoring.chords import N_QUALITIES, QUALITIES, Chords, find_chords
from composer.scoring.texture import FloatArray, IntArray, build_texture
from composer.theory import MODES

CHORDS_PATH = ASSETS / "chords.json"
ALL = "all"
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "chorales": ("chorale", "hymn", "psalm"),
    "vocal polyphony": ("canzona", "chanson", "madrigal", "mass", "motet", "ricercar"),
    "fugues": ("fantasia", "fugue", "invention", "sinfonia", "toccata"),
    "classical forms": ("minuet", "rondo", "scherzo", "sonata", "string quartet", "variations"),
    "dances": ("krakowiak", "mazurka", "polka", "polonaise", "waltz"),
    "songs": ("song",),
    "keyboard pieces": (
        "ballade", "character piece", "etude", "impromptu", "march", "nocturne", "prelude",
    ),
}  # fmt: skip
_FAMILY_OF = {form: family for family, forms in FAMILIES.items() for form in forms}
# How many chords' worth the wider table counts beside a narrower one.
_PRIOR, _EVEN = 50.0, 12.0
_CHORDS_SHAPE = (len(MODES), N_QUALITIES, 12)
_MOVES_SHAPE = (N_QUALITIES, N_QUALITIES, 12)


class ChordCounts(NamedTuple):
    """How often chords [2, Q, 12] and moves [Q, Q, 12] were counted."""

    chords: IntArray
    moves: IntArray


class ChordBits(NamedTuple):
    """How surprising chords [2, Q, 12] and moves [Q, Q, 12] are, in bits."""

    chords: FloatArray
    moves: FloatArray


def moves_of(chords: Chords) -> tuple[IntArray, IntArray]:
    """Return the pulses before and after every change of chord, those without a chord left out."""
    known = np.flatnonzero(chords.is_known)
    before, after = known[:-1], known[1:]
    changes = (chords.roots[before] != chords.roots[after]) | (
        chords.qualities[before] != chords.qualities[after]
    )
    return before[changes], after[changes]


def build_chord_table(pieces: Iterable[Piece]) -> dict[str, ChordCounts]:
    """Count the chords of real pieces, family by family and all together."""
    table: dict[str, ChordCounts] = {}
    for piece in pieces:
        chords = find_chords(build_texture(piece))
        for family in {_FAMILY_OF.get(piece.form, ALL), ALL}:
            empty = ChordCounts(np.zeros(_CHORDS_SHAPE, int), np.zeros(_MOVES_SHAPE, int))
            _add(table.setdefault(family, empty), chords, piece)
    return dict(sorted(table.items()))


def _add(counts: ChordCounts, chords: Chords, piece: Piece) -> None:
    known, roots, qualities = chords.is_known, chords.roots, chords.qualities
    degrees = (roots[known] - piece.key.tonic_pitch_class) % 12
    np.add.at(counts.chords[MODES.index(piece.key.mode)], (qualities[known], degrees), 1)
    before, after = moves_of(chords)
    steps = (roots[after] - roots[before]) % 12
    np.add.at(counts.moves, (qualities[before], qualities[after], steps), 1)


def save_chord_table(table: Mapping[str, ChordCounts], path: Path) -> Path:
    """Write a table as JSON, a line a family."""
    rows = {
        family: {name: counts.reshape(-1).tolist() for name, counts in row._asdict().items()}
        for family, row in table.items()
    }
    lines = ",\n".join(
        f"{json.dumps(family)}: {json.dumps(row, separators=(',', ':'))}"
        for family, row in rows.items()
    )
    text = f'{{"qualities": {json.dumps(list(QUALITIES))},\n"families": {{\n{lines}\n}}}}\n'
    path.write_text(text, encoding="utf-8")
    return path


@lru_cache(maxsize=4)
def load_chord_table(path: Path = CHORDS_PATH) -> Mapping[str, ChordBits]:
    """Read a table, as bits.

    Raises:
        ScoreFileError: If there is no such file or it holds no chords.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["qualities"] != list(QUALITIES):
            raise ScoreFileError(f"{path.name} has other kinds of chords; build it again")
        counts = {
            family: ChordCounts(
                np.array(row["chords"], dtype=np.int64).reshape(_CHORDS_SHAPE),
                np.array(row["moves"], dtype=np.int64).reshape(_MOVES_SHAPE),
            )
            for family, row in values["families"].items()
        }
        return {family: _bits(row, counts[ALL]) for family, row in counts.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ScoreFileError(f"no chords can be read from {path.name}; build them") from error


def _bits(row: ChordCounts, of_all: ChordCounts) -> ChordBits:
    found = (
        _smoothed(own, _smoothed(wide, 1.0 / wide[0].size, _EVEN), _PRIOR)
        for own, wide in zip(row, of_all, strict=True)
    )
    return ChordBits(*(-np.log2(shares) for shares in found))


def _smoothed(counts: IntArray, prior: FloatArray | float, weight: float) -> FloatArray:
    """Return frequencies within each first index, drawn towards a prior."""
    wholes = counts.sum(axis=(1, 2), keepdims=True)
    return np.asarray((counts + weight * prior) / (wholes + weight))


def bits_of_form(form: str) -> ChordBits:
    """Return how surprising chords are in the family of a form; of all pieces for other forms."""
    table = load_chord_table()
    return table.get(_FAMILY_OF.get(form, ALL), table[ALL])
