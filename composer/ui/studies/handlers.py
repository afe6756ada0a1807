"""What happens on the researcher's tab: text and files in, HTML out. Keeps nothing here."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import segno

from composer.errors import RequestError
from composer.listening.analysis.page import report_page
from composer.listening.analysis.power import Need
from composer.listening.analysis.report import analyse
from composer.listening.ballots import Listener
from composer.listening.journal import read_listeners
from composer.listening.plan import MAX_PLAN_BYTES, StudyPlan, read_values
from composer.listening.preview import preview
from composer.listening.turnout import Turnout, turnout
from composer.matched import MatchedPlan
from composer.settings import read
from composer.ui.studies.hosting import opened_by

MAX_RESULTS_BYTES = 2_000_000
NO_RESULTS = "upload the results of a study first: the JSON lines that its server exported"


def check_plan(text: Any) -> str:
    """Return a plan in numbers as HTML, with a link to keep it.

    Args:
        text: Of a listening test, or of a matched set.

    Raises:
        RequestError: In one sentence, if it is no plan.
    """
    values = _values(text)
    if isinstance(values, Mapping) and "sides" in values:
        step, lines = "matched", MatchedPlan.from_dict(values).to_text()
    else:
        step, lines = "run", preview(StudyPlan.from_dict(values)).to_text()
    suffix = "json" if _is_json(text) else "toml"
    link = _link(f"plan.{suffix}", "text/plain", str(text), "Download the plan")
    then = f"then <code>python -m composer study {step} plan.{suffix}</code>"
    return f"<pre class='study'>{escape(lines)}</pre><p>{link}, {then}</p>"


def compare_engines(
    engines: Any, folder: Any, prompts: Any, temperatures: Any, samples: Any
) -> str:
    """Return the plan of a matched set as TOML.

    Args:
        engines: Names of those that are compared.
        folder: Of MIDI files or REMIGEN words that were made elsewhere; none if empty.
        prompts: REMIGEN words, a line each.
        temperatures: Numbers with commas or spaces between them.
        samples: Pieces for each prompt and temperature.

    Raises:
        RequestError: In one sentence, if it makes no plan.
    """
    sides = [{"name": _side_name(name), "engine": name} for name in engines or ()]
    if folder and str(folder).strip():
        sides.append({"name": "elsewhere", "folder": str(folder).strip()})
    if len(sides) < 2:
        raise RequestError("choose two engines, or one and a folder of files made elsewhere")
    try:
        heights = [float(word) for word in str(temperatures).replace(",", " ").split()]
    except ValueError as error:
        raise RequestError("write temperatures as numbers, such as 0.5, 0.8, 1.0") from error
    values = {
        "title": " and ".join(side["name"] for side in sides),
        "samples": samples,
        "temperatures": heights,
        "sides": sides,
        "prompts": [line.strip() for line in str(prompts).splitlines() if line.strip()],
    }
    return MatchedPlan.from_dict(values).to_toml()


def show_report(text: Any, results: Any) -> str:
    """Return the report of exported answers as HTML, with a link to keep it.

    Args:
        text: The plan.
        results: Path of the uploaded JSON lines.

    Raises:
        RequestError: In one sentence, if plan or results will not do.
    """
    return _report(_plan(text), _listeners(results))


def report_of(name: Any, key: Any) -> str:
    """Return the report of a study of this server so far, as HTML with a link to keep it.

    While it is served, listeners on the way are left out: they have not left, and may finish.

    Raises:
        RequestError: If there is none of that name, or the key is another.
    """
    studies = opened_by(key)
    plan, listeners = studies.read(name)
    is_over = name not in studies.names
    counted = [one for one in listeners if is_over or one.finished_at or one.is_withdrawn]
    return _report(plan, counted)


def _report(plan: StudyPlan, listeners: Sequence[Listener]) -> str:
    page = report_page(analyse(plan, listeners))
    link = _link("report.html", "text/html", page, "Download the report")
    frame = f'<iframe class="study" sandbox title="Report" srcdoc="{escape(page)}"></iframe>'
    return f"<p>{link}</p>{frame}"


def can_host() -> bool:
    """Whether this server may host studies: it has a folder for them, and a key."""
    studies = read().studies
    return studies.folder is not None and bool(studies.key.get_secret_value())


def host(text: Any, key: Any) -> Iterator[str]:
    """Make the clips of a plan and serve it; yield how far that is, as HTML.

    Raises:
        RequestError: In one sentence, if the plan or the key will not do.
    """
    studies, plan = opened_by(key), _plan(text)
    for done, wanted in studies.begin(plan):
        yield f'<p class="note">{done} of {wanted} clips</p>'


def preview_as_listener(text: Any, key: Any, origin: str) -> Iterator[str]:
    """Make the clips of a plan and show the way to its preview; yield HTML.

    Args:
        text: The plan.
        key: Of this server.
        origin: Address of this server, as the browser knows it.

    Raises:
        RequestError: If the plan or the key will not do.
    """
    studies, plan = opened_by(key), _plan(text)
    for done, wanted in studies.preview(plan):
        yield f'<p class="note">{done} of {wanted} clips</p>'
    address = f"{origin.rstrip('/')}/studies/{studies.preview_path(plan)}"
    yield (
        f'<p><a href="{escape(address)}" target="_blank">Open the test as a listener</a>; '
        "answers given there do not count. Host the plan when it is as you want it.</p>"
    )


def show_progress(name: Any, key: Any) -> str:
    """Show who came to a study of this server, beside how many are needed, as HTML.

    Raises:
        RequestError: If there is none of that name, or the key is another.
    """
    plan, listeners = opened_by(key).read(name)
    now = turnout(plan, listeners)
    return f"<p><b>{escape(plan.title)}</b>: {now.to_text()}.</p>{_chart(now, preview(plan).needs)}"


def _chart(now: Turnout, needs: Sequence[Need]) -> str:
    """Draw the places of a study: finished, on the way, and where a preference would be found."""
    bars = (("finished", 0, now.finished), ("under-way", now.finished, now.under_way))
    drawn = "".join(
        f'<i class="{kind}" style="left:{100 * begin / now.places:.2f}%;'
        f'width:{100 * count / now.places:.2f}%"></i>'
        for kind, begin, count in bars
    )
    marks = "".join(
        f'<b style="left:{100 * one.listeners / now.places:.2f}%"></b>'
        for one in needs
        if one.listeners < now.places
    )
    found = ", ".join(f"{one.listeners} for {100 * one.share:.0f} %" for one in needs)
    note = f"Listeners needed to find a preference (marks): {found}" if found else ""
    return (
        f'<div class="turnout" role="img" aria-label="{now.finished} of {now.places} places '
        f'finished">{drawn}{marks}</div><p class="note">{note}</p>'
    )


def end(name: Any, key: Any) -> None:
    """Serve a study no more; its answers stay.

    Raises:
        RequestError: If there is none of that name, or the key is another.
    """
    opened_by(key).end(name)


def hosted(key: Any) -> list[str]:
    """Return the names of the studies that are served.

    Raises:
        RequestError: If the key is another.
    """
    return opened_by(key).names


def study_choices(key: Any) -> list[tuple[str, str]]:
    """Return the studies of this server with answers, those that are served first.

    Raises:
        RequestError: If the key is another.
    """
    studies = opened_by(key)
    closed = [name for name in studies.kept if name not in studies.names]
    return [
        *((name, name) for name in studies.names),
        *((f"{name} (closed)", name) for name in closed),
    ]


def show_hosted(names: Sequence[str], origin: str) -> str:
    """Show the links for listeners, each with a code to be photographed, as HTML.

    Args:
        names: Of the studies.
        origin: Address of this server, as the browser knows it.
    """
    if not names:
        return '<p class="note">No study is hosted here.</p>'
    return "".join(_hosted(name, f"{origin.rstrip('/')}/studies/{name}/") for name in names)


def _hosted(name: str, address: str) -> str:
    code = segno.make(address, micro=False).svg_data_uri(scale=5, border=2)
    words = escape(name)
    return (
        f'<figure class="hosted"><img alt="QR code of {words}" src="{escape(code)}">'
        f'<figcaption><b>{words}</b><br><a href="{escape(address)}" target="_blank">'
        f"{escape(address)}</a></figcaption></figure>"
    )


def _side_name(engine: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in engine)[:40]


def _plan(text: Any) -> StudyPlan:
    return StudyPlan.from_dict(_values(text))


def _values(text: Any) -> Any:
    if not isinstance(text, str) or len(text) > MAX_PLAN_BYTES:
        raise RequestError("a plan is a text in TOML or JSON of at most 1 MB")
    return read_values(text, is_json=_is_json(text))


def _is_json(text: str) -> bool:
    return text.lstrip().startswith("{")


def _listeners(results: Any) -> Any:
    if not isinstance(results, str):
        raise RequestError(NO_RESULTS)
    path = Path(results)
    if path.stat().st_size > MAX_RESULTS_BYTES:
        raise RequestError("results may have 2 MB here; for more use `study analyse`")
    with TemporaryDirectory() as folder:
        (Path(folder) / "results.jsonl").write_bytes(path.read_bytes())
        return read_listeners(Path(folder), exports=Path(folder))


def _link(name: str, media_type: str, text: str, words: str) -> str:
    data = base64.b64encode(text.encode("utf-8", "replace")).decode()
    return f'<a download="{name}" href="data:{media_type};base64,{data}">{words}</a>'
