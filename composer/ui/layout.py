"""The whole page: header, pages, queue. Each page is a file beside this one."""

from __future__ import annotations

import gradio as gr

from composer import settings
from composer.ui.about import page as about_page
from composer.ui.api import endpoints as api
from composer.ui.compose import page as compose_page
from composer.ui.edit import page as edit_page
from composer.ui.extend import page as extend_page
from composer.ui.inspect import page as inspect_page
from composer.ui.live import page as live_page
from composer.ui.rest.opening import open_rest
from composer.ui.server.entrance import PlainBlocks
from composer.ui.server.turns import Turns
from composer.ui.shared import keeping
from composer.ui.shared.elements import html
from composer.ui.shared.underway import Works
from composer.ui.studies import page as studies_page
from composer.ui.studio import Studio, default_studio

HEADER = (
    '<header class="masthead"><h1>Composer</h1>'
    "<p>New music in the style of great composers: it writes many candidates, weighs each one "
    "and plays you the best.</p></header>"
)
# Tell the width of the window; open the page that the address names after `#`, and let the address
# follow the page, so that it can be kept.
ARRIVE = """() => {
    const tabs = [...document.querySelectorAll('#pages > .tab-wrapper [role="tab"]')];
    const nameOf = (tab) => tab.textContent.trim().toLowerCase();
    const named = () => location.hash || '#compose';
    const open = () => tabs.find((tab) => '#' + nameOf(tab) === named())?.click();
    // Back goes to the page before: each has its place in the history of the window.
    for (const tab of tabs) tab.addEventListener('click', () => {
        if (named() !== '#' + nameOf(tab)) location.hash = nameOf(tab);
    });
    window.addEventListener('hashchange', open);
    open();
    return window.innerWidth;
}"""
# A file of a visitor lives an hour; the cache is looked through every ten minutes.
DELETE_CACHE_S = (600, 3600)
MAX_WAITING = 20


def build_app(studio: Studio | None = None) -> PlainBlocks:
    """Build the page.

    Args:
        studio: What composes; the bundled checkpoint if None.

    Raises:
        CheckpointError: If the checkpoint will not do.
        OptionError: If a setting will not do.
    """
    studio = studio or default_studio()
    studio.load()
    n_at_once = settings.read().page.concurrency
    turns = Turns(n_at_once)
    studio = studio.in_turn(turns)
    demo = PlainBlocks(title="Composer", analytics_enabled=False, delete_cache=DELETE_CACHE_S)
    with demo:
        html(HEADER)
        window_px = gr.Number(visible=False)
        keepers, works = keeping.build(), Works(n_at_once)
        with gr.Tabs(elem_id="pages"):
            with gr.Tab("Compose", id="compose"):
                visit, onward, asked = compose_page.build(
                    demo, studio, window_px, works=works, keeper=keepers["compose"]
                )
            with gr.Tab("Extend", id="extend"):
                extend_page.build(
                    *(demo, studio, visit, onward["extend"], window_px),
                    works=works,
                    keeper=keepers["extend"],
                    asked=asked,
                )
            with gr.Tab("Edit", id="edit"):
                edit_page.build(
                    *(demo, studio, visit, onward["edit"], window_px),
                    works=works,
                    keeper=keepers["edit"],
                )
            with gr.Tab("Live", id="live"):
                live_page.build(studio)
            with gr.Tab("Inspect", id="inspect"):
                inspect_page.build(studio, window_px)
            with gr.Tab("Studies", id="studies"):
                studies_page.build(studio.engines(), studio.menu())
            with gr.Tab("About", id="about"):
                about_page.build(studio, n_at_once=n_at_once)
        demo.load(None, None, window_px, js=ARRIVE)
        api.build(studio, n_at_once=n_at_once)
    demo.rest = open_rest(studio, turns)
    demo.queue(max_size=MAX_WAITING, default_concurrency_limit=1)
    return demo
