"""The next bars of a stream: several candidates, judged in context, the best kept.

Each candidate is heard behind what stands, by the same judge as everywhere. Of those, the one is
kept that keeps the cadence which the form wants here, says nothing again and again, and scores
best. How many are drawn follows from the time that is left: 8, 4, 2 or 1. Silence is no answer:
where no candidate will do, bars of the theme come back.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean

from composer.composition import Ranked
from composer.engines import Engine
from composer.errors import RequestError
from composer.live.conductor import Settings, Wanted, facts_of, is_in
from composer.live.context import bars_of, chain_of, copy_theme
from composer.live.score import Fingerprint, LiveBar, Score, count_loop, fingerprint, split
from composer.piece import Piece
from composer.pipeline.chain import Chain
from composer.pipeline.chunks import ChunkDrawing, DrawnChunk
from composer.pipeline.extending import chunk_seed
from composer.request import Request
from composer.scoring.texture import build_texture
from composer.scoring.tonality import durations_by_pitch_class, final_cadence
from composer.stitching import join
from composer.theory import Key

COUNTS = (8, 4, 2, 1)
ATTEMPTS = 3  # until candidates come that are music
BOLDER = 0.15  # temperature that every further attempt adds
_ATTEMPT_BIT = 56  # above all bits that seeds of chunks have
GUESS_S = 0.1  # for two bars of one candidate
# A cost that was measured may be exceeded by so much before the time is up.
SAFETY = 1.5
# By how many points of 100 a candidate is moved that ends as the form wants it, that says the same
# for the third time or more, that is as lively as can be, or that stands in the key that is wanted.
CADENCE_POINTS, LOOP_POINTS, LIVELY_POINTS, KEY_POINTS = 60.0, 40.0, 15.0, 40.0
WHOLE = 0.99  # of a cadence
LEAST_GAIN = 1.0  # points of 100 that are worth a sentence
MOST_TIMES = 2  # that a figure of one to four bars may come in a row
# The music has drifted when the model finds the last chunks so much more, or so much less, of a
# surprise than the first ones, in nats a note.
DRIFT_NATS, DRIFT_CHUNKS = 0.8, 8


@dataclass
class Costs:
    """How long it takes to compose two bars of so many candidates, as measured so far.

    Args:
        measured: Candidates -> seconds, newer ones counting more.
    """

    measured: dict[int, float] = field(default_factory=dict)

    def note(self, n_candidates: int, seconds: float) -> None:
        """Remember a measurement."""
        before = self.measured.get(n_candidates, seconds)
        self.measured[n_candidates] = 0.7 * before + 0.3 * seconds

    def expected_s(self, n_candidates: int) -> float:
        """Return how long so many will take; a guess before anything was measured."""
        measured = self.measured or {1: GUESS_S}
        near = min(measured, key=lambda known: abs(known - n_candidates))
        return measured[near] * float((n_candidates / near) ** 0.8)

    def attempts(self, n_candidates: int, left_s: float | None) -> int:
        """Return how often so many candidates can be drawn in the time that is left, once at least.

        Args:
            n_candidates: Of every drawing.
            left_s: As of `affordable`.
        """
        if left_s is None:
            return ATTEMPTS
        once_s = SAFETY * self.expected_s(n_candidates)
        return min(ATTEMPTS, max(1, int(left_s / once_s)))

    def affordable(self, n_most: int, left_s: float | None) -> int:
        """Return how many candidates can be drawn in the time that is left, one at least.

        Args:
            n_most: Not more than these.
            left_s: Until the bars are needed; None for any time.
        """
        for count in COUNTS:
            if count > n_most:
                continue
            if left_s is None or SAFETY * self.expected_s(count) <= left_s:
                return count
        return 1


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What came of a chunk.

    Args:
        bars: The new bars.
        candidates: Of how many they were chosen.
        elapsed_s: How long it took.
    """

    bars: tuple[LiveBar, ...]
    candidates: int
    elapsed_s: float


@dataclass
class Composing:
    """An engine at work on one stream.

    Args:
        engine: What draws.
        n_most: Candidates at most; of `COUNTS`.
        costs: What was measured; streams of one machine share it.
    """

    engine: Engine
    n_most: int = COUNTS[0]
    costs: Costs = field(default_factory=Costs)

    def compose(
        self,
        score: Score,
        settings: Settings,
        wanted: Wanted,
        n_candidates: int,
        attempts: int = ATTEMPTS,
    ) -> Chosen:
        """Compose what is wanted next.

        Args:
            score: What stands and is planned.
            settings: Of the stream.
            wanted: What comes behind it.
            n_candidates: How many are drawn.
            attempts: How often they are, at most, until one keeps the cadence and says something
                new; candidates that are no music are drawn again whatever the time.

        Raises:
            RequestError: If nothing can be composed, not even the theme again.
        """
        began_s = time.perf_counter()
        chain, theme_range = chain_of(score, settings)
        drawing = ChunkDrawing(
            self.engine,
            replace(settings.request, candidates=n_candidates),
            lambda: False,
            has_time=False,
        )
        if wanted.copies and settings.theme is not None:
            drawn = copy_theme(drawing, chain, settings.theme, wanted)
            best, why, n_drawings = drawn.ranked[0], "the theme returns", 0
        else:
            drawn, best, why, n_drawings = self._best(
                drawing, chain, theme_range, score, settings, wanted, attempts
            )
        elapsed_s = time.perf_counter() - began_s
        if n_drawings and wanted.bars_after:
            self.costs.note(n_candidates, elapsed_s * 2 / wanted.bars / n_drawings)
        n_drawn = len(drawn.ranked) + len(drawn.rejected)
        return Chosen(
            bars=bars_of(chain, score, wanted, best, why, n_drawn),
            candidates=n_drawn,
            elapsed_s=elapsed_s,
        )

    def _best(
        self,
        drawing: ChunkDrawing,
        chain: Chain,
        theme_range: range,
        score: Score,
        settings: Settings,
        wanted: Wanted,
        attempts: int,
    ) -> tuple[DrawnChunk, Ranked, str, int]:
        """Return what was drawn, the candidate that is kept, why, and how often was drawn."""
        request = drawing.request
        facts = facts_of(settings, wanted, theme_range)
        prints = [fingerprint(bar.music) for bar in (*score.ring, *score.plan)]
        picking = _Picking(chain, prints, settings, wanted)
        seed = chunk_seed(settings.request.seed, wanted.seed_number)
        found: list[tuple[tuple[float, float], DrawnChunk, Ranked]] = []
        boldness = 0
        for attempt in range(ATTEMPTS):
            drawing.request = _bolder(request, boldness)
            ask = chain.ask(
                drawing.request,
                wanted.key,
                wanted.bars,
                wanted.bars_after,
                seed=seed + (attempt << _ATTEMPT_BIT),
                **facts,
            )
            try:
                *_, last = drawing.draw(chain, ask)
            except RequestError as error:
                refusal = error
                chain = replace(chain, is_given=True)  # parts may be silent a while longer
                boldness += 1
                continue
            assert isinstance(last, DrawnChunk)
            best = max(last.ranked, key=picking.points)
            found.append((picking.points(best), last, best))
            boldness += picking.loops(best) > MOST_TIMES
            if attempt + 1 >= attempts or picking.is_kept(best):
                break
        if found:
            _, drawn, best = max(found, key=lambda one: one[0])
            return drawn, best, picking.why(best, drawn), attempt + 1
        if settings.theme is None:
            raise refusal
        drawn = copy_theme(drawing, chain, settings.theme, wanted)
        why = "nothing else would do, so the theme returns"
        return drawn, drawn.ranked[0], why, ATTEMPTS


def _bolder(request: Request, boldness: int) -> Request:
    """Return a request with a temperature that is higher by some steps."""
    return replace(request, temperature=min(2.0, request.temperature + BOLDER * boldness))


@dataclass
class _Picking:
    """Compares candidates of one chunk."""

    chain: Chain
    prints: Sequence[Fingerprint]
    settings: Settings
    wanted: Wanted

    def points(self, one: Ranked) -> tuple[float, float]:
        """Return how good a candidate is here, and how likely; the more the better."""
        found = one.scorecard.total + CADENCE_POINTS * self.cadence(one)
        found += KEY_POINTS * self.is_in_key(one)
        found -= LOOP_POINTS * max(0, self.loops(one) - MOST_TIMES)
        found += LIVELY_POINTS * self.settings.liveliness * _density(one.piece)
        return found, -one.order[1]

    def is_kept(self, one: Ranked) -> bool:
        """Whether it has the cadence that is wanted, stands in its key and says something new."""
        has_cadence = not self.wanted.cadence or self.cadence(one) >= WHOLE
        return has_cadence and self.is_in_key(one) and self.loops(one) <= MOST_TIMES

    def loops(self, one: Ranked) -> int:
        """Return how often in a row the same would be said."""
        prints = list(self.prints)
        most = 1
        for bar in split(one.piece, self.wanted.bars):
            prints.append(fingerprint(bar))
            most = max(most, count_loop(prints))
        return most

    def cadence(self, one: Ranked) -> float:
        """Return how much of the cadence that is wanted it has, 0..1; 0 if none is."""
        if not self.wanted.cadence or not one.piece.n_notes:
            return 0.0
        tail, n_tail = self.chain.tail()
        heard = replace(join(tail, n_tail, one.piece), key=self.wanted.key, keys=())
        if self.wanted.cadence == "half":
            return half_cadence(heard, self.wanted.key)
        return final_cadence(build_texture(heard)).value

    def is_in_key(self, one: Ranked) -> bool:
        """Whether the notes of the period and of a candidate are estimated in the key here."""
        n_bars, music = self.wanted.heard_bars, one.piece
        if n_bars:
            music = join(*self.chain.tail(n_bars), music)
        return is_in(self.wanted.key, durations_by_pitch_class(build_texture(music)).tolist())

    def why(self, best: Ranked, drawn: DrawnChunk) -> str:
        """Say why it was chosen: what sets it apart from the others."""
        others = [one for one in drawn.ranked if one is not best]
        n_drawn = len(drawn.ranked) + len(drawn.rejected)
        reasons = [f"{best.scorecard.total:.0f} of 100"]
        if others:
            totals = [one.scorecard.total for one in others]
            reasons[0] += f", the others {min(totals):.0f} to {max(totals):.0f}"
        if self.cadence(best) >= WHOLE:
            reasons.append(f"{self.wanted.cadence} cadence")
        reasons += _advantage(best, others)
        return f"chosen of {n_drawn}: {'; '.join(reasons)}"


def _advantage(best: Ranked, others: Sequence[Ranked]) -> list[str]:
    """Return the sentence on which it gains most over the others, if there is one."""
    gains: list[tuple[float, str]] = []
    for score in best.scorecard.scores:
        if score.is_inside_band and others:
            gain = fmean(one.scorecard[score.name].lost for one in others) - score.lost
            gains.append((gain, score.reason))
    gain, reason = max(gains, default=(0.0, ""))
    return [reason] if gain > LEAST_GAIN and reason else []


def half_cadence(heard: Piece, key: Key) -> float:
    """Return 1 if music pauses on the dominant: its triad over its root; half for the root alone.

    Source: W. E. Caplin, The Classical Cadence, Journal of the American Musicological Society 57
    (2004), pp. 51-118.
    """
    notes = [note for part in heard.parts for note in part.notes]
    last = max(note.onset_beats for note in notes)
    degrees = [
        (note.pitch, (note.pitch - key.tonic_pitch_class) % 12)
        for note in notes
        if note.end_beats > last
    ]
    bass = min(degrees)[1]
    is_triad = {degree for _, degree in degrees} <= {7, 11, 2}
    return 0.5 * (bass == 7) + 0.5 * (bass == 7 and is_triad)


def _density(music: Piece) -> float:
    """Return how many notes there are, by notes a beat and part: 0 for one, 1 for four or more."""
    usual = float(music.length_beats) * len(music.parts)
    return min(1.0, max(-1.0, (music.n_notes / usual - 1.0) / 3.0 if usual else 0.0))


# --- Drift --------------------------------------------------------------------------------------


@dataclass
class Drift:
    """Notices when the music wanders off: how surprising its chunks are, the first and the last.

    Args:
        first: Nats a note of the first chunks.
        last: Of the last ones.
    """

    first: list[float] = field(default_factory=list)
    last: deque[float] = field(default_factory=lambda: deque(maxlen=DRIFT_CHUNKS))

    def note(self, nats_per_note: float | None) -> bool:
        """Remember a chunk; return whether the music has drifted."""
        if nats_per_note is None:
            return False
        if len(self.first) < DRIFT_CHUNKS:
            self.first.append(nats_per_note)
            return False
        self.last.append(nats_per_note)
        if len(self.last) < DRIFT_CHUNKS:
            return False
        return abs(fmean(self.last) - fmean(self.first)) > DRIFT_NATS
