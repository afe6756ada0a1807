"""`__all__` is exact: all that it names is there, and all that is public is named."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType

import pytest

import composer

PACKAGES = ["composer"] + [
    f"composer.{found.name}" for found in pkgutil.iter_modules(composer.__path__) if found.ispkg
]


def names_in_view(module: ModuleType) -> set[str]:
    """Return the public names of this project that a module shows."""
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and not isinstance(value, ModuleType)
        and str(getattr(value, "__module__", "")).startswith("composer")
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_has_every_name_that_it_promises_once(package: str) -> None:
    module = importlib.import_module(package)
    assert len(module.__all__) == len(set(module.__all__))
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_promises_every_name_that_it_shows(package: str) -> None:
    module = importlib.import_module(package)
    assert names_in_view(module) - set(module.__all__) == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_what_a_package_promises_is_described(package: str) -> None:
    module = importlib.import_module(package)
    callables = {name for name in module.__all__ if callable(getattr(module, name))}
    assert [name for name in callables if not getattr(module, name).__doc__] == []


def test_the_public_face_fits_on_a_screen() -> None:
    assert len(Path(composer.__file__).read_text().splitlines()) <= 70
