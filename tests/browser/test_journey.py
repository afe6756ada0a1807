"""From the open page to a MIDI file in hand, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
from symusic import Score

from composer.composition import replay
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


def test_a_prompt_becomes_eight_bars_that_sound(address: str, open_tab: OpenTab) -> None:
    tab = open_tab(address)
    tab.wish(candidates=2)
    tab.page.fill("#prompt input, #prompt textarea", "slwo chorale by Bach in G minor, 8 bars")
    tab.page.wait_for_selector("#prompt-reading mark:has-text('G minor')")
    assert "slwo read as slow" in tab.page.inner_text("#prompt-reading")
    tab.page.press("#prompt input, #prompt textarea", "Enter")
    tab.wait_for_roll()
    assert "8 bars" in tab.page.inner_text("#heading")
    assert "G minor" in tab.page.inner_text("#heading")
    tab.page.click("#compose-score .sv-play")
    view = "document.querySelector('#compose-score .score-view').view"
    tab.page.wait_for_function(f"{view}.player.beats > 0.2", timeout=20_000)
    tab.page.uncheck("#prompt-phrases label:has-text('G minor') input")
    tab.page.wait_for_function("!document.querySelector('#setting-key input').value.includes('G')")


def test_a_candidate_sounds_within_two_seconds_and_a_new_run_silences_it(
    address: str, open_tab: OpenTab
) -> None:
    tab = open_tab(address)
    tab.wish(bars=4, candidates=2)
    tab.compose()
    tab.page.click("#compose-score .sv-play")
    view = "document.querySelector('#compose-score .score-view').view"
    tab.page.wait_for_function(f"{view}.player.beats > 0.2", timeout=20_000)
    tab.page.click("#compose")
    tab.page.wait_for_function(f"!{view}.player.isPlaying")


def test_a_link_makes_the_same_piece_again(address: str, open_tab: OpenTab) -> None:
    tab = open_tab(address)
    tab.wish(bars=4, candidates=2)
    tab.compose()
    notes = "JSON.stringify(document.querySelector('.score-view').view.data.parts)"
    first = tab.page.evaluate(notes)
    tab.page.click("#asked-fold button")
    link = tab.page.locator("#again a").evaluate("link => link.href")
    again = open_tab(link)
    again.wait_for_roll()
    assert again.page.evaluate(notes) == first
    assert again.page.input_value("#setting-bars input") == "4"
    again.page.click("#more > button")
    assert again.page.is_checked("#keep-seed input")


def test_everything_comes_as_one_zip_named_after_its_content(
    address: str, open_tab: OpenTab
) -> None:
    tab = open_tab(address)
    tab.wish(bars=2, candidates=1)
    tab.compose()
    with tab.page.expect_download() as download:
        tab.page.click("#compose-zip")
    assert "2-bars-seed" in download.value.suggested_filename
    names = ZipFile(download.value.path()).namelist()
    assert {".mid", ".musicxml", ".pdf", ".json"} <= {Path(name).suffix for name in names}


def test_earlier_results_of_the_visit_stay_at_hand(address: str, open_tab: OpenTab) -> None:
    tab = open_tab(address)
    for bars in (2, 3):
        tab.wish(bars=bars, candidates=1)
        tab.page.click("#compose")
        tab.page.wait_for_selector(f"#heading h2:has-text('{bars} bars')")
    tab.page.click("#history-fold button")
    tab.page.click("#history button[data-run='1']")
    tab.page.wait_for_selector("#heading h2:has-text('2 bars')")


def test_a_finding_points_at_its_place(address: str, open_tab: OpenTab) -> None:
    tab = open_tab(address)
    tab.wish(bars=6, candidates=3)
    tab.compose()
    tab.page.click("#scorecard-fold button")
    place = tab.page.locator("#scorecard .place").last
    place.click()
    mark = "document.querySelector('.score-view').view.roll.shown.mark"
    assert tab.page.evaluate(f"{mark}.onset") == float(place.get_attribute("data-onset") or -1)


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
    tab.page.click("#setting-composer input")
    tab.page.click("[role='option']:has-text('Chopin')")
    tab.page.wait_for_function(
        "!document.querySelector('#setting-form input').value.includes('chorale')"
    )


def test_a_wish_out_of_range_gets_one_sentence(address: str, open_tab: OpenTab) -> None:
    tab = open_tab(address)
    tab.wish(bars=9999)
    tab.page.click("#compose")
    tab.page.wait_for_selector("text=Bars must be from 1 to 512, got 9999")
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


@pytest.mark.parametrize("width_px", [360, 1280])
def test_the_examples_come_late_and_move_nothing(
    address: str, open_tab: OpenTab, width_px: int
) -> None:
    tab = open_tab(address, width_px)
    tab.page.wait_for_selector("#examples button")
    heights = "['.examples-room', '#examples'].map((one) => $(one).offsetHeight)"
    room_px, block_px = tab.page.evaluate(
        f"(($) => {heights})((one) => document.querySelector(one))"
    )
    reserved = "parseFloat(getComputedStyle(document.querySelector('.examples-room')).minHeight)"
    assert 0 < block_px <= tab.page.evaluate(reserved) <= room_px + 1


def test_a_typed_choice_is_taken_by_keys_alone_and_an_unknown_one_is_refused_at_its_field(
    address: str, open_tab: OpenTab
) -> None:
    """A typed key once read "any keyG minor", and the piece came in any key."""
    tab = open_tab(address)
    tab.page.wait_for_selector("#examples button")
    tab.page.wait_for_selector("html[data-fields]")  # the script that watches fields is here
    key = "document.querySelector('#setting-key input')"
    for leave, name in (("Enter", "G minor"), ("Tab", "D major")):
        tab.page.focus("#setting-form input")
        tab.page.keyboard.press("Tab")
        tab.page.wait_for_function(f"{key}.selectionEnd === {key}.value.length")
        tab.page.keyboard.type(name.lower())
        tab.page.keyboard.press(leave)
        tab.page.wait_for_function(f"{key}.value === '{name}'")
    tab.page.click("#setting-key input")
    tab.page.wait_for_function(f"{key}.selectionEnd - {key}.selectionStart === 7")
    tab.page.keyboard.type("H major")
    # As when the server's answer to the choice before comes late.
    tab.page.evaluate(f"{key}.value = 'D major'")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_selector("#setting-key .field-fault:has-text('H major')")
    tab.page.keyboard.press("Tab")
    tab.page.wait_for_function(f"{key}.value === 'D major'")
    tab.page.click("#setting-composer input")
    tab.page.keyboard.type("chopin")
    tab.page.click("#setting-bars input")
    tab.page.wait_for_function(
        "document.querySelector('#setting-form input').value.includes('mazurka')"
    )


def test_another_setting_dims_what_is_on_show_until_the_next_piece(
    address: str, open_tab: OpenTab
) -> None:
    tab = open_tab(address)
    tab.wish(bars=2, candidates=1)
    tab.compose()
    dimmed = "getComputedStyle(document.querySelector('#shown')).opacity < 1"
    assert not tab.page.evaluate(dimmed)
    tab.wish(bars=3)
    tab.page.wait_for_function(dimmed)
    tab.page.click("#compose")
    tab.page.wait_for_selector("#heading h2:has-text('3 bars')")
    tab.page.wait_for_function(f"!({dimmed})")


def test_a_candidate_is_heard_from_its_row_without_being_put_on_show(
    address: str, open_tab: OpenTab
) -> None:
    tab = open_tab(address)
    tab.wish(bars=6, candidates=3)
    tab.compose()
    second = tab.page.locator("#ranking .audition").nth(1)
    second.click()
    assert second.get_attribute("aria-pressed") == "true"
    assert tab.page.get_attribute("#ranking tr[aria-selected=true]", "data-rank") == "1"
    tab.page.click("#compose-score .sv-play")
    tab.page.wait_for_selector("#ranking .audition[aria-pressed=true]", state="detached")


def test_a_piece_goes_on_in_edit_and_is_there_after_back_and_reload(
    address: str, open_tab: OpenTab
) -> None:
    tab = open_tab(address)
    tab.wish(bars=3, candidates=2)
    tab.compose()
    notes = "JSON.stringify(document.querySelector('.score-view').view.data.parts)"
    composed = tab.page.evaluate(notes)
    tab.page.click("#to-edit")
    tab.page.wait_for_selector("#edit-score .sv-chip")
    assert tab.page.url.endswith("#edit")
    tab.page.wait_for_function("sessionStorage.getItem('shown-edit')")
    tab.page.wait_for_timeout(500)  # until the notes are kept
    tab.page.reload()
    tab.page.wait_for_selector("#edit-score .sv-chip")  # once a reload lost what Edit showed
    tab.page.go_back()
    tab.page.wait_for_selector("#compose")
    tab.page.reload()
    tab.wait_for_roll()
    assert tab.page.evaluate(notes) == composed


def test_on_a_telephone_compose_and_play_are_in_sight_and_large_enough(
    address: str, open_tab: OpenTab
) -> None:
    tab = open_tab(address, 390)
    foot = "(one) => document.querySelector(one).getBoundingClientRect().bottom"
    tab.page.wait_for_selector("#examples button")
    assert tab.page.evaluate(f"({foot})('#compose')") <= 844
    tab.page.click("#examples button >> nth=1")
    tab.wait_for_roll()
    tab.page.wait_for_function(
        f"(({foot})('.sv-play') > 0) && (({foot})('.sv-play') <= window.innerHeight)"
    )
    small = """() => [...document.querySelectorAll(
        '.sv-parts :is(button, label), .downloads button, .onward button, .audition, .sv-play')]
        .filter((one) => one.checkVisibility()).map((one) => one.getBoundingClientRect())
        .filter((box) => box.height < 40 || box.width < 40).length"""
    assert tab.page.evaluate(small) == 0


def test_pieces_stay_in_the_library_of_the_browser(
    address: str, open_tab: OpenTab, tmp_path: Path
) -> None:
    """A reload once lost everything, and a piece was only the request to compose it again."""
    tab = open_tab(address)
    tab.wish(bars=3, candidates=2)
    tab.compose()
    tab.page.evaluate("""() => {
        const choose = document.querySelector("#ranking tr[data-rank='2']");
        choose.addEventListener('click', () => addEventListener('library-changed', () => {
            const row = document.querySelector("#ranking tr[data-rank='2']");
            window.isKept ||= row.getAttribute('aria-selected') === 'true';
        }));
    }""")
    tab.page.click("#ranking tr[data-rank='2']")
    tab.page.wait_for_selector("#ranking tr[data-rank='2'][aria-selected='true']")
    tab.page.wait_for_function("window.isKept")
    notes = "JSON.stringify(document.querySelector('.score-view').view.data.parts)"
    composed = tab.page.evaluate(notes)
    tab.page.goto(address)
    tab.page.wait_for_selector("#compose")
    tab.page.click("#library-fold > button")
    row = "#library li"
    tab.page.wait_for_selector(f"{row}:has-text('3 bars')")
    tab.page.click(f"{row} .star")
    tab.page.wait_for_selector(f"{row} .star[aria-pressed=true]")
    tab.page.click(f"{row} .rename")
    tab.page.keyboard.type("Evening song")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_selector(f"{row} a:text-is('Evening song')")
    tab.page.fill("#library input[type=search]", "morning")
    tab.page.wait_for_selector(row, state="detached")
    tab.page.fill("#library input[type=search]", "evening")
    with tab.page.expect_download() as download:
        tab.page.click("#library button:text-is('Export all')")
    exported = tmp_path / download.value.suggested_filename
    download.value.save_as(exported)
    tab.page.click(f"{row} .drop")
    tab.page.wait_for_selector(row, state="detached")
    tab.page.set_input_files("#library input[type=file]", exported)
    tab.page.click(f"{row} a:text-is('Evening song')")
    tab.page.wait_for_selector("#heading h2:has-text('3 bars')")
    tab.wait_for_roll()
    assert tab.page.evaluate(notes) == composed
    with ZipFile(exported) as archive:
        (piece,) = [name for name in archive.namelist() if name != "my-pieces.json"]
        assert replay(archive.read(piece).decode(), 2).n_bars == 3
    assert tab.outside == []
