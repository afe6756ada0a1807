"""Orchestrate: a piece, a text or both in; recordings out, ranked by how they follow the score.

    text alone       the words say what it sounds like
    piece            its notes lead a model that takes chroma, and the words come from the piece
    both             the words are the person's, with those of the piece behind them

A recording has no notes: composition.json names its file, and holds the piece that was given.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from composer.composition import FORMAT, Rejected
from composer.corpus.detect import ensemble_of_piece
from composer.engines import Engine, Record, Sound, Take, open_sound
from composer.errors import OptionError, RequestError
from composer.piece import Piece
from composer.pipeline.ranking import NOTHING_YET, Progress, last_of, versions_of
from composer.recording import Recording
from composer.rendering.chroma import Agreement, agreement
from composer.rendering.recordings import write_recording
from composer.request import MAX_BARS, MAX_NAME, Request

# What such models are usually sampled with.
USUAL: Mapping[str, Any] = {"candidates": 2, "top_k": 250, "guidance": 3.0}
MANNER = ("temperature", "top_k", "guidance", "candidates", "seed", "engine_options")
LENGTH_S = 10.0  # of a text alone, unless said otherwise
LENGTHS_S = (1.0, 600.0)
MAX_TEXT = 1_000  # characters
MAX_PARTS_ASKED = 8
_SILENCE = 1e-4  # a peak below it


@dataclass(frozen=True)
class Rendition:
    """A recording with its place.

    Args:
        rank: 1 is the best.
        index: Its number in the request, from 0.
        recording: The sound.
        agreement: With the score; None of a text alone.
        record: What the engine says of its work.
    """

    rank: int
    index: int
    recording: Recording
    agreement: Agreement | None
    record: Record


@dataclass(frozen=True)
class Orchestration:
    """What came of a request for sound.

    Args:
        request: How it was sampled; composer, form, key and so on are those of the piece.
        text: What the engine was told.
        piece: That was given; None of a text alone.
        ranked: Those that agree best with the score first, at least one.
        rejected: The others, and why.
        elapsed_s: From request to ranking.
        stopped: Whether it was stopped before all were made.
        versions: Of the package, the engine and its weights.
        licence: Of the weights; empty where nothing is to be said.
    """

    request: Request
    text: str
    piece: Piece | None
    ranked: tuple[Rendition, ...]
    rejected: tuple[Rejected, ...]
    elapsed_s: float
    stopped: bool
    versions: Mapping[str, str]
    licence: str

    def to_dict(self, files: Mapping[int, str]) -> dict[str, Any]:
        """Return the values of composition.json.

        Args:
            files: Name of the file of each rank.
        """
        return {
            "format": FORMAT,
            "request": self.request.to_dict(),
            "seed": self.request.seed,
            "versions": dict(self.versions),
            "elapsed_s": round(self.elapsed_s, 3),
            "stopped": self.stopped,
            "rejected": [asdict(one) for one in self.rejected],
            "text": self.text,
            "licence": self.licence,
            "given": self.piece and self.piece.to_dict(),
            "candidates": [_candidate(one, files[one.rank]) for one in self.ranked],
        }

    def write(self, folder: Path, ending: str = "wav", **encoding: Any) -> dict[int, Path]:
        """Write all recordings; return their paths by rank.

        Args:
            folder: Where to.
            ending: `wav`, `flac`, `mp3` or `ogg`.
            encoding: Options of `write_recording`: `sample_rate_hz`, `bits`, `channels`.
        """
        folder.mkdir(parents=True, exist_ok=True)
        return {
            one.rank: write_recording(
                one.recording, folder / f"recording-{one.rank}.{ending}", **encoding
            )
            for one in self.ranked
        }


Steps = Iterator[Progress | Orchestration]


def orchestrate(piece: Piece | None = None, text: str = "", **options: Any) -> Orchestration:
    """Make recordings of a piece, of a text, or of both; see `orchestrate_steps`."""
    return last_of(orchestrate_steps(piece, text, **options))


def orchestrate_steps(
    piece: Piece | None = None,
    text: str = "",
    *,
    length_s: float | None = None,
    engine: Engine | str | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    **manner: Any,
) -> Steps:
    """Make recordings step by step; progress holds what can be heard so far.

    Args:
        piece: Whose notes lead it, at its tempos; None for a text alone.
        text: What it is to sound like; empty takes the words of the piece.
        length_s: Seconds, 1 to 600; as long as the piece, or 10, if left out.
        engine: What makes it, its name on the shelf, a folder of a model or its name on the hub.
        should_stop: Asked at every step; when true, what is there is kept, the rest dropped.
        manner: Those of `MANNER`, as in a `Request`.

    Raises:
        RequestError: If neither text nor piece is given, the engine makes no recordings, or it was
            stopped before anything could be heard.
        CheckpointError: If the engine cannot be loaded, in one clear line.
        MissingTool: If its library is not installed.
    """
    _check(piece, text, length_s, manner)
    engine = engine if isinstance(engine, Engine) else open_sound(engine)
    request = _request(piece, manner)
    ask = Sound(
        request=request,
        text=words_of(piece, text),
        piece=piece,
        length_s=length_s or (LENGTH_S if piece is None else _length_of(piece)),
    )
    began_s, takes, heard, stopped = time.monotonic(), list[Take](), None, False
    for step in engine.answer(ask):
        takes += step.takes
        heard = None if step.takes else step.sound or heard
        progress = Progress.since(began_s, len(takes), request.candidates, step.share)
        yield replace(progress, sound=step.sound)
        if should_stop():
            stopped = True
            break
    if not takes and heard is None:
        raise RequestError(NOTHING_YET)
    if not takes:
        takes = [Take(index=0, music=heard, complete=False)]
    ranked, rejected = _ranked(takes, piece)
    yield Orchestration(
        request=request,
        text=ask.text,
        piece=piece,
        ranked=ranked,
        rejected=rejected,
        elapsed_s=time.monotonic() - began_s,
        stopped=stopped,
        versions=versions_of(engine),
        licence=engine.licence,
    )


def words_of(piece: Piece | None, text: str) -> str:
    """Return what an engine of sound is told: the words of a person, then those of the piece.

    "slow, warm strings; chorale in the style of Bach for choir, in G major, 4/4, 72 bpm"
    """
    words = [text.strip()] if text.strip() else []
    if piece is not None:
        style = f" in the style of {piece.composer}" if piece.composer else ""
        ensemble = piece.ensemble or ensemble_of_piece(piece)
        players = f" for {ensemble}" if ensemble else ""
        kind = f"{piece.form or 'classical piece'}{style}{players}"
        words.append(f"{kind}, in {piece.key}, {piece.meter}, {piece.tempo_bpm:.0f} bpm")
    return "; ".join(words)[:MAX_TEXT]


def _check(
    piece: Piece | None, text: str, length_s: float | None, manner: Mapping[str, Any]
) -> None:
    """Refuse what cannot be made.

    Raises:
        RequestError: With what would do.
    """
    if not isinstance(text, str) or len(text) > MAX_TEXT:
        raise OptionError(f"`text` must be a text of at most {MAX_TEXT} characters")
    if piece is None and not text.strip():
        raise RequestError("give a piece, a text such as 'a calm string quartet', or both")
    if piece is not None and not piece.n_notes:
        raise RequestError("the piece has no notes to follow")
    low_s, high_s = LENGTHS_S
    if length_s is not None and not low_s <= length_s <= high_s:
        raise OptionError(f"`length_s` must be from {low_s:g} to {high_s:g}, got {length_s!r}")
    unknown = sorted(set(manner) - set(MANNER))
    if unknown:
        raise OptionError(f"there is no option {unknown[0][:40]!r}; there are {', '.join(MANNER)}")


def _length_of(piece: Piece) -> float:
    """Return how long a recording of a piece is, within what can be made."""
    low_s, high_s = LENGTHS_S
    return min(max(piece.length_s, low_s), high_s)


def _request(piece: Piece | None, manner: Mapping[str, Any]) -> Request:
    known: dict[str, Any] = {}
    if piece is not None:
        n_parts = len(piece.parts)
        known = {
            "composer": piece.composer[:MAX_NAME] or None,
            "form": piece.form[:MAX_NAME] or None,
            "ensemble": piece.ensemble[:MAX_NAME] or None,
            "key": piece.key,
            "bars": min(MAX_BARS, piece.n_bars),
            "parts": n_parts if n_parts <= MAX_PARTS_ASKED else None,
        }
    return Request.from_dict(known | dict(USUAL) | dict(manner))


def _ranked(
    takes: list[Take], piece: Piece | None
) -> tuple[tuple[Rendition, ...], tuple[Rejected, ...]]:
    """Rank takes by their agreement with the score, then by number.

    Raises:
        RequestError: If all of them are silent.
    """
    found: list[Rendition] = []
    rejected: list[Rejected] = []
    for take in takes:
        sound = take.music
        if not isinstance(sound, Recording) or np.abs(sound.samples).max() < _SILENCE:
            rejected.append(Rejected(take.index, take.reason or "it is silent"))
            continue
        agreed = None if piece is None else agreement(piece, sound)
        found.append(Rendition(0, take.index, sound, agreed, take.record))
    if not found:
        raise RequestError(
            f"none of {len(takes)} recordings can be heard ({rejected[0].reason}); try other words "
            "or another seed"
        )
    found.sort(key=lambda one: (-one.agreement.whole if one.agreement else 0.0, one.index))
    ranked = tuple(replace(one, rank=rank) for rank, one in enumerate(found, start=1))
    return ranked, tuple(rejected)


def _candidate(one: Rendition, file: str) -> dict[str, Any]:
    sound = one.recording
    return {
        "rank": one.rank,
        "index": one.index,
        "recording": {
            "file": file,
            "rate_hz": sound.rate_hz,
            "channels": sound.channels,
            "length_s": round(sound.length_s, 3),
        },
        "agreement": one.agreement and _rounded(one.agreement.whole),
        "agreement_per_bar": one.agreement and [_rounded(bar) for bar in one.agreement.bars],
        "record": dict(one.record),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 3)
