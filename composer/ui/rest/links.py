"""Links to files, signed and valid for a while: whoever has one may fetch that file, and no other.

The secret is made when the server starts and kept nowhere, so that links end with it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from composer.errors import RequestError

GONE = "this link is not valid, or not any more; ask for the job again, it has new links"


class BadLink(RequestError):
    """A link was changed, or its time is over."""


@dataclass(frozen=True)
class Links:
    """Makes links and checks them.

    Args:
        folder: Where the files lie, each in a folder of its own.
        life_s: How long a link is valid.
        now: A clock, in seconds.
    """

    folder: Path
    life_s: int
    now: Callable[[], float] = time.time
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def make(self, path: Path) -> tuple[str, int]:
        """Return a link to a file as a path and query behind the address, and when it ends."""
        ends_s = int(self.now()) + self.life_s
        name = path.relative_to(self.folder).as_posix()
        return f"files/{name}?ends={ends_s}&signature={self._sign(name, ends_s)}", ends_s

    def open(self, name: str, ends_s: int, signature: str) -> Path:
        """Return the file that a link leads to.

        Raises:
            BadLink: If the link was changed, its time is over, or the file is gone.
        """
        right = self._sign(name, ends_s).encode()
        is_ours = hmac.compare_digest(right, signature.encode("utf-8", "replace"))
        if not is_ours or self.now() > ends_s:
            raise BadLink(GONE)
        path = (self.folder / name).resolve()
        if not path.is_relative_to(self.folder.resolve()) or not path.is_file():
            raise BadLink(GONE)
        return path

    def _sign(self, name: str, ends_s: int) -> str:
        text = f"{ends_s}/{name}".encode("utf-8", "replace")
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest()
