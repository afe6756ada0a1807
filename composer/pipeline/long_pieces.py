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

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
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
    MAX_ROWS,
    NOT_BY_SECTIONS,
    Chunking,
    Outline,
    Plan,
    PlannedSection,
    build_plan,
    related_key,
)
from composer.request import Request, default_of
from composer.theory import Key

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
    should_stop: Callable[[], bool] = lambda: False,
    **options: Any,
) -> Iterator[Progress | Extension]:
    """Compose a long piece from nothing; progress comes first, the last item is the piece.

    Args:
        engine: What composes, or its name; the usual one by default.
        should_stop: Asked at every step; when true, what is finished is kept, the rest dropped.
        options: Of `plans.Outline`: a length as `chunks` of `chunk_bars` bars, as `bars` or as
            `minutes` at the tempo and in the meter of the piece; `overlap` (with .5 sixteen bars
            are written behind sixteen that are read again), and `plan`, a named form instead of
            sections as a real piece has them. And of `Request` (`composer`, `form`, `ensemble`,
            `key`, `meter`, `parts`, `tempo_bpm`, `candidates`, `seed`, `temperature`, ...), except
            for `plans.NOT_BY_SECTIONS`.

    Raises:
        RequestError: As `compose_plan`, also if a setting does not reach a piece in sections.
    """
    engine = chosen_engine(engine)
    outline, asked = sort_long_options(options)
    players = players_of(engine, asked)
    bars = outline.bars_of(float(players.meter.length_beats) / players.tempo_bpm)
    laid = _plan(engine, players, bars, outline, asked.get("seed", 0))
    kept = {name: value for name, value in asked.items() if name not in _SAID_BY_PLAYERS}
    _, request = read_options(players, laid.bars, kept, engine)
    chunking = Chunking(chunk_bars=outline.chunk_bars, overlap_bars=outline.overlap_bars)
    yield from compose_sections(laid, Tree(players, 0), chunking, request, engine, should_stop)


_SAID_BY_PLAYERS = ("style", "key", "meter", "parts", "tempo_bpm", *NOT_BY_SECTIONS)


def sort_long_options(options: Mapping[str, Any]) -> tuple[Outline, dict[str, Any]]:
    """Sort options into how long a piece is and what else is asked of it, both checked.

    Raises:
        OptionError: If a value is out of its range, or for pieces composed at once; what such a
            setting usually is will do.
    """
    outline, outlined = Outline.among(options), {one.name for one in fields(Outline)}
    asked = {name: value for name, value in options.items() if name not in outlined}
    for name in NOT_BY_SECTIONS:
        if asked.get(name, default_of(name)) != default_of(name):
            raise OptionError(f"`{name}` is for pieces that are composed at once; leave it out")
    Request.from_dict(asked)
    return outline, asked


def _plan(engine: Engine, players: Piece, bars: int, outline: Outline, seed: int) -> Plan:
    """Return the sections of a piece."""
    if outline.plan is not None:
        usual = build_plan(outline.plan, players.key)
        return build_plan(outline.plan, players.key, first_bars=_scaled(usual, bars))
    chunk_bars = max(outline.chunk_bars, -(-bars // MAX_ROWS))
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
