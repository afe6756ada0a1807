"""Which extra of pyproject.toml brings a library: what to say where a library is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from composer.errors import MissingTool

# Of libraries that several extras bring, the one that wants them first.
LIBRARIES = {
    "sound": ("fluidsynth", "pretty_midi", "pyloudnorm", "soundfile"),
    "audio": ("transformers",),
    "transcribe": ("swift_f0",),
    "sheet": ("music21", "typst", "verovio"),
    "page": ("gradio", "fastapi", "plotly", "PIL", "segno"),
    "batch": ("pyarrow",),
    "cluster": ("ray",),
    "watch": ("prometheus_client",),
    "ports": ("rtmidi",),
    "train": ("lightning_fabric", "torch", "tqdm"),
    "evaluate": ("matplotlib", "scipy", "sklearn"),
    "study": (
        *("choix", "krippendorff", "pandas", "sqlalchemy"),
        *("starlette", "statsmodels", "uvicorn"),
    ),
}
EXTRAS = {library: extra for extra, libraries in LIBRARIES.items() for library in libraries}


@contextmanager
def named() -> Iterator[None]:
    """Name the extra that is not installed, where an import fails within.

    Raises:
        MissingTool: Instead of `ModuleNotFoundError`, if an extra brings the module.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        library = (error.name or "").split(".")[0]
        if library not in EXTRAS:
            raise
        raise MissingTool(words_of(library)) from error


def words_of(library: str) -> str:
    """Say which extra brings a library, and how to install it."""
    extra = EXTRAS[library]
    return (
        f"this needs {library}, of the extra `{extra}`; where pyproject.toml lies, "
        f"`pip install '.[{extra}]'` installs it"
    )
