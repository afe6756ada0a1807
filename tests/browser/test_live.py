"""A visitor hears a stream: in the page, on an instrument, and as a piece that is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Response

from tests.browser.conftest import Tab
from tests.serving import REAL_APP, serve

pytestmark = [pytest.mark.browser, pytest.mark.slow]
OpenTab = Callable[..., Tab]
# An instrument that remembers what it was sent, and when.
FAKE_MIDI = """() => {
window.sent = [];
const port = {
    id: 'one', name: 'Fake Piano', state: 'connected',
    send: (bytes, at) => window.sent.push({bytes: [...bytes], at}),
};
navigator.requestMIDIAccess = async () => {
    window.asked = (window.asked ?? 0) + 1;
    return {outputs: new Map([['one', port]]), inputs: new Map()};
};
}"""
LIVE = "document.querySelector('.live').live"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve(*REAL_APP) as url:
        yield url


def begin(open_tab: OpenTab, address: str) -> Tab:
    """Open the page and start a stream that plays on the instrument."""
    tab = open_tab(f"{address}/#live", wait_for=".live-start")
    page = tab.page
    page.evaluate(FAKE_MIDI)
    page.select_option("[data-knob=composer]", "Bach")
    page.select_option("[data-knob=form]", "chorale")
    assert page.evaluate("window.asked") is None  # nobody is asked before a click
    page.click(".live-midi")
    page.select_option(".live-outlets select", label="Fake Piano")
    page.click(".live-start")
    page.wait_for_function(f"{LIVE}.player.heard >= 1")
    return tab


def sent(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate("window.sent")
    return found


def held(messages: list[dict[str, Any]]) -> set[tuple[int, int]]:
    """Return what sounds behind messages in the order of their times."""
    notes: set[tuple[int, int]] = set()
    for one in sorted(messages, key=lambda each: each["at"]):
        status, pitch, velocity = (*one["bytes"], 0)[:3]
        if status & 0xF0 == 0x90 and velocity:
            assert (status & 0x0F, pitch) not in notes
            notes.add((status & 0x0F, pitch))
        elif status & 0xF0 in (0x80, 0x90):
            notes.discard((status & 0x0F, pitch))
    return notes


def test_a_stream_sounds_is_turned_kept_and_stopped(open_tab: OpenTab, address: str) -> None:
    tab = begin(open_tab, address)
    page = tab.page
    page.wait_for_function("window.sent.filter((one) => one.bytes[0] >> 4 === 9).length > 6")
    assert "chosen of" in page.inner_text(".live-why")
    page.wait_for_function("document.querySelector('.live-health').textContent.includes('ahead')")
    page.select_option("[data-knob=key]", "D major")
    page.wait_for_selector(".live-status:has-text('key D major, from bar')")
    page.wait_for_function(f"[...{LIVE}.player.bars.values()].at(-1).key === 'D major'")
    page.get_by_role("button", name="Turn").click()
    page.wait_for_selector(".live-status:has-text('turn, from bar')")
    page.get_by_role("button", name="Open in Inspect").click()
    page.wait_for_selector("#inspect-heading :text('chorale')")
    page.evaluate("location.hash = 'live'")
    page.click(".live-stop")
    page.wait_for_function("!document.querySelector('.live-start').disabled")
    page.wait_for_timeout(300)
    assert not held(sent(page))
    assert tab.outside == []


def test_panic_silences_and_nothing_sounds_for_three_seconds(
    open_tab: OpenTab, address: str
) -> None:
    page = begin(open_tab, address).page
    page.wait_for_function("window.sent.filter((one) => one.bytes[0] >> 4 === 9).length > 3")
    page.click(".live-panic")
    page.wait_for_timeout(2500)
    messages = sent(page)
    assert not held(messages)
    controls = [one for one in messages if one["bytes"][0] & 0xF0 == 0xB0]
    assert {one["bytes"][1] for one in controls} == {64, 66, 120, 121, 123}
    pressed = controls[0]["at"]
    strikes = [one["at"] for one in messages if one["bytes"][0] & 0xF0 == 0x90]
    # What was under way for 0.15 s cannot be called back from an instrument.
    assert not [at for at in strikes if pressed + 200 < at < pressed + 2900]


def test_events_that_break_off_go_on_with_nothing_lost_or_doubled(
    open_tab: OpenTab, address: str
) -> None:
    page = begin(open_tab, address).page
    page.context.set_offline(True)
    page.wait_for_timeout(2000)
    page.context.set_offline(False)
    heard = page.evaluate(f"{LIVE}.player.heard")
    page.wait_for_function(f"{LIVE}.player.heard >= {heard + 2}")
    numbers = page.evaluate(f"[...{LIVE}.player.bars.keys()]")
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_theme_that_is_played_goes_on_after_a_pause(open_tab: OpenTab, address: str) -> None:
    page = open_tab(f"{address}/#live", wait_for=".live-play").page
    page.select_option("[data-knob=form]", "chorale")
    page.click(".live-play")
    page.wait_for_selector(".live-status:has-text('play a theme')")
    for key in "adgkgda":
        page.keyboard.press(key, delay=150)
        page.wait_for_timeout(250)
    page.wait_for_function(f"{LIVE}.player.heard >= 1")
    first = page.evaluate(f"{LIVE}.player.bars.get(1)")
    assert first["why"] == "as it was played" and first["key"] == "C major"
    assert [note[3] % 12 for note in first["notes"]][:3] == [0, 4, 7]


def has_notes(answer: Response) -> bool:
    return "/played" in answer.url and bool(answer.request.post_data_json["notes"])


def test_what_is_played_in_a_turn_reaches_the_stream(open_tab: OpenTab, address: str) -> None:
    page = open_tab(f"{address}/#live", wait_for=".live-play").page
    page.select_option("[data-knob=form]", "chorale")
    page.select_option("[data-knob=duet]", "turns")
    page.click(".live-start")
    page.wait_for_function(f"{LIVE}.player.bars.get(2)?.label === 'yours'")
    page.wait_for_function(f"{LIVE}.player.heard >= 2")
    with page.expect_response(has_notes) as answers:
        page.keyboard.press("d", delay=100)
    assert answers.value.json()["bars"] >= 1
    notes = answers.value.request.post_data_json["notes"]
    assert [note[2] for note in notes] == [64] and notes[0][0] >= 3
