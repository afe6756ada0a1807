"""A checkpoint as one folder that ONNX Runtime alone can compose with, in any language.

The graphs are those of `models.onnx_graph`; all that the tokenizer knows of ids and rules stands
in `rules.json` as tables. What this package adds (leanings, many candidates, scores) stays here.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from composer.bundled import ASSETS
from composer.errors import CheckpointError
from composer.models import Checkpoint, ModelConfig, load_checkpoint
from composer.models.onnx_graph import FIELDS, head_graph, trunk_graph
from composer.models.onnx_nodes import LEVELS
from composer.request import MAX_BARS, default_of
from composer.theory import MODES, MONOPHONIC_ENSEMBLES, ensemble_instruments
from composer.tokenizer import Conditions, Vocabulary, encode_conditions, vocab
from composer.version import VERSION

FORMAT = 1
CACHE_ROWS = 1_024  # that the examples remember: some forty bars of a chorale
EXAMPLES = ASSETS / "export"
# Half the steps of 8 bits for activations: exact also where a processor's products saturate.
_SAFE_LEVELS = LEVELS // 2


def export_onnx(folder: Path, out: Path, *, bits: int = 8) -> list[Path]:
    """Write a checkpoint as graphs, vocabulary and rules, with an example and a page beside them.

    Args:
        folder: Of the checkpoint.
        out: Gets the files.
        bits: Of the matrices: 8 or 32.

    Raises:
        CheckpointError: If it cannot be read, or is of another kind than a transformer.
    """
    checkpoint = load_checkpoint(folder)
    weights = checkpoint.weights
    if not isinstance(weights.config, ModelConfig):
        raise CheckpointError("only checkpoints of the engine `transformer` can be exported so far")
    levels = _SAFE_LEVELS if bits == 8 else 0
    out.mkdir(parents=True, exist_ok=True)
    graphs = {"trunk": trunk_graph(weights, levels=levels)}
    graphs |= {name: head_graph(weights, i, levels=levels) for i, name in enumerate(FIELDS)}
    for name, graph in graphs.items():
        (out / f"{name}.onnx").write_bytes(graph)
    shutil.copyfile(folder / "vocabulary.json", out / "vocabulary.json")
    text = json.dumps(rules_of(checkpoint, weights.config), ensure_ascii=False)
    (out / "rules.json").write_text(text + "\n", encoding="utf-8")
    for path in sorted(EXAMPLES.iterdir()):
        shutil.copyfile(path, out / path.name)
    return sorted(out.iterdir())


def rules_of(checkpoint: Checkpoint, config: ModelConfig) -> dict[str, Any]:
    """Return what a program has to know to write rows that mean music, as JSON tables."""
    names = Vocabulary.from_dict(checkpoint.vocabulary)
    return {
        "format": FORMAT,
        "made_by": f"Composer {VERSION}, checkpoint {checkpoint.fingerprint}",
        "fields": list(FIELDS),
        "cache": {
            "layers": config.layers,
            "heads": config.kv_heads,
            "width": config.head_width,
            "rows": min(config.max_events, CACHE_ROWS),
        },
        "ids": {
            "bar": vocab.BAR,
            "end": vocab.END,
            "position": vocab.POSITION,
            "sections": [vocab.SECTION + 1, vocab.SECTION + len(vocab.SECTIONS)],
            "max_duration": vocab.MAX_DURATION,
            "none": list(vocab.NONE),
        },
        "positions_per_quarter": 24,
        "meters": {f"{n}/{d}": [vocab.METER_ID[n, d], 96 * n // d] for n, d in vocab.METERS},
        "bars_left": [vocab.bars_left_id(bars) for bars in range(MAX_BARS + 1)],
        "conditions": [_condition(name, names) for name in vocab.CONDITION_ROWS],
        "menu": [_menu_row(row) for row in checkpoint.menu],
        "sampling": {name: default_of(name) for name in ("temperature", "min_p")},
    }


def _condition(name: str, names: Vocabulary) -> dict[str, Any]:
    """Return a row in front of the music: where its value stands, and the id of every value."""
    values: dict[str, int]
    field, opened = "pitch", vocab.BARS_OPEN
    if name in ("composer", "form", "ensemble"):
        known: Sequence[str] = getattr(names, f"{name}s")
        opened = names.value_id(name, None)
        values = {one: names.value_id(name, one) for one in known}
    elif name == "meter":
        field, opened = "duration", vocab.METER_OPEN
        values = {f"{n}/{d}": vocab.METER_ID[n, d] for n, d in vocab.METERS}
    elif name == "length":
        values = {str(bars): vocab.bars_left_id(bars) for bars in range(1, MAX_BARS + 1)}
    else:
        first, found = {
            "mode": (vocab.VALUE_MODE, MODES),
            "parts": (vocab.VALUE_PARTS, range(1, vocab.MAX_PARTS + 1)),
            "shift": (vocab.VALUE_SHIFT, range(-6, 6)),
        }[name]
        opened, values = first, {str(one): first + n for n, one in enumerate(found, start=1)}
    row = vocab.row(vocab.CONDITION[name])[0].tolist()
    told = {"name": name, "row": row, "field": vocab.FIELDS.index(field), "open": opened}
    return told | {"values": values} | (_styles(names) if name == "composer" else {})


def _styles(names: Vocabulary) -> dict[str, Any]:
    """Return the style that stands in the row of each composer, as its id in the part field."""
    found = {one: encode_conditions(Conditions(composer=one), names) for one in names.composers}
    at = vocab.CONDITION_ROWS.index("composer")
    return {"parts": {one: int(rows[at, vocab.PART]) for one, rows in found.items()}}


def _menu_row(row: dict[str, Any]) -> dict[str, Any]:
    """Return what is on offer, with who plays it."""
    players = ensemble_instruments(row["ensemble"], row["parts"], row["composer"])
    return {name: row[name] for name in ("composer", "form", "ensemble", "parts", "meters")} | {
        "one_line": row["ensemble"] in MONOPHONIC_ENSEMBLES,
        "ranges": [[one.low, one.high] for one in players],
        "programs": [one.program for one in players],
    }
