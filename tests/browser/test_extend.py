"""The Extend page in a browser, on the bundled model: extend, branch, undo, continue a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from composer.piece import Piece
from composer.rendering import write_midi
from tests.browser.conftest import Tab
from tests.serving import REAL_APP, serve

pytestmark = [pytest.mark.browser, pytest.mark.slow]
OpenTab = Callable[..., Tab]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve(*REAL_APP) as url:
        yield url


def open_extend(open_tab: OpenTab, address: str) -> Tab:
    tab = open_tab(address)
    tab.page.get_by_role("tab", name="Extend").click()
    tab.page.wait_for_selector("#extend-upload")
    tab.page.get_by_role("button", name="More").first.locator("visible=true").click()
    return tab


def extend(tab: Tab, bars: int) -> None:
    tab.page.fill("#extend-bars input", str(bars))
    tab.page.fill("#extend-candidates input", "3")
    tab.page.fill("#extend-seed input", "1")
    tab.page.click("#extend")
    tab.page.wait_for_selector("#extend-status :text('bars in')")


def test_a_file_is_continued_branched_and_undone(
    open_tab: OpenTab, address: str, chorale: Piece, tmp_path: Path
) -> None:
    tab = open_extend(open_tab, address)
    tab.page.set_input_files("#extend-upload input", write_midi(chorale, tmp_path / "mine.mid"))
    tab.page.wait_for_selector("#extend-heading h2")
    extend(tab, 4)
    # The status comes first, what it speaks of follows.
    tab.page.wait_for_selector(f"#extend-heading :text('{chorale.n_bars + 4} bars')")
    first = tab.page.inner_text("#extend-heading")
    pressed = "#extend-chunks button[aria-pressed='true'][data-rank='{}']"
    tab.page.click("#extend-chunks button[data-chunk='0'][data-rank='2']")
    tab.page.wait_for_selector(pressed.format(2))
    tab.page.click("#extend-undo")
    tab.page.wait_for_selector(pressed.format(1))
    assert tab.page.inner_text("#extend-heading") == first
    extend(tab, 2)
    tab.page.wait_for_selector(f"#extend-heading :text('{chorale.n_bars + 6} bars')")
    assert not tab.outside


def test_a_theme_may_be_typed(open_tab: OpenTab, address: str) -> None:
    tab = open_extend(open_tab, address)
    tab.page.get_by_role("button", name="or a theme").click()
    tab.page.fill("#extend-theme textarea", "M:3/4\nL:1/4\nK:G\nG A B | c2 B | A G F | G3 |")
    tab.page.click("#extend-take-theme")
    tab.page.wait_for_selector("#extend-heading :text('G major, 3/4, 4 bars')")


def test_nothing_in_hand_is_said_in_one_sentence(open_tab: OpenTab, address: str) -> None:
    tab = open_extend(open_tab, address)
    tab.page.click("#extend-composed")
    tab.page.wait_for_selector("#extend-status :text('nothing is composed yet')")


def test_a_long_piece_from_nothing_is_asked_for_on_compose(open_tab: OpenTab, address: str) -> None:
    tab = open_tab(address)
    tab.wish(candidates=2)
    tab.page.click("#long-fold > button")
    tab.page.fill("#long-length input", "4")
    tab.page.fill("#long-unit input", "bars")
    tab.page.keyboard.press("Enter")
    tab.page.fill("#long-chunk-bars input", "2")
    tab.page.click("#compose-long")
    tab.page.wait_for_selector("#extend-heading :text('4 bars')")
    assert tab.page.url.endswith("#extend")
    assert "joints at bar" in tab.page.inner_text("#extend-heading")
    assert tab.page.locator("#extend-chunks button[aria-pressed='true']").count() == 2
    assert tab.page.is_enabled("#compose-long")  # once the run is over
    assert not tab.outside
