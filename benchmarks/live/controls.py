"""From the turn of a knob to the port and to the page: tempo, transposition, mute, panic.

    python benchmarks/live/controls.py --times 40 --out benchmarks/live/controls.json

A stream plays on a port of a JACK server that needs no sound card, composes beside it, and reads
knobs from its standard input. Milliseconds from the line that is written to the first message that
obeys at the other end of the port: the end of the notes that sound otherwise (transposition, mute:
turns at which no such note sounds are left out), the first pulse of the clock at the new distance
(tempo; this waits for a pulse, 42 ms at 60 quarters a minute), and the last message of the silence
(panic). For the page (with `--page`, which needs chromium) a stream plays in the browser: from the
turn to the last note that was handed over before and does not obey, on the clock of its sound, and
how loud the output still is after a panic, as a share of what it was before.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

# The root in place of this folder.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.record import machine_facts, print_table, save
from composer.errors import PortError
from composer.sounding import VIRTUAL, open_input, port_names
from composer.sounding.messages import CLOCK, is_note_off, is_note_on

ROOT = Path(__file__).resolve().parents[2]
STREAM = ("--composer", "Bach", "--form", "invention", "--tempo-bpm", "120", "--seed", "1")
TEMPOS = (60, 240)
PAUSE_S = 0.9


@contextlib.contextmanager
def jack() -> Iterator[None]:
    """Run a JACK server."""
    name = f"composer-controls-{os.getpid()}"
    os.environ["JACK_DEFAULT_SERVER"] = name
    command = ["jackd", "-r", "-n", name, "-d", "dummy", "-r", "48000", "-p", "256"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(command, **quiet)  # type: ignore[call-overload]
    try:
        time.sleep(2.0)
        yield
    finally:
        server.terminate()
        server.wait()


class Ear:
    """Remembers what reaches a virtual input, when, and what sounds."""

    def __init__(self) -> None:
        self.heard: list[tuple[float, bytes]] = []
        self.held: set[tuple[int, int]] = set()
        self.port = open_input(VIRTUAL, self._hear)
        self.name = next(name for name in port_names()[0] if name.endswith(":in"))

    def _hear(self, data: bytes) -> None:
        self.heard.append((time.monotonic(), data))
        if is_note_on(data):
            self.held.add((data[0] & 15, data[1]))
        elif is_note_off(data):
            self.held.discard((data[0] & 15, data[1]))

    def since(self, moment_s: float) -> list[tuple[float, bytes]]:
        """Return what was heard from a moment on."""
        return [one for one in self.heard if one[0] >= moment_s]


class Played:
    """A stream on a port, in a process of its own."""

    def __init__(self, ear: Ear) -> None:
        command = [sys.executable, "-m", "composer", "stream", *STREAM, "--port", ear.name]
        self._process = subprocess.Popen(
            [*command, "--clock", "--controls", "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            cwd=ROOT,
            text=True,
        )

    def turn(self, line: str) -> float:
        """Turn a knob; return when."""
        assert self._process.stdin is not None
        moment_s = time.monotonic()
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return moment_s

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()


def measure_ports(n_times: int) -> list[dict[str, Any]]:
    """Return a row a knob."""
    found: dict[str, list[float]] = {}
    with jack():
        ear = Ear()
        played = Played(ear)
        try:
            while not ear.held:
                time.sleep(0.1)
            for number in range(n_times):
                for name, one in KNOBS.items():
                    time.sleep(PAUSE_S)
                    late_s = one(ear, played, number)
                    if late_s is not None:
                        found.setdefault(name, []).append(late_s)
                time.sleep(3.0)  # the music begins again behind the panic
        finally:
            played.close()
    return [row(f"port: {name}", values) for name, values in found.items()]


def _tempo(ear: Ear, played: Played, number: int) -> float | None:
    tempo_bpm = TEMPOS[number % 2]
    pulse_s = 60 / tempo_bpm / 24
    moment_s = played.turn(f"tempo {tempo_bpm}")
    time.sleep(0.4)
    pulses = [at for at, data in ear.since(moment_s) if data == CLOCK]
    for before, after in zip(pulses, pulses[1:], strict=False):
        if abs(after - before - pulse_s) < 0.25 * pulse_s:
            return before - moment_s
    return None


def _transpose(ear: Ear, played: Played, number: int) -> float | None:
    held = set(ear.held)
    moment_s = played.turn(f"transpose {1 + number % 2}")
    return _ended(ear, moment_s, held)


def _mute(ear: Ear, played: Played, number: int) -> float | None:
    held = {note for note in ear.held if note[0] == number % 2}
    moment_s = played.turn(f"mute {1 + number % 2}")
    late_s = _ended(ear, moment_s, held)
    played.turn("mute none")
    return late_s


def _ended(ear: Ear, moment_s: float, held: set[tuple[int, int]]) -> float | None:
    """Return when the last of some notes has ended."""
    time.sleep(0.3)
    ends = {
        (data[0] & 15, data[1]): at
        for at, data in reversed(ear.since(moment_s))
        if is_note_off(data)
    }
    moments = [ends[note] for note in held if note in ends]
    return max(moments) - moment_s if moments else None


def _panic(ear: Ear, played: Played, number: int) -> float | None:
    del number
    moment_s = played.turn("panic")
    time.sleep(0.3)
    controls = [at for at, data in ear.since(moment_s) if data[0] & 0xF0 in (0xB0, 0xE0)]
    return max(controls) - moment_s if controls else None


KNOBS: dict[str, Callable[[Ear, Played, int], float | None]] = {
    "tempo": _tempo, "transpose": _transpose, "mute": _mute, "panic": _panic,
}  # fmt: skip


def row(name: str, values_s: list[float]) -> dict[str, Any]:
    """Return what is saved of measured seconds."""
    ordered = sorted(1000 * value for value in values_s)
    return {
        "what": name,
        "n": len(ordered),
        "ms_median": round(median(ordered), 1),
        "ms_p90": round(ordered[int(0.9 * (len(ordered) - 1))], 1),
        "ms_most": round(ordered[-1], 1),
    }


# --- The page -------------------------------------------------------------------------------------

# Notes that are handed to the sound of the page are watched, and when they sound.
WATCH = """() => {
const live = document.querySelector('.live').live;
window.struck = [];
const sound = [...live.player.outlets][0];
const down = sound.down.bind(sound);
sound.down = (part, pitch, velocity, time) => {
    window.struck.push({part, pitch, time});
    down(part, pitch, velocity, time);
};
const context = live.synth.context;
const analyser = new AnalyserNode(context, {fftSize: 256, smoothingTimeConstant: 0});
live.synth.gain.connect(analyser);
window.loudest = () => {
    const data = new Float32Array(256);
    analyser.getFloatTimeDomainData(data);
    return Math.max(...data.map(Math.abs));
};
}"""
TURN = """async ([name, value]) => {
const live = document.querySelector('.live').live;
const at = live.player.now();
const field = live.fields[name].input;
field.value = value;
field.dispatchEvent(new Event('change'));
return Math.max(0, ...window.struck.map((one) => one.time - at));
}"""
PANIC = """async () => {
const live = document.querySelector('.live').live;
let before = 0;
for (let n = 0; n < 100; n += 1) {
    before = Math.max(before, window.loudest());
    await new Promise((done) => setTimeout(done, 10));
}
const at = performance.now();
live.panic();
const heard = [];
while (performance.now() < at + 2900) {
    heard.push([performance.now() - at, window.loudest()]);
    await new Promise((done) => setTimeout(done, 5));
}
return {before, heard};
}"""


def measure_page(n_times: int) -> list[dict[str, Any]]:
    """Return rows of the page."""
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import ARGUMENTS, CHROMIUM
    from tests.serving import REAL_APP, serve

    late: dict[str, list[float]] = {"tempo": [], "transpose": []}
    levels: list[tuple[float, float]] = []
    with serve(*REAL_APP) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page()
        page.goto(f"{address}/#live")
        page.select_option("[data-knob=form]", "invention")
        page.click(".live-start")
        page.wait_for_function(
            "document.querySelector('.live').live.player.heard >= 1", timeout=6e4
        )
        page.evaluate(WATCH)
        for number in range(n_times):
            for name, values in (("tempo", (100, 140)), ("transpose", (1, 2))):
                page.wait_for_timeout(900)
                late[name].append(page.evaluate(TURN, [name, values[number % 2]]))
        for _ in range(max(1, n_times // 10)):
            page.wait_for_timeout(4000)
            found = page.evaluate(PANIC)
            levels += [(at, level / max(1e-6, found["before"])) for at, level in found["heard"]]
        browser.close()
    loudest = max((level for at, level in levels if at >= 50), default=0.0)
    silent = {"what": "page: panic, loudest from 50 ms to 2.9 s", "of_before": round(loudest, 6)}
    return [*(row(f"page: {name}", values) for name, values in late.items()), silent]


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=40, help="that each knob is turned")
    parser.add_argument("--page", action="store_true", help="measure the page as well")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    try:
        rows = measure_ports(options.times)
    except PortError as error:
        sys.exit(f"no MIDI system: {error}")
    if options.page:
        rows += measure_page(options.times)
    if options.out:
        save(options.out, {"machine": machine_facts({}), "rows": rows})
    names = ("what", "n", "ms_median", "ms_p90", "ms_most", "of_before")
    print_table(names, [[one.get(name, "") for name in names] for one in rows])


if __name__ == "__main__":
    main()
