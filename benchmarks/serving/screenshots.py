"""Pictures of every page, to be looked at: light, dark, and on a telephone, light and dark.

    python benchmarks/serving/screenshots.py /tmp/shots
    python benchmarks/serving/screenshots.py /tmp/shots --looks phone --pages edit studies
    python benchmarks/serving/screenshots.py /tmp/shots --pages listener --designs multiple composer

Serves the page of the bundled checkpoint and a small study of every design, goes through both like
a visitor, and writes PNG files: Compose empty and with a result, Extend, Edit, Inspect with a file,
Studies, About, and all a listener sees from consent to the end. A page that is longer than a
picture can show is cut into columns, side by side. What can be told by numbers is printed: how far
the page is wider than the window, and how much the layout jumped since the picture before
(Cumulative Layout Shift without what a press brings, below 0.1 is good).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

# The root in place of this folder.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from composer.rendering import write_midi
from composer.request import Request
from tests.fake_studio import make_piece
from tests.listening.studies import CONDITIONS, make_plan, make_study
from tests.serving import REAL_APP, serve

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run"]
LOOKS = {  # scheme, width and height in px
    "light": ("light", 1280, 900),
    "dark": ("dark", 1280, 900),
    "phone": ("light", 390, 844),
    "phone-dark": ("dark", 390, 844),
}
COLUMN_PX = 1700  # longest column of a picture
GAP_PX = 20
PATIENCE_MS = 90_000
DESIGNS = ("pairwise", "abx", "rating", "multiple", "composer")
QUESTIONS = [
    {"name": "years", "question": "For how many years have you played?", "choices": ["0", "1-5"]},
    {"name": "remarks", "question": "Anything to tell us?"},
]
# Counts what jumped without a press shortly before.
COUNT_JUMPS = """window.jumps = 0; new PerformanceObserver((list) => {
    for (const one of list.getEntries()) if (!one.hadRecentInput) window.jumps += one.value;
}).observe({type: 'layout-shift', buffered: true});"""
UNFOLD = """() => [...document.querySelectorAll('button.label-wrap:not(.open)')]
    .filter((button) => button.checkVisibility()).forEach((button) => button.click())"""
TAKE_JUMPS = "() => { const found = window.jumps; window.jumps = 0; return found; }"
WIDER_BY = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass
class Camera:
    """One visitor's page, and where its pictures go.

    Args:
        page: In a browser.
        folder: Of the pictures.
        look: Of `LOOKS`.
    """

    page: Page
    folder: Path
    look: str

    def shoot(self, name: str) -> None:
        """Write a picture of the whole page; print what is odd."""
        self.page.wait_for_timeout(700)  # until what fades in is there
        path = self.folder / f"{name}-{self.look}.png"
        self.page.screenshot(path=path, full_page=True)
        fold(path)
        wider_px, jumps = self.page.evaluate(WIDER_BY), self.page.evaluate(TAKE_JUMPS)
        notes = [f"{wider_px} px too wide"] if wider_px > 0 else []
        notes += [f"jumped by {jumps:.2f}"] if jumps > 0.1 else []
        print(f"{path.name}: {', '.join(notes) or 'fits'}", flush=True)

    def open(self, name: str) -> None:
        """Go to a page by its tab."""
        self.page.evaluate(f"location.hash = '#{name}'")
        tab = f"#pages [role=tab][aria-selected=true]:text-is('{name.title()}')"
        self.page.wait_for_selector(tab, state="attached")  # it may be in the menu of a telephone
        self.page.wait_for_timeout(300)
        self.page.evaluate(TAKE_JUMPS)  # another page is no jump


def fold(path: Path) -> None:
    """Cut a long picture into columns, side by side."""
    with Image.open(path) as picture:
        whole = picture.convert("RGB")
    width, height = whole.size
    n_columns = -(-height // COLUMN_PX)
    if n_columns == 1:
        return
    size = (n_columns * (width + GAP_PX) - GAP_PX, COLUMN_PX)
    folded = Image.new("RGB", size, (255, 0, 255))
    for column in range(n_columns):
        top = column * COLUMN_PX
        part = whole.crop((0, top, width, min(height, top + COLUMN_PX)))
        folded.paste(part, (column * (width + GAP_PX), 0))
    folded.save(path)


def open_page(browser: Browser, url: str, look: str) -> Page:
    """Open an address in a new profile."""
    scheme, width, height = LOOKS[look]
    page = browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        accept_downloads=True,
    )
    page.set_default_timeout(PATIENCE_MS)
    page.add_init_script(COUNT_JUMPS)
    page.goto(url)
    return page


def compose(camera: Camera, scratch: Path) -> None:
    """Compose before and after; leave its MIDI file behind."""
    page = camera.page
    camera.shoot("compose-empty")
    page.click("#more > button")
    page.fill("#setting-candidates input", "6")
    page.fill("#setting-seed input", "11")
    page.check("#keep-seed input")
    page.click("#compose")
    page.wait_for_selector("#compose-score .sv-chip")
    page.wait_for_selector("#sheet img")
    camera.shoot("compose")
    page.evaluate(UNFOLD)
    camera.shoot("compose-open")
    with page.expect_download() as download:
        page.click("#midi")
    download.value.save_as(scratch / "piece.mid")


def wait_for_sheet(page: Page, sheet: str) -> None:
    """Wait until the sheet of what came last stands there, and not the one before."""
    page.wait_for_timeout(500)
    page.wait_for_selector(f"{sheet} img")


def extend(camera: Camera, scratch: Path) -> None:
    """Go on with the composed piece."""
    page = camera.page
    give(camera, "extend", "#extend-upload", scratch / "piece.mid")
    page.fill("#extend-bars input", "4")
    page.click("#extend")
    page.wait_for_selector("#extend-status :text('bars in')")
    wait_for_sheet(page, "#extend-sheet")
    page.evaluate(UNFOLD)
    camera.shoot("extend")


def edit(camera: Camera, scratch: Path) -> None:
    """Write the composed piece's last part anew."""
    page = camera.page
    give(camera, "edit", "#edit-upload", scratch / "piece.mid")
    page.locator("#edit-ways").get_by_role("tab", name="Harmonise").click()
    page.fill("#edit-candidates input", "4")
    page.click("#edit-harmonise")
    page.wait_for_selector("#edit-ranking tr[data-rank='1'][aria-selected='true']")
    wait_for_sheet(page, "#edit-sheet")
    camera.shoot("edit")
    page.click("#edit-score .sv-paint")
    page.evaluate(UNFOLD)
    camera.shoot("edit-open")


def give(camera: Camera, tab: str, upload: str, path: Path) -> None:
    """Open a tab, shoot it empty, and give it a file; return when its sheet is there."""
    camera.open(tab)
    camera.page.wait_for_selector(upload)
    camera.shoot(f"{tab}-empty")
    camera.page.set_input_files(f"{upload} input[type=file]", path)
    camera.page.wait_for_selector(f"#{tab}-sheet img")


def inspect(camera: Camera, scratch: Path) -> None:
    """Look at a file."""
    give(camera, "inspect", "#upload", scratch / "piece.mid")
    camera.shoot("inspect")


def studies(camera: Camera, scratch: Path) -> None:
    """Check the plan that stands there."""
    camera.open("studies")
    camera.page.click("#study-check")
    camera.page.wait_for_selector("#study-checked :text('trial')")
    camera.shoot("studies")


def about(camera: Camera, scratch: Path) -> None:
    """Unfold all that there is to read."""
    camera.open("about")
    camera.shoot("about")
    camera.page.evaluate(UNFOLD)
    camera.shoot("about-open")


PAGES: dict[str, Callable[[Camera, Path], None]] = {
    "compose": compose,
    "extend": extend,
    "edit": edit,
    "inspect": inspect,
    "studies": studies,
    "about": about,
}


def listen(camera: Camera, design: str) -> None:
    """Go through a study; all that comes before and after the trials in one design only."""
    page, is_first = camera.page, design == DESIGNS[0]
    page.wait_for_selector("#welcome:not([hidden])")
    if is_first:
        camera.shoot("listener-welcome")
    page.check("#agrees")
    page.click("#begin")
    page.click("#try")
    page.wait_for_selector("#heard:not([disabled])")
    if is_first:
        camera.shoot("listener-volume")
    page.click("#heard")
    while True:
        page.wait_for_selector(
            "#trial:not([hidden]) #answer.is-early, #questionnaire:not([hidden])"
        )
        if page.is_visible("#questionnaire"):
            break
        number = page.inner_text("#count")
        if number.startswith("1 "):
            camera.shoot(f"listener-{design}-early")
        hear_and_answer(page)
        if number.startswith("1 "):
            camera.shoot(f"listener-{design}")
            if not is_first:
                return
        page.click("#next:not([disabled])")
        page.wait_for_function(
            "before => document.querySelector('#count').innerText !== before"
            " || !document.querySelector('#questionnaire').hidden",
            arg=number,
        )
    camera.shoot("listener-questionnaire")
    page.click("#done")
    page.wait_for_selector("#end:not([hidden])")
    camera.shoot("listener-end")


def hear_and_answer(page: Page) -> None:
    """Hear every clip for as long as is wanted, then answer each question with its first choice."""
    for clip in page.locator("#clips [data-slot]").all():
        clip.click()
        page.wait_for_selector(f"[data-slot={clip.get_attribute('data-slot')}].is-heard")
    for slider in page.locator("#answer input[type=range]").all():
        slider.press("ArrowRight")
    names = {one.get_attribute("name") for one in page.locator("#answer input[type=radio]").all()}
    for name in names:
        page.locator(f"#answer label:has(input[name='{name}'])").first.click()


def shoot_pages(browser: Browser, options: Any, scratch: Path) -> None:
    """Go through the pages of the composer in each look."""
    wanted = [name for name in PAGES if name in options.pages]
    if not wanted:
        return
    with serve(*REAL_APP) as address:
        for look in options.looks:
            page = open_page(browser, f"{address}/?__theme={LOOKS[look][0]}", look)
            page.wait_for_selector("#compose")
            camera = Camera(page, options.folder, look)
            given = scratch / "piece.mid"
            for name in wanted if given.exists() else dict.fromkeys(("compose", *wanted)):
                PAGES[name](camera, scratch)
            page.close()


def conditions_of(design: str, scratch: Path) -> list[dict[str, Any]]:
    """Return what a study compares; pieces of a composer too where these are asked for."""
    if design != "composer":
        return [{"name": name, "candidates": n} for n, name in enumerate(CONDITIONS, start=1)]
    folder = scratch / "originals"
    folder.mkdir(exist_ok=True)
    for number in range(4):
        write_midi(make_piece(Request(bars=8), number), folder / f"{number}.mid")
    return [{"name": "composed"}, {"name": "real", "folder": str(folder), "is_original": True}]


def shoot_listener(browser: Browser, options: Any, scratch: Path) -> None:
    """Go through a study of each design in each look."""
    if "listener" not in options.pages:
        return
    for design in options.designs:
        plan = make_plan(
            design=design,
            conditions=conditions_of(design, scratch),
            items_per_listener=2,
            questionnaire=QUESTIONS,
            title="Which way of composing do you prefer?",
        )
        study = make_study(scratch / design, plan).path
        with serve("-m", "composer.ui.studies", str(study)) as address:
            for look in options.looks:
                page = open_page(browser, f"{address}/", look)
                listen(Camera(page, options.folder, look), design)
                page.close()


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--looks", nargs="+", choices=LOOKS, default=list(LOOKS))
    pages = [*PAGES, "listener"]
    parser.add_argument("--pages", nargs="+", choices=pages, default=pages)
    parser.add_argument("--designs", nargs="+", choices=DESIGNS, default=list(DESIGNS))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="shots-") as scratch, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        shoot_pages(browser, options, Path(scratch))
        shoot_listener(browser, options, Path(scratch))
        browser.close()


if __name__ == "__main__":
    main()
