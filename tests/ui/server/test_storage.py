from __future__ import annotations

import os
import time
from pathlib import Path

from composer.ui.server.storage import Bounds, keep_tidy, sweep

NOW_S = 1_000_000.0


def put(folder: Path, name: str, *, age_s: float, n_bytes: int = 100) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(n_bytes))
    for place in (path, path.parent):
        os.utime(place, (NOW_S - age_s, NOW_S - age_s))
    return path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*")}


def test_what_is_old_goes_with_its_folder(tmp_path: Path) -> None:
    put(tmp_path, "a/old.mid", age_s=101)
    put(tmp_path, "b/new.mid", age_s=99)
    assert sweep(tmp_path, Bounds(10_000, life_s=100, young_s=10), NOW_S) == 100
    assert sweep(tmp_path, Bounds(10_000, life_s=100, young_s=10), time.time() + 60) == 0
    assert names(tmp_path) == set()


def test_beyond_the_bound_the_oldest_go_first(tmp_path: Path) -> None:
    for age_s in (50, 20, 40, 30):
        put(tmp_path, f"{age_s}/{age_s}.wav", age_s=age_s)
    assert sweep(tmp_path, Bounds(250, life_s=100, young_s=10), NOW_S) == 200
    assert {name for name in names(tmp_path) if "." in name} == {"20.wav", "30.wav"}


def test_what_is_young_stays_whatever_the_bound(tmp_path: Path) -> None:
    put(tmp_path, "a/1.wav", age_s=9)
    put(tmp_path, "b/2.wav", age_s=11)
    assert sweep(tmp_path, Bounds(1, life_s=100, young_s=10), NOW_S) == 100
    assert (tmp_path / "a" / "1.wav").exists()


def test_an_empty_folder_stays_while_it_is_young(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    bounds = Bounds(1, life_s=100, young_s=10)
    now_s = (tmp_path / "run").stat().st_mtime
    sweep(tmp_path, bounds, now_s + 9)
    assert names(tmp_path) == {"run"}
    sweep(tmp_path, bounds, now_s + 11)
    assert names(tmp_path) == set()
    assert sweep(tmp_path / "gone", bounds, now_s) == 0


def test_a_link_is_deleted_and_what_it_leads_to_is_not(tmp_path: Path) -> None:
    kept = put(tmp_path / "elsewhere", "kept.txt", age_s=0)
    swept = tmp_path / "swept"
    swept.mkdir()
    (swept / "link").symlink_to(kept)
    (swept / "way").symlink_to(kept.parent)
    sweep(swept, Bounds(1, life_s=100, young_s=10), time.time() + 1000)
    assert kept.exists()
    assert not (swept / "link").exists()


def test_sweeping_goes_on_in_the_background(tmp_path: Path) -> None:
    old = put(tmp_path, "a/old.mid", age_s=0)  # of 1970
    ended = keep_tidy(tmp_path, Bounds(1000), every_s=0.01)
    deadline_s = time.monotonic() + 10
    while old.exists() and time.monotonic() < deadline_s:
        time.sleep(0.01)
    ended.set()
    assert not old.exists()
