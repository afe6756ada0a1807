"""From a file in hand to its roll, its sheet and its scores, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from composer.piece import Piece
from composer.rendering import write_midi
from tests.browser.conftest import Tab
from tests.corpus.files import HOSTILE_FILES
from tests.serving import FAKE_APP, serve

pytestmark = [pytest.mark.browser, pytest.mark.slow]
OpenTab = Callable[..., Tab]
# Counts what a press brings too: here nobody presses anything.
COUNT_SHIFTS = """() => { window.shifted = 0; new PerformanceObserver((list) => {
    for (const shift of list.getEntries()) window.shifted += shift.value;
}).observe({type: 'layout-shift'}); }"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve(*FAKE_APP, STEP_S="0.02") as url:
        yield url


@pytest.fixture
def minuet(keyboard_piece: Piece, tmp_path: Path) -> Path:
    return write_midi(keyboard_piece, tmp_path / "Minuet in D.mid")


def inspect(open_tab: OpenTab, address: str, file: Path, width_px: int = 1280) -> Tab:
    tab = open_tab(f"{address}/#inspect", width_px, "#upload")
    tab.page.set_input_files("#upload input[type=file]", file)
    return tab


def test_a_visitor_sees_reads_and_weighs_a_file_and_takes_it_along(
    address: str, open_tab: OpenTab, minuet: Path, tmp_path: Path
) -> None:
    tab = inspect(open_tab, address, minuet)
    tab.page.wait_for_selector("#inspect-score .sv-chip")
    assert "Minuet in D" in tab.page.inner_text("#inspect-heading")
    assert "D minor; its notes agree" in tab.page.inner_text("#facts")
    tab.page.wait_for_selector("#inspect-sheet img[src^='data:image/svg+xml'][alt*='D minor']")
    tab.page.wait_for_selector("#inspect-scorecard :text('real pieces (minuet')")
    tab.page.click("#inspect-form input")
    tab.page.click("[role='option']:has-text('sonata') >> nth=0")
    tab.page.wait_for_selector("#inspect-scorecard :text('sonata')")
    with tab.page.expect_download() as download:
        tab.page.click("#inspect-musicxml")
    target = tmp_path / download.value.suggested_filename
    download.value.save_as(target)
    assert target.name.startswith("minuet-in-d-")
    assert len(list(ElementTree.parse(target).iter("pitch"))) >= 45


def test_a_hostile_file_gets_a_sentence_and_the_next_one_is_read(
    address: str, open_tab: OpenTab, minuet: Path, tmp_path: Path
) -> None:
    hostile = tmp_path / "hostile.mid"
    hostile.write_bytes(HOSTILE_FILES["cut within a note"])
    tab = inspect(open_tab, address, hostile)
    tab.page.wait_for_selector("#inspect-status span:text('the file')")
    assert "null" not in tab.page.inner_text("body")
    tab.page.click("#upload [aria-label='Clear']")
    tab.page.set_input_files("#upload input[type=file]", minuet)
    tab.page.wait_for_selector("#inspect-heading h2:text('Minuet in D')")


def test_a_telephone_shows_a_narrow_sheet_and_nothing_overflows(
    address: str, open_tab: OpenTab, chorale: Piece, tmp_path: Path
) -> None:
    named = replace(
        chorale, title="", parts=(*chorale.parts, replace(chorale.parts[0], name="x" * 80))
    )
    tab = inspect(open_tab, address, write_midi(named, tmp_path / f"{'long ' * 30}.mid"), 390)
    tab.page.wait_for_selector("#inspect-score .sv-chip")
    tab.page.wait_for_selector("#inspect-sheet img")
    root = "document.documentElement"
    assert tab.page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")
    picture = tab.page.query_selector("#inspect-sheet img")
    assert picture.evaluate("img => img.naturalHeight > img.naturalWidth")
    assert tab.outside == []


@pytest.mark.parametrize("width_px", [390, 1280])
def test_nothing_on_show_moves_when_a_file_comes_in(
    address: str, open_tab: OpenTab, minuet: Path, width_px: int
) -> None:
    tab = open_tab(f"{address}/#inspect", width_px, "#upload")
    tab.page.wait_for_timeout(1000)  # until the page itself stands still
    tab.page.evaluate(COUNT_SHIFTS)
    tab.page.set_input_files("#upload input[type=file]", minuet)
    tab.page.wait_for_selector("#inspect-sheet img")
    tab.page.wait_for_timeout(500)
    assert tab.page.evaluate("window.shifted") < 0.05  # at 1280 px the foot of the page: 0.024


def test_the_sheet_of_a_candidate_follows_the_ranking(address: str, open_tab: OpenTab) -> None:
    tab = open_tab(address)
    tab.wish(bars=4, candidates=3)
    tab.compose()
    tab.page.wait_for_selector("#sheet img")
    first = tab.page.get_attribute("#sheet img", "src")
    tab.page.click("#ranking tr[data-rank='3']")
    changed = "src => ![null, undefined, src].includes(document.querySelector('#sheet img')?.src)"
    tab.page.wait_for_function(changed, arg=first)
    with tab.page.expect_download() as download:
        tab.page.click("#compose-pdf")
    assert download.value.suggested_filename.endswith(".pdf")
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF-")


def test_the_open_page_is_in_the_address(address: str, open_tab: OpenTab) -> None:
    tab = open_tab(address)
    tab.page.click("#pages [role='tab']:has-text('Inspect')")
    tab.page.wait_for_selector("#upload")
    assert tab.page.url.endswith("/#inspect")
    tab.page.reload()
    tab.page.wait_for_selector("#upload")


def is_empty(tab: Tab) -> bool:
    """Tell whether nothing of a file is on show, neither words nor notes nor figures."""
    tab.page.wait_for_selector("#inspect-empty", state="visible")
    shown = "#inspected, #facts, #inspect-heading, #inspect-score, #inspect-figures figure"
    return not any(one.is_visible() for one in tab.page.locator(shown).all())


def test_a_refused_file_leaves_nothing_of_the_one_before(
    address: str, open_tab: OpenTab, minuet: Path, tmp_path: Path
) -> None:
    """Who writes down a score would have written that of another file."""
    hostile = tmp_path / "hostile.mid"
    hostile.write_bytes(HOSTILE_FILES["cut within a note"])
    tab = inspect(open_tab, address, minuet)
    tab.page.wait_for_selector("#inspect-figures figure")
    tab.page.click("#upload [aria-label='Clear']")
    assert is_empty(tab)
    tab.page.set_input_files("#upload input[type=file]", hostile)
    tab.page.wait_for_selector("#inspect-status span:text('the file')")
    assert is_empty(tab)
    tab.page.click("#upload [aria-label='Clear']")
    tab.page.wait_for_selector("#inspect-status span:text('the file')", state="detached")
    tab.page.set_input_files("#upload input[type=file]", minuet)
    tab.page.wait_for_selector("#inspect-heading h2:text('Minuet in D')")


def test_a_file_that_is_taken_away_while_it_is_read_leaves_nothing(
    address: str, open_tab: OpenTab, minuet: Path
) -> None:
    tab = inspect(open_tab, address, minuet)
    tab.page.click("#upload [aria-label='Clear']")
    tab.page.wait_for_selector("#inspect-status .status span:empty", state="attached")
    tab.page.wait_for_timeout(2000)  # whatever was under way has come by then
    assert is_empty(tab)
    assert tab.page.inner_text("#inspect-status .status span") == ""


def test_a_file_that_is_taken_away_before_it_is_read_leaves_nothing(
    address: str, open_tab: OpenTab, minuet: Path
) -> None:
    """Its reading once began after all, and complained that there was no file."""
    tab = open_tab(f"{address}/#inspect", wait_for="#upload")
    release = tab.hold_answer()
    tab.page.set_input_files("#upload input[type=file]", minuet)
    with tab.page.expect_response("**/run/predict"):
        tab.page.click("#upload [aria-label='Clear']")
    with tab.page.expect_response("**/queue/join*"):
        release()
    tab.page.wait_for_selector("#inspect-status .status span:empty", state="attached")
    tab.page.wait_for_timeout(2000)  # whatever was under way has come by then
    assert is_empty(tab)
    assert tab.page.inner_text("#inspect-status .status span") == ""


def test_figures_are_drawn_by_this_server_and_only_for_who_inspects(
    address: str, open_tab: OpenTab, minuet: Path
) -> None:
    tab = open_tab(address)
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    tab.page.reload()
    tab.page.wait_for_selector("#compose")
    tab.page.click("#pages [role='tab']:has-text('Inspect')")
    tab.page.wait_for_selector("#upload")
    assert asked and not any("plotly" in url.lower() for url in asked)
    tab.page.set_input_files("#upload input[type=file]", minuet)
    for name in ("pitch-classes", "intervals", "density", "keys", "form", "scorecard"):
        figure = tab.page.locator(f"#inspect-figures figure[data-name='{name}']")
        figure.scroll_into_view_if_needed()
        figure.locator(".main-svg").first.wait_for()
    scripts = [url for url in asked if "plotly" in url.lower()]
    assert len(scripts) == 1 and scripts[0].startswith(f"{address}/composer-assets/")
    assert tab.outside == []


def test_figures_follow_the_form_and_hold_a_second_file(
    address: str, open_tab: OpenTab, minuet: Path, chorale: Piece, tmp_path: Path
) -> None:
    tab = inspect(open_tab, address, minuet, 390)
    figure = tab.page.locator("#inspect-figures figure[data-name='pitch-classes']")
    figure.scroll_into_view_if_needed()
    legend = figure.locator(".legendtext")
    legend.first.wait_for()
    assert legend.all_text_contents()[0] == "usual in real minuets in 2 parts"
    tab.page.click("#inspect-form input")
    tab.page.click("[role='option']:has-text('waltz') >> nth=0")
    tab.page.wait_for_selector("#inspect-figures .legendtext:text('waltzes')")
    second = write_midi(replace(chorale, title=""), tmp_path / "Second.mid")
    tab.page.set_input_files("#inspect-other input[type=file]", second)
    tab.page.wait_for_selector("#inspect-figures .legendtext:text('Second')")
    root = "document.documentElement"
    assert tab.page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")
    hostile = tmp_path / "hostile.mid"
    hostile.write_bytes(HOSTILE_FILES["cut within a note"])
    tab.page.click("#inspect-other [aria-label='Clear']")
    tab.page.set_input_files("#inspect-other input[type=file]", hostile)
    tab.page.wait_for_selector("#inspect-other-status span:text('the file')")
    legend.first.wait_for()
    assert "Second" not in legend.all_text_contents()
    assert "Minuet in D" in tab.page.inner_text("#inspect-heading")
