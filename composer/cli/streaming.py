"""The commands that play: stream, ports."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from composer.cli.terminal import add_command, add_setting, read_text
from composer.errors import OptionError
from composer.request import Request

if TYPE_CHECKING:
    from composer.live import Mix, Moment, Performance, TimedEvent
    from composer.sounding import Sender

_MESSAGES: dict[str, Callable[[TimedEvent], bytes]] = {
    "on": lambda event: bytes([0x90 | event.channel, event.pitch, event.velocity]),
    "off": lambda event: bytes([0x80 | event.channel, event.pitch, 0]),
    "program": lambda event: bytes([0xC0 | event.channel, int(event.value)]),
}
_LEFT_OUT = ("bars", "prune", "candidates")
MOST_CANDIDATES = 8


def add_commands(commands: Any) -> None:
    """Declare the command of this file."""
    parser = add_command(
        commands, "stream", _stream, "Play music that is composed while it sounds, without end."
    )
    for setting in fields(Request):
        if setting.name not in _LEFT_OUT:
            add_setting(parser, setting)
    parser.add_argument(
        "--candidates",
        type=int,
        default=MOST_CANDIDATES,
        help="how many are composed for every two bars where there is time (1 to 8; default 8)",
    )
    parser.add_argument(
        "--bars", type=int, help="end with a cadence after so many bars (1 to 1000000)"
    )
    parser.add_argument(
        "--virtual-clock",
        action="store_true",
        help="as fast as the machine can, and the same notes on every run",
    )
    parser.add_argument(
        "--controls",
        type=Path,
        help="file of what is turned while it plays: a bar, a name and a value on every line; "
        "- reads a name and a value on every line of the standard input, and turns at once",
    )
    parser.add_argument(
        "--record", type=Path, help="MIDI file that is complete after every bar, a journal beside"
    )
    parser.add_argument(
        "--port",
        help="MIDI port to play on, see `composer ports`; `virtual` makes one to connect to",
    )
    parser.add_argument(
        "--clock", action="store_true", help="send a MIDI clock to the port, with start and stop"
    )
    parser.add_argument("--follow", metavar="PORT", help="MIDI port whose clock the music keeps to")
    parser.add_argument(
        "--offset-ms",
        type=float,
        default=0.0,
        help="play so much later on the port, or earlier (-2000 to 2000 ms; default 0)",
    )
    parser.add_argument("--json", action="store_true", help="print every event as a line of JSON")
    add_command(commands, "ports", _ports, "List the MIDI ports of this machine.")


def _ports(_: argparse.Namespace) -> None:
    from composer.sounding import port_names

    outputs, inputs = port_names()
    for title, names in (("outputs", outputs), ("inputs", inputs)):
        print(f"{title}: {', '.join(names) or 'none'}")


def _stream(options: argparse.Namespace) -> None:
    from composer.live import (
        Journal,
        Performance,
        Stream,
        VirtualClock,
        WallClock,
        check_cues_of,
        read_cues,
    )

    _check_ports(options)
    is_turned = options.controls == Path("-")
    cues = read_cues(read_text(options.controls)) if options.controls and not is_turned else ()
    journal = Journal(options.record) if options.record else None
    stream = Stream(_request(options), bars=options.bars, journal=journal)
    check_cues_of(stream, cues)
    clock = VirtualClock() if options.virtual_clock else WallClock()
    performance = Performance(stream, clock, cues)
    with _outlet(options, performance), _inlet(options, performance), _ends_in_order():
        if is_turned:
            threading.Thread(target=_turn, args=(performance,), daemon=True).start()
        _play(performance, options)
    if not options.json:
        _print_end(performance, options)


def _check_ports(options: argparse.Namespace) -> None:
    if options.virtual_clock and (options.port or options.follow):
        raise OptionError("ports need real time; leave `--virtual-clock` out")
    if options.virtual_clock and options.controls == Path("-"):
        raise OptionError("`--controls -` needs real time; leave `--virtual-clock` out")
    if options.clock and not options.port:
        raise OptionError("`--clock` needs a port to send to; add `--port NAME`")


class _Port:
    """A port as the outlet of a performance; its `sender` keeps the times."""

    def __init__(self, sender: Sender, tempo_bpm: float) -> None:
        self.sender = sender
        self._tempo_bpm = tempo_bpm
        self._mix: tuple[int, set[int]] = 0, set()
        self._n_parts = 0

    def sound(self, moment: Moment, mix: Mix) -> None:
        """Hand over what is to sound."""
        begin_s = moment.began_s + moment.events[0].seconds
        if moment.bar is not None:
            self._n_parts = len(moment.bar.music.parts)
            self._tempo_bpm = moment.tempo_bpm
            self.sender.tempo(begin_s, moment.tempo_bpm, float(moment.bar.onset_beats))
        self._hand(mix, begin_s)
        for event in moment.events:
            if event.kind in _MESSAGES:
                self.sender.send(moment.began_s + event.seconds, _MESSAGES[event.kind](event))

    def _hand(self, mix: Mix, moment_s: float) -> None:
        from composer.live.decoder import channel_of

        silent = {channel_of(part) for part in range(self._n_parts) if not mix.plays(part)}
        if (mix.transpose, silent) != self._mix:
            self._mix = mix.transpose, silent
            self.sender.mix(moment_s, *self._mix)

    def retime(self, moment_s: float, tempo_bpm: float, beats: float) -> None:
        """Let what was handed over come at another tempo."""
        self.sender.warp(moment_s, self._tempo_bpm / tempo_bpm)
        self.sender.tempo(moment_s, tempo_bpm, beats)
        self._tempo_bpm = tempo_bpm

    def remix(self, mix: Mix) -> None:
        """Transpose and mute from now on."""
        self._hand(mix, 0.0)

    def panic(self) -> None:
        """Be silent now."""
        self.sender.panic()


@contextmanager
def _outlet(options: argparse.Namespace, performance: Performance) -> Iterator[None]:
    """Open the port to play on, if there shall be one; silence it at the end."""
    if not options.port:
        yield
        return
    from composer.sounding import Sender

    sender = Sender(options.port, offset_ms=options.offset_ms, has_clock=options.clock)
    performance.outlet = _Port(sender, performance.stream.tempo.tempo_bpm)
    try:
        yield
    finally:
        sender.close()


def _turn(performance: Performance) -> None:
    """Turn what stands on the lines of the standard input, when it comes."""
    from composer.errors import RequestError

    for line in sys.stdin:
        name, _, value = line.strip().partition(" ")
        if not name:
            continue
        try:
            control = performance.control(name, value.strip() or None)
            print(control.text, flush=True)
        except RequestError as error:
            print(error, file=sys.stderr, flush=True)


@contextmanager
def _inlet(options: argparse.Namespace, performance: Performance) -> Iterator[None]:
    """Let the performance follow the clock that comes in, if it shall."""
    if not options.follow:
        yield
        return
    from composer.sounding import Follower, open_input

    follower = Follower()
    port = open_input(options.follow, follower.hear)
    performance.follow = follower.moment_s
    try:
        yield
    finally:
        port.close()


def _request(options: argparse.Namespace) -> Request:
    from composer.cli.terminal import check_count

    check_count("candidates", options.candidates, MOST_CANDIDATES)
    names = [one.name for one in fields(Request) if one.name not in ("bars", "prune")]
    return Request(**{name: getattr(options, name) for name in names if name in options})


@contextmanager
def _ends_in_order() -> Iterator[None]:
    """Let an interruption or an order to end close the recording and silence what sounds."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
    finally:
        signal.signal(signal.SIGTERM, before)


def _play(performance: Performance, options: argparse.Namespace) -> None:
    moments = performance.moments()
    try:
        for moment in moments:
            _print_moment(moment, is_json=options.json)
        if performance.outlet is not None:  # what was handed over still sounds
            performance.clock.wait_until(moment.began_s + moment.events[-1].seconds)
    finally:
        moments.close()


def _print_moment(moment: Moment, *, is_json: bool) -> None:
    if is_json:
        for event in moment.events:
            print(json.dumps(asdict(event) | {"beats": str(event.beats)}), flush=True)
        return
    for event in moment.events:
        if event.kind == "control":
            print(f"bar {event.bar}: {event.text}", flush=True)
    if moment.bar is not None:
        bar = moment.bar
        print(f"bar {bar.number}, {bar.key}: {bar.why}", flush=True)


def _print_end(performance: Performance, options: argparse.Namespace) -> None:
    health = performance.health
    where = f"; recorded in {options.record}" if options.record else ""
    late = f"{health.n_underruns} bars came late" if health.n_underruns else "none came late"
    print(f"{health.n_bars} bars, {late}{where}")
