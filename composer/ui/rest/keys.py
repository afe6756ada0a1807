"""Who calls: API keys of the configuration, each with a rate of its own; without keys, anybody."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.types import Scope

from composer.errors import OptionError, RequestError
from composer.ui.server.traffic import Tollgate

HEADER = "x-api-key"
_ENTRY = re.compile(r"([\w-]{1,40}):([!-9;-~]{16,200}):(\d{1,6})", re.ASCII)
WRONG_FORM = (
    "COMPOSER_API_KEYS must be name:key:calls a minute, separated by commas; a key has at "
    "least 16 characters and no comma"
)
NEEDS_KEY = "this server needs an API key; send yours in the header `X-API-Key`"


class NoKey(RequestError):
    """The caller has no key, or none that is known."""


@dataclass(frozen=True)
class _Key:
    name: str
    digest: bytes
    tollgate: Tollgate


class Keys:
    """The keys that open REST.

    Args:
        text: As in the configuration; empty lets everybody in.
        by_address: Counts the calls of who has no key.

    Raises:
        OptionError: If the text cannot be read.
    """

    def __init__(self, text: str, by_address: Tollgate) -> None:
        self._by_address = by_address
        self._keys = [_read(entry.strip()) for entry in text.split(",") if entry.strip()]
        if len({key.name for key in self._keys}) < len(self._keys):
            raise OptionError("COMPOSER_API_KEYS names a key twice; each needs a name of its own")

    @property
    def are_needed(self) -> bool:
        """Whether nobody gets in without one."""
        return bool(self._keys)

    def owner(self, given: str) -> str:
        """Return the name of a key; empty where none is needed.

        Raises:
            NoKey: If one is needed, and this is none.
        """
        if not self._keys:
            return ""
        found = self._find(given)
        if found is None:
            raise NoKey(NEEDS_KEY)
        return found.name

    def admits(self, scope: Scope) -> bool:
        """Take a token of the caller's key, or of the address of a caller without one."""
        headers: Mapping[bytes, bytes] = dict(scope.get("headers", ()))
        found = self._find(headers.get(HEADER.encode(), b"").decode("latin-1"))
        if found:
            return found.tollgate.takes(found.name)
        return self._by_address.admits((scope.get("client") or ("",))[0])

    def _find(self, given: str) -> _Key | None:
        digest = _digest(given)
        matching = [key for key in self._keys if hmac.compare_digest(key.digest, digest)]
        return matching[0] if matching else None


def _read(entry: str) -> _Key:
    match = _ENTRY.fullmatch(entry)
    if not match:
        raise OptionError(WRONG_FORM)
    return _Key(match[1], _digest(match[2]), Tollgate(int(match[3])))


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
