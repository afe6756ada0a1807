"""Ports of this machine through python-rtmidi, behind two small protocols.

Where there is no MIDI system, no library or no such port, one sentence says what to do.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from composer import extras
from composer.errors import PortError

VIRTUAL = "virtual"  # the name of a port that we bring, for others to connect to
OUR_NAME = "Composer"
NO_SYSTEM = (
    "no MIDI system answers here: on Linux load ALSA's sequencer (`modprobe snd-seq`) or start "
    "JACK, then try again"
)
NO_LIBRARY = "on Linux it needs libasound.so.2, from the package libasound2"
# What ALSA puts behind a name, and what changes when a cable is pulled and plugged in.
_NUMBERS = re.compile(r" \d+:\d+$")


class Output(Protocol):
    """A port that is played on."""

    def send(self, message: bytes) -> None:
        """Send a message at once; raise `OSError` if the port is gone."""

    def is_there(self) -> bool:
        """Whether the port still exists."""

    def close(self) -> None:
        """Let go of it."""


class Input(Protocol):
    """A port that is listened to."""

    def close(self) -> None:
        """Listen no longer."""


# Opens an output by its name.
Opener = Callable[[str], Output]


def port_names() -> tuple[list[str], list[str]]:
    """Return the names of all outputs and of all inputs.

    Raises:
        MissingTool: If python-rtmidi is not installed.
        PortError: If there is no MIDI system.
    """
    library = _library()
    return _names(library.MidiOut), _names(library.MidiIn)


def open_output(name: str) -> Output:
    """Open a port to play on.

    Args:
        name: Or a part of it that no other port has, or `VIRTUAL`.

    Raises:
        MissingTool: If python-rtmidi is not installed.
        PortError: If that cannot be.
    """
    return _Output(name, *_opened(_library().MidiOut, name))


def open_input(name: str, hear: Callable[[bytes], None]) -> Input:
    """Listen to a port.

    Args:
        name: As of `open_output`.
        hear: Called with every message as it comes, on a thread of the library.

    Raises:
        MissingTool: If python-rtmidi is not installed.
        PortError: If that cannot be.
    """
    _, port = _opened(_library().MidiIn, name)
    port.ignore_types(timing=False)
    port.set_callback(lambda event, _: hear(bytes(event[0])))
    return _Input(port)


class _Input:
    def __init__(self, port: Any) -> None:
        self._port = port

    def close(self) -> None:
        _close(self._port)


class _Output:
    def __init__(self, asked: str, name: str, port: Any) -> None:
        self._is_virtual = asked == VIRTUAL
        self._name, self._port = name, port

    def send(self, message: bytes) -> None:
        self._port.send_message(message)

    def is_there(self) -> bool:
        return self._is_virtual or _bare(self._name) in map(_bare, self._port.get_ports())

    def close(self) -> None:
        _close(self._port)


def _close(port: Any) -> None:
    port.close_port()
    port.delete()  # closes a virtual port, which `close_port` does not


def _library() -> Any:
    try:
        with extras.named():
            import rtmidi
    except ModuleNotFoundError:
        raise
    except ImportError as error:  # it is there, and what it rests on is not
        raise PortError(f"python-rtmidi cannot be loaded ({error}); {NO_LIBRARY}") from error
    return rtmidi


def _clients(kind: Any) -> Iterator[Any]:
    """Yield a client of every MIDI system that answers."""
    library = _library()
    for system in library.get_compiled_api():
        with contextlib.suppress(OSError), _quiet():
            yield kind(system, OUR_NAME)


def _names(kind: Any) -> list[str]:
    names, n_systems = [], 0
    for client in _clients(kind):
        n_systems += 1
        names += client.get_ports()
        client.delete()
    if not n_systems:
        raise PortError(NO_SYSTEM)
    return names


def _opened(kind: Any, asked: str) -> tuple[str, Any]:
    """Return the name of a port, and a client that is connected to it."""
    seen: list[str] = []
    n_systems = 0
    for client in _clients(kind):
        n_systems += 1
        try:
            if asked == VIRTUAL:
                client.open_virtual_port("out" if kind is _library().MidiOut else "in")
                return OUR_NAME, client
            names = client.get_ports()
            name = chosen(asked, names)
            if name is not None:
                client.open_port(names.index(name))
                return name, client
            seen += names
        except NotImplementedError as error:
            raise PortError("this system has no virtual ports; name a port") from error
        except OSError as error:
            raise PortError(f"the port {asked[:60]!r} cannot be opened: {error}") from error
        client.delete()
    if not n_systems:
        raise PortError(NO_SYSTEM)
    there = ", ".join(seen[:12]) or "none"
    raise PortError(f"there is no one port {asked[:60]!r}; there are: {there}; or `{VIRTUAL}`")


def chosen(asked: str, names: Sequence[str]) -> str | None:
    """Return the port that is meant: by its name, or by a part that one port alone has."""
    for same in (lambda name: name == asked, lambda name: _bare(name) == _bare(asked)):
        if found := [name for name in names if same(name)]:
            return found[0]
    found = [name for name in names if asked and asked.lower() in name.lower()]
    return found[0] if len(found) == 1 else None


def _bare(name: str) -> str:
    return _NUMBERS.sub("", name)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the MIDI systems from writing to the terminal while they are tried."""
    sys.stderr.flush()
    kept = os.dup(2)
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)
