"""Which flags of neighbouring notes are drawn as beams, by the beats of the meter."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from composer.theory import Meter

_N_FLAGS = {
    kind: n
    for n, kind in enumerate(
        ("eighth", "16th", "32nd", "64th", "128th", "256th", "512th", "1024th"), start=1
    )
}


def beam_group_beats(meter: Meter) -> Fraction:
    """Return how long a stretch is whose notes share beams, in quarters.

    Three units in compound meters and in bars of three short units; a half note where the meter
    counts halves; else a quarter.
    """
    unit = Fraction(4, meter.denominator)
    if meter.denominator >= 8 and meter.numerator % 3 == 0:
        return 3 * unit
    return Fraction(2) if meter.denominator <= 2 else Fraction(1)


def beams(
    onsets_beats: Sequence[Fraction], kinds: Sequence[str], meter: Meter
) -> list[tuple[str, ...]]:
    """Say for every value of a voice's bar how its beams go on, the highest level first.

    Args:
        onsets_beats: Quarters from the bar line, ascending.
        kinds: Names of the values; empty for rests, which break beams.
        meter: Of the bar.

    Returns:
        Of each value `start`, `continue`, `stop`, `forward` or `backward` a level (the last two
        for short beams); nothing for notes that keep their flags.
    """
    group = beam_group_beats(meter)
    flags = [_N_FLAGS.get(kind, 0) for kind in kinds]
    places = [onset // group for onset in onsets_beats]
    result = []
    for i, n_flags in enumerate(flags):
        before = flags[i - 1] if i and places[i - 1] == places[i] else 0
        after = flags[i + 1] if i + 1 < len(flags) and places[i + 1] == places[i] else 0
        joined = bool(before or after)
        result.append(
            tuple(_level(n, before, after) for n in range(1, n_flags + 1)) if joined else ()
        )
    return result


def _level(level: int, before: int, after: int) -> str:
    """Return how one beam goes on, given the flags of both neighbours."""
    if level <= before and level <= after:
        return "continue"
    if level <= after:
        return "start"
    if level <= before:
        return "stop"
    return "backward" if before else "forward"
