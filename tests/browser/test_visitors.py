"""Two visitors at once: neither sees, stops or waits for the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.browser.conftest import Tab
from tests.serving import FAKE_APP, serve

pytestmark = [pytest.mark.browser, pytest.mark.slow]
OpenTab = Callable[..., Tab]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve(*FAKE_APP, STEP_S="0.4", COMPOSER_CONCURRENCY="2") as url:
        yield url


def begin(open_tab: OpenTab, address: str, candidates: int) -> Tab:
    tab = open_tab(address)
    tab.wish(bars=4, candidates=candidates)
    tab.page.click("#compose")
    tab.wait_for_status(f"of {candidates} candidates")
    return tab


def test_stopping_one_visitor_keeps_the_other_composing(address: str, open_tab: OpenTab) -> None:
    first = begin(open_tab, address, candidates=14)
    second = begin(open_tab, address, candidates=40)
    second.page.click("#stop")
    second.wait_for_roll()
    assert second.status().startswith("Stopped: ")
    first.wait_for_status("ranked in")
    assert first.status().startswith("13 candidates ranked in")


def test_stop_keeps_what_there_is(address: str, open_tab: OpenTab) -> None:
    tab = begin(open_tab, address, candidates=30)
    tab.page.click("#stop")
    tab.wait_for_roll()
    assert 1 <= tab.page.locator("#ranking tbody tr").count() < 30
    assert tab.page.is_enabled("#compose")
    assert tab.page.is_disabled("#stop")


def test_a_second_visitor_finds_an_empty_page(address: str, open_tab: OpenTab) -> None:
    first = open_tab(address)
    first.wish(bars=4, candidates=1)
    first.compose()
    assert not open_tab(address).page.is_visible("#heading")


def test_who_stops_while_waiting_can_begin_again(address: str, open_tab: OpenTab) -> None:
    waiting = open_tab(address)
    drawing = [begin(open_tab, address, candidates=200) for _ in range(2)]
    waiting.page.click("#compose")
    waiting.wait_for_status("waiting for a free place")
    waiting.page.click("#stop")
    waiting.wait_for_status("what is finished will be kept")
    for tab in drawing:
        tab.page.click("#stop")
    waiting.wait_for_status("stopped before anything was drawn")
    waiting.page.wait_for_selector("#compose:enabled")


def test_a_reload_comes_back_to_the_run_under_way(address: str, open_tab: OpenTab) -> None:
    """It once composed again from the beginning."""
    tab = begin(open_tab, address, candidates=14)
    tab.wait_for_status("of 14 candidates")
    tab.page.wait_for_function("document.querySelector('.sv-draft').roll?.score.notes[0].length")
    drawn = int(tab.status().split()[0])
    tab.page.reload()
    tab.page.wait_for_selector("#status :text('of 14 candidates')")
    assert int(tab.status().split()[0]) >= drawn > 0
    assert tab.page.is_enabled("#stop")
    tab.wait_for_status("ranked in")
    assert tab.status().startswith("13 candidates ranked in")
    tab.wait_for_roll()
    assert not tab.page.is_visible(".sv-draft")
