"""Folders of performances -> one file of notes in columns, whose velocities a model learns from.

A performance has seconds, velocities and pedal, and knows no bar. Its columns are as long as its
own pulse: the median time from one onset to the next. That is a sixteenth in much piano music; no
more is claimed, and whoever reads these columns is told that their places in bars are unknown.

The file is a compressed numpy archive: `rows` [N, 4] (onset, end, pitch, velocity class),
`offsets` [pieces + 1], `widths` (columns of each piece) and `names` (JSON).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from composer.corpus.midi import read_midi
from composer.errors import ComposerError, OptionError
from composer.piece import Piece
from composer.units import beats_to_seconds

# Onsets closer than this are one chord, in seconds: hands do not strike all keys at once.
CHORD_S = 0.04
# The shortest and the longest column, in seconds: 16ths at 240 and at 60 quarters a minute.
COLUMN_S = (0.0625, 0.25)
VELOCITIES_PER_CLASS = 4


def pack_performances(folders: Sequence[Path], path: Path) -> tuple[int, int, list[str]]:
    """Write all performances below some folders.

    Args:
        folders: Of MIDI files.
        path: Of the `.npz` file.

    Returns:
        Performances, notes, and a line for every file that was refused.

    Raises:
        OptionError: If there is none.
    """
    files = sorted(file for folder in folders for file in folder.rglob("*.mid"))
    found, names, refused = [], [], []
    for file in files:
        try:
            found.append(columns_of_performance(read_midi(file)))
            names.append(file.name)
        except ComposerError as error:
            refused.append(f"{file.name}: {error}")
    if not found:
        raise OptionError("no MIDI file of the folders can be read as a performance")
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        path,
        rows=np.concatenate(found),
        offsets=np.cumsum([0, *map(len, found)]),
        widths=np.array([rows[:, 1].max() for rows in found]),
        names=np.array(json.dumps(names)),
    )
    return len(found), sum(map(len, found)), refused


def columns_of_performance(piece: Piece) -> npt.NDArray[np.int32]:
    """Return the notes of a performance in columns of its own pulse, [N, 4].

    Raises:
        OptionError: If it has fewer than two onsets.
    """
    notes = [note for part in piece.parts for note in part.notes]
    bpm = piece.tempo_bpm
    times = np.array(
        [[beats_to_seconds(n.onset_beats, bpm), beats_to_seconds(n.end_beats, bpm)] for n in notes]
    ).reshape(-1, 2)
    onsets = np.sort(times[:, 0])
    chords = onsets[np.concatenate([[True], np.diff(onsets) > CHORD_S])] if len(onsets) else onsets
    if len(chords) < 2:
        raise OptionError("a performance needs two onsets")
    column_s = float(np.clip(np.median(np.diff(chords)), *COLUMN_S))
    first = np.rint((times[:, 0] - onsets[0]) / column_s)
    last = np.maximum(first + 1, np.rint((times[:, 1] - onsets[0]) / column_s))
    pitch = np.array([note.pitch for note in notes])
    loud = np.array([note.velocity for note in notes]) // VELOCITIES_PER_CLASS
    return np.stack([first, last, pitch, loud], 1).astype(np.int32)
