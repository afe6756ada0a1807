"""The shortest journeys once more in Firefox: what browsers do differently is found here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from composer.piece import Piece
from composer.rendering import write_midi
from tests.browser.firefox import FIREFOX, Firefox, firefox
from tests.serving import FAKE_APP, serve

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not FIREFOX, reason="firefox-esr is not installed"),
]
VIEW = "document.querySelector('#edit-score .score-view')?.view"
SHOWN = "document.querySelector('#compose-score .sv-chip')"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve(*FAKE_APP, STEP_S="0.05") as url:
        yield url


@pytest.fixture(scope="module")
def window() -> Iterator[Firefox]:
    with firefox() as found:
        yield found


def test_a_piece_is_composed_heard_and_kept_in_the_library(window: Firefox, address: str) -> None:
    window.open(address)
    window.click("#compose")
    window.wait_for(SHOWN)
    window.wait_for("document.querySelector('#sheet img')?.naturalWidth")
    window.click("#compose-score .sv-play")
    window.wait_for("document.querySelector('#compose-score .sv-play').title === 'Stop'")
    window.click("#library-fold button")
    window.wait_for("document.querySelectorAll('.library li').length")
    assert window.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_key_is_typed_by_keys_alone(window: Firefox, address: str) -> None:
    window.open(f"{address}/#compose")
    window.wait_for("document.querySelector('#setting-key input')")
    window.evaluate("document.querySelector('#setting-key input').focus()")
    window.press("g minor", "Enter")
    window.wait_for("document.querySelector('#setting-key input').value === 'G minor'")
    window.evaluate("document.querySelector('#compose').focus()")
    window.press("Enter")
    window.wait_for("document.querySelector('#heading')?.textContent.includes('G minor')")


def test_a_note_is_chosen_on_the_sheet_and_respelled_by_a_key(
    window: Firefox, address: str, chorale: Piece, tmp_path: Path
) -> None:
    window.open(f"{address}/#edit")
    file = write_midi(chorale, tmp_path / "mine.mid")
    window.upload("#edit-upload input[type=file]", file)
    window.wait_for(f"{VIEW}?.sheet.heads.length")
    x, y, pitch = window.evaluate(f"(({{x, y, pitch}}) => [x, y, pitch])({VIEW}.sheet.heads[0])")
    window.click_at("#edit-sheet .sheet-page", x, y)
    window.wait_for(f"{VIEW}.noteAtCaret?.pitch === {pitch}")
    window.press("r")
    window.wait_for(f"{VIEW}.noteAtCaret.spelling")
    window.wait_for("document.querySelector('#edit-heading').textContent.includes('painted')")
