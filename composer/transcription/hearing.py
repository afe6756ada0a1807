"""Bytes of a sound file -> played notes. Runs in a worker: `parse` is what the process is given.

A single line is heard by its pitch, several voices by the network of `voices`; which of both it is
can be told by how much of the time two notes sound together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from composer.errors import OptionError, RequestError, ScoreFileError
from composer.piece import Piece
from composer.theory import parse_meter
from composer.transcription import line, voices
from composer.transcription.grid import Grid
from composer.transcription.played import PlayedNote, moved
from composer.transcription.sound import Samples, decode, normalised, resampled
from composer.transcription.writing import Frame, write

KINDS = ("auto", "line", "voices")
MAX_NOTES = 12_000
_TOGETHER_SHARE = 0.15  # of the time that notes sound; more is several voices
_OCTAVES = (12, 19, 24, 28, 31, 36)  # partials that are taken for notes
_LEAST_CERTAINTY = 0.3
_STEADY_SHARE, _STEADY_SEMITONES = 0.35, 0.5
_COUNT_IN = re.compile(
    r"tempo=(?P<tempo>[0-9.]{1,8}) meter=(?P<meter>[0-9/]{1,7}) first-bar=(?P<first>[0-9.]{1,8})"
)
_TAPS = re.compile(r"meter=(?P<meter>[0-9/]{1,7}) taps=(?P<taps>[0-9.,]{1,40000})")
_HOP_S = 0.004
_QUIET_S, _LEAST_RISE, _MOST_DELAY_S = 0.1, 0.03, 0.15
_NOTHING = "no notes were found in the recording; sing or play louder, and nearer to the microphone"
_SPEECH = "the recording sounds like speech or noise and not like notes; sing or play them"


@dataclass(frozen=True)
class Heard:
    """What was heard.

    Args:
        kind: `line` or `voices`.
        notes: By onset, at least one.
        length_s: Of the recording.
        delay_s: By how much notes were found late, and were moved earlier.
        comment: Of the file; a recording of the page names its count-in there.
    """

    kind: str
    notes: tuple[PlayedNote, ...]
    length_s: float
    delay_s: float
    comment: str = ""


def hear(data: bytes, kind: str = "auto") -> Heard:
    """Hear the notes of a sound file.

    Args:
        data: Its content.
        kind: One of `KINDS`.

    Raises:
        ScoreFileError: If it cannot be read, or holds no notes.
        OptionError: If there is no such kind.
    """
    if kind not in KINDS:
        raise OptionError(f"`kind` must be one of {', '.join(KINDS)}, got {kind[:20]!r}")
    sound = decode(data)
    samples, rate_hz = sound.samples, sound.rate_hz
    wide = normalised(resampled(samples, rate_hz, voices.RATE_HZ))
    posteriors = voices.read_posteriors(wide)
    notes = voices.make_notes(posteriors)
    if kind == "auto":
        kind = "voices" if _is_together(notes) else "line"
    if kind == "line":
        heard = line.read_line(normalised(resampled(samples, rate_hz, line.RATE_HZ)))
        _check_singing(heard)
        notes = line.make_line(heard, posteriors)
    _check_notes(notes)
    delay_s = find_delay(wide, notes)
    return Heard(kind, moved(notes, -delay_s), len(samples) / rate_hz, delay_s, sound.comment)


def _is_together(notes: Sequence[PlayedNote]) -> bool:
    """Whether much of the time two notes sound that are not partials of one."""
    if not notes:
        return False
    ends = max(one.end_s for one in notes)
    sounding: list[set[int]] = [set() for _ in range(int(ends / 0.05) + 1)]
    for one in notes:
        for n in range(int(one.onset_s / 0.05), int(one.end_s / 0.05)):
            sounding[n].add(one.pitch)
    n_sounding = sum(bool(chord) for chord in sounding)
    n_together = sum(
        any(pitch - min(chord) not in (0, *_OCTAVES) for pitch in chord)
        for chord in sounding
        if chord
    )
    return n_together > _TOGETHER_SHARE * n_sounding


def _check_singing(heard: line.Line) -> None:
    """Refuse what slides all the time, as speech does.

    Raises:
        ScoreFileError: In one sentence.
    """
    if (heard.voicing >= 0.5).sum() < line.SMOOTH_FRAMES:
        raise ScoreFileError(_NOTHING)
    smooth, known = line.smoothed(heard)
    moves = np.abs(smooth[line.SMOOTH_FRAMES :] - smooth[: -line.SMOOTH_FRAMES])
    both = known[line.SMOOTH_FRAMES :] & known[: -line.SMOOTH_FRAMES]
    if not both.any() or (moves[both] < _STEADY_SEMITONES).mean() < _STEADY_SHARE:
        raise ScoreFileError(_SPEECH)


def _check_notes(notes: Sequence[PlayedNote]) -> None:
    if not notes:
        raise ScoreFileError(_NOTHING)
    if float(np.mean([one.certainty for one in notes])) < _LEAST_CERTAINTY:
        raise ScoreFileError(_SPEECH)
    if len(notes) > MAX_NOTES:
        raise ScoreFileError(f"more than {MAX_NOTES:,} notes were found; give a shorter recording")


def find_delay(samples: Samples, notes: Sequence[PlayedNote]) -> float:
    """Return how late notes are found, in seconds: the time that their sound takes to rise.

    Notes that begin out of silence tell, since nothing covers their beginning; the middle of them.

    Args:
        samples: At the rate of `voices`.
        notes: By onset.
    """
    hop = round(_HOP_S * voices.RATE_HZ)
    n_hops = len(samples) // hop
    levels = np.abs(samples[: n_hops * hop]).reshape(n_hops, hop).max(axis=1)
    delays, last_end = [], -1.0
    for one in notes:
        if one.onset_s - last_end >= _QUIET_S:
            first = int(max(0.0, one.onset_s - _MOST_DELAY_S) / _HOP_S)
            end = min(n_hops, int((one.onset_s + 0.3) / _HOP_S))
            threshold = _LEAST_RISE * float(levels[first:end].max(initial=0.0))
            here = min(n_hops - 1, int(one.onset_s / _HOP_S))
            faint = np.flatnonzero(levels[first : here + 1] < threshold)
            # Noise that covers the beginning tells nothing; a recording may begin with its note.
            if len(faint) or first == 0:
                begin = first + int(faint[-1]) + 1 if len(faint) else first
                delays.append(one.onset_s - begin * _HOP_S)
        last_end = max(last_end, one.end_s)
    found = float(np.median(delays)) if delays else 0.0
    return min(_MOST_DELAY_S, max(0.0, found))


# --- In a worker --------------------------------------------------------------------------------


def parse(payload: bytes) -> bytes:
    """Hear and write down a sound file.

    Args:
        payload: A line of JSON (`kind`, `title` and the fields of a `Frame`), then the file.

    Returns:
        JSON: `kind`, `length_s`, `delay_s`, `notes`, `piece`, `grid`.
    """
    head, _, data = payload.partition(b"\n")
    options = json.loads(head)
    heard = hear(data, options["kind"])
    meter = options["meter"]
    frame = Frame(
        options["tempo_bpm"],
        parse_meter(meter) if meter else None,
        options["first_bar_s"],
        tuple(options["taps_s"]),
    )
    piece, grid = _write(heard, frame, options["title"])
    values = {
        "kind": heard.kind,
        "length_s": heard.length_s,
        "delay_s": heard.delay_s,
        "notes": [[n.onset_s, n.pitch, n.end_s, n.velocity, n.certainty] for n in heard.notes],
        "piece": piece.to_dict(),
        "grid": _grid_to_dict(grid),
    }
    return json.dumps(values).encode()


def _write(heard: Heard, frame: Frame, title: str) -> tuple[Piece, Grid]:
    """Write down what was heard; a count-in that does not fit the notes is passed over."""
    is_line = heard.kind == "line"
    counted = frame_of_comment(heard.comment) if frame == Frame() else None
    if counted:
        try:
            return write(heard.notes, counted, is_line=is_line, title=title)
        except RequestError:
            frame = Frame(counted.tempo_bpm, counted.meter)
    return write(heard.notes, frame, is_line=is_line, title=title)


def frame_of_comment(comment: str) -> Frame | None:
    """Return what the comment of a recording says of its beats; None if it says nothing.

    Args:
        comment: Such as `tempo=96 meter=3/4 first-bar=0.350` after a count-in, or
            `meter=3/4 taps=0.512,1.130,1.741,2.366`.
    """
    words = comment.strip("\0 ")
    counted, tapped = _COUNT_IN.fullmatch(words), _TAPS.fullmatch(words)
    try:
        if tapped:
            taps_s = tuple(map(float, tapped["taps"].split(",")))
            return Frame(meter=parse_meter(tapped["meter"]), taps_s=taps_s)
        if not counted:
            return None
        tempo_bpm, first_bar_s = float(counted["tempo"]), float(counted["first"])
        return Frame(tempo_bpm, parse_meter(counted["meter"]), first_bar_s)
    except (OptionError, ValueError):
        return None


def _grid_to_dict(grid: Grid) -> dict[str, Any]:
    return {
        "meter": str(grid.meter),
        "times_s": grid.times_s.tolist(),
        "first": grid.first,
        "certainty": grid.certainty,
    }
