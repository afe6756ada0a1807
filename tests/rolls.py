"""Small random fractal models, and rolls for them."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch

from composer.decoding.rolls import Canvas
from composer.models.fractal.config import (
    CONDITIONS,
    FRACTAL_PRESETS,
    N_ROWS,
    SCANS,
    TYPES,
    FractalConfig,
)
from composer.models.fractal.grids import columns_of, draw_roll, notes_kept_whole
from composer.models.fractal.model import FractalModel
from composer.models.fractal.network import Network
from composer.models.fractal.saving import save_fractal
from tests.strategies import MENU, VOCABULARY

NAMES = {
    "composer": 1 + len(VOCABULARY.composers),
    "form": 1 + len(VOCABULARY.forms),
    "ensemble": 1 + len(VOCABULARY.ensembles),
}
MIXES = list(product(product(TYPES, repeat=4), SCANS))  # all 16, in both orders


def config_of(types: tuple[str, ...] = ("mar", "mar", "ar", "ar"), scan: str = "column") -> Any:
    values = FRACTAL_PRESETS["tiny"].to_dict()
    return FractalConfig.from_dict(
        values | {"generator_types": types, "scan": scan, "names": NAMES}
    )


def random_fractal(config: Any) -> FractalModel:
    """Return a model whose logits, unlike those of a new one, differ from place to place."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = FractalModel(config)
        for name, weight in model.named_parameters():
            if ".logits.weight" in name:
                torch.nn.init.normal_(weight, std=0.3)
            if name.endswith("nothing"):
                torch.nn.init.normal_(weight, std=0.5)
    return model.eval()


def network_of(model: FractalModel) -> Network:
    arrays = {name: weight.detach().numpy() for name, weight in model.state_dict().items()}
    return Network(model.config, arrays)


def save_tiny_fractal(folder: Path) -> Path:
    """Write a checkpoint that paints nonsense, about as dense as music."""
    model = random_fractal(config_of())
    save_fractal(folder, model, VOCABULARY.to_dict(), {}, MENU, dtype=torch.float32)
    return folder


def random_rows(rng: np.random.Generator, n: int = 60, width: int = 64) -> Any:
    """Return notes in columns: onset, end, pitch and velocity class."""
    onset = rng.integers(0, width, n)
    rows = [onset, onset + rng.integers(1, 9, n), rng.integers(40, 85, n), rng.integers(0, 32, n)]
    return np.stack(rows, 1)


def random_canvas(
    rng: np.random.Generator, low: int = 32, width: int = 64
) -> tuple[Canvas, Any, Any]:
    """Return a canvas with a hole of any shape, and the whole roll."""
    states, velocities = draw_roll(random_rows(rng, width=width), 0, width)
    hole = rng.random((N_ROWS // 4, width // 4)) < 0.4
    hole = notes_kept_whole(states, hole.repeat(4, 0).repeat(4, 1))
    rows = slice(low, 96)
    canvas = Canvas.of(
        states=states[rows],
        velocities=velocities[rows],
        hole=hole[rows],
        columns=columns_of(np.arange(width, dtype=np.int16) % 16, 0, width),
        conditions=dict.fromkeys(CONDITIONS, 1),
        low=low,
        n=1,
    )
    return canvas, states[rows], velocities[rows]
