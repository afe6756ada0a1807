"""A browser that may visit this machine and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import APIResponse, Browser, BrowserContext, Route, sync_playwright

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
LOOPBACK = ("127.0.0.1", "localhost", "")  # "" for data: and blob:


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


class Tab:
    """A visitor's browser window, its page, and what it asked for outside this machine."""

    def __init__(
        self, browser: Browser, url: str, width_px: int = 1280, wait_for: str = "#compose"
    ) -> None:
        self.outside: list[str] = []
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width_px, "height": 844}, accept_downloads=True
        )
        self.context.route("**/*", self._watch)
        self.page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.page.goto(url)
        self.page.wait_for_selector(wait_for)

    def _watch(self, route: Route) -> None:
        if urlsplit(route.request.url).hostname in (*LOOPBACK, None):
            route.continue_()
        else:
            self.outside.append(route.request.url)
            route.abort()

    def wish(self, **numbers: int) -> None:
        """Fill in number fields, some of which are folded away."""
        if not self.page.is_visible("#setting-candidates"):
            self.page.click("#more > button")
            self.page.wait_for_selector("#setting-candidates input")
        for name, value in numbers.items():
            self.page.fill(f"#setting-{name} input", str(value))

    def compose(self) -> None:
        """Press Compose and wait until the best candidate is on show."""
        self.page.click("#compose")
        self.wait_for_roll()

    def wait_for_roll(self) -> None:
        """Wait for notes in the piano roll."""
        self.page.wait_for_selector("#compose-score .sv-chip")

    def status(self) -> str:
        """Return the words of the status line, without Gradio's clock over it."""
        return self.page.inner_text("#status .status span")

    def wait_for_status(self, words: str) -> None:
        """Wait until the status line holds some words."""
        self.page.wait_for_selector(f"#status :text('{words}')")

    def hold_answer(self) -> Callable[[], None]:
        """Keep back the server's answer to the next quick event; return what lets it come."""
        held: list[tuple[Route, APIResponse]] = []
        self.page.route(
            "**/run/predict", lambda route: held.append((route, route.fetch())), times=1
        )

        def release() -> None:
            (route, answer), *_ = held
            route.fulfill(response=answer)

        return release


@pytest.fixture
def open_tab(browser: Browser) -> Iterator[object]:
    tabs: list[Tab] = []

    def open_(url: str, width_px: int = 1280, wait_for: str = "#compose") -> Tab:
        tabs.append(Tab(browser, url, width_px, wait_for))
        return tabs[-1]

    yield open_
    for tab in tabs:
        tab.context.close()
