"""A sound file -> a `Transcription`, in a process that is killed when it takes too long."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from composer import worker
from composer.errors import ScoreFileError, WorkerError
from composer.piece import Piece
from composer.theory import Meter, parse_meter
from composer.transcription.grid import Grid
from composer.transcription.played import PlayedNote
from composer.transcription.sound import MAX_SOUND_BYTES, check_sound
from composer.transcription.writing import Frame

WALL_S = 300.0
MEMORY_BYTES = 6_000_000_000  # address space; the runtime of the networks reserves much of it
_PRELOAD = ("composer.transcription.hearing", "numpy", "onnxruntime")
_MAX_TITLE = 200
_REFUSALS = {
    "time": f"hearing the recording took longer than {WALL_S:g} s; give a shorter one",
    "memory": "hearing the recording needed too much memory; give a shorter one",
    "size": "the recording holds more notes than can be taken; give a shorter one",
    "crash": "the sound file is damaged; save it as WAV, FLAC, MP3 or OGG",
}


@dataclass(frozen=True)
class Transcription:
    """A recording, written down.

    Args:
        piece: As it is written.
        notes: As it was played.
        grid: The beats that join both.
        kind: `line` or `voices`.
        length_s: Of the recording.
    """

    piece: Piece
    notes: tuple[PlayedNote, ...]
    grid: Grid
    kind: str
    length_s: float

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values: what was found, bar lines and notes in seconds."""
        bars_s = self.grid.times_s[(-self.grid.first) % self._beats_a_bar :: self._beats_a_bar]
        return {
            "kind": self.kind,
            "length_s": round(self.length_s, 3),
            "tempo_bpm": round(self.grid.tempo_bpm, 1),
            "meter": str(self.grid.meter),
            "meter_certainty": round(self.grid.certainty, 2),
            "key": str(self.piece.key),
            "bars": self.piece.n_bars,
            "bar_lines_s": np.round(bars_s, 3).tolist(),
            "notes": [one.to_dict() for one in self.notes],
        }

    @property
    def _beats_a_bar(self) -> int:
        return int(self.grid.meter.length_beats / self.grid.meter.pulse_beats)


def transcribe(path: Path | str, **options: Any) -> Transcription:
    """Write down a sound file; its name becomes the title. Options as of `transcribe_bytes`.

    Raises:
        ScoreFileError: If it cannot be read, or holds no notes.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SOUND_BYTES + 1)
    except OSError as error:
        raise ScoreFileError(f"the file '{path.name[-80:]}' cannot be opened") from error
    return transcribe_bytes(data, **({"title": path.stem} | options))


def transcribe_bytes(
    data: bytes,
    *,
    title: str = "",
    kind: str = "auto",
    tempo_bpm: float | None = None,
    meter: Meter | str | None = None,
    first_bar_s: float | None = None,
    taps_s: Sequence[float] = (),
) -> Transcription:
    """Write down the content of a sound file: WAV, FLAC, MP3 or OGG, of 10 minutes at most.

    It is decoded and heard in a process of its own, which is killed when it takes too long.

    Args:
        data: The whole file.
        title: Of the piece.
        kind: `line` for one voice, `voices` for several; `auto` tells by the sound.
        tempo_bpm: About how many quarters a minute, 20 to 300; found if left out.
        meter: Found if left out: 4/4, 3/4, 2/4 or 6/8.
        first_bar_s: When a bar begins, in seconds; with meter, and tempo or taps, as after a
            count-in.
        taps_s: A moment for every beat that a listener tapped, in seconds; instead of a tempo.

    Raises:
        ScoreFileError: If it cannot be read as sound, or holds no notes.
        OptionError: If an option is out of its range.
        WorkerError: If too many are heard already.
        MissingTool: If the extra `transcribe` is not installed.
    """
    meter = parse_meter(meter) if isinstance(meter, str) else meter
    frame = Frame(tempo_bpm, meter, first_bar_s, tuple(taps_s))
    check_sound(data)
    options = asdict(frame) | {
        "kind": kind,
        "meter": str(meter) if meter else None,
        "title": title[:_MAX_TITLE],
    }
    try:
        answer = worker.call(
            "composer.transcription.hearing:parse",
            json.dumps(options).encode() + b"\n" + data,
            wall_s=WALL_S,
            memory_bytes=MEMORY_BYTES,
            preload=_PRELOAD,
            what="hearing the recording",
        )
    except WorkerError as error:
        if error.cause not in _REFUSALS:
            raise
        raise ScoreFileError(_REFUSALS[error.cause]) from error
    return _rebuilt(json.loads(answer))


def _rebuilt(values: dict[str, Any]) -> Transcription:
    grid = values["grid"]
    return Transcription(
        Piece.from_dict(values["piece"]),
        tuple(PlayedNote(*one) for one in values["notes"]),
        Grid(
            parse_meter(grid["meter"]), np.array(grid["times_s"]), grid["first"], grid["certainty"]
        ),
        values["kind"],
        values["length_s"],
    )
