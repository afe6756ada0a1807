"""What operators ask of REST: whether it answers, whether it can compose, and what was counted.

Annotations are not postponed here, because FastAPI reads them.
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from composer import extras, settings
from composer.ui.rest.service import Service
from composer.version import VERSION

NO_METRICS = "metrics are switched off; COMPOSER_METRICS=1 switches them on"


class Health(BaseModel):
    """That it answers."""

    status: Literal["ok"]
    version: str


class Ready(BaseModel):
    """Whether it can compose now."""

    ready: bool
    checks: dict[str, str]


def add_routes(router: APIRouter, service: Service, owner: Callable[..., str]) -> None:
    """Add what operators ask; health and readiness need no key."""

    @router.get("/health", operation_id="health", response_model=Health, tags=["watching"])
    async def health() -> Any:
        """Whether the process answers."""
        return {"status": "ok", "version": VERSION}

    @router.get(
        "/ready",
        operation_id="ready",
        response_model=Ready,
        responses={503: {"model": Ready, "description": "Not now; the checks say why"}},
        tags=["watching"],
    )
    def ready(response: Response) -> Any:
        """Whether it can compose now: model loaded, room on the disk, room in the queue."""
        checks = service.checks()
        is_ready = all(found == "ok" for found in checks.values())
        response.status_code = 200 if is_ready else 503
        return {"ready": is_ready, "checks": checks}

    @router.get(
        "/metrics",
        operation_id="metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
        tags=["watching"],
    )
    def metrics(who: Annotated[str, Depends(owner)]) -> Response:
        """Return what was counted, for Prometheus."""
        if not settings.read().service.metrics:
            raise HTTPException(404, NO_METRICS)
        with extras.named():
            from composer.ui.server.metrics import CONTENT_TYPE_LATEST, metrics_text

            text = metrics_text(service.turns.tally, service.gauges(), service.folder)
        return Response(text, media_type=CONTENT_TYPE_LATEST)
