from __future__ import annotations

import base64
import re
from dataclasses import replace
from typing import Any

import pytest

from composer.errors import MissingTool, RequestError, WorkerError
from composer.piece import Piece
from composer.ui.shared import sheets

SCRIPT = '"><img src=x onerror=alert(1)>'


def pages_of(html: str) -> list[str]:
    found = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    return [base64.b64decode(page).decode() for page in found]


def width_of(page: str) -> float:
    return float(re.search(r'viewBox="0 0 (\S+)', page)[1])


def test_a_telephone_gets_narrow_systems(chorale: Piece) -> None:
    narrow, wide = (pages_of(sheets.show_sheet(chorale, px))[0] for px in (390, 1360))
    assert width_of(narrow) < width_of(wide) / 2


@pytest.mark.parametrize("window_px", [None, "390", float("nan"), float("inf"), -3, 0, True, {}])
def test_a_width_that_is_none_counts_as_wide(window_px: Any, chorale: Piece) -> None:
    assert sheets.show_sheet(chorale, window_px) == sheets.show_sheet(chorale, 1360)


def test_a_page_is_a_picture_with_words_for_those_who_do_not_see_it(chorale: Piece) -> None:
    html = sheets.show_sheet(chorale, 1360)
    assert 'alt="Sheet music: Bach chorale, G major, 4/4, 8 bars"' in html
    assert "<svg" not in html
    assert pages_of(html)[0].startswith("<svg")


def test_foreign_words_are_shown_as_text(chorale: Piece) -> None:
    hostile = replace(chorale, composer=SCRIPT, title=SCRIPT)
    assert "<img src=x" not in sheets.show_sheet(hostile, 1360)


def test_a_long_piece_is_cut_and_says_so(chorale: Piece) -> None:
    html = sheets.show_sheet(replace(chorale, n_bars=1200), 1360)
    assert "the first 100 of 1,200 bars; the PDF has the whole piece" in html


@pytest.mark.parametrize("error", [MissingTool, RequestError, WorkerError])
def test_what_cannot_be_engraved_is_one_quiet_line(
    error: type[Exception], chorale: Piece, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error("verovio is absent")

    monkeypatch.setattr(sheets, "engrave_opening", fail)
    assert sheets.show_sheet(chorale, 1360) == '<p class="note">no sheet: verovio is absent</p>'
