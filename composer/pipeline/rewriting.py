"""Fill: bars, parts or whole accompaniments written anew beside notes that stay as they are.

    infill      marked bars, of all or of some parts
    paint       areas of pitch and time, whatever bars and parts they lie in
    vary        the same, from close to the given bars (0) to written anew (1)
    harmonise   all other parts to a melody, or to one part of a piece

Every result is the given piece's own notes and new ones; what was given never passes the model.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from composer.cells import Blank, Cells, cells_of, clear
from composer.composition import Composition, piece_beside
from composer.corpus.detect import ensemble_of_piece
from composer.engines import Engine, Fill, check_menu, decide, named_for
from composer.errors import OptionError, RequestError
from composer.piece import Note, Part, Piece, progression_of
from composer.pipeline.chain import range_of
from composer.pipeline.judge import Judge, Within
from composer.pipeline.many_parts import (
    MAX_PARTS_HEARD,
    heard_parts,
    parts_of_piece,
    with_all_parts,
)
from composer.pipeline.ranking import Progress, Ranking, chosen_engine, last_of, versions_of
from composer.request import MAX_BARS, Request, default_of
from composer.theory import MONOPHONIC_ENSEMBLES, ensemble_instruments, usual_parts

# Of a request; bars, parts, key, meter and tempo are those of the piece.
MANNER = (
    "composer", "style", "form", "ensemble", "chords", "temperature", "top_k", "top_p",
    "min_p", "guidance", "part_writing", "candidates", "seed", "engine_options",
)  # fmt: skip
MAX_PARTS_ASKED = 8
MAX_NAME = 100  # characters
# From keeping close (0) to rewriting (1): a quarter of the cells to all, cooler to warmer.
HOLE_SHARES = (0.25, 1.0)
TEMPERATURES = (0.8, 1.2)


@dataclass(frozen=True)
class Filled(Composition):
    """What came of a filling: whole pieces that differ in their new notes.

    Args:
        blank: What stays, and what was open.
    """

    blank: Blank

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values: those of a composition, with what stays written down once."""
        given, values = self.blank.piece, super().to_dict()
        rows = zip(values["candidates"], self.ranked, strict=True)
        candidates = [row | {"piece": piece_beside(one.piece, given)} for row, one in rows]
        return values | {"given": given.to_dict(), "candidates": candidates}


Steps = Iterator[Progress | Filled]


@dataclass(frozen=True)
class Filler:
    """An engine at work on one blank.

    Args:
        engine: What draws.
        request: As it is written down.
        ask: What the engine is asked.
        source: The piece as it was.
        form: Whose real pieces candidates are compared with.
    """

    engine: Engine
    request: Request
    ask: Fill
    source: Piece
    form: str

    def steps(self, should_stop: Callable[[], bool]) -> Steps:
        """Draw, judge and rank the candidates."""
        standing = Within(self.ask.blank, self.source, self.form)
        ranking = Ranking(self.request.candidates, Judge.of(self.engine, standing))
        stopped = False
        for step in self.engine.answer(self.ask):
            ranking.add(step.takes)
            yield ranking.progress(step.share, step.sketch)
            if should_stop():
                stopped = True
                break
        ranked, rejected = ranking.conclude(stopped)
        yield Filled.of(  # type: ignore[misc]  # of its own class
            self.request,
            ranked,
            rejected=rejected,
            elapsed_s=ranking.elapsed_s,
            stopped=stopped,
            versions=versions_of(self.engine),
            blank=self.ask.blank,
        )


def infill(piece: Piece, first_bar: int, last_bar: int, **options: Any) -> Filled:
    """Write some bars anew; see `infill_steps`."""
    return last_of(infill_steps(piece, first_bar, last_bar, **options))


def infill_steps(
    piece: Piece,
    first_bar: int,
    last_bar: int,
    *,
    parts: Collection[int] | None = None,
    edges: str = "keep",
    complete: bool = False,
    engine: Engine | str | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    **manner: Any,
) -> Steps:
    """Write some bars of all or of some parts anew; the last item is what came of it.

    Args:
        piece: Any; its notes outside are kept, the same objects.
        first_bar: The number of the first as printed: a pickup is 0.
        last_bar: Of the last, included.
        parts: Indices, 0 the highest; None means all.
        edges: `keep` leaves notes that sound across an edge of the marked bars as they are; `tie`
            leaves what of them sounds outside, and a new note of the same pitch is tied to it.
        complete: Keep the notes that stand there, and write more between them.
        engine: What composes, or its name; the usual one by default.
        should_stop: Asked at every step; when true, what is finished is ranked, the rest dropped.
        manner: Those of `MANNER`, as in a `Request`; composer, form, ensemble and chord symbols
            are the piece's if left out.

    Raises:
        RequestError: If the piece has no such bars or parts, cannot be read by the model, or no
            candidate became a piece.
    """
    cells = cells_of(piece, first_bar, last_bar, parts)
    blank = Blank.of(piece, cells) if complete else clear(piece, cells, edges=edges)
    yield from fill_steps(piece, blank, chosen_engine(engine), should_stop, manner)


def vary(piece: Piece, first_bar: int, last_bar: int, **options: Any) -> Filled:
    """Write some bars again in their own manner; see `vary_steps`."""
    return last_of(vary_steps(piece, first_bar, last_bar, **options))


def vary_steps(
    piece: Piece,
    first_bar: int,
    last_bar: int,
    *,
    freedom: float = 0.5,
    parts: Collection[int] | None = None,
    edges: str = "keep",
    engine: Engine | str | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    **manner: Any,
) -> Steps:
    """Write some bars again, close to them or anew; the last item is what came of it.

    Args:
        piece: Any; its notes outside are kept, the same objects.
        first_bar: The number of the first as printed: a pickup is 0.
        last_bar: Of the last, included.
        freedom: 0 writes a quarter of the bars' parts anew, drawn by the seed, at temperature 0.8;
            1 all of them, at 1.2.
        parts: Indices, 0 the highest; None means all.
        edges: As in `infill_steps`.
        engine: What composes, or its name; the usual one by default.
        should_stop: Asked at every step; when true, what is finished is ranked, the rest dropped.
        manner: As in `infill_steps`; a temperature given here holds.

    Raises:
        RequestError: As `infill_steps`, and if `freedom` is not from 0 to 1.
    """
    if isinstance(freedom, bool) or not isinstance(freedom, int | float) or not 0 <= freedom <= 1:
        raise OptionError(f"`freedom` must be a number from 0 to 1, got {str(freedom)[:40]!r}")
    cells = cells_of(piece, first_bar, last_bar, parts)
    seed = manner.get("seed", default_of("seed"))
    blank = clear(piece, some_cells(cells, _between(HOLE_SHARES, freedom), seed), edges=edges)
    manner = {"temperature": _between(TEMPERATURES, freedom), **manner}
    yield from fill_steps(piece, blank, chosen_engine(engine), should_stop, manner)


def some_cells(cells: Cells, share: float, seed: int) -> Cells:
    """Return a share of open cells, drawn by a seed; one at least.

    Args:
        cells: [bars, parts].
        share: 0..1.
        seed: Same seed, same cells; each share's lie within those of every larger one.
    """
    places = np.flatnonzero(cells)
    order = np.random.Generator(np.random.Philox([seed, 2**32 - 2])).permutation(len(places))
    found = np.zeros_like(cells)
    found.flat[places[order[: max(1, round(share * len(places)))]]] = True
    return found


def harmonise(piece: Piece, **options: Any) -> Filled:
    """Write the other parts to one that is given; see `harmonise_steps`."""
    return last_of(harmonise_steps(piece, **options))


def harmonise_steps(
    piece: Piece,
    *,
    part: int = 0,
    engine: Engine | str | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    **manner: Any,
) -> Steps:
    """Write the other parts to a melody, or to one part of a piece; the last item is the result.

    Args:
        piece: A melody, or a piece whose other parts are left out.
        part: Index of the part that is given, 0 the highest; its notes are kept, the same objects.
        engine: What composes, or its name; the usual one by default.
        should_stop: Asked at every step; when true, what is finished is ranked, the rest dropped.
        manner: Those of `MANNER`, as in a `Request`. Composer and form that are left out are drawn
            from the menu; the ensemble is the usual one. Chords that are left out are the symbols
            in the piece, as of a lead sheet.

    Raises:
        RequestError: If the part is none, composer and form are not on the menu, the piece cannot
            be read by the model, or no candidate became a piece.
    """
    engine = chosen_engine(engine)
    if not 0 <= part < len(piece.parts):
        raise OptionError(f"`part` must be from 1 to {len(piece.parts)}, got {part + 1}")
    if not piece.parts[part].notes:
        raise RequestError(f"part {part + 1} has no note to write other parts to")
    request = _request({"key": piece.key, "chords": progression_of(piece)}, manner)
    if engine.menu:
        check_menu(request, engine.menu)
    bars = min(MAX_BARS, piece.n_bars)
    decided = replace(decide(request, engine.menu), bars=bars)
    blank = _beside(piece, part, decided)
    is_line = decided.ensemble in MONOPHONIC_ENSEMBLES
    lines = [is_line] * len(blank.piece.parts)
    ask = _ask(decided, blank, lines)
    request = replace(request, bars=bars)
    yield from Filler(engine, request, ask, piece, decided.form or "").steps(should_stop)


def _beside(piece: Piece, part: int, decided: Request) -> Blank:
    """Return a given part in its place in the ensemble, all others open."""
    ensemble = decided.ensemble or "keyboard"
    n_parts = max(2, decided.parts or usual_parts(ensemble))
    is_lowest = len(piece.parts) > 1 and part == len(piece.parts) - 1
    place = n_parts - 1 if is_lowest else min(part, n_parts - 2)
    players = ensemble_instruments(ensemble, n_parts, decided.composer)
    parts = [Part(player, ()) for player in players]
    # Without the name that its file gave it: all are called by what they play, in one language.
    given = piece.parts[part]
    parts[place] = replace(given, name="") if given.name else given
    cells = np.ones((piece.n_bars, n_parts), np.bool_)
    cells[:, place] = False
    names = {name: getattr(decided, name) or "" for name in ("composer", "form", "ensemble")}
    beside = replace(piece, parts=tuple(parts), **names)  # type: ignore[arg-type]
    return Blank.of(beside, cells, piece)


def fill_steps(
    source: Piece,
    blank: Blank,
    engine: Engine,
    should_stop: Callable[[], bool],
    manner: dict[str, Any],
    notes: Sequence[tuple[int, Note]] | None = None,
) -> Steps:
    """Fill a blank in the manner of its piece, or another one.

    Where a piece has more parts than engines hear, they hear the open ones and the parts next to
    them; the others stay as they are.
    """
    if len(source.parts) > MAX_PARTS_HEARD:
        heard = heard_parts(blank)
        less = parts_of_piece(source, heard)
        for step in fill_steps(less, blank.only(heard), engine, should_stop, manner):
            if isinstance(step, Filled):
                pieces = (with_all_parts(one.piece, blank, heard) for one in step.ranked)
                pairs = zip(step.ranked, pieces, strict=True)
                ranked = tuple(replace(one, piece=piece) for one, piece in pairs)
                step = replace(step, ranked=ranked, blank=blank)
            yield step
        return
    n_parts = len(source.parts)
    known = {
        "composer": None if manner.get("style") else source.composer[:MAX_NAME] or None,
        "form": source.form[:MAX_NAME] or None,
        "ensemble": source.ensemble[:MAX_NAME] or ensemble_of_piece(source) or None,
        "key": source.key,
        "chords": progression_of(source),
        "bars": min(MAX_BARS, source.n_bars),
        "parts": n_parts if n_parts <= MAX_PARTS_ASKED else None,
    }
    request = named_for(_request(known, manner), engine.menu)
    if engine.menu and {"composer", "form"} & manner.keys():
        asked = Request(composer=manner.get("composer"), form=manner.get("form"))
        check_menu(asked, engine.menu)
    is_line = request.ensemble in MONOPHONIC_ENSEMBLES
    lines = [part.is_monophonic if part.notes else is_line for part in source.parts]
    form = request.form or source.form
    ask = replace(_ask(request, blank, lines), notes=notes)
    yield from Filler(engine, request, ask, source, form).steps(should_stop)


def _ask(request: Request, blank: Blank, lines: list[bool]) -> Fill:
    ranges = [range_of(part) for part in blank.piece.parts]
    if blank.areas:  # they say how far to go; what a part plays elsewhere says nothing
        ranges = [
            (min(low, part.instrument.low), max(high, part.instrument.high))
            for part, (low, high) in zip(blank.piece.parts, ranges, strict=True)
        ]
        _check_pitches(blank, ranges)
    return Fill(request=request, blank=blank, ranges=ranges, lines=lines)


def _check_pitches(blank: Blank, ranges: Sequence[tuple[int, int]]) -> None:
    """Refuse areas in which no part can play.

    Raises:
        OptionError: With the pitches that they lie at, and what the parts play.
    """
    found = [
        pitch
        for part in blank.parts
        for pitch in range(ranges[part][0], ranges[part][1] + 1)
        if blank.spans(part, pitch)
    ]
    if not found:
        low, high = min(ranges[p][0] for p in blank.parts), max(ranges[p][1] for p in blank.parts)
        raise OptionError(
            "no part plays so high or low: the areas lie at pitches "
            f"{min(area.low for area in blank.areas)} to {max(area.high for area in blank.areas)}, "
            f"their parts play {low} to {high}"
        )


def _request(known: dict[str, Any], manner: dict[str, Any]) -> Request:
    """Return a checked request of what is known and what is asked."""
    unknown = sorted(set(manner) - set(MANNER))
    if unknown:
        raise OptionError(f"there is no option {unknown[0][:40]!r}; there are {', '.join(MANNER)}")
    return Request.from_dict(known | manner)


def _between(ends: tuple[float, float], share: float) -> float:
    return ends[0] + (ends[1] - ends[0]) * share
