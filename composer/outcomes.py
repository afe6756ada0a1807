"""What was asked for, held against what came: every setting measured on a candidate.

Nothing of craft is judged here. A level (`density`, `register`, `chromaticity`, `liveliness`) is
the place of a value in the band of real pieces of the form: its lower third is `low`, its upper
`high`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean

from composer.engines import style_of
from composer.piece import Piece, tell_chords
from composer.rendering import loudness_of
from composer.request import Request
from composer.scorecard import Scorecard
from composer.theory import Key, estimate_key, pitch_name
from composer.units import beats_to_seconds

PARALLELS = {"parallel_fifths": "fifths", "parallel_octaves": "octaves"}
LENGTH_TOLERANCE = 0.05
THIRD = 1 / 3
_FAR = float("inf")
RANGES = {
    "low": (-_FAR, THIRD),
    "not high": (-_FAR, 1 - THIRD),
    "medium": (THIRD, 1 - THIRD),
    "not low": (THIRD, _FAR),
    "high": (1 - THIRD, _FAR),
}
# Mean pitch of 14,489 training pieces by ensemble, 10th and 90th percentile.
REGISTERS = {
    "choir": (59.3, 67.4),
    "keyboard": (57.0, 68.2),
    "voice and piano": (57.7, 66.4),
    "string quartet": (61.5, 67.5),
    "ensemble": (59.9, 72.8),
    "trio sonata": (63.8, 69.5),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One setting, and what came of it.

    Args:
        name: Of a setting, or `close` or `parallels`.
        asked, got: As a page may show them.
        is_kept: Whether they agree.
    """

    name: str
    asked: str
    got: str
    is_kept: bool


def compare_with_request(request: Request, piece: Piece, card: Scorecard) -> tuple[Outcome, ...]:
    """Hold a piece against what was asked for; open settings are left out, the close never is.

    Key and mode are those that the notes sound like (`theory.estimate_key`), and the close is the
    last bass note, the lowest that sounds when the last note begins, on the tonic. Part-writing
    asks for no parallels where nine in ten real pieces of the form have none.

    Args:
        request: The settings.
        piece: What came.
        card: Of the piece.
    """
    found: list[Outcome] = []
    bass = _last_bass(piece)
    if request.key is not None:
        heard = _heard_key(piece, request.key, bass)
        found.append(Outcome("key", str(request.key), str(heard), heard == request.key))
        mode = request.key.mode
        found.append(Outcome("mode", mode, heard.mode, heard.mode == mode))
    elif request.mode is not None:
        heard, _ = estimate_key(_durations(piece), None if bass is None else bass % 12)
        found.append(Outcome("mode", request.mode, heard.mode, heard.mode == request.mode))
    if request.meter is not None:
        meters = list(dict.fromkeys(str(change.meter) for change in piece.meters))
        asked = str(request.meter)
        found.append(Outcome("meter", asked, ", ".join(meters), meters == [asked]))
    counts = [("bars", request.bars, piece.n_bars), ("parts", request.parts, len(piece.parts))]
    found += [Outcome(n, str(asked), str(got), asked == got) for n, asked, got in counts if asked]
    found += [*_compare_course(request, piece), *_compare_levels(request, piece, card)]
    if request.chords is not None:
        asked = str(request.chords)
        found.append(Outcome("chords", asked, *tell_chords(request.chords, piece)))
    found.append(_close(bass, request.key or piece.key))
    avoided = [s for s in card.scores if s.name in PARALLELS and s.high == 0.0]
    if request.part_writing > 0 and avoided:
        got = ", ".join(f"{PARALLELS[s.name]}: {len(s.places)}" for s in avoided if s.value > 0)
        found.append(Outcome("parallels", "none", got or "none", not got))
    return tuple(found)


def _heard_key(piece: Piece, asked: Key, bass: int | None) -> Key:
    """Return the key that the notes sound like; in the spelling of the asked one if it is that."""
    heard, _ = estimate_key(_durations(piece), None if bass is None else bass % 12)
    is_same = (heard.tonic_pitch_class, heard.mode) == (asked.tonic_pitch_class, asked.mode)
    return asked if is_same else heard


def _durations(piece: Piece) -> list[float]:
    durations = [0.0] * 12
    for part in piece.parts:
        for note in part.notes:
            length = note.duration_beats
            durations[note.pitch % 12] += length.numerator / length.denominator
    return durations


def _compare_course(request: Request, piece: Piece) -> Iterator[Outcome]:
    """Compare tempo, length, loudness and what was to be avoided."""
    tempo = request.tempo_bpm
    if tempo is not None:
        is_kept = abs(piece.tempo_bpm - tempo) <= 1.0
        yield Outcome("tempo", f"{tempo:.0f}", f"{piece.tempo_bpm:.0f}", is_kept)
    if request.length_s is not None:
        length_s = beats_to_seconds(piece.length_beats, piece.tempo_bpm)
        is_kept = abs(length_s - request.length_s) <= LENGTH_TOLERANCE * request.length_s
        yield Outcome("length", f"{request.length_s:.0f} s", f"{length_s:.0f} s", is_kept)
    if request.loudness is not None:
        got = loudness_of(piece)
        yield Outcome("loudness", request.loudness, got or "as usual", got == request.loudness)
    if request.avoided:
        names = piece.composer, piece.form, piece.ensemble, str(piece.key), str(piece.meter)
        has = {*names, style_of(piece.composer) or ""}
        found = ", ".join(sorted(request.avoided & has))
        yield Outcome("avoid", f"no {request.avoid}", found or "none", not found)


def _compare_levels(request: Request, piece: Piece, card: Scorecard) -> Iterator[Outcome]:
    for name in ("density", "register", "chromaticity", "liveliness"):
        asked = getattr(request, name)
        place = None if asked is None else level_of(name, piece, card)
        if place is not None:
            low, high = RANGES[asked]
            yield Outcome(name, asked, _level_words(place), low <= place <= high)


def _level_words(place: float) -> str:
    return "low" if place < THIRD else "high" if place > 1 - THIRD else "medium"


def level_of(name: str, piece: Piece, card: Scorecard) -> float | None:
    """Return where a piece lies among real ones: 0 at their 10th percentile, 1 at their 90th.

    Args:
        name: `density`, `register`, `chromaticity` or `liveliness`.
        piece: Whose register is measured here, because no rule of craft has one.
        card: Of the piece; has the other values with the bands of its form.
    """
    if name == "register":
        low, high = REGISTERS.get(piece.ensemble, REGISTERS["ensemble"])
        pitches = [note.pitch for part in piece.parts for note in part.notes]
        return (fmean(pitches) - low) / (high - low) if pitches else None
    rule = {"chromaticity": "scale_share"}.get(name, name)
    score = next((one for one in card.scores if one.name == rule), None)
    if score is None or not score.high > score.low or score.value != score.value:
        return None
    place = (score.value - score.low) / (score.high - score.low)
    return 1.0 - place if name == "chromaticity" else place


def _close(bass: int | None, key: Key) -> Outcome:
    got = "silence" if bass is None else pitch_name(bass, key)
    is_kept = bass is not None and bass % 12 == key.tonic_pitch_class
    return Outcome("close", f"on {key.tonic}", got if bass is None else f"on {got}", is_kept)


def _last_bass(piece: Piece) -> int | None:
    """Return the lowest pitch that sounds when the last note begins."""
    last_beats = max((part.notes[-1].onset_beats for part in piece.parts if part.notes), default=0)
    lowest: int | None = None
    # From the last part up, because fractions take long to compare and the lowest part tells most.
    for part in reversed(piece.parts):
        for note in reversed(part.notes):
            if (lowest is None or note.pitch < lowest) and note.end_beats > last_beats:
                lowest = note.pitch
    return lowest
