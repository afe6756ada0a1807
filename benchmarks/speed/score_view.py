"""How smoothly the score view plays: frames a second at 200 bars of four parts.

    python benchmarks/speed/score_view.py --out benchmarks/speed/score_view.json

The music is made here: four parts in eighths, 6,400 notes, from a scale by a fixed seed. A headless
chromium without a graphics card opens a page that holds nothing else, and counts its own frames
over some seconds each:

- `playing`: with sound, the cursor moves over roll and sheet, the page turns
- `playing and scrolling`: somebody scrolls through the roll meanwhile
- `zoomed out`: all 200 bars in view while it plays
- `plotly`: the same notes as a figure of `plots`, its cursor a shape that is moved every frame

and the time from the press on Play to the first note, once with everything still to be loaded from
this machine, once again.
"""

from __future__ import annotations

import argparse
import os
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

# The root in place of this folder.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks.record import machine_facts, print_table, rounded, save
from composer.piece import MeterChange, Note, Part, Piece
from composer.theory import INSTRUMENTS, Key, Meter
from tests.serving import serve as run_server

N_BARS = 200
SECONDS = 8
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run"]
SCALE = (0, 2, 4, 5, 7, 9, 11)
VIEW = "document.querySelector('.score-view').view"
# Counts frames, and how long the longest took; `act` is called with every frame.
COUNT = """async ([seconds, act]) => {
    const work = new Function('time', act);
    const times = [];
    await new Promise((done) => {
        const step = (time) => {
            times.push(time);
            work(time);
            if (time - times[0] < seconds * 1000) requestAnimationFrame(step); else done();
        };
        requestAnimationFrame(step);
    });
    const lengths = times.slice(1).map((time, index) => time - times[index]).sort((a, b) => a - b);
    return {
        frames_per_s: 1000 * lengths.length / (times.at(-1) - times[0]),
        p95_ms: lengths[Math.floor(0.95 * lengths.length)],
        longest_ms: lengths.at(-1),
    };
}"""
SCROLL = f"""const view = {VIEW}; view.scrolledAt = performance.now();
const {{scroller, space}} = view.roll;
scroller.scrollLeft = (scroller.scrollLeft + 12) % Math.max(1, space.clientWidth - 800);"""
MOVE_SHAPE = """const plot = document.querySelector('#plot .js-plotly-plot');
const x = (time / 20) % 800;
Plotly.relayout(plot, {'shapes[0].x0': x, 'shapes[0].x1': x});"""


def make_piece() -> Piece:
    """Return 200 bars for four voices."""
    rng = np.random.default_rng(7)
    parts = []
    for voice, tonic in zip(("soprano", "alto", "tenor", "bass"), (72, 65, 57, 48), strict=True):
        degrees = np.cumsum(rng.integers(-2, 3, 8 * N_BARS)) % 10
        notes = tuple(
            Note(Fraction(at, 2), tonic + 12 * (degree // 7) + SCALE[degree % 7], Fraction(1, 2))
            for at, degree in enumerate(degrees.tolist())
        )
        parts.append(Part(INSTRUMENTS[voice], notes))
    meters = (MeterChange(Fraction(0), Meter(4, 4)),)
    return Piece(tuple(parts), meters, Key("C", "major"), title="benchmark", tempo_bpm=96.0)


def serve() -> None:
    """Serve the page at PORT until the process is ended."""
    import gradio as gr

    from composer.plots import plot_pianoroll
    from composer.ui import launch
    from composer.ui.shared import score_view, sheets

    piece, raw = make_piece(), {"preprocess": False, "queue": False}
    with gr.Blocks(title="score view", analytics_enabled=False) as demo:
        view = score_view.build("bench")
        figure = plot_pianoroll(piece)
        figure.add_shape(type="line", x0=0, x1=0, y0=0, y1=127, line={"width": 2})
        shown = gr.Plot(elem_id="plot", visible=False)
        gr.Button("plotly", elem_id="show").click(
            lambda: gr.update(value=figure, visible=True), None, shown, queue=False
        )
        demo.load(lambda: score_view.show(piece), None, view.view, **raw)
        demo.load(lambda: sheets.show_sheet(piece, 1280), None, view.sheet, **raw)
    launch(demo)


def measure(page: Page, seconds: int) -> dict[str, dict[str, float]]:
    """Measure on an open page."""
    page.wait_for_selector(".sv-chip")
    page.wait_for_selector(".sheet-cursor", state="attached")
    found: dict[str, Any] = {}
    for name in ("first", "again"):
        page.evaluate(f"{VIEW}.player.firstSound = 0")
        before = page.evaluate("performance.now()")
        page.click(".sv-play")
        page.wait_for_function(f"{VIEW}.player.firstSound > 0")
        found[f"play_{name}_ms"] = page.evaluate(f"{VIEW}.player.firstSound") - before
        page.click(".sv-play")
    page.click(".sv-play")
    rows = {"playing": "", "playing and scrolling": SCROLL}
    found["frames"] = {name: page.evaluate(COUNT, [seconds, act]) for name, act in rows.items()}
    page.click(".sv-whole")
    found["frames"]["zoomed out"] = page.evaluate(COUNT, [seconds, ""])
    page.click(".sv-play")
    page.click("#show")
    page.wait_for_selector("#plot .barlayer .point", state="attached")
    page.evaluate(f"{VIEW}.root.style.display = 'none'")
    found["frames"]["plotly"] = page.evaluate(COUNT, [seconds, MOVE_SHAPE])
    return found


def main() -> None:
    """Run and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--seconds", type=int, default=SECONDS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
        return
    command = (str(Path(__file__).resolve()), "--serve")
    with run_server(*command) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(address)
        found = measure(page, options.seconds)
        browser.close()
    rows = [(name, *map(rounded, one.values())) for name, one in found["frames"].items()]
    print_table(("what", "frames a second", "95 % of frames within ms", "longest ms"), rows)
    print(f"play: {found['play_first_ms']:.0f} ms, again {found['play_again_ms']:.0f} ms")
    if options.out:
        save(options.out, {"machine": machine_facts(), "notes": 8 * N_BARS * 4, **found})


if __name__ == "__main__":
    main()
