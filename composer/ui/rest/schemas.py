"""What REST takes and answers, as pydantic models: they check, and the OpenAPI page shows them.

The models of requests are made from the values of an ability, and so from the fields of `Request`:
a setting more is a property more. Where a value will not do, the sentence is the one of the
commands and the page.
"""

from __future__ import annotations

import base64
import binascii
import warnings
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from gradio.data_classes import FileData
from pydantic import BaseModel, ConfigDict, Field, create_model

from composer.corpus.uploads import MAX_UPLOAD_BYTES
from composer.errors import OptionError, RequestError
from composer.request import MAX_NAME, Request
from composer.ui.api.abilities import Ability, Value
from composer.ui.shared import uploads
from composer.ui.shared.settings import settings

NO_JSON = "a request is JSON: an object of names and values; the API page shows which"
NO_BASE64 = "`file.data` must be the content of the file in base64"
MAX_BASE64 = (MAX_UPLOAD_BYTES + 3) * 4 // 3 + 4


class ScoreFile(BaseModel):
    """A file of music: MIDI, MusicXML, or composition.json where that is read."""

    model_config = ConfigDict(extra="forbid")

    data: Annotated[
        str,
        Field(description="its content in base64", max_length=MAX_BASE64, examples=["TVRoZA=="]),
    ]
    name: Annotated[
        str, Field(description="what it is called; titles are made of it", max_length=1000)
    ] = ""

    def sent(self) -> uploads.Sent:
        """Return the file itself.

        Raises:
            RequestError: If it is no base64.
        """
        try:
            return uploads.Sent(self.name, base64.b64decode(self.data, validate=True))
        except (binascii.Error, ValueError) as error:
            raise RequestError(NO_BASE64) from error


class ProgressView(BaseModel):
    """How far a job has come."""

    drawn: Annotated[int, Field(description="candidates that are finished")]
    wanted: Annotated[int, Field(description="candidates that were asked for")]
    fraction: Annotated[float, Field(description="of the whole work, 0 to 1")]
    left_s: Annotated[float | None, Field(description="seconds left, once there is an estimate")]


class FileView(BaseModel):
    """A file that can be fetched without a key, for a while."""

    name: str
    href: Annotated[str, Field(description="its address on this server")]
    ends: Annotated[int, Field(description="until when, in seconds since 1970")]


class Problem(BaseModel):
    """What will not do, after RFC 9457."""

    type: str = "about:blank"
    title: str
    status: int
    detail: Annotated[str, Field(description="one sentence for a person")]
    errors: Annotated[
        list[dict[str, str]] | None, Field(description="a sentence a value, by its name")
    ] = None


class JobView(BaseModel):
    """A job, as it is at this moment."""

    id: str
    kind: str
    state: Literal["waiting", "running", "done", "stopped", "failed"]
    position: Annotated[int | None, Field(description="jobs that begin before it")]
    made: Annotated[float, Field(description="when it was taken on, in seconds since 1970")]
    progress: ProgressView | None
    result: Annotated[dict[str, Any] | None, Field(description="what came of it")]
    files: list[FileView]
    problem: Problem | None


def model_of(ability: Ability) -> type[BaseModel]:
    """Return the model of the requests for an ability."""
    with warnings.catch_warnings():
        # `register`, a setting, hides a method of the class of all classes, which nobody calls.
        warnings.filterwarnings("ignore", 'Field name "register"', UserWarning)
        made: type[BaseModel] = create_model(
            f"{ability.name.title()}Request",
            __config__=ConfigDict(
                extra="forbid", json_schema_extra={"examples": [_example(ability)]}
            ),
            __doc__=ability.text.strip(),
            **{one.name: _property(one) for one in ability.values},
        )
    return made


def _example(ability: Ability) -> dict[str, Any]:
    takes_file = any(one.kind is FileData for one in ability.values)
    file = {"file": {"name": "song.mid", "data": "TVRoZA=="}} if takes_file else {}
    return {**file, **ability.example}


def _property(value: Value) -> Any:
    """Return a value as pydantic declares one."""
    kind = {FileData: ScoreFile, FileData | None: ScoreFile | None}.get(value.kind, value.kind)
    is_text = value.low is None and value.kind in (str, str | None)
    facts: dict[str, Any] = {"description": value.help, "ge": value.low, "le": value.high}
    if is_text:
        facts["max_length"] = value.most or MAX_NAME
    told = {name: fact for name, fact in facts.items() if fact is not None}
    return Annotated[kind, Field(**told)], ... if value.is_required else value.default


def values_of(body: BaseModel) -> dict[str, Any]:
    """Return the values of a request by name, a file as the file itself.

    Raises:
        RequestError: If a file is no base64.
    """
    values = {name: getattr(body, name) for name in type(body).model_fields}
    return {name: _sent(value) for name, value in values.items()}


def _sent(value: Any) -> Any:
    if isinstance(value, list):
        return [_sent(one) for one in value]
    return value.sent() if isinstance(value, ScoreFile) else value


def refusals(
    errors: Sequence[Mapping[str, Any]], body: Any, known: Sequence[str]
) -> dict[str, str]:
    """Return a sentence for every value that will not do, by its name.

    Args:
        errors: As pydantic found them.
        body: What came.
        known: What might have come.
    """
    found: dict[str, str] = {}
    for error in errors:
        place = [str(step) for step in error["loc"]]
        name = place[1] if place[0] == "body" and len(place) > 1 else place[-1]
        if place == ["body"] or place[0] == "body" and not isinstance(body, dict):
            return {"body": NO_JSON}
        found.setdefault(name[:40], _sentence(name, error, known))
    return found


def _sentence(name: str, error: Mapping[str, Any], known: Sequence[str]) -> str:
    """Say what is wrong with one value."""
    given, kind = error.get("input"), str(error["type"])
    if kind == "missing":
        return f"`{name}` is missing"
    if kind == "extra_forbidden":
        near = get_close_matches(name, known, n=1)
        meant = f"did you mean `{near[0]}`? " if near else ""
        return f"there is no `{name[:40]}`; {meant}the API page shows which there are"
    if kind in ("json_invalid", "model_attributes_type", "dict_type"):
        return NO_JSON
    own = settings().get(name)
    if own:
        try:
            Request(**{name: own.read(given)})
        except OptionError as refusal:
            return str(refusal)
    place = ".".join(str(step) for step in error["loc"][1:]) or name
    return f"`{place[:60]}` will not do: {str(error['msg'])[:1].lower()}{str(error['msg'])[1:]}"
