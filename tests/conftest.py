"""States that all tests share: two pieces written for them, an empty one, and a quiet machine."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

# Before anything imports numpy or torch: one thread a test, no page that calls home.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_OFFLINE"] = "1"
for _name in [name for name in os.environ if name.startswith("COMPOSER_")]:
    del os.environ[_name]

import numpy as np
import pytest
import torch
from hypothesis import settings

from composer.engines import Engine, open_engine
from composer.engines.events.engine import EventEngine
from composer.models import PRESETS
from composer.models.saving import save_checkpoint
from composer.models.transformer import EventTransformer
from composer.piece import MeterChange, Note, Part, Piece
from composer.theory import INSTRUMENTS, Instrument, Key, Meter, spelling_to_pitch_class
from composer.tokenizer import Vocabulary, vocab
from tests.rolls import save_tiny_fractal
from tests.strategies import MENU, VOCABULARY

torch.set_num_threads(1)
# The same examples every time, and no clock: a busy machine fails no test.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")


INTEGRATION = ("browser", "cli", "packaging", "benchmarks", "pipeline", "ui/server", "ui/rest")
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test as one of a unit or of several rooms together."""
    for item in items:
        place = item.path.relative_to(HERE).as_posix()
        is_wide = place.startswith(INTEGRATION) or any(
            item.get_closest_marker(name) for name in ("slow", "gpu", "browser")
        )
        item.add_marker(pytest.mark.integration if is_wide else pytest.mark.unit)


def part_of(instrument: Instrument, text: str) -> Part:
    """Read a line of music: `C4` a quarter, `C4:1/2` an eighth, `C4+E4` a chord, `-` a rest."""
    notes: list[Note] = []
    onset = Fraction(0)
    for word in text.replace("|", " ").split():
        names, _, length = word.partition(":")
        duration = Fraction(length or 1)
        pitches = sorted(pitch_of(name) for name in names.split("+") if name != "-")
        notes += [Note(onset, pitch, duration) for pitch in pitches]
        onset += duration
    return Part(instrument, tuple(notes))


def pitch_of(name: str) -> int:
    """Read a pitch with its octave: `C4` is 60."""
    return spelling_to_pitch_class(name[:-1]) + 12 * (int(name[-1]) + 1)


# I V6 I IV | I6 V I | vi IV ii6 V | I ii6 V | I V6 I IV | vi I6 IV | I6 IV ii6 V | I
CHORALE = {
    "soprano": """
        B4 A4 G4:1/2 F#4:1/2 E4 | G4 F#4 G4:2 | B4 C5:1/2 B4:1/2 A4 F#4 | G4 A4:1/2 G4:1/2 F#4:2 |
        G4 A4 B4 C5 | B4:1/2 C5:1/2 D5 E5:2 | D5 C5:1/2 B4:1/2 A4 F#4 | G4:4 """,
    "alto": """
        D4 D4 D4 C4 | D4 D4 D4:2 | E4 E4 E4 D4 | D4 E4 D4:2 |
        D4 D4 D4 E4:1/2 F#4:1/2 | G4 G4 G4:2 | G4:1/2 F#4:1/2 E4 E4 D4 | D4:4 """,
    "tenor": """
        G3 A3 B3:1/2 A3:1/2 G3 | G3 A3 B3:2 | G3 G3 A3 A3 | B3 A3 A3:2 |
        B3 A3 G3 G3 | G3 G3 G3:2 | G3 G3 A3 A3 | B3:4 """,
    "bass": """
        G2 F#2 G2 C3 | B2 D3 G3:2 | E3:1/2 D3:1/2 C3 C3 D3 | G3 C3 D3:2 |
        G2 F#2 G2 C3:1/2 D3:1/2 | E3 B2 C3:2 | B2 C3 C3 D3 | G3:4 """,
}
RIGHT_HAND = """
    D5 A4 F4:1/2 G4:1/2 | A4 Bb4:1/3 A4:1/3 G4:1/3 F4 | G4:1/2 A4:1/2 Bb4 G4 | A4:3 |
    D5 F5 E5:1/2 D5:1/2 | C#5 D5:1/3 E5:1/3 F5:1/3 E5 | D5 C#5:2 | F4+A4+D5:3 """
LEFT_HAND = """
    D3:3 | F3:2 D3 | G3:2 E3 | A3 E3 C#3 | D3 A3 D3 | A2:2 G3 | F3 A3 A2 | D3:2 - """


@pytest.fixture(scope="session")
def chorale() -> Piece:
    """Return 8 bars in G major for four voices, without a parallel fifth or octave."""
    return Piece(
        parts=tuple(part_of(INSTRUMENTS[voice], line) for voice, line in CHORALE.items()),
        meters=(MeterChange(Fraction(0), Meter(4, 4)),),
        key=Key("G", "major"),
        title="Chorale in G",
        composer="Bach",
        form="chorale",
        ensemble="choir",
    )


@pytest.fixture(scope="session")
def upbeat_chorale(chorale: Piece) -> Piece:
    """Return the chorale from the last quarter of its first bar on: bar 0, then bars 1 to 7."""
    return without_beginning(chorale, Fraction(3))


def without_beginning(piece: Piece, beats: Fraction) -> Piece:
    """Return a piece without the notes that begin in its first quarters; its bars stay."""
    parts = (
        replace(part, notes=tuple(note for note in part.notes if note.onset_beats >= beats))
        for part in piece.parts
    )
    return replace(piece, parts=tuple(parts))


@pytest.fixture(scope="session")
def keyboard_piece() -> Piece:
    """Return 8 bars of a minuet in D minor for two hands, with triplets, chords and a last rest."""
    piano = INSTRUMENTS["piano"]
    return Piece(
        parts=(part_of(piano, RIGHT_HAND), part_of(piano, LEFT_HAND)),
        meters=(MeterChange(Fraction(0), Meter(3, 4)),),
        key=Key("D", "minor"),
        title="Minuet in D minor",
        composer="Mozart",
        form="minuet",
        ensemble="keyboard",
    )


@pytest.fixture(scope="session")
def empty_piece() -> Piece:
    """Return one silent bar."""
    silent = Part(INSTRUMENTS["piano"], ())
    return Piece((silent,), (MeterChange(Fraction(0), Meter(4, 4)),), Key("C", "major"))


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    """Return a vocabulary of two composers and two forms."""
    return VOCABULARY


@pytest.fixture(scope="session")
def tiny_model() -> EventTransformer:
    """Return a small random model in evaluation mode."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = EventTransformer(PRESETS["tiny"], vocab.TABLE_SIZES, vocab.WRITTEN_SIZES)
    return model.eval()


@pytest.fixture(scope="session")
def tiny_folder(tiny_model: EventTransformer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkpoint of the small random model with a menu of three rows."""
    folder: Path = tmp_path_factory.mktemp("checkpoints") / "tiny"
    notes = {"max_rows": 96}
    save_checkpoint(folder, tiny_model, VOCABULARY.to_dict(), notes, menu=MENU)
    return folder


@pytest.fixture(scope="session")
def tiny_engine(tiny_folder: Path) -> EventEngine:
    """Return an engine that composes nonsense, quickly."""
    return EventEngine.load(tiny_folder)


@pytest.fixture(scope="session")
def tiny_roll_engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """Return an engine that paints nonsense, quickly."""
    return open_engine(save_tiny_fractal(tmp_path_factory.mktemp("checkpoints") / "tiny-fractal"))


@pytest.fixture
def rng() -> np.random.Generator:
    """Return a generator that begins alike in every test."""
    return np.random.default_rng(7)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what an earlier test may have set for places and devices."""
    for name in [name for name in os.environ if name.startswith("COMPOSER_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session", autouse=True)
def only_this_machine() -> Iterator[None]:
    """Refuse connections that leave this machine."""
    connect = socket.socket.connect

    def connect_nearby(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise ConnectionRefusedError(f"tests stay on this machine, not {address[0]}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_nearby)
        yield
