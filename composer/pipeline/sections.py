"""Compose by a plan: section by section, each drawn, repeated or varied as its row says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from composer.branches import Tree
from composer.composition import entitled
from composer.engines import Continue, Engine, check_menu, decide
from composer.errors import RequestError
from composer.piece import MeterChange, Part, Piece
from composer.pipeline.chain import Chain
from composer.pipeline.chunks import ChunkDrawing, DrawnChunk
from composer.pipeline.extending import (
    ChunkClock,
    Extension,
    Last,
    chunk_seed,
    conclude,
    read_options,
    split_bars,
)
from composer.pipeline.ranking import Progress, chosen_engine, last_of
from composer.plans import Chunking, Plan, PlannedSection, common_scale
from composer.rendering import suggested_tempo_bpm
from composer.request import Request
from composer.stitching import trim
from composer.theory import (
    Key,
    Meter,
    ensemble_instruments,
    parse_key,
    parse_meter,
    usual_parts,
)

# Bars before a section in another key, or a variant, that are read: enough for the seam.
SEAM_CONTEXT_BARS = 4
# How many bars of a piece open and close it, as scores of the corpus are read for training.
OPENING_BARS = CLOSING_BARS = 4
_USUAL_METER, _USUAL_KEY = "4/4", "C major"


def compose_plan(
    plan: Plan, start: Piece | None = None, *, engine: Engine | str | None = None, **options: Any
) -> Extension:
    """Compose section by section; the last one closes the piece.

    Args:
        plan: The sections.
        start: Music that stands as the first section; drawn like the others if None.
        engine: What composes, or its name; the usual one by default.
        options: As of `pipeline.extend`; without `start` also `ensemble`, `meter` and `parts`.

    Raises:
        RequestError: If `start` does not fit the first row, or a setting will not do.
    """
    return last_of(compose_plan_steps(plan, start, engine=engine, **options))


def compose_plan_steps(
    plan: Plan,
    start: Piece | None = None,
    *,
    engine: Engine | str | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    **options: Any,
) -> Iterator[Progress | Extension]:
    """Compose section by section; progress comes first, the last item is the piece.

    Args:
        plan: The sections.
        start: Music that stands as the first section; drawn like the others if None.
        engine: What composes, or its name; the usual one by default.
        should_stop: Asked at every step; when true, what is finished is kept, the rest dropped.
        options: See `compose_plan`.

    Raises:
        RequestError: As `compose_plan`, also if it was stopped before anything was finished.
    """
    engine = chosen_engine(engine)
    tree, chunking, request = _beginning(plan, start, engine, options)
    yield from compose_sections(plan, tree, chunking, request, engine, should_stop)


def compose_sections(
    plan: Plan,
    tree: Tree,
    chunking: Chunking,
    request: Request,
    engine: Engine,
    should_stop: Callable[[], bool],
) -> Iterator[Progress | Extension]:
    """Compose the sections that a tree does not hold yet; the last item is the piece."""
    sections = _Sections(plan, chunking, ChunkDrawing(engine, request, should_stop), tree, request)
    yield from sections.steps()
    yield replace(sections.conclude(), plan=plan)


def _beginning(
    plan: Plan, start: Piece | None, engine: Engine, options: dict[str, Any]
) -> tuple[Tree, Chunking, Request]:
    """Return the tree to grow, with the given section in it or only those who play."""
    if start is not None:
        if start.n_bars != plan.rows[0].bars:
            raise RequestError(
                f"the first section of the plan has {plan.rows[0].bars} bars, the given music "
                f"{start.n_bars}; give section {plan.rows[0].label} {start.n_bars} bars"
            )
        start = replace(start, key=plan.key)
        return Tree.of(start), *read_options(start, plan.bars, options, engine)
    players = players_of(engine, options | {"key": plan.key})
    said = ("style", "meter", "parts")
    chosen = {name: value for name, value in options.items() if name not in said}
    return Tree(players, 0), *read_options(players, plan.bars, chosen, engine)


def players_of(engine: Engine, options: Mapping[str, Any]) -> Piece:
    """Return who plays, in which meter, key and tempo, without a note.

    Args:
        engine: Decides what is open by its menu.
        options: Settings of a request; others are passed over.

    Raises:
        RequestError: If a setting will not do.
    """
    names = ("composer", "style", "form", "ensemble", "key", "meter", "parts", "tempo_bpm", "seed",
             "mode", "avoid")  # fmt: skip
    asked = Request(**{name: options[name] for name in names if options.get(name) is not None})
    if engine.menu:
        check_menu(asked, engine.menu)
    decided = decide(asked, engine.menu)
    ensemble = decided.ensemble or "keyboard"
    n_parts = decided.parts or usual_parts(ensemble)
    meter = decided.meter or _usual_meter(engine, decided.composer, decided.form)
    instruments = ensemble_instruments(ensemble, n_parts, decided.composer)
    players = Piece(
        parts=tuple(Part(instrument, ()) for instrument in instruments),
        meters=(MeterChange(Fraction(0), meter),),
        key=decided.key or parse_key(_USUAL_KEY),
        n_bars=1,
        composer=decided.composer or "",
        form=decided.form or "",
        ensemble=ensemble,
        tempo_bpm=decided.tempo_bpm or suggested_tempo_bpm(decided.form or "", meter),
    )
    return entitled(players, asked.seed)


def _usual_meter(engine: Engine, composer: str | None, form: str | None) -> Meter:
    rows = (row for row in engine.menu if (row.composer, row.form) == (composer, form))
    return parse_meter(next((row.meters[0] for row in rows if row.meters), _USUAL_METER))


@dataclass
class _Sections:
    """A plan in progress."""

    plan: Plan
    chunking: Chunking
    drawing: ChunkDrawing
    tree: Tree
    request: Request

    def __post_init__(self) -> None:
        """Begin with what is given."""
        self.chain = Chain.of(self.tree.given, self.tree.given_bars, self.request.ensemble)
        rows = self.plan.rows
        self.firsts = {row.label: sum(one.bars for one in rows[:n]) for n, row in enumerate(rows)}
        n_chunks = sum(len(self._lengths(row)) for row in self._rows_to_come())
        n_bars = sum(row.bars for row in rows)
        self.clock = ChunkClock(max(1, n_chunks), self.request.candidates, n_bars)
        self.n_drawn = 0
        self.last: Last | None = None

    def steps(self) -> Iterator[Progress]:
        """Draw or copy every section that is not there yet."""
        previous = self.plan.key
        for row in self._rows_to_come():
            if row.material == "repeat":
                self._grow(self._copy(row))
            yield from self._draw(row, previous)
            if self.drawing.stopped:
                return
            previous = row.key

    def conclude(self) -> Extension:
        """Return what came of it."""
        if not self._rows_to_come():
            raise RequestError("the plan has no section beside the given one; add a row")
        return conclude(self.tree, self.last, self.chunking, self.clock, self.drawing)

    def _rows_to_come(self) -> tuple[PlannedSection, ...]:
        return self.plan.rows[1:] if self.tree.given_bars else self.plan.rows

    def _lengths(self, row: PlannedSection) -> list[int]:
        """Return the chunks of a section; a copy has none."""
        return [] if row.material == "repeat" else split_bars(row.bars, self.chunking.chunk_bars)

    def _draw(self, row: PlannedSection, previous: Key) -> Iterator[Progress]:
        lengths = self._lengths(row)
        done = 0
        for length in lengths:
            ask = self._ask(row, previous, done, length)
            for step in self.drawing.draw(self.chain, ask, row.label):
                if isinstance(step, Progress):
                    yield self.clock.progress(self.n_drawn, step, self.chain)
                else:
                    self._grow(step)
            self.n_drawn += 1
            if self.drawing.stopped:
                return
            done += length

    def _grow(self, drawn: DrawnChunk) -> None:
        self.tree, self.last = self.tree.grow(drawn.chunk), Last(self.chain, drawn)
        self.chain = self.chain.plus(drawn.chunk.choices[0], drawn.chunk.key)

    def _copy(self, row: PlannedSection) -> DrawnChunk:
        """Return an earlier section moved to the row's key, as the only candidate."""
        source = self._row(row.of)
        first = self.firsts[row.of]
        music = trim(self.chain.piece, first + 1, first + source.bars)
        music = music.transposed(self._interval(music, source.key, row.key))
        return self.drawing.copy(self.chain, replace(music, key=row.key), row.closes, row.label)

    def _interval(self, music: Piece, source: Key, target: Key) -> int:
        """Return the way to another key, up or down, that leaves fewest notes out of range."""
        up = (target.tonic_pitch_class - source.tonic_pitch_class) % 12
        ways = sorted((up, up - 12), key=abs)

        def n_outside(way: int) -> int:
            return sum(
                not low <= note.pitch + way <= high
                for part, (low, high) in zip(music.parts, self.chain.ranges, strict=True)
                for note in part.notes
            )

        return min(ways, key=n_outside)

    def _ask(self, row: PlannedSection, previous: Key, done: int, length: int) -> Continue:
        """Return the ask for the next `length` bars of a section of which `done` are there."""
        inside = row.bars - done - length
        after = inside if row.closes else self.plan.bars - self.chain.n_bars - length
        facts: dict[str, Any] = {
            "seed": chunk_seed(self.request.seed, len(self.tree.path())),
            "sections": self._sections(row, done, length),
            "context_bars": self.chunking.overlap_bars,
        }
        if row.key != previous:
            facts["scales"] = _scales(previous, row.key, done, length)
            facts["context_bars"] = SEAM_CONTEXT_BARS + done
        if row.material == "vary":
            facts |= self._pinned(row)
        return self.chain.ask(self.request, row.key, length, after, **facts)

    def _pinned(self, row: PlannedSection) -> dict[str, Any]:
        """Return the section that a variant is one of, as what is kept in mind."""
        source, first = self._row(row.of), self.firsts[row.of]
        facts: dict[str, Any] = {
            "theme": range(first, first + source.bars),
            "theme_key": source.key,
        }
        is_far = first + source.bars + SEAM_CONTEXT_BARS <= self.chain.n_bars
        return facts | ({"context_bars": SEAM_CONTEXT_BARS} if is_far else {})

    def _sections(self, row: PlannedSection, done: int, length: int) -> list[str]:
        """Return what each of the bars is in the form; see `Continue.sections`."""
        names = ["varied" if row.material == "vary" else "new"] * row.bars
        if row is self.plan.rows[0]:
            n_opening = min(OPENING_BARS, max(1, row.bars // 2))
            names[:n_opening] = ["opening"] * n_opening
        if row.closes:
            n_closing = min(CLOSING_BARS, max(1, row.bars // 2))
            names[-n_closing:] = ["closing"] * n_closing
        return names[done : done + length]

    def _row(self, label: str) -> PlannedSection:
        return next(row for row in self.plan.rows if row.label == label)


def _scales(previous: Key, key: Key, done: int, length: int) -> list[frozenset[int]]:
    """Return what the bars of a section in a new key lean to; the first is a pivot.

    A pivot bar keeps to what the old key and the new one share.
    """
    own = [key.scale] * length
    if not done:
        own[0] = common_scale([previous, key])
    return own
