"""The piano of the pages Extend and Edit writes what the server reads, by mouse and by keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import pytest
from playwright.sync_api import Page

from composer.corpus.abc import read_abc
from tests.browser.conftest import Tab
from tests.serving import FAKE_APP, serve

pytestmark = [pytest.mark.browser, pytest.mark.slow]
OpenTab = Callable[..., Tab]
FIELD = "#extend-theme textarea"
KEYS = "#extend-theme-piano .piano-key"
LENGTH = "#extend-theme-piano select"
PLACES = f"""() => ['{FIELD}', '{KEYS}', '#extend-take-theme'].map(
    (name) => JSON.stringify(document.querySelector(name).getBoundingClientRect())).join()"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve(*FAKE_APP, STEP_S="0.02") as url:
        yield url


def open_piano(open_tab: OpenTab, address: str, width_px: int = 1280) -> Tab:
    tab = open_tab(f"{address}/#extend", width_px, "#extend-upload")
    tab.page.get_by_role("button", name="or a theme").click()
    tab.page.wait_for_selector("#extend-theme-piano [aria-label='C4']")
    return tab


def written(page: Page) -> list[tuple[Fraction, int, Fraction]]:
    """Return the notes of the field as the server reads them."""
    (part,) = read_abc(page.input_value(FIELD)).parts
    return [(note.onset_beats, note.pitch, note.duration_beats) for note in part.notes]


def test_keys_write_a_theme_that_is_begun_with(open_tab: OpenTab, address: str) -> None:
    tab = open_piano(open_tab, address, 390)
    page = tab.page
    page.wait_for_timeout(500)  # until the fold has opened
    before = page.evaluate(PLACES)
    for step in (0, 4, 7, 12):
        page.click(f"{KEYS} >> nth={step}", position={"x": 8, "y": 100})
    page.select_option(LENGTH, label="1/2 dotted")
    page.click(f"{KEYS} >> nth=6")
    page.click("#extend-theme-piano .piano-rest")
    assert page.input_value(FIELD) == "M:4/4 L:1/8 K:C\nC2 E2 G2 c2 | ^F6 z2 | z4"
    assert page.evaluate(PLACES) == before
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click("#extend-take-theme")
    page.wait_for_selector("#extend-heading :text('C major, 4/4')")
    assert tab.outside == []


@pytest.mark.parametrize("key", ["C", "G", "Dm", "Ebm", "F#", "Cb"])
def test_every_pitch_is_read_as_it_was_played(open_tab: OpenTab, address: str, key: str) -> None:
    page = open_piano(open_tab, address).page
    page.fill(FIELD, f"M:3/4 L:1/4 K:{key}\n")
    page.select_option(LENGTH, label="1/4 dotted")
    page.focus(f"{KEYS} >> nth=0")
    for code in ("KeyA", "KeyW", "KeyS", "KeyE", "KeyD", "KeyF", "KeyT", "KeyG", "KeyY", "KeyH"):
        page.keyboard.press(code)
    for code in ("KeyU", "KeyJ", "KeyX", "KeyA", "KeyR", "KeyZ", "KeyK", "Semicolon"):
        page.keyboard.press(code)
    pitches = [*range(60, 72), 72, None, 72, 76]
    length = Fraction(3, 2)
    expected = [(length * at, pitch, length) for at, pitch in enumerate(pitches) if pitch]
    assert written(page) == expected
    for _ in range(3):
        page.keyboard.press("Backspace")
    assert written(page) == expected[:13]


def test_arrows_walk_over_the_keys_and_the_tabulator_leaves_them(
    open_tab: OpenTab, address: str
) -> None:
    page = open_piano(open_tab, address).page
    page.focus("#extend-theme-piano .piano-up")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.keyboard.press("End")
    page.keyboard.press("Space")
    assert [pitch for _, pitch, _ in written(page)] == [61, 76]
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.matches('.piano-key')")


def test_a_theme_longer_than_a_bar_is_tied_and_taken_back_whole(
    open_tab: OpenTab, address: str
) -> None:
    page = open_piano(open_tab, address).page
    page.fill(FIELD, "M:3/8 L:1/8 K:D\nF")
    page.select_option(LENGTH, label="1/1")
    page.click(f"{KEYS} >> nth=5", position={"x": 8, "y": 100})
    assert page.input_value(FIELD) == "M:3/8 L:1/8 K:D\nF =F2- | =F3- | =F3 |"
    assert written(page) == [(0, 66, Fraction(1, 2)), (Fraction(1, 2), 65, 4)]
    page.click("#extend-theme-piano .piano-back")
    assert page.input_value(FIELD) == "M:3/8 L:1/8 K:D\nF"


def test_the_edit_page_has_one_too(open_tab: OpenTab, address: str) -> None:
    page = open_tab(f"{address}/#edit", 1280, "#edit-upload").page
    page.get_by_role("button", name="or a melody").click()
    page.wait_for_selector("#edit-melody-piano [aria-label='C4']")
    page.click("#edit-melody-piano .piano-key >> nth=0", position={"x": 8, "y": 100})
    assert page.input_value("#edit-melody textarea") == "M:4/4 L:1/8 K:C\nC2"
    page.click("#edit-take-melody")
    page.wait_for_selector("#edit-score .sv-chip")


def test_a_played_key_sounds(open_tab: OpenTab, address: str) -> None:
    page = open_piano(open_tab, address).page
    page.click(f"{KEYS} >> nth=9", position={"x": 8, "y": 100})
    module = "new URL('composer-assets/ui/synth.js', document.baseURI)"
    sounds = f"import({module}).then((m) => m.open()).then((s) => s.synth.voiceCount > 0)"
    page.wait_for_function(f"() => {sounds}")
