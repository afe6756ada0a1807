"""Matched sets: every side answers the same, once; what is measured; who meets in a blind test."""

from __future__ import annotations

import csv
import json
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from composer.cli import main
from composer.errors import OptionError, RequestError
from composer.listening.plan import load_plan
from composer.listening.sources import default_sources
from composer.matched import MatchedPlan, load_matched_plan, make_set
from composer.matched.measures import MEASURES, measure_piece
from composer.matched.plan import EXAMPLE, Cell
from composer.matched.results import Results, measure_set
from composer.matched.sampling import find_files
from composer.piece import Note, Piece
from composer.remigen import MIDIConverter, decode
from composer.rendering import write_midi

WORDS = "s-9 o-0 t-35 i-0"
FOREIGN = "s-9 o-0 t-35 i-0 p-60 d-12 v-20 o-24 t-35 i-0 p-64 d-12 v-20 nonsense b-1"


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let sides compose in this process; one of their own takes seconds to begin."""
    monkeypatch.setattr("composer.matched.sampling.processes", ThreadPoolExecutor)


@pytest.fixture(scope="module")
def plan_path(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a plan of two engines' sides and a folder of files from elsewhere."""
    folder = tmp_path_factory.mktemp("matched")
    (folder / "elsewhere").mkdir()
    for number in range(8):
        (folder / "elsewhere" / f"{number}.txt").write_text(f"{FOREIGN} " * (8 + number))
    values = {
        "title": "Three sides",
        "samples": 2,
        "bars": 8,
        "temperatures": [0.8, 1.0],
        "sides": [
            {"name": "first", "checkpoint": str(tiny_folder)},
            {"name": "other", "folder": "elsewhere"},
        ],
        "prompts": [WORDS, {"name": "a chorale", "composer": "Bach", "form": "chorale"}],
    }
    (folder / "plan.json").write_text(json.dumps(values))
    return folder / "plan.json"


@pytest.fixture(scope="module")
def made(plan_path: Path) -> Path:
    """Return the folder of a set that the command made."""
    assert main(["study", "matched", str(plan_path)]) == 0
    return plan_path.with_suffix("")


def test_a_set_has_every_piece_by_side_prompt_temperature_and_sample(made: Path) -> None:
    names = {path.stem for path in (made / "pieces").glob("*.mid")}
    assert names == {
        f"{side}_p{prompt}_t{temperature}_s00{sample}"
        for side in ("first", "other")
        for prompt in range(2)
        for temperature in range(2)
        for sample in range(2)
    }
    for path in (made / "pieces").glob("first_p0_*.txt"):
        assert path.read_text().startswith(WORDS + " ")
        assert len(decode(path.read_text()).signatures) == 8
    pieces = json.loads((made / "manifest.json").read_text())["pieces"]
    assert len(pieces) == 16 and all(not one["error"] for one in pieces)
    seeds = {one["cell"]: set() for one in pieces}  # type: ignore[var-annotated]
    for one in pieces:
        seeds[one["cell"]].add(one["seed"])
    assert [len(found) for found in seeds.values()] == [1] * 8
    assert len(set.union(*seeds.values())) == 8


@pytest.mark.usefixtures("here")
def test_what_is_there_is_not_made_again_and_what_is_missing_is(
    made: Path, plan_path: Path
) -> None:
    plan = load_matched_plan(plan_path)
    lost = made / "pieces" / "first_p1_t0_s001.json"
    wanted, text = lost.with_suffix(".mid").read_bytes(), json.loads(lost.read_text())
    kept = {path: path.stat().st_mtime_ns for path in (made / "pieces").iterdir()}
    lost.unlink()
    steps = list(make_set(plan, made, plan_path.parent))
    assert [(step.done, step.wanted, step.errors) for step in steps] == [(15, 16, 0), (16, 16, 0)]
    assert lost.with_suffix(".mid").read_bytes() == wanted
    assert json.loads(lost.read_text())["seed"] == text["seed"]
    changed = {path.stem for path in kept if path.stat().st_mtime_ns != kept[path]}
    assert changed == {lost.stem}
    with pytest.raises(RequestError, match="was made for another plan"):
        next(make_set(replace(plan, seed=9), made, plan_path.parent))


def test_measures_come_with_intervals_as_tables(made: Path) -> None:
    from pyarrow import parquet

    with (made / "measures.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == parquet.read_table(made / "measures.parquet").num_rows == 16
    assert {one.name for one in MEASURES} < set(rows[0])
    ours = [row for row in rows if row["side"] == "first"]
    theirs = [row for row in rows if row["side"] == "other"]
    assert all(float(row["peak_memory_mb"]) > 20 for row in ours)
    assert {row["grammar_errors"] for row in ours} == {"0.0"}
    assert all(float(row["grammar_errors"]) == pytest.approx(1000 / 15) for row in theirs)
    assert all(row["tokens_per_second"] == "" for row in theirs)
    means = parquet.read_table(made / "means.parquet").to_pylist()
    (density,) = [
        row
        for row in means
        if (row["side"], row["prompt"], row["temperature"], row["measure"])
        == ("other", "all", "all", "notes_per_bar")
    ]
    assert (density["value"], density["low"], density["high"], density["n"]) == (2, 2, 2, 8)
    page = (made / "index.html").read_text()
    assert page.count("<svg") == len(MEASURES) and "other less first" in page


def test_a_difference_is_taken_between_matched_pieces(made: Path, plan_path: Path) -> None:
    found: Results = measure_set(load_matched_plan(plan_path), made)
    (row,) = [
        row
        for row in found.differences
        if (row["prompt"], row["temperature"], row["measure"]) == ("all", 1.0, "pitch_range")
    ]
    by_side: dict[str, dict[Any, float]] = {"first": {}, "other": {}}
    for one in found.pieces:
        if one["temperature"] == 1.0:
            by_side[one["side"]][one["prompt"], one["sample"]] = one["pitch_range"]
    wanted = [by_side["other"][place] - value for place, value in by_side["first"].items()]
    assert row["interval"].value == pytest.approx(sum(wanted) / 4)
    assert row["interval"].low <= row["interval"].value <= row["interval"].high


def test_matched_pieces_meet_in_a_blind_test_of_the_usual_kind(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = load_plan(made / "blind.toml")
    assert [one.name for one in plan.prompts] == [f"p{p}_t{t}_s000" for p in (0, 1) for t in (0, 1)]
    sources = default_sources(made)
    for prompt in plan.prompts:
        for condition in plan.conditions:
            found = sources.find(plan, condition, prompt)
            assert isinstance(found, Piece)
            assert found.title == prompt.name
            source = made / "pieces" / f"{condition.name}_{prompt.name}.mid"
            copy = made / condition.folder / f"{prompt.name}.mid"
            assert copy.read_bytes() == source.read_bytes()
    assert main(["study", "plan", str(made / "blind.toml")]) == 0
    assert "pairwise" in capsys.readouterr().out


@pytest.mark.usefixtures("here")
def test_a_piece_that_cannot_be_made_is_an_error_of_its_own(
    tiny_folder: Path, tmp_path: Path
) -> None:
    plan = MatchedPlan.from_dict(
        {
            "samples": 1,
            "bars": 2,
            "temperatures": [1],
            "prompts": [WORDS, "s-9 o-0 t-60"],
            "sides": [
                {"name": "good", "checkpoint": str(tiny_folder)},
                {"name": "bad", "checkpoint": "nowhere"},
            ],
        }
    )
    *_, last = make_set(plan, tmp_path, tmp_path)
    assert (last.done, last.wanted, last.errors) == (4, 4, 3)
    errors = dict(measure_set(plan, tmp_path).errors)
    assert "60 bpm is t-23" in errors["good_p1_t0_s000"]
    assert "no checkpoint folder" in errors["bad_p0_t0_s000"]


def test_files_from_elsewhere_are_found_by_name_and_then_in_order(tmp_path: Path) -> None:
    cells = [Cell(0, 0, 0), Cell(0, 1, 0), Cell(1, 0, 0)]
    for name in ("theirs_p0_t1_s000.mid", "b.mid", "a.midi", "a.txt"):
        (tmp_path / name).touch()
    found = find_files(tmp_path, cells, "theirs")
    assert [found[cell].name for cell in cells] == ["a.midi", "theirs_p0_t1_s000.mid", "b.mid"]
    with pytest.raises(RequestError, match="has 3 files for 4 pieces"):
        find_files(tmp_path, [*cells, Cell(2, 0, 0)], "theirs")
    with pytest.raises(RequestError, match="there is no folder"):
        find_files(tmp_path / "none", cells, "theirs")


def test_measures_of_a_known_piece(chorale: Piece, empty_piece: Piece) -> None:
    found = measure_piece(chorale, {"tokens_per_second": 5})
    assert found["notes_per_bar"] == pytest.approx(chorale.n_notes / 8)
    assert found["notes_per_second"] == pytest.approx(chorale.n_notes / chorale.length_s)
    pitches = [note.pitch for part in chorale.parts for note in part.notes]
    assert found["pitch_range"] == max(pitches) - min(pitches)
    assert found["scale_consistency"] == 1.0  # G major throughout
    assert 0 < found["likeness_to_opening"] < 1 and 0 < found["likeness_next"] < 1
    assert found["tokens_per_second"] == 5 and math.isnan(found["peak_memory_mb"])
    chromatic = replace(
        chorale.parts[0],
        notes=tuple(Note(Fraction(n), 60 + n % 12, Fraction(1)) for n in range(32)),
    )
    wild = measure_piece(replace(chorale, parts=(chromatic,)), {})
    assert wild["scale_consistency"] < 0.65 and wild["rhythm_entropy"] == 0.0
    assert math.isnan(measure_piece(empty_piece, {})["pitch_range"])


def test_every_measure_says_what_it_is_and_where_it_is_from() -> None:
    assert len({one.name for one in MEASURES}) == len(MEASURES)
    for one in MEASURES:
        assert one.definition.endswith(".") and len(one.source) > 10 and ", " in one.label


def test_a_foreign_midi_file_can_be_a_piece(chorale: Piece, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    write_midi(chorale, tmp_path / "x" / "theirs.mid")
    plan = MatchedPlan.from_dict(
        {
            "samples": 1,
            "temperatures": [1],
            "prompts": [WORDS],
            "sides": [{"name": "a", "folder": "x"}, {"name": "b", "folder": "x"}],
        }
    )
    assert [step.errors for step in make_set(plan, tmp_path / "out", tmp_path)] == [0, 0, 0]
    words = MIDIConverter().midi_to_tokens(tmp_path / "out" / "pieces" / "a_p0_t0_s000.mid")
    assert len(decode(words).notes) == chorale.n_notes


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sides": [{"name": "a"}]}, "needs two"),
        ({"sides": [{"name": "a"}, {"name": "a"}]}, "two of the sides are called 'a'"),
        ({"sides": [{"name": "a_b"}, {"name": "c"}]}, "letters, digits and hyphens"),
        ({"sides": [{"name": "a", "engine": "x", "folder": "y"}, {"name": "c"}]}, "may have one"),
        ({"prompts": []}, r"a \[\[prompts\]\]"),
        ({"prompts": [{"name": "x"}]}, "needs `words`"),
        ({"prompts": [{"name": "x", "words": "s-9", "bars": 3}]}, "and not both"),
        ({"prompts": [{"name": "x", "bars": 9000}]}, "`bars` must be from 1 to 512"),
        ({"temperatures": [0]}, "`temperature` must be from 0.1 to 2"),
        ({"temperatures": [1, 1.0]}, "must be different numbers"),
        ({"temperatures": "1"}, "must be a list"),
        ({"samples": 0}, "`samples` of the plan must be from 1"),
        ({"sampels": 3}, "perhaps 'samples' is meant"),
        ({"samples": 9999, "temperatures": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]}, "are the most"),
    ],
)
def test_a_plan_that_cannot_be_made_is_refused_in_a_sentence(
    changes: dict[str, Any], words: str
) -> None:
    values = {"sides": [{"name": "a"}, {"name": "b"}], "prompts": [WORDS]}
    with pytest.raises(OptionError, match=words):
        MatchedPlan.from_dict(values | changes)


def test_the_example_is_a_plan_and_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    plan = load_matched_plan(EXAMPLE)
    assert len(list(plan.cells())) == 90 and MatchedPlan.from_dict(plan.to_dict()) == plan
    assert main(["study", "matched", "--example"]) == 0
    assert capsys.readouterr().out == EXAMPLE.read_text()
    assert main(["study", "matched"]) == 2
