"""A length in seconds -> bars and a tempo at which they last exactly so long.

Bars are what an engine plans towards, so that the piece comes to its close there. Where the tempo
is left open it gives way: by a few parts in a hundred, to bars that come in fours where that will
do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from composer.engines import MenuEntry, decide
from composer.engines.menu import matching_rows
from composer.errors import OptionError
from composer.rendering import suggested_tempo_bpm
from composer.request import MAX_BARS, Request
from composer.theory import Meter, parse_meter
from composer.units import TEMPO_RANGE_BPM

COMMON_TIME = Meter(4, 4)
PHRASE_BARS = 4
# By which a tempo may differ from the usual one, so that phrases come out whole.
TEMPO_PLAY = 0.08


def with_length(request: Request, menu: Sequence[MenuEntry]) -> Request:
    """Return a request whose bars and tempo give its length in seconds; any other as it is.

    What decides bar and tempo is decided here: composer, form, meter. A request that comes back
    gives the same again.

    Raises:
        OptionError: If that needs more bars than there may be.
    """
    if request.length_s is None:
        return request
    decided = decide(request, menu)
    meter = decided.meter or usual_meter(decided, menu)
    tempo_bpm = request.tempo_bpm or suggested_tempo_bpm(decided.form, meter)
    bar_s = float(meter.length_beats) * 60.0 / tempo_bpm
    bars = bars_in(request.length_s, bar_s, is_tempo_given=request.tempo_bpm is not None)
    if bars > MAX_BARS:
        raise OptionError(
            f"`length_s` of {request.length_s:g} takes {bars} bars at {tempo_bpm:.0f} quarters a "
            f"minute; there may be {MAX_BARS}"
        )
    if request.tempo_bpm is None:
        low, high = TEMPO_RANGE_BPM
        exact_bpm = bars * float(meter.length_beats) * 60.0 / request.length_s
        tempo_bpm = min(high, max(low, exact_bpm))
    return replace(decided, meter=meter, bars=bars, tempo_bpm=tempo_bpm)


def bars_in(length_s: float, bar_s: float, *, is_tempo_given: bool) -> int:
    """Return how many bars come nearest to a length.

    Args:
        length_s: Wanted.
        bar_s: Of one bar.
        is_tempo_given: Whether the tempo stays; else whole phrases are preferred.
    """
    exact = length_s / bar_s
    phrased = PHRASE_BARS * round(exact / PHRASE_BARS)
    if not is_tempo_given and phrased and abs(phrased / exact - 1.0) <= TEMPO_PLAY:
        return phrased
    return max(1, round(exact))


def usual_meter(request: Request, menu: Sequence[MenuEntry]) -> Meter:
    """Return the commonest meter of what is asked for that is not to be avoided."""
    rows = matching_rows(request, menu)
    meters = [one for row in rows for one in row.meters if one not in request.avoided]
    return parse_meter(meters[0]) if meters else COMMON_TIME
