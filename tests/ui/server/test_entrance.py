"""The entrance: a guard before any server, tried without one."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from composer.ui.server import entrance
from composer.ui.server.entrance import FULL, NO_CALL, Guard
from composer.ui.server.traffic import Tollgate
from tests.sentences import is_plain

Server = Callable[..., Any]


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run in a thread of its own: the browser of other tests keeps a loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()


def ask(server: Server, path: str = "/gradio_api/call/compose", *pieces: bytes) -> tuple[int, Any]:
    """Send a request through the guard; return status and content of the answer."""
    incoming = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    incoming.append({"type": "http.request", "body": b"", "more_body": False})
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return incoming.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "path": path}
    run(Guard(server)(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], json.loads(body)


def answering(status: int, content: object) -> Server:
    async def server(scope: Any, receive: Any, send: Any) -> None:
        body = json.dumps(content).encode()
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body[:3], "more_body": True})
        await send({"type": "http.response.body", "body": body[3:]})

    return server


def failing(error: Exception) -> Server:
    async def server(scope: Any, receive: Any, send: Any) -> None:
        raise error

    return server


async def reading(scope: Any, receive: Any, send: Any) -> None:
    """Read a whole request, as a server does that swallows what goes wrong meanwhile."""
    status = 200
    try:
        while (await receive())["more_body"]:
            pass
    except Exception:  # noqa: BLE001  as the server behind the guard does
        status = 400
    await answering(status, "read")(scope, receive, send)


def test_a_good_answer_passes_unchanged() -> None:
    assert ask(answering(200, {"a": [1, 2]})) == (200, {"a": [1, 2]})
    assert ask(answering(404, "none"), "/elsewhere") == (404, "none")


@pytest.mark.parametrize(("status", "sentence"), [(503, FULL), (422, NO_CALL), (400, NO_CALL)])
def test_a_refused_call_is_told_in_words(status: int, sentence: str) -> None:
    assert ask(answering(status, "x")) == (status, {"detail": sentence})
    assert ask(answering(status, "x"), "/config") == (status, "x")


def test_what_breaks_in_the_server_is_logged_and_shown_as_a_reference(
    caplog: pytest.LogCaptureFixture,
) -> None:
    status, content = ask(failing(RuntimeError("/secret/path")))
    assert status == 500 and is_plain(content["detail"])
    assert content["detail"].rpartition(" ")[2] in caplog.text and "/secret/path" in caplog.text


def test_an_unknown_endpoint_is_told_as_such() -> None:
    assert ask(failing(KeyError("nothing"))) == (404, {"detail": entrance.NO_ENDPOINT})


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/gradio_api/upload", entrance.MAX_UPLOAD_BODY_BYTES),
        ("/any", entrance.MAX_BODY_BYTES),
    ],
)
def test_what_is_too_large_is_refused_while_it_comes(path: str, limit: int) -> None:
    limit_mb = limit / 1e6
    piece = bytes(1_000_000)
    fitting = [piece] * int(limit_mb)
    assert ask(reading, path, *fitting) == (200, "read")
    too_large = {"detail": f"a request may have {limit_mb:.1f} MB at most"}
    assert ask(reading, path, *fitting, piece, piece) == (413, too_large)


def test_who_asks_too_often_is_told_in_words(caplog: pytest.LogCaptureFixture) -> None:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def ask_twice() -> None:
        guard = Guard(answering(200, "x"), Tollgate(1))
        for path in ("/call/compose", "/call/compose", "/config"):
            scope = {"type": "http", "path": path, "client": ("93.184.216.34", 1)}
            await guard(scope, receive, send)

    with caplog.at_level(logging.INFO, "composer.requests"):
        run(ask_twice())
    starts = [message["status"] for message in sent if "status" in message]
    assert starts == [200, 429, 200]
    assert [json.loads(r.message)["status"] for r in caplog.records] == [200, 429]


def test_other_connections_pass() -> None:
    passed: list[str] = []

    async def server(scope: Any, receive: Any, send: Any) -> None:
        passed.append(scope["type"])

    run(Guard(server)({"type": "lifespan"}, None, None))  # type: ignore[arg-type]
    assert passed == ["lifespan"]
