"""`Composition`: ranked candidates and all it takes to make them again. Knows no engine.

Ranked by the request first: a candidate that has all that was asked for stands before one that
misses something, whatever their totals; what became of each setting stands beside it.

Its JSON, `composition.json`, is of format 2: the request, the seed, versions, and of every
candidate the notes, the scores, and the record of the engine, which only that engine reads.
`replay` rebuilds the notes anywhere, without an engine. Files of format 1, which held events in
place of notes, still open.

    {"format": 2, "request": {...}, "seed": 7, "versions": {...},
     "candidates": [{"rank": 1, "index": 4, "total": 71.3, "piece": {...}, "record": {...}}, ...]}
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from composer.branches import Tree
from composer.engines import Record, upgrade_document
from composer.errors import ComposerError, RequestError
from composer.outcomes import Outcome, compare_with_request
from composer.piece import STYLE_CREDIT, Piece
from composer.request import MAX_CANDIDATES, Request
from composer.scorecard import Scorecard
from composer.scoring import score
from composer.version import VERSION

FORMAT = 2
MAX_SLUG = 60  # characters of a name in a file's name
_NO_COMPOSITION = "the file is no composition.json; give one that `compose` wrote"
_NO_NOTES = "these candidates are recordings, which have no notes; choose a file that has notes"
# What reading any other text may end in.
_BROKEN = (
    AttributeError,
    LookupError,
    OverflowError,
    RecursionError,
    ComposerError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True)
class Rejected:
    """A candidate that is no music, or none that will do, and why.

    Args:
        index: Its number in the request, from 0.
        reason: One sentence.
        given_up_after_bar: The last bar of one that was given up on the way; None for all others.
    """

    index: int
    reason: str
    given_up_after_bar: int | None = None


def count_given_up(rejected: Iterable[Rejected]) -> int:
    """Return how many were given up on the way; see `Request.prune`."""
    return sum(one.given_up_after_bar is not None for one in rejected)


@dataclass(frozen=True)
class Ranked:
    """A candidate with its place.

    Args:
        rank: 1 is the best.
        index: Its number in the request, from 0.
        piece: As composed.
        scorecard: Why it stands there.
        nats_per_note: Mean surprise of the engine's model; None if it cannot tell.
        record: What the engine remembers of it.
        kept: Every setting beside what came of it; filled in where candidates are ranked.
    """

    rank: int
    index: int
    piece: Piece
    scorecard: Scorecard
    nats_per_note: float | None = None
    record: Record = field(default_factory=dict)
    kept: tuple[Outcome, ...] = ()

    @property
    def layout(self) -> str:
        """What its bars were to be, as docs/tokens.md writes it; empty where nothing was said."""
        return str(self.record.get("layout", ""))

    @property
    def entries(self) -> str:
        """When the voices of a fugue were to enter with its subject; empty of all else."""
        return str(self.record.get("entries", ""))

    @property
    def order(self) -> tuple[float, float, int]:
        """Sorts the better first: by total, then by the likelier one, then by number."""
        nats = 0.0 if self.nats_per_note is None else self.nats_per_note
        return -self.scorecard.total, nats, self.index

    @property
    def n_missed(self) -> int:
        """How many settings it does not keep."""
        return sum(not setting.is_kept for setting in self.kept)

    @property
    def fit(self) -> float:
        """The share of what was asked for that it keeps, 0..1; nothing of craft."""
        return 1.0 - self.n_missed / len(self.kept) if self.kept else 1.0


@dataclass(frozen=True)
class Composition:
    """What came of a request.

    Args:
        request: The settings.
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
    versions: Mapping[str, str]

    @classmethod
    def of(cls, request: Request, found: Iterable[Ranked], **facts: Any) -> Composition:
        """Rank candidates: by settings kept, by total, by the likelier one, then by number."""
        order = sorted(
            (
                replace(one, kept=compare_with_request(request, one.piece, one.scorecard))
                for one in found
            ),
            key=lambda one: (one.n_missed, one.order),
        )
        ranked = tuple(
            replace(one, rank=place, piece=entitled(one.piece, request.seed))
            for place, one in enumerate(order, start=1)
        )
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

    def facts(self) -> dict[str, Any]:
        """Return what every composition.json says of how it came about, as JSON values."""
        return {
            "format": FORMAT,
            "request": self.request.to_dict(),
            "seed": self.request.seed,
            "versions": dict(self.versions),
            "elapsed_s": round(self.elapsed_s, 3),
            "stopped": self.stopped,
            "rejected": [asdict(one) for one in self.rejected],
        }

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values, with the notes of all candidates, so that each can be replayed."""
        return self.facts() | {"candidates": [_candidate_dict(one) for one in self.ranked]}

    def to_json(self) -> str:
        """Return the text of composition.json."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False) + "\n"


def entitled(piece: Piece, seed: int | None) -> Piece:
    """Return a composed piece with a title and a credit; one that has a title keeps its own.

    `Nocturne in E-flat major`, `in the style of Chopin · Composer 0.2, seed 7`: files print the
    credit, and never the name of a composer who did not write the piece.

    Args:
        piece: Its `composer` is the one whose style was asked for, if any.
        seed: Of the request.
    """
    if piece.title or piece.credit:
        return piece
    kind = piece.form[:1].upper() + piece.form[1:] or "Piece"
    tonic = piece.key.tonic.replace("b", "-flat").replace("#", "-sharp")
    made = f"Composer {VERSION}" + (f", seed {seed}" if seed is not None else "")
    return replace(
        piece,
        title=f"{kind} in {tonic} {piece.key.mode}",
        credit=f"{STYLE_CREDIT}{piece.composer} · {made}" if piece.composer else made,
    )


def replay(text: str, rank: int = 1) -> Piece:
    """Rebuild a candidate of a composition.json, note for note.

    Args:
        text: Of the file.
        rank: 1 is the best.

    Raises:
        RequestError: If the text is no composition, or has no such rank.
    """
    document = read_document(text)
    try:
        if "tree" in document:
            return Tree.from_dict(document["tree"]).replayed(rank)
        candidates = document["candidates"]
        n_candidates = len(candidates)
        if isinstance(rank, int) and 1 <= rank <= n_candidates:
            return _read_piece(candidates[rank - 1], document.get("given"))
    except RequestError:
        raise
    except _BROKEN as error:
        raise RequestError(_NO_COMPOSITION) from error
    raise RequestError(f"`rank` must be 1 to {n_candidates}, got {rank}")


def read_composition(text: str, most: int = MAX_CANDIDATES) -> Composition:
    """Read a composition.json: the notes of the file, in its order, as this version scores them.

    Args:
        text: Of the file.
        most: Candidates that are read.

    Raises:
        RequestError: If the text is no composition.
    """
    document = read_document(text)
    try:
        request = Request.from_dict(document["request"])
        found = document["candidates"][:most]
        ranked = tuple(_read_ranked(request, one, n) for n, one in enumerate(found, start=1))
        rejected = tuple(Rejected(one["index"], str(one["reason"])) for one in document["rejected"])
        versions = {str(name): str(version) for name, version in document["versions"].items()}
        elapsed_s, stopped = float(document["elapsed_s"]), document["stopped"] is True
    except RequestError:
        raise
    except _BROKEN as error:
        raise RequestError(_NO_COMPOSITION) from error
    if not ranked:
        raise RequestError(_NO_COMPOSITION)
    return Composition(request, ranked, rejected, elapsed_s, stopped, versions)


def _read_ranked(request: Request, values: Mapping[str, Any], rank: int) -> Ranked:
    piece, nats = _read_piece(values, None), values["nats_per_note"]
    card, nats = score(piece), None if nats is None else float(nats)
    kept = compare_with_request(request, piece, card)
    return Ranked(rank, int(values["index"]), piece, card, nats, dict(values["record"]), kept)


def read_document(text: str) -> dict[str, Any]:
    """Read a composition.json of any format as one of the present format.

    Raises:
        RequestError: If the text is none.
    """
    try:
        document = json.loads(text)
        if document["format"] == 1:
            document = upgrade_document(document)
        if document["format"] != FORMAT:
            found = str(document["format"])[:40]
            raise RequestError(f"composition.json has format {found!r}, not 1 or {FORMAT}")
    except RequestError:
        raise
    except _BROKEN as error:
        raise RequestError(_NO_COMPOSITION) from error
    return dict(document)


def piece_beside(piece: Piece, given: Piece) -> dict[str, Any]:
    """Return a piece as JSON values in which parts that were given stand by their number."""
    values, kept = piece.to_dict(), {id(part): n for n, part in enumerate(given.parts)}
    parts = zip(piece.parts, values["parts"], strict=True)
    return values | {"parts": [kept.get(id(part), written) for part, written in parts]}


def _read_piece(candidate: Mapping[str, Any], given: Any) -> Piece:
    """Read the piece of a candidate, whose parts may be numbers of parts of a given one."""
    if "recording" in candidate:
        raise RequestError(_NO_NOTES)
    values = candidate["piece"]
    parts = [given["parts"][one] if isinstance(one, int) else one for one in values["parts"]]
    return Piece.from_dict(values | {"parts": parts})


def _candidate_dict(one: Ranked) -> dict[str, Any]:
    return {
        "rank": one.rank,
        "index": one.index,
        "total": one.scorecard.total,
        "nats_per_note": one.nats_per_note,
        "fit": one.fit,
        "kept": [asdict(setting) for setting in one.kept],
        "scorecard": one.scorecard.to_dict(),
        "piece": one.piece.to_dict(),
        "record": dict(one.record),
    }


def _slug(text: str) -> str:
    """Return letters a-z, digits and hyphens, a few at most: `F# minor` -> `f-sharp-minor`."""
    spelled = re.sub(r"^([A-G])b ", r"\1-flat ", text.replace("#", "-sharp"))
    plain = unicodedata.normalize("NFKD", spelled.replace("ł", "l").replace("Ł", "L"))
    letters = plain.encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:MAX_SLUG].strip("-")
