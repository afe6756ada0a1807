"""A second engine: chosen on the page, it brings its own options and lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.conftest import Tab
from tests.serving import FAKE_APP, serve

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve(*FAKE_APP, STEP_S="0.01", ENGINES="2") as url:
        yield url


def choose(tab: Tab, name: str, value: str) -> None:
    tab.page.click(f"#setting-{name} input")
    tab.page.click(f"[role='option']:has-text('{value}')")
    wait_until_closed(tab)


def wait_until_closed(tab: Tab) -> None:
    """Wait until the open list has faded out, so that no option is taken for another list's."""
    tab.page.wait_for_function("!document.querySelector('[role=option]')")


def listed(tab: Tab, name: str) -> list[str]:
    tab.page.click(f"#setting-{name} input")
    found = tab.page.locator("[role='option']").all_inner_texts()
    tab.page.keyboard.press("Escape")
    wait_until_closed(tab)
    return [text.replace("\u2713", "").strip() for text in found]


def test_an_engine_that_is_chosen_brings_its_options_and_lists_and_is_kept_in_the_link(
    address: str, open_tab: Callable[..., Tab]
) -> None:
    tab = open_tab(address)
    assert not tab.page.is_visible("#setting-waltzer-swing")
    assert tab.page.is_visible("#setting-composer")
    choose(tab, "engine", "waltzer")
    tab.page.wait_for_selector("#setting-waltzer-swing input")
    tab.page.wait_for_selector("#setting-composer", state="hidden")
    assert listed(tab, "form") == ["waltz", "Any form"]
    assert listed(tab, "meter") == ["Any meter", "3/4"]
    tab.page.fill("#setting-waltzer-swing input[type=number]", "0.5")
    tab.page.keyboard.press("Tab")
    tab.wish(bars=4, candidates=2)
    tab.compose()
    query = parse_qs(urlsplit(tab.page.url).query)
    assert (query["engine"], query["engine_options"]) == (["waltzer"], ["swing=0.5"])
    # Who opens the link finds the engine chosen, with its options as they were.
    other = open_tab(tab.page.url)
    other.page.wait_for_selector("#setting-waltzer-swing input")
    assert other.page.input_value("#setting-waltzer-swing input[type=number]") == "0.5"
    choose(other, "engine", "The usual one")
    other.page.wait_for_selector("#setting-waltzer-swing", state="hidden")
    other.page.wait_for_selector("#setting-composer")
    assert "chorale (220 pieces)" in listed(other, "form")
