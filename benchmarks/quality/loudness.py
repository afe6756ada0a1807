"""How alike loud real pieces come out: LUFS of 50 recordings before and after levelling.

    python benchmarks/quality/loudness.py --corpus scores --out benchmarks/quality/loudness.json

Pieces are drawn evenly from the folders of a corpus of MIDI files, and their first half minute is
played expressively with the usual soundfont:

- before: as the synthesiser gives it, and with every peak at -1 dBFS, as it was done without LUFS
- after: the WAV file as it was written, decoded again and measured in one stretch

Binding is a piece whose peaks needed the limiter.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import tempfile
from collections import defaultdict
from dataclasses import replace
from fractions import Fraction
from itertools import chain, islice, zip_longest
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

# The root in place of this folder.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import pyloudnorm
import soundfile

from benchmarks.record import machine_facts, print_table, rounded, save
from composer.corpus.midi import read_midi
from composer.errors import ComposerError
from composer.piece import Piece
from composer.rendering import loudness, perform, render_audio, suggested_tempo_bpm
from composer.rendering.audio import find_soundfont, synth
from composer.rendering.audio.render import TAIL_S

SAMPLE_RATE_HZ = 44_100
OPENING_S = 30.0


def draw_files(corpus: Path, seed: int) -> list[Path]:
    """Return files in a random order, one of every folder in turn."""
    rng = random.Random(seed)
    by_folder: dict[Path, list[Path]] = defaultdict(list)
    for path in sorted(corpus.rglob("*.mid")):
        by_folder[path.parent].append(path)
    stacks = [rng.sample(files, len(files)) for _, files in sorted(by_folder.items())]
    rng.shuffle(stacks)
    return [path for path in chain.from_iterable(zip_longest(*stacks)) if path]


def read_opening(path: Path) -> Piece | None:
    """Return the beginning of a piece at its form's tempo; None if it cannot be read."""
    try:
        piece = read_midi(path)
    except ComposerError:
        return None
    tempo_bpm = suggested_tempo_bpm(piece.form, piece.meter)
    end = Fraction(OPENING_S * tempo_bpm / 60)
    parts = tuple(
        replace(part, notes=tuple(n for n in part.notes if n.end_beats <= end))
        for part in piece.parts
    )
    n_bars = max(1, sum(bar.onset_beats < end for bar in piece.bars))
    opening = replace(piece, parts=parts, n_bars=n_bars, tempo_bpm=tempo_bpm)
    return opening if opening.n_notes else None


def run_once(path: Path, piece: Piece, folder: Path) -> dict[str, Any]:
    """Return what was measured of one piece."""
    performance = perform(piece)
    n_frames = math.ceil((performance.get_end_time() + TAIL_S) * SAMPLE_RATE_HZ)
    blocks = list(synth.play(performance, find_soundfont(), SAMPLE_RATE_HZ, n_frames))
    raw = loudness.measure([np.concatenate(blocks)], SAMPLE_RATE_HZ)
    peak_dbfs = 20 * math.log10(raw.peak)
    frames, rate_hz = soundfile.read(render_audio(piece, folder / "piece.wav"))
    after_lufs = pyloudnorm.Meter(rate_hz, filter_class="DeMan").integrated_loudness(frames)
    crest_db = peak_dbfs - raw.loudness_lufs
    return {
        "piece": path.stem[:40],
        "instruments": sorted({part.instrument.name for part in piece.parts}),
        "raw_lufs": rounded(raw.loudness_lufs, 2),
        "peak_levelled_lufs": rounded(loudness.CEILING_DBFS - crest_db, 2),
        "after_lufs": rounded(after_lufs, 2),
        "after_peak_dbfs": rounded(20 * math.log10(np.abs(frames).max()), 2),
        "is_binding": crest_db + loudness.TARGET_LUFS > loudness.CEILING_DBFS,
    }


def spread(values: list[float]) -> dict[str, float]:
    """Return mean, standard deviation and range."""
    low, high = min(values), max(values)
    found = {"mean": fmean(values), "sd": pstdev(values), "min": low, "max": high}
    return {name: round(value, 2) for name, value in (found | {"range": high - low}).items()}


def main() -> None:
    """Run the benchmark."""
    options = read_options()
    pieces = ((path, read_opening(path)) for path in draw_files(options.corpus, options.seed))
    drawn = islice(((path, piece) for path, piece in pieces if piece), options.pieces)
    with tempfile.TemporaryDirectory() as folder:
        rows = [run_once(path, piece, Path(folder)) for path, piece in drawn]
    names = ("raw_lufs", "peak_levelled_lufs", "after_lufs", "after_peak_dbfs")
    summary = {name: spread([row[name] for row in rows]) for name in names}
    print_table(["", *summary["raw_lufs"]], ([n, *found.values()] for n, found in summary.items()))
    n_binding = sum(row["is_binding"] for row in rows)
    print(f"{len(rows)} pieces, target {loudness.TARGET_LUFS:g} LUFS, limiter needed: {n_binding}")
    if options.out:
        command = "python benchmarks/quality/loudness.py --corpus FOLDER --out FILE"
        facts = {"command": command, "soundfont": find_soundfont().name, "seed": options.seed}
        found = {"target_lufs": loudness.TARGET_LUFS, "n_binding": n_binding, "summary": summary}
        save(options.out, {"machine": machine_facts()} | facts | found | {"pieces": rows})


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description="Loudness of recordings before and after levelling"
    )
    parser.add_argument("--corpus", type=Path, required=True, help="folder of MIDI files")
    parser.add_argument("--pieces", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="JSON file for the result")
    return parser.parse_args()


if __name__ == "__main__":
    main()
