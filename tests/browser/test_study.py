"""A listener in a real browser: from consent to the end, by hand and by keys, and back again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from composer.listening.ballots import Ballots
from tests.browser.conftest import Tab
from tests.listening.studies import make_plan, make_study
from tests.serving import serve

pytestmark = [pytest.mark.browser, pytest.mark.slow]
OpenTab = Callable[..., Tab]
QUESTIONS = [{"name": "remarks", "question": "Anything to tell us?"}]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    plan = make_plan(items_per_listener=2, questionnaire=QUESTIONS, clip_s=3.0)
    return make_study(tmp_path_factory.mktemp("study"), plan).path


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with serve("-m", "composer.ui.studies", str(folder)) as url:
        yield url


def begin(open_tab: OpenTab, address: str, width_px: int = 390) -> Tab:
    tab = open_tab(f"{address}/", width_px, "#welcome:not([hidden])")
    tab.page.check("#agrees")
    tab.page.click("#begin")
    tab.page.click("#try")
    tab.page.click("#heard:not([disabled])")
    wait_for_trial(tab, 1)
    return tab


def wait_for_trial(tab: Tab, number: int) -> None:
    tab.page.wait_for_selector(f"#count:text-matches('^{number} of 4$')")
    tab.page.wait_for_selector("#trial:not([hidden]) #answer.is-early")


def answer(tab: Tab) -> None:
    """Hear both clips and choose the first."""
    for slot in ("a", "b"):
        tab.page.click(f"[data-slot={slot}]")
        tab.page.wait_for_selector(f"[data-slot={slot}].is-heard")
    tab.page.click("#answer label >> nth=0")
    tab.page.click("#next:not([disabled])")


def test_a_listener_on_a_telephone_comes_to_the_end(
    address: str, open_tab: OpenTab, folder: Path
) -> None:
    tab = begin(open_tab, address)
    assert tab.page.is_disabled("#next")
    root = "document.documentElement"
    assert tab.page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")
    for number in range(1, 5):
        wait_for_trial(tab, number)
        answer(tab)
    tab.page.fill("#questions textarea", "=1+1")
    tab.page.click("#done")
    tab.page.wait_for_selector("#end:not([hidden])")
    name = tab.page.inner_text("#listener")
    found = Ballots(folder / "ballots.sqlite").listener(name)
    assert len(found.votes) == 4
    assert found.answers == {"remarks": "=1+1"}
    assert all(min(vote.listened_s.values()) >= 0.2 for vote in found.votes)
    assert tab.outside == []


def test_a_closed_tab_is_resumed_where_it_was_left(address: str, open_tab: OpenTab) -> None:
    tab = begin(open_tab, address)
    answer(tab)
    wait_for_trial(tab, 2)
    link = tab.page.url
    tab.page.close()
    tab.page = tab.context.new_page()
    tab.page.goto(f"{address}/")  # what this browser kept
    wait_for_trial(tab, 2)
    elsewhere = open_tab(link, 390, "#trial:not([hidden])")  # the link, in another browser
    wait_for_trial(elsewhere, 2)


def test_keys_play_choose_and_go_on(address: str, open_tab: OpenTab) -> None:
    tab = begin(open_tab, address, 1280)
    for key in ("a", "b"):
        tab.page.keyboard.press(key)
        tab.page.wait_for_selector(f"[data-slot={key}].is-heard")
    assert tab.page.evaluate("players.a.audio.paused && !players.b.audio.paused")
    tab.page.keyboard.press("Space")
    assert tab.page.evaluate("players.b.audio.paused")
    tab.page.keyboard.press("ArrowRight")
    assert tab.page.is_checked("#answer input[value=b]")
    tab.page.keyboard.press("Enter")
    wait_for_trial(tab, 2)


def test_an_unknown_code_leads_to_the_beginning(address: str, open_tab: OpenTab) -> None:
    tab = open_tab(f"{address}/#nobody", 390, "#welcome:not([hidden])")
    tab.page.wait_for_selector("#message:text('not known here')")
    assert not tab.page.url.endswith("nobody")


def test_sliders_stand_under_words_and_nothing_moves_on_a_telephone(
    open_tab: OpenTab, tmp_path: Path
) -> None:
    study = make_study(tmp_path / "sliders", make_plan(design="multiple", items_per_listener=2))
    with serve("-m", "composer.ui.studies", str(study.path)) as url:
        tab = begin(open_tab, url)
        assert tab.page.inner_text("#hint").startswith("Listen to A, B and C for")
        words = tab.page.locator(".words span").all_inner_texts()
        assert words == ["bad", "poor", "fair", "good", "excellent"]
        top = "document.querySelector('#question').getBoundingClientRect().top"
        before = tab.page.evaluate(top)
        for slot in ("a", "b", "c"):
            tab.page.click(f"[data-slot={slot}]")
            tab.page.wait_for_selector(f"[data-slot={slot}].is-heard")
        for slot, keys, said in (("a", "End", "100, excellent"), ("b", "Home", "0, bad")):
            tab.page.locator(f"#answer input[name={slot}]").press(keys)
            slider = tab.page.locator(f"#answer input[name={slot}]")
            assert slider.get_attribute("aria-valuetext") == said
        assert not tab.page.is_enabled("#next")
        tab.page.locator("#answer input[name=c]").press("ArrowRight")
        tab.page.wait_for_selector("#next:not([disabled])")
        assert tab.page.evaluate(top) == before
