"""Ranges in pyproject.toml, pins in requirements.txt, and what to install for what."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from composer import extras
from composer.cli import main
from composer.errors import MissingTool

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# Of no extra: each is asked for where it is used, and done without.
GUARDED = {"spaces", "psycopg", "lightning"}


def ranges_of(texts: list[str]) -> dict[str, Requirement]:
    """Return requirements by name, the project's own extras followed."""
    found: dict[str, Requirement] = {}
    for one in map(Requirement, texts):
        if one.name == PROJECT["name"]:
            for extra in one.extras:
                found |= ranges_of(PROJECT["optional-dependencies"][extra])
        else:
            found[canonicalize_name(one.name)] = one
    return found


CORE = ranges_of(PROJECT["dependencies"])
EXTRAS = {name: ranges_of(texts) for name, texts in PROJECT["optional-dependencies"].items()}
ALL = CORE | EXTRAS["all"]
DISTRIBUTIONS = packages_distributions()
PINS = {
    canonicalize_name(name): version
    for name, version in re.findall(
        r"^([\w-]+)==(\S+) ", (ROOT / "requirements.txt").read_text(), re.MULTILINE
    )
}


def test_core_and_extras_together_are_what_is_pinned() -> None:
    assert set(ALL) == set(PINS)


@pytest.mark.parametrize("name", PINS)
def test_a_pin_lies_in_every_range_of_its_package(name: str) -> None:
    ranges = [found[name] for found in (CORE, *EXTRAS.values()) if name in found]
    assert ranges and all(PINS[name] in one.specifier for one in ranges)


def test_every_extra_is_one_of_all() -> None:
    assert {name for found in EXTRAS.values() for name in found} <= set(EXTRAS["all"])


def imported() -> set[str]:
    """Return the libraries that composer imports anywhere, those of Python left out."""
    found = set()
    for path in (ROOT / "composer").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"composer"} - GUARDED


@pytest.mark.parametrize("library", sorted(imported()))
def test_a_library_is_in_the_core_or_its_extra_is_named(library: str) -> None:
    bringing = {canonicalize_name(name) for name in DISTRIBUTIONS[library]}
    wanted = EXTRAS[extras.EXTRAS[library]] if library in extras.EXTRAS else CORE
    assert bringing & set(wanted)


def test_a_missing_extra_is_named_in_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gradio", None)
    for name in [name for name in sys.modules if name.startswith("composer.ui")]:
        monkeypatch.delitem(sys.modules, name)
    assert main(["app"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: this needs gradio, of the extra `page`;")
    assert "pip install '.[page]'" in said and said.count("\n") == 1


def test_a_missing_module_of_no_extra_is_a_fault_of_ours() -> None:
    with pytest.raises(ModuleNotFoundError), extras.named():
        __import__("composer.nowhere")
    with pytest.raises(MissingTool, match="scipy"), extras.named():
        raise ModuleNotFoundError("No module named 'scipy.stats'", name="scipy.stats")
