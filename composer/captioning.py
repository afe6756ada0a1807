"""A first data set for models of sound: scores rendered by our own synthesiser, with captions.

A folder holds a recording a score and captions.csv, laid out as MusicCaps is: a file, from when to
when, a caption in a sentence, and a list of its aspects. Captions say only what the manifest and
the score say: form, composer, players, key, meter and tempo.

Source:
    A. Agostinelli et al., MusicLM: Generating music from text, arXiv:2301.11325 (2023), which
    published MusicCaps.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from composer.corpus import Corpus, Refusal
from composer.corpus.detect import ensemble_of_piece
from composer.errors import OptionError, RequestError
from composer.piece import Piece
from composer.rendering import render_audio
from composer.rendering.encoders import check_encoding
from composer.stitching import trim

FILE = "captions.csv"
COLUMNS = ("file", "start_s", "end_s", "caption", "aspect_list")
LENGTHS_S = (2.0, 300.0)
# (quarters a minute below which it is said, in words)
_TEMPI = ((60, "very slow"), (80, "slow"), (108, "moderate"), (140, "fast"), (1_000, "very fast"))


@dataclass(frozen=True)
class Captioned:
    """One score on its way into a data set.

    Args:
        path: Of the score, in its corpus.
        file: Name of the recording; empty if there is none.
        reason: Why there is none.
    """

    path: str
    file: str = ""
    reason: str = ""


def caption_corpus(
    corpus: Corpus,
    out: Path,
    *,
    seconds: float = 30.0,
    ending: str = "flac",
    seed: int = 0,
    render: Callable[[Piece, Path], Path] = render_audio,
) -> Iterator[Captioned]:
    """Render scores and write their captions; what is there already is not rendered again.

    Args:
        corpus: The scores.
        out: Folder of the data set.
        seconds: Of each at most, in whole bars from the beginning, 2 to 300.
        ending: `flac`, `wav`, `mp3` or `ogg`.
        seed: Of the choice among ways to say the same.
        render: As `rendering.render_audio`.

    Raises:
        OptionError: If the seconds are out of range.
        MissingTool: If sound cannot be made here.
    """
    low_s, high_s = LENGTHS_S
    if not low_s <= seconds <= high_s:
        raise OptionError(f"`seconds` must be from {low_s:g} to {high_s:g}, got {seconds!r}")
    check_encoding(Path(f"clip.{ending}"), 44_100, 16)
    out.mkdir(parents=True, exist_ok=True)
    with (out / FILE).open("w", newline="", encoding="utf-8") as table:
        writer = csv.DictWriter(table, COLUMNS)
        writer.writeheader()
        for number, (entry, found) in enumerate(corpus.pieces()):
            if isinstance(found, Refusal):
                yield Captioned(entry.path, reason=found.reason)
                continue
            piece = beginning(found, seconds)
            path = out / f"{number:06}.{ending}"
            try:
                if not path.exists():
                    render(piece, path)
            except RequestError as error:  # of this score alone: it has no notes, or is too long
                yield Captioned(entry.path, reason=str(error))
                continue
            dice = np.random.default_rng([seed, number])
            writer.writerow(_row(piece, path.name, int(dice.integers(len(_WAYS)))))
            yield Captioned(entry.path, path.name)


def beginning(piece: Piece, seconds: float) -> Piece:
    """Return as many whole bars from the beginning as last so long, one at least."""
    if piece.length_s <= seconds:
        return piece
    low, high = 1, piece.n_bars  # bars that fit; bars that may
    while low < high:
        middle = (low + high + 1) // 2
        if trim(piece, 1, middle).length_s <= seconds:
            low = middle
        else:
            high = middle - 1
    return trim(piece, 1, low)


def aspects_of(piece: Piece) -> dict[str, str]:
    """Return what is said of a piece, by name; what is not known is left out."""
    tempo = next(words for most, words in _TEMPI if piece.tempo_bpm < most)
    found = {
        "form": piece.form,
        "composer": piece.composer,
        "ensemble": piece.ensemble or ensemble_of_piece(piece),
        "key": str(piece.key),
        "meter": str(piece.meter),
        "tempo": f"{tempo}, {piece.tempo_bpm:.0f} bpm",
    }
    return {name: words for name, words in found.items() if words}


def _plain(said: dict[str, str]) -> str:
    style = f" in the style of {said['composer']}" if "composer" in said else ""
    players = f" for {said['ensemble']}" if "ensemble" in said else ""
    kind = said.get("form", "classical piece")
    return f"A {kind}{style}{players}, in {said['key']}, {said['meter']} time, {said['tempo']}."


def _players_first(said: dict[str, str]) -> str:
    players = said.get("ensemble", "instruments").capitalize()
    kind = said.get("form", "classical piece")
    style = f" after the manner of {said['composer']}" if "composer" in said else ""
    return f"{players} playing a {kind}{style}; {said['key']}, {said['meter']}, {said['tempo']}."


def _tempo_first(said: dict[str, str]) -> str:
    tempo, bpm = said["tempo"].split(", ")
    kind = said.get("form", "classical piece")
    players = f" with {said['ensemble']}" if "ensemble" in said else ""
    style = f", {said['composer']} style" if "composer" in said else ""
    return (
        f"{tempo.capitalize()} {kind}{players} at {bpm} in {said['key']}, {said['meter']}{style}."
    )


_WAYS = (_plain, _players_first, _tempo_first)


def _row(piece: Piece, file: str, way: int) -> dict[str, str]:
    said = aspects_of(piece)
    return {
        "file": file,
        "start_s": "0",
        "end_s": f"{piece.length_s:.3f}",
        "caption": _WAYS[way](said),
        "aspect_list": json.dumps(list(said.values()), ensure_ascii=False),
    }
