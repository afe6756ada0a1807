"""`Composition`: a ranked set of candidates and all it takes to make them again. Knows no model.

Ranked by wishes first: a candidate that keeps all that was asked for stands before one that misses
something, whatever their totals; what each wish came to stands beside it.

Its JSON (`composition.json`) holds the request, what was decided for open wishes, the seed,
scores, the chosen events, versions and the checkpoint's fingerprint: `replay` rebuilds the same
notes anywhere.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from composer.branches import Tree
from composer.candidates import Rejected
from composer.engines import Draft
from composer.errors import RequestError, TokenError
from composer.piece import Piece
from composer.request import Request
from composer.scorecard import Scorecard
from composer.theory import Key, estimate_key, parse_key, parse_meter, pitch_name
from composer.tokenizer import Conditions, Events, conditions_of, decode_bars, encode_bars
from composer.tokenizer.filling import fill
from composer.tokenizer.vocab import MAX_PARTS

FORMAT = 1
PARALLELS = {"parallel_fifths": "fifths", "parallel_octaves": "octaves"}
MAX_SLUG = 60  # characters of a name in a file's name
# What reading any text but a composition.json may end in.
_NO_COMPOSITION = (
    AttributeError,
    KeyError,
    OverflowError,
    RecursionError,
    TokenError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Wish:
    """One wish, and what came of it.

    Args:
        name: `key`, `mode`, `meter`, `bars`, `parts`, `close` or `parallels`.
        asked, got: As a page may show them.
        is_kept: Whether they agree.
    """

    name: str
    asked: str
    got: str
    is_kept: bool


def compare_wishes(request: Request, piece: Piece, card: Scorecard) -> tuple[Wish, ...]:
    """Hold a piece against what was asked for; open wishes are left out, the close never is.

    Key and mode are those that the notes sound like (`theory.estimate_key`), and the close is the
    last bass note, the lowest that sounds when the last note begins, on the tonic. Part-writing
    asks for no parallels where nine in ten real pieces of the form have none.

    Args:
        request: The wishes.
        piece: What came.
        card: Of the piece.
    """
    found: list[Wish] = []
    bass = _last_bass(piece)
    if request.key is not None:
        heard = _heard_key(piece, request.key, bass)
        found.append(Wish("key", str(request.key), str(heard), heard == request.key))
        mode = request.key.mode
        found.append(Wish("mode", mode, heard.mode, heard.mode == mode))
    if request.meter is not None:
        meters = list(dict.fromkeys(str(change.meter) for change in piece.meters))
        asked = str(request.meter)
        found.append(Wish("meter", asked, ", ".join(meters), meters == [asked]))
    counts = [("bars", request.bars, piece.n_bars), ("parts", request.parts, len(piece.parts))]
    found += [Wish(n, str(asked), str(got), asked == got) for n, asked, got in counts if asked]
    found.append(_close(bass, request.key or piece.key))
    avoided = [s for s in card.scores if s.name in PARALLELS and s.high == 0.0]
    if request.part_writing > 0 and avoided:
        got = ", ".join(f"{PARALLELS[s.name]}: {len(s.places)}" for s in avoided if s.value > 0)
        found.append(Wish("parallels", "none", got or "none", not got))
    return tuple(found)


def _heard_key(piece: Piece, asked: Key, bass: int | None) -> Key:
    """Return the key that the notes sound like; in the spelling of the asked one if it is that."""
    durations = [0.0] * 12
    for part in piece.parts:
        for note in part.notes:
            length = note.duration_beats
            durations[note.pitch % 12] += length.numerator / length.denominator
    heard, _ = estimate_key(durations, None if bass is None else bass % 12)
    is_same = (heard.tonic_pitch_class, heard.mode) == (asked.tonic_pitch_class, asked.mode)
    return asked if is_same else heard


def _close(bass: int | None, key: Key) -> Wish:
    got = "silence" if bass is None else pitch_name(bass, key)
    is_kept = bass is not None and bass % 12 == key.tonic_pitch_class
    return Wish("close", f"on {key.tonic}", got if bass is None else f"on {got}", is_kept)


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


@dataclass(frozen=True)
class Ranked:
    """A candidate with its place.

    Args:
        rank: 1 is the best.
        index: Its number in the request, from 0.
        piece: As composed.
        scorecard: Why it stands there.
        nats_per_note: Mean surprise of the model.
        draft: What it was decoded from; None for a piece that no engine drew.
        kept: Every wish beside what came of it; filled in where candidates are ranked.
    """

    rank: int
    index: int
    piece: Piece
    scorecard: Scorecard
    nats_per_note: float
    draft: Draft | None = None
    kept: tuple[Wish, ...] = ()

    @property
    def n_missed(self) -> int:
        """How many wishes it does not keep."""
        return sum(not wish.is_kept for wish in self.kept)

    @property
    def events(self) -> Events:
        """The chosen rows: bars and END, [N, 4]."""
        return self.draft.events if self.draft else encode_bars(self.piece)

    @property
    def wishes(self) -> Conditions:
        """The wishes it was drawn for, open ones decided."""
        return self.draft.wishes if self.draft else conditions_of(self.piece)


@dataclass(frozen=True)
class Composition:
    """What came of a request.

    Args:
        request: The wishes.
        ranked: Best first, at least one.
        rejected: Draws that became no piece or were given up on the way, and why.
        elapsed_s: From request to ranking.
        stopped: Whether it was stopped before all candidates were drawn.
        versions: Of the package, the runtime, the checkpoint and the vocabulary.
    """

    request: Request
    ranked: tuple[Ranked, ...]
    rejected: tuple[Rejected, ...]
    elapsed_s: float
    stopped: bool
    versions: dict[str, str]

    @classmethod
    def of(cls, request: Request, found: Iterable[Ranked], **facts: Any) -> Composition:
        """Rank candidates: by wishes kept, by total, by the likelier one, then by number."""
        order = sorted(
            (replace(one, kept=compare_wishes(request, one.piece, one.scorecard)) for one in found),
            key=lambda r: (r.n_missed, -r.scorecard.total, r.nats_per_note, r.index),
        )
        ranked = tuple(replace(one, rank=place) for place, one in enumerate(order, start=1))
        return cls(request, ranked, **facts)

    @property
    def piece(self) -> Piece:
        """The best one."""
        return self.ranked[0].piece

    @property
    def scorecard(self) -> Scorecard:
        """Of the best one."""
        return self.ranked[0].scorecard

    def file_stem(self, rank: int = 1) -> str:
        """Return a file name without ending, made from the content.

        Args:
            rank: Whose.
        """
        one = self.ranked[rank - 1]
        piece, words = one.piece, []
        words += [piece.composer, piece.form, str(piece.key), f"{piece.n_bars}-bars"]
        words += [f"seed{self.request.seed}", f"no{one.index + 1}"]
        return "-".join(slug for slug in map(_slug, words) if slug)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; events of all candidates, so that each can be replayed."""
        return {
            "format": FORMAT,
            "request": self.request.to_dict(),
            "seed": self.request.seed,
            "versions": self.versions,
            "elapsed_s": round(self.elapsed_s, 3),
            "stopped": self.stopped,
            "candidates": [_candidate_dict(one) for one in self.ranked],
            "rejected": [asdict(one) for one in self.rejected],
        }

    def to_json(self) -> str:
        """Return the text of composition.json."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False) + "\n"


def replay(text: str, rank: int = 1) -> Piece:
    """Rebuild a candidate of a composition.json, note for note.

    Args:
        text: Of the file.
        rank: 1 is the best.

    Raises:
        RequestError: If the text is no composition, or has no such rank.
    """
    try:
        document = json.loads(text)
        if document["format"] != FORMAT:
            raise RequestError(
                f"composition.json has format {str(document['format'])[:40]!r}, not {FORMAT}"
            )
        if "tree" in document:
            return Tree.from_dict(document["tree"]).replayed(rank)
        if not 1 <= rank <= len(document["candidates"]):
            raise RequestError(f"`rank` must be 1 to {len(document['candidates'])}, got {rank}")
        found = document["candidates"][rank - 1]
        wishes = _read_wishes(found["wishes"])
        events = np.array(found["events"], np.int16).reshape(-1, 4)
        if "filling" in document:
            return _refill(document["filling"], events)
        piece = decode_bars(events, wishes, key=parse_key(found["key"]))
        return replace(piece, tempo_bpm=_read_tempo_bpm(found["tempo_bpm"]))
    except _NO_COMPOSITION as error:
        raise RequestError(
            "the file is no composition.json; give one that `compose` wrote"
        ) from error


def _refill(values: dict[str, Any], events: Events) -> Piece:
    """Put new notes beside those that were given."""
    cuts = [(int(part), int(pitch), Fraction(at)) for part, pitch, at in values["cuts"]]
    given = Piece.from_dict(values["given"])
    return fill(given, int(values["first_bar"]) - 1, events, cuts)


def _candidate_dict(one: Ranked) -> dict[str, Any]:
    wishes = asdict(one.wishes)
    wishes["meter"] = None if one.wishes.meter is None else str(one.wishes.meter)
    return {
        "rank": one.rank,
        "index": one.index,
        "total": one.scorecard.total,
        "nats_per_note": one.nats_per_note,
        "key": str(one.piece.key),
        "tempo_bpm": one.piece.tempo_bpm,
        "wishes": wishes,
        "kept": [asdict(wish) for wish in one.kept],
        "scorecard": one.scorecard.to_dict(),
        "events": one.events.tolist(),
    }


def _read_wishes(values: dict[str, Any]) -> Conditions:
    meter = parse_meter(values["meter"]) if values.get("meter") else None
    wishes = Conditions(**{**values, "meter": meter})
    for text in (wishes.composer, wishes.form, wishes.ensemble):
        if text is not None and not isinstance(text, str):
            raise TypeError("a name must be text")
    if wishes.parts is not None and not 1 <= wishes.parts <= MAX_PARTS:
        raise ValueError("a piece has no such number of parts")
    return wishes


def _read_tempo_bpm(value: Any) -> float:
    tempo_bpm = float(value)
    if not 1 <= tempo_bpm <= 1000:
        raise ValueError("no one plays at such a tempo")
    return tempo_bpm


def _slug(text: str) -> str:
    """Return letters a-z, digits and hyphens, a few at most: `F# minor` -> `f-sharp-minor`."""
    spelled = re.sub(r"^([A-G])b ", r"\1-flat ", text.replace("#", "-sharp"))
    plain = unicodedata.normalize("NFKD", spelled.replace("ł", "l").replace("Ł", "L"))
    letters = plain.encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:MAX_SLUG].strip("-")
