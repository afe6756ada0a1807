"""What the leanings towards levels do: how many draws lie where they were asked to, by strength.

    python benchmarks/prompts/leanings.py --out benchmarks/prompts/leanings.json

Every level is asked of the same forms with the same seeds, at no strength, half, the strength of
`engines/events/levels.py`, and twice that; every draw counts, not the best. Beside it the mean of
the totals of all draws: what a level costs elsewhere. Draws whose form has no band are left out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.record import Share, machine_facts, rounded, save
from composer.engines.events import levels
from composer.outcomes import RANGES, level_of
from composer.pipeline import compose
from composer.request import Request

KINDS = (
    *(("Bach", "chorale"), ("Chopin", "mazurka"), ("Haydn", "string quartet")),
    *(("Schubert", "song"), ("Scarlatti", "sonata"), ("Bach", "invention")),
    *(("Palestrina", "motet"), ("Moniuszko", "character piece")),
)
NATS = {
    "density": ("QUARTER_NATS", "DOUBLE_NATS"),
    "register": ("OCTAVE_NATS",),
    "chromaticity": ("CHROMATIC_NATS",),
    "liveliness": ("SAME_NATS", "HELD_NATS", "TOGETHER_NATS"),
}
STRENGTHS = (0.0, 0.5, 1.0, 2.0)
FIRST_SEED = 300


def places(name: str, level: str, candidates: int) -> Iterator[tuple[float, float]]:
    """Yield of every draw its place in the band and its total."""
    for number, (composer, form) in enumerate(KINDS):
        asked = {"composer": composer, "form": form, name: level, "seed": FIRST_SEED + number}
        found = compose(Request.from_dict({**asked, "bars": 8, "candidates": candidates}))
        for one in found.ranked:
            place = level_of(name, one.piece, one.scorecard)
            if place is not None:
                yield place, one.scorecard.total


def main() -> None:
    """Compose at every strength, print the shares and save them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--candidates", type=int, default=8)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    usual = {name: getattr(levels, name) for names in NATS.values() for name in names}
    rows = []
    for setting, names in NATS.items():
        for level in ("high", "low"):
            for strength in STRENGTHS:
                for name in names:
                    setattr(levels, name, usual[name] * strength)
                found = list(places(setting, level, options.candidates))
                low, high = RANGES[level]
                kept = Share.of(low <= place <= high for place, _ in found)
                total = fmean(total for _, total in found)
                print(f"{setting} {level} x{strength:g}: {kept}, total {total:.1f}", flush=True)
                row = {"setting": setting, "level": level, "strength": strength}
                rows.append(row | {"kept": kept.to_dict(), "total": rounded(total)})
            for name in names:
                setattr(levels, name, usual[name])
    if options.out:
        save(options.out, {"nats": usual, "rows": rows, "machine": machine_facts()})


if __name__ == "__main__":
    main()
