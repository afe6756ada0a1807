"""How long a candidate of 16 bars takes to be judged: all rules, their places, likelihood, bands.

    python benchmarks/speed/judging.py --out benchmarks/speed/judging.json

Timed around `scoring.score` on one thread, candidate by candidate, the best of three: what judging
costs where nothing else runs beside it. The first candidate of a form is judged once before, so
that bands and tables are in memory, as they are for a second request.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

# The root in place of this folder.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.record import machine_facts, print_table, save
from composer.engines import Compose, Engine, Take
from composer.pipeline import default_engine
from composer.request import Request
from composer.scoring import Standards, score

# Voices, counterpoint, keyboard, a dance, voice with piano, four strings.
FORMS = {
    "chorale": "choir",
    "fugue": "keyboard",
    "prelude": "keyboard",
    "mazurka": "keyboard",
    "song": "voice and piano",
    "string quartet": "string quartet",
}
BARS = 16
CANDIDATES = 24
REPEATS = 3


def requests(engine: Engine) -> Iterator[Request]:
    """Yield a request a form that is on the menu, by its composer with most pieces."""
    for form, ensemble in FORMS.items():
        rows = (row for row in engine.menu if (row.form, row.ensemble) == (form, ensemble))
        row = next(rows, None)
        if row:
            settings: dict[str, Any] = {
                "composer": row.composer,
                "form": form,
                "ensemble": ensemble,
            }
            settings |= {"parts": row.parts, "bars": BARS, "candidates": CANDIDATES}
            yield Request.from_dict(settings | {"key": "G minor", "meter": "4/4", "seed": 0})


def drawn(request: Request, engine: Engine) -> list[Take]:
    """Return the candidates of a request that became pieces."""
    takes = (take for step in engine.draw(Compose(request)) for take in step.takes)
    return [take for take in takes if take.music is not None]


def milliseconds(take: Take, standards: Standards) -> float:
    """Return the shortest time of judging a candidate."""
    times = []
    for _ in range(REPEATS):
        began_s = time.perf_counter()
        score(take.music, surprise=take.surprise, standards=standards)
        times.append(time.perf_counter() - began_s)
    return 1e3 * min(times)


def run(request: Request, engine: Engine, standards: Standards) -> dict[str, Any]:
    """Return a row of the result."""
    candidates = drawn(request, engine)
    if candidates:
        milliseconds(candidates[0], standards)
    times = [milliseconds(one, standards) for one in candidates]
    return {
        "form": request.form,
        "parts": request.parts,
        "candidates": len(candidates),
        "notes": round(median(one.music.n_notes for one in candidates)),
        "median_ms": round(median(times), 2),
        "p90_ms": round(float(np.quantile(times, 0.9)), 2),
        "times_ms": [round(one, 2) for one in times],
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="where the result goes")
    options = parser.parse_args()
    engine = default_engine()
    facts = machine_facts(engine.versions)
    rows = [run(request, engine, engine.standards) for request in requests(engine)]
    times = [value for row in rows for value in row["times_ms"]]
    columns = ("form", "parts", "candidates", "notes", "median_ms", "p90_ms")
    print_table(columns, ([row[name] for name in columns] for row in rows))
    result = {
        "median_ms": round(median(times), 2),
        "p90_ms": round(float(np.quantile(times, 0.9)), 2),
    }
    print(result)
    if options.out:
        save(options.out, {"machine": facts, "bars": BARS} | result | {"rows": rows})


if __name__ == "__main__":
    main()
