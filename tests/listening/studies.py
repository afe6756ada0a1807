"""Small studies that need neither model nor synthesiser, and listeners without ears."""

from __future__ import annotations

import math
import wave
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from composer.listening.ballots import Ballots
from composer.listening.plan import StudyPlan
from composer.listening.reception import Reception
from composer.listening.sources import Sources
from composer.listening.stimuli import StudyFolder, prepare
from composer.piece import Piece
from composer.request import Request
from tests.fake_studio import make_piece

CONDITIONS = ("plain", "rich", "wild")
RATE_HZ = 44_100


def plan_values(**changes: Any) -> dict[str, Any]:
    """Return the tables of a plan of three conditions and four prompts; `changes` replace some."""
    prompts = [{"name": f"prompt {n}", "composer": "Bach", "bars": 8} for n in range(4)]
    values = {
        "title": "Three ways",
        "items_per_listener": 6,
        "practice_trials": 1,
        "attention_checks": 1,
        "clip_s": 3.0,
        "minimum_listening_s": 0.25,
        "seed": 3,
        "conditions": [
            {"name": name, "candidates": place + 1} for place, name in enumerate(CONDITIONS)
        ],
        "prompts": prompts,
    }
    return values | changes


def make_plan(**changes: Any) -> StudyPlan:
    return StudyPlan.from_dict(plan_values(**changes))


def compose(request: Request, condition: Any) -> Piece:
    """Compose without a model; every condition has music of its own kind."""
    return make_piece(request, request.candidates % 3)


def chirp(piece: Piece, path: Path, **options: object) -> Path:
    """Take the place of the synthesiser: a tone for the first pitch, a little longer than asked."""
    length_s = float(piece.length_beats) * 60 / piece.tempo_bpm + 2.5
    pitch = piece.parts[0].notes[0].pitch
    times = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    samples = 0.3 * np.sin(2 * math.pi * 440 * 2 ** ((pitch - 69) / 12) * times)
    return write_wav(path, samples)


def write_wav(path: Path, samples: Any, rate_hz: int = RATE_HZ) -> Path:
    """Write mono samples between -1 and 1."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes((np.asarray(samples) * 32767).astype("<i2").tobytes())
    return path


def make_study(folder: Path, plan: StudyPlan | None = None) -> StudyFolder:
    return prepare(plan or make_plan(), folder, Sources(folder, compose), render=chirp)


Answer = Callable[[Mapping[str, Any], Any], dict[str, Any]]


def listen(reception: Reception, answer: Answer, code: str = "") -> str:
    """Go through a study from consent to end; return the code.

    Args:
        reception: Of the study.
        answer: What is seen of a trial and the code -> the answer.
        code: Of a listener who came before.
    """
    code = code or reception.enrol({"agrees": True})["code"]
    while (place := reception.current(code))["state"] == "trial":
        reception.vote(code, ballot_of(place, answer(place, code)))
    if place["state"] == "questionnaire":
        reception.finish(code, {"answers": {}})
    return code


def ballot_of(place: Mapping[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """Return what the page sends for a trial."""
    return {
        "position": place["position"],
        "answer": answer,
        "plays": dict.fromkeys(place["slots"], 1),
        "listened_s": dict.fromkeys(place["slots"], 0.3),
    }


def knowing(ballots: Ballots, choose: Callable[[Any], dict[str, Any]]) -> Answer:
    """Return a listener who answers by the hidden trial: attention checks rightly, else freely."""

    def answer(place: Mapping[str, Any], code: str) -> dict[str, Any]:
        trial = ballots.trial(ballots.find(code), place["position"])
        return {"choice": trial.key} if trial.kind == "check" else choose(trial)

    return answer
