"""Checkpoints: they come back as they were, and damaged ones are refused in one clear line."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from composer.engines.events.engine import EventEngine
from composer.errors import CheckpointError
from composer.models import PRESETS, load_checkpoint, save_evaluation, save_sampling
from composer.models.saving import save_checkpoint
from composer.models.transformer import EventTransformer
from composer.models.weights import shapes
from composer.tokenizer import Vocabulary, vocab
from tests.strategies import MENU, VOCABULARY

SHARD = "weights-1-of-1.safetensors"


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    """Return a checkpoint that a test may damage."""
    return Path(shutil.copytree(tiny_folder, tmp_path / "copy"))


def change_json(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def refusal_of(folder: Path) -> str:
    """Return the line with which a checkpoint is refused."""
    with pytest.raises(CheckpointError) as caught:
        EventEngine.load(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_checkpoint_comes_back_to_the_precision_of_its_weights(
    tiny_folder: Path, tiny_model: EventTransformer
) -> None:
    found = load_checkpoint(tiny_folder)
    assert found.model.config == tiny_model.config
    for name, weight in tiny_model.state_dict().items():
        assert torch.equal(found.model.state_dict()[name], weight.bfloat16().float())
    assert not found.model.training
    assert (Vocabulary.from_dict(found.vocabulary), found.menu) == (VOCABULARY, MENU)
    assert (found.notes, found.evaluation) == ({"max_rows": 96}, {})


def test_a_checkpoint_in_full_precision_comes_back_bit_for_bit(
    tmp_path: Path, tiny_model: EventTransformer
) -> None:
    save_checkpoint(tmp_path, tiny_model, {}, {}, dtype=torch.float32)
    found = load_checkpoint(tmp_path).model.state_dict()
    assert all(torch.equal(found[name], w) for name, w in tiny_model.state_dict().items())


@pytest.mark.slow
def test_shards_stay_below_nine_megabytes_and_old_ones_go(tmp_path: Path) -> None:
    with torch.device("meta"):
        empty = EventTransformer(PRESETS["small"], vocab.TABLE_SIZES, vocab.WRITTEN_SIZES)
    model = empty.to_empty(device="cpu")
    old = tmp_path / "weights-9-of-9.safetensors"
    old.write_bytes(b"old")
    save_checkpoint(tmp_path, model, {}, {})
    sizes = [path.stat().st_size for path in tmp_path.glob("weights-*.safetensors")]
    assert not old.exists()
    assert len(sizes) > 1
    assert max(sizes) < 9_000_000


def test_equal_weights_have_an_equal_fingerprint_and_others_another(
    tmp_path: Path, tiny_model: EventTransformer, tiny_folder: Path
) -> None:
    save_checkpoint(tmp_path, tiny_model, {}, {})
    assert load_checkpoint(tmp_path).fingerprint == load_checkpoint(tiny_folder).fingerprint
    save_checkpoint(tmp_path, tiny_model, {}, {}, dtype=torch.float32)
    assert load_checkpoint(tmp_path).fingerprint != load_checkpoint(tiny_folder).fingerprint


def test_an_evaluation_is_kept_beside_the_weights(folder: Path) -> None:
    row = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 9]
    save_evaluation(folder, {"bands": {"chorale": row}})
    assert load_checkpoint(folder).evaluation == {"bands": {"chorale": row}}
    band = EventEngine.load(folder).standards.bands["chorale"]["nats_per_note"]
    assert list(band) == row


def test_what_sweeps_found_is_kept_beside_the_weights(folder: Path) -> None:
    assert load_checkpoint(folder).sampling == {}
    save_sampling(folder, {"chorale": {"temperature": 0.9}})
    assert load_checkpoint(folder).sampling == {"chorale": {"temperature": 0.9}}


@pytest.mark.parametrize("text", ["{", "[]", "null", "\0", '{"chorale": [1]}', '{"chorale": {}}'])
def test_broken_results_of_sweeps_are_none(folder: Path, text: str) -> None:
    (folder / "sampling.json").write_text(text)
    assert EventEngine.load(folder).suggestions == {}


def test_a_truncated_shard_is_refused(folder: Path) -> None:
    data = (folder / SHARD).read_bytes()
    (folder / SHARD).write_bytes(data[: len(data) // 2])
    assert refusal_of(folder).startswith(f"{SHARD} is damaged")


def test_a_shard_with_one_bit_flipped_is_refused(folder: Path) -> None:
    data = bytearray((folder / SHARD).read_bytes())
    data[-1000] ^= 1
    (folder / SHARD).write_bytes(data)
    assert refusal_of(folder).startswith(f"{SHARD} is damaged")


def test_a_missing_shard_is_named(folder: Path) -> None:
    (folder / SHARD).unlink()
    assert refusal_of(folder) == f"the checkpoint lacks {SHARD}; fetch the folder again"


@pytest.mark.parametrize("name", ["config.json", "vocabulary.json", "menu.json"])
@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"\xff\xfe"])
def test_a_table_that_cannot_be_read_is_named(
    folder: Path, name: str, content: bytes | None
) -> None:
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    assert name in refusal_of(folder)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "config.json" in refusal_of(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "changes",
    [
        {"model": PRESETS["small"].to_dict()},
        {"model": PRESETS["tiny"].to_dict() | {"kv_heads": 0}},
        {"model": PRESETS["tiny"].to_dict() | {"width": -1}},
        {"model": PRESETS["tiny"].to_dict() | {"layers": "two"}},
        {"model": {}},
        {"model": None},
        {"shards": []},
        {"shards": {}},
        {"table_sizes": [1]},
        {"notes": 7},
        {"notes": {"max_rows": "many"}},
    ],
)
def test_a_config_that_does_not_fit_its_weights_is_refused(
    folder: Path, changes: dict[str, Any]
) -> None:
    change_json(folder / "config.json", **changes)
    refusal_of(folder)


def test_a_device_that_is_not_here_is_named(tiny_folder: Path) -> None:
    with pytest.raises(
        CheckpointError, match=r"'abacus' cannot be used here; leave COMPOSER_DEVICE"
    ):
        EventEngine.load(tiny_folder, "abacus")


@pytest.mark.parametrize("preset", PRESETS)
def test_the_table_of_shapes_is_that_of_the_model(preset: str) -> None:
    sizes = (9, 8, 7, 6), (8, 7, 6, 5)
    model = EventTransformer(PRESETS[preset], *sizes)
    wanted = {name: tuple(weight.shape) for name, weight in model.state_dict().items()}
    assert dict(shapes(PRESETS[preset], *sizes)) == wanted


def test_composing_on_a_cpu_does_not_load_torch(tiny_folder: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from composer import Request, compose
from composer.engines.events.engine import EventEngine
engine = EventEngine.load(Path({str(tiny_folder)!r}))
compose(Request(bars=2, parts=1, candidates=4), engine=engine)
assert "torch" not in sys.modules, "torch is loaded"
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_shard_outside_the_folder_is_not_read(folder: Path) -> None:
    outside = folder.parent / "outside.safetensors"
    outside.write_bytes((folder / SHARD).read_bytes())
    digest = json.loads((folder / "config.json").read_text())["shards"][SHARD]
    change_json(folder / "config.json", shards={"../outside.safetensors": digest})
    assert "lacks outside.safetensors" in refusal_of(folder)


def test_the_vocabulary_of_other_tables_is_refused_with_both_fingerprints(folder: Path) -> None:
    change_json(folder / "vocabulary.json", composers=["other", "Haydn"])
    assert VOCABULARY.fingerprint in refusal_of(folder)


@pytest.mark.parametrize("rows", [7, [7], [{}], [MENU[0] | {"keys": 3}], [MENU[0] | {"keys": []}]])
def test_a_menu_that_is_none_is_refused(folder: Path, rows: Any) -> None:
    (folder / "menu.json").write_text(json.dumps({"rows": rows}))
    assert "menu" in refusal_of(folder)


def test_tables_of_another_version_are_refused(tmp_path: Path) -> None:
    model = EventTransformer(PRESETS["tiny"], (9, 9, 9, 9), (8, 8, 8, 8))
    save_checkpoint(tmp_path, model, VOCABULARY.to_dict(), {})
    assert "use matching versions" in refusal_of(tmp_path)
