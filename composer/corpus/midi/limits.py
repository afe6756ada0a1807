"""How much music a file may hold, in any format: what time and memory of a reader bear."""

from __future__ import annotations

MAX_FILE_BYTES = 4_000_000
MAX_NOTES = 60_000
MAX_BARS = 10_000
MAX_PARTS = 64
# Tempos beyond are drawn to the nearest end: they are slips of a program, and the notes are sound.
FILE_TEMPO_RANGE_BPM = (5.0, 500.0)
