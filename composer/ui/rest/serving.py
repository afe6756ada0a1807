"""REST without the page: `composer api`. One process, one copy of the weights."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from types import FrameType

import uvicorn
from gradio.utils import get_upload_folder
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from composer import settings
from composer.ui.rest.opening import Rest, open_rest
from composer.ui.server import storage, traffic
from composer.ui.server.entrance import REST
from composer.ui.server.serving import check_port_is_free
from composer.ui.server.turns import Turns
from composer.ui.studio import Studio, default_studio


class _Server(uvicorn.Server):
    """Asks running work to end before connections are closed.

    Args:
        config: Of uvicorn.
        rest: What is served.
    """

    def __init__(self, config: uvicorn.Config, rest: Rest) -> None:
        super().__init__(config)
        self._rest = rest

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; whoever waits for an answer gets it first."""
        threading.Thread(target=self._rest.drain, daemon=True).start()
        super().handle_exit(sig, frame)


def serve(studio: Studio | None = None) -> None:
    """Serve REST until it is interrupted.

    Raises:
        CheckpointError: If the checkpoint will not do.
        OptionError: If a setting will not do.
    """
    configured = settings.read()
    page = configured.page
    check_port_is_free(page.host, page.port)
    studio = studio or default_studio()
    studio.load()
    turns = Turns(page.concurrency)
    rest = open_rest(studio.in_turn(turns), turns)
    traffic.write_log()
    if os.environ.get("GRADIO_TEMP_DIR"):  # else it is shared with other programs
        storage.keep_tidy(Path(get_upload_folder()), storage.Bounds(page.files_mb * 1_000_000))
    config = uvicorn.Config(
        alone(rest),
        host=page.host,
        port=page.port,
        log_level="warning",
        timeout_graceful_shutdown=configured.service.grace_s + 1,
    )
    # uvicorn raises what it caught once more when it has ended, which would end us by the signal.
    for caught in (signal.SIGTERM, signal.SIGINT):
        signal.signal(caught, signal.SIG_IGN)
    _Server(config, rest).run()
    rest.drain()  # connections may have ended before the work


def alone(rest: Rest) -> ASGIApp:
    """Return REST with the page of its documentation where else the page would be."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/":
            await RedirectResponse(f"{REST}/docs")(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _live(receive, send)
        else:
            await rest.app(scope, receive, send)

    return app


async def _live(receive: Receive, send: Send) -> None:
    """Begin and end at once: there is nothing to set up."""
    for event in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{event}.complete"})
