"""How soon the page can be used after the server is up: from the address to a filled menu.

    python benchmarks/serving/opening.py --out benchmarks/serving/opening.json

A headless chromium opens the page of the bundled checkpoint, on the same machine, with default
settings. Usable: the Compose button can be pressed, and the list of composers holds its value. Each
`cold` visit is a new profile, in which nothing is stored; `warm` is the same profile once more. The
first visit of all is told apart: the server meets it with nothing in memory. `transferred` is what
came over the wire, as the browser counts it, headers included; `largest` are the files that most
of it went to, in a cold visit.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

# The root in place of this folder.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from benchmarks.record import machine_facts, print_table, save
from composer.pipeline import default_engine
from tests.serving import REAL_APP, serve

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run"]
VISITS = 5
LATER_MS = 2000  # what is fetched behind the first sight counts as well
N_LARGEST = 8
USABLE = """() => {
    const button = document.querySelector('#compose');
    const field = document.querySelector('#setting-composer input');
    return Boolean(button && !button.disabled && field && field.value);
}"""
# Of the document and of all it fetched.
FETCHED = """() => [...performance.getEntriesByType('navigation'),
    ...performance.getEntriesByType('resource')].map((one) => ({
        path: one.name, bytes: one.transferSize, began_ms: one.startTime, ended_ms: one.responseEnd,
    }))"""


def visit(context: BrowserContext, address: str) -> dict[str, Any]:
    """Open the page in a new tab; return times in ms since the address was entered, and bytes."""
    page = context.new_page()
    page.goto(address, wait_until="commit")
    page.wait_for_function(USABLE, polling="raf")
    usable_ms = page.evaluate("performance.now()")
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime")
    page.wait_for_timeout(LATER_MS)  # gradio's line to the server stays open: it is never idle
    fetched: list[dict[str, Any]] = page.evaluate(FETCHED)
    page.close()
    return {
        "usable_ms": round(usable_ms),
        "painted_ms": painted and round(painted),
        "requests": len(fetched),
        "transferred_kb": round(sum(one["bytes"] for one in fetched) / 1e3),
        "fetched": fetched,
    }


def visit_twice(browser: Browser, address: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Visit with a new profile, then once more with the same."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    visits = visit(context, address), visit(context, address)
    context.close()
    return visits


def largest(fetched: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the files that most bytes went to."""
    rows = sorted(fetched, key=lambda one: -one["bytes"])[:N_LARGEST]
    return [
        {
            "path": urlsplit(one["path"]).path[-60:],
            "kb": round(one["bytes"] / 1e3),
            "from_to_ms": [round(one["began_ms"]), round(one["ended_ms"])],
        }
        for one in rows
    ]


def middle(visits: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the median of every figure, and the longest time."""
    names = ("usable_ms", "painted_ms", "requests", "transferred_kb")
    found: dict[str, Any] = {
        name: median(one[name] for one in visits if one[name] is not None) for name in names
    }
    return found | {"longest_usable_ms": max(one["usable_ms"] for one in visits)}


def main() -> None:
    """Run and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--visits", type=int, default=VISITS)
    options = parser.parse_args()
    with serve(*REAL_APP) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        first, _ = visit_twice(browser, address)
        pairs = [visit_twice(browser, address) for _ in range(options.visits)]
        browser.close()
    colds, warms = zip(*pairs, strict=True)
    found = {"first": middle([first]), "cold": middle(colds), "warm": middle(warms)}
    print_table(
        ("visit", "usable ms", "painted ms", "requests", "kB", "longest ms"),
        [(name, *one.values()) for name, one in found.items()],
    )
    rows = largest(colds[0]["fetched"])
    print_table(("file", "kB", "ms"), [tuple(row.values()) for row in rows])
    if options.out:
        machine = machine_facts(default_engine().versions)
        save(options.out, {"machine": machine, "visits": options.visits, **found, "largest": rows})


if __name__ == "__main__":
    main()
