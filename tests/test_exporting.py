"""What `export` writes composes without this package, and by the same rules."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from composer.cli import main
from composer.corpus import read_score
from composer.exporting import EXAMPLES, export_onnx
from composer.places import BUNDLED
from composer.request import Request
from composer.theory import Key, Meter
from composer.tokenizer import Vocabulary, conditions_of_request, encode_conditions, vocab


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    assert main(["export", "--format", "onnx", "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def rules(exported: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((exported / "rules.json").read_text())
    return found


def test_the_example_composes_eight_bars_without_this_package(
    exported: Path, tmp_path: Path
) -> None:
    hide = "import sys; sys.modules['composer'] = None; sys.argv = ['compose.py', '3']; "
    run = f"{hide} exec(compile(open('compose.py').read(), '{exported}/compose.py', 'exec'))"
    code = [sys.executable, "-c", f"__file__ = r'{exported}/compose.py'; {run}"]
    found = subprocess.run(code, cwd=exported, capture_output=True, timeout=300)
    assert found.returncode == 0, found.stderr.decode()
    path = tmp_path / "eight.mid"
    path.write_bytes(found.stdout)
    piece = read_score(path)
    assert piece.n_bars == 8 and len(piece.parts) == 4 and piece.n_notes > 60
    assert piece.parts[0].notes[-1].end_beats <= 32


@pytest.mark.parametrize(("name", "most"), [("compose.py", 75), ("index.html", 100)])
def test_an_example_can_be_read_at_one_sitting(name: str, most: int) -> None:
    lines = (EXAMPLES / name).read_text().splitlines()
    assert sum(bool(line.strip()) for line in lines) <= most


def test_the_tables_say_what_the_tokenizer_does(exported: Path, rules: dict[str, Any]) -> None:
    request = Request(
        composer="Bach", form="chorale", key=Key("G", "minor"), meter=Meter(3, 4), bars=12,
        parts=4, ensemble="choir",
    )  # fmt: skip
    names = Vocabulary.from_dict(json.loads((exported / "vocabulary.json").read_text()))
    wanted = {
        "composer": "Bach", "form": "chorale", "ensemble": "choir", "mode": "minor",
        "meter": "3/4", "parts": 4, "shift": -5, "length": 12,
    }  # fmt: skip
    rows = []
    for one in rules["conditions"]:
        row = list(one["row"])
        row[one["field"]] = one["values"][str(wanted[one["name"]])]
        row[1] = one.get("parts", {}).get(wanted[one["name"]], row[1])
        rows.append(row)
    assert np.array_equal(rows, encode_conditions(conditions_of_request(request), names))
    assert rules["bars_left"][40] == vocab.bars_left_id(40)
    assert rules["meters"]["6/8"] == [vocab.METER_ID[6, 8], 72]


def test_what_is_no_transformer_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "--checkpoint", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "config.json" in capsys.readouterr().err


def test_fp32_gives_larger_graphs(exported: Path, tmp_path: Path) -> None:
    export_onnx(BUNDLED, tmp_path, bits=32)
    sizes = [(folder / "trunk.onnx").stat().st_size for folder in (tmp_path, exported)]
    assert sizes[0] > 1.5 * sizes[1]
