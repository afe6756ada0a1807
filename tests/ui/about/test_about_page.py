from __future__ import annotations

from pathlib import Path

from composer import places
from composer.ui.about import page as about_page
from composer.ui.about.page import measure_speed, read_document
from tests.fake_studio import fake_studio


def test_a_document_of_ours_has_no_pictures_and_no_links_into_the_repository() -> None:
    text = read_document(places.ATTRIBUTION)
    assert "CC BY-SA" in text and "](" in text
    assert "![" not in text and "](../" not in text and "](soundfonts" not in text
    assert not text.startswith("# ")


def test_a_checkpoint_without_a_card_has_none(tmp_path: Path) -> None:
    assert read_document(tmp_path / "README.md") == ""


def test_the_speed_is_measured_with_a_small_piece() -> None:
    first, last = measure_speed(fake_studio())
    assert "composing 4 candidates" in first
    assert "notes a second; at this pace 16 candidates of 16 bars take" in last


def test_the_page_says_what_it_cannot_do() -> None:
    assert len(about_page.LIMITS) >= 4
