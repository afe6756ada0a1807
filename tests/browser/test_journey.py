"""From the open page to a MIDI file in hand, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from symusic import Score

from tests.browser.conftest import Tab
from tests.serving import BUNDLED_CHECKPOINT, FAKE_APP, REAL_APP, serve

pytestmark = [pytest.mark.browser, pytest.mark.slow]
OpenTab = Callable[..., Tab]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve(*(REAL_APP if BUNDLED_CHECKPOINT.exists() else FAKE_APP), STEP_S="0.05") as url:
        yield url


def test_a_visitor_composes_picks_another_candidate_and_downloads_it(
    address: str, open_tab: OpenTab, tmp_path: Path
) -> None:
    tab = open_tab(address)
    tab.wish(bars=4, candidates=4)
    tab.compose()
    best = tab.page.inner_text("#heading")
    assert "4 bars" in best
    assert "ranked in" in tab.status()
    tab.page.click("#ranking tr[data-rank='2']")
    tab.page.wait_for_selector("#ranking tr[data-rank='2'][aria-selected='true']")
    assert tab.page.inner_text("#heading") != best
    tab.wait_for_roll()
    with tab.page.expect_download() as download:
        tab.page.click("#midi")
    midi = tmp_path / download.value.suggested_filename
    download.value.save_as(midi)
    assert midi.suffix == ".mid"
    assert "4-bars" in midi.stem
    assert Score(midi).note_num() > 0


def test_the_player_comes_or_one_line_says_how_to_get_sound(
    address: str, open_tab: OpenTab
) -> None:
    tab = open_tab(address)
    tab.wish(bars=2, candidates=1)
    tab.compose()
    tab.page.wait_for_selector("#player [data-testid='waveform-controls'], #sound-note .note")


def test_an_example_composes_in_one_click(address: str, open_tab: OpenTab) -> None:
    tab = open_tab(address)
    tab.wish(candidates=2)
    tab.page.click("#examples button >> nth=1")
    tab.wait_for_roll()
    assert tab.page.inner_text("#examples button >> nth=1").split()[0] in tab.page.inner_text(
        "#heading"
    )


def test_the_form_follows_the_composer(address: str, open_tab: OpenTab) -> None:
    tab = open_tab(address)
    tab.page.click("#wish-composer input")
    tab.page.click("[role='option']:has-text('Chopin')")
    tab.page.wait_for_function(
        "!document.querySelector('#wish-form input').value.includes('chorale')"
    )


def test_a_wish_out_of_range_gets_one_sentence(address: str, open_tab: OpenTab) -> None:
    tab = open_tab(address)
    tab.wish(bars=9999)
    tab.page.click("#compose")
    tab.page.wait_for_selector("text=`bars` must be from 1 to 512, got 9999")
    assert tab.page.is_enabled("#compose")


@pytest.mark.parametrize("width_px", [390, 1280])
def test_nothing_overflows_and_nothing_is_fetched_from_outside(
    address: str, open_tab: OpenTab, width_px: int
) -> None:
    tab = open_tab(address, width_px)
    tab.wish(bars=4, candidates=2)
    tab.compose()
    tab.page.click("#scorecard-fold button")
    root = "document.documentElement"
    assert tab.page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")
    assert tab.outside == []
