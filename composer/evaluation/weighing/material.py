"""What weights are learned from: real pieces, the same ones damaged, and what the model drew.

Real pieces longer than `LONG_BARS` are cut to their last `BARS` bars, so that they stand beside
draws of the same length and still have a close. Pieces that the model was trained on are for
fitting. Others judge: the validation split, then pieces whose licence kept them out of training, if
they share no long run of notes with what was in it. Draws belong to the half of the real piece
whose settings (composer, form, ensemble, parts, key, meter, bars) they were drawn for.

Material is kept in a folder of the caller's, a file a kind, so that a run can go on where one was
stopped; nothing of it belongs into the repository.
"""

from __future__ import annotations

import gzip
import json
import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from composer.composition import Ranked
from composer.corpus import load_corpus
from composer.engines import Compose, Engine
from composer.errors import ComposerError
from composer.evaluation.damage import DAMAGES, damage
from composer.evaluation.weighing.fitting import RAW, REAL
from composer.novelty import longest_shared_run
from composer.piece import MeterChange, Note, Piece
from composer.pipeline.judge import Alone, Judge
from composer.request import Request
from composer.scoring import Surprise
from composer.scoring.weights import FORM_FAMILIES, form_family

BARS, LONG_BARS = 16, 24
LEAST_BARS, LEAST_NOTES = 4, 32
TEMPERATURES = {"temperature 0.7": 0.7, "temperature 1.3": 1.3}


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much material is made.

    Args:
        pieces: Real ones of either half, in every family of forms but those named otherwise.
        pieces_of: Family -> likewise.
        damaged: Real pieces that are damaged, of both halves together.
        draws: Requests and candidates of each for a family, at temperature 1.
        bolder: Likewise, at each of the other temperatures.
    """

    pieces: int = 200
    pieces_of: Mapping[str, int] = field(default_factory=lambda: {"chorale": 300})
    damaged: int = 200
    draws: tuple[int, int] = (40, 8)
    bolder: tuple[int, int] = (6, 8)


@dataclass(frozen=True)
class Sample:
    """One piece, and where it comes from.

    Args:
        kind: `real`, a damage, `raw`, a temperature, or what else a caller draws.
        family: Of forms.
        base: Path of the real piece that it was made from or drawn for.
        judges: Whether it is of the half that judges.
        number: Of the candidate, from 0.
        surprise: What the model says of it; the places of its doubts are not kept.
        piece: The music.
    """

    kind: str
    family: str
    base: str
    judges: bool
    number: int
    surprise: Surprise
    piece: Piece

    def to_json(self) -> str:
        """Return a line of a file."""
        facts = (self.kind, self.family, self.base, self.judges, self.number)
        found = self.surprise
        numbers = [
            _number(found.nats_per_note),
            _number(found.doubt_per_note),
            [_number(value) for value in found.nats_per_bar],
        ]
        return json.dumps([*facts, *numbers, self.piece.to_dict()], separators=(",", ":"))

    @classmethod
    def from_json(cls, line: str) -> Sample:
        """Read a line of a file."""
        kind, family, base, judges, number, nats, doubt, bars, piece = json.loads(line)
        surprise = Surprise(
            nats_per_note=_or_nan(nats),
            nats_per_bar=tuple(map(_or_nan, bars)),
            doubt_per_note=_or_nan(doubt),
        )
        return cls(kind, family, base, judges, number, surprise, Piece.from_dict(piece))


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _number(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


def load_samples(folder: Path, kind: str, family: str) -> list[Sample]:
    """Read all that there is of a kind."""
    found: list[Sample] = []
    for path in sorted(folder.glob(f"{_slug(family, kind)}*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            found += (Sample.from_json(line) for line in file if line.startswith(f'["{kind}",'))
    return found


def make_material(
    folder: Path,
    corpus_folder: Path,
    engine: Engine,
    report: Callable[[str], None],
    sizes: Sizes = Sizes(),
) -> None:
    """Write every file that is not there yet, what is needed most first.

    Args:
        folder: For the files.
        corpus_folder: With a manifest; weights are learned from its pieces of open licence.
        engine: Draws, and says what surprises it.
        report: Hears a line for every file.
        sizes: How much.
    """
    files = Files(folder, report)

    def read(family: str) -> Iterator[Sample]:
        return read_samples(real_samples(corpus_folder, family, sizes), engine)

    real = {family: files.keep(REAL, family, partial(read, family)) for family in FORM_FAMILIES}
    for family, found in real.items():
        settings = asked_of(found, engine, sizes.draws, 1.0, 0)
        files.keep(RAW, family, partial(drawn, settings, RAW, engine))
        some = damageable(found, sizes.damaged)
        for kind in DAMAGES:
            files.keep(kind, family, partial(_read_damaged, some, kind, engine))
    for seed, (kind, heat) in enumerate(TEMPERATURES.items(), start=1):
        for family, found in real.items():
            settings = asked_of(found, engine, sizes.bolder, heat, 10_000 * seed)
            files.keep(kind, family, partial(drawn, settings, kind, engine))


@dataclass(frozen=True)
class Files:
    """Where material is kept.

    Args:
        folder: Made if it is not there.
        report: Hears a line for every file that is written.
    """

    folder: Path
    report: Callable[[str], None]

    def keep(self, name: str, family: str, make: Callable[[], Iterable[Sample]]) -> list[Sample]:
        """Return what a file holds; make and write it first if it is not there."""
        path = self.folder / f"{_slug(family, name)}.jsonl.gz"
        if not path.is_file():
            self.folder.mkdir(parents=True, exist_ok=True)
            found = list(make())
            with gzip.open(path, "wt", encoding="utf-8", compresslevel=3) as file:
                file.writelines(sample.to_json() + "\n" for sample in found)
            if found:
                self.report(f"{name}, {family}: {len(found)} pieces")
        return load_samples(self.folder, name, family)


def damageable(real: Sequence[Sample], n: int) -> list[Sample]:
    """Return the first n real pieces, half of each half: those that the model never saw first."""
    halves = [[sample for sample in real if sample.judges is judges] for judges in (True, False)]
    return [sample for half in halves for sample in half[: n // 2]]


# --- Real pieces --------------------------------------------------------------------------------


def real_samples(corpus_folder: Path, family: str, sizes: Sizes) -> Iterator[Sample]:
    """Yield real pieces of a family, cut: those that the model never saw, then those it did."""
    corpus = load_corpus(corpus_folder)
    entries = [entry for entry in corpus.entries if form_family(entry.form) == family]
    entries.sort(key=lambda e: (e.licence_class != "open", _wanted_later(e), _hash(e.path)))
    n_pieces = sizes.pieces_of.get(family, sizes.pieces)
    for judges in (True, False):
        half = tuple(entry for entry in entries if _is_unseen(entry) is judges)
        pieces = replace(corpus, entries=half, refusals=()).pieces()
        found = (_real_sample(entry, piece, family) for entry, piece in pieces)
        yield from islice((sample for sample in found if sample), n_pieces)


def _is_unseen(entry: Any) -> bool:
    """Tell whether a piece took no part in training."""
    return bool(entry.split != "train" or entry.licence_class != "open")


def _wanted_later(entry: Any) -> bool:
    """Tell which chorales come last: those in two parts, a tune over a figured bass."""
    return bool(entry.form == "chorale" and entry.ensemble != "choir")


def _real_sample(entry: Any, piece: Any, family: str) -> Sample | None:
    if not isinstance(piece, Piece) or piece.n_bars < LEAST_BARS:
        return None
    close = closing(piece, BARS) if piece.n_bars > LONG_BARS else piece
    is_whole = close.n_notes >= LEAST_NOTES and all(part.notes for part in close.parts)
    if not is_whole or len(close.parts) > 8:
        return None
    judges = _is_unseen(entry)
    if judges and longest_shared_run(close).is_copy:  # the same music in another edition
        return None
    return Sample(REAL, family, entry.path, judges, 0, Surprise(), close)


def closing(piece: Piece, n_bars: int) -> Piece:
    """Return the last bars of a piece; notes that sound over the cut begin with it."""
    first = piece.bars[piece.n_bars - n_bars]
    start = first.onset_beats
    parts = tuple(
        replace(
            part, notes=tuple(sorted(_later(n, start) for n in part.notes if n.end_beats > start))
        )
        for part in piece.parts
    )
    changes = tuple(
        MeterChange(change.onset_beats - start, change.meter)
        for change in piece.meters
        if change.onset_beats > start
    )
    meters = (MeterChange(Fraction(0), first.meter), *changes)
    return replace(piece, parts=parts, meters=meters, n_bars=n_bars)


def _later(note: Note, start: Fraction) -> Note:
    onset = max(note.onset_beats, start)
    return replace(note, onset_beats=onset - start, duration_beats=note.end_beats - onset)


def damaged_samples(real: Sequence[Sample], kind: str) -> Iterator[Sample]:
    """Yield real pieces after one damage; those that it leaves as they are, are left out."""
    for sample in real:
        piece = damage(sample.piece, kind, _hash(sample.base))
        if piece != sample.piece:
            yield replace(sample, kind=kind, piece=piece)


def _read_damaged(real: Sequence[Sample], kind: str, engine: Engine) -> Iterator[Sample]:
    return read_samples(damaged_samples(real, kind), engine)


def read_samples(samples: Iterable[Sample], engine: Engine) -> Iterator[Sample]:
    """Add how surprising pieces are to the model."""
    kept = list(samples)
    for sample, found in zip(kept, engine.read([one.piece for one in kept]), strict=True):
        yield replace(sample, surprise=found or Surprise())


# --- Draws --------------------------------------------------------------------------------------


Asked = tuple[Sample, Request]


def asked_of(
    real: Sequence[Sample], engine: Engine, size: tuple[int, int], temperature: float, seed: int
) -> list[Asked]:
    """Return real pieces, half of them for judging, and requests for what they fulfil.

    Args:
        real: Of one family.
        engine: Says what may be asked for.
        size: Requests, and candidates of each.
        temperature: Of the requests.
        seed: Of the first request, and of the choice of pieces.
    """
    n_requests, n_candidates = size
    found: list[Asked] = []
    for base in _in_turn(real, seed):
        request = request_of(base.piece, engine, n_candidates, temperature, seed + len(found))
        if request and len(found) < n_requests:
            found.append((base, request))
    return found


def drawn(settings: Sequence[Asked], kind: str, engine: Engine) -> Iterator[Sample]:
    """Yield the candidates of requests."""
    for base, request in settings:
        yield from _draw(engine, request, base, kind)


def _in_turn(real: Sequence[Sample], seed: int) -> Iterator[Sample]:
    """Yield real pieces of both halves by turns, in an order of the seed; Bach's chorales only."""
    rng = np.random.default_rng(seed)
    is_bach = [s for s in real if s.family != "chorale" or is_bach_chorale(s.piece)]
    halves = [[s for s in is_bach if s.judges is judges] for judges in (True, False)]
    for half in halves:
        rng.shuffle(half)
    for pair in zip_longest(*halves):
        yield from (sample for sample in pair if sample)


def is_bach_chorale(piece: Piece) -> bool:
    """Tell a chorale for four voices by Bach."""
    return (piece.composer, piece.form, len(piece.parts)) == ("Bach", "chorale", 4)


def request_of(
    piece: Piece, engine: Engine, n_candidates: int, temperature: float, seed: int
) -> Request | None:
    """Return the settings that a piece fulfils; None if the menu does not have them."""
    pairs = {(row.composer, row.form) for row in engine.menu}
    if piece.form not in {form for _, form in pairs}:
        return None
    try:
        return Request(
            composer=piece.composer if (piece.composer, piece.form) in pairs else None,
            form=piece.form,
            ensemble=piece.ensemble,
            parts=len(piece.parts),
            key=piece.key,
            meter=piece.meter,
            bars=piece.n_bars,
            temperature=temperature,
            candidates=n_candidates,
            seed=seed,
        )
    except ComposerError:
        return None


def _draw(engine: Engine, request: Request, base: Sample, kind: str) -> Iterator[Sample]:
    judge = Judge.of(engine, Alone())
    try:
        takes = (take for step in engine.draw(Compose(request)) for take in step.takes)
        for take in takes:
            if take.piece and isinstance(judge.judge(take), Ranked):
                surprise = take.surprise or Surprise()
                found = replace(base, kind=kind, number=take.index, surprise=surprise)
                yield replace(found, piece=take.piece)
    except ComposerError:
        return


def _hash(text: str) -> int:
    return zlib.crc32(text.encode())


def _slug(family: str, kind: str) -> str:
    return f"{family}-{kind}".replace(" %", "").replace(" ", "-")
