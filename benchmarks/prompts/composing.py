"""From a prompt to a piece: what was asked for, measured on the notes that came.

    python benchmarks/prompts/composing.py --out benchmarks/prompts/composing.json

Prompts are put together at random, the same ones in every run, from forms and composers of the
menu, keys in five languages, meters, bars or seconds, tempi as numbers or words, and levels. The
best of a few candidates is measured apart from the words: the key from the notes
(`theory.estimate_key`), the length from bars, meter and tempo.

- key, meter, bars: exact; length: within 5 % of what was asked; tempo: inside the range
- close: the last bass note is the tonic
- levels: density, register, chromaticity, liveliness inside the asked part of the band of real
  pieces; beside it how often that is so where nothing of the kind was asked
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.record import Share, machine_facts, print_table, save
from composer.composition import Composition
from composer.errors import ComposerError
from composer.outcomes import RANGES, level_of
from composer.pipeline import compose, menu
from composer.prompts import Prompt, read_prompt

KEYS = (
    *("in G minor", "in B flat major", "in F# minor", "in Es-Dur", "in h-Moll", "in B-Dur"),
    *("en si bémol majeur", "en do dièse mineur", "en la menor", "en mi bemol mayor"),
    *("in re maggiore", "in fa diesis minore", "in A major", "in C minor"),
)
LENGTHS = ("8 bars", "12 bars", "16 Takte", "20 seconds", "half a minute", "quaranta secondi")
TEMPI = ("slow", "andante", "allegro", "88 bpm", "between 80 and 96 bpm", "not too fast", "schnell")
LEVELS = {
    "density": {"dense": "high", "sparse": "low", "not too dense": "not high"},
    "register": {"in a high register": "high", "in a low register": "low"},
    "chromaticity": {"chromatic": "high", "not too chromatic": "not high"},
    "liveliness": {"lively": "high", "static": "low"},
}
LENGTH_TOLERANCE = 0.05
MIN_PIECES = 30
SAVE_EVERY = 10


def draw_prompts(count: int, seed: int) -> Iterator[str]:
    """Yield prompts, a level in every one."""
    rng = random.Random(seed)
    rows = [row for row in menu() if row.pieces >= MIN_PIECES]
    for number in range(count):
        row = rng.choice(rows)
        said = [f"{row.form} in the manner of {row.composer}"]
        said += [rng.choice(KEYS), rng.choice(LENGTHS)]
        said += [f"in {rng.choice(row.meters)}"] if rng.random() < 0.6 else []
        said += [rng.choice(TEMPI)] if rng.random() < 0.6 else []
        level = list(LEVELS)[number % len(LEVELS)]
        yield ", ".join([*said, rng.choice(list(LEVELS[level]))])


def measure(text: str, prompt: Prompt, composition: Composition) -> dict[str, Any]:
    """Return what was asked for and what came, by name."""
    piece, request = composition.piece, composition.request
    kept = {one.name: one.is_kept for one in composition.ranked[0].kept}
    row: dict[str, Any] = {"prompt": text, "fit": round(composition.ranked[0].fit, 3)}
    row |= {name: kept[name] for name in ("key", "meter", "close") if name in kept}
    if "bars" in prompt.settings:
        row["bars"] = piece.n_bars == prompt.settings["bars"]
    asked_s = prompt.settings.get("length_s")
    if asked_s:
        row["length"] = abs(piece.length_s - asked_s) <= LENGTH_TOLERANCE * asked_s
    if prompt.tempo_range_bpm:
        low, high = prompt.tempo_range_bpm
        row["tempo"] = low - 1e-6 <= piece.tempo_bpm <= high + 1e-6
    row["levels"] = {
        name: round(place, 3)
        for name in LEVELS
        if (place := level_of(name, piece, composition.scorecard)) is not None
    }
    row["asked"] = {name: getattr(request, name) for name in LEVELS if getattr(request, name)}
    return row


def summary(rows: list[dict[str, Any]]) -> dict[str, Share]:
    """Return the share of each that was kept, levels beside pieces that asked for none."""
    shares = {
        name: Share.of(row[name] for row in rows if name in row)
        for name in ("key", "meter", "bars", "length", "tempo", "close")
    }
    inside, outside = defaultdict(list), defaultdict(list)
    for name, words in LEVELS.items():
        for level in dict.fromkeys(words.values()):
            low, high = RANGES[level]
            for row in rows:
                if name in row["levels"]:
                    is_there = low <= row["levels"][name] <= high
                    asked = row["asked"].get(name)
                    if asked == level:
                        inside[f"{name} {level}"].append(is_there)
                    elif asked is None:
                        outside[f"{name} {level}"].append(is_there)
    for name, found in inside.items():
        shares[name] = Share.of(found)
        shares[f"{name}, not asked"] = Share.of(outside[name])
    return shares


def main() -> None:
    """Compose from all prompts, print the shares and save them with a row a prompt."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prompts", type=int, default=60)
    parser.add_argument("--candidates", type=int, default=8)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    failed: list[dict[str, str]] = []
    for number, text in enumerate(draw_prompts(options.prompts, options.seed), start=1):
        prompt = read_prompt(text, menu())
        try:
            composition = compose(prompt.request(candidates=options.candidates, seed=number))
            rows.append(measure(text, prompt, composition))
        except ComposerError as error:
            failed.append({"prompt": text, "error": str(error)})
        if options.out and (number % SAVE_EVERY == 0 or number == options.prompts):
            told = {name: share.to_dict() for name, share in summary(rows).items()}
            result = {"candidates": options.candidates, "prompts": number, "kept": told}
            save(
                options.out, {**result, "machine": machine_facts(), "failed": failed, "rows": rows}
            )
        print(number, text, flush=True)
    print_table(("asked for", "kept"), summary(rows).items())
    print(f"{len(failed)} could not be composed")


if __name__ == "__main__":
    main()
