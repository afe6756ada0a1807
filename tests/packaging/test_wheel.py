"""The wheel, built and installed into a venv of its own, where no checkout is in reach."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from composer.version import VERSION
from tests.serving import ROOT, answering

pytestmark = pytest.mark.slow


def pip(*arguments: str | Path, cwd: Path) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    subprocess.run(command, cwd=cwd, check=True, timeout=120)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # With the hatchling that is installed here: nothing is fetched.
    pip("wheel", ROOT, "--no-deps", "--no-build-isolation", "--wheel-dir", folder, cwd=folder)
    (found,) = folder.iterdir()
    return found


@pytest.fixture(scope="module")
def home(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a venv in it: the wheel, and by reference the libraries of ours."""
    home = tmp_path_factory.mktemp("home")
    venv.create(home / "venv", symlinks=True)
    python = home / "venv" / "bin" / "python"
    pip("--python", python, "install", "--no-deps", "--no-compile", wheel, cwd=home)
    libraries = [path for path in sys.path if path.endswith("site-packages")]
    (installed(home).parent / "libraries.pth").write_text("\n".join(libraries))
    return home


def installed(home: Path) -> Path:
    (found,) = home.glob("venv/lib/python*/site-packages/composer")
    return found


def settings(home: Path) -> dict[str, str]:
    """Return an environment in which only the wheel is found, and site-packages stay unchanged."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return kept | {"PYTHONDONTWRITEBYTECODE": "1", "XDG_CACHE_HOME": str(home / "cache")}


def files_below(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def tracked(*folders: str) -> set[str]:
    run = subprocess.run(
        ["git", "ls-files", "-z", *folders], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return {name for name in run.stdout.split("\0") if (ROOT / name).is_file()}


def test_the_wheel_holds_all_of_the_package_and_what_lies_beside_it(wheel: Path) -> None:
    held = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("composer/")}
    beside = tracked("assets", "configs", "soundfonts", "ATTRIBUTION.md")
    assert tracked("composer") | {f"composer/{name}" for name in beside} <= held
    assert wheel.name == f"composer-{VERSION}-py3-none-any.whl"


def test_it_composes_and_leaves_its_folder_as_it_was(home: Path) -> None:
    before = files_below(installed(home))
    asked = ("--form", "chorale", "--bars", "2", "--candidates", "1", "--seed", "7")
    command = [
        home / "venv" / "bin" / "composer",
        "compose",
        *asked,
        "--no-audio",
        "--out",
        "out",
    ]
    run = subprocess.run(command, cwd=home, env=settings(home), capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert (home / "out" / "piece.mid").read_bytes().startswith(b"MThd")
    assert files_below(installed(home)) == before


@pytest.fixture(scope="module")
def page(home: Path) -> Iterator[str]:
    command = home / "venv" / "bin" / "composer"
    with answering([command, "app"], cwd=home, environment=settings(home)) as address:
        yield address


@pytest.mark.parametrize(
    "path",
    ["/", "/composer-assets/ui/score-view.js", "/composer-assets/soundfont", "/gradio_api/info"],
)
def test_its_page_answers(page: str, path: str) -> None:
    with urllib.request.urlopen(page + path, timeout=30) as answer:
        assert answer.status == 200 and len(answer.read(1_000)) == 1_000


def test_what_was_found_lies_within_the_installed_package(home: Path) -> None:
    code = "from composer.bundled import *; print(ASSETS, SOUNDFONTS, CONFIGS, ATTRIBUTION)"
    command = [home / "venv" / "bin" / "python", "-c", code]
    run = subprocess.run(command, cwd=home, env=settings(home), capture_output=True, text=True)
    assert {Path(name).parent for name in run.stdout.split()} == {installed(home)}
