"""What a server takes while it works: memory of its processes, and files it leaves. Knows Linux."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

LOOK_EVERY_S = 1.0
PROC = Path("/proc")


class MemoryWatch:
    """Adds up the memory of a process and all its descendants, once a second.

    Args:
        process_id: Of the oldest of them.
        began_s: When the measuring began, as `time.monotonic` tells it.
    """

    def __init__(self, process_id: int, began_s: float) -> None:
        self._process_id = process_id
        self._began_s = began_s
        self._ended = Event()
        self._thread = Thread(target=self._go_on, daemon=True)
        self.looks: list[tuple[float, float, float]] = []  # seconds, resident MB, proportional MB

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _go_on(self) -> None:
        while not self._ended.wait(LOOK_EVERY_S):
            resident, proportional = memory_mb(self._process_id)
            self.looks.append((time.monotonic() - self._began_s, resident, proportional))


def memory_mb(process_id: int) -> tuple[float, float]:
    """Return resident and proportional megabytes of a process with its descendants.

    Pages that processes share count for each of them in the first (RSS), once in the second (PSS).
    """
    found = [_rollup(one) for one in [process_id, *_descendants(process_id)]]
    return sum(rss for rss, _ in found) / 1e3, sum(pss for _, pss in found) / 1e3


def _descendants(process_id: int) -> Iterator[int]:
    children: dict[int, list[int]] = {}
    for stat in PROC.glob("[0-9]*/stat"):
        try:
            behind_name = stat.read_text().rpartition(") ")[2].split()
        except OSError:  # it has ended
            continue
        children.setdefault(int(behind_name[1]), []).append(int(stat.parent.name))
    waiting = [process_id]
    while waiting:
        for child in children.get(waiting.pop(), []):
            waiting.append(child)
            yield child


def _rollup(process_id: int) -> tuple[int, int]:
    """Return kilobytes: resident, proportional; zero of a process that has ended."""
    try:
        lines = (PROC / str(process_id) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0, 0
    sizes = dict(line.split(":", 1) for line in lines[1:] if ":" in line)
    rss, pss = (int(sizes.get(name, "0 kB").split()[0]) for name in ("Rss", "Pss"))
    return rss, pss


def count_files(folder: Path) -> dict[str, float]:
    """Count the files below a folder, and their megabytes."""
    sizes = []
    for path in folder.rglob("*"):
        try:
            if path.is_file():
                sizes.append(path.stat().st_size)
        except OSError:
            continue
    return {"files": len(sizes), "mb": round(sum(sizes) / 1e6, 2)}
