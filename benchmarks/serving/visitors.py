"""People at the API: each asks for music in its own wishes, listens a while, and goes on with it.

A person composes first; what follows is drawn by `SHARES`: another piece, more bars, bars written
again, a harmonisation of the highest part, a look at the file. Whether an answer is the person's
own is told by what it holds: the wishes and the seed in composition.json, the same notes in both
files, and the notes that were given, in their places.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import symusic
from gradio_client import Client, handle_file
from gradio_client.client import Job
from gradio_client.exceptions import AppError
from gradio_client.utils import QueueError, Status

from composer.composition import replay
from composer.piece import Piece
from composer.ui.server.entrance import FULL
from composer.ui.server.traffic import TOO_OFTEN

SHARES = {"compose": 40, "extend": 15, "infill": 10, "vary": 10, "harmonise": 10, "inspect": 15}
BARS = (8, 12, 16)
KEYS = ("C major", "G major", "F major", "D major", "A minor", "D minor", "E minor", "G minor")
MORE_BARS = 8
LOOK_EVERY_S = 0.1
PATIENCE_S = 300.0
# Public, and nobody's since RFC 7526: addresses for documentation would pass the tollgate freely.
NETWORK = "192.88.99."
OWN, REFUSED, WRONG, FAILED = "own", "refused", "wrong", "failed"
Notes = frozenset[tuple[float, int]]  # onset in quarters, pitch


@dataclass(frozen=True)
class Result:
    """A piece that came.

    Args:
        midi, record: The two files.
        piece: As composition.json rebuilds it.
        notes: Of the MIDI file.
    """

    midi: Path
    record: dict[str, Any]
    piece: Piece
    notes: Notes

    @classmethod
    def read(cls, answer: Any) -> Result:
        """Read the two files that an endpoint returned."""
        midi, record = (Path(path) for path in answer)
        text = record.read_text(encoding="utf-8")
        return cls(midi, json.loads(text), replay(text), _notes_of(midi))


@dataclass
class Person:
    """One visitor, with its settings, its address and the piece it works on.

    Args:
        number: From 1.
        client: Of the page.
        menu: As the endpoint tells it.
        think_s: Shortest and longest pause before a request, in seconds.
        began_s: When the measuring began, as `time.monotonic` tells it.
        rows: What happened, a row a request.
    """

    number: int
    client: Client
    menu: list[dict[str, Any]]
    think_s: tuple[float, float]
    began_s: float
    rows: list[dict[str, Any]] = field(default_factory=list)
    last: Result | None = None
    n_asked: int = 0

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(self.number)

    def stay(self, until_s: float) -> None:
        """Work until a time; what is under way then is waited for."""
        while True:
            time.sleep(self._rng.uniform(*self.think_s))
            if time.monotonic() >= until_s:
                return
            kinds, shares = zip(*SHARES.items(), strict=True)
            chances = np.array(shares) / sum(shares)
            kind = str(self._rng.choice(kinds, p=chances)) if self.last else "compose"
            self.rows.append(self.ask(kind))

    def ask(self, kind: str) -> dict[str, Any]:
        """Ask once; return the row of the request."""
        self.n_asked += 1
        asked, check = getattr(self, f"_{kind}")()
        row: dict[str, Any] = {"user": self.number, "kind": kind}
        asked_s = time.monotonic()
        row |= {"at_s": round(asked_s - self.began_s, 3), "waited_s": None}
        try:
            job = self.client.submit(**asked, api_name=f"/{kind}")
            row["waited_s"] = _wait(job, asked_s)
            answer = job.result(timeout=PATIENCE_S)
            row["seconds"] = round(time.monotonic() - asked_s, 3)
            row["outcome"], row["words"] = OWN, check(answer)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told in the row
            row["seconds"] = round(time.monotonic() - asked_s, 3)
            row["outcome"], row["words"] = _judge(error)
        return row

    def _seed(self) -> int:
        return 100_000 * self.number + self.n_asked

    def _compose(self) -> tuple[dict[str, Any], Callable[[Any], str]]:
        pair = self.menu[int(self._rng.integers(len(self.menu)))]
        asked = {
            "composer": pair["composer"],
            "form": pair["form"],
            "key": str(self._rng.choice(KEYS)),
            "bars": int(self._rng.choice(BARS)),
            "seed": self._seed(),
        }

        def check(answer: Any) -> str:
            found = self._keep(answer, asked)
            _agree("bars", asked["bars"], found.piece.n_bars)
            return f"{asked['composer']} {asked['form']}, {asked['key']}, {asked['bars']} bars"

        return asked, check

    def _extend(self) -> tuple[dict[str, Any], Callable[[Any], str]]:
        given = self._given()
        asked = self._ask_for(given, bars=MORE_BARS)

        def check(answer: Any) -> str:
            found = self._keep(answer, {"seed": asked["seed"]})
            _agree("bars", given.piece.n_bars + MORE_BARS, found.piece.n_bars)
            _agree("given notes", True, given.notes <= found.notes)
            return f"{found.piece.n_bars} bars"

        return asked, check

    def _infill(self) -> tuple[dict[str, Any], Callable[[Any], str]]:
        return self._rewrite()

    def _vary(self) -> tuple[dict[str, Any], Callable[[Any], str]]:
        return self._rewrite()

    def _rewrite(self) -> tuple[dict[str, Any], Callable[[Any], str]]:
        given = self._given()
        bars, numbers = given.piece.bars, given.piece.bar_numbers
        first = int(self._rng.integers(max(1, len(bars) - 3)))
        last = min(first + 1, len(bars) - 1)
        asked = self._ask_for(given, first_bar=numbers[first], last_bar=numbers[last])
        ends = float(bars[first].onset_beats), float(bars[last].end_beats)

        def outside(notes: Notes) -> Notes:
            return frozenset(note for note in notes if not ends[0] <= note[0] < ends[1])

        def check(answer: Any) -> str:
            found = self._keep(answer, {"seed": asked["seed"]})
            _agree("bars", given.piece.n_bars, found.piece.n_bars)
            _agree("given notes", True, outside(given.notes) == outside(found.notes))
            return f"bars {first} to {last}"

        return asked, check

    def _harmonise(self) -> tuple[dict[str, Any], Callable[[Any], str]]:
        given = self._given()
        melody = _as_notes(given.piece.parts[0].notes)
        asked = self._ask_for(given)

        def check(answer: Any) -> str:
            found = self._keep(answer, {"seed": asked["seed"]})
            _agree("given notes", True, melody <= found.notes)
            return f"{len(melody)} notes given"

        return asked, check

    def _inspect(self) -> tuple[dict[str, Any], Callable[[Any], str]]:
        given = self._given()

        def check(answer: Any) -> str:
            _agree("bars", given.piece.n_bars, answer["bars"])
            _agree("notes", given.piece.n_notes, answer["notes"])
            _agree("key", str(given.piece.key), answer["key"])
            return f"{answer['notes']} notes"

        return {"file": handle_file(str(given.midi))}, check

    def _given(self) -> Result:
        assert self.last
        return self.last

    def _ask_for(self, given: Result, **wishes: Any) -> dict[str, Any]:
        return {"file": handle_file(str(given.midi)), "seed": self._seed(), **wishes}

    def _keep(self, answer: Any, asked: Mapping[str, Any]) -> Result:
        """Read an answer, hold it against what was asked for, go on with it."""
        found = Result.read(answer)
        for name, value in asked.items():
            _agree(name, value, found.record["request"].get(name))
        _agree("both files", _as_notes(_all_notes(found.piece)), found.notes)
        self.last = found
        return found


class NotOwnError(Exception):
    """An answer that does not belong to the question."""


def _agree(name: str, asked: Any, got: Any) -> None:
    if asked != got:
        raise NotOwnError(f"{name}: asked {str(asked)[:60]}, got {str(got)[:60]}")


def _judge(error: Exception) -> tuple[str, str]:
    """Return what became of a request that ended in an error, and its words."""
    words = str(error)
    if isinstance(error, NotOwnError):
        return WRONG, words
    if isinstance(error, QueueError):  # the client puts its own words in place of ours
        return REFUSED, FULL
    if isinstance(error, httpx.HTTPStatusError) and error.response.status_code == 429:
        return REFUSED, error.response.json().get("detail", "")
    if isinstance(error, AppError) and words in (FULL, TOO_OFTEN):
        return REFUSED, words
    return FAILED, f"{type(error).__name__}: {words[:200]}"


def _wait(job: Job, asked_s: float) -> float | None:
    """Wait for the end of a job; return the seconds until its turn came, as far as was seen."""
    waited_s = None
    while not job.done():
        if waited_s is None and job.status().code in (Status.PROCESSING, Status.ITERATING):
            waited_s = round(time.monotonic() - asked_s, 3)
        time.sleep(LOOK_EVERY_S)
        if time.monotonic() - asked_s > PATIENCE_S:
            job.cancel()
            break
    return waited_s


def _all_notes(piece: Piece) -> list[Any]:
    return [note for part in piece.parts for note in part.notes]


def _as_notes(notes: Iterable[Any]) -> Notes:
    return frozenset((round(float(note.onset_beats), 2), note.pitch) for note in notes)


def _notes_of(midi: Path) -> Notes:
    score = symusic.Score(midi, ttype="quarter")
    return frozenset(
        (round(float(note.time), 2), note.pitch) for track in score.tracks for note in track.notes
    )
