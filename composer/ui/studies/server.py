"""The listener's page and its HTTP API: bytes and JSON in and out, every refusal a sentence.

Served on its own (`python -m composer.ui.studies FOLDER`) or beneath the main app. Nothing of the
study's folder is served as a file: clips are looked up by listener, trial and letter, and sent
without a date, a name or anything else that differs between conditions.
"""

from __future__ import annotations

import hmac
import json
import logging
import secrets
from collections.abc import Awaitable, Callable
from importlib import resources
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from composer.errors import ComposerError, RequestError
from composer.listening import journal
from composer.listening.ballots import Ballots, UnknownCode
from composer.listening.clips import MEDIA_TYPE
from composer.listening.reception import Reception
from composer.listening.storage import StorageError

MAX_BODY_BYTES = 100_000
CODE_HEADER = "x-listener"
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data:; media-src 'self' blob:; frame-ancestors 'self'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
PAGES = {"": "text/html", "listener.js": "text/javascript", "listener.css": "text/css"}
_log = logging.getLogger(__name__)

# The code of a listener, the body and the values of the path -> JSON, a clip or lines of JSON.
Answer = Callable[[str, Any, dict[str, Any]], Any]
Endpoint = Callable[[Request], Awaitable[Response]]


def build_server(reception: Reception, ballots: Ballots, key: str = "") -> Starlette:
    """Return the server of one study.

    Args:
        reception: Receives the listeners.
        ballots: For the results.
        key: Opens the results to the researcher; without one they are not served.
    """
    api = {
        ("GET", "study"): lambda code, body, path: reception.welcome(),
        ("GET", "sound"): lambda code, body, path: reception.sample(),
        ("POST", "listeners"): lambda code, body, path: reception.enrol(body),
        ("GET", "trial"): lambda code, body, path: reception.current(code),
        ("POST", "votes"): lambda code, body, path: reception.vote(code, body),
        ("POST", "answers"): lambda code, body, path: reception.finish(code, body),
        ("POST", "withdrawal"): lambda code, body, path: reception.withdraw(code),
        ("GET", "clips/{position:int}/{slot}"): lambda code, body, path: reception.clip(
            code, **path
        ),
        ("GET", "results"): lambda code, body, path: _results(ballots, key, code),
    }
    routes = [
        Route(f"/api/{path}", _endpoint(answer), methods=[method])
        for (method, path), answer in api.items()
    ]
    pages = [Route(f"/{name}", _page(name, media_type)) for name, media_type in PAGES.items()]
    return Starlette(routes=[*pages, *routes])


def _page(name: str, media_type: str) -> Endpoint:
    content = resources.files(__package__).joinpath(name or "listener.html").read_bytes()

    async def page(_: Request) -> Response:
        return Response(content, media_type=media_type, headers=HEADERS)

    return page


def _endpoint(answer: Answer) -> Endpoint:
    """Return an endpoint that answers in a thread of its own, and says in words what went wrong."""

    async def endpoint(request: Request) -> Response:
        try:
            body = await _body(request) if request.method == "POST" else None
            code = request.headers.get(CODE_HEADER, "")
            found = await run_in_threadpool(answer, code, body, dict(request.path_params))
        except ComposerError as error:
            return _said(_status(error), str(error))
        except Exception:  # noqa: BLE001  whatever broke, a listener reads one sentence
            reference = secrets.token_hex(4)
            _log.exception("incident %s", reference)
            return _said(500, f"something broke, reference {reference}")
        if isinstance(found, bytes):
            return Response(found, media_type=MEDIA_TYPE, headers=HEADERS)
        if isinstance(found, str):
            return Response(found, media_type="application/x-ndjson", headers=HEADERS)
        return JSONResponse(found, headers=HEADERS)

    return endpoint


async def _body(request: Request) -> Any:
    """Read a body of JSON.

    Raises:
        RequestError: If it is too large, or no JSON.
    """
    data = b""
    async for piece in request.stream():
        data += piece
        if len(data) > MAX_BODY_BYTES:
            raise RequestError(f"a request may have {MAX_BODY_BYTES / 1000:g} kB at most")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RequestError("a request is JSON: an object of names and values") from error


def _status(error: ComposerError) -> int:
    if isinstance(error, UnknownCode):
        return 401
    return 503 if isinstance(error, StorageError) else 400


def _said(status: int, sentence: str) -> Response:
    return JSONResponse({"detail": sentence}, status_code=status, headers=HEADERS)


def _results(ballots: Ballots, key: str, given: str) -> str:
    """Return all answers as JSON lines, to whoever knows the key.

    Raises:
        UnknownCode: If the key is not the right one, or there is none.
    """
    if not key or not hmac.compare_digest(key.encode(), given.encode()):
        raise UnknownCode("the results need the researcher's key")
    rows = (row for name in ballots.names() for row in journal.rows_of(ballots, name))
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
