"""One served page for all tests that only ask it; and event loops that gradio leaves open.

Gradio makes event loops for every page and leaves them open; here they are closed in the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.serving import FAKE_APP, Address, serve


@pytest.fixture(scope="session", autouse=True)
def event_loops_are_closed() -> Iterator[None]:
    loops: list[asyncio.AbstractEventLoop] = []
    make_loop = asyncio.new_event_loop

    def make_and_remember() -> asyncio.AbstractEventLoop:
        loops.append(make_loop())
        return loops[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "new_event_loop", make_and_remember)
        yield
    asyncio.set_event_loop(None)
    for loop in loops:
        if not loop.is_running():
            loop.close()


@pytest.fixture(scope="session")
def served_page() -> Iterator[Address]:
    """Serve a page over the fake studio, where a candidate takes a hundredth of a second."""
    with serve(*FAKE_APP, STEP_S="0.01") as address:
        yield address
