"""A visitor without a browser: raw HTTP to a served page, so that anything at all can be sent."""

from __future__ import annotations

import json
import secrets
from typing import Any

import httpx

API = "/gradio_api"
TIMEOUT_S = 60.0
# One for all: to make a client costs more than to ask.
CLIENT = httpx.Client(timeout=TIMEOUT_S, verify=False, trust_env=False)


def call(address: str, endpoint: str, data: str | bytes, **headers: str) -> str:
    """Call an endpoint with the raw JSON of its values; return the last event, or the refusal.

    Args:
        address: Of the page.
        endpoint: Such as `compose`.
        data: JSON of the list of values, NaN and all.
        headers: Sent along.
    """
    body = data if isinstance(data, bytes) else f'{{"data": {data}}}'.encode(errors="replace")
    url = f"{address}{API}/call/{endpoint}"
    headers = {"Content-Type": "application/json", **headers}
    reply = CLIENT.post(url, content=body, headers=headers)
    if reply.status_code != 200:
        return f"{reply.status_code} {reply.text}"
    return listen(address, endpoint, reply.json()["event_id"])


def listen(address: str, endpoint: str, event_id: str) -> str:
    """Wait for the end of an event; return its last message."""
    url = f"{address}{API}/call/{endpoint}/{event_id}"
    text = CLIENT.get(url).text
    return text.strip().rpartition("\n\n")[2]


def upload(address: str, *files: tuple[str, bytes], **headers: str) -> httpx.Response:
    """Upload files by name and content, in one request."""
    parts = [("files", (name, data, "application/octet-stream")) for name, data in files]
    return CLIENT.post(f"{address}{API}/upload", files=parts, headers=headers)


def uploaded(address: str, data: bytes, name: str = "song.mid") -> dict[str, Any]:
    """Upload a file; return it as the value of an endpoint."""
    path = upload(address, (name, data)).json()[0]
    return file_value(path, orig_name=name)


def file_value(path: str, **more: Any) -> dict[str, Any]:
    """Return how gradio's clients name a file."""
    return {"path": path, "meta": {"_type": "gradio.FileData"}, **more}


def inspect(address: str, file: Any, form: Any = None) -> str:
    """Ask what is in a file; return the last event."""
    return call(address, "inspect", json.dumps([file, form]))


def get(address: str, path: str, **headers: str) -> httpx.Response:
    """Fetch a path as it is written, dots and all."""
    return CLIENT.get(address + path, headers=headers)


def trigger(address: str, fn_index: int, data: list[Any], session: str = "") -> str:
    """Trigger an event of the page by its number, as a browser does; return its last message."""
    session = session or secrets.token_hex(6)
    body = json.dumps({"data": data, "fn_index": fn_index, "session_hash": session})
    url, headers = f"{address}{API}/queue", {"Content-Type": "application/json"}
    reply = CLIENT.post(f"{url}/join", content=body, headers=headers)
    if reply.status_code != 200:
        return f"{reply.status_code} {reply.text}"
    stream = CLIENT.stream("GET", f"{url}/data?session_hash={session}")
    with stream as messages:
        ends = ('"process_completed"', '"unexpected_error"', '"close_stream"')
        lines = (line for line in messages.iter_lines() if any(end in line for end in ends))
        return next(lines, "").removeprefix("data: ")


def error_of(event: str) -> str:
    """Return the sentence of a refusal; empty if the event is none."""
    if event[:3].isdigit():
        text = event[4:]
        return str(json.loads(text)["detail"]) if text.startswith("{") else text
    if '"error"' not in event:
        return ""
    answer = json.loads(event.partition("data: ")[2] or event)
    return str(answer.get("output", answer).get("error"))
