"""Somebody sings to the page: the notes come, Harmonise is pressed, and four parts are there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import ARGUMENTS, CHROMIUM, Tab
from tests.serving import FAKE_APP, serve
from tests.transcription.tones import file_of, play, scale

pytestmark = [pytest.mark.browser, pytest.mark.slow]
VIEW = "document.querySelector('#edit-score .score-view').view"
N_NOTES = f"{VIEW}.score.notes.flat().length"
TEMPO_BPM = 96


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what the microphone hears: a melody, over and over."""
    path = tmp_path_factory.mktemp("song") / "song.wav"
    once = play(scale(60 / TEMPO_BPM, 0.05), 5.0)
    path.write_bytes(file_of(np.repeat(once, 2), 44_100))
    return path


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve(*FAKE_APP, STEP_S="0.05") as url:
        yield url


@pytest.fixture
def tab(browser: Browser, address: str, song: Path) -> Iterator[Tab]:
    """Return a telephone's window whose microphone hears the song."""
    fake = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={song}",
    ]
    chromium = browser.browser_type.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *fake])
    opened = Tab(chromium, f"{address}/#edit", 390, "#edit-upload")
    yield opened
    opened.context.close()
    chromium.close()


def record(tab: Tab, seconds: float) -> None:
    """Unfold the microphone, record for a while and wait for notes."""
    if not tab.page.is_visible("#edit-upload-microphone .recorder-go"):
        tab.page.click("#edit-microphone-fold > button")
    tab.page.fill("#edit-upload-microphone .recorder-tempo", str(TEMPO_BPM))
    go = tab.page.locator("#edit-upload-microphone .recorder-go")
    go.click()
    tab.page.wait_for_selector("#edit-upload-microphone .recorder-said:text('recording')")
    tab.page.wait_for_timeout(seconds * 1000)
    go.click()
    tab.page.wait_for_selector("#edit-score .sv-chip")


def test_beats_that_are_tapped_are_those_of_the_bars(tab: Tab) -> None:
    tab.page.click("#edit-microphone-fold > button")
    tab.page.uncheck("#edit-upload-microphone .recorder-count")
    tab.page.click("#edit-upload-microphone .recorder-go")
    tap = tab.page.locator("#edit-upload-microphone .recorder-tap")
    tap.wait_for()
    tab.page.wait_for_selector("#edit-upload-microphone .recorder-said:text('▮')")
    tab.page.evaluate(
        """(gap) => new Promise((done) => {
            const recorder = document.querySelector('#edit-upload-microphone .recorder').recorder;
            const { context } = recorder.running;
            for (let n = 1; n <= 8; n += 1) {
                const clock = context.createConstantSource();
                clock.onended = () => { recorder.tap(); if (n === 8) done(); };
                clock.start(); clock.stop(context.currentTime + n * gap);
            }
        })""",
        60 / TEMPO_BPM,
    )
    tab.page.wait_for_selector("#edit-upload-microphone .recorder-said:text('8 beats')")
    tab.page.click("#edit-upload-microphone .recorder-go")
    tab.page.wait_for_selector("#edit-score .sv-chip")
    assert not tap.is_visible()
    tempo = tab.page.evaluate(f"{VIEW}.score.tempo")
    assert abs(tempo - TEMPO_BPM) < 5


def test_a_song_becomes_notes_and_then_four_parts(tab: Tab) -> None:
    record(tab, 6.0)
    n_sung = tab.page.evaluate(N_NOTES)
    assert 5 <= n_sung <= 14
    pitches = tab.page.evaluate(f"{VIEW}.score.notes.flat().map((note) => note.pitch)")
    assert set(pitches) <= {60, 62, 64, 65, 67}
    tab.page.get_by_role("tab", name="Harmonise").click()
    tab.page.click("#edit-harmonise")
    tab.page.wait_for_selector("#edit-ranking tr[data-rank='1'][aria-selected='true']")
    assert tab.page.locator("#edit-score .sv-chip").count() == 4
    assert tab.page.evaluate(f"{VIEW}.score.notes[0].length") == n_sung
    assert tab.outside == []
