"""Who may ask how often, and a line of JSON for every call. Knows addresses, not pages.

A visitor from the internet has a bucket of tokens: a call takes one, time fills it up again.
Addresses of this machine and of private networks are let through, because a proxy that does not
tell whom it speaks for would make one visitor of all.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

MAX_ADDRESSES = 10_000  # remembered at once
TOO_OFTEN = "too many requests from this address; wait a minute, then go on"
_REQUEST_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)
log = logging.getLogger("composer.requests")


class Tollgate:
    """Counts the calls of every address.

    Args:
        calls_per_minute: How many one may make; half of them at once. 0 counts nothing.
        now: A clock, in seconds.
    """

    def __init__(self, calls_per_minute: int, now: Callable[[], float] = time.monotonic) -> None:
        self._rate = calls_per_minute / 60
        self._most = max(1.0, calls_per_minute / 2)
        self._now = now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def admits(self, address: str) -> bool:
        """Take a token of an address; false if none is left."""
        return not is_foreign(address) or self.takes(address)

    def takes(self, name: str) -> bool:
        """Take a token of whoever has a name; false if none is left."""
        if self._rate == 0:
            return True
        now = self._now()
        tokens, seen = self._buckets.pop(name, (self._most, now))
        tokens = min(self._most, tokens + (now - seen) * self._rate)
        is_admitted = tokens >= 1
        self._buckets[name] = (tokens - is_admitted, now)
        if len(self._buckets) > MAX_ADDRESSES:
            self._buckets.popitem(last=False)
        return is_admitted


def is_foreign(address: str) -> bool:
    """Whether an address is one of the internet, not of this machine or a private network."""
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return False


def new_request_id(given: str = "") -> str:
    """Return the id under which a request is logged: the caller's own, if it will do."""
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def log_call(
    path: str, status: int, elapsed_s: float, incident: str = "", *, request_id: str = ""
) -> None:
    """Write a line of JSON about a call; addresses of visitors are not kept.

    Args:
        path: As asked for.
        status: Of the answer; 0 if none was given.
        elapsed_s: From the question to the answer.
        incident: Reference number of what broke, if something did.
        request_id: Under which the answer went out.
    """
    facts = {"path": path[:200], "status": status, "ms": round(elapsed_s * 1000)}
    log_line(**facts, incident=incident, request=request_id)


def log_line(**facts: Any) -> None:
    """Write a line of JSON with the time; what is empty is left out."""
    line = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    log.info(json.dumps(line | {name: value for name, value in facts.items() if value != ""}))


def write_log(level: int = logging.INFO) -> None:
    """Let the lines be seen on the standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.addHandler(handler)
    log.setLevel(level)
    log.propagate = False
