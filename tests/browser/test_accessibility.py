"""Every page under axe-core, light and dark: nothing serious is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from composer.piece import Piece
from composer.rendering import write_midi
from tests.browser.conftest import Tab
from tests.serving import FAKE_APP, serve

pytestmark = [pytest.mark.browser, pytest.mark.slow]
OpenTab = Callable[..., Tab]
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
FOLDS = ", ".join(
    f"#{name}-fold .label-wrap"
    for name in ("asked", "scorecard", "rejected", "history", "library", "why")
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve(*FAKE_APP, STEP_S="0.01") as url:
        yield url


def faults(tab: Tab) -> list[str]:
    """Return what axe-core calls serious or critical, with an example of each."""
    tab.page.wait_for_timeout(400)  # until tabs and folds have faded in
    tab.page.add_script_tag(path=AXE)
    found: dict[str, Any] = tab.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{fault['id']}: {node['html'][:200]} {node['failureSummary'][:200]}"
        for fault in found["violations"]
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"][:3]
    ]


# What a finger should hit. Links and marks within a text, keys of a piano and sliders are of their
# own size; boxes count with their labels, fields with the room around them.
SMALL = """() => [...document.querySelectorAll(
    'button, select, summary, .label-wrap, label:has(> input[type=radio], > input[type=checkbox])'
  )]
  .filter((one) => one.checkVisibility({visibilityProperty: true, opacityProperty: true}))
  .filter((one) => !one.disabled && !one.closest('.piano-keys, .tab-container.visually-hidden, a'))
  .map((one) => [one, one.getBoundingClientRect()])
  .filter(([one, {width, height}]) => height > 1 && (height < 39.5 || width < 30))
  .map(([one, {width, height}]) => `${one.outerHTML.slice(0, 90)} ${width}x${height}`)"""


OPEN_ALL = """() => [...document.querySelectorAll('.label-wrap:not(.open), .sv-practice summary')]
  .filter((one) => one.checkVisibility()).forEach((one) => one.click())"""


def test_every_control_is_large_enough_for_a_finger(
    address: str, open_tab: OpenTab, chorale: Piece, tmp_path: Path
) -> None:
    tab = open_tab(address, 390)
    tab.wish(bars=4, candidates=3)
    tab.compose()
    tab.page.wait_for_selector("#sheet img")
    file = write_midi(chorale, tmp_path / "c.mid")
    for name in ("compose", "extend", "edit", "inspect", "studies", "about"):
        tab.page.evaluate(f"location.hash = '{name}'")
        tab.page.wait_for_selector(f"[role='tab'][aria-selected='true']:text-is('{name.title()}')")
        if name in ("extend", "edit"):
            tab.page.set_input_files(f"#{name}-upload input[type=file]", file)
            tab.page.wait_for_selector(f"#{name}-sheet img")
        tab.page.evaluate(OPEN_ALL)
        tab.page.wait_for_timeout(400)
        assert tab.page.evaluate(SMALL) == [], name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_fault(
    address: str, open_tab: OpenTab, chorale: Piece, tmp_path: Path, scheme: str
) -> None:
    tab = open_tab(f"{address}/?__theme={scheme}")
    assert faults(tab) == []
    tab.wish(bars=4, candidates=6)
    tab.compose()
    tab.page.wait_for_selector("#sheet img")
    for fold in tab.page.locator(FOLDS).all():
        fold.click()
    tab.page.click("#compose-score .sv-practice summary")
    assert faults(tab) == []
    tab.page.click("#pages [role='tab']:has-text('Studies')")
    for fold in tab.page.locator(".tabitem:visible .label-wrap").all():
        fold.click()
    tab.page.click("#study-plan-it")
    tab.page.wait_for_selector("#study-checked :text('questions')")
    assert faults(tab) == []
    tab.page.click("#pages [role='tab']:has-text('Inspect')")
    tab.page.wait_for_selector("#upload")
    tab.page.set_input_files("#upload input[type=file]", write_midi(chorale, tmp_path / "c.mid"))
    tab.page.wait_for_selector("#inspect-sheet img")
    assert faults(tab) == []
    tab.page.click("#pages [role='tab']:has-text('About')")
    tab.page.click("#model-card button")
    assert faults(tab) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["extend", "edit"])
def test_no_page_for_given_music_has_a_serious_fault(
    address: str, open_tab: OpenTab, chorale: Piece, tmp_path: Path, scheme: str, name: str
) -> None:
    tab = open_tab(f"{address}/?__theme={scheme}#{name}", wait_for=f"#{name}-upload")
    for fold in tab.page.locator(".tabitem:visible .label-wrap").all():
        fold.click()
    assert faults(tab) == []
    file = write_midi(chorale, tmp_path / "c.mid")
    tab.page.set_input_files(f"#{name}-upload input[type=file]", file)
    tab.page.wait_for_selector(f"#{name}-sheet img")
    assert faults(tab) == []
