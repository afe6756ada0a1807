"""Imports point one way only: the order of the rooms, and which room may use which library."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "composer").rglob("*.py"))
MAX_LINES = 400

# A room imports rooms of the rows above its own; those of one row are strangers to each other.
ROWS = (
    ("errors", "version"),
    ("bundled", "extras"),
    ("settings",),
    ("places",),
    ("worker",),
    ("units",),
    ("theory",),
    ("chords",),
    ("piece", "recording", "request", "scorecard", "plans"),
    ("stitching", "cells"),
    ("corpus", "tokenizer", "models", "scoring", "transcription"),
    ("plots",),
    ("rendering",),
    ("decoding", "training", "packing", "performances", "novelty"),
    ("configuration",),
    ("engines",),
    ("branches", "exporting", "outcomes", "own_style", "prompts"),
    ("composition",),
    ("pipeline", "checking"),
    ("captioning", "evaluation", "listening", "remigen", "batch", "live", "sounding"),
    ("matched",),
    ("__init__",),  # the public face
    ("ui",),
    ("cli",),
    ("__main__", "app"),
)
RANKS = {room: rank for rank, row in enumerate(ROWS) for room in row}

# Where a library may be imported: module names, each with all that lies below it.
HOMES = {
    "torch": (
        "composer.models",
        "composer.decoding",
        "composer.training",
        "composer.engines.audio",
    ),
    "transformers": ("composer.engines.audio", "composer.evaluation.audio"),
    "onnx": ("composer.models",),
    "onnxruntime": (
        *("composer.models", "composer.decoding", "composer.training"),
        "composer.transcription.voices",
    ),
    "swift_f0": ("composer.transcription.line",),
    "gradio": ("composer.ui",),
    "fastapi": ("composer.ui.rest",),
    "prometheus_client": ("composer.ui.server.metrics",),
    "plotly": ("composer.plots",),
    "fluidsynth": ("composer.rendering.audio",),
    "music21": ("composer.rendering", "composer.corpus"),
    "verovio": ("composer.rendering.sheet",),
    "typst": ("composer.rendering.sheet",),
    "pyloudnorm": ("composer.rendering",),
    "soundfile": ("composer.rendering", "composer.transcription.sound"),
    "defusedxml": ("composer.corpus",),
    "spaces": ("composer.ui",),
    "sklearn": ("composer.evaluation",),
    "matplotlib": ("composer.evaluation",),
    "sqlalchemy": ("composer.listening",),
    "choix": ("composer.listening",),
    "krippendorff": ("composer.listening",),
    "statsmodels": ("composer.listening",),
    "pandas": ("composer.listening",),
    "rtmidi": ("composer.sounding.ports",),
    "segno": ("composer.ui.studies",),
    "ray": ("composer.batch.cluster", "composer.cli.batches"),
    "pyarrow": ("composer.batch", "composer.cli.batches", "composer.matched"),
}

# Events, models and their decoding are known to the engines that work with them, and to what makes
# and measures checkpoints. Everyone else speaks of music.
OF_EVENTS = ("tokenizer", "models", "decoding")
KNOW_EVENTS = (
    *OF_EVENTS,
    "engines",
    "training",
    "packing",
    "exporting",
    "own_style",
    "evaluation.likelihood",
    "evaluation.report",
    "evaluation.suggesting",
    "evaluation.speed",
    "cli.training",
    "cli.indexing",
    "configuration",
)
# Engines' classes are named by the shelf alone; their folders are their own.
ENGINE_FOLDERS = (
    "composer.engines.events",
    "composer.engines.roll",
    "composer.engines.audio",
)
NAMES_ENGINES = ("composer.engines.shelf",)

# What a module may import of composer, where that is less than the rows allow.
DIETS = {
    # Training reads one packed file of numbers.
    "composer.training": (
        "composer.errors",
        "composer.models",
        "composer.training",
        "composer.tokenizer.vocab",
        "composer.tokenizer.holes",
        "composer.tokenizer.variants",
        "composer.tokenizer.bar_layouts",
        "composer.tokenizer.layout_rows",
    ),
    # The engine knows ids; rules of music reach it as callables.
    **dict.fromkeys(
        ("composer.decoding.engine", "composer.decoding.reading", "composer.decoding.runtimes"),
        ("composer.errors", "composer.models", "composer.decoding"),
    ),
    "app": ("composer.cli",),
}
TRAINING_LIBRARIES = frozenset(
    ["torch", "numpy", "safetensors", "lightning", "lightning_fabric", "tensorboard", "tqdm"]
)
MUSIC_LIBRARIES = frozenset(
    ["symusic", "miditok", "mido", "pretty_midi", "gradio", "plotly", "fluidsynth"]
)


def module_of(path: Path) -> str:
    """Return the dotted name of a file of the repository; a package keeps its `__init__`."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def is_below(module: str, home: str) -> bool:
    return module == home or module.startswith(home + ".")


def room_of(module: str) -> str:
    """Return the row entry of a module: `composer.corpus.midi` lies in `corpus`."""
    names = module.split(".")
    if names[0] != "composer":
        return names[0]
    return names[1] if len(names) > 1 else "__init__"


def imports_of(source: str, module: str) -> Iterator[str]:
    """Yield the full names that a source imports anywhere, in functions and for types too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from names_of_from(node, module)


def names_of_from(node: ast.ImportFrom, module: str) -> list[str]:
    above = module.split(".")[: -node.level] if node.level else []
    base = ".".join([*above, *filter(None, [node.module])])
    names = [f"{base}.{alias.name}" for alias in node.names]
    if base != "composer":
        return names
    # `from composer import piece` is the room; any other name comes from the public face.
    return [name if room_of(name) in RANKS else "composer" for name in names]


def faults_of(source: str, module: str) -> list[str]:
    """Say what a source imports that it may not."""
    return [
        f"{module} imports {name}: {reason}"
        for name in imports_of(source, module)
        for reason in (
            fault_of_row(module, name),
            fault_of_home(module, name),
            fault_of_diet(module, name),
            fault_of_events(module, name),
        )
        if reason
    ]


def fault_of_row(module: str, name: str) -> str:
    if not is_below(name, "composer"):
        return ""
    here, there = room_of(module), room_of(name)
    unknown = [room for room in (here, there) if room not in RANKS]
    if unknown:
        return f"{unknown[0]} has no place in the rows"
    if here == there or RANKS[there] < RANKS[here]:
        return ""
    return f"{there} does not lie below {here}"


def fault_of_events(module: str, name: str) -> str:
    if not module.startswith("composer."):
        return ""
    knows = any(is_below(module, f"composer.{room}") for room in KNOW_EVENTS)
    if room_of(name) in OF_EVENTS and is_below(name, "composer") and not knows:
        return f"only {', '.join(KNOW_EVENTS)} know events"
    for folder in ENGINE_FOLDERS:
        if is_below(name, folder) and not is_below(module, folder) and module not in NAMES_ENGINES:
            return f"only {', '.join(NAMES_ENGINES)} name what lies in {folder}"
    return ""


def fault_of_home(module: str, name: str) -> str:
    library = name.split(".")[0]
    if library not in HOMES or any(is_below(module, home) for home in HOMES[library]):
        return ""
    return f"{library} belongs to {', '.join(HOMES[library])}"


def fault_of_diet(module: str, name: str) -> str:
    for eater, food in DIETS.items():
        if not is_below(module, eater):
            continue
        if is_below(name, "composer") and not any(is_below(name, item) for item in food):
            return f"{eater} may use only {', '.join(food)}"
    library = name.split(".")[0]
    foreign = library != "composer" and library not in sys.stdlib_module_names
    if is_below(module, "composer.training") and foreign and library not in TRAINING_LIBRARIES:
        return f"training may use only {', '.join(sorted(TRAINING_LIBRARIES))}"
    return ""


@pytest.mark.parametrize("path", [*FILES, ROOT / "app.py"], ids=module_of)
def test_a_file_imports_only_what_its_place_allows(path: Path) -> None:
    assert faults_of(path.read_text(), module_of(path)) == []


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_a_file_has_a_room_and_fits_on_a_few_screens(path: Path) -> None:
    assert room_of(module_of(path)) in RANKS
    assert len(path.read_text().splitlines()) <= MAX_LINES
    assert path.stem not in ("utils", "helpers", "common")


def test_the_app_fits_into_twenty_lines() -> None:
    assert len((ROOT / "app.py").read_text().splitlines()) <= 20


def test_training_loads_no_library_of_music() -> None:
    command = f"import composer.training, sys; print({set(MUSIC_LIBRARIES)} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert run.stdout.strip() == "set()", run.stdout + run.stderr


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("composer.units", "from composer.theory import Key"),
        ("composer.piece", "from composer.request import Request"),
        ("composer.corpus.midi", "from composer.tokenizer import encode"),
        ("composer.corpus.midi", "def f():\n    import composer.pipeline"),
        ("composer.corpus.midi", "if TYPE_CHECKING:\n    from composer import engines"),
        ("composer.corpus.midi", "from composer import compose"),
        ("composer.corpus.midi", "from ..scoring import score"),
        ("composer.corpus.__init__", "from ..ui import build_app"),
        ("composer.packing", "from composer.training import train"),
        ("composer.training.loop", "from composer.packing import pack"),
        ("composer.ui.serving", "from composer.cli import main"),
        ("composer.engines.shelf", "from composer.cupboard import cup"),
    ],
)
def test_an_import_upwards_or_among_strangers_is_found(module: str, source: str) -> None:
    assert faults_of(source, module)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("composer.scoring.key", "import torch.nn.functional as F"),
        ("composer.pipeline", "from torch import Tensor"),
        ("composer.engines.events.engine", "import onnxruntime"),
        ("composer.cli", "import gradio as gr"),
        ("composer.ui.layout", "import plotly.graph_objects as go"),
        ("composer.rendering.midi", "import fluidsynth"),
        ("composer.scoring.key", "def f():\n    import music21"),
    ],
)
def test_a_library_outside_its_home_is_found(module: str, source: str) -> None:
    assert faults_of(source, module)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("composer.pipeline.composing", "from composer.tokenizer import vocab"),
        ("composer.pipeline.judge", "from composer.engines.events.takes import read_rows"),
        ("composer.composition", "from composer.decoding import Draw"),
        ("composer.branches", "from composer import models"),
        ("composer.ui.api", "from composer.engines.events.engine import EventEngine"),
        ("composer.engines.base", "from composer.engines.events import engine"),
        ("composer.listening.sources", "from composer.models import load_checkpoint"),
    ],
)
def test_events_and_engine_classes_outside_their_rooms_are_found(module: str, source: str) -> None:
    assert faults_of(source, module)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("composer.training.batches", "from composer.theory import Key"),
        ("composer.training.batches", "from composer.tokenizer import encode"),
        ("composer.training.batches", "from composer.tokenizer.encoding import encode"),
        ("composer.training.batches", "import symusic"),
        ("composer.decoding.engine", "from composer.piece import Piece"),
        ("composer.decoding.runtimes.base", "from composer.tokenizer.vocab import PITCH"),
        ("app", "from composer.pipeline import compose"),
    ],
)
def test_music_in_training_and_in_the_engine_is_found(module: str, source: str) -> None:
    assert faults_of(source, module)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("composer.pipeline", "from composer.composition import Ranked\nimport numpy as np"),
        ("composer.corpus.midi", "from .manifest import Entry\nfrom composer import theory, units"),
        ("composer.corpus.__init__", "from .midi import read_midi\nimport symusic"),
        ("composer.packing", "from composer import corpus, tokenizer"),
        (
            "composer.training.loop",
            "from composer.tokenizer import holes, vocab\nimport torch, time",
        ),
        ("composer.rendering.audio", "import fluidsynth"),
        ("composer.cli", "from composer import Request\nfrom composer.evaluation import report"),
        ("composer.__main__", "from composer.cli import main"),
        ("app", "import os\nfrom composer.cli import main"),
    ],
)
def test_an_import_downwards_is_no_fault(module: str, source: str) -> None:
    assert faults_of(source, module) == []
