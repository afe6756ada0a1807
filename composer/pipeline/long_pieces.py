"""A long piece from nothing: sections as a real piece of the form has them, each the best of many.

Six sections of sixteen bars in D major might be laid out as

    A     D major   new
    B     A major   new
    A2    D major   varies A
    C     D major   new
    B2    A major   repeats B
    A3    D major   varies A, and closes

What is repeated or varied is read off a real piece (`Engine.lay_out`); the keys follow one rule:
every other new section is in a near key, what is repeated stands where it stood, and all else is at
home. A copy that would close the piece is a variant instead, so that it can come to a cadence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import isfinite
from string import ascii_uppercase
from typing import Any

from composer.branches import Tree
from composer.engines import Engine, Material
from composer.errors import OptionError
from composer.piece import Piece
from composer.pipeline.extending import Extension, read_options
from composer.pipeline.ranking import Progress, chosen_engine, last_of
from composer.pipeline.sections import compose_sections, players_of
from composer.plans import (
    MAX_PLAN_BARS,
    MAX_ROWS,
    Chunking,
    Plan,
    PlannedSection,
    build_plan,
    related_key,
)
from composer.theory import Key

CHUNKS = 4
MAX_OVERLAP = 0.9
# In turn, of the new sections that leave home: the usual goals of a development or of episodes
# (C. Rosen, Sonata Forms, rev. ed. 1988, chapter 10).
_NEAR_KEYS = ("dominant", "relative", "subdominant")


def compose_long(*, engine: Engine | str | None = None, **options: Any) -> Extension:
    """Compose a long piece section by section; see `compose_long_steps`.

    Raises:
        RequestError: If a setting will not do.
    """
    return last_of(compose_long_steps(engine=engine, **options))


def compose_long_steps(
    *,
    engine: Engine | str | None = None,
    chunks: int | None = None,
    bars: int | None = None,
    minutes: float | None = None,
    overlap: float = 0.5,
    plan: str | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    **options: Any,
) -> Iterator[Progress | Extension]:
    """Compose a long piece from nothing; progress comes first, the last item is the piece.

    Args:
        engine: What composes, or its name; the usual one by default.
        chunks: How many sections of `chunk_bars` bars; 4 if no length is given.
        bars: The length instead; or
        minutes: The length in minutes, at the tempo and in the meter of the piece.
        overlap: Share of what is heard at once that was composed before: with .5 sixteen bars are
            written behind sixteen that are read again. 0 to .9.
        plan: A named form instead of sections as a real piece has them; see `plans.FORM_NAMES`.
        should_stop: Asked at every step; when true, what is finished is kept, the rest dropped.
        options: `chunk_bars`, and those of `Request` (`composer`, `form`, `ensemble`, `key`,
            `meter`, `parts`, `tempo_bpm`, `candidates`, `seed`, `temperature`, ...).

    Raises:
        RequestError: As `compose_plan`, also if more than one length is given.
    """
    engine = chosen_engine(engine)
    chunk_bars = options.pop("chunk_bars", Chunking().chunk_bars)
    chunking = Chunking(chunk_bars=chunk_bars, overlap_bars=_overlap_bars(overlap, chunk_bars))
    players = players_of(engine, options)
    length = _length(players, chunk_bars, chunks, bars, minutes)
    laid = _plan(engine, players, length, chunk_bars, options.get("seed", 0), plan)
    kept = {name: value for name, value in options.items() if name not in _SAID_BY_PLAYERS}
    _, request = read_options(players, laid.bars, kept, engine)
    tree = Tree(players, 0)
    yield from compose_sections(laid, tree, chunking, request, engine, should_stop)


_SAID_BY_PLAYERS = ("style", "key", "meter", "parts", "tempo_bpm", "bars")


def _overlap_bars(overlap: float, chunk_bars: int) -> int | None:
    """Return how many bars are read again, so that they are this share of all that is heard."""
    if not 0 <= overlap <= MAX_OVERLAP:
        raise OptionError(f"`overlap` must be from 0 to {MAX_OVERLAP}, got {overlap}")
    return min(64, max(1, round(chunk_bars * overlap / (1 - overlap))))


def _length(
    players: Piece, chunk_bars: int, chunks: int | None, bars: int | None, minutes: float | None
) -> int:
    """Return the bars of the piece.

    Raises:
        OptionError: If more than one length is given, or it is none.
    """
    given = {"chunks": chunks, "bars": bars, "minutes": minutes}
    named = [name for name, value in given.items() if value is not None]
    if len(named) > 1:
        raise OptionError(f"give one length: {' or '.join(f'`{name}`' for name in named)}")
    if minutes is not None:
        bar_minutes = float(players.meter.length_beats) / players.tempo_bpm
        length, name = round(minutes / bar_minutes) if isfinite(minutes) else 0, "minutes"
    elif bars is not None:
        length, name = bars, "bars"
    else:
        length, name = (CHUNKS if chunks is None else chunks) * chunk_bars, "chunks"
    if not 1 <= length <= MAX_PLAN_BARS:
        raise OptionError(
            f"a long piece has 1 to {MAX_PLAN_BARS} bars; `{name}` {given[name]} makes {length}"
        )
    return length


def _plan(
    engine: Engine, players: Piece, bars: int, chunk_bars: int, seed: int, name: str | None
) -> Plan:
    """Return the sections of a piece."""
    if name is not None:
        usual = build_plan(name, players.key)
        return build_plan(name, players.key, first_bars=_scaled(usual, bars))
    chunk_bars = max(chunk_bars, -(-bars // MAX_ROWS))
    lengths = [min(chunk_bars, bars - start) for start in range(0, bars, chunk_bars)]
    materials = engine.lay_out(players.form or None, lengths, seed)
    return Plan(players.form or "long piece", tuple(_rows(lengths, materials, players.key)))


def _scaled(usual: Plan, bars: int) -> int:
    """Return how long the first section of a named form is, in a piece of so many bars."""
    return max(1, round(usual.rows[0].bars * bars / usual.bars))


def _rows(
    lengths: Sequence[int], materials: Sequence[Material], home: Key
) -> Iterator[PlannedSection]:
    """Yield a row for every section: label, length, key and material."""
    letters: list[int] = []  # of every section, 0 for A
    keys: list[Key] = []
    n_away = 0
    for number, (length, (material, of)) in enumerate(zip(lengths, materials, strict=True)):
        is_last = number == len(lengths) - 1
        if material == "repeat" and (is_last or lengths[of] != length):
            material = "vary"
        is_new = material == "new"
        letters.append(len(set(letters)) if is_new else letters[of])
        key = home
        if is_new and letters[-1] % 2 and not is_last:
            key, n_away = related_key(home, _NEAR_KEYS[n_away % len(_NEAR_KEYS)]), n_away + 1
        elif material == "repeat":
            key = keys[of]
        keys.append(key)
        yield PlannedSection(
            label=_label(letters),
            bars=length,
            key=key,
            material=material,
            of="" if is_new else _label(letters[: of + 1]),
            closes=is_last,
        )


def _label(letters: Sequence[int]) -> str:
    """Return the label of the last section: A, B, ... Z, A', and a number where it comes again."""
    letter, n_times = letters[-1], letters.count(letters[-1])
    primes = "'" * (letter // len(ascii_uppercase))
    name = ascii_uppercase[letter % len(ascii_uppercase)] + primes
    return name if n_times == 1 else f"{name}{n_times}"
