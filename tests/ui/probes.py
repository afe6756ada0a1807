"""Odd and hostile requests, as a table: what is asked, what the page answers, what it must answer.

`python -m tests.ui.probes` serves a page, asks all of them and prints the table of docs/probes.md.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from composer.corpus.uploads import MAX_UPLOAD_BYTES
from composer.ui.shared.settings import settings
from tests import visitor
from tests.corpus.files import SCALE, score_bytes
from tests.corpus.hostile import hostile_files
from tests.serving import FAKE_APP, Address, serve

GOOD = score_bytes(SCALE)
PLAIN = dict.fromkeys(settings(), "null") | {
    **{"bars": "4", "candidates": "2", "seed": "7", "temperature": "1.0"},
    **{
        "top_k": "0",
        "top_p": "1.0",
        "min_p": "0.02",
        "guidance": "1",
        "part_writing": "1",
        "prune": "0",
    },
}
TEXTS = ("composer", "form", "key", "meter", "ensemble")
# Of the events that take music in, in their order; behind the file.
USUAL: dict[str, list[object]] = {
    "extend": [1, 16, None, 0, None, None, 1.0, 2, 7, None, None, None, None],
    "infill": [1, 1, None, "keep", False, None, None, 1.0, 2, 7, None, None, None, None],
    "vary": [1, 1, 0.5, None, "keep", None, 2, 7, None, None, None, None],
    "harmonise": [1, None, None, None, 1.0, 2, 7, None, None, None, None],
}
FIVE_MB = f'"{"x" * 5_000_000}"'
MAX_SHOWN = 110


@dataclass(frozen=True)
class Probe:
    """One request.

    Args:
        group: The part of the page that it tries.
        name: What is odd about it.
        ask: Sends it to an address; returns what came back, in words.
        expected: Pattern of what must come back.
    """

    group: str
    name: str
    ask: Callable[[str], str]
    expected: str

    def holds(self, answer: str) -> bool:
        """Whether an answer is the expected one, and says nothing that it should not."""
        leaks = ('"error": null', "Traceback", "File not allowed: /etc")
        if self.group != "files" and any(leak in answer for leak in leaks):
            return False
        return re.search(self.expected, answer, re.DOTALL) is not None


def spelled(**changes: str) -> str:
    """Spell the settings as a JSON list."""
    return f"[{', '.join((PLAIN | changes).values())}]"


def _compose(values: str, address: str) -> str:
    event = visitor.call(address, "compose", values)
    return visitor.error_of(event) or _short(event)


def _inspect(make: Callable[[str], object], form: object, address: str) -> str:
    event = visitor.inspect(address, make(address), form)
    return visitor.error_of(event) or _short(event)


def _raw(endpoint: str, body: bytes, address: str) -> str:
    event = visitor.call(address, endpoint, body)
    return visitor.error_of(event) or _short(event)


def _get(path: str, address: str) -> str:
    reply = visitor.get(address, path)
    return f"{reply.status_code} {_short(reply.text)}"


def _run(endpoint: str, address: str) -> str:
    url = f"{address}{visitor.API}/run/{endpoint}"
    reply = visitor.CLIENT.post(url, json={"data": [None] * 15})
    return f"{reply.status_code} {_short(reply.text)}"


def _upload(files: Callable[[], list[tuple[str, bytes]]], address: str) -> str:
    reply = visitor.upload(address, *files())
    return f"{reply.status_code} {_short(re.sub(r'[0-9a-f]{64}', '<hash>', reply.text))}"


def _serve_back(name: str, data: bytes, address: str) -> str:
    path = visitor.upload(address, (name, data)).json()[0]
    reply = visitor.get(address, f"{visitor.API}/file={path}")
    kind, shown = (reply.headers.get(n, "") for n in ("content-type", "content-disposition"))
    return f"{reply.status_code} {kind}, {shown.partition(';')[0]}"


def _cors(origin: str, host: str, address: str) -> str:
    reply = visitor.get(address, "/config", Origin=origin, Host=host)
    allowed = reply.headers.get("access-control-allow-origin", "no origin")
    return f"allows {allowed}; cookies set: {len(reply.cookies)}"


def _short(text: str) -> str:
    return " ".join(text.split())[:400]


def _numbers() -> Iterator[Probe]:
    odd = ("NaN", "Infinity", "-Infinity", "null", "true", '"many"', "[]", "{}", "[4]", "1e999")
    odd += ("3.5", "0", "-1", "100000", "9" * 400, '"NaN"', '"1e999"', '"\\ud800"')
    for text in odd:
        shown = text if len(text) < 20 else f"{len(text)} digits"
        ask = partial(_compose, spelled(bars=text))
        yield Probe("numbers", f"`bars` {shown}", ask, "`bars` must be")
    for name in [name for name in settings() if name not in ("bars", *TEXTS)]:
        ask = partial(_compose, spelled(**{name: "NaN"}))
        yield Probe("numbers", f"`{name}` NaN", ask, f"`{name}` must be")
        ask = partial(_compose, spelled(**{name: '{"a": [1]}'}))
        yield Probe("numbers", f"`{name}` an object", ask, f"`{name}` must be")
    yield Probe("numbers", "`bars` 4.0", partial(_compose, spelled(bars="4.0")), "complete.*mid")


def _texts() -> Iterator[Probe]:
    shapes = {"5 MB": FIVE_MB, "a number": "7", "true": "true", "a list": '["G minor"]'}
    shapes |= {"an object": '{"a": {"b": []}}', "a lone surrogate": '"\\ud800"', "NUL": '"\\u0000"'}
    for name in TEXTS:
        for shape, text in shapes.items():
            ask = partial(_compose, spelled(**{name: text}))
            yield Probe("texts", f"`{name}` {shape}", ask, f"`{name}` must be")
    form = partial(_inspect, _good, "x" * 5_000_000)
    yield Probe("texts", "`form` of inspect, 5 MB", form, "there is no form 'x+'")
    for value in (7, True, [], {}, "\ud800", "nonsense", "../../etc"):
        ask = partial(_inspect, _good, value)
        yield Probe("texts", f"`form` of inspect {json.dumps(value)}", ask, "there is no form")


def _calls() -> Iterator[Probe]:
    yield Probe(
        "calls", "too few values", partial(_compose, "[4]"), f"wanted {len(PLAIN)} values, got 1"
    )
    many = f"[{', '.join(['1'] * 40)}]"
    yield Probe(
        "calls", "too many values", partial(_compose, many), f"wanted {len(PLAIN)} values, got 40"
    )
    for name, body in (
        ("no JSON", b"{"),
        ("values that are no list", b'{"data": {}}'),
        ("no values", b"{}"),
        ("a list in place of an object", b"[]"),
        ("100,000 brackets", b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
        ("bytes in no encoding", b'{"data": ["\xff\xfe"]}'),
    ):
        yield Probe("calls", name, partial(_raw, "compose", body), "a call is JSON")
    deep = b'{"data":[' + b"[" * 800 + b"]" * 800 + b",null]}"
    yield Probe("calls", "a value nested 800 deep", partial(_raw, "inspect", deep), "form that")
    huge = b'{"data":["' + b"x" * 9_000_000 + b'"]}'
    yield Probe("calls", "9 MB", partial(_raw, "compose", huge), "8.0 MB at most")
    unknown = partial(_raw, "nothing", b'{"data":[]}')
    yield Probe("calls", "an unknown endpoint", unknown, "no such endpoint")
    yield Probe("calls", "past the queue", partial(_run, "compose"), "^404")


def _given() -> Iterator[Probe]:
    """Odd requests to the events that take music in and write more; left out is the usual."""
    odd: tuple[tuple[str, str, list[object], str], ...] = (
        ("extend", "`bars` an object", [{"a": [1]}], "`bars` must be"),
        ("extend", "`bars` 513", [513], "`bars` must be from 1 to 512"),
        ("extend", "`chunk_bars` 1.5", [4, 1.5], "`chunk_bars` must be"),
        ("infill", "`first_bar` nothing", [None, 2], "`first_bar` must be"),
        ("infill", "bars that are not there", [7, 99], "bars 1 to"),
        ("infill", "`parts` a text", [1, 1, "1"], "`parts` must be"),
        ("infill", "`parts` a list of lists", [1, 1, [[1]]], "`parts` must be"),
        ("infill", "`edges` a list", [1, 1, None, ["keep"]], "`edges` must be"),
        ("vary", "`last_bar` NaN in quotes", [1, "NaN"], "`last_bar` must be"),
        ("harmonise", "`part` true", [True], "`part` must be"),
        ("harmonise", "`composer` a number", [1, 7], "`composer` must be"),
    )
    for endpoint, name, values, expected in odd:
        yield Probe("given", f"{endpoint}: {name}", partial(_ask, endpoint, values), expected)
    for endpoint, values in USUAL.items():
        ask = partial(_ask, endpoint, values[:0])
        yield Probe("given", f"{endpoint}: all as usual", ask, "complete.*mid")


def _ask(endpoint: str, values: list[object], address: str) -> str:
    rest = USUAL[endpoint][len(values) :]
    event = visitor.call(address, endpoint, json.dumps([_good(address), *values, *rest]))
    return visitor.error_of(event) or _short(event)


def _files() -> Iterator[Probe]:
    def value(found: object) -> Callable[[str], object]:
        return lambda address: found

    paths = {"/etc/passwd": "/etc/passwd", "our own source": "app.py", "upwards": "../../app.py"}
    paths |= {"loopback": "http://127.0.0.1:9/x.mid", "an address": "https://composer.invalid/x"}
    paths |= {"a file: address": "file:///etc/passwd", "NUL": "\0", "5,000 letters": "x" * 5_000}
    paths |= {"a guess": "/tmp/gradio/0/x.mid", "a folder": "/tmp", "a device": "/dev/zero"}
    for name, path in paths.items():
        for style, found in (("FileData", visitor.file_value(path)), ("bare", {"path": path})):
            ask = partial(_inspect, value(found), None)
            yield Probe("uploads", f"{style} path: {name}", ask, "no such file|not here|form that")
    for odd in (None, 3, True, "x.mid", [], {}, {"path": None}, {"path": []}, [{"path": "x"}]):
        ask = partial(_inspect, value(odd), None)
        yield Probe("uploads", f"file {json.dumps(odd)}", ask, "no file came|form that")
    yield Probe("uploads", "a good file", partial(_inspect, _good, None), '"notes": 8')
    evil = partial(_inspect, _evil, None)
    yield Probe("uploads", "evil.html as a score", evil, "no MusicXML score|neither MIDI")
    served = partial(_serve_back, "evil.html", b"<script>alert(1)</script>")
    yield Probe(
        "uploads", "evil.html, fetched", served, "^200 application/octet-stream, attachment"
    )
    svg = partial(_serve_back, "evil.svg", b'<svg onload="alert(1)"/>')
    yield Probe("uploads", "evil.svg, fetched", svg, "^200 (application/octet-stream|.*attachment)")
    many = partial(_upload, lambda: [(f"{i}.mid", bytes(1_900_000)) for i in range(10)])
    yield Probe("uploads", "10 files of 1.9 MB in one request", many, "^413 .*at most")
    large = partial(_upload, lambda: [("x.mid", bytes(MAX_UPLOAD_BYTES + 1))])
    yield Probe("uploads", "a file of 6 MB and a byte", large, "^413 .*maximum allowed size")
    for name in (
        "../../x.mid",
        "a" * 300 + ".mid",
        "ü名\u202e.mid",
        "X.MID",
        "a\0b.mid",
        "<b>.mid",
    ):
        ask = partial(_upload, partial(_named, name))
        yield Probe("uploads", f"file name {name[:20]!r}", ask, r'^200 \["/[^"]*/<hash>/[^/"]+"\]')
    for name in list(hostile_files())[::16]:
        ask = partial(_inspect, partial(_hostile, name), None)
        yield Probe("uploads", f"hostile file, {name}", ask, r"\bfile\b|no notes|piece|\"notes\"")


def _named(name: str) -> list[tuple[str, bytes]]:
    return [(name, GOOD)]


def _good(address: str) -> object:
    return visitor.uploaded(address, GOOD)


def _evil(address: str) -> object:
    return visitor.uploaded(address, b"<html><script>alert(1)</script></html>", "evil.html")


def _hostile(name: str, address: str) -> object:
    return visitor.uploaded(address, hostile_files()[name], "x.mid")


def _paths() -> Iterator[Probe]:
    for path in (
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=app.py",
        "/gradio_api/file=assets/checkpoints/small/config.json",
        "/gradio_api/file=../../../../etc/passwd",
        "/gradio_api/file=%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/gradio_api/file=http://127.0.0.1",
        "/gradio_api/file=//127.0.0.1/x",
        "/gradio_api/proxy=http://127.0.0.1/",
        "/gradio_api/proxy=https://composer.invalid/",
        "/static/../../../../etc/passwd",
        "/assets/../../../../etc/passwd",
        "/gradio_api/custom_component/../../../etc/passwd",
        "/gradio_api/component_server",
        "/gradio_api/vibe-code",
        "/gradio_api/mcp/sse",
        "/monitoring",
        "/monitoring/summary",
        "/gradio_api/monitoring",
        "/gradio_api/monitoring/summary",
        "/docs",
    ):
        yield Probe("files", path, partial(_get, path), "^(400|403|404|405|422)")


def _origins() -> Iterator[Probe]:
    here, there = "127.0.0.1:7860", "composer.invalid"
    for name, origin, host, expected in (
        ("a foreign page asks the local one", "https://evil.invalid", here, "no origin"),
        ("a page from disk asks the local one", "null", here, "no origin"),
        ("a foreign page asks a public one", "https://evil.invalid", there, "evil.*cookies set: 0"),
        ("the page asks itself", "http://127.0.0.1:7860", here, "allows http://127.0.0.1:7860"),
    ):
        yield Probe("origins", name, partial(_cors, origin, host), expected)


PROBES = (*_numbers(), *_texts(), *_calls(), *_given(), *_files(), *_paths(), *_origins())


HEADING = """# What the page answers to odd and hostile requests

Asked of a page served on the loopback by `python -m tests.ui.probes`, which prints this file; the
same probes are tests (tests/ui/test_probes.py). Long answers are cut. Hostile files: those of
tests/corpus/hostile.py, of which every sixteenth is asked here and every one in
tests/corpus/test_hostile.py.

A foreign page may call a public one, as any program may: there are no cookies and no login, so
nothing of a visitor goes along. What is uploaded or composed lies under names that cannot be
guessed, is handed out as a download, and is deleted after an hour.
"""


def table(address: Address) -> Iterator[str]:
    """Ask all probes; yield the lines of a Markdown table."""
    yield "| part | asked | answered |"
    yield "| --- | --- | --- |"
    for probe in PROBES:
        answer = probe.ask(address)
        mark = "" if probe.holds(answer) else "**unexpected** "
        answer = re.sub(r"/[^\"\s]*/(?=[0-9a-f]{32}|<hash>)", "/cache/", answer)
        shown = answer[:MAX_SHOWN] + ("..." if len(answer) > MAX_SHOWN else "")
        cells = (probe.group, probe.name, mark + shown)
        yield f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    printable = "".join(c if c.isprintable() else "?" for c in text)
    return printable.replace("|", "/").replace("<", "&lt;")


def main() -> None:
    """Serve a page, ask it and write the document."""
    with serve(*FAKE_APP, STEP_S="0.01") as address:
        rows = "\n".join(table(address))
    sys.stdout.write(f"{HEADING}\n{rows}\n")


if __name__ == "__main__":
    main()
