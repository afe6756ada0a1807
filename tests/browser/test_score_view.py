"""The score view in a real browser: it plays, follows, selects and is painted on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser.conftest import Tab
from tests.browser.painting_app import PIECE
from tests.serving import ROOT, serve

pytestmark = [pytest.mark.browser, pytest.mark.slow]
OpenTab = Callable[..., Tab]
VIEW = "document.querySelector('.score-view').view"
BEATS = f"{VIEW}.player.beats"
N_NOTES = f"{VIEW}.score.notes.flat().length"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve("-m", "tests.browser.painting_app") as url:
        yield url


@pytest.fixture
def tab(address: str, open_tab: OpenTab) -> Tab:
    opened = open_tab(address, wait_for="#paint-sheet img")
    opened.page.wait_for_selector(".sv-chip")
    opened.page.wait_for_selector(".sheet-cursor", state="attached")
    return opened


def at(tab: Tab, beats: float, pitch: int | None = None) -> tuple[float, float]:
    """Return where on the screen a time and a pitch of the roll lie; the ruler without a pitch."""
    stage = tab.page.locator(".sv-stage")
    stage.scroll_into_view_if_needed()
    frame = stage.bounding_box()
    assert frame
    x = tab.page.evaluate(f"{VIEW}.roll.xOf({beats})")
    y = 8 if pitch is None else tab.page.evaluate(f"{VIEW}.roll.yOf({pitch} - 0.5)")
    return frame["x"] + x + 2, frame["y"] + y


def drag(tab: Tab, start: tuple[float, float], end: tuple[float, float]) -> None:
    tab.page.mouse.move(*start)
    tab.page.mouse.down()
    tab.page.mouse.move(*end, steps=4)
    tab.page.mouse.up()


def read_back(tab: Tab, words: str) -> None:
    """Ask the server until it knows what the browser shows."""
    tab.page.wait_for_timeout(300)  # values are stored a moment after the last change
    tab.page.click("#ask")
    tab.page.wait_for_function(
        "words => document.querySelector('#said textarea').value.includes(words)", arg=words
    )


def test_the_cursor_of_roll_and_sheet_moves_while_it_plays(tab: Tab) -> None:
    left = "document.querySelector('.sheet-cursor').style.left"
    before = tab.page.evaluate(left)
    tab.page.click(".sv-play")
    tab.page.wait_for_function(f"{BEATS} > 1.2")
    assert tab.page.evaluate(f"{VIEW}.roll.shown.cursor") > 1
    assert tab.page.evaluate(left) != before
    tab.page.click(".sv-play")
    stopped = tab.page.evaluate(BEATS)
    tab.page.wait_for_timeout(300)
    assert tab.page.evaluate(BEATS) == stopped


def test_notes_sound_and_stop_when_it_stops(tab: Tab) -> None:
    voices = f"{VIEW}.player.synth?.synth.voiceCount ?? 0"
    tab.page.click(".sv-play")
    tab.page.wait_for_function(f"{voices} > 0")
    tab.page.click(".sv-play")
    tab.page.wait_for_function(f"({voices}) === 0")
    assert tab.outside == []


def test_a_muted_part_is_silent_and_the_only_one_silences_the_others(tab: Tab) -> None:
    tab.page.click(".sv-play")
    tab.page.wait_for_function(f"{VIEW}.player.synth && {BEATS} > 0.2")
    muted = f"{VIEW}.player.synth.synth.midiChannels.slice(0, 4)"
    muted += ".map((channel) => channel.systemParameters.isMuted)"
    tab.page.click("[aria-label='Mute alto']")
    assert tab.page.evaluate(muted) == [False, True, False, False]
    tab.page.click("[aria-label='Only bass']")
    assert tab.page.evaluate(muted) == [True, True, True, False]
    assert tab.page.get_attribute("[aria-label='Mute alto']", "aria-pressed") == "true"


def test_a_click_plays_from_its_bar_on_roll_and_sheet(tab: Tab) -> None:
    tab.page.mouse.click(*at(tab, 14))
    tab.page.wait_for_function(f"{BEATS} >= 12 && {BEATS} < 16")
    click_sheet(tab, 6)
    tab.page.wait_for_function(f"{BEATS} >= 20 && {BEATS} < 24")


def test_another_tempo_goes_on_from_where_it_is(tab: Tab) -> None:
    tab.page.click(".sv-play")
    tab.page.wait_for_function(f"{BEATS} > 0.5")
    tab.page.locator(".sv-tempo").fill("144")
    tab.page.wait_for_function(f"{VIEW}.player.rate === 2 && {BEATS} > 1")
    assert tab.page.inner_text(".sv-bpm") == "144"


def test_selected_bars_are_looped_with_a_metronome_and_counted_in(tab: Tab) -> None:
    drag(tab, at(tab, 5), at(tab, 6))
    tab.page.click(".sv-practice summary")
    for name in ("loop", "clicks", "counts"):
        tab.page.check(f".sv-{name}")
    tab.page.locator(".sv-tempo").fill("240")
    tab.page.click(".sv-play")
    tab.page.wait_for_function(f"{VIEW}.player.events?.length > 0")
    wait_s = tab.page.evaluate(f"{VIEW}.player.started - {VIEW}.player.now()")
    assert wait_s > 0.5  # four beats at 240
    clicks = f"{VIEW}.player.events.filter((event) => event[1] === 2)"
    assert tab.page.evaluate(f"{clicks}.map((event) => event[2])") == [True, False, False, False]
    tab.page.evaluate(f"window.heard = []; setInterval(() => heard.push({BEATS}), 20)")
    back = "heard.some((beats, n) => n && beats < heard[n - 1] - 2)"
    tab.page.wait_for_function(back)
    assert tab.page.evaluate("heard.every((beats) => beats >= 4 && beats <= 8)")
    assert tab.page.evaluate(f"{VIEW}.player.isPlaying")


def test_a_soundfont_is_looked_at_before_it_plays(tab: Tab, tmp_path: Path) -> None:
    other = tmp_path / "song.sf2"
    other.write_bytes(b"RIFF\x04\x00\x00\x00WAVE")
    tab.page.click(".sv-practice summary")
    tab.page.set_input_files(".sv-font", other)
    tab.page.wait_for_selector(".sv-said:has-text('no soundfont that can be played')")
    banks = f"{VIEW}.player.synth?.synth.soundBankManager.priorityOrder"
    tab.page.set_input_files(".sv-font", ROOT / "soundfonts" / "composer.sf3")
    tab.page.wait_for_selector(".sv-said:has-text('sounds of')")
    tab.page.click(".sv-play")
    tab.page.wait_for_function(f"{banks}?.[0] === 'own'")
    tab.page.click(".sv-font-off")
    tab.page.wait_for_function(f"!{banks}.includes('own')")
    assert tab.outside == []


def test_bars_and_parts_are_selected_and_reach_the_server(tab: Tab) -> None:
    drag(tab, at(tab, 5), at(tab, 13))
    assert tab.page.inner_text(".sv-selected b") == "bars 2–4"
    assert tab.page.locator(".sheet-selected").count() == 3
    tab.page.uncheck("[aria-label='tenor is part of the selection']")
    read_back(tab, "Selection(first_bar=2, last_bar=4, parts=(0, 1, 3))")
    tab.page.click(".sv-clear")
    tab.page.check("[aria-label='tenor is part of the selection']")
    read_back(tab, "None;")


def test_everything_can_be_done_with_keys(tab: Tab) -> None:
    tab.page.focus(".sv-scroll")
    for key in ("PageDown", "Shift+ArrowRight", "Shift+ArrowRight"):
        tab.page.keyboard.press(key)
    assert tab.page.inner_text(".sv-selected b") == "bars 5–6"
    tab.page.keyboard.press("Space")
    tab.page.wait_for_function(f"{VIEW}.player.isPlaying")
    tab.page.keyboard.press("Space")
    tab.page.keyboard.press("Escape")
    assert not tab.page.is_visible(".sv-selected")
    tab.page.click(".sv-paint")
    tab.page.focus(".sv-scroll")
    for key in ("Home", "ArrowUp", "Enter"):
        tab.page.keyboard.press(key)
    assert tab.page.evaluate(N_NOTES) != PIECE.n_notes
    tab.page.keyboard.press("Control+z")
    assert tab.page.evaluate(N_NOTES) == PIECE.n_notes


def test_painted_notes_reach_the_server_and_can_be_undone(tab: Tab) -> None:
    n_notes = PIECE.n_notes
    tab.page.click(".sv-paint")
    tab.page.mouse.click(*at(tab, 2, 74))
    read_back(tab, f"; {n_notes + 1} notes")
    drag(tab, at(tab, 2.1, 74), at(tab, 4.1, 73))
    assert tab.page.evaluate(f"{VIEW}.painting.find(4, 73)?.onsetText") == "96/24"
    tab.page.click(".sv-erase")
    tab.page.mouse.click(*at(tab, 4.1, 73))
    read_back(tab, f"; {n_notes} notes")
    for _ in range(3):
        tab.page.click(".sv-undo")
    assert tab.page.is_disabled(".sv-undo")
    read_back(tab, f"; {n_notes} notes")
    tab.page.click(".sv-redo")
    read_back(tab, f"; {n_notes + 1} notes")


def test_hovering_names_note_place_and_part(tab: Tab) -> None:
    tab.page.mouse.move(*at(tab, 0.5, 70))
    assert tab.page.inner_text(".sv-tip").startswith("Bb4 · bar 1, beat 1 · 1 quarter · soprano")


def test_it_zooms_and_keeps_its_place(tab: Tab) -> None:
    whole = tab.page.evaluate(f"{VIEW}.roll.zoom")
    tab.page.click(".sv-more")
    assert tab.page.evaluate(f"{VIEW}.roll.zoom") == pytest.approx(1.5 * whole)
    tab.page.click(".sv-whole")
    assert tab.page.evaluate(f"{VIEW}.roll.zoom") == pytest.approx(whole)


def test_an_upbeat_is_bar_0_on_roll_and_sheet_and_for_the_server(open_tab: OpenTab) -> None:
    with serve("-m", "tests.browser.painting_app", UPBEAT="1") as url:
        tab = open_tab(url, wait_for="#paint-sheet img")
        tab.page.wait_for_selector(".sheet-cursor", state="attached")
        assert tab.page.inner_text(".sv-where").startswith("bar 0 of 7")
        assert tab.page.evaluate(f"{VIEW}.score.placeWords(5)") == "bar 1, beat 2"
        assert tab.page.evaluate(f"[...{VIEW}.sheet.boxes.keys()]") == list(range(8))
        drag(tab, at(tab, 3), at(tab, 5))
        assert tab.page.inner_text(".sv-selected b") == "bars 0–1"
        assert tab.page.locator(".sheet-selected").count() == 2
        read_back(tab, "Selection(first_bar=0, last_bar=1, parts=(0, 1, 2, 3))")
        tab.page.mouse.click(*at(tab, 3.2))
        tab.page.wait_for_function(f"{VIEW}.player.isPlaying && {BEATS} < 4")
        tab.page.click(".sv-play")
        tab.page.focus(".sv-scroll")
        for key in ("Escape", "Home", "Shift+ArrowRight"):
            tab.page.keyboard.press(key)
        assert tab.page.inner_text(".sv-selected b") == "bar 0"
        read_back(tab, "Selection(first_bar=0, last_bar=0")
        click_sheet(tab, 0)
        tab.page.wait_for_function(f"{VIEW}.player.isPlaying && {BEATS} < 4")


def click_sheet(tab: Tab, bar: int) -> None:
    """Click into a bar of the sheet by its printed number."""
    page = tab.page.locator(".sheet-page").bounding_box()
    box = tab.page.evaluate(f"{VIEW}.sheet.boxes.get({bar})")
    assert page
    x = page["x"] + (box["x"] + box["w"] / 2) * page["width"]
    tab.page.mouse.click(x, page["y"] + (box["y"] + box["h"] / 2) * page["height"])
