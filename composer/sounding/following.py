"""The MIDI clock of another instrument -> which beat it is, and when beats come.

A loop filter of second order follows the pulses: each moves the phase by a part of what it is early
or late, and the tempo by a smaller part, so that jitter of single pulses hardly shows.
"""

from __future__ import annotations

import threading
import time

from composer.sounding.desk import PULSES_PER_QUARTER
from composer.sounding.messages import CLOCK, START, STOP

CONTINUE, POSITION = 0xFB, 0xF2
LOCK_PULSES = 2 * PULSES_PER_QUARTER  # until the loop has narrowed down
PHASE_GAIN, TEMPO_GAIN = 0.1, 0.005
STRAY_SHARE, STRAYS = 0.25, 3  # of a pulse, and in a row: the tempo has leapt
SILENT_S = 1.0  # without pulses: the clock is gone
_PULSES_PER_SIXTEENTH = 6


class Follower:
    """Follows a clock; `hear` may be called from another thread than the rest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n = 0  # number of the last pulse, from 0; a start sets it to -1
        self._at_s = 0.0  # when it was, smoothed
        self._period_s = 0.0
        self._n_heard = 0  # since the loop was opened wide
        self._n_strays = 0
        self._is_running = False

    def hear(self, message: bytes, moment_s: float | None = None) -> None:
        """Take a message in.

        Args:
            message: Others than those of a clock are passed over.
            moment_s: Of the monotonic clock; now by default.
        """
        moment_s = time.monotonic() if moment_s is None else moment_s
        with self._lock:
            if message == CLOCK:
                self._pulse(moment_s)
            elif message == START:
                self._n, self._n_heard, self._is_running = -1, 0, True
            elif message == STOP:
                self._is_running = False
            elif message and message[0] == CONTINUE:
                self._n_heard, self._is_running = 0, True
            elif message and message[0] == POSITION and len(message) == 3:
                self._n = (message[1] + 128 * message[2]) * _PULSES_PER_SIXTEENTH - 1

    def _pulse(self, moment_s: float) -> None:
        gap_s = moment_s - self._at_s
        self._n += self._is_running
        self._n_heard += 1
        if self._n_heard == 1 or gap_s > SILENT_S:
            self._at_s, self._n_heard, self._period_s = moment_s, 1, 0.0
            return
        if self._n_heard == 2:
            self._at_s, self._period_s = moment_s, gap_s
            return
        off_s = gap_s - self._period_s
        self._n_strays = self._n_strays + 1 if abs(off_s) > STRAY_SHARE * self._period_s else 0
        if self._n_strays >= STRAYS:
            self._n_heard, self._n_strays = 1, 0
            self._at_s = moment_s
            return
        # Wide at first, as the best line through all pulses so far; then narrow.
        n = self._n_heard
        phase = max(PHASE_GAIN, 2 * (2 * n - 1) / (n * (n + 1)))
        tempo = max(TEMPO_GAIN, 6 / (n * (n + 1)))
        self._at_s += self._period_s + phase * off_s
        self._period_s += tempo * off_s

    @property
    def is_locked(self) -> bool:
        """Whether the clock runs and its tempo is known."""
        return self._is_running and self._n_heard > PULSES_PER_QUARTER and self._n >= 0

    @property
    def tempo_bpm(self) -> float:
        """Quarters a minute; 0 while nothing is known."""
        return 60.0 / (self._period_s * PULSES_PER_QUARTER) if self._period_s > 0 else 0.0

    def moment_s(self, beats: float) -> float | None:
        """Return when a beat comes, or came, on the monotonic clock; None without a clock.

        Args:
            beats: Quarters since the start of the other instrument.
        """
        with self._lock:
            if not self._is_running or self._n_heard < 3:
                return None
            return self._at_s + (beats * PULSES_PER_QUARTER - self._n) * self._period_s

    def beats(self, moment_s: float) -> float | None:
        """Return which beat it is at a moment; None without a clock."""
        with self._lock:
            if not self._is_running or self._n_heard < 3:
                return None
            return (self._n + (moment_s - self._at_s) / self._period_s) / PULSES_PER_QUARTER
