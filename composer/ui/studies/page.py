"""The researcher's tab: plan a test, see what it asks for, host it, turn answers into a report.

What happens in an event is in `handlers`; here errors become sentences, values find their place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from composer.engines import MenuEntry
from composer.errors import ComposerError
from composer.listening.plan import EXAMPLE
from composer.ui.server.incidents import plain_errors
from composer.ui.shared import choices, wording
from composer.ui.shared.choices import Example
from composer.ui.shared.elements import NAME_BUTTON, html
from composer.ui.studies import form, handlers, hosting

INTRODUCTION = """
<div class="intro"><h2>Listening tests</h2>
<p>Say what is compared, and with whom; the form writes the plan. Where this server may host
studies, it makes the clips, lets you hear the test as a listener, gives you the link for others,
and shows progress and report; elsewhere <code>python -m composer study run plan.toml</code> does.
<code>study analyse</code> writes the report, and so does this page from the exported answers.
"Compare engines" writes a plan that compares by numbers; <code>study matched plan.toml</code> makes
the pieces and measures them.</p></div>
"""
ANSWERS = '<h2 class="label">Exported answers, JSON lines</h2>'
DESIGNS = {
    "pairwise": "which of two is better",
    "abx": "which of two is X",
    "composer": "which of two is by the composer",
    "rating": "how good is one, on scales",
    "multiple": "how good are several beside each other",
}
FOLLOW_S = 3.0  # between two looks at who came to a study
_PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


def build(engines: Iterable[str], rows: Sequence[MenuEntry]) -> None:
    """Place the tab and wire it.

    Args:
        engines: Names of those that can be compared, the usual one first.
        rows: The pairs of composer and form on offer.
    """
    gr.HTML(INTRODUCTION, apply_default_css=False)
    with gr.Row(elem_classes=["compose-page"]):
        with gr.Column(scale=3, min_width=320, elem_classes=["sheet"]):
            asked, plan_it = _build_form(rows)
            compared, write = _build_comparison(list(engines))
            with gr.Accordion("Advanced: the plan as text", open=False, elem_id="study-plan-fold"):
                plan = gr.Textbox(
                    EXAMPLE.read_text(encoding="utf-8"),
                    label="Plan, in TOML or JSON",
                    lines=18,
                    max_lines=30,
                    elem_id="study-plan",
                )
                check = gr.Button("Check the plan", elem_id="study-check")
        with gr.Column(scale=2, min_width=320, elem_classes=["sheet"]):
            checked = gr.HTML(apply_default_css=False, elem_id="study-checked")
            hosting_of = _build_hosting(plan)
            gr.HTML(ANSWERS, apply_default_css=False, js_on_load=NAME_BUTTON)
            results = gr.File(
                file_types=[".jsonl"],
                show_label=False,
                label="Exported answers, JSON lines",
                elem_id="study-results",
            )
            report = gr.Button("Make the report", elem_id="study-analyse")
    shown = gr.HTML(apply_default_css=False, elem_id="study-report")
    # What was checked or reported belongs to the text and the file that were there.
    plan.input(lambda: "", None, checked, queue=False, **_PRIVATE)
    for changed in (plan.input, results.upload, results.clear):
        changed(lambda: "", None, shown, queue=False, **_PRIVATE)
    plan_it.click(_plan, asked, [plan, checked], queue=False, **_PRIVATE)
    write.click(_write, compared, [plan, checked], queue=False, **_PRIVATE)
    check.click(_check, plan, checked, queue=False, **_PRIVATE)
    report.click(_report, [plan, results], shown, concurrency_limit=1, **_PRIVATE)
    if hosting_of is not None:
        inputs = [hosting_of.name, hosting_of.key]
        hosting_of.report.click(_report_of, inputs, shown, concurrency_limit=1, **_PRIVATE)


def _build_form(rows: Sequence[MenuEntry]) -> tuple[list[Any], gr.Button]:
    """Place what writes the plan of a listening test."""
    html('<h2 class="label">What against what</h2>')
    designs = [(f"{name}: {words}", name) for name, words in DESIGNS.items()]
    first = Example("open", "open", "", "", 16)
    first = next(iter(choices.examples(rows)), first)
    title = gr.Textbox("Listening test", label="Title", max_lines=1, elem_id="study-title")
    design = gr.Dropdown(designs, value="pairwise", label="Question", elem_id="study-design")
    sides = gr.CheckboxGroup(
        list(form.SIDES),
        value=["best of 64", "first draw"],
        label="Compared",
        elem_id="study-sides",
    )
    works = gr.Textbox(
        label="Real pieces",
        info="works of music21 such as bach/bwv66.6, one for each key, or a folder of this server",
        max_lines=3,
        elem_id="study-works",
    )
    with gr.Row(elem_classes=["pair"]):
        composer = gr.Dropdown(
            choices.composer_choices(rows),
            value=first.composer,
            label="Composer",
            min_width=120,
            elem_id="study-composer",
        )
        kind = gr.Dropdown(
            choices.form_choices(rows, None),
            value=first.form,
            label="Form",
            min_width=120,
            elem_id="study-form",
        )
    with gr.Row(elem_classes=["pair", "level"]):
        keys = gr.Textbox(
            "G major, A minor, D major, E minor, F major, C minor",
            label="Keys",
            info="each is a question of its own",
            min_width=120,
            elem_id="study-keys",
        )
        bars = gr.Number(10, label="Bars", precision=0, min_width=120, elem_id="study-bars")
    with gr.Row(elem_classes=["pair", "level"]):
        trials = gr.Number(
            6, label="Questions a listener", precision=0, min_width=120, elem_id="study-trials"
        )
        listeners = gr.Number(
            40, label="Listeners at most", precision=0, min_width=120, elem_id="study-listeners"
        )
    clip_s = gr.Number(20, label="Seconds a clip", elem_id="study-clip")
    values = [title, design, sides, works, composer, kind, keys, bars, trials, listeners, clip_s]
    return values, gr.Button("Plan the test", variant="primary", elem_id="study-plan-it")


@dataclass(frozen=True)
class Hosted:
    """The components of the studies of this server.

    Args:
        key: Of this server.
        name: Of a study.
        report: Makes the report of it.
    """

    key: gr.Textbox
    name: gr.Dropdown
    report: gr.Button


def _build_hosting(plan: gr.Textbox) -> Hosted | None:
    """Place what begins, watches and ends the studies of this server; None where it has none."""
    if not handlers.can_host():
        gr.HTML(f'<p class="note">{hosting.NOT_HERE}.</p>', apply_default_css=False)
        return None
    html('<h2 class="label">Hosting on this server</h2>')
    key = gr.Textbox(label="Key of this server", type="password", elem_id="study-key")
    with gr.Row():
        preview = gr.Button("Preview as a listener", size="sm", elem_id="study-preview")
        begin = gr.Button("Host this plan", size="sm", elem_id="study-begin")
        look = gr.Button("Show studies", size="sm", elem_id="study-look")
    name = gr.Dropdown([], label="Studies of this server", elem_id="study-name")
    with gr.Row():
        report = gr.Button("Report so far", size="sm", elem_id="study-report-of")
        end = gr.Button("Stop hosting", size="sm", elem_id="study-end")
    progress = gr.HTML(apply_default_css=False, elem_id="study-progress")
    clock = gr.Timer(FOLLOW_S, active=False)
    said = gr.HTML(apply_default_css=False, elem_id="study-hosted")
    preview.click(_preview, [plan, key], said, concurrency_limit=1, **_PRIVATE)
    begin.click(_host, [plan, key], [said, name], concurrency_limit=1, **_PRIVATE)
    look.click(_look, key, [said, name], queue=False, **_PRIVATE)
    name.change(_follow, [name, key], [progress, clock], queue=False, **_PRIVATE)
    clock.tick(_follow, [name, key], [progress, clock], queue=False, **_PRIVATE)
    end.click(_end, [name, key], [said, name], queue=False, **_PRIVATE)
    return Hosted(key, name, report)


def _preview(plan: Any, key: Any, request: gr.Request) -> Iterator[str]:
    with plain_errors():
        yield from handlers.preview_as_listener(plan, key, _origin(request))


def _follow(name: Any, key: Any) -> tuple[str, Any]:
    """Show who came to a study, and go on as long as one is chosen and may be seen."""
    if not name:
        return "", gr.Timer(active=False)
    try:
        return handlers.show_progress(name, key), gr.Timer(active=True)
    except ComposerError as error:
        return wording.note(str(error)), gr.Timer(active=False)


def _report_of(name: Any, key: Any) -> str:
    with plain_errors():
        return handlers.report_of(name, key)


def _host(plan: Any, key: Any, request: gr.Request) -> Iterator[tuple[Any, Any]]:
    with plain_errors():
        for words in handlers.host(plan, key):
            yield words, gr.skip()
        yield _hosted(key, request)


def _look(key: Any, request: gr.Request) -> tuple[Any, Any]:
    with plain_errors():
        return _hosted(key, request)


def _end(name: Any, key: Any, request: gr.Request) -> tuple[Any, Any]:
    with plain_errors():
        handlers.end(name, key)
        return _hosted(key, request)


def _hosted(key: Any, request: gr.Request) -> tuple[Any, Any]:
    """Return the hosted studies as HTML and as choices, at the address that the browser knows."""
    listed = handlers.study_choices(key)
    chosen = listed[0][1] if listed else None
    shown = handlers.show_hosted(handlers.hosted(key), _origin(request))
    return shown, gr.update(choices=listed, value=chosen)


def _origin(request: gr.Request) -> str:
    """Return the address of this server as the browser knows it."""
    return request.headers.get("origin") or f"http://{request.headers.get('host', '')}"


def _plan(*values: Any) -> tuple[str, str]:
    with plain_errors():
        plan = form.plan_of(*values)
        return plan, handlers.check_plan(plan)


def _build_comparison(engines: list[str]) -> tuple[list[Any], gr.Button]:
    """Place what writes the plan of a matched set."""
    with gr.Accordion("Compare engines", open=False, elem_id="study-compare-fold"):
        fields = [
            gr.CheckboxGroup(engines, value=engines[:2], label="Engines", elem_id="study-engines"),
            gr.Textbox(
                label="Folder of files made elsewhere",
                info="MIDI files or REMIGEN words, as one more side; may be left out",
                max_lines=1,
                elem_id="study-folder",
            ),
            gr.Textbox(
                "s-9 o-0 t-35 i-0\ns-8 o-0 t-29 i-0",
                label="Prompts",
                info="REMIGEN words, a line each; the plan can name settings instead",
                lines=3,
                max_lines=8,
                elem_id="study-prompts",
            ),
            gr.Textbox(
                "0.5, 0.8, 1.0", label="Temperatures", max_lines=1, elem_id="study-temperatures"
            ),
            gr.Number(
                10,
                precision=0,
                minimum=1,
                label="Pieces for each prompt and temperature",
                elem_id="study-samples",
            ),
        ]
        return fields, gr.Button("Write the plan", elem_id="study-write")


def _write(*values: Any) -> tuple[str, str]:
    with plain_errors():
        plan = handlers.compare_engines(*values)
        return plan, handlers.check_plan(plan)


def _check(plan: Any) -> str:
    with plain_errors():
        return handlers.check_plan(plan)


def _report(plan: Any, results: Any) -> str:
    with plain_errors():
        return handlers.show_report(plan, results)
