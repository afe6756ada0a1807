"""What requests about files bring, as pydantic models.

Annotations are not postponed here, because pydantic reads them.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from composer import transcription
from composer.pipeline.own_style import MAX_PIECES
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
        Field(description="when a bar begins, with meter, and tempo or taps", ge=0, le=600),
    ] = None
    taps_s: Annotated[
        list[float],
        Field(description="when beats come, as somebody tapped them", max_length=4_000),
    ] = []


class OrchestrateRequest(BaseModel):
    """What a recording is made of: a score, a text, or both."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"text": "a slow waltz for strings", "length_s": 10}]},
    )

    file: Annotated[
        schemas.ScoreFile | None, Field(description="the score whose notes lead the recording")
    ] = None
    text: Annotated[str, Field(description="what it is to sound like", max_length=1000)] = ""
    length_s: Annotated[
        float | None, Field(description="seconds; as long as the score if left out", ge=1, le=600)
    ] = None
    candidates: Annotated[
        int | None, Field(description="how many recordings are made and ranked", ge=1, le=256)
    ] = None
    seed: Annotated[int | None, Field(description="of the draws", ge=0, lt=2**31)] = None
    engine_options: Annotated[
        str | None, Field(description="options of the engine of sound", max_length=400)
    ] = None
    format: Annotated[
        Literal["wav", "flac", "mp3", "ogg"], Field(description="of the recording")
    ] = "wav"


class OwnStyleRequest(BaseModel):
    """Files of one hand that a copy of the model goes on learning from."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"files": [{"data": "TVRoZA=="}], "licence": "my own work"}]
        },
    )

    files: Annotated[
        list[schemas.ScoreFile],
        Field(description="MIDI and MusicXML files", min_length=1, max_length=MAX_PIECES),
    ]
    licence: Annotated[
        str, Field(description="under which they may be used, such as my own work", max_length=200)
    ]
    minutes: Annotated[float, Field(description="at most", ge=0.01, le=600)] = 5.0
    composer: Annotated[
        str, Field(description="whose they are, if the model knows him", max_length=100)
    ] = ""
    form: Annotated[str, Field(description="such as chorale", max_length=100)] = ""
    name: Annotated[
        str,
        Field(
            description="of an engine of this installation, with an API key; left out, the engine "
            "is found by the name in the result alone",
            max_length=40,
        ),
    ] = ""
    seed: Annotated[int, Field(description="of their order", ge=0, lt=2**31)] = 0


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
