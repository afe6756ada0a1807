"""What requests about files bring, as pydantic models.

Annotations are not postponed here, because pydantic reads them.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from composer import transcription
from composer.ui.rest import schemas
from composer.ui.rest.filing import KINDS


class InspectRequest(BaseModel):
    """A file to look into."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"file": {"data": "TVRoZA=="}}]}
    )

    file: schemas.ScoreFile
    form: Annotated[
        str | None, Field(description="whose real pieces it is compared with", max_length=100)
    ] = None


class TranscribeRequest(BaseModel):
    """A recording to write down."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"file": {"name": "song.wav", "data": "UklGRg=="}}]},
    )

    file: schemas.ScoreFile
    kind: Annotated[
        Literal[transcription.KINDS],  # type: ignore[valid-type]
        Field(description="a single line or several voices; auto tells by the sound"),
    ] = "auto"
    tempo_bpm: Annotated[
        float | None,
        Field(description="quarters a minute, about; found if left out", ge=20, le=300),
    ] = None
    meter: Annotated[
        str | None, Field(description="such as 3/4; found if left out", max_length=10)
    ] = None
    first_bar_s: Annotated[
        float | None,
        Field(description="when a bar begins, with tempo and meter", ge=0, le=600),
    ] = None


class RenderRequest(BaseModel):
    """A file to write in another format."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"file": {"data": "TVRoZA=="}, "format": "musicxml"}]},
    )

    file: schemas.ScoreFile
    format: Annotated[Literal[KINDS], Field(description="of the file that is written")]  # type: ignore[valid-type]
    rank: Annotated[int, Field(description="candidate of a composition.json", ge=1, le=256)] = 1
    expressive: Annotated[bool, Field(description="whether sound is performed")] = True


class PromptRequest(BaseModel):
    """A prompt in plain words."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"prompt": "a slow waltz in G minor"}]}
    )

    prompt: Annotated[str, Field(description="in English, German, French, Spanish or Italian")]
