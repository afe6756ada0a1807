"""A copy of a checkpoint learns from somebody's pieces, and is kept where it holds for others."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from composer.cli import main
from composer.engines import open_engine
from composer.errors import OptionError, RequestError
from composer.models import PRESETS
from composer.models.saving import save_checkpoint
from composer.models.transformer import EventTransformer
from composer.own_style import Look, hold_back, learn_own_style
from composer.piece import Piece
from composer.rendering import write_midi
from composer.tokenizer import vocab
from tests.strategies import MENU, VOCABULARY


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkpoint that has learned nothing yet."""
    folder = tmp_path_factory.mktemp("base")
    model = EventTransformer(PRESETS["tiny"], vocab.TABLE_SIZES, vocab.WRITTEN_SIZES)
    save_checkpoint(folder, model, VOCABULARY.to_dict(), {"max_rows": 512}, menu=MENU)
    return folder


def test_of_many_pieces_some_are_held_back_and_of_few_their_last_bars(chorale: Piece) -> None:
    many = hold_back([chorale.transposed(n) for n in range(6)])
    assert [split for split, _ in many] == ["valid", "train", "train", "train", "train", "valid"]
    few = hold_back([chorale, chorale])
    assert [(split, piece.n_bars) for split, piece in few] == [("train", 7), ("valid", 1)] * 2


def test_a_copy_predicts_what_was_held_back_better_and_is_an_engine(
    base: Path, chorale: Piece, tmp_path: Path
) -> None:
    looks: list[Look] = []
    pieces = [chorale.transposed(n) for n in range(6)]
    found = learn_own_style(
        pieces, tmp_path / "mine", base=base, minutes=0.1, licence="my own work",
        on_look=looks.append,
    )  # fmt: skip
    assert found.after < found.before and looks[-1].share > 0
    assert found.after == min(look.nats_per_note for look in looks if look.is_best)
    config = json.loads((tmp_path / "mine" / "config.json").read_text())
    assert config["notes"]["own_style"]["licence"] == "my own work"
    engine = open_engine(tmp_path / "mine")
    index = getattr(engine, "index", None)
    assert index is not None and len(index.names) == 6


def test_learning_ends_when_it_gets_worse_and_keeps_nothing_bad(
    base: Path, chorale: Piece, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from composer.training.loop import Run

    seen = iter(range(100))
    monkeypatch.setattr(Run, "validate", lambda run, model: 1.0 + next(seen))
    monkeypatch.setattr("composer.own_style.LOOKS", 10_000)
    with pytest.raises(RequestError, match="nothing was learned"):
        learn_own_style([chorale, chorale], tmp_path / "x", base=base, minutes=5, licence="mine")
    assert next(seen) == 4  # once before, thrice on the way
    assert not (tmp_path / "x").exists()


def test_the_licence_is_asked_for_and_a_few_bars_are_too_few(
    base: Path, chorale: Piece, tmp_path: Path
) -> None:
    with pytest.raises(OptionError, match="licence"):
        learn_own_style([chorale] * 2, tmp_path, base=base, minutes=1, licence=" ")
    with pytest.raises(RequestError, match="16 bars or more"):
        hold_back([replace(chorale)])


def test_the_command_says_what_came_of_it(
    base: Path, chorale: Piece, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    for number in range(5):
        write_midi(chorale.transposed(number), tmp_path / "in" / f"{number}.mid")
    command = ["own-style", tmp_path / "in", "--licence", "mine", "--minutes", 0.1]
    command += ["--checkpoint", base, "--out", tmp_path / "mine"]
    assert main([str(word) for word in command]) == 0
    assert "makes it the engine mine" in capsys.readouterr().out
    assert main([*map(str, command), "--minutes", "0"]) == 2
