"""Timed messages -> a port, each when its moment has come; a MIDI clock; a watchdog.

    python -m composer.sounding PORT

This is a process of its own, because a thread beside Python at work is late by milliseconds
(benchmarks/live/jitter.json). It reads frames of `FRAME` from its standard input, and writes lines
of JSON: that the port is open, or why it is not, then every second how it goes. When its input
ends, or says nothing for a second, all is silenced: whoever fed it was killed, or hangs.

A beginning of a note that is late by more than `LATE_S` is left out, so that nothing is made up for
in a burst; the end of a note is sent however late it is.
"""

from __future__ import annotations

import contextlib
import heapq
import json
import math
import os
import signal
import struct
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from composer.errors import ComposerError
from composer.sounding.messages import (
    CLOCK,
    START,
    STOP,
    Playing,
    Table,
    is_note_off,
    is_note_on,
)
from composer.sounding.ports import Opener, Output, open_output

# Kind, moment in seconds of the monotonic clock, two numbers, length of the message, the message.
FRAME = struct.Struct("<cdddB3s")
MESSAGE, TEMPO, PANIC, BEAT, END = b"m", b"t", b"x", b"b", b"e"
WARP, MIX = b"w", b"s"
PULSES_PER_QUARTER = 24
LATE_S = 0.2
SILENCE_S = 0.8  # without news; beats of the heart come every quarter of a second
REPORT_S = 1.0
LOOK_S = 1.0  # between two looks at whether the port is there
_SPIN_S = 0.0008  # what a sleep may be late by
_BUCKET_S = 0.00005
_MIX_RANK, _END_RANK, _OTHER_RANK = 0, 1, 2


@dataclass
class Lateness:
    """How late messages were sent.

    Args:
        counts: By steps of 0.05 ms.
    """

    counts: Counter[int] = field(default_factory=Counter)

    def note(self, late_s: float) -> None:
        """Remember one."""
        self.counts[min(20_000, max(0, int(late_s / _BUCKET_S)))] += 1

    def quantile_ms(self, share: float) -> float:
        """Return the lateness that a share of the messages did not exceed."""
        wanted = share * self.counts.total()
        reached = 0
        for bucket in sorted(self.counts):
            reached += self.counts[bucket]
            if reached >= wanted:
                return (bucket + 1) * _BUCKET_S * 1000
        return 0.0


@dataclass
class Pulses:
    """When each pulse of the clock comes.

    Args:
        anchors: Pulse, moment and tempo in quarters a minute from which others are counted.
        n_sent: Pulses so far.
        is_running: Between start and stop.
    """

    anchors: deque[tuple[float, float, float]] = field(default_factory=deque)
    n_sent: int = 0
    is_running: bool = False

    def change(self, moment_s: float, tempo_bpm: float, beats: float) -> None:
        """Count from a beat on, at another tempo or from another moment."""
        pulse = beats * PULSES_PER_QUARTER
        while self.anchors and self.anchors[-1][0] >= pulse:
            self.anchors.pop()
        if not self.anchors and not self.is_running:
            self.n_sent = math.ceil(pulse)
        self.anchors.append((pulse, moment_s, tempo_bpm))

    def next_s(self) -> float | None:
        """Return when the next pulse is to be sent; None where there is no clock."""
        while len(self.anchors) > 1 and self.anchors[1][0] <= self.n_sent:
            self.anchors.popleft()
        if not self.anchors:
            return None
        pulse, moment_s, tempo_bpm = self.anchors[0]
        return moment_s + (self.n_sent - pulse) * 60.0 / (tempo_bpm * PULSES_PER_QUARTER)


@dataclass
class Desk:
    """What is to be sent, and what sounds.

    Args:
        name: Of the port.
        opener: Opens it, and opens it again when it comes back.
    """

    name: str
    opener: Opener = open_output
    table: Table = field(default_factory=Table)
    lateness: Lateness = field(default_factory=Lateness)
    pulses: Pulses = field(default_factory=Pulses)
    playing: Playing = field(default_factory=Playing)
    port: Output | None = None
    n_left_out: int = 0
    n_lost: int = 0  # times that the port went away
    is_ended: bool = False
    _heap: list[tuple[float, int, int, bytes | Playing]] = field(default_factory=list)
    _n_taken: int = 0
    _programs: dict[int, bytes] = field(default_factory=dict)

    def open(self) -> None:
        """Open the port.

        Raises:
            PortError: If that cannot be.
        """
        self.port = self.opener(self.name)

    def take(self, frame: bytes) -> None:
        """Take a frame in."""
        kind, moment_s, tempo_bpm, beats, length, data = FRAME.unpack(frame)
        if kind == MESSAGE:
            self._queue(moment_s, data[:length])
        elif kind == TEMPO:
            self.pulses.change(moment_s, tempo_bpm, beats)
        elif kind == WARP:
            self._warp(moment_s, tempo_bpm)
        elif kind == MIX:
            channels = frozenset(one for one in range(16) if int(beats) >> one & 1)
            self._forget_mixes(moment_s)
            self._put(moment_s, _MIX_RANK, Playing(int(tempo_bpm), channels))
        elif kind == PANIC:
            self.silence()
        elif kind == END:
            self.is_ended = True

    def _queue(self, moment_s: float, message: bytes) -> None:
        self._put(moment_s, _END_RANK if is_note_off(message) else _OTHER_RANK, message)

    def _put(self, moment_s: float, rank: int, item: bytes | Playing) -> None:
        self._n_taken += 1
        heapq.heappush(self._heap, (moment_s, rank, self._n_taken, item))

    def _forget_mixes(self, moment_s: float) -> None:
        """Forget what was to be played from a moment on, as it was before a new turn."""
        self._heap = [
            one for one in self._heap if one[0] < moment_s or not isinstance(one[3], Playing)
        ]
        heapq.heapify(self._heap)

    def _warp(self, moment_s: float, factor: float) -> None:
        """Stretch the time behind a moment: what was to come comes sooner or later."""
        self._heap = [
            (moment_s + (one[0] - moment_s) * factor if one[0] > moment_s else one[0], *one[1:])
            for one in self._heap
        ]
        heapq.heapify(self._heap)

    def next_s(self) -> float | None:
        """Return when something is to be sent next; None for nothing."""
        moments = [self._heap[0][0]] if self._heap else []
        pulse_s = self.pulses.next_s()
        if pulse_s is not None:
            moments.append(pulse_s)
        return min(moments, default=None)

    def send_due(self, now_s: float) -> None:
        """Send what is due."""
        while (moment_s := self.next_s()) is not None and moment_s <= now_s:
            if moment_s == self.pulses.next_s():
                self._pulse(now_s - moment_s)
                continue
            _, _, _, item = heapq.heappop(self._heap)
            if isinstance(item, Playing):
                self._play(item)
                continue
            if is_note_on(item) and now_s - moment_s > LATE_S:
                self.n_left_out += 1
                continue
            message = self.playing.heard(item)
            if message is None:
                continue
            self.lateness.note(now_s - moment_s)
            if message[0] & 0xF0 == 0xC0:
                self._programs[message[0] & 0x0F] = message
            self._send(self.table.passed(message))

    def _play(self, playing: Playing) -> None:
        """Transpose or silence from now on; what sounds otherwise ends."""
        is_shifted = playing.shift != self.playing.shift
        self.playing = playing
        self._send(self.table.end() if is_shifted else self.table.end(playing.silent))

    def _pulse(self, late_s: float) -> None:
        if not self.pulses.is_running:
            self.pulses.is_running = True
            self._send([START])
        self.pulses.n_sent += 1
        if late_s <= LATE_S:
            self._send([CLOCK])

    def silence(self) -> None:
        """Forget the messages that are queued and end all that sounds; the clock goes on."""
        self._send(self.table.silence())
        self._heap = [one for one in self._heap if isinstance(one[3], Playing)]
        heapq.heapify(self._heap)

    def finish(self) -> None:
        """Silence, stop the clock, and let go of the port."""
        self._heap.clear()
        self._send(self.table.silence())
        if self.pulses.is_running:
            self._send([STOP])
        if self.port is not None:
            time.sleep(0.01)  # some systems drop what is under way when a port closes
            self.port.close()
            self.port = None

    def look_after_port(self) -> None:
        """Notice that the port went, and open it again when it is back."""
        if self.port is not None and not self.port.is_there():
            self._lose()
        if self.port is None:
            with contextlib.suppress(ComposerError, OSError):
                self.open()
                self._send(self._programs.values())

    def _lose(self) -> None:
        assert self.port is not None
        self.n_lost += 1
        with contextlib.suppress(OSError):
            self.port.close()
        self.port = None
        self.table.held.clear()  # what sounded there ended with it

    def _send(self, messages: Iterable[bytes]) -> None:
        for message in messages:
            if self.port is None:
                return
            try:
                self.port.send(message)
            except OSError:
                self._lose()

    def report(self) -> dict[str, Any]:
        """Return how it goes: numbers, and whether the port is there."""
        counts = self.lateness
        return {
            "is_there": self.port is not None,
            "sent": counts.counts.total(),
            "left_out": self.n_left_out,
            "lost": self.n_lost,
            "late_p50_ms": counts.quantile_ms(0.5),
            "late_p99_ms": counts.quantile_ms(0.99),
            "late_p999_ms": counts.quantile_ms(0.999),
        }


class _Run:
    """A desk, its input and its output, in time."""

    def __init__(self, desk: Desk, source: BinaryIO) -> None:
        self._desk = desk
        self._source = source
        self._news = threading.Condition()
        self._frames: deque[bytes] = deque()
        self._heard_s = time.monotonic()
        self._is_silent = False

    def run(self) -> None:
        """Send until the input ends."""
        threading.Thread(target=self._read, daemon=True).start()
        report_s = look_s = time.monotonic()
        while not self._desk.is_ended:
            now_s = self._wait()
            self._take(now_s)
            self._desk.send_due(time.monotonic())
            self._watch(now_s)
            if now_s - look_s > LOOK_S and self._is_idle(now_s):
                look_s = now_s
                self._desk.look_after_port()
            if now_s - report_s > REPORT_S and self._is_idle(now_s):
                report_s = now_s
                _say(self._desk.report())
        _say(self._desk.report())

    def _read(self) -> None:
        while len(frame := self._source.read(FRAME.size)) == FRAME.size:
            self._put(frame)
        self._put(FRAME.pack(END, 0, 0, 0, 0, b""))

    def _put(self, frame: bytes) -> None:
        with self._news:
            self._frames.append(frame)
            self._news.notify()

    def _wait(self) -> float:
        """Wait for the next moment or for news."""
        next_s = self._desk.next_s()
        left_s = 0.25 if next_s is None else min(0.25, next_s - time.monotonic())
        with self._news:
            if not self._frames and left_s > _SPIN_S:
                self._news.wait(left_s - _SPIN_S)
        if next_s is not None and next_s - time.monotonic() <= _SPIN_S:
            while not self._frames and time.monotonic() < next_s:
                pass
        return time.monotonic()

    def _take(self, now_s: float) -> None:
        with self._news:
            frames, self._frames = self._frames, deque()
        for frame in frames:
            self._heard_s, self._is_silent = now_s, False
            self._desk.take(frame)

    def _watch(self, now_s: float) -> None:
        """Silence everything where nobody feeds us any more."""
        if now_s - self._heard_s > SILENCE_S and not self._is_silent:
            self._is_silent = True
            self._desk.silence()

    def _is_idle(self, now_s: float) -> bool:
        next_s = self._desk.next_s()
        return next_s is None or next_s - now_s > 0.005


def _say(values: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        sys.stdout.write(json.dumps(values) + "\n")
        sys.stdout.flush()


def _hurry() -> None:
    """Ask to be served before others, where that is allowed."""
    with contextlib.suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        return
    with contextlib.suppress(OSError, AttributeError):
        os.nice(-10)


def main(arguments: list[str]) -> int:
    """Serve one port until the standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever feeds us says when it is over
    desk = Desk(arguments[0])
    try:
        desk.open()
    except ComposerError as error:
        _say({"error": str(error)})
        return 2
    signal.signal(signal.SIGTERM, lambda *_: setattr(desk, "is_ended", True))
    _hurry()
    _say({"open": arguments[0]})
    try:
        _Run(desk, sys.stdin.buffer).run()
    finally:
        desk.finish()
    return 0
