"""What stands and is planned, as engines go on with it; and what comes of a candidate.

Knows chains and stretches. Only the last bars are kept in mind, the theme in front of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

from composer.composition import Ranked
from composer.engines import Stretch
from composer.live.conductor import MEMORY_BARS, Settings, Theme, Wanted
from composer.live.score import LiveBar, Score, gather, split
from composer.piece import Piece
from composer.pipeline.chain import Chain, range_of
from composer.pipeline.chunks import ChunkDrawing, DrawnChunk
from composer.rendering.dynamics import shaded_parts
from composer.rendering.phrases import find_phrases
from composer.scoring.texture import build_texture
from composer.stitching import join
from composer.theory import MONOPHONIC_ENSEMBLES, Key
from composer.units import DEFAULT_VELOCITY

# Bars after which a part that has not sounded is missed.
ENTRY_BARS = 8


def chain_of(score: Score, settings: Settings) -> tuple[Chain, range]:
    """Return what stands and is planned as a chain, and where the theme lies in it."""
    bars = _whole_chunks([*score.ring, *score.plan])
    bars = [bar for bar in bars if bar.number > settings.flushed]
    players = score.players
    theme = settings.theme
    ranges = tuple(range_of(part) for part in players.parts)
    one_line = players.ensemble in MONOPHONIC_ENSEMBLES
    last = score.last_planned()
    if last is None or not (bars or theme):
        return Chain(players, (), True, ranges, one_line), range(0)
    path = _path(players, bars)
    theme_range = range(0)
    if bars:
        piece = replace(gather(players, bars, is_cut=False), keys=())
    if theme is not None:
        first = theme.number - bars[0].number if bars else -1
        theme_range = range(max(0, first), max(0, first) + theme.stretch.bars)
        if first < 0:
            head = theme.stretch
            piece = join(head.music, head.bars, piece) if bars else head.music
            path = (head, *path)
    n_bars = sum(stretch.bars for stretch in path)  # the last one has the number that it is told by
    piece = replace(piece, first_bar_number=last.number - n_bars + 1)
    chain = Chain(piece, path, last.number < ENTRY_BARS, ranges, one_line)
    opening = theme.stretch.music if theme else piece
    return replace(chain, opening=build_texture(opening).bar_contents[:2]), theme_range


def _whole_chunks(bars: list[LiveBar]) -> list[LiveBar]:
    """Return the last bars, from the beginning of a chunk on."""
    kept = bars[-MEMORY_BARS:]
    while (
        kept
        and len(kept) < len(bars)
        and bars[len(bars) - len(kept) - 1].stretch is (kept[0].stretch)
    ):
        kept = kept[1:]
    return kept


def _path(players: Piece, bars: Sequence[LiveBar]) -> tuple[Stretch, ...]:
    """Return bars as the stretches in which they came; of one that was cut short, the beginning."""
    path: list[Stretch] = []
    groups: list[list[LiveBar]] = []
    for bar in bars:
        if groups and groups[-1][-1].stretch is bar.stretch:
            groups[-1].append(bar)
        else:
            groups.append([bar])
    for group in groups:
        music = replace(gather(players, group, is_cut=False), keys=(), tempos=())
        path.append(replace(group[0].stretch, music=music, bars=len(group)))
    return tuple(path)


def copy_theme(drawing: ChunkDrawing, chain: Chain, theme: Theme, wanted: Wanted) -> DrawnChunk:
    """Return the beginning of the theme, in the key that is wanted where its mode allows it."""
    stretch = theme.stretch
    music = _first_bars(stretch.music, wanted.bars)
    if stretch.key.mode == wanted.key.mode:
        way = _way(music, stretch.key, wanted.key, chain.ranges)
        music = music.transposed(way, wanted.key)
    return drawing.copy(chain, music, not wanted.bars_after, wanted.label)


def _first_bars(music: Piece, n_bars: int) -> Piece:
    """Return bars from the beginning, over and over if there are too few."""
    bars = split(music, music.n_bars)
    found = bars[0]
    for number in range(1, n_bars):
        found = join(found, number, bars[number % len(bars)])
    return found


def _way(music: Piece, source: Key, target: Key, ranges: Iterable[tuple[int, int]]) -> int:
    """Return the way to another key, up or down, that leaves fewest notes out of range."""
    up = (target.tonic_pitch_class - source.tonic_pitch_class) % 12
    limits = list(ranges)

    def n_outside(way: int) -> int:
        return sum(
            not low <= note.pitch + way <= high
            for part, (low, high) in zip(music.parts, limits, strict=True)
            for note in part.notes
        )

    return min(sorted((up, up - 12), key=abs), key=n_outside)


def bars_of(
    chain: Chain, score: Score, wanted: Wanted, best: Ranked, why: str, n_drawn: int
) -> tuple[LiveBar, ...]:
    """Return the bars of a candidate, with the velocities of a player."""
    music = best.piece
    stretch = Stretch(music=music, bars=wanted.bars, key=wanted.key, record=best.record)
    last = score.last_planned()
    onset = last.end_beats if last else Fraction(0)
    found = []
    for place, bar in enumerate(split(_shaded(chain, music), wanted.bars)):
        found.append(
            LiveBar(
                number=wanted.first + place + 1,
                onset_beats=onset,
                music=bar,
                key=wanted.key,
                tempo_bpm=score.players.tempo_bpm,
                label=wanted.label,
                why=why,
                candidates=n_drawn,
                nats_per_note=best.nats_per_note,
                stretch=stretch,
                place=place,
            )
        )
        onset = found[-1].end_beats
    return tuple(found)


def _shaded(chain: Chain, music: Piece) -> Piece:
    """Return new bars with velocities, heard behind the last ones."""
    tail, n_tail = chain.tail()
    bare = tuple(
        replace(part, notes=tuple(replace(note, velocity=DEFAULT_VELOCITY) for note in part.notes))
        for part in tail.parts
    )
    heard = join(replace(tail, parts=bare), n_tail, music)
    if not music.n_notes or not heard.n_notes:
        return music
    parts = shaded_parts(heard, find_phrases(heard))
    seam = heard.bars[n_tail].onset_beats if n_tail else Fraction(0)
    return replace(
        music,
        parts=tuple(
            replace(
                part,
                notes=tuple(
                    replace(note, onset_beats=note.onset_beats - seam)
                    for note in shaded.notes
                    if note.onset_beats >= seam
                ),
            )
            for part, shaded in zip(music.parts, parts, strict=True)
        ),
    )
