"""A style is learned beside a server, in a process that can be stopped, and kept by whose it is."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from composer import places
from composer.engines import open_shelf
from composer.errors import OptionError, RequestError
from composer.models import PRESETS
from composer.models.saving import save_checkpoint
from composer.models.transformer import EventTransformer
from composer.piece import Piece
from composer.pipeline import OwnStyle, Progress, engines, own_style, own_style_steps
from composer.pipeline.ranking import chosen_engine
from composer.tokenizer import vocab
from tests.strategies import MENU, VOCABULARY


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a checkpoint that has learned nothing yet; styles are kept in a folder of the test."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    folder = tmp_path / "base"
    folder.mkdir()
    model = EventTransformer(PRESETS["tiny"], vocab.TABLE_SIZES, vocab.WRITTEN_SIZES)
    save_checkpoint(folder, model, VOCABULARY.to_dict(), {"max_rows": 512}, menu=MENU)
    yield folder
    own_style.forget_private()
    open_shelf().remove("of-the-house")


def test_a_style_with_a_name_is_an_engine_of_the_installation(base: Path, chorale: Piece) -> None:
    pieces = [chorale.transposed(n) for n in range(6)]
    asked = {"licence": "mine", "base": base, "name": "of-the-house"}
    *steps, house = own_style_steps(pieces, minutes=0.05, **asked)
    assert isinstance(house, OwnStyle) and house.after < house.before and not house.stopped
    assert all(isinstance(step, Progress) for step in steps) and len(steps) > 1
    assert "of-the-house" in engines() and chosen_engine("of-the-house").menu
    assert places.checkpoint_folders()["of-the-house"].is_dir()
    assert [path.name for path in places.styles_folder().iterdir()] == ["of-the-house"]
    with pytest.raises(OptionError, match="another `name`"):
        next(own_style_steps(pieces, minutes=1, **asked))


def test_a_style_without_a_name_is_found_by_who_knows_it_alone(
    base: Path, chorale: Piece, monkeypatch: pytest.MonkeyPatch
) -> None:
    def learned(engine: str, pieces: Any, out: Path, *_: Any) -> Iterator[OwnStyle]:
        shutil.copytree(base, out, dirs_exist_ok=True)
        yield OwnStyle(engine, 3.0, 2.0, len(pieces), 0.1, stopped=False)

    monkeypatch.setattr(own_style, "_hear", learned)
    (mine,) = own_style_steps([chorale] * 6, licence="mine", minutes=1, base=base)
    assert isinstance(mine, OwnStyle) and mine.engine not in engines()
    with pytest.raises(RequestError) as said:
        chosen_engine("mine-0000000000000000")
    assert mine.engine not in str(said.value)
    assert chosen_engine(mine.engine).menu
    own_style.forget_private()
    with pytest.raises(RequestError, match="no engine"):
        chosen_engine(mine.engine)


def test_a_stop_ends_the_process_and_leaves_nothing(base: Path, chorale: Piece) -> None:
    began_s, pieces = time.monotonic(), [chorale.transposed(n) for n in range(6)]
    with pytest.raises(RequestError, match="nothing was learned"):
        list(
            own_style_steps(
                pieces, licence="mine", minutes=60, base=base, name="x", should_stop=lambda: True
            )
        )
    assert time.monotonic() - began_s < own_style.STOP_S
    assert list(places.styles_folder().iterdir()) == []


def test_who_goes_away_takes_the_process_along(base: Path, chorale: Piece) -> None:
    steps = own_style_steps([chorale] * 6, licence="mine", minutes=60, base=base)
    next(steps)
    steps.close()
    assert own_style._private == {}


@pytest.mark.parametrize(
    ("licence", "name", "n_pieces", "said"),
    [
        (" ", "", 6, "licence"),
        ("mine", "../x", 6, "small letters"),
        ("mine", "", 101, "100 pieces"),
    ],
)
def test_what_will_not_do_is_said_before_anything_is_begun(
    chorale: Piece, licence: str, name: str, n_pieces: int, said: str
) -> None:
    with pytest.raises(RequestError, match=said):
        next(own_style_steps([chorale] * n_pieces, licence=licence, minutes=1, name=name))


def test_of_too_many_private_styles_the_oldest_go() -> None:
    made = [own_style._new_private(f"mine-{n}") for n in range(own_style.MAX_PRIVATE + 2)]
    assert [folder.exists() for folder in made] == [False, False] + [True] * own_style.MAX_PRIVATE
    own_style.forget_private()
    assert not any(folder.exists() for folder in made)
