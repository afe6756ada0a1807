"""Write the model card of a checkpoint from what lies beside it.

    python benchmarks/model_card.py assets/checkpoints/small

Reads config.json, evaluation.json (`python -m composer evaluate ... --keep`) and training.csv (the
log of the run) and writes README.md and curve.svg, so that no number of the card is typed by hand.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from math import prod
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from composer.models.config import XlstmConfig, read_config
from composer.models.xlstm_graph import memory_shapes

CARD = """# {title}

{what} of {parameters:.1f} million parameters over *events* (a note a step),
trained on openly licensed scores. It composes for the page and the commands of this repository.

| | |
|---|---|
| {shape} |
| weights | bfloat16 in {n_shards} safetensors shard(s), computed in float32 |
| {memory} |
| began with | {began} |
| trained for | {minutes:.0f} minutes, {cpu_minutes:.0f} core-minutes, {steps:,} steps |
| events seen | {events:,} |
| drawn more often, at last | {favoured} |
| tonic moved, some parts left out, at last | {moved:.0%}, {fewer_parts:.0%} of the pieces |
| weights averaged | {averaged} |
| vocabulary | `{vocabulary}` |

## Data and licences

Public domain, CC0, CC BY and CC BY-SA scores only; [ATTRIBUTION.md](../../../ATTRIBUTION.md) names
every source with its wording. Weights trained on CC BY-SA scores are published under
[CC BY-SA 4.0](https://creativecommons.org/licenses/by-sa/4.0/). The split into training and
validation is by work.

## How well it predicts pieces that it has not seen

Validation split, openly licensed pieces: **{overall:.3f} nats a note**; four-part chorales
{chorales:.3f} nats a note, {per_16th:.3f} nats a sixteenth. Every bar line, meter, note and END
counts; conditions and bars left are given.

| form | pieces | notes | nats a note |
|---|---|---|---|
{forms}

![Nats a note over the events seen](curve.svg)

Each point of the upper line is the training loss since the point before (with conditions dropped
and bars rearranged), of the lower line the loss on 96 windows of the validation split, which are as
long as those of training at that time.

## Limits

- It has seen mostly notated music of Europe from about 1500 to 1920, and little of many composers;
  a name on the menu stands for at least ten pieces, not for the manner in full.
- {forgets}
- Dynamics, articulation, ornaments and pedal are not learned; tempo is a table's, not the model's.
- Keys are exact because every piece is learned with its tonic on C; modulations are the model's.
- Beyond the hard rules of sampling (bars, meter, parts, ranges) nothing is promised; parallels
  and weak cadences happen, which is what the scores and the choice among many are for.
"""


# What differs between the kinds of models.
KINDS = {
    "transformer": {
        "what": "A decoder-only transformer",
        "shape": "layers, width, heads, key/value heads | {layers}, {width}, {heads}, {kv_heads}",
        "memory": "window | {max_rows} rows, about {notes} notes; longer pieces slide",
        "forgets": "Nothing further back than a window is remembered: returns over longer spans "
        "come by chance.",
    },
    "xlstm": {
        "what": "An xLSTM (mLSTM cells with sigmoid gates{attends})",
        "shape": "cells, width, heads | {cells}, {width}, {heads}",
        "memory": "memory | {bytes:,} bytes a candidate, however long the piece; "
        "trained on {max_rows} rows at once",
        "forgets": "Its memory has one size and forgets slowly: what lies further back than the "
        "rows of training is remembered by chance.",
    },
}


def main() -> None:
    """Write the card of one folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    config, report, names = (json.loads((folder / name).read_text("utf-8")) for name in FILES)
    with (folder / "training.csv").open() as file:
        rows = list(csv.DictReader(file))
    (folder / "README.md").write_text(card(folder.name, config, report, names, rows), "utf-8")
    (folder / "curve.svg").write_text(curve(rows), "utf-8")


FILES = ("config.json", "evaluation.json", "vocabulary.json")
WIDTH, HEIGHT, MARGIN = 640, 320, 48


def card(
    name: str,
    config: dict[str, Any],
    report: dict[str, Any],
    names: dict[str, Any],
    rows: list[dict[str, str]],
) -> str:
    """Return the text of the card."""
    model, notes = config["model"], config["notes"]
    kind = model.get("kind", "transformer")
    facts = model | {
        "max_rows": notes["max_rows"],
        "notes": round(notes["max_rows"] / 1.08 / 10) * 10,
    }
    if "cells" in model:
        facts |= _cell_facts(model)
    forms = [
        f"| {form} | {found['pieces']} | {found['notes']:,} | {found['nats_per_note']:.3f} |"
        for form, found in report["by_form"].items()
    ]
    return CARD.format(
        title=f"Model card: {name.upper()}",
        parameters=config["parameters"] / 1e6,
        n_shards=len(config["shards"]),
        began=notes.get("began_with", "random numbers"),
        minutes=total(rows, "minutes"),
        cpu_minutes=total(rows, "cpu_minutes"),
        steps=int(total(rows, "step")),
        events=int(total(rows, "events")),
        moved=notes.get("moved_share", 0.0),
        fewer_parts=notes.get("fewer_parts_share", 0.0),
        favoured=", ".join(
            f"{form} (times {factor:g})" for form, factor in notes.get("favoured", {}).items()
        )
        or "nothing",
        averaged=notes.get("averaged_states", "of the last steps"),
        vocabulary=names["fingerprint"],
        overall=report["overall"]["nats_per_note"],
        chorales=report["chorales"]["nats_per_note"],
        per_16th=report["chorales"]["nats_per_16th"],
        forms="\n".join(forms),
        **{name: text.format(**facts) for name, text in KINDS[kind].items()},
    )


def _cell_facts(model: dict[str, Any]) -> dict[str, Any]:
    """Return the cells of an xLSTM in words, and what they remember of a candidate."""
    shape = read_config(model)
    assert isinstance(shape, XlstmConfig)
    n_attending = model["cells"].count("attention")
    return {
        "cells": ", ".join(model["cells"]),
        "attends": f", {n_attending} of attention to {shape.window} events" if n_attending else "",
        "bytes": 4 * sum(map(prod, memory_shapes(shape).values())),
    }


def total(rows: list[dict[str, str]], column: str) -> float:
    """Return how far a counter came, over all runs of the log: a run that began anew began at 0."""
    values = [float(found[column]) for found in rows]
    ends = [a for a, b in zip(values, values[1:], strict=False) if b < a]
    return sum(ends) + values[-1]


def curve(rows: list[dict[str, str]]) -> str:
    """Return the training curve as SVG: nats a note over millions of events."""
    events, base, last = [], 0.0, 0.0
    for found in rows:
        now = float(found["events"])
        base += last if now < last else 0.0
        last = now
        events.append((base + now) / 1e6)
    lines = {name: [float(found[name]) for found in rows] for name in LINES}
    low = min(map(min, lines.values())) - 0.2
    high = min(max(map(max, lines.values())), low + 4.0)
    drawn = [
        _line(events, values, (low, high), colour)
        for values, colour in zip(lines.values(), LINES.values(), strict=True)
    ]
    ticks = [_tick(level, (low, high)) for level in range(int(low) + 1, int(high) + 1)]
    title = f"to {events[-1]:.1f} million events; orange training, blue validation"
    label = f'<text x="{WIDTH / 2}" y="{HEIGHT - 14}" text-anchor="middle">{title}</text>'
    body = "\n".join([*ticks, *drawn, label])
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
    return f'{head} font-family="sans-serif" font-size="13">\n{body}\n</svg>\n'


LINES = {"train_nats_per_note": "#d55e00", "valid_nats_per_note": "#0072b2"}


def _height(value: float, band: tuple[float, float]) -> float:
    low, high = band
    return MARGIN + (HEIGHT - 2 * MARGIN) * (high - min(max(value, low), high)) / (high - low)


def _line(events: list[float], values: list[float], band: tuple[float, float], colour: str) -> str:
    scale = (WIDTH - 2 * MARGIN) / events[-1]
    points = " ".join(
        f"{MARGIN + x * scale:.1f},{_height(y, band):.1f}"
        for x, y in zip(events, values, strict=True)
    )
    return f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{points}"/>'


def _tick(level: int, band: tuple[float, float]) -> str:
    y = _height(level, band)
    rule = f'<path stroke="#bbb" d="M{MARGIN} {y:.1f}H{WIDTH - MARGIN}"/>'
    return f'{rule}<text x="{MARGIN - 12}" y="{y + 4:.1f}" text-anchor="end">{level}</text>'


if __name__ == "__main__":
    main()
