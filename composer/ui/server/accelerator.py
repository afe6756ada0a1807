"""A GPU borrowed for one run, on a Hugging Face Space with ZeroGPU; elsewhere nothing changes.

Knows how a run reaches the process that holds the GPU and comes back, not how music is composed.

`spaces` runs what it decorates in a process forked from this one. Arguments and yielded values are
pickled, values arrive as they are yielded, and a function of this process would be asked there in
vain. Hence:

- Requests and music go in; progress and at last the composition come out.
- Stop crosses as a file. This process makes it, the other looks for it at every step, ranks what
  is finished and ends: Stop means the same as without a GPU.
- A visitor who leaves closes the generator; `spaces` ends the run after its next step.
- `spaces` shows an error as the bare name of its class, so errors for a person cross as values.

`spaces` takes the place of CUDA, so it has to come before whatever touches it: `composer.ui`
imports this module first, and this module imports `spaces` before torch and gradio.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, Protocol, TypeVar

try:
    import spaces
except ImportError:  # everywhere but on a Space
    spaces = None

import gradio as gr

from composer.errors import ComposerError, RequestError
from composer.request import default_of

Result = TypeVar("Result")

# What a run may take. One CPU core takes 0.035 s a bar of a candidate (benchmarks/speed); asking
# for too much sends visitors away whose share of the day is nearly used, and makes others wait.
BEGIN_S = 10.0
BAR_S = 0.06
MAX_DURATION_S = 120

# What `spaces` calls its errors -> what to tell the visitor.
_SENTENCES = {
    "ZeroGPU quota exceeded": "your share of GPU time is used up; try again{later}",
    "ZeroGPU illegal duration": (
        "this needs more GPU time than one run may have; ask for fewer bars or fewer candidates"
    ),
    "ZeroGPU worker error": (
        "the GPU was taken back before the run was over; ask for fewer bars or fewer candidates"
    ),
}
_NO_GPU = "no GPU is free at the moment; try again in a minute"
_ABORTED = "GPU task aborted"
_WAIT = re.compile(r"in (\d+ days?, )?(\d+:\d\d:\d\d)")


class RunSize(Protocol):
    """How much a run is to do; a `Request` is one."""

    @property
    def bars(self) -> int:
        """Bars of a candidate."""

    @property
    def candidates(self) -> int:
        """Candidates of every bar."""

    @property
    def guidance(self) -> float:
        """Above 1 the model runs twice, with and without the request."""


class DrawnBars(NamedTuple):
    """An amount of work, unchecked."""

    bars: int
    candidates: int
    guidance: float

    @classmethod
    def of(cls, bars: int, options: Mapping[str, Any]) -> DrawnBars:
        """Return the work of bars that are drawn with options of a request."""
        names = ("candidates", "guidance")
        return cls(bars, *(options.get(name, default_of(name)) for name in names))


def _as_asked(request: RunSize, **options: Any) -> RunSize:
    return request


def on_accelerator(
    steps: Callable[..., Iterator[Result]], work: Callable[..., RunSize] = _as_asked
) -> Callable[..., Iterator[Result]]:
    """Return steps that borrow a GPU; the same function where `spaces` is missing.

    Args:
        steps: A generator that takes `should_stop` and anything that can be pickled.
        work: Tells from the same arguments how much is to be done; the first one if left out.
    """
    if spaces is None:
        return steps

    def run(
        stop_file: str, arguments: tuple[Any, ...], options: dict[str, Any]
    ) -> Iterator[Result | ComposerError]:
        try:
            yield from steps(*arguments, should_stop=Path(stop_file).exists, **options)
        except ComposerError as error:
            yield error

    def seconds(stop_file: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> int:
        return duration_s(work(*arguments, **options))

    borrow = spaces.GPU(duration=seconds)(run)
    if borrow is run:  # a Space without ZeroGPU
        return steps

    def borrowed(
        *arguments: Any, should_stop: Callable[[], bool], **options: Any
    ) -> Iterator[Result]:
        with TemporaryDirectory(prefix="composer-") as folder, plain_refusals():
            stop_file = Path(folder, "stop")
            with closing(borrow(str(stop_file), arguments, options)) as crossing:
                for step in crossing:
                    if isinstance(step, ComposerError):
                        raise step
                    if should_stop():
                        stop_file.touch()
                    yield step

    return borrowed


def duration_s(work: RunSize) -> int:
    """Return how long a run may hold the GPU, in seconds; `spaces` asks before every run."""
    n_branches = 1 if work.guidance == 1.0 else 2
    work_s = BAR_S * work.bars * work.candidates * n_branches
    return max(1, min(MAX_DURATION_S, round(BEGIN_S + work_s)))


@contextmanager
def plain_refusals() -> Iterator[None]:
    """Say in one sentence why there was no GPU.

    Raises:
        RequestError: In place of a refusal of `spaces`.
        RuntimeError: In place of an error behind it, of which `spaces` tells the class only.
    """
    try:
        yield
    except gr.Error as error:
        title, message = str(error.title), str(error.message)
        if not title.startswith("ZeroGPU"):
            raise
        if title == "ZeroGPU worker error" and message != _ABORTED:
            raise RuntimeError(f"the process with the GPU raised {message}") from error
        raise RequestError(refusal(title, message)) from error


def refusal(title: str, message: str) -> str:
    """Return the sentence for a refusal of `spaces`; its own words carry links and HTML."""
    found = _WAIT.search(message)
    later = f" in {found[1] or ''}{found[2]}" if found else " later"
    return _SENTENCES.get(title, _NO_GPU).format(later=later)
