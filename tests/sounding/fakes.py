"""A port that remembers, and can be pulled out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from composer.errors import PortError


@dataclass
class FakePort:
    """Remembers what was sent; raises while it is out."""

    sent: list[bytes] = field(default_factory=list)
    is_out: bool = False

    def send(self, message: bytes) -> None:
        if self.is_out:
            raise OSError("gone")
        self.sent.append(message)

    def is_there(self) -> bool:
        return not self.is_out

    def close(self) -> None:
        pass

    def open(self, name: str) -> FakePort:
        if self.is_out:
            raise PortError(f"no {name}")
        return self


def held_after(messages: Iterable[bytes]) -> set[tuple[int, int]]:
    """Return what sounds behind messages; no note may be struck twice."""
    held: set[tuple[int, int]] = set()
    for message in messages:
        if len(message) != 3:
            continue
        note = message[0] & 0x0F, message[1]
        if message[0] & 0xF0 == 0x90 and message[2]:
            assert note not in held
            held.add(note)
        elif message[0] & 0xF0 in (0x80, 0x90):
            held.discard(note)
    return held
