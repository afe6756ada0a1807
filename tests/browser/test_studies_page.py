"""A researcher in a browser, on the bundled model: plan, preview, host, watch, report, stop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.conftest import Tab
from tests.serving import REAL_APP, serve

pytestmark = [pytest.mark.browser, pytest.mark.slow]
KEY = "sesame"


def test_a_study_is_previewed_hosted_watched_reported_and_stopped(
    open_tab: Callable[..., Tab], tmp_path: Path
) -> None:
    folders = {"COMPOSER_STUDIES": str(tmp_path), "COMPOSER_STUDY_KEY": KEY}
    with serve(*REAL_APP, **folders) as address:
        tab = open_tab(f"{address}/#studies", wait_for="#study-plan-it")
        page = tab.page
        page.uncheck("#study-sides label:has-text('best of 64') input")
        page.check("#study-sides label:has-text('best of 16') input")
        for name, value in (("keys", "G major"), ("bars", "4"), ("trials", "1"), ("clip", "12")):
            page.fill(f"#study-{name} :is(input, textarea)", value)
        page.click("#study-plan-it")
        page.wait_for_selector("#study-checked :text('questions')")
        page.fill("#study-key input", KEY)
        page.click("#study-preview")
        preview = page.get_attribute("#study-hosted a:has-text('as a listener')", "href")
        assert preview
        listener = open_tab(preview, 390, "#welcome:not([hidden])").page
        listener.check("#agrees")
        listener.click("#begin")  # which nobody counts
        listener.wait_for_selector("#volume:not([hidden])")
        page.click("#study-begin")
        page.wait_for_selector("#study-hosted img[alt*='QR code']")
        # Who comes is counted while one looks on.
        page.wait_for_selector("#study-progress :text('0 of 40 places are taken')")
        hosted = page.get_attribute("#study-hosted figure a", "href")
        assert hosted
        listener.goto(hosted)
        listener.check("#agrees")
        listener.click("#begin")
        page.wait_for_selector("#study-progress :text('1 of 40 places are taken')")
        page.click("#study-report-of")
        report = page.frame_locator("#study-report iframe")
        report.locator(":text('0 listeners took part')").wait_for()
        page.click("#study-end")
        page.wait_for_selector("#study-hosted :text('No study is hosted here')")
        assert not tab.outside
