"""The fractal model: torch and numpy say the same, and checkpoints come back or are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from composer.errors import CheckpointError, OptionError
from composer.models.fractal.config import CHANNELS, N_VELOCITIES, FractalConfig, scan_order
from composer.models.fractal.loading import load_fractal, shapes
from composer.models.fractal.network import read_cells
from tests.rolls import MIXES, config_of, network_of, random_fractal, save_tiny_fractal


@pytest.mark.parametrize(("types", "scan"), MIXES)
def test_numpy_says_what_torch_says_on_every_level(types: tuple[str, ...], scan: str) -> None:
    model = random_fractal(config_of(types, scan))
    network, rng = network_of(model), np.random.default_rng(1)
    states = rng.integers(0, 4, (2, 32, 48))
    cells = read_cells(states, rng.integers(-1, 32, states.shape))
    columns = np.stack([rng.integers(0, 50, (2, 48)), *rng.integers(0, 4, (2, 2, 48))], -1)
    asked = {name: rng.integers(0, 3, 2) for name in network.conditions}
    tonic = np.array([3, 12])
    with torch.no_grad():
        conditions = model.embed_conditions({n: torch.from_numpy(v) for n, v in asked.items()})
        told = network.embed_conditions(asked)
        stem = model.stem(*map(torch.from_numpy, (cells, columns, tonic)), conditions, 16)
        read = network.stem(cells, columns, tonic, told, 16)
        is_ar = network.is_ar(0)
        content = cells if is_ar else None
        coarse = model.coarse(stem, torch.from_numpy(cells) if is_ar else None, conditions, 16)
        found = network.coarse(read, content, told, 16)
        known = rng.random((3, 16)) < 0.5
        inside = rng.random((3, 16, 16 * CHANNELS)).astype(np.float32)
        stems = rng.random((3, 16, read.shape[-1])).astype(np.float32)
        fine = model.fine(coarse[0, :3], *map(torch.from_numpy, (stems, inside, known)))
        finer = network.fine(found[0, :3], stems, inside, known)
        places = np.stack([rng.integers(0, n, (3, 16)) for n in (13, 50, 4)], -1)
        own, made = rng.integers(0, 4, (2, 3, 16))
        loud = rng.integers(0, N_VELOCITIES + 1, (3, 16))
        states = rng.integers(0, 3, (3, 16))
        pairs = [
            (stem, read),
            (coarse, found),
            (model.bits(0, coarse), network.bits(0, found)),
            (fine, finer),
            (
                model.cells(fine[:, 0], *map(torch.from_numpy, (stems[:, 0], places, own, made))),
                network.cells(finer[:, 0], stems[:, 0], places, own, made),
            ),
            (
                model.velocities(fine[:, 1], *map(torch.from_numpy, (stems[:, 1], states, loud))),
                network.velocities(finer[:, 1], stems[:, 1], states, loud),
            ),
        ]
    for torch_says, numpy_says in pairs:
        np.testing.assert_allclose(torch_says.numpy(), numpy_says, rtol=2e-4, atol=2e-4)


def test_a_column_is_made_from_the_lowest_pitch_up_and_a_row_from_left_to_right() -> None:
    assert scan_order(2, 3, "row") == [0, 1, 2, 3, 4, 5]
    assert scan_order(2, 3, "column") == [0, 3, 1, 4, 2, 5]


def test_a_checkpoint_comes_back(tmp_path: Path) -> None:
    model = random_fractal(config_of())
    found = load_fractal(save_tiny_fractal(tmp_path / "tiny"))
    assert found.network.config == model.config
    assert shapes(model.config) == {n: tuple(w.shape) for n, w in model.state_dict().items()}
    assert len(found.fingerprint) == 12 and found.menu


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"blocks": [1, 1, 1]}, "four numbers above 0"),
        ({"widths": [32, 32, 16, 32]}, "has the shape"),
        ({"stem_blocks": 2}, "missing or superfluous"),
        ({"scan": "diagonal"}, "`scan` must be column or row"),
        ({"colour": 3}, "unknown or missing entries: colour"),
    ],
)
def test_a_config_that_does_not_fit_is_refused(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    path = save_tiny_fractal(tmp_path / "tiny") / "config.json"
    values = json.loads(path.read_text())
    values["model"] |= change
    path.write_text(json.dumps(values))
    with pytest.raises(CheckpointError, match=words):
        load_fractal(path.parent)


@pytest.mark.parametrize("types", [("mar", "ar"), ("mar", "mar", "ar", "cat")])
def test_generators_are_four_of_two_kinds(types: tuple[str, ...]) -> None:
    values = config_of().to_dict() | {"generator_types": types}
    with pytest.raises(OptionError, match="mar or ar for each of four levels"):
        FractalConfig.from_dict(values)
