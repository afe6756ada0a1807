"""A hub on this machine: as much of the Hugging Face API as an upload of a Space speaks to.

Files arrive in two ways, as at the real one: text within the commit, everything else as a large
file first, of which the commit then names the SHA-256.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

TOKEN = "hf_fake"
LARGE = (".safetensors", ".png", ".sf2", ".sf3", ".wav")


@dataclass
class FakeHub:
    """What the hub holds, by `owner/name`.

    Args:
        refusal: Status and words for every answer, if it is to refuse.
    """

    address: str = ""
    refusal: tuple[int, str] | None = None
    created: list[dict[str, Any]] = field(default_factory=list)
    spaces: dict[str, dict[str, bytes]] = field(default_factory=dict)
    commits: list[list[str]] = field(default_factory=list)  # what each one touched
    sent_large: list[str] = field(default_factory=list)  # SHA-256, in order of arrival
    large: dict[str, bytes] = field(default_factory=dict)

    def create(self, wish: dict[str, Any]) -> tuple[int, Any]:
        """Make a Space, or say that it is there."""
        name = f"{wish['organization']}/{wish['name']}"
        url = {"url": f"{self.address}/spaces/{name}"}
        if name in self.spaces:
            return 409, url | {"error": "You already created this space repo"}
        self.created.append(wish)
        self.spaces[name] = {".gitattributes": b"*.safetensors filter=lfs\n"}
        return 200, url

    def modes(self, name: str, wish: dict[str, Any]) -> dict[str, Any]:
        """Say how each file is to be sent, and what is there under its name."""
        return {"files": [self._mode(name, file["path"]) for file in wish["files"]]}

    def _mode(self, name: str, path: str) -> dict[str, Any]:
        mode = "lfs" if path.endswith(LARGE) else "regular"
        data = self.spaces[name].get(path)
        oid = None if data is None else sha256(data) if mode == "lfs" else git_hash(data)
        return {"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": oid}

    def batch(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Say where large files are to be put that are not here yet."""
        objects = []
        for file in wish["objects"]:
            upload = {"href": f"{self.address}/large/{file['oid']}"}
            actions = {} if file["oid"] in self.large else {"actions": {"upload": upload}}
            objects.append(file | actions)
        return {"transfer": "basic", "objects": objects}

    def put(self, oid: str, data: bytes) -> None:
        """Keep a large file."""
        assert sha256(data) == oid
        self.large[oid] = data
        self.sent_large.append(oid)

    def commit(self, name: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
        """Change a Space by one commit."""
        files, touched = self.spaces[name], []
        for line in lines[1:]:
            value = line["value"]
            touched.append(value["path"])
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.large[value["oid"]]
            else:
                assert line["key"] == "deletedFile"
                del files[value["path"]]
        self.commits.append(touched)
        return {"commitUrl": f"{self.address}/spaces/{name}/commit/1", "commitOid": "1" * 40}

    def tree(self, name: str) -> list[dict[str, Any]]:
        """List the files of a Space."""
        return [
            {"type": "file", "path": path, "oid": git_hash(data), "size": len(data)}
            for path, data in self.spaces[name].items()
        ]


def sha256(data: bytes) -> str:
    """Return the name of a large file."""
    return hashlib.sha256(data).hexdigest()


def git_hash(data: bytes) -> str:
    """Return the name that git gives to a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@contextmanager
def serve_hub() -> Iterator[FakeHub]:
    """Serve an empty hub on a free port of this machine."""
    hub = FakeHub()

    handler = type("Handler", (_Handler,), {"hub": hub})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        hub.address = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield hub
        server.shutdown()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    """Reads requests, asks the hub, writes answers."""

    hub: FakeHub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        name = "/".join(path.split("/")[3:5])
        if name not in self.hub.spaces:
            self._answer(404, {"error": "Repository not found"})
        elif "/tree/" in path:
            self._answer(200, self.hub.tree(name))
        else:
            self._answer(200, {"id": name, "sha": "1" * 40})

    def do_POST(self) -> None:
        body = self._body()
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            self._answer(401, {"error": "Invalid username or password."})
        elif self.hub.refusal:
            status, words = self.hub.refusal
            self._answer(status, {"error": words})
        else:
            self._answer(*self._post(body))

    def _post(self, body: bytes) -> tuple[int, Any]:
        path = self.path.partition("?")[0]
        lines = [json.loads(line) for line in body.splitlines()]
        if path == "/api/repos/create":
            return self.hub.create(lines[0])
        if path == "/api/validate-yaml":
            return 200, {"warnings": [], "errors": []}
        if path.endswith(".git/info/lfs/objects/batch"):
            return 200, self.hub.batch(lines[0])
        _, _, _, owner, name, verb, _ = path.split("/")
        if verb == "preupload":
            return 200, self.hub.modes(f"{owner}/{name}", lines[0])
        assert verb == "commit"
        return 200, self.hub.commit(f"{owner}/{name}", lines)

    def do_PUT(self) -> None:
        self.hub.put(self.path.removeprefix("/large/"), self._body())
        self._answer(200, {})

    def _body(self) -> bytes:
        if "Content-Length" in self.headers:
            return self.rfile.read(int(self.headers["Content-Length"]))
        parts = []  # a large file may come in chunks
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, status: int, value: Any) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Stay quiet."""
