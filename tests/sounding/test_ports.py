"""Ports of the machine: names, sentences, and a real system where JACK can be started."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from composer.cli import main
from composer.errors import OptionError, PortError
from composer.sounding import VIRTUAL, Sender, open_input, port_names
from composer.sounding.messages import CLOCK, note_off, note_on
from composer.sounding.ports import Input, chosen
from tests.sounding.fakes import held_after

needs_jack = pytest.mark.skipif(shutil.which("jackd") is None, reason="jackd is not installed")


@pytest.fixture(scope="module")
def jack() -> Iterator[None]:
    """Start a JACK server that needs no sound card."""
    pytest.importorskip("rtmidi")
    name = f"composer-test-{os.getpid()}"
    server = subprocess.Popen(
        ["jackd", "-r", "-t", "5000", "-n", name, "-d", "dummy", "-r", "48000", "-p", "512"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"JACK_NO_AUDIO_RESERVATION": "1"},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JACK_DEFAULT_SERVER", name)
        try:
            _wait_for_server()
            yield
        finally:
            server.terminate()
            server.wait()


def _wait_for_server() -> None:
    for _ in range(100):
        try:
            port_names()
            return
        except PortError:
            time.sleep(0.1)
    pytest.skip("jackd does not start here")


class Ear:
    """Remembers what reaches a virtual input, and when."""

    def __init__(self) -> None:
        self.heard: list[tuple[float, bytes]] = []
        self.port = self._opened()
        self.name = next(name for name in port_names()[0] if name.endswith(":in"))

    def _opened(self) -> Input:
        for _ in range(20):  # the server is slow to answer on a busy machine
            with contextlib.suppress(PortError):
                return open_input(VIRTUAL, self._hear)
            time.sleep(0.2)
        pytest.skip("jackd does not answer here")

    def _hear(self, data: bytes) -> None:
        self.heard.append((time.monotonic(), data))

    @property
    def messages(self) -> list[bytes]:
        return [message for _, message in self.heard]


@pytest.fixture
def ear(jack: None) -> Iterator[Ear]:
    found = Ear()
    yield found
    found.port.close()


@needs_jack
def test_messages_and_a_clock_reach_another_program(ear: Ear) -> None:
    sender = Sender(ear.name, offset_ms=20, has_clock=True)
    begin = time.monotonic() + 0.2
    for beat in range(20):
        sender.send(begin + beat * 0.02, note_on(0, 60 + beat, 80))
        sender.send(begin + beat * 0.02 + 0.015, note_off(0, 60 + beat))
    sender.tempo(begin, 125, 0)
    deadline = begin + 20  # this machine may be busy
    while sender.report.get("sent", 0) < 40 and time.monotonic() < deadline:
        time.sleep(0.1)
    sender.close()
    time.sleep(0.3)
    moments = [moment for moment, message in ear.heard if message[0] == 0x90]
    # JACK may lose some on a busy machine; what is sent is counted in test_desk.
    assert moments and len(moments) + sender.report["left_out"] <= 20
    assert min(moments) > begin
    assert ear.messages.count(CLOCK) > 5


def eventually(is_so: Callable[[], bool]) -> bool:
    """Wait until something is so; this machine may be busy."""
    deadline = time.monotonic() + 10
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.05)
    return is_so()


@contextlib.contextmanager
def playing(ear: Ear) -> Iterator[subprocess.Popen[bytes]]:
    """Let another process hold a note for a minute."""
    script = (
        "import sys, time; from composer.sounding import Sender; s = Sender(sys.argv[1]);"
        "s.send(time.monotonic() + 1, bytes([0x90, 62, 80])); time.sleep(60)"
    )
    player = subprocess.Popen([sys.executable, "-c", script, ear.name])
    try:
        assert eventually(lambda: held_after(ear.messages) == {(0, 62)})
        yield player
    finally:
        player.kill()
        player.wait()


@needs_jack
def test_a_kill_of_whoever_plays_silences_the_port(ear: Ear) -> None:
    with playing(ear) as player:
        player.send_signal(signal.SIGKILL)
        assert eventually(lambda: not held_after(ear.messages))


@needs_jack
def test_a_player_that_hangs_is_silenced_too(ear: Ear) -> None:
    with playing(ear) as player:
        player.send_signal(signal.SIGSTOP)
        assert eventually(lambda: not held_after(ear.messages))


@needs_jack
def test_ports_are_listed_and_a_wrong_name_lists_them(
    ear: Ear, capsys: pytest.CaptureFixture[str]
) -> None:
    assert eventually(lambda: not main(["ports"]))
    assert ear.name in capsys.readouterr().out
    with pytest.raises(PortError, match="there is no one port 'nowhere'|no MIDI system answers"):
        Sender("nowhere")


def test_an_offset_out_of_range_is_refused() -> None:
    with pytest.raises(OptionError, match="-2000 to 2000"):
        Sender(VIRTUAL, offset_ms=1e9)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("Synth:Synth Port 14:0", "Synth:Synth Port 14:0"),
        ("Synth:Synth Port 20:0", "Synth:Synth Port 14:0"),
        ("piano", "Piano:in 15:0"),
        ("in", "Piano:in 15:0"),
        ("n", None),
        ("", None),
        ("organ", None),
    ],
)
def test_a_port_is_found_by_its_name_or_by_a_part_of_it(asked: str, found: str | None) -> None:
    assert chosen(asked, ["Synth:Synth Port 14:0", "Piano:in 15:0"]) == found


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--port", "virtual", "--virtual-clock"), "leave `--virtual-clock` out"),
        (("--clock",), "add `--port NAME`"),
        (("--controls", "-", "--virtual-clock"), "needs real time"),
    ],
)
def test_ports_that_make_no_sense_are_refused(
    arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["stream", *arguments]) == 2
    assert words in capsys.readouterr().err
