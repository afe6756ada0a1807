"""The routes of REST, and its OpenAPI page.

What makes music is `endpoints.abilities`: each ability is a POST of its name that begins a job.
Annotations are not postponed here, because FastAPI reads them.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from composer.engines import menu_values
from composer.errors import ComposerError, RequestError
from composer.ui.api import endpoints, prompting
from composer.ui.api.abilities import Ability
from composer.ui.rest import answers, schemas, watching
from composer.ui.rest.bodies import (
    InspectRequest,
    OrchestrateRequest,
    OwnStyleRequest,
    PromptRequest,
    RenderRequest,
    TranscribeRequest,
)
from composer.ui.rest.filing import Recording, Rendering
from composer.ui.rest.jobs import Job
from composer.ui.rest.keys import HEADER
from composer.ui.rest.service import Service, fingerprint
from composer.ui.server.entrance import NO_ENDPOINT, REST
from composer.ui.server.problems import problem
from composer.version import VERSION

MAX_WAIT_S = 60.0
FILING_WAIT_S = 20.0  # work on files is mostly over by then
LOOK_EVERY_S = 0.1
PING_EVERY_S = 15.0
NO_LIST = "the list of jobs needs an API key; without keys, keep the ids that you were given"
SHORT_KEY = "`Idempotency-Key` must have 16 to 200 characters, so that nobody guesses it"
ABOUT = """Composes classical music: every POST below begins a *job*; ask for the job until it is
over, listen to its events, or let the first answer wait with `wait_s`. Errors are problem details
(RFC 9457) with one sentence for a person. Results are files behind links that end.
"""
_REFUSALS: dict[int | str, dict[str, Any]] = {
    code: {"model": schemas.Problem, "description": text}
    for code, text in {
        401: "An API key is needed",
        404: "There is no such thing",
        413: "The request is too large",
        422: "A value will not do",
        429: "Too many requests",
        503: "Too busy, or about to end",
    }.items()
}
# Where FastAPI has words of its own only.
_BARE = {400: schemas.NO_JSON, 404: NO_ENDPOINT, 405: "this endpoint takes other methods"}
Wait = Annotated[
    float, Query(ge=0, le=MAX_WAIT_S, description="seconds that the answer may wait for the result")
]
IdempotencyKey = Annotated[
    str | None, Header(description="the same key and request begin one job only; 16 characters")
]


def build(service: Service) -> FastAPI:
    """Return REST as an application of its own, to be mounted at `REST`."""
    app = FastAPI(
        title="Composer",
        version=VERSION,
        description=ABOUT,
        openapi_url=f"{REST}/openapi.json",
        docs_url=f"{REST}/docs",
        redoc_url=None,
    )
    _explain_errors(app)
    router = APIRouter(prefix=REST, responses=_REFUSALS)
    owner = _owner(service)
    for ability in endpoints.abilities(service.studio):
        _add_ability(router, service, ability, owner)
    _add_filing(router, service, owner)
    _add_jobs(router, service, owner)
    _add_facts(router, service, owner)
    watching.add_routes(router, service, owner)
    app.include_router(router)
    return app


def _owner(service: Service) -> Callable[..., str]:
    """Return what finds out whose request this is."""

    def owner(x_api_key: Annotated[str, Header(alias=HEADER, description="API key")] = "") -> str:
        return service.keys.owner(x_api_key)

    return owner


def _explain_errors(app: FastAPI) -> None:
    """Answer every error as a problem."""

    def refused(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        found = schemas.refusals(error.errors(), error.body, _known(request.scope.get("route")))
        rows = [{"name": name, "detail": text} for name, text in found.items()]
        return answers.problem_answer(problem(422, next(iter(found.values())), errors=rows))

    def unknown(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        is_bare = error.detail == HTTPStatus(error.status_code).phrase
        sentence = str(error.detail)
        if is_bare or error.status_code == 400:
            sentence = _BARE.get(error.status_code, sentence)
        headers = dict(error.headers or {})
        return answers.problem_answer(problem(error.status_code, sentence), **headers)

    def explained(request: Request, error: Exception) -> JSONResponse:
        told = answers.explain(error)
        later = {"retry-after": "5"} if told["status"] == 503 else {}
        return answers.problem_answer(told, **later)

    app.add_exception_handler(RequestValidationError, refused)
    app.add_exception_handler(HTTPException, unknown)
    app.add_exception_handler(ComposerError, explained)
    app.add_exception_handler(Exception, explained)


def _known(route: Any) -> list[str]:
    """Return the names of the values that a route takes."""
    taken = getattr(route, "body_field", None)
    model = taken.field_info.annotation if taken else None
    return list(getattr(model, "model_fields", ()))


def _add_work(
    router: APIRouter,
    service: Service,
    owner: Callable[..., str],
    name: str,
    model: type[BaseModel],
    make: Callable[[dict[str, Any], str], Job],
    *,
    usual_wait_s: float,
    **facts: Any,
) -> None:
    """Let a POST begin a job.

    Args:
        router: Gets the route.
        service: Runs the job.
        owner: Finds out whose request it is.
        name: Of the route, and of the job.
        model: Of the body.
        make: Returns the job from the values of the body and its owner.
        usual_wait_s: How long the answer waits where the request does not say.
        facts: For the OpenAPI page.
    """

    async def begin(
        body: model,  # type: ignore[valid-type]
        response: Response,
        who: Annotated[str, Depends(owner)],
        wait_s: Wait = usual_wait_s,
        idempotency_key: IdempotencyKey = None,
    ) -> Any:
        values = schemas.values_of(body)
        key = _key(idempotency_key, name, values)
        return await _begin(service, lambda: make(values, who), key, response, wait_s)

    router.add_api_route(
        f"/{name}",
        begin,
        methods=["POST"],
        status_code=202,
        operation_id=name,
        response_model=schemas.JobView,
        responses={200: {"model": schemas.JobView, "description": "The job, which is over"}},
        **facts,
    )


def _add_ability(
    router: APIRouter, service: Service, ability: Ability, owner: Callable[..., str]
) -> None:
    _add_work(
        *(router, service, owner, ability.name, schemas.model_of(ability)),
        lambda values, who: service.composing(ability, values, who),
        usual_wait_s=0.0,
        summary=ability.text.strip().split("\n")[0],
        description=ability.text.strip(),
        tags=["music"],
    )


def _key(given: str | None, kind: str, values: Any) -> tuple[str, str]:
    """Return an idempotency key and what it stands for.

    Raises:
        RequestError: If it is too short or too long.
    """
    if given is None:
        return "", ""
    if not 16 <= len(given) <= 200:
        raise RequestError(SHORT_KEY)
    return given, fingerprint(kind, values)


async def _begin(
    service: Service,
    make: Callable[[], Job],
    key: tuple[str, str],
    response: Response,
    wait_s: float,
) -> Any:
    """Begin a job, and wait for it a while: 200 if it is over by then, else 202."""
    job, is_known = service.jobs.begin(await run_in_threadpool(make), *key)
    response.headers["location"] = f"{REST}/jobs/{job.job_id}"
    if is_known:
        response.headers["idempotent-replayed"] = "true"
    return await _answer(service, job, response, wait_s, status=202)


async def _answer(
    service: Service, job: Job, response: Response, wait_s: float, status: int = 200
) -> Any:
    ends_s = asyncio.get_running_loop().time() + wait_s
    while not job.is_over and asyncio.get_running_loop().time() < ends_s:
        await asyncio.sleep(LOOK_EVERY_S)
    response.status_code = 200 if job.is_over else status
    return answers.job_values(job, service.jobs, service.links)


def _add_filing(router: APIRouter, service: Service, owner: Callable[..., str]) -> None:
    def inspect(values: dict[str, Any], who: str) -> Job:
        return service.inspect(values["file"], values["form"], who)

    def transcribe(values: dict[str, Any], who: str) -> Job:
        return service.transcribe(Recording(**values), who)

    def render(values: dict[str, Any], who: str) -> Job:
        asked = Rendering(values["file"], values["format"], values["rank"], values["expressive"])
        return service.render(asked, who)

    _add_work(
        *(router, service, owner, "orchestrate", OrchestrateRequest, service.orchestrate),
        usual_wait_s=0.0,
        summary="Make recordings of a score or a text",
        tags=["music"],
    )
    _add_work(
        *(router, service, owner, "own_style", OwnStyleRequest, service.own_style),
        usual_wait_s=0.0,
        summary="Learn somebody's own style from files",
        tags=["music"],
    )
    for name, model, make, summary in (
        ("inspect", InspectRequest, inspect, "Look into a file"),
        ("transcribe", TranscribeRequest, transcribe, "Write a recording down"),
        ("render", RenderRequest, render, "Write another format"),
    ):
        _add_work(
            *(router, service, owner, name, model, make),
            usual_wait_s=FILING_WAIT_S,
            summary=summary,
            tags=["files"],
        )


def _add_jobs(router: APIRouter, service: Service, owner: Callable[..., str]) -> None:
    view: dict[str, Any] = {"response_model": schemas.JobView, "tags": ["jobs"]}

    @router.get(
        "/jobs",
        operation_id="list_jobs",
        summary="The jobs of a key",
        response_model=list[schemas.JobView],
        responses={403: {"model": schemas.Problem, "description": "Only with an API key"}},
        tags=["jobs"],
    )
    async def list_jobs(who: Annotated[str, Depends(owner)]) -> Any:
        if not who:
            raise HTTPException(403, NO_LIST)
        return [
            answers.job_values(job, service.jobs, service.links) for job in service.jobs.of(who)
        ]

    @router.get("/jobs/{job_id}", operation_id="get_job", summary="A job as it is now", **view)
    async def get_job(
        job_id: str, response: Response, who: Annotated[str, Depends(owner)], wait_s: Wait = 0.0
    ) -> Any:
        return await _answer(service, service.jobs.find(job_id, who), response, wait_s)

    @router.delete(
        "/jobs/{job_id}", operation_id="stop_job", summary="Stop a job, keep what it has", **view
    )
    async def stop_job(
        job_id: str, response: Response, who: Annotated[str, Depends(owner)], wait_s: Wait = 0.0
    ) -> Any:
        job = service.jobs.find(job_id, who)
        if not job.is_over:
            service.jobs.stop(job)
        return await _answer(service, job, response, wait_s)

    @router.get(
        "/jobs/{job_id}/events",
        operation_id="follow_job",
        summary="The progress of a job as server-sent events",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
        tags=["jobs"],
    )
    async def follow_job(job_id: str, who: Annotated[str, Depends(owner)]) -> StreamingResponse:
        job = service.jobs.find(job_id, who)
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(
            _events(service, job), media_type="text/event-stream", headers=headers
        )

    @router.get(
        "/files/{folder}/{name}",
        operation_id="get_file",
        summary="A file, by its link",
        response_class=FileResponse,
        responses={200: {"content": {"application/octet-stream": {}}}},
        tags=["files"],
    )
    def get_file(
        folder: str,
        name: str,
        ends: Annotated[int, Query(ge=0, le=2**53)],
        signature: Annotated[str, Query(max_length=100)],
    ) -> FileResponse:
        path = service.links.open(f"{folder}/{name}", ends, signature)
        headers = {"x-content-type-options": "nosniff", "cache-control": "private, no-store"}
        return FileResponse(path, filename=path.name, headers=headers)


async def _events(service: Service, job: Job) -> AsyncIterator[str]:
    """Yield an event whenever the job changes, and a comment now and then; `end` is the last."""
    seen, silent_s = -1, 0.0
    while True:
        if job.version != seen:
            seen, silent_s = job.version, 0.0
            values = answers.job_values(job, service.jobs, service.links)
            name = "end" if values["state"] in ("done", "stopped", "failed") else "progress"
            yield f"event: {name}\nid: {seen}\ndata: {json.dumps(values)}\n\n"
            if name == "end":
                return
        elif silent_s >= PING_EVERY_S:
            silent_s = 0.0
            yield ": still there\n\n"
        await asyncio.sleep(LOOK_EVERY_S)
        silent_s += LOOK_EVERY_S


def _add_facts(router: APIRouter, service: Service, owner: Callable[..., str]) -> None:
    studio = service.studio

    @router.get(
        "/menu", operation_id="menu", summary="Composers and forms on offer", tags=["facts"]
    )
    def menu(who: Annotated[str, Depends(owner)]) -> list[dict[str, Any]]:
        return menu_values(studio.menu(), studio.suggestions())

    @router.post("/prompt", operation_id="prompt", summary="How a prompt is read", tags=["facts"])
    def prompt(body: PromptRequest, who: Annotated[str, Depends(owner)]) -> dict[str, Any]:
        return prompting.read(studio, body.prompt).to_dict()

    @router.get(
        "/engines", operation_id="engines", summary="What each engine can do", tags=["facts"]
    )
    def engines(who: Annotated[str, Depends(owner)]) -> dict[str, dict[str, Any]]:
        return {name: one.to_dict() for name, one in studio.engines().items()}
