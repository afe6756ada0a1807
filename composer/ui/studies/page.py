"""The researcher's tab: write a plan, see what it asks for, turn exported answers into a report.

What happens in an event is in `handlers`; here errors become sentences, values find their place.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import gradio as gr

from composer.listening.plan import EXAMPLE
from composer.ui.server.incidents import plain_errors
from composer.ui.shared.elements import NAME_BUTTON
from composer.ui.studies import handlers

INTRODUCTION = """
<div class="intro"><h2>Listening tests</h2>
<p>Write a plan, check it, keep it. <code>python -m composer study run plan.toml</code> makes the
clips and serves the listeners' page; <code>study analyse</code> writes the report, and so does this
page from the exported answers. A plan can also compare engines by numbers: "Compare engines" writes
it, and <code>study matched plan.toml</code> makes the pieces and measures them.</p></div>
"""
ANSWERS = '<h2 class="label">Exported answers, JSON lines</h2>'
_PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


def build(engines: Iterable[str]) -> None:
    """Place the tab and wire it.

    Args:
        engines: Names of those that can be compared, the usual one first.
    """
    gr.HTML(INTRODUCTION, apply_default_css=False)
    gr.HTML(handlers.running_studies(), apply_default_css=False)
    with gr.Row(elem_classes=["compose-page"]):
        with gr.Column(scale=3, min_width=320, elem_classes=["sheet"]):
            plan = gr.Textbox(
                EXAMPLE.read_text(encoding="utf-8"),
                label="plan, in TOML or JSON",
                lines=18,
                max_lines=30,
                elem_id="study-plan",
            )
            compared, write = _build_comparison(list(engines))
            check = gr.Button("Check the plan", variant="primary", elem_id="study-check")
        with gr.Column(scale=2, min_width=320, elem_classes=["sheet"]):
            checked = gr.HTML(apply_default_css=False, elem_id="study-checked")
            gr.HTML(ANSWERS, apply_default_css=False, js_on_load=NAME_BUTTON)
            results = gr.File(
                file_types=[".jsonl"],
                show_label=False,
                label="exported answers, JSON lines",
                elem_id="study-results",
            )
            report = gr.Button("Make the report", elem_id="study-analyse")
    shown = gr.HTML(apply_default_css=False, elem_id="study-report")
    # What was checked or reported belongs to the text and the file that were there.
    plan.input(lambda: "", None, checked, queue=False, **_PRIVATE)
    for changed in (plan.input, results.upload, results.clear):
        changed(lambda: "", None, shown, queue=False, **_PRIVATE)
    write.click(_write, compared, [plan, checked], queue=False, **_PRIVATE)
    check.click(_check, plan, checked, queue=False, **_PRIVATE)
    report.click(_report, [plan, results], shown, concurrency_limit=1, **_PRIVATE)


def _build_comparison(engines: list[str]) -> tuple[list[Any], gr.Button]:
    """Place what writes the plan of a matched set."""
    with gr.Accordion("Compare engines", open=False, elem_id="study-compare-fold"):
        fields = [
            gr.CheckboxGroup(engines, value=engines[:2], label="engines", elem_id="study-engines"),
            gr.Textbox(
                label="folder of files made elsewhere",
                info="MIDI files or REMIGEN words, as one more side; may be left out",
                max_lines=1,
                elem_id="study-folder",
            ),
            gr.Textbox(
                "s-9 o-0 t-35 i-0\ns-8 o-0 t-29 i-0",
                label="prompts",
                info="REMIGEN words, a line each; the plan can name settings instead",
                lines=3,
                max_lines=8,
                elem_id="study-prompts",
            ),
            gr.Textbox(
                "0.5, 0.8, 1.0", label="temperatures", max_lines=1, elem_id="study-temperatures"
            ),
            gr.Number(
                10,
                precision=0,
                minimum=1,
                label="pieces for each prompt and temperature",
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
