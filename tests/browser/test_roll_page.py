"""What `render --formats html` writes, opened from the disk: it is drawn, and asks for nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from composer.piece import Piece
from composer.rendering.files import write_files

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_the_roll_is_drawn_from_the_file_alone_and_tells_its_notes(
    browser: Browser, upbeat_chorale: Piece, tmp_path: Path
) -> None:
    path = write_files(upbeat_chorale, tmp_path, "c", ["html"])["html"][0]
    context = browser.new_context(offline=True, color_scheme="dark")
    page, asked, faults = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_selector(".barlayer .point")
    assert page.locator(".barlayer .point").count() == upbeat_chorale.n_notes
    page.locator(".barlayer .point path").first.hover(force=True)
    assert "bar 0" in page.wait_for_selector(".hoverlayer .hovertext").text_content()
    colour = page.locator(".xtick text").first.evaluate("text => getComputedStyle(text).fill")
    assert colour == "rgb(231, 229, 228)"
    assert asked == [path.as_uri()] and faults == []
    context.close()
