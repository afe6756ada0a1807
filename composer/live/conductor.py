"""Where in its form an endless piece is, and so what is asked for next. Knows no candidate.

The music goes in periods of eight bars, a half cadence in their middle and a full one at their end
(W. E. Caplin, Classical Form, 1998, chapter 4). A cycle of six periods leads through related keys
and back, its theme at the beginning and in the middle, so that the theme returns every 24 bars.
Whatever is decided follows from the settings and the number of the bar alone, so that the same
controls at the same bars give the same music again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from composer.chords import BarChords, Chord
from composer.engines import MenuEntry, Stretch, check_menu, named_for
from composer.errors import RequestError
from composer.live.controls import Control
from composer.live.duets import Duet, durations_of
from composer.live.score import LiveBar, Score, gather
from composer.plans import common_scale, related_key
from composer.request import MAX_BARS, Request
from composer.theory import Key, Meter, estimate_key, key_from_pitch_class, parse_key

CHUNK_BARS = 2
PERIOD_BARS = 8
THEME_BARS = 4
CLOSING_BARS = 4  # that lead to an end which is asked for
FAR_BARS = 2 * MAX_BARS  # behind every bar that leads to no end; more than that nobody counts
# Key of each period, and whether the theme comes back. Related keys as in `plans.related_key`.
TOUR = (
    ("tonic", True), ("tonic", False), ("dominant", False),
    ("tonic", True), ("subdominant", False), ("relative", False),
)  # fmt: skip
CONTEXT_BARS = 24  # that the engine reads at most
SEAM_BARS = 4  # that it reads of another key, or of another composer
MEMORY_BARS = 40  # bars that are known to whoever goes on


@dataclass(frozen=True)
class Theme:
    """Bars that come back.

    Args:
        stretch: Their music, uncut, and the key in which it stands.
        number: Of the first bar.
    """

    stretch: Stretch
    number: int


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All that the next bars follow from, beside the music itself.

    Args:
        request: How they are drawn.
        home: The key of the piece.
        origin: Index of the bar with which the present cycle of periods began.
        is_touring: Whether the periods leave their key.
        end: How many bars there will be; None for no end.
        liveliness: -1..1.
        changed: Index of the bar since which composer and form are what they are.
        turns: How often the plan was dropped on purpose, which changes the seeds.
        theme: What comes back; None until there is one.
        is_back: Whether the theme comes at the beginning of this very cycle.
        is_fresh: Whether only the seam is read, because the music drifted.
        flushed: Index of the bar since which music is read; of what was before, only the theme.
        duet: Who plays when, where a person plays as well.
    """

    request: Request
    home: Key
    origin: int = 0
    is_touring: bool = True
    end: int | None = None
    liveliness: float = 0.0
    changed: int = 0
    turns: int = 0
    theme: Theme | None = None
    is_back: bool = False
    is_fresh: bool = False
    flushed: int = 0
    duet: Duet | None = None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is asked for next.

    Args:
        first: Index of the first bar.
        bars: How many.
        bars_after: Behind them; 0 closes.
        key: In which they stand.
        label: What they are to the piece.
        cadence: How they end: `half`, `full`, or not on purpose (empty).
        is_end: Whether the piece ends with them.
        copies: Whether they are the beginning of the theme itself.
        sections: As of `Continue`.
        scales: As of `Continue`.
        chords: As of `Continue`.
        heard_bars: Of the same period and key that stand before them.
        context_bars: As of `Continue`.
        seed_number: Tells draws apart.
    """

    first: int
    bars: int
    bars_after: int
    key: Key
    label: str
    cadence: str
    is_end: bool
    copies: bool
    sections: tuple[str, ...]
    scales: tuple[frozenset[int], ...]
    chords: tuple[BarChords, ...]
    heard_bars: int
    context_bars: int
    seed_number: int


def turned(settings: Settings, control: Control, menu: tuple[MenuEntry, ...]) -> Settings:
    """Return what a control makes of the settings.

    Raises:
        RequestError: If the value does not go with the rest.
    """
    name, value, index = control.name, control.value, control.acts_at - 1
    if name in ("temperature", "guidance"):
        return replace(settings, request=replace(settings.request, **{name: value}))
    if name in ("composer", "form", "style"):
        return replace(settings, request=_manner(settings, name, value, menu), changed=index)
    if name in ("key", "mode"):
        home = parse_key(value) if name == "key" else _other_mode(settings.home, value)
        return replace(settings, home=home, origin=index, is_back=False)
    if name == "liveliness":
        return replace(settings, liveliness=value)
    if name == "again":
        return replace(settings, theme=value, origin=index, is_back=True)
    if name == "turn":
        return replace(settings, turns=settings.turns + 1)
    if name == "close":
        end = index + CLOSING_BARS
        return replace(settings, end=end if settings.end is None else min(end, settings.end))
    return settings


def begun_again(settings: Settings, index: int) -> Settings:
    """Return settings that forget the music before a bar, and begin with the theme there."""
    turns = settings.turns + 1
    return replace(settings, turns=turns, flushed=index, origin=index, is_back=True)


def _manner(settings: Settings, name: str, value: str, menu: tuple[MenuEntry, ...]) -> Request:
    """Return a request with another composer or form; what does not go with it is left open."""
    request = settings.request
    if name == "style":
        return named_for(replace(request, composer=None, form=None, style=value), menu)
    asked: dict[str, Any] = {name: value}
    changed = replace(request, **asked)
    if not menu:
        return changed
    try:
        check_menu(changed, menu)
    except RequestError:  # the pair is not on the menu: perhaps each alone
        asked["form" if name == "composer" else "composer"] = None
        changed = replace(request, **asked)
        check_menu(changed, menu)
    return changed


def _other_mode(key: Key, mode: str) -> Key:
    return key_from_pitch_class(key.tonic_pitch_class, mode) if mode != key.mode else key


def next_wanted(settings: Settings, score: Score) -> Wanted | None:
    """Return what is asked for behind all that stands and is planned; None behind the end."""
    last = score.last_planned()
    first = last.number if last else 0
    if settings.end is not None and first >= settings.end:
        return None
    left = FAR_BARS if settings.end is None else settings.end - first
    place = (first - settings.origin) % PERIOD_BARS
    bars = min(left, CHUNK_BARS - place % CHUNK_BARS)
    if settings.duet is not None:
        place = PERIOD_BARS - settings.duet.left(first)  # so that a turn ends a period
        bars = min(left, CHUNK_BARS, settings.duet.left(first))
    key = key_of(settings, first)
    since = bars_in_key(score, key)
    heard = min(since, place)
    is_end = bars == left
    is_along = settings.duet is not None and settings.duet.kind == "along"
    is_close = is_end or (place + bars == PERIOD_BARS and not is_along)
    cadence = "full" if is_close else "half" * (place + bars == PERIOD_BARS // 2)
    after = _bars_after(settings, first, place, bars, left)
    copies = place == 0 and _is_theme_due(settings, first, key) and left > PERIOD_BARS
    return Wanted(
        first=first,
        bars=bars,
        bars_after=after,
        key=key,
        label=_label(settings, first, left, copies),
        cadence=cadence,
        is_end=is_end,
        copies=copies,
        sections=_sections(settings, first, bars, after),
        scales=_scales(last, key, since, bars, is_clear(score, key, heard)),
        heard_bars=heard,
        chords=cadence_chords(cadence, key, score.players.meter, bars),
        context_bars=_context(settings, first, since),
        seed_number=(first + 1) * 64 + settings.turns % 64,
    )


def key_of(settings: Settings, index: int) -> Key:
    """Return the key in which a bar stands; the last eight bars before an end are at home."""
    period = (index - settings.origin) // PERIOD_BARS
    behind = settings.origin + (period + 1) * PERIOD_BARS
    is_last = settings.end is not None and behind > settings.end - PERIOD_BARS
    if not settings.is_touring or is_last:
        return settings.home
    return related_key(settings.home, TOUR[period % len(TOUR)][0])


def bars_in_key(score: Score, key: Key) -> int:
    """Return for how many bars the music has stood in a key, up to those that are remembered."""
    count = 0
    for bar in reversed([*score.ring, *score.plan]):
        if bar.key != key:
            return count
        count += 1
    return count


def _bars_after(settings: Settings, first: int, place: int, bars: int, left: int) -> int:
    """Return how many bars follow: few before an end and before a break of the form, else many."""
    if settings.end is not None and left <= PERIOD_BARS:
        return left - bars
    behind = first - place + PERIOD_BARS
    breaks = _returns(settings, behind) or key_of(settings, behind) != key_of(settings, first)
    is_near = place >= PERIOD_BARS // 2
    return PERIOD_BARS - place - bars if breaks and is_near else FAR_BARS


def _returns(settings: Settings, index: int) -> bool:
    """Whether the theme comes back in the period that begins with a bar; never in a duet."""
    if settings.duet is not None:
        return False
    period = (index - settings.origin) // PERIOD_BARS
    return TOUR[period % len(TOUR)][1] and (period > 0 or settings.is_back)


def _is_theme_due(settings: Settings, index: int, key: Key) -> bool:
    theme = settings.theme
    same_mode = theme is not None and theme.stretch.key.mode == key.mode
    return same_mode and _returns(settings, index)


def _label(settings: Settings, first: int, left: int, copies: bool) -> str:
    if left <= CLOSING_BARS:
        return "close"
    if copies or _returns(settings, first) or first < THEME_BARS:
        return "theme"
    return "new"


def _sections(settings: Settings, first: int, bars: int, after: int) -> tuple[str, ...]:
    """Return what each bar is in the form; see `Continue.sections`."""
    usual = "varied" if settings.theme and _returns(settings, first) else "new"
    names = []
    for place in range(bars):
        to_come = after + bars - place
        is_opening = first + place < THEME_BARS
        names.append("closing" if to_come <= CLOSING_BARS else "opening" if is_opening else usual)
    return tuple(names)


def is_clear(score: Score, key: Key, n_bars: int) -> bool:
    """Whether the key of the last bars is estimated as the one in which they stand."""
    bars = [*score.ring, *score.plan][-n_bars:] if n_bars else []
    durations = durations_of(score.players, bars)
    return not any(durations) or is_in(key, durations)


def is_in(key: Key, durations: Sequence[float]) -> bool:
    """Whether pitch classes that sound so long are estimated in a key, however it is spelled."""
    found = estimate_key(durations)[0]
    return (found.tonic_pitch_class, found.mode) == (key.tonic_pitch_class, key.mode)


def _scales(
    last: LiveBar | None, key: Key, since: int, bars: int, is_clear: bool
) -> tuple[frozenset[int], ...]:
    """Return what the first bars in a new key lean to; the very first keeps to what both share.

    Where the key has become unclear, bars lean to it again.
    """
    if last is None or (since >= SEAM_BARS and is_clear):
        return ()
    if since == 0:
        return (common_scale([last.key, key]), *[key.scale] * (bars - 1))
    return (key.scale,) * bars


def cadence_chords(cadence: str, key: Key, meter: Meter, bars: int) -> tuple[BarChords, ...]:
    """Return the chords to which bars lean that end with a cadence.

    A half cadence comes to rest on the triad of the dominant in its last bar; a full one reaches
    the tonic with the last bar line, from the dominant seventh at the end of the bar before.
    """
    if not cadence:
        return ()
    dominant = key_from_pitch_class(key.tonic_pitch_class + 7, "major").tonic
    n_slots = 3 if meter.numerator in (3, 9) else 2
    last: list[BarChords]
    if cadence == "half":
        last = [(None, *[Chord(dominant)] * (n_slots - 1))]
    else:
        before = (*[None] * (n_slots - 1), Chord(dominant, "7"))
        tonic = Chord(key.tonic, "m" if key.mode == "minor" else "")
        last = [before, (tonic,) * n_slots]  # the bass leans to it at each
    return (*[(None,)] * (bars - len(last)), *last[-bars:])


def _context(settings: Settings, first: int, since: int) -> int:
    """Return how many bars are read: few of another key or composer, because old music outvotes."""
    most = SEAM_BARS if settings.is_fresh else CONTEXT_BARS
    if since < first:
        most = min(most, since + SEAM_BARS)
    if settings.changed:
        most = min(most, first - settings.changed + SEAM_BARS)
    return max(1, most)


def theme_of(score: Score, control_bars: int = THEME_BARS) -> Theme | None:
    """Return the last bars that stand as a theme; None before there are so many."""
    bars = list(score.ring)[-control_bars:]
    if len(bars) < control_bars:
        return None
    music = gather(score.players, bars, is_cut=False)
    key = bars[0].key
    stretch = Stretch(music=replace(music, keys=(), tempos=()), bars=len(bars), key=key)
    return Theme(stretch, bars[0].number)


def facts_of(settings: Settings, wanted: Wanted, theme_range: range) -> dict[str, Any]:
    """Return the further facts of a `Continue`; chords that were asked for stand before ours."""
    theme = settings.theme
    facts: dict[str, Any] = {
        "context_bars": wanted.context_bars,
        "sections": wanted.sections,
        "scales": wanted.scales,
        "chords": wanted.chords if settings.request.chords is None else (),
    }
    if theme is not None and theme_range:
        facts |= {"theme": theme_range, "theme_key": theme.stretch.key}
    return facts
