"""How late messages leave for a MIDI port while music is composed beside: own process, or a thread.

    jackd -r -d dummy -r 48000 -p 512 &
    python benchmarks/live/jitter.py --seconds 120 --out benchmarks/live/jitter.json

Chords of four notes ten times a second and a MIDI clock go to a virtual port, once through
`Sender`, whose desk is a process of its own, once through the same desk in a thread of this
process; another thread composes all the while. Lateness is the time from when a message was due to
when it was sent, in milliseconds: median, 99 % and 99.9 %. `left_out` are beginnings of notes more
than 0.2 s late.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# The root in place of this folder.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.record import machine_facts, print_table, save
from composer.live import stream
from composer.request import Request
from composer.sounding import VIRTUAL, Sender
from composer.sounding.desk import FRAME, MESSAGE, TEMPO, Desk
from composer.sounding.messages import note_off, note_on

EVERY_S, HELD_S, CHORD = 0.1, 0.08, (48, 55, 64, 72)
AHEAD_S = 4.0
Send = Callable[[float, bytes], None]


def compose(is_over: threading.Event) -> None:
    """Compose until it is over."""
    for _ in stream(Request(composer="Bach", form="chorale", candidates=8)):
        if is_over.is_set():
            return


def feed(send: Send, begin_s: float, seconds: float) -> None:
    """Hand chords over ahead of their time."""
    for number in range(int(seconds / EVERY_S)):
        moment_s = begin_s + number * EVERY_S
        time.sleep(max(0.0, moment_s - AHEAD_S - time.monotonic()))
        for pitch in CHORD:
            send(moment_s, note_on(0, pitch, 80))
            send(moment_s + HELD_S, note_off(0, pitch))
    time.sleep(AHEAD_S + 0.5)


def in_a_process(seconds: float) -> dict[str, Any]:
    """Return how it goes through a process of its own."""
    sender = Sender(VIRTUAL, has_clock=True)
    begin_s = time.monotonic() + AHEAD_S
    sender.tempo(begin_s, 120, 0)
    feed(sender.send, begin_s, seconds)
    sender.close()
    return sender.report


def in_a_thread(seconds: float) -> dict[str, Any]:
    """Return how it goes in a thread of this process."""
    desk, is_over, lock = Desk(VIRTUAL), threading.Event(), threading.Lock()
    desk.open()

    def run() -> None:
        while not is_over.is_set():
            with lock:
                next_s = desk.next_s()
            left_s = 0.01 if next_s is None else min(0.01, next_s - time.monotonic())
            time.sleep(max(0.0, left_s))
            with lock:
                desk.send_due(time.monotonic())

    def send(moment_s: float, message: bytes) -> None:
        with lock:
            desk.take(FRAME.pack(MESSAGE, moment_s, 0, 0, len(message), message), 0.0)

    begin_s = time.monotonic() + AHEAD_S
    desk.take(FRAME.pack(TEMPO, begin_s, 120, 0, 0, b""), 0.0)
    thread = threading.Thread(target=run)
    thread.start()
    feed(send, begin_s, seconds)
    is_over.set()
    thread.join()
    report = desk.report()
    desk.finish()
    return report


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=120.0, help="of each of the two")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    is_over = threading.Event()
    composing = threading.Thread(target=compose, args=(is_over,), daemon=True)
    composing.start()
    ways = {"process": in_a_process, "thread": in_a_thread}
    rows = [{"way": name} | play(options.seconds) for name, play in ways.items()]
    is_over.set()
    composing.join()
    print_table(list(rows[0]), [list(row.values()) for row in rows])
    if options.out:
        save(options.out, {"machine": machine_facts(), "seconds": options.seconds, "rows": rows})


if __name__ == "__main__":
    main()
