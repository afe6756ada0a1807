"""A GPU borrowed for one run, on a Hugging Face Space with ZeroGPU; elsewhere nothing changes.

Knows how a run reaches the process that holds the GPU and comes back, not how music is composed.

`spaces` runs what it decorates in a process forked from this one. Arguments and yielded values are
pickled, values arrive as they are yielded, and a function of this process would be asked there in
vain. Hence:

- The wishes go in; progress and at last the composition come out.
- Stop crosses as a file. This process makes it, the other looks for it at every step, ranks what
  is finished and ends: Stop means the same as without a GPU.
- A visitor who leaves closes the generator; `spaces` ends the run after its next step.
- `spaces` shows an error as the bare name of its class, so errors for a person cross as values.

`spaces` takes the place of CUDA, so it has to come before whatever touches it: `composer.ui`
imports this module first, and this module imports `spaces` before torch and gradio.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

try:
    import spaces
except ImportError:  # everywhere but on a Space
    spaces = None

import gradio as gr

from composer.errors import ComposerError, RequestError

if TYPE_CHECKING:  # these import torch
    from composer.composition import Composition
    from composer.pipeline import Progress
    from composer.request import Request
    from composer.ui.studio import ComposeSteps

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


def on_accelerator(compose_steps: ComposeSteps) -> ComposeSteps:
    """Return `compose_steps` that borrow a GPU; the same function where `spaces` is missing."""
    if spaces is None:
        return compose_steps

    def run(request: Request, stop_file: str) -> Iterator[Progress | Composition | ComposerError]:
        try:
            yield from compose_steps(request, should_stop=Path(stop_file).exists)
        except ComposerError as error:
            yield error

    borrow = spaces.GPU(duration=duration_s)(run)
    if borrow is run:  # a Space without ZeroGPU
        return compose_steps

    def steps(
        request: Request, *, should_stop: Callable[[], bool]
    ) -> Iterator[Progress | Composition]:
        with TemporaryDirectory(prefix="composer-") as folder, plain_refusals():
            stop_file = Path(folder, "stop")
            with closing(borrow(request, str(stop_file))) as crossing:
                for step in crossing:
                    if isinstance(step, ComposerError):
                        raise step
                    if should_stop():
                        stop_file.touch()
                    yield step

    return steps


def duration_s(request: Request, stop_file: str = "") -> int:
    """Return how long a run may hold the GPU, in seconds; `spaces` asks before every run."""
    n_branches = 1 if request.guidance == 1.0 else 2  # with and without the wishes
    work_s = BAR_S * request.bars * request.candidates * n_branches
    return min(MAX_DURATION_S, round(BEGIN_S + work_s))


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
