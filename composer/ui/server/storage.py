"""How much of the disk the files of visitors take: old ones go, then the oldest beyond a bound.

Gradio deletes what it handed out after an hour. It leaves folders behind, and files that a run
made and nobody fetched; and it knows no bound, while a folder can fill within the hour. So a
thread looks through it now and again. Knows no page.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SWEEP_EVERY_S = 30.0
# Longer than gradio lets its files live, and looks: what it knows of it deletes, and forgets.
LIFE_S = 5400.0
# What is younger may still be written, or on its way to a visitor.
YOUNG_S = 120.0


@dataclass(frozen=True)
class Bounds:
    """What may stay.

    Args:
        most_bytes: Of all files together.
        life_s: Of a file, and of a folder without files, since it was last written to.
        young_s: What is younger stays, whatever the bound.
    """

    most_bytes: int
    life_s: float = LIFE_S
    young_s: float = YOUNG_S


def sweep(folder: Path, bounds: Bounds, now_s: float) -> int:
    """Delete what is too old, then the oldest until the rest is within the bound.

    Args:
        folder: Of the files; need not exist.
        bounds: What may stay.
        now_s: The time, as `time.time` tells it.

    Returns:
        The bytes that stay.
    """
    files = sorted(_files(folder))
    n_bytes = sum(size for _, size, _ in files)
    for written_s, size, path in files:
        age_s = now_s - written_s
        if age_s <= bounds.young_s:
            break
        if age_s > bounds.life_s or n_bytes > bounds.most_bytes:
            path.unlink(missing_ok=True)
            n_bytes -= size
    _drop_empty_folders(folder, bounds, now_s)
    return n_bytes


def _files(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """Yield when a file was last written, its bytes, and where it is."""
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root, name)
            try:
                found = path.lstat()
            except OSError:  # gradio deletes, too
                continue
            yield found.st_mtime, found.st_size, path


def _drop_empty_folders(folder: Path, bounds: Bounds, now_s: float) -> None:
    for root, _, _ in os.walk(folder, topdown=False):
        path = Path(root)
        try:
            if path != folder and now_s - path.stat().st_mtime > bounds.young_s:
                path.rmdir()
        except OSError:  # there is something in it, or it is gone
            continue


def keep_tidy(folder: Path, bounds: Bounds, every_s: float = SWEEP_EVERY_S) -> threading.Event:
    """Sweep a folder in the background until the event is set that is returned."""
    ended = threading.Event()

    def go_on() -> None:
        while not ended.wait(every_s):
            sweep(folder, bounds, time.time())

    threading.Thread(target=go_on, name="storage", daemon=True).start()
    return ended
