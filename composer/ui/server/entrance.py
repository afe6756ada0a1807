"""What every request passes on its way in: sizes, strange paths, errors that gradio leaves mute.

`PlainBlocks` is gradio's Blocks in which nothing ends in `{"error": null}`; `Guard` stands before
the whole server. Neither knows what the page is about.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import gradio as gr
from gradio.exceptions import InvalidPathError
from gradio.route_utils import FnIndexInferError
from gradio.routes import App
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from composer.corpus.uploads import MAX_UPLOAD_BYTES
from composer.errors import RequestError
from composer.ui.server.incidents import plain_errors
from composer.ui.server.problems import MEDIA_TYPE, problem, problem_body
from composer.ui.server.traffic import TOO_OFTEN, Tollgate, log_call, new_request_id

# One file a request, and what multipart forms put around it.
MAX_UPLOAD_BODY_BYTES = MAX_UPLOAD_BYTES + 200_000
# Requests are some hundred bytes; what is longer than they may be is refused in better words later.
MAX_BODY_BYTES = 8_000_000
FULL = "too many people are waiting; try again in a moment"
LOST_FILE = "there is no such file among the uploads; upload it first, then ask again"
ODD_VALUE = "a value has a form that cannot be read; the API page shows what each needs"
NO_ENDPOINT = "there is no such endpoint; the API page lists them"
_MAX_DEPTH = 50
# What gradio says, with the type of the value and all choices behind it.
_NO_CHOICE = re.compile(r"Value: (.*?)(?: \(type: .*)? is not in the list of choices", re.DOTALL)
NO_CALL = 'a call is JSON with a list of values: {"data": [...]}; the API page shows which'
# Where streams begin.
LIVE = "/live"
# Where REST lies; it says itself what will not do, as problems.
REST = "/api/v1"
_UPLOAD = "/upload"
_CALLS = ("/queue/join", "/call/", "/run/")
# What the server behind us states in words for programmers, or not at all.
_SENTENCES = {503: FULL, 422: NO_CALL, 400: NO_CALL}
_log = logging.getLogger(__name__)


class Beside(Protocol):
    """What is served beside the page."""

    @property
    def app(self) -> ASGIApp:
        """Takes what comes under `REST`."""

    @property
    def tollgate(self) -> Tollgate:
        """Counts the calls of addresses, those of the page too."""

    def drain(self) -> None:
        """Let running work keep what it has, and wait for it."""


class PlainBlocks(gr.Blocks):
    """Blocks that answer whatever goes wrong with a sentence, where gradio would say null.

    `rest` lies beside the page, for the server that will serve both.
    """

    rest: Beside | None = None

    def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
        """Raise `gr.Error` if there are too few values or too many."""
        if len(inputs) != len(block_fn.inputs):
            sentence = f"wanted {len(block_fn.inputs)} values, got {len(inputs)}; see the API page"
            raise gr.Error(sentence, print_exception=False)

    async def preprocess_data(
        self, block_fn: Any, inputs: list[Any], *arguments: Any, **options: Any
    ) -> list[Any]:
        """Take values in; refuse files that were never uploaded here.

        Raises:
            gr.Error: If a value cannot be taken.
        """
        with plain_errors():
            _check_no_address(inputs)
            try:
                found: list[Any] = await super().preprocess_data(
                    block_fn, inputs, *arguments, **options
                )
            except gr.Error as error:
                chosen = _NO_CHOICE.match(str(error.message))
                if chosen:
                    is_name = chosen[1].replace(" ", "").isalnum() and chosen[1] != "None"
                    what = chosen[1][:40] if is_name else "what was chosen"
                    raise RequestError(f"{what} is not on the list of choices") from error
                raise
            except (FileNotFoundError, PermissionError, InvalidPathError) as error:
                raise RequestError(LOST_FILE) from error
            except (TypeError, ValueError, KeyError, AttributeError, OSError) as error:
                _log.info("a value could not be taken: %s", type(error).__name__)
                raise RequestError(ODD_VALUE) from error
            return found

    async def process_api(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        """Answer a call; whatever gradio itself raises becomes a sentence too."""
        event = options.get("event_data")
        if event is not None and not isinstance(event._data, dict):
            event._data = {}  # gradio looks names up in whatever came
        with plain_errors():
            answer: dict[str, Any] = await super().process_api(*arguments, **options)
            return answer


def _check_no_address(values: Any) -> None:
    """Refuse files that are named by an address: gradio would fetch them.

    Raises:
        RequestError: If there is one.
    """
    for found in _dictionaries(values, _MAX_DEPTH):
        path = found.get("path")
        if isinstance(path, str) and "://" in path[:40]:
            raise RequestError(LOST_FILE)


def _dictionaries(values: Any, depth: int) -> Iterator[dict[str, Any]]:
    if depth == 0:
        raise RequestError(ODD_VALUE)
    if isinstance(values, dict):
        yield values
        values = list(values.values())
    if isinstance(values, list):
        for value in values:
            if isinstance(value, (dict, list)):
                yield from _dictionaries(value, depth - 1)


class Entrance(App):
    """Gradio's server, with REST beside it: what gradio says of other origins is not said there.

    Args:
        rest: The application under `REST`; None for none.
        options: Of gradio's server.
    """

    def __init__(self, rest: ASGIApp | None, **options: Any) -> None:
        super().__init__(**options)
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on to REST or to gradio."""
        is_rest = scope["type"] == "http" and scope["path"].startswith(f"{REST}/")
        if is_rest and self._rest is not None:
            await self._rest(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class Guard:
    """Stand before the server: bound what comes in, and say in words what went wrong.

    Args:
        app: The server behind it.
        tollgate: Counts the calls of every address.
        admits: Whether whoever sends this may do so now; by address if left out.
    """

    def __init__(
        self,
        app: ASGIApp,
        tollgate: Tollgate | None = None,
        admits: Callable[[Scope], bool] | None = None,
    ) -> None:
        self._app = app
        self._tollgate = tollgate or Tollgate(0)
        self._admits = admits or self._admits_address

    def _admits_address(self, scope: Scope) -> bool:
        return self._tollgate.admits((scope.get("client") or ("",))[0])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        body = _Body(receive, _limit(path))
        answer = _Answer(path, send, body, _request_id(scope))
        scope["request_id"] = answer.request_id
        if not _is_counted(scope):
            await self._pass(scope, body, answer)
            return
        began_s = time.monotonic()
        try:
            if self._admits(scope):
                await self._pass(scope, body, answer)
            else:
                await answer.say(429, TOO_OFTEN)
        finally:
            elapsed_s = time.monotonic() - began_s
            log_call(path, answer.status, elapsed_s, answer.incident, request_id=answer.request_id)

    async def _pass(self, scope: Scope, body: _Body, answer: _Answer) -> None:
        try:
            await self._app(scope, body, answer)
        except _TooLarge:
            await answer.say(413, body.refusal)
        except Exception as error:
            if answer.has_begun:
                raise
            status, sentence, answer.incident = _words_for(error)
            await answer.say(status, sentence)


def _is_counted(scope: Scope) -> bool:
    """Whether a request costs something: a call, an upload, a stream, something new by REST."""
    if scope["path"].startswith(REST) or scope["path"] == LIVE:
        return bool(scope["method"] == "POST")
    return any(name in scope["path"] for name in (*_CALLS, _UPLOAD))


def _request_id(scope: Scope) -> str:
    """Return the id of a request, the caller's own if it will do."""
    given = dict(scope.get("headers", ())).get(b"x-request-id", b"")
    return new_request_id(given.decode("latin-1"))


def _limit(path: str) -> int:
    return MAX_UPLOAD_BODY_BYTES if path.rstrip("/").endswith(_UPLOAD) else MAX_BODY_BYTES


def _words_for(error: Exception) -> tuple[int, str, str]:
    """Return status, sentence and the reference of an incident, empty if it is none."""
    if isinstance(error, (KeyError, FnIndexInferError)):  # as gradio looks them up
        return 404, NO_ENDPOINT, ""
    reference = secrets.token_hex(4)
    _log.error("incident %s", reference, exc_info=error)
    return 500, f"something broke, reference {reference}", reference


class _TooLarge(Exception):
    """More came than may come."""


class _Body:
    """Counts the bytes of a request as they are received.

    Args:
        receive: Where they come from.
        limit: How many may come.
    """

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._n_bytes = 0
        self.refusal = f"a request may have {limit / 1e6:.1f} MB at most"

    async def __call__(self) -> Message:
        """Receive the next piece of the request."""
        message = await self._receive()
        self._n_bytes += len(message.get("body", b""))
        if self.is_too_large:
            raise _TooLarge
        return message

    @property
    def is_too_large(self) -> bool:
        """Whether more came than may come."""
        return self._n_bytes > self._limit


class _Answer:
    """Passes an answer on; where a call was refused, in a sentence.

    Args:
        path: Of the request.
        send: Where it goes.
        body: Of the request.
        request_id: Told in the answer.
    """

    def __init__(self, path: str, send: Send, body: _Body, request_id: str = "") -> None:
        self._send = send
        self._body = body
        self._is_call = any(name in path for name in _CALLS)
        self._is_problem = path.startswith(REST)
        self._is_replaced = False
        self.request_id = request_id
        self.has_begun = False
        self.status = 0
        self.incident = ""

    async def __call__(self, message: Message) -> None:
        """Send the next piece of the answer."""
        if message["type"] == "http.response.start":
            await self._say_instead(message["status"])
            self._is_replaced = self.has_begun
            self.status = self.status or message["status"]
            self.has_begun = True
            if self._is_problem:
                message = {**message, "headers": [*message["headers"], self._id_header]}
        if not self._is_replaced:
            await self._send(message)

    @property
    def _id_header(self) -> tuple[bytes, bytes]:
        return b"x-request-id", self.request_id.encode("ascii")

    async def _say_instead(self, status: int) -> None:
        """Answer in our words where the server behind us has none that would do."""
        if self._body.is_too_large:
            await self.say(413, self._body.refusal)
        elif self._is_call and status in _SENTENCES:
            await self.say(status, _SENTENCES[status])

    async def say(self, status: int, sentence: str) -> None:
        """Answer with one sentence, as gradio's server states its own."""
        if self.has_begun:
            return
        self.has_begun = True
        self.status = status
        kind, body = "application/json", json.dumps({"detail": sentence}).encode()
        if self._is_problem:
            kind, body = MEDIA_TYPE, problem_body(problem(status, sentence))
        headers = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(body))]
        headers += [self._id_header] if self._is_problem else []
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})
