"""How fast sound is made: a minute of string quartet, in every format, plain and expressive.

    python benchmarks/speed/audio.py --out benchmarks/speed/audio.json

The music is made here: four parts in even eighths and quarters at 96 quarters a minute, its notes
drawn from a scale by a fixed seed, so that every run plays the same. Timed around `render_audio`
(performance, synthesiser, loudness, encoder, disk), after one that is not counted, the quickest of
three:

- seconds on the clock and of the processor, and those as shares of the minute; on a busy machine
  the processor's tell more
- for a WAV file, where the seconds go
- memory: by how much the resident size of the process grows over a piece of 15 minutes, after a
  minute was rendered
"""

from __future__ import annotations

import argparse
import math
import os
import resource
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

# The root in place of this folder.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np

from benchmarks.record import machine_facts, print_table, save
from composer.piece import MeterChange, Note, Part, Piece
from composer.rendering import loudness, perform, render_audio
from composer.rendering.audio import find_soundfont, synth
from composer.rendering.audio.render import TAIL_S
from composer.theory import Instrument, Meter, ensemble_instruments, parse_key

TEMPO_BPM = 96.0
SAMPLE_RATE_HZ = 44_100
QUARTER = Fraction(1)
REPEATS = 3
RUNS = (
    ("wav, 16 bits, plain", "a.wav", {"is_expressive": False}),
    ("wav, 16 bits", "a.wav", {}),
    ("wav, 24 bits", "a.wav", {"bits": 24}),
    ("flac", "a.flac", {}),
    ("mp3", "a.mp3", {}),
    ("ogg", "a.ogg", {}),
)


def quartet(minutes: float) -> Piece:
    """Return a string quartet that lasts so long."""
    key, rng = parse_key("G major"), np.random.default_rng(7)
    n_beats = math.ceil(minutes * TEMPO_BPM / 4) * 4
    parts = []
    for instrument in ensemble_instruments("string quartet", 4):
        scale = [p for p in comfortable(instrument) if p % 12 in key.scale]
        step = QUARTER / (2 if instrument.name == "violin" else 1)
        n_notes = int(n_beats / step)
        walk = len(scale) // 2 + np.cumsum(rng.integers(-2, 3, n_notes))
        pitches = [scale[abs(int(at)) % len(scale)] for at in walk]
        notes = (Note(step * index, pitch, step) for index, pitch in enumerate(pitches))
        parts.append(Part(instrument, tuple(notes)))
    meters = (MeterChange(Fraction(0), Meter(4, 4)),)
    return Piece(tuple(parts), meters, key, ensemble="string quartet", tempo_bpm=TEMPO_BPM)


def comfortable(instrument: Instrument) -> range:
    """Return the middle of a range, two octaves wide."""
    middle = (instrument.low + instrument.high) // 2
    return range(middle - 12, middle + 13)


def time_steps(piece: Piece) -> dict[str, float]:
    """Return the seconds of every step of a rendering."""
    began_s = time.perf_counter()
    performance = perform(piece)
    performed_s = time.perf_counter()
    n_frames = math.ceil((performance.get_end_time() + TAIL_S) * SAMPLE_RATE_HZ)
    blocks = list(synth.play(performance, find_soundfont(), SAMPLE_RATE_HZ, n_frames))
    played_s = time.perf_counter()
    loudness.measure([np.concatenate(blocks)], SAMPLE_RATE_HZ)
    steps = {"perform": performed_s - began_s, "play": played_s - performed_s}
    measured = {"measure": time.perf_counter() - played_s}
    return {name: round(seconds, 3) for name, seconds in (steps | measured).items()}


def run_once(piece: Piece, path: Path, options: dict[str, Any], length_s: float) -> dict[str, Any]:
    """Render once; return what was measured."""
    began_s, cpu_began_s = time.perf_counter(), time.process_time()
    render_audio(piece, path, sample_rate_hz=SAMPLE_RATE_HZ, **options)
    seconds, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_began_s
    return {
        "seconds": round(seconds, 2),
        "cpu_s": round(cpu_s, 2),
        "share_of_length": round(seconds / length_s, 4),
        "cpu_share": round(cpu_s / length_s, 4),
        "file_kb": round(path.stat().st_size / 1000),
    }


def peak_memory_mb() -> float:
    """Return the largest resident size of this process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1e6 if sys.platform == "darwin" else 1e3), 1)


def main() -> None:
    """Run the benchmark."""
    options = read_options()
    piece, facts = quartet(1), machine_facts()
    length_s = float(piece.length_beats) * 60 / TEMPO_BPM
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        place = Path(folder)
        run_once(piece, place / "warm.wav", {}, length_s)
        before_mb = peak_memory_mb()
        long = quartet(options.long_minutes)
        long_row = run_once(long, place / "long.wav", {}, 60 * options.long_minutes)
        growth_mb = round(peak_memory_mb() - before_mb, 1)
        rows = [
            {"what": what}
            | min(
                (run_once(piece, place / name, settings, length_s) for _ in range(REPEATS)),
                key=lambda row: row["seconds"],
            )
            for what, name, settings in RUNS
        ]
        steps = time_steps(piece)
    print_table(list(rows[0]), (list(row.values()) for row in rows))
    print(f"steps {steps}; {options.long_minutes:g} minutes: {long_row}, {growth_mb} MB more")
    if options.out:
        command = "python benchmarks/speed/audio.py --out benchmarks/speed/audio.json"
        result = {"machine": facts, "command": command, "length_s": length_s, "steps_s": steps}
        long_result = {"minutes": options.long_minutes, "memory_growth_mb": growth_mb} | long_row
        save(options.out, result | {"runs": rows, "long": long_result})


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Speed of rendering sound")
    parser.add_argument("--long-minutes", type=float, default=14.8)
    parser.add_argument("--folder", type=Path, help="where to write; the system's temporary folder")
    parser.add_argument("--out", type=Path, help="JSON file for the result")
    return parser.parse_args()


if __name__ == "__main__":
    main()
