"""What every engine promises, held for those of the house and for the one of the documents."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pytest

from composer import pipeline
from composer.cells import Area, cells_of, clear
from composer.cli import main
from composer.composition import Composition, replay
from composer.engines import (
    Capabilities,
    Compose,
    Continue,
    Engine,
    Fill,
    Play,
    Shelf,
    Take,
    open_engine,
    open_shelf,
)
from composer.engines.companions import LIST
from composer.errors import CheckpointError, OptionError, RequestError
from composer.novelty import NoveltyIndex, save_index
from composer.piece import Piece
from composer.pipeline.chain import Chain, range_of
from composer.request import Request
from composer.scoring import Standards
from composer.scoring.weights import WEIGHTS_PATH
from composer.ui.api.calling import endpoint
from composer.ui.api.endpoints import compose_ability
from composer.ui.studio import default_studio

DOCUMENT = Path(__file__).parents[2] / "docs" / "engines.md"
REQUEST = Request(key="G major", meter="4/4", bars=4, parts=2, candidates=3, seed=5)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Install the engine of the documents as a package would be, and take it away again."""
    site = tmp_path_factory.mktemp("site")
    text = re.search(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert text is not None
    (site / "walker.py").write_text(text[1])
    about = site / "walker-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: walker\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[composer.engines]\nwalker = walker:Walker\n")
    sys.path.insert(0, str(site))
    open_shelf.cache_clear()
    yield site
    open_shelf.cache_clear()
    sys.path.remove(str(site))
    sys.modules.pop("walker", None)


@pytest.fixture(scope="module", params=["tiny_engine", "tiny_roll_engine", "walker"])
def engine(request: Any, installed: Path) -> Engine:
    """Return each engine in turn."""
    name = request.param
    return open_shelf().get(name) if name == "walker" else request.getfixturevalue(name)


def takes_of(engine: Engine, ask: Any) -> list[Take]:
    steps = list(engine.draw(ask))
    shares = [step.share for step in steps]
    assert shares == sorted(shares) and shares[-1] == 1.0
    takes = [take for step in steps for take in step.takes]
    assert sorted(take.index for take in takes) == list(range(ask.request.candidates))
    return sorted(takes, key=lambda take: take.index)


def music_of(takes: list[Take]) -> list[Piece]:
    found = [take.music for take in takes if take.music is not None]
    assert found, [take.reason for take in takes]
    assert all(take.music is not None or take.reason for take in takes)
    return found


def assert_same_from_record(engine: Engine, ask: Any, takes: list[Take]) -> None:
    for take in takes:
        if take.music is not None:
            record = json.loads(json.dumps(dict(take.record)))
            assert engine.replay(ask, record) == take.music


def test_the_document_shows_about_forty_lines_without_events(installed: Path) -> None:
    lines = (installed / "walker.py").read_text().splitlines()
    walker = lines[lines.index("class Walker(Engine):") :]
    assert len([line for line in walker if line.strip()]) <= 51
    assert "tokenizer" not in "".join(lines)


def test_an_engine_says_what_it_is_good_for(engine: Engine) -> None:
    found = engine.capabilities
    assert found.good_for.endswith(".")
    assert set(found.settings) <= set(Request().to_dict())
    assert json.loads(json.dumps(found.to_dict()))["asks"] == [
        "Compose",
        "Continue",
        "Fill",
        "Play",
    ]


def test_whole_pieces_are_what_was_asked_for_and_repeat(engine: Engine) -> None:
    ask = Compose(REQUEST)
    takes = takes_of(engine, ask)
    for piece in music_of(takes):
        assert (str(piece.key), str(piece.meter), piece.n_bars) == ("G major", "4/4", 4)
        assert len(piece.parts) == 2
    assert music_of(takes_of(engine, ask)) == music_of(takes)
    assert_same_from_record(engine, ask, takes)


def test_more_bars_have_the_parts_of_the_piece_and_no_other_bars(
    engine: Engine, chorale: Piece
) -> None:
    chain = Chain.of(chorale, chorale.n_bars, "choir")
    ask = chain.ask(REQUEST, chorale.key, 2, 3, seed=9)
    assert isinstance(ask, Continue)
    takes = takes_of(engine, ask)
    for music in music_of(takes):
        assert (music.n_bars, len(music.parts)) == (2, 4)
        assert [part.instrument for part in music.parts] == [p.instrument for p in chorale.parts]
    assert_same_from_record(engine, ask, takes)


def test_a_filling_keeps_given_notes_as_the_same_objects(engine: Engine, chorale: Piece) -> None:
    blank = clear(chorale, cells_of(chorale, 3, 4, [1, 2]))
    ranges = [range_of(part) for part in chorale.parts]
    ask = Fill(request=REQUEST, blank=blank, ranges=ranges, lines=[True] * 4)
    takes = takes_of(engine, ask)
    given = {id(note) for part in blank.piece.parts for note in part.notes}
    for music in music_of(takes):
        found = {id(note) for part in music.parts for note in part.notes}
        assert given <= found
        bars = [
            note.onset_beats // 4 for part in blank.new_notes(music).parts for note in part.notes
        ]
        assert set(bars) <= {2, 3}
        assert music.parts[0] == chorale.parts[0] and music.parts[3] == chorale.parts[3]
    assert_same_from_record(engine, ask, takes)


def test_an_area_keeps_all_that_lies_outside_of_it(engine: Engine, chorale: Piece) -> None:
    area = Area(begin_beats=Fraction(6), end_beats=Fraction(15), low=50, high=66)
    options: dict[str, Any] = {"engine": engine, "candidates": 2, "seed": 3}
    if "areas" not in engine.capabilities.opens:
        with pytest.raises(RequestError, match="fills whole bars of parts only; choose one that"):
            pipeline.paint(chorale, [area], **options)
        return
    found = pipeline.paint(chorale, [area], **options)
    ask = Fill(request=REQUEST, blank=found.blank, ranges=[(30, 90)] * 4, lines=[True] * 4)
    takes = takes_of(engine, ask)
    for music in [found.piece, *music_of(takes)]:
        kept = {id(note) for part in music.parts for note in part.notes}
        assert {id(note) for part in found.blank.piece.parts for note in part.notes} <= kept
        for part in found.blank.new_notes(music).parts:
            for note in part.notes:
                assert 50 <= note.pitch <= 66
                assert 6 <= note.onset_beats < note.end_beats <= 15
    assert_same_from_record(engine, ask, takes)
    assert replay(found.to_json()) == found.piece
    with pytest.raises(RequestError, match="no part plays so high or low"):
        pipeline.paint(chorale, [replace(area, low=120, high=127)], **options)


def test_music_without_end_comes_in_stretches_at_a_price_that_does_not_grow(
    engine: Engine, chorale: Piece
) -> None:
    ask = Play(request=replace(REQUEST, bars=8), before=chorale, before_bars=8, key=chorale.key)
    stretches = [step.bars[0] for step in islice(engine.draw(ask), 12)]
    assert sum(stretch.bars for stretch in stretches) == 96
    for stretch in stretches:
        assert (stretch.music.n_bars, len(stretch.music.parts)) == (8, 4)
    again = [step.bars[0].music for step in islice(engine.draw(ask), 2)]
    assert again == [stretch.music for stretch in stretches[:2]]
    assert len({str(stretch.music.parts) for stretch in stretches}) > 6


def test_it_goes_through_every_way_of_composing_and_back(engine: Engine) -> None:
    few: dict[str, Any] = {"engine": engine, "candidates": 2, "seed": 3}
    start = pipeline.compose(replace(REQUEST, bars=6), engine=engine)
    grown = pipeline.extend(start.piece, 4, chunk_bars=2, **few)
    filled = pipeline.infill(grown.piece, 3, 4, **few)
    varied = pipeline.vary(filled.piece, 5, 6, freedom=1.0, **few)
    harmonised = pipeline.harmonise(varied.piece, **few)
    found: list[Composition] = [start, grown, filled, varied, harmonised]
    assert [one.piece.n_bars for one in found] == [6, 10, 10, 10, 10]
    for one in found:
        assert all(0 <= card.scorecard.total <= 100 for card in one.ranked)
        for rank in range(1, len(one.ranked) + 1):
            assert replay(one.to_json(), rank) == one.ranked[rank - 1].piece


def test_its_own_options_reach_it_and_no_others_do(engine: Engine) -> None:
    def composed(**own: float) -> Composition:
        return pipeline.compose(replace(REQUEST, engine_options=own), engine=engine)

    with pytest.raises(OptionError, match="there is no option|this engine has no option"):
        composed(warmth=1)
    usual = composed()
    for option in engine.capabilities.options:
        # What is short needs few passes, so that more of them may change nothing.
        bold, timid = (composed(**{option.name: end}) for end in (option.high, option.low))
        assert bold.piece != usual.piece or timid.piece != usual.piece
        assert bold.to_dict()["request"]["engine_options"] == f"{option.name}={option.high}"
        assert composed(**{option.name: option.default}).piece == usual.piece
        with pytest.raises(OptionError, match=f"`{option.name}` must be"):
            pipeline.infill(
                usual.piece, 1, 2, engine=engine, engine_options={option.name: option.high + 1}
            )


def test_whole_pieces_outside_its_lists_are_refused(engine: Engine) -> None:
    for name, offered in engine.capabilities.lists.items():
        odd = {"form": "tarantella", "ensemble": "kazoos", "meter": "29/32"}[name]
        if offered:
            with pytest.raises(RequestError, match=f"`{name}` '{odd}' is none that this engine"):
                pipeline.compose(replace(REQUEST, **{name: odd}), engine=engine)


def test_an_extension_can_be_continued_by_another_engine(
    engine: Engine, tiny_engine: Engine, installed: Path
) -> None:
    """The notes are enough: a record that is not its own is passed over."""
    other = open_shelf().get("walker") if engine is tiny_engine else tiny_engine
    first = pipeline.extend(
        pipeline.compose(REQUEST, engine=engine).piece, 2, engine=engine, candidates=2
    )
    second = pipeline.extend(first.tree, 2, engine=other, candidates=2)
    assert second.piece.n_bars == 8


@pytest.mark.usefixtures("installed")
def test_an_installed_engine_is_chosen_by_its_name_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = ["--engine", "walker", "--no-audio", "--candidates", "2"]
    assert main(["engines"]) == 0
    printed = capsys.readouterr().out
    assert "walker: Aimless walks" in printed
    first, second = tmp_path / "a", tmp_path / "b"
    own = ["--engine-options", "leap=3"]
    assert "--engine-options leap=N" in printed
    assert main(["compose", "--bars", "4", "--out", str(first), *named, *own]) == 0
    piece = str(first / "piece.mid")
    assert main(["extend", piece, "--bars", "2", "--out", str(second), *named]) == 0
    assert main(["infill", piece, "--bars", "2", "--out", str(tmp_path / "c"), *named]) == 0
    assert main(["replay", str(second / "composition.json"), "--out", str(tmp_path / "d")]) == 0
    document = json.loads((first / "composition.json").read_text())
    request = document["request"]
    assert (request["engine"], request["engine_options"]) == ("walker", "leap=3")
    records = {one["record"]["seed"] for one in document["candidates"]}
    assert records <= {"0/0", "0/1"}


@pytest.mark.usefixtures("installed")
def test_an_installed_engine_is_chosen_by_its_name_over_the_api() -> None:
    call = endpoint(compose_ability(default_studio()))
    names = list(call.__signature__.parameters)  # type: ignore[attr-defined]
    values: dict[str, Any] = {"engine": "walker", "bars": 4, "candidates": 2, "seed": 1}
    values |= {"engine_options": "leap=2"}
    defaults = Request().to_dict()
    *_, (midi, record) = call(*[values.get(name, defaults[name]) for name in names])
    assert midi is not None and record is not None
    document = json.loads(Path(record.path).read_text())
    assert document["versions"].keys() == {"composer"}
    assert document["request"]["engine_options"] == "leap=2"
    assert replay(json.dumps(document)).n_bars == 4


@pytest.mark.usefixtures("installed")
def test_an_unknown_engine_is_refused_with_those_that_are_here() -> None:
    there = "there is no engine 'nobody'; there are small, fractal, xlstm, walker"
    with pytest.raises(RequestError, match=there):
        pipeline.compose(replace(REQUEST, engine="nobody"))


def test_an_engine_is_described_without_being_loaded_and_given_back(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[Path] = []

    class Heavy(Engine):
        capabilities = Capabilities(good_for="Nothing.")

        @classmethod
        def load(cls, folder: Path | None, device: str) -> Engine:
            assert folder is not None
            loaded.append(folder)
            return cls()

    monkeypatch.setattr("composer.engines.shelf._class_of", lambda folder: Heavy)
    found = Shelf({name: tiny_folder / name for name in "abc"}, max_loaded=2)
    assert found.describe("c").good_for == "Nothing."
    assert loaded == []
    first = found.get()
    assert found.get("a") is first
    found.get("b"), found.get("c")
    assert len(loaded) == 3
    assert found.get("c") is found.get("c")
    assert found.get("a") is not first  # two others were kept
    found.release("c")
    found.get("c")
    assert len(loaded) == 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "no readable config.json"),
        ("{}", "no readable config.json"),
        ('{"engine": "abacus"}', "of the engine 'abacus', which is not installed; there are"),
    ],
)
def test_a_folder_that_names_no_engine_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(CheckpointError, match=words):
        Shelf({"odd": tmp_path}).get()


def test_what_is_attached_to_a_checkpoint_is_used_with_these_weights_only(
    tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, made = tmp_path / "copy", tmp_path / "made.npz"
    copytree(tiny_folder, folder)
    hashes, pieces = np.array([7], np.uint32), np.array([0], np.uint16)
    save_index(NoveltyIndex(hashes, pieces, ("Bach: Chorale",)), made)
    assert open_engine(folder).index is None
    assert main(["attach", "--novelty", str(made), "--checkpoint", str(folder)]) == 0
    found = open_engine(folder)
    assert found.index is not None and found.index.names == ("Bach: Chorale",)
    assert found.standards.model_bands == {} != Standards.general().model_bands
    values = json.loads((folder / LIST).read_text())
    (folder / LIST).write_text(json.dumps(values | {"checkpoint": "0123456789ab"}))
    assert open_engine(folder).index is None
    assert main(["attach", "--weights", str(WEIGHTS_PATH), "--checkpoint", str(folder)]) == 2
    assert "was learned for the checkpoint" in capsys.readouterr().err
    assert main(["attach", "--checkpoint", str(folder)]) == 2
