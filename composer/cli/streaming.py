"""The commands that play: stream, ports."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from composer.cli.terminal import add_command, add_setting, read_text
from composer.errors import OptionError
from composer.request import Request

if TYPE_CHECKING:
    from composer.live import Moment, Performance, TimedEvent
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
        help="file of what is turned while it plays: a bar, a name and a value on every line",
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
    cues = read_cues(read_text(options.controls)) if options.controls else ()
    journal = Journal(options.record) if options.record else None
    stream = Stream(_request(options), bars=options.bars, journal=journal)
    check_cues_of(stream, cues)
    clock = VirtualClock() if options.virtual_clock else WallClock()
    performance = Performance(stream, clock, cues)
    with _outlet(options) as outlet, _inlet(options, performance), _ends_in_order():
        _play(performance, outlet, options)
    if not options.json:
        _print_end(performance, options)


def _check_ports(options: argparse.Namespace) -> None:
    if options.virtual_clock and (options.port or options.follow):
        raise OptionError("ports need real time; leave `--virtual-clock` out")
    if options.clock and not options.port:
        raise OptionError("`--clock` needs a port to send to; add `--port NAME`")


@contextmanager
def _outlet(options: argparse.Namespace) -> Iterator[Sender | None]:
    """Open the port to play on, if there shall be one; silence it at the end."""
    if not options.port:
        yield None
        return
    from composer.sounding import Sender

    sender = Sender(options.port, offset_ms=options.offset_ms, has_clock=options.clock)
    try:
        yield sender
    finally:
        sender.close()


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


def _play(performance: Performance, outlet: Sender | None, options: argparse.Namespace) -> None:
    moments = performance.moments()
    try:
        for moment in moments:
            if outlet is not None:
                _sound(outlet, moment)
            _print_moment(moment, is_json=options.json)
        if outlet is not None:  # what was handed over still sounds
            performance.clock.wait_until(moment.began_s + moment.events[-1].seconds)
    finally:
        moments.close()


def _sound(outlet: Sender, moment: Moment) -> None:
    """Hand over what is to sound."""
    if moment.bar is not None:
        onset_s = moment.began_s + moment.events[0].seconds
        outlet.tempo(onset_s, moment.tempo_bpm, float(moment.bar.onset_beats))
    for event in moment.events:
        if event.kind in _MESSAGES:
            outlet.send(moment.began_s + event.seconds, _MESSAGES[event.kind](event))


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
