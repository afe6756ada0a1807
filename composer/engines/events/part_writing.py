"""A leaning away from parallel fifths and octaves while notes are drawn. Knows music and rows.

Teaching and practice agree that independent voices do not move in parallel fifths or octaves (D.
Huron, Tone and Voice, Music Perception 19 (2001), pp. 1-64), and `scoring.voice_leading` counts how
seldom they do in real pieces. A small model learns that late. So pitches that would make a parallel
lose nats, many where it is rare in the real pieces of the form; they are not forbidden, as they are
not in scores. Octaves between parts that are no voices are doublings, and left alone.

Shapes: B candidates, P parts.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from composer.scoring import load_bands
from composer.theory import MONOPHONIC_ENSEMBLES
from composer.tokenizer import Conditions, vocab
from composer.tokenizer.masks import Grammar
from composer.tokenizer.vocab import PART, PITCH, POSITION, TIME, Events
from composer.units import POSITIONS_PER_QUARTER

Ints = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float32]

# As `scoring` counts them: the interval modulo the octave.
INTERVALS = {"parallel_fifths": 7, "parallel_octaves": 0}
# Parallels in a hundred notes, exceeded by one real piece in ten; below it they are rare in a form.
RARE = 0.3
# The odds of a parallel fall by e to this: raw draws come down to the rate of real chorales.
COST_NATS = 8.0
# Where they are less rare, or parts are no voices all through: draws have two to ten times as many
# fifths as real pieces of the ensemble without it, and about as many with it.
MILD_NATS = 2.5
# Keyboard forms whose parts are voices.
VOICE_FORMS = frozenset({"fugue", "invention", "sinfonia", "ricercar"})
SIXTEENTH = POSITIONS_PER_QUARTER // 4
SILENT = -1
_PITCHES = np.arange(vocab.N_PITCH_WRITTEN)


def parallel_costs(conditions: Conditions, strictness: float = 1.0) -> dict[int, float]:
    """Return what a parallel costs, interval -> nats; empty at no strictness.

    Args:
        conditions: Form, ensemble and number of parts count.
        strictness: 0..1, a share of the nats.
    """
    if strictness == 0.0:
        return {}
    has_voices = conditions.ensemble in MONOPHONIC_ENSEMBLES or conditions.form in VOICE_FORMS
    bands = load_bands()
    groups = (
        f"{conditions.form}/{conditions.parts}",
        conditions.form or "",
        f"ensemble:{conditions.ensemble}",
    )
    known = next((bands[group] for group in groups if group in bands), {})
    costs = {}
    for rule, interval in INTERVALS.items():
        if has_voices and rule in known and known[rule].p90 <= RARE:
            costs[interval] = COST_NATS * strictness
        elif has_voices or rule == "parallel_fifths":
            costs[interval] = MILD_NATS * strictness
    return costs


class PartWriting:
    """The leaning of a group of candidates, as `decoding.Leaning`; rows go in, weights come out.

    Args:
        grammar: Of the group; knows where the bars begin, and hears of each row first.
        costs: As from `parallel_costs`.
    """

    def __init__(self, grammar: Grammar, costs: Mapping[int, float]) -> None:
        self._grammar = grammar
        self._costs = costs
        # Pitch, onset and end of the last two notes of every part, the latest at index 1.
        shape = (grammar.size, len(grammar.frame.ranges), 2)
        self._pitch, self._onset, self._end = (np.full(shape, SILENT, np.int64) for _ in range(3))

    def weights(self, field_index: int, chosen: Events) -> Weights | None:
        """Return what is added to the logits of a field, [B, V]; None if nothing is.

        Args:
            field_index: 0..3.
            chosen: The fields of this row already chosen, [B, field_index].
        """
        if field_index != PITCH:
            return None
        part = np.minimum(chosen[:, PART], self._pitch.shape[1] - 1)
        onset = self._grammar.bar_onset + chosen[:, TIME] - POSITION
        now, before = self._sounding(onset), self._sounding(onset - SIXTEENTH)
        own = before[np.arange(len(part)), part]
        moves = (now != before) & (now != SILENT) & (before != SILENT) & (own != SILENT)[:, None]
        moves &= (np.arange(now.shape[1]) != part[:, None]) & self._is_note(chosen)[:, None]
        who = np.flatnonzero(moves.any(1))
        if not len(who):
            return None
        weights = np.zeros((len(part), len(_PITCHES)), np.float32)
        weights[who] = self._weights(own[who], before[who], now[who], moves[who])
        return weights

    def _weights(self, own: Ints, before: Ints, now: Ints, moves: npt.NDArray[np.bool_]) -> Weights:
        """Weigh every pitch that a part may go to, [B, V].

        Args:
            own: The part's pitch a sixteenth before, [B].
            before: Every part's pitch then, [B, P].
            now: Every part's pitch now, [B, P].
            moves: The other parts that have gone on to another pitch, [B, P].
        """
        goes = np.sign(_PITCHES - own[:, None])[:, None, :] == np.sign(now - before)[:, :, None]
        interval = np.abs(own[:, None] - before) % 12
        new_interval = np.abs(_PITCHES - now[:, :, None]) % 12  # [B, P, V]
        weights = np.zeros((len(own), len(_PITCHES)), np.float32)
        for perfect, cost in self._costs.items():
            is_parallel = goes & (moves & (interval == perfect))[:, :, None]
            weights -= np.float32(cost) * (is_parallel & (new_interval == perfect)).any(1)
        return weights

    def accept(self, rows: Events) -> None:
        """Go on by one row a candidate, [B, 4]."""
        who = np.flatnonzero(self._is_note(rows))
        part, pitch = rows[who, PART].astype(np.int64), rows[who, PITCH]
        onset = self._grammar.bar_onset[who] + rows[who, TIME] - POSITION
        # Of a chord the highest note, which comes last, is the line.
        goes_on = self._onset[who, part, 1] != onset
        for memory in (self._pitch, self._onset, self._end):
            memory[who[goes_on], part[goes_on], 0] = memory[who[goes_on], part[goes_on], 1]
        self._pitch[who, part, 1], self._onset[who, part, 1] = pitch, onset
        self._end[who, part, 1] = onset + rows[who, vocab.DURATION] + 1

    def keep(self, places: Ints) -> None:
        """Go on with some of the candidates only, by their places in the group."""
        self._pitch, self._onset, self._end = (
            memory[places] for memory in (self._pitch, self._onset, self._end)
        )

    def _sounding(self, position: Ints) -> Ints:
        """Return the pitch of every part at a position, [B, P]; `SILENT` in rests."""
        at = position[:, None, None]
        sounds = (self._onset <= at) & (at < self._end) & (self._pitch != SILENT)
        latest, earlier = sounds[:, :, 1], sounds[:, :, 0]
        return np.where(
            latest, self._pitch[:, :, 1], np.where(earlier, self._pitch[:, :, 0], SILENT)
        )

    def _is_note(self, rows: Events) -> npt.NDArray[np.bool_]:
        time = rows[:, TIME]
        return np.asarray((time >= POSITION) & (time < vocab.N_TIME_WRITTEN))
