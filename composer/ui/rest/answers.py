"""From jobs, compositions and errors to what REST answers. Knows statuses of HTTP, no routes."""

from __future__ import annotations

import logging
import math
import secrets
from collections.abc import Mapping
from typing import Any

from fastapi.responses import JSONResponse

from composer.composition import Composition
from composer.errors import CheckpointError, ComposerError, MissingTool, RequestError, WorkerError
from composer.ui.rest.jobs import Job, Jobs, KeyUsed, Made, TooBusy, UnknownJob
from composer.ui.rest.keys import NoKey
from composer.ui.rest.links import BadLink, Links
from composer.ui.server.entrance import REST
from composer.ui.server.problems import MEDIA_TYPE, problem

# What a kind of error means in HTTP, the first that fits.
STATUSES: tuple[tuple[type[ComposerError], int], ...] = (
    (NoKey, 401),
    (UnknownJob, 404),
    (BadLink, 404),
    (KeyUsed, 422),
    (TooBusy, 503),
    (RequestError, 422),
    (MissingTool, 501),
    (WorkerError, 503),
    (CheckpointError, 503),
)
_log = logging.getLogger(__name__)


def explain(error: Exception) -> dict[str, Any]:
    """Return the problem that an error is; what is no error of ours is logged under a reference."""
    if isinstance(error, ComposerError):
        status = next((code for kind, code in STATUSES if isinstance(error, kind)), 500)
        return problem(status, str(error))
    reference = secrets.token_hex(4)
    _log.error("incident %s", reference, exc_info=error)
    return problem(500, f"something broke, reference {reference}")


def problem_answer(told: Mapping[str, Any], **headers: str) -> JSONResponse:
    """Return a problem as an answer."""
    return JSONResponse(
        told, status_code=told["status"], media_type=MEDIA_TYPE, headers=headers or None
    )


def job_values(job: Job, jobs: Jobs, links: Links) -> dict[str, Any]:
    """Return a job as JSON values, with new links to its files."""
    made, progress = job.made, job.progress
    files = []
    for path in made.files if made else ():
        link, ends_s = links.make(path)
        files.append({"name": path.name, "href": f"{REST}/{link}", "ends": ends_s})
    return {
        "id": job.job_id,
        "kind": job.kind,
        "state": job.state,
        "position": jobs.position(job),
        "made": round(job.made_s, 3),
        "progress": progress
        and {
            "drawn": progress.drawn,
            "wanted": progress.wanted,
            "fraction": progress.fraction,
            "left_s": progress.left_s,
        },
        "result": dict(made.values) if made else None,
        "files": files,
        "problem": job.problem,
    }


def summary(composition: Composition) -> dict[str, Any]:
    """Return a composition in short; its file composition.json has the notes and the scorecards."""
    return composition.facts() | {
        "candidates": [
            {
                "rank": one.rank,
                "index": one.index,
                "total": one.scorecard.total,
                "nats_per_note": one.nats_per_note,
                "keeps_the_request": one.n_missed == 0,
                "reasons": list(one.scorecard.reasons),
            }
            for one in composition.ranked
        ]
    }


def made_of(composition: Composition, *files: Any) -> Made:
    """Return what a composition is as the end of a job."""
    return Made(finite(summary(composition)), tuple(files), is_partial=composition.stopped)


def finite(value: Any) -> Any:
    """Return JSON values in which a number without value is null: JSON has no other word for it."""
    if isinstance(value, Mapping):
        return {str(name): finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
