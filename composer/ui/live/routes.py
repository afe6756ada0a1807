"""Streams over HTTP: begin one, listen to its events, turn its knobs, keep its last bars.

    POST   live                a stream begins; answers with its id and its parts
    GET    live/ID/events      server-sent events; docs/live.md has them all
    POST   live/ID/heard       the last bar that was heard; answers how it goes
    POST   live/ID/played      what the listener has played himself
    POST   live/ID/control     a knob is turned; answers what happens and when
    GET    live/ID/bars        the last bars as a file
    DELETE live/ID             the end

Plain requests, so that what stands before the server counts and bounds them like all others.
"""

from __future__ import annotations

import asyncio
import json
import math
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import fields
from fractions import Fraction
from pathlib import Path
from typing import Any

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from composer import rendering
from composer.errors import ComposerError, OptionError, RequestError
from composer.live import Duet, Stream
from composer.live.duets import read_notes
from composer.live.pool import FULL, GONE, Broadcast, Pool
from composer.live.telling import health_to_dict, plan_to_dict, text_of
from composer.live.themes import read_played
from composer.rendering.files import FORMATS
from composer.request import Request
from composer.ui.server.entrance import LIVE as PREFIX
from composer.ui.server.traffic import is_foreign
from composer.ui.shared import downloads, score_view

RADIO = "radio"
PING_S = 10.0
MAX_BODY_BYTES = 20_000
KEPT_BARS = 32
MAX_PER_ADDRESS = 4
TOO_MANY = "this address has its streams already; stop one first"
NO_JSON = "send JSON, and say so in its content type"
RADIO_REQUEST = Request(composer="Bach", form="chorale", candidates=8)
_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}
_SETTINGS = {one.name for one in fields(Request)} - {"bars", "prune", "candidates"}
_STATUS = {FULL: 503, GONE: 404, TOO_MANY: 429}


OpenStream = Callable[..., Stream]


class LiveService:
    """What the routes share.

    Args:
        pool: The streams.
        open_stream: As `live.Stream`.
        radio: What the stream for all plays; None for no such stream.
    """

    def __init__(
        self,
        pool: Pool | None = None,
        open_stream: OpenStream = Stream,
        radio: Request | None = RADIO_REQUEST,
    ) -> None:
        self.pool = pool or Pool()
        self._open_stream = open_stream
        self._radio = radio
        self._owners: dict[str, str] = {}

    def routes(self) -> list[BaseRoute]:
        """Return all routes."""
        place = PREFIX + "/{stream_id}"
        return [
            Route(PREFIX, _plain(self.begin), methods=["POST"]),
            Route(f"{PREFIX}/{RADIO}", _plain(self.tune_in), methods=["POST"]),
            Route(f"{place}/events", _plain(self.events)),
            Route(f"{place}/heard", _plain(self.heard), methods=["POST"]),
            Route(f"{place}/played", _plain(self.played), methods=["POST"]),
            Route(f"{place}/control", _plain(self.control), methods=["POST"]),
            Route(f"{place}/bars", _plain(self.bars)),
            Route(place, _plain(self.end), methods=["DELETE"]),
        ]

    async def begin(self, http: HttpRequest) -> Response:
        """Begin a stream."""
        values = await _read(http)
        address = http.client.host if http.client else ""
        self._check_owner(address)
        found = await run_in_threadpool(self._begin, values)
        self._owners[found.id] = address
        return JSONResponse(_start(found), 201, headers=_HEADERS)

    def _check_owner(self, address: str) -> None:
        self._owners = {key: who for key, who in self._owners.items() if self.pool.has(key)}
        if is_foreign(address) and list(self._owners.values()).count(address) >= MAX_PER_ADDRESS:
            raise RequestError(TOO_MANY)

    def _begin(self, values: Mapping[str, Any]) -> Broadcast:
        values = dict(values)
        theme = read_played(values.pop("theme")) if values.get("theme") else ()
        kind, turn_bars = values.pop("duet", None), values.pop("turn_bars", 4)
        duet = Duet(kind, turn_bars) if kind else None
        unknown = sorted(set(values) - _SETTINGS)
        if unknown:
            raise RequestError(f"there is no setting {unknown[0][:40]!r}; see docs/live.md")
        given = {name: value for name, value in values.items() if value not in (None, "")}
        request = Request(**given, candidates=8)
        options = {"theme": theme} if duet is None else {"duet": duet}
        return self.pool.open(lambda costs: self._open_stream(request, costs=costs, **options))

    async def tune_in(self, _: HttpRequest) -> Response:
        """Join the stream that plays for all."""
        request = self._radio
        if request is None:
            raise RequestError(GONE)

        def build(costs: Any) -> Stream:
            return self._open_stream(request, costs=costs)

        found = await run_in_threadpool(self.pool.open, build, shared_id=RADIO)
        return JSONResponse(_start(found), headers=_HEADERS)

    async def events(self, http: HttpRequest) -> Response:
        """Tell what happens, for as long as somebody listens."""
        found = self._find(http)
        after = http.headers.get("last-event-id") or http.query_params.get("after") or "0"
        last = int(after) if after.isdecimal() and len(after) < 12 else 0
        return StreamingResponse(
            self._tell(found, last), media_type="text/event-stream", headers=_HEADERS
        )

    async def _tell(self, found: Broadcast, last: int) -> AsyncIterator[str]:
        loop, news = asyncio.get_running_loop(), asyncio.Event()

        def listener() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(news.set)

        self.pool.listen(found, listener)
        plan = -1
        try:
            yield "retry: 1000\n" + _event("start", _start(found))
            if found.is_shared and not last:
                last = self._sounding(found)
            while True:
                news.clear()
                for standing in found.bars_after(last):
                    last = standing.bar.number
                    now = f'{{"now_s":{time.monotonic():.4f},'
                    yield f"id: {last}\nevent: bar\ndata: {now}{text_of(standing)[1:]}\n\n"
                if plan != found.plan:
                    plan = found.plan
                    yield _event("plan", plan_to_dict(found) | {"now_s": time.monotonic()})
                if found.problem or found.is_over:
                    yield _event("end", {"problem": found.problem})
                    return
                try:
                    await asyncio.wait_for(news.wait(), PING_S)
                except TimeoutError:
                    yield ": here\n\n"
        finally:
            self.pool.leave(found, listener)

    def _sounding(self, found: Broadcast) -> int:
        """Return the number of the last bar that a late listener has missed."""
        now_s = self.pool.clock.now_s()
        begun = [one.bar.number for one in found.bars_after(0) if one.onset_s <= now_s]
        return begun[-1] - 1 if begun else 0

    async def heard(self, http: HttpRequest) -> Response:
        """Take note that a listener is there."""
        found = self._find(http)
        number = (await _read(http)).get("bar")
        if not isinstance(number, int) or isinstance(number, bool) or number < 0:
            raise OptionError("`bar` must be the number of the last bar that was heard")
        self.pool.note_heard(found, number)
        return JSONResponse(health_to_dict(found), headers=_HEADERS)

    async def played(self, http: HttpRequest) -> Response:
        """Take up what the listener has played."""
        found = self._find(http)
        values = await _read(http)
        notes = read_notes(values.get("notes"))
        since, until = (_beats(name, values.get(name)) for name in ("since", "until"))
        n_bars = await run_in_threadpool(self.pool.note_played, found, notes, since, until)
        return JSONResponse({"bars": n_bars}, headers=_HEADERS)

    async def control(self, http: HttpRequest) -> Response:
        """Turn a knob, or take a control back."""
        found = self._find(http)
        values = await _read(http)
        if "undo" in values:
            if not isinstance(values["undo"], int):
                raise OptionError("`undo` must be the id of a control")
            control = await run_in_threadpool(self.pool.undo, found, values["undo"])
        else:
            name, value, at = (values.get(key) for key in ("name", "value", "at"))
            control = await run_in_threadpool(self.pool.control, found, name, value, at)
        told = {"id": control.id, "acts_at": control.acts_at, "text": control.text}
        return JSONResponse(told, headers=_HEADERS)

    async def bars(self, http: HttpRequest) -> Response:
        """Send the last bars as a file."""
        found = self._find(http)
        kind = http.query_params.get("format", "mid")
        n_bars = http.query_params.get("last", str(KEPT_BARS))
        if kind not in FORMATS:
            raise OptionError(f"`format` must be one of {', '.join(FORMATS)}")
        if not n_bars.isdecimal() or not 1 <= int(n_bars[:4]) <= 64:
            raise OptionError("`last` must be from 1 to 64")
        folder = tempfile.TemporaryDirectory(prefix="composer-live-")
        try:
            path = await run_in_threadpool(_write, found, int(n_bars), kind, Path(folder.name))
        except BaseException:
            folder.cleanup()
            raise
        background = BackgroundTask(folder.cleanup)
        return FileResponse(path, filename=path.name, headers=_HEADERS, background=background)

    async def end(self, http: HttpRequest) -> Response:
        """End a stream."""
        found = self._find(http)
        if found.is_shared:
            raise RequestError("this stream plays for many; leave it by listening no longer")
        await run_in_threadpool(self.pool.end, found)
        return JSONResponse({}, headers=_HEADERS)

    def _find(self, http: HttpRequest) -> Broadcast:
        return self.pool.find(http.path_params["stream_id"])


def _beats(name: str, value: Any) -> Fraction:
    is_number = type(value) in (int, float) and math.isfinite(value) and 0 <= value < 1e7
    if not is_number:
        raise OptionError(f"`{name}` must be a beat, in quarters since the beginning")
    return Fraction(value).limit_denominator(10_000)


def _write(found: Broadcast, n_bars: int, kind: str, folder: Path) -> Path:
    piece = found.stream.last(n_bars)
    target = folder / f"live-{piece.first_bar_number}.{kind}"
    return downloads.make_file(piece, target, render_audio=rendering.render_audio)


def _start(found: Broadcast) -> dict[str, Any]:
    """Return what a listener needs to know before the first bar."""
    stream = found.stream
    players, request = stream.score.players, stream.settings.request
    return {
        "id": found.id,
        "is_shared": found.is_shared,
        "composer": request.composer,
        "form": request.form,
        "seed": request.seed,
        "key": str(stream.settings.home),
        "meter": str(players.meter),
        "tempo_bpm": round(stream.tempo.tempo_bpm, 3),
        "parts": score_view.seated(players),
    }


def _event(kind: str, values: Mapping[str, Any]) -> str:
    return f"event: {kind}\ndata: {json.dumps(values, separators=(',', ':'))}\n\n"


async def _read(http: HttpRequest) -> dict[str, Any]:
    """Return the JSON object that was sent.

    Raises:
        RequestError: If none was; other pages cannot send one without being asked first.
    """
    if http.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise RequestError(NO_JSON)
    body = await http.body()
    if len(body) > MAX_BODY_BYTES:
        raise RequestError(f"a request may have {MAX_BODY_BYTES} bytes at most")
    try:
        values = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise RequestError(NO_JSON) from error
    if not isinstance(values, dict):
        raise RequestError(NO_JSON)
    return values


def _plain(
    answer: Callable[[HttpRequest], Awaitable[Response]],
) -> Callable[[HttpRequest], Awaitable[Response]]:
    """Answer errors that are meant for a person with their sentence."""

    async def endpoint(http: HttpRequest) -> Response:
        try:
            return await answer(http)
        except (ComposerError, TypeError) as error:
            is_ours = isinstance(error, ComposerError)
            sentence = str(error) if is_ours else "a setting has a value of another kind"
            status = _STATUS.get(sentence, 400)
            return JSONResponse({"detail": sentence}, status, headers=_HEADERS)

    return endpoint
