"""REST as it is served: behind the guard, open to the origins that are named, ended with grace."""

from __future__ import annotations

import time
from dataclasses import dataclass

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from composer import settings
from composer.ui.rest.routes import build
from composer.ui.rest.service import Service
from composer.ui.server.entrance import Guard
from composer.ui.server.traffic import Tollgate
from composer.ui.server.turns import Turns
from composer.ui.studio import Studio

LAST_WORDS_S = 0.5  # for answers that are on their way


@dataclass(frozen=True)
class Rest:
    """REST, ready to be served.

    Args:
        app: Takes what comes under `REST`.
        service: Behind it.
        tollgate: Counts the calls of addresses; the page counts with the same one.
    """

    app: ASGIApp
    service: Service
    tollgate: Tollgate

    def drain(self) -> None:
        """Let running work, that of the page too, rank what it has; wait for it, a while."""
        ends_s = time.monotonic() + settings.read().service.grace_s
        is_busy = self.service.turns.n_running > 0 or self.service.jobs.n_running > 0
        self.service.turns.is_closed = True
        self.service.jobs.drain(ends_s - time.monotonic())
        self.service.turns.drain(ends_s - time.monotonic())
        if is_busy:
            time.sleep(max(0.0, min(LAST_WORDS_S, ends_s - time.monotonic())))


def open_rest(studio: Studio, turns: Turns) -> Rest:
    """Open REST over a studio whose runs wait for their turn.

    Raises:
        OptionError: If a setting will not do.
    """
    configured = settings.read()
    tollgate = Tollgate(configured.page.calls_per_minute)
    service = Service.of(studio, turns, tollgate)
    app: ASGIApp = build(service)
    origins = [one.strip() for one in configured.service.origins.split(",") if one.strip()]
    if origins:
        app = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["content-type", "idempotency-key", "x-api-key", "x-request-id"],
            expose_headers=["location", "idempotent-replayed", "x-request-id"],
        )
    return Rest(Guard(app, admits=service.keys.admits), service, tollgate)
