"""How many chords of a progression are kept, with the leaning towards it and without.

The progression stays in G major, with two chords in some bars; the seed decides the rest.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

from composer.chords import parse_progression
from composer.composition import Composition, Ranked
from composer.piece import chords_kept
from composer.pipeline import compose, harmonise
from composer.request import Request

CHORDS = "G | D7 | Em C | G D7 | G | Am D | Em . C D7 | G"
PAIRS = (("Bach", "chorale"), ("Chopin", "mazurka"), ("Haydn", "string quartet"))


def measure(found: Sequence[Ranked]) -> dict[str, float]:
    """Return the share of chords that are kept, the surprise of a note and the mean total."""
    kept = [
        is_kept
        for one in found
        for *_, is_kept in chords_kept(parse_progression(CHORDS), one.piece)
    ]
    return {
        "kept": round(mean(kept), 3),
        "nats_per_note": round(mean(one.nats_per_note or 0.0 for one in found), 3),
        "total": round(mean(one.scorecard.total for one in found), 1),
    }


def main() -> None:
    """Measure and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=12)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    rows = []
    many = {"candidates": options.candidates, "seed": 3}
    for composer, form in PAIRS:
        for chords in (None, CHORDS):
            asked = Request(
                composer=composer, form=form, key="G major", bars=8, chords=chords, **many
            )
            found: Composition = compose(asked)
            rows.append({"task": f"{composer} {form}", "led": bool(chords)} | measure(found.ranked))
    melody = found.piece
    for chords in (None, CHORDS):
        told = {"chords": chords} if chords else {}
        filled = harmonise(melody, composer="Bach", form="chorale", **many, **told)
        rows.append({"task": "harmonise", "led": bool(chords)} | measure(filled.ranked))
    options.out.write_text(json.dumps({"chords": CHORDS, "rows": rows}, indent=1) + "\n")
    print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
