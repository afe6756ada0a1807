"""Where the pieces of a study come from: composed now, a folder, or music21's corpus of works.

Knows files and the pipeline; no clip, no listener.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from composer.corpus import read_score
from composer.engines import Engine, open_engine
from composer.errors import MissingTool, RequestError
from composer.listening.plan import Condition, Prompt, StudyPlan
from composer.piece import Piece
from composer.pipeline import compose, default_engine
from composer.pipeline.extending import extend
from composer.request import Request

SOUNDS = frozenset({".wav", ".flac", ".mp3", ".ogg"})
SCORES = frozenset({".mid", ".midi", ".musicxml", ".xml", ".mxl"})
_CHUNK_OPTIONS = (
    "candidates", "seed", "temperature", "top_k", "top_p", "min_p", "guidance", "part_writing",
)  # fmt: skip
Compose = Callable[[Request, Condition], Piece]


@dataclass(frozen=True)
class Sources:
    """How to come by the pieces of a plan.

    Args:
        base: The folder of the plan; its relative paths begin there.
        compose: A request under a condition -> the best piece.
    """

    base: Path
    compose: Compose

    def find(self, plan: StudyPlan, condition: Condition, prompt: Prompt) -> Piece | Path:
        """Return the piece of a condition for a prompt, or the path of a recording.

        Raises:
            RequestError: If there is none, or it cannot be read.
        """
        request = plan.request_for(condition, prompt)
        if request is not None:
            return self.compose(request, condition)
        index = plan.prompts.index(prompt)
        if condition.works:
            return read_score(_work(condition, index))
        path = self._file(plan, condition, prompt)
        return path if path.suffix.lower() in SOUNDS else read_score(path)

    def _file(self, plan: StudyPlan, condition: Condition, prompt: Prompt) -> Path:
        """Return the file that is named like the prompt, or else the next in order."""
        folder = self.base / condition.folder
        if not folder.is_dir():
            raise RequestError(f"condition {condition.name!r}: there is no folder of that name")
        known = SOUNDS | SCORES
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() in known)
        names = {one.name for one in plan.prompts}
        named = {path.stem: path for path in files if path.stem in names}
        if prompt.name in named:
            return named[prompt.name]
        others = [path for path in files if path.stem not in names]
        waiting = [one.name for one in plan.prompts if one.name not in named]
        if len(others) < len(waiting):
            raise RequestError(
                f"condition {condition.name!r} has {len(files)} files for {len(plan.prompts)} "
                "prompts; add some, or name them like the prompts"
            )
        return others[waiting.index(prompt.name)]


def default_sources(base: Path) -> Sources:
    """Return the sources with the real pipeline."""
    return Sources(base, compose=lambda request, condition: _compose(request, condition, base))


def _compose(request: Request, condition: Condition, base: Path) -> Piece:
    engine = _engine(str(base / condition.checkpoint) if condition.checkpoint else "")
    if not 0 < condition.window_bars < request.bars:
        return compose(request, engine=engine).piece
    return _chained(request, condition.window_bars, engine)


def _chained(request: Request, window_bars: int, engine: Engine) -> Piece:
    """Compose the first bars, then extend them chunk by chunk, each as long."""
    start = compose(replace(request, bars=window_bars), engine=engine).piece
    options = {name: getattr(request, name) for name in _CHUNK_OPTIONS}
    added = request.bars - window_bars
    return extend(start, added, engine=engine, chunk_bars=window_bars, **options).piece


@lru_cache(maxsize=4)
def _engine(folder: str) -> Engine:
    return open_engine(Path(folder)) if folder else default_engine()


def _work(condition: Condition, index: int) -> Path:
    """Return the file of a work in music21's corpus.

    Raises:
        RequestError: If there are fewer works than prompts, or no such work.
        MissingTool: If the corpus is absent.
    """
    if index >= len(condition.works):
        raise RequestError(
            f"condition {condition.name!r} has {len(condition.works)} works, fewer than prompts"
        )
    spec = find_spec("music21")
    if spec is None or not spec.submodule_search_locations:
        raise MissingTool("works come from music21's corpus: `pip install music21`")
    corpus = Path(spec.submodule_search_locations[0]) / "corpus"
    work = condition.works[index]
    for suffix in (".mxl", ".xml", ".musicxml", ".mid"):
        path = (corpus / f"{work}{suffix}").resolve()
        if path.is_relative_to(corpus.resolve()) and path.is_file():
            return path
    raise RequestError(
        f"music21's corpus has no MusicXML or MIDI file {work[:60]!r}; such names are bach/bwv66.6"
    )
