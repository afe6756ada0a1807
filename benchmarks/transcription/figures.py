"""How well recordings are written down: notes, places in the bar, kinds of files, spoiled sound.

Notes: F1 of onsets with the right pitch, within 50 and 150 ms, over five chorales that our
synthesiser plays at 80 quarters a minute without pedal, heard as `composer transcribe` hears them
(the delay of slow attacks is estimated from the sound and taken back). The voice is synthetic.

Places: notes that stand in the right place of the bar, in scores held back from training, their
first 20 bars, played from 60 to 130 quarters a minute with up to 30 ms of jitter and 5 % of drift;
for taps every beat is known, 20 ms off (up to 50).
A line is the highest part. These are notes, not sound, so that only the bars are measured. After a
count-in tempo, meter and first bar are known.

    python -m benchmarks.transcription.figures scores --out benchmarks/transcription/figures.json
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record import machine_facts, save
from benchmarks.transcription.renders import (
    CHORALES,
    Recording,
    compare,
    load_chorale,
    played_on,
    record,
    sing,
    soprano,
    spoiled,
    total,
)
from composer.corpus import load_corpus
from composer.piece import Piece
from composer.transcription.hearing import hear
from composer.transcription.played import PlayedNote
from composer.transcription.writing import Frame, write

N_PIECES, N_BARS = 40, 20
Row = dict[str, Any]


def notes_row(name: str, kind: str, recordings: list[Recording]) -> Row:
    """Return F1 within 50 and 150 ms, and seconds of sound heard in a second of processor time."""
    close, wide, heard_s, cpu_s = [], [], 0.0, 0.0
    for one in recordings:
        began_s = time.process_time()
        found = hear(one.data, kind)
        cpu_s += time.process_time() - began_s
        heard_s += found.length_s
        notes = np.array([(note.onset_s, note.pitch) for note in found.notes])
        close.append(compare(notes, one.notes, 0.05))
        wide.append(compare(notes, one.notes, 0.15))
    return {
        "sound": name,
        "kind": kind,
        "f1_50_ms": round(total(close).f1, 3),
        "f1_150_ms": round(total(wide).f1, 3),
        "times_real_time": round(heard_s / cpu_s, 1),
    }


def note_rows() -> Iterator[Row]:
    """Yield a row for every kind of sound."""
    pieces = [load_chorale(name) for name in CHORALES]
    lines = [soprano(piece) for piece in pieces]

    def of(change: Callable[[Piece], Piece], ones: list[Piece], suffix: str = ".wav") -> Any:
        return [record(change(one), suffix) for one in ones]

    for instrument in ("piano", "flute", "violin", "strings", "organ"):
        yield notes_row(
            f"{instrument}, melody", "line", of(lambda p, i=instrument: played_on(p, i), lines)
        )
    yield notes_row("voice, synthetic", "line", [sing(one, n) for n, one in enumerate(pieces)])
    for instrument in ("piano", "harpsichord", "strings", "organ"):
        yield notes_row(
            f"{instrument}, four parts",
            "voices",
            of(lambda p, i=instrument: played_on(p, i), pieces),
        )
    yield notes_row("choir, four parts", "voices", of(lambda p: p, pieces))
    for suffix in (".mp3", ".flac", ".ogg"):
        yield notes_row(f"piano, melody, {suffix[1:]}", "line", of(_piano, lines, suffix))
        yield notes_row(f"piano, four parts, {suffix[1:]}", "voices", of(_piano, pieces, suffix))
    for how in ("noise", "room", "8 kHz"):
        rows = [spoiled(one, how) for one in of(_piano, lines)]
        yield notes_row(f"piano, melody, {how}", "line", rows)
        rows = [spoiled(one, how) for one in of(_piano, pieces)]
        yield notes_row(f"piano, four parts, {how}", "voices", rows)


def _piano(piece: Piece) -> Piece:
    return played_on(piece, "piano")


def place_rows(scores: Path) -> Iterator[Row]:
    """Yield shares of notes in the right place of the bar."""
    corpus = load_corpus(scores, licence="open", split="valid")
    corpus = replace(corpus, entries=corpus.entries[::2])
    pieces = []
    for _, piece in corpus.pieces():
        if isinstance(piece, Piece) and len(piece.meters) == 1 and piece.parts[0].notes:
            pieces.append(piece)
        if len(pieces) == N_PIECES:
            break
    for is_line in (True, False):
        for known in ("count-in", "taps", "nothing"):
            rng = np.random.default_rng(1)
            found = [
                (share, steps)
                for piece in pieces
                if (one := _placed(piece, rng, is_line=is_line, known=known))
                for share, steps in [one]
            ]
            shares, steps = np.array(found).T
            yield {
                "music": "line" if is_line else "several voices",
                "known": known,
                "pieces": len(shares),
                "notes_in_place": round(float(shares.mean()), 3),
                "pieces_all_but_in_place": round(float((shares > 0.9).mean()), 3),
                "steps_right": round(float(steps.mean()), 3),
            }


def _placed(
    piece: Piece, rng: np.random.Generator, *, is_line: bool, known: str
) -> tuple[float, float] | None:
    """Play a piece; return the shares of notes in place, and of steps that are as long as written.

    A step goes from one note to the next; the same tempo at half or double values is right.
    """
    parts = piece.parts[:1] if is_line else piece.parts
    end = min(piece.n_bars, N_BARS) * piece.meter.length_beats
    wanted = sorted(
        (float(n.onset_beats), n.pitch) for p in parts for n in p.notes if n.onset_beats < end
    )
    if len(wanted) < 8:
        return None
    tempo_bpm = rng.uniform(60, 130)
    beats = np.array([onset for onset, _ in wanted])
    clock = _clock(beats.max(), tempo_bpm, rng)
    times = clock(beats) + np.clip(rng.normal(0, 0.012, len(beats)), -0.03, 0.03)
    order = np.argsort(times, kind="stable")
    notes = [PlayedNote(times[n], wanted[n][1], times[n] + 0.3, 80, 0.9) for n in order]
    frame = Frame()
    if known == "count-in":
        frame = Frame(tempo_bpm, piece.meter, 0.5)
    elif known == "taps":
        pulse = float(piece.meter.pulse_beats)
        tapped = clock(pulse * np.arange(beats.min() // pulse, beats.max() // pulse + 1))
        hand = np.clip(rng.normal(0, 0.02, len(tapped)), -0.05, 0.05)
        frame = Frame(taps_s=tuple(np.maximum(0.0, tapped + hand).tolist()))
    _, grid = write(notes, frame, is_line=is_line)
    found = grid.beats_at(times) * float(grid.meter.pulse_beats)
    length = float(piece.meter.length_beats)
    steps, right = np.diff(found[order]), np.diff(beats[order])
    ratios = [np.abs(steps * ratio - right) < 0.13 for ratio in (0.5, 1.0, 2.0)]
    as_written = max(float(one.mean()) for one in ratios)
    if grid.meter.length_beats != piece.meter.length_beats:
        return 0.0, as_written
    off = (found - beats + length / 2) % length - length / 2
    return float((np.abs(off) < 0.13).mean()), as_written


def _clock(
    last: float, tempo_bpm: float, rng: np.random.Generator
) -> Callable[[np.ndarray], np.ndarray]:
    """Return what tells when beats come, with a tempo that swells and falls by 5 %."""
    fine = np.linspace(0, last + 1, 4000)
    wave = np.sin(2 * np.pi * fine / rng.uniform(16, 48) + rng.uniform(0, 2 * np.pi))
    local_s = 60 / tempo_bpm * (1 + 0.05 * wave)
    clock = np.concatenate([[0.0], np.cumsum(local_s[1:] * np.diff(fine))])
    return lambda beats: 0.5 + np.interp(beats, fine, clock)


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scores", type=Path, help="corpus folder with a manifest")
    parser.add_argument("--out", type=Path, required=True, help="JSON file")
    options = parser.parse_args()
    result: dict[str, Any] = machine_facts() | {"notes": [], "places": []}
    for name, rows in (("notes", note_rows()), ("places", place_rows(options.scores))):
        for row in rows:
            result[name].append(row)
            print(row, flush=True)
            save(options.out, result)


if __name__ == "__main__":
    main()
