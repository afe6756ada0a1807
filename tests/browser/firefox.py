"""Firefox as Debian ships it, driven by Marionette, which is built into it: no driver is needed.

Marionette takes `LENGTH:[0, id, command, parameters]` over a socket and answers
`LENGTH:[1, id, error, result]`; commands and keys are those of WebDriver.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from tests.serving import free_port

FIREFOX = shutil.which("firefox-esr")
START_S, WAIT_S = 60.0, 30.0
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "ArrowDown": "\ue015"}
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Firefox:
    """A window of Firefox."""

    def __init__(self, stream: socket.socket) -> None:
        self._socket, self._ids = stream, count(1)
        self._file = stream.makefile("rb")
        self._read()  # who it is
        self._call("WebDriver:NewSession", {})

    def open(self, url: str, width_px: int = 1280) -> None:
        """Go to an address in a window of a width."""
        self._call("WebDriver:SetWindowRect", {"width": width_px, "height": 900})
        self._call("WebDriver:Navigate", {"url": url})

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression of JavaScript."""
        told = {"script": f"return ({expression})", "args": []}
        return self._call("WebDriver:ExecuteScript", told)["value"]

    def wait_for(self, expression: str) -> Any:
        """Wait until an expression is true; return its value."""
        end_s = time.monotonic() + WAIT_S
        while not (found := self.evaluate(expression)):
            assert time.monotonic() < end_s, f"{expression} is never true"
            time.sleep(0.1)
        return found

    def click(self, selector: str) -> None:
        """Click an element, once it is there and enabled."""
        self.wait_for(f"document.querySelector({selector!r})?.matches(':enabled, :not(button)')")
        self._call("WebDriver:ElementClick", {"id": self._find(selector)})

    def click_at(self, selector: str, x: float, y: float) -> None:
        """Click a place of an element, given as shares of its width and height."""
        at = f"document.querySelector({selector!r})"
        self.evaluate(f"{at}.scrollIntoView()")
        box = f"(({{left, top, width, height}}) => [left + {x} * width, top + {y} * height])"
        left, top = self.evaluate(f"{box}({at}.getBoundingClientRect())")
        move = {"type": "pointerMove", "x": round(left), "y": round(top), "origin": "viewport"}
        clicks = [{"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp")]
        mouse = {"type": "pointer", "id": "mouse", "actions": [move, *clicks]}
        self._call("WebDriver:PerformActions", {"actions": [mouse]})

    def upload(self, selector: str, path: Path) -> None:
        """Give a file to a field, once it is there."""
        self.wait_for(f"document.querySelector({selector!r})")
        told = {"id": self._find(selector), "text": str(path)}
        self._call("WebDriver:ElementSendKeys", told)

    def _find(self, selector: str) -> str:
        told = {"using": "css selector", "value": selector}
        return str(self._call("WebDriver:FindElement", told)["value"][_ELEMENT])

    def press(self, *keys: str) -> None:
        """Press keys one after another, each by its name or as the letters of a text."""
        strokes = [stroke for key in keys for stroke in ([KEYS[key]] if key in KEYS else key)]
        actions = [
            {"type": kind, "value": stroke} for stroke in strokes for kind in ("keyDown", "keyUp")
        ]
        told = {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]}
        self._call("WebDriver:PerformActions", told)

    def _call(self, command: str, parameters: dict[str, Any]) -> Any:
        text = json.dumps([0, next(self._ids), command, parameters]).encode()
        self._socket.sendall(f"{len(text)}:".encode() + text)
        _, _, error, result = self._read()
        assert error is None, f"{command}: {error}"
        return result

    def _read(self) -> Any:
        digits = b""
        while (letter := self._file.read(1)) != b":":
            assert letter, "Firefox is gone"
            digits += letter
        return json.loads(self._file.read(int(digits)))


@contextmanager
def firefox() -> Iterator[Firefox]:
    """Run Firefox without a screen, with a profile of its own."""
    assert FIREFOX
    port = free_port()
    with tempfile.TemporaryDirectory() as profile:
        settings = {"marionette.port": port, "datareporting.policy.dataSubmissionEnabled": False}
        lines = (f"user_pref({name!r}, {json.dumps(value)});" for name, value in settings.items())
        (Path(profile) / "user.js").write_text("\n".join(lines), encoding="utf-8")
        command = [FIREFOX, "--headless", "--marionette", "--no-remote", "--profile", profile]
        nothing = subprocess.DEVNULL
        process = subprocess.Popen(command, stdout=nothing, stderr=nothing)
        try:
            with closing(_connected(port)) as stream:
                yield Firefox(stream)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _connected(port: int) -> socket.socket:
    end_s = time.monotonic() + START_S
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)
        except OSError:
            assert time.monotonic() < end_s, "Firefox does not answer"
            time.sleep(0.2)
