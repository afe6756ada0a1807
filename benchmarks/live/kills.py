"""Recordings after `kill -9`: is every bar there that was settled, and is the MIDI file whole?

    python benchmarks/live/kills.py --out benchmarks/live/kills.json

A stream is recorded as fast as it can be composed, and its process is killed at another moment each
time; its last line on the standard output says how many bars were settled by then.
"""

from __future__ import annotations

import argparse
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

# The root in place of this folder.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import mido

from benchmarks.record import ROOT, machine_facts, print_table, save
from composer.live import read_journal

COMMAND = ("-m", "composer", "stream", "--composer", "Bach", "--form", "chorale", "--candidates")
COMMAND += ("1", "--virtual-clock", "--record")


def kill_once(path: Path, after_s: float) -> dict[str, Any]:
    """Record, kill, and look at what is left."""
    process = subprocess.Popen(
        [sys.executable, *COMMAND, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    said = [process.stdout.readline()]
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    said += process.stdout.readlines()
    process.wait()
    settled = max(int(number) for number in re.findall(r"^bar (\d+), ", "".join(said), re.M))
    recording = read_journal(path)
    strikes = sum(one.type == "note_on" and one.velocity > 0 for one in mido.MidiFile(path))
    written = sum(len(part.notes) for bar in recording.bars for part in bar.music.parts)
    return {
        "after_s": round(after_s, 2),
        "settled": settled,
        "in_journal": len(recording.bars),
        "notes_in_midi": strikes,
        "notes_in_journal": written,
        "is_whole": len(recording.bars) >= settled and 0 < strikes <= written,
    }


def main() -> None:
    """Kill, print, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    chance = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            kill_once(Path(folder) / f"{number}.mid", chance.uniform(0.2, 3.0))
            for number in range(options.kills)
        ]
    print_table(list(rows[0]), [list(row.values()) for row in rows])
    if options.out:
        n_whole = sum(row["is_whole"] for row in rows)
        save(options.out, {"machine": machine_facts(), "whole": n_whole, "rows": rows})


if __name__ == "__main__":
    main()
