"""A port that is played on from here, through a process of its own (`desk`)."""

from __future__ import annotations

import atexit
import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from composer.errors import OptionError, PortError
from composer.sounding.desk import BEAT, END, FRAME, MESSAGE, MIX, PANIC, TEMPO, WARP

HEARTBEAT_S = 0.25
MAX_OFFSET_MS = 2_000.0
_END_S = 5.0
_ROOT = Path(__file__).resolve().parents[2]


class Sender:
    """One port.

    Args:
        port: Its name, or `VIRTUAL`.
        offset_ms: By how much it is played later, or earlier, than asked, so that it sounds
            together with another output; -2000 to 2000.
        has_clock: Whether a MIDI clock is sent with `tempo`.

    Raises:
        OptionError: If the offset is out of its range.
        PortError: If the port cannot be opened.
    """

    def __init__(self, port: str, *, offset_ms: float = 0.0, has_clock: bool = False) -> None:
        if not -MAX_OFFSET_MS <= offset_ms <= MAX_OFFSET_MS:
            raise OptionError(
                f"`offset-ms` must be from {-MAX_OFFSET_MS:g} to {MAX_OFFSET_MS:g}, got {offset_ms}"
            )
        self._offset_s = offset_ms / 1000.0
        self._has_clock = has_clock
        self._report: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "composer.sounding", port],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=_ROOT,
            bufsize=0,
        )
        self._listener: threading.Thread | None = None
        self._await_port()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        threading.Thread(target=self._keep_alive, daemon=True).start()
        atexit.register(self.close)

    def _await_port(self) -> None:
        assert self._process.stdout is not None
        self._lines = self._process.stdout
        first = json.loads(self._lines.readline() or b"{}")
        if "open" not in first:
            self._leave()
            raise PortError(first.get("error", "the process that plays on the port did not start"))

    def _listen(self) -> None:
        for line in self._lines:
            with contextlib.suppress(ValueError):
                self._report = json.loads(line)

    def _keep_alive(self) -> None:
        while not self._is_over.wait(HEARTBEAT_S):
            with contextlib.suppress(PortError):
                self._write(BEAT, 0.0)

    def send(self, moment_s: float, message: bytes) -> None:
        """Send a message of three bytes at most at a moment of the monotonic clock.

        Raises:
            PortError: If the process that plays has ended.
        """
        self._write(MESSAGE, moment_s + self._offset_s, message=message)

    def tempo(self, moment_s: float, tempo_bpm: float, beats: float) -> None:
        """Let the MIDI clock go on from a beat at a tempo; does nothing without a clock.

        Args:
            moment_s: When that beat is.
            tempo_bpm: Quarters a minute from there on.
            beats: Quarters since the beginning.

        Raises:
            PortError: If the process that plays has ended.
        """
        if self._has_clock:
            self._write(TEMPO, moment_s + self._offset_s, tempo_bpm, beats)

    def warp(self, moment_s: float, factor: float) -> None:
        """Stretch the time of all that was handed over for later than a moment.

        Args:
            moment_s: Of the monotonic clock; it stays where it is.
            factor: 0.5 brings what comes in a second in half a second.

        Raises:
            PortError: If the process that plays has ended.
        """
        self._write(WARP, moment_s + self._offset_s, factor)

    def mix(self, moment_s: float, shift: int, silent: Iterable[int]) -> None:
        """Transpose and silence what was handed over, and all that follows, from a moment on.

        Args:
            moment_s: Of the monotonic clock; what sounds otherwise then ends.
            shift: Semitones.
            silent: Channels on which no note begins.

        Raises:
            PortError: If the process that plays has ended.
        """
        mask = sum({1 << channel for channel in silent})
        self._write(MIX, moment_s + self._offset_s, float(shift), float(mask))

    def panic(self) -> None:
        """Silence the port now, and forget what was to be sent."""
        self._write(PANIC, 0.0)

    def _write(
        self, kind: bytes, moment_s: float, tempo: float = 0.0, beats: float = 0.0, *,
        message: bytes = b"",
    ) -> None:  # fmt: skip
        assert self._process.stdin is not None
        frame = FRAME.pack(kind, moment_s, tempo, beats, len(message), message)
        try:
            with self._lock:
                self._process.stdin.write(frame)
        except (OSError, ValueError) as error:
            raise PortError("the port is closed; start again") from error

    @property
    def report(self) -> dict[str, Any]:
        """How it went up to the last second; see `desk.Desk.report`."""
        return self._report

    def close(self) -> None:
        """Silence the port and let go of it."""
        if self._is_over.is_set():
            return
        self._is_over.set()
        atexit.unregister(self.close)
        with contextlib.suppress(PortError):
            self._write(END, 0.0)
        self._leave()

    def _leave(self) -> None:
        """Wait until the process has ended, and let go of its pipes."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._listener is not None:
            self._listener.join()
        self._lines.close()
