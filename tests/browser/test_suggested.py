"""The line under the sampling sliders: there by keyboard and on a phone, gone without a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.conftest import Tab
from tests.serving import FAKE_APP, serve

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PLACES = """() => {
    const foot = (id) => document.querySelector(id).getBoundingClientRect().bottom;
    const root = document.documentElement;
    return {last: foot('.seed'), fold: foot('#more'),
            overflows: root.scrollWidth > root.clientWidth};
}"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve(*FAKE_APP, STEP_S="0.01") as url:
        yield url


def value_becomes(tab: Tab, name: str, value: str) -> None:
    field = f"document.querySelector('#setting-{name} input[type=number]')"
    tab.page.wait_for_function(f"{field}.value === '{value}'")


@pytest.mark.parametrize("width_px", [390, 1280])
def test_what_is_suggested_is_set_by_one_key_and_leaves_no_room_behind(
    address: str, open_tab: Callable[..., Tab], width_px: int
) -> None:
    tab = open_tab(address, width_px)
    for fold in ("#more", "#experts"):
        tab.page.click(f"{fold} > button")
    tab.page.wait_for_selector("#suggested:has-text('Suggested for chorales')")
    before: dict[str, Any] = tab.page.evaluate(PLACES)
    assert not before["overflows"]
    tab.page.focus("#use-suggested")
    tab.page.keyboard.press("Enter")
    for name, value in (("temperature", "0.9"), ("min-p", "0.02"), ("guidance", "1.5")):
        value_becomes(tab, name, value)
    tab.page.click("#setting-composer input")
    tab.page.click("[role='option']:has-text('Schubert')")  # of whose songs nothing is known
    tab.page.wait_for_selector("#suggested", state="detached")
    after = tab.page.evaluate(PLACES)
    room_px = after["fold"] - after["last"]
    assert 0 <= room_px < 24 < before["fold"] - before["last"]
