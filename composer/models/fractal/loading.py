"""A fractal checkpoint folder -> a network for painting. Knows no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from composer.models.checkpoint import fingerprint_of, misfits_named, read_arrays, read_json
from composer.models.fractal.config import (
    CHANNELS,
    CHILDREN,
    FINE,
    FIXED_CONDITIONS,
    N_BAR_PLACES,
    N_EDGES,
    N_ROWS,
    N_STATES,
    N_VELOCITIES,
    PATCH,
    FractalConfig,
)
from composer.models.fractal.network import KERNEL, Network
from composer.models.weights import Array


@dataclass(frozen=True)
class FractalCheckpoint:
    """A network with what it needs to be used.

    Args:
        network: In fp32.
        vocabulary: As JSON values; `tokenizer.Vocabulary` reads it.
        notes: Free facts: training, data, calibration.
        menu: What may be asked for, as JSON rows.
        fingerprint: Twelve hexadecimal digits over the weights.
    """

    network: Network
    vocabulary: dict[str, Any]
    notes: dict[str, Any]
    menu: list[dict[str, Any]]
    fingerprint: str


def load_fractal(folder: Path) -> FractalCheckpoint:
    """Read a checkpoint and check it.

    Raises:
        CheckpointError: If a file is missing, damaged, or does not fit the others.
    """
    config = read_json(folder / "config.json")
    with misfits_named(folder):
        arrays = read_arrays(folder, config)
        values = {name: v for name, v in config["model"].items() if name != "kind"}
        shape = FractalConfig.from_dict(values)
        _check(shape, arrays)
        network = Network(shape, arrays)
        notes = dict(config.get("notes", {}))
        rows = list(read_json(folder / "menu.json")["rows"])
    return FractalCheckpoint(
        network=network,
        vocabulary=read_json(folder / "vocabulary.json"),
        notes=notes,
        menu=rows,
        fingerprint=fingerprint_of(folder),
    )


def shapes(config: FractalConfig) -> dict[str, tuple[int, ...]]:
    """Return the shape of every array of a model, by its name in torch's `state_dict`."""
    coarse, fine, cell, loud = config.widths
    stem, inputs = config.stem_width, CHANNELS * FINE * FINE
    tables = {
        **{name: (size, coarse) for name, size in {**FIXED_CONDITIONS, **config.names}.items()},
        "row": (N_ROWS // PATCH, coarse),
        "fine_row": (N_ROWS // FINE, stem),
        "fine_degree": (13, stem),
        "fine_place": (FINE * N_BAR_PLACES, stem),
        "since": (N_EDGES, stem),
        "until": (N_EDGES, stem),
        "fine_child": (CHILDREN, fine),
        "cell_child": (CHILDREN, cell),
        "cell_degree": (13, cell),
        "cell_place": (N_BAR_PLACES, cell),
        "cell_left": (N_STATES + 1, cell),
        "cell_own": (N_STATES + 1, cell),
        "cell_content": (N_STATES, cell),
        "loud_child": (CHILDREN, loud),
        "loud_state": (N_STATES, loud),
        "loud_content": (N_VELOCITIES + 1, loud),
    }
    found: dict[str, tuple[int, ...]] = {f"tables.{n}.weight": s for n, s in tables.items()}
    for name, into, out in (
        ("read_fine", inputs, stem),
        ("stem_conditions", coarse, stem),
        ("coarse_stem", CHILDREN * stem, coarse),
        ("coarse_content", CHILDREN * stem, coarse),
        ("fine_above", coarse, fine),
        ("fine_stem", stem, fine),
        ("fine_content", inputs, fine),
        ("cell_above", fine, cell),
        ("cell_stem", stem, cell),
        ("loud_above", fine, loud),
        ("loud_stem", stem, loud),
    ):
        found[f"{name}.weight"] = (out, into)
    found |= {"read_fine.bias": (stem,), "fine_content.bias": (fine,), "stem_norm.weight": (stem,)}
    for index in range(config.stem_blocks):
        found[f"mixers.{index}.conv.weight"] = (stem, 1, *KERNEL)
        found[f"mixers.{index}.norm.weight"] = (stem,)
        found |= _gated(f"mixers.{index}.gated", stem)
    outs = (1, 1, N_STATES, N_VELOCITIES)
    for level, (width, blocks, out) in enumerate(
        zip(config.widths, config.blocks, outs, strict=True)
    ):
        name = f"generators.{level}"
        found |= {f"{name}.nothing": (width,), f"{name}.norm.weight": (width,)}
        found |= {f"{name}.logits.weight": (out, width), f"{name}.logits.bias": (out,)}
        for index in range(blocks):
            block = f"{name}.blocks.{index}"
            found[f"{block}.attention_norm.weight"] = found[f"{block}.gated_norm.weight"] = (width,)
            found[f"{block}.qkv.weight"] = (3 * width, width)
            found[f"{block}.out.weight"] = (width, width)
            found |= _gated(f"{block}.gated", width)
    return found


def _gated(name: str, width: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.gate_up.weight": (4 * width, width), f"{name}.down.weight": (width, 2 * width)}


def _check(config: FractalConfig, arrays: dict[str, Array]) -> None:
    """Compare names and shapes with what the config asks for.

    Raises:
        ValueError: If an array is missing, superfluous or of another shape.
    """
    wanted, found = shapes(config), {name: array.shape for name, array in arrays.items()}
    if odd := sorted(set(wanted) ^ set(found)):
        raise ValueError(f"arrays are missing or superfluous: {', '.join(odd[:3])}")
    if wrong := [name for name in wanted if wanted[name] != found[name]]:
        raise ValueError(f"{wrong[0]} has the shape {found[wrong[0]]}")
