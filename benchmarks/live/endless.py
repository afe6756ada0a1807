"""Streams of an hour on the virtual clock: what they cost, whether they wander off, and their form.

    python benchmarks/live/endless.py --minutes 60 --out benchmarks/live/endless.json

Every stream plays in time as if on a wall clock, but waits are skipped. A row a stream: the chosen
one (best of 4) and one that draws a single candidate, of the same request and seed. `busy_share` is
the time of composing beside the time of sounding: 0.1 is a tenth of a core, and where two bars take
longer than they sound, `would_be_late` counts them. `cost_late` is the price of a bar in the last
quarter beside the second one, in time of the processor, `growth_mb` what the process grew by from
the first quarter on.
`judge` is the mean total of all windows of 16 bars, `loop` the longest row of equal figures of one
to four bars (the theme's own returns included), `key_share` the windows of eight bars in one key
whose notes are estimated in that key (C. L. Krumhansl, Cognitive Foundations of Musical Pitch,
1990), `theme_gap` the most bars from one return of the theme to the next, `cadences` the periods
that end with a full cadence, and `half_cadences` the middles that pause on the dominant. The
yardstick is a fixed piece of work in Python, in milliseconds, before and after.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any

# The root in place of this folder.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.record import Share, machine_facts, print_table, save
from composer.live import LiveBar, Performance, Stream, VirtualClock
from composer.live.composing import half_cadence
from composer.live.score import count_loop, fingerprint, gather
from composer.pipeline import default_engine, hear
from composer.pipeline.ranking import versions_of
from composer.request import Request
from composer.scoring.texture import build_texture
from composer.scoring.tonality import durations_by_pitch_class, final_cadence
from composer.theory import Key, estimate_key

REQUESTS = (
    Request(composer="Bach", form="chorale", key="C minor", tempo_bpm=80, seed=1),
    Request(composer="Bach", form="invention", key="D minor", tempo_bpm=120, seed=2),
)
WINDOW_BARS, KEY_BARS, PERIOD_BARS = 16, 8, 8
KEPT_LOOP_BARS = 32


def yardstick_ms() -> float:
    """Return how long a fixed piece of work takes here and now, in milliseconds."""
    began_s = time.perf_counter()
    sum(number * number % 7 for number in range(300_000))
    return round((time.perf_counter() - began_s) * 1000, 1)


def play(request: Request, minutes: float) -> tuple[list[LiveBar], list[dict[str, float]], Stream]:
    """Play a stream; return its bars, a row of costs a bar, and the stream."""
    stream = Stream(request)
    performance = Performance(stream, VirtualClock())
    bars: list[LiveBar] = []
    costs = []
    began_s, begun_s = time.perf_counter(), time.process_time()
    for moment in performance.moments():
        if moment.bar is None:
            continue
        spent_s, worked_s = time.perf_counter() - began_s, time.process_time() - begun_s
        sounds_s = float(moment.bar.end_beats - moment.bar.onset_beats) * 60 / moment.tempo_bpm
        rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        row = {"spent_s": spent_s, "worked_s": worked_s, "sounds_s": sounds_s, "rss_mb": rss_mb}
        costs.append(row)
        bars.append(moment.bar)
        if stream.tempo.seconds(moment.bar.end_beats) > minutes * 60:
            break
        began_s, begun_s = time.perf_counter(), time.process_time()
    return bars, costs, stream


def cost_row(costs: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Return what bars cost, early and late."""
    spent = [row["spent_s"] for row in costs]
    worked = [row["worked_s"] for row in costs]
    quarter = max(1, len(costs) // 4)
    pairs = [
        (first["spent_s"] + second["spent_s"], first["sounds_s"] + second["sounds_s"])
        for first, second in zip(costs[1::2], costs[2::2], strict=False)
    ]
    return {
        "bars": len(costs),
        "ms_a_bar": round(1000 * fmean(spent), 1),
        "busy_share": round(sum(spent) / sum(row["sounds_s"] for row in costs), 4),
        "would_be_late": sum(spent_s > sounds_s for spent_s, sounds_s in pairs),
        "cost_late": round(fmean(worked[-quarter:]) / fmean(worked[quarter : 2 * quarter]), 3),
        "growth_mb": round(costs[-1]["rss_mb"] - costs[quarter]["rss_mb"], 1),
    }


def form_row(bars: Sequence[LiveBar], stream: Stream) -> dict[str, Any]:
    """Return what the music is like."""
    players = stream.score.players
    totals = [
        hear(gather(players, bars[first : first + WINDOW_BARS]), engine=stream.engine).total
        for first in range(0, len(bars) - WINDOW_BARS + 1, WINDOW_BARS)
    ]
    prints = [fingerprint(bar.music) for bar in bars]
    loops = [
        count_loop(prints[max(0, end - KEPT_LOOP_BARS) : end]) for end in range(1, len(prints) + 1)
    ]
    themes = [bar.number for bar in bars if bar.why.endswith("theme returns")]
    starts = [1, *(number for number in themes if (number - 1) % PERIOD_BARS == 0)]
    return {
        "judge": round(fmean(totals), 1),
        "judge_first_and_last": [round(fmean(part), 1) for part in (totals[:4], totals[-4:])],
        "loop": max(loops),
        "key_share": Share.of(_keys_are_clear(bars, stream)).to_dict(),
        "theme_gap": max((b - a for a, b in pairwise(starts)), default=0),
        "cadences": Share.of(_ends(bars, stream, PERIOD_BARS)).to_dict(),
        "half_cadences": Share.of(_ends(bars, stream, PERIOD_BARS // 2)).to_dict(),
    }


def _keys_are_clear(bars: Sequence[LiveBar], stream: Stream) -> list[bool]:
    found = []
    for first in range(0, len(bars) - KEY_BARS + 1, KEY_BARS):
        window = bars[first : first + KEY_BARS]
        if len({str(bar.key) for bar in window}) == 1:
            piece = gather(stream.score.players, window)
            heard, _ = estimate_key(durations_by_pitch_class(build_texture(piece)))
            found.append(_plain(heard) == _plain(window[0].key))
    return found


def _plain(key: Key) -> tuple[int, str]:
    return key.tonic_pitch_class, key.mode


def _ends(bars: Sequence[LiveBar], stream: Stream, place: int) -> list[bool]:
    """Return which periods have the cadence that the form wants behind so many of their bars."""
    found = []
    for end in range(place, len(bars) + 1, PERIOD_BARS):
        window = bars[max(0, end - 4) : end]
        heard = replace(gather(stream.score.players, window), key=window[-1].key, keys=())
        is_full = place == PERIOD_BARS
        degree = (
            final_cadence(build_texture(heard)).value if is_full else half_cadence(heard, heard.key)
        )
        found.append(degree >= 0.99)
    return found


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0, help="of every stream")
    parser.add_argument("--forms", nargs="+", default=[one.form for one in REQUESTS])
    parser.add_argument("--candidates", nargs="+", type=int, default=[4, 1])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    heading = {"machine": machine_facts(versions_of(default_engine())), "minutes": options.minutes}
    heading["yardstick_before_ms"] = yardstick_ms()
    rows: list[dict[str, Any]] = []
    for request in [one for one in REQUESTS if one.form in options.forms]:
        for candidates in options.candidates:
            bars, costs, stream = play(replace(request, candidates=candidates), options.minutes)
            row = {"form": request.form, "candidates": candidates}
            rows.append(row | cost_row(costs) | form_row(bars, stream))
            if options.out:
                yardstick = {"yardstick_after_ms": yardstick_ms()}
                save(options.out, heading | yardstick | {"rows": rows})
    names = ("form", "candidates", "bars", "busy_share", "would_be_late", "cost_late", "judge")
    print_table(names, [[row[name] for name in names] for row in rows])


if __name__ == "__main__":
    main()
