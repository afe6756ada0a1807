r"""What does each choice of training buy in the same processor time?

    python benchmarks/quality/ablations.py out/events.npz --core-minutes 2 --folder out/ablations \
        --out benchmarks/quality/ablations.json

Every variant (`ablation_variants.py`) differs from the first in one thing and is trained from
nothing for as long, on one thread, with the same schedule. Judged alike: nats a note of the
validation split, the first 512 rows of pieces with all conditions given, over all notes and over
four-part chorales; of the averaged weights and of the last ones. A second seed shows what a
difference is worth. Short runs favour what learns fast: they settle rates and shapes, and say
little about what helps against learning by heart (dropout, augmentation).

A variant that the result holds already is not run again; `--only` picks some by name.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

# The root in place of this folder, whose requests.py would hide a library of that name.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


from benchmarks.quality.ablation_variants import VARIANTS, Variant
from benchmarks.record import machine_facts, print_table, save
from composer.models.config import PRESETS
from composer.models.likelihood import row_nats
from composer.models.transformer import EventTransformer
from composer.tokenizer.holes import Bars, window
from composer.training import PackedEvents, SamplingOptions, TrainOptions, loop
from composer.training.batches import Batch, pad

ROWS = 512
OTHERS = 6  # of so many other pieces one is read, lest reading take longer than training
NAME = "ablated"  # of a preset that stands for the shape in question
Groups = dict[str, list[Batch]]


def held_out(packed: PackedEvents) -> Groups:
    """Return beginnings of validation pieces: of all four-part chorales, and of some others."""
    groups: dict[str, list[Any]] = {"chorales": [], "others": []}
    seen = 0
    for index in packed.indices("valid"):
        bars = Bars.of(packed.piece(index))
        name = packed.names[index]
        is_chorale = (name["form"], name["ensemble"]) == ("chorale", "choir")
        seen += not is_chorale
        if not is_chorale and seen % OTHERS:
            continue
        sequence = window(bars, 0, len(bars)).cut(ROWS + 1)
        groups["chorales" if is_chorale else "others"].append(sequence)
    return {name: list(_batches(found)) for name, found in groups.items()}


def _batches(sequences: list[Any]) -> Any:
    sequences.sort(key=lambda one: len(one.rows))
    for start in range(0, len(sequences), 16):
        yield pad(sequences[start : start + 16])


def nats_of(model: EventTransformer, groups: Groups) -> dict[str, float]:
    """Return nats a note of chorales and of all pieces."""
    model.eval()
    nats, notes = {}, {}
    for name, found in groups.items():
        nats[name] = sum(float(row_nats(model, b.rows, b.nexts, b.counts).sum()) for b in found)
        notes[name] = sum(batch.n_notes for batch in found)
    model.train()
    return {
        "all": round(sum(nats.values()) / max(1, sum(notes.values())), 4),
        "chorales": round(nats["chorales"] / max(1, notes["chorales"]), 4),
    }


def run(variant: Variant, packed: PackedEvents, groups: Groups, options: Any) -> dict[str, Any]:
    """Train a variant; return what came of it."""
    shape = {NAME: variant.config(options.preset)}
    with patch.dict(PRESETS, shape), variant.change():
        base = TrainOptions(
            preset=NAME,
            core_minutes=options.core_minutes,
            threads=1,
            save_minutes=1e9,
            sampling=SamplingOptions(batch_rows=options.batch_rows),
        )
        trained = loop._Run(packed, options.folder, variant.train_options(base), ())
        trained.validation = []  # judged below, once
        trained.loop(show_progress=False)
    averaged = nats_of(cast("EventTransformer", trained.averaged.module), groups)
    return {
        "group": variant.group,
        "parameters": trained.raw_model.n_parameters,
        "events": trained.progress.events,
        "steps": trained.progress.step,
        "core_minutes": round(trained.progress.cpu_seconds / 60, 2),
        **averaged,
        "last weights": nats_of(trained.raw_model, groups),
    }


def show(rows: dict[str, dict[str, Any]]) -> None:
    """Print the table, differences to the first row beside the values."""
    first = next(iter(rows.values()))
    print_table(
        ["", "nats a note", "chorales", "last weights", "events", "parameters"],
        (
            [
                name,
                f"{row['all']:.3f} ({row['all'] - first['all']:+.3f})",
                f"{row['chorales']:.3f} ({row['chorales'] - first['chorales']:+.3f})",
                f"{row['last weights']['all']:.3f}",
                f"{row['events'] / 1e6:.2f} M",
                f"{row['parameters'] / 1e6:.2f} M",
            ]
            for name, row in rows.items()
        ),
    )


def main() -> None:
    """Run the benchmark."""
    options = read_options()
    kept = json.loads(options.out.read_text()) if options.out and options.out.is_file() else {}
    rows: dict[str, Any] = kept.get("variants", {})
    packed = PackedEvents.load(options.events)
    groups = held_out(packed)
    for name, variant in VARIANTS.items():
        if name in rows or (options.only and name not in options.only):
            continue
        rows[name] = run(variant, packed, groups, options)
        print(name, json.dumps(rows[name]), file=sys.stderr, flush=True)
        if options.out:
            found = {"machine": machine_facts(), "core_minutes": options.core_minutes}
            save(options.out, found | {"batch_rows": options.batch_rows, "variants": rows})
    show({name: rows[name] for name in VARIANTS if name in rows})


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="What each choice of training buys")
    parser.add_argument("events", type=Path, help="made by pack")
    parser.add_argument("--core-minutes", type=float, default=6.0, help="of every run")
    parser.add_argument("--batch-rows", type=int, default=2_048, help="small ones: more steps")
    parser.add_argument("--preset", default="small", help="what variants differ from")
    parser.add_argument("--only", nargs="+", choices=list(VARIANTS), help="some of the variants")
    parser.add_argument("--folder", type=Path, required=True, help="for runs, written over")
    parser.add_argument("--out", type=Path, help="JSON file for the result, gone on from")
    return parser.parse_args()


if __name__ == "__main__":
    main()
