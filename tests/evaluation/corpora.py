"""Small corpora for reports: chorales and minuets, varied by seed, with a manifest."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from composer.piece import MeterChange, Note, Part, Piece
from composer.rendering import write_midi
from composer.theory import INSTRUMENTS, Key, Meter
from tests.conftest import CHORALE, LEFT_HAND, RIGHT_HAND, part_of

HEADING = "path,split,composer,form,ensemble,key,key_from,licence_class"


def write_corpus(folder: Path, *, held_out: int, training: int) -> Path:
    """Write so many pieces of each of two pairs of composer and form; return the folder."""
    rows = [HEADING]
    for piece in (_chorale(), _minuet()):
        for number in range(held_out + training):
            name = f"{piece.form}-{number}.mid"
            write_midi(_varied(piece, number), folder / name)
            split = "valid" if number < held_out else "train"
            names = f"{piece.composer},{piece.form},{piece.ensemble},{piece.key}"
            rows.append(f"{name},{split},{names},source,open")
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def _varied(piece: Piece, seed: int) -> Piece:
    """Move a few notes by a step, so that no two pieces are alike."""
    rng = np.random.default_rng(seed)
    parts = tuple(
        replace(part, notes=tuple(_moved(note, rng) for note in part.notes)) for part in piece.parts
    )
    return replace(piece, parts=parts, title=f"{piece.form} {seed}")


def _moved(note: Note, rng: np.random.Generator) -> Note:
    return replace(note, pitch=note.pitch + int(rng.integers(-1, 2) * (rng.random() < 0.2)))


def _chorale() -> Piece:
    parts = [part_of(INSTRUMENTS[voice], line) for voice, line in CHORALE.items()]
    return _piece(parts, Meter(4, 4), Key("G", "major"), ("Bach", "chorale", "choir"))


def _minuet() -> Piece:
    parts = [part_of(INSTRUMENTS["piano"], line) for line in (RIGHT_HAND, LEFT_HAND)]
    return _piece(parts, Meter(3, 4), Key("D", "minor"), ("Mozart", "minuet", "keyboard"))


def _piece(parts: list[Part], meter: Meter, key: Key, names: tuple[str, str, str]) -> Piece:
    composer, form, ensemble = names
    return Piece(
        tuple(parts),
        (MeterChange(Fraction(0), meter),),
        key,
        composer=composer,
        form=form,
        ensemble=ensemble,
    )
