"""What a listener is told, as JSON values: bars that stand, the plan, how it goes.

Seconds are those of the clock of the pool. Notes are as written; who plays them
applies `mix` (transposition, mute and solo), so that it is heard at once.
"""

from __future__ import annotations

import json
from typing import Any

from composer.live.pool import Broadcast, Standing
from composer.live.score import LiveBar, Mix


def bar_to_dict(bar: LiveBar) -> dict[str, Any]:
    """Return a bar; notes are part, onset, length, pitch and velocity, onsets within the bar."""
    return {
        "number": bar.number,
        "onset_beats": float(bar.onset_beats),
        "length_beats": float(bar.music.meter.length_beats),
        "meter": str(bar.music.meter),
        "tempo_bpm": round(bar.tempo_bpm, 3),
        "key": str(bar.key),
        "label": bar.label,
        "why": bar.why,
        "candidates": bar.candidates,
        "notes": [
            [
                index,
                round(float(note.onset_beats), 5),
                round(float(note.duration_beats), 5),
                note.pitch,
                note.velocity,
            ]
            for index, part in enumerate(bar.music.parts)
            for note in part.notes
        ],
    }


def text_of(standing: Standing) -> str:
    """Return a bar that stands as JSON text, written once however many listen."""
    if not standing.text:
        values = bar_to_dict(standing.bar) | {"onset_s": round(standing.onset_s, 4)}
        standing.text = json.dumps(values, separators=(",", ":"))
    return standing.text


def mix_to_dict(mix: Mix) -> dict[str, Any]:
    """Return what is played of what is composed."""
    return {"transpose": mix.transpose, "mute": list(mix.muted), "solo": list(mix.solo)}


def plan_to_dict(found: Broadcast) -> dict[str, Any]:
    """Return the bars that may still change, and the controls that wait to be heard."""
    stream = found.stream
    return {
        "bars": [bar_to_dict(bar) for bar in stream.planned()],
        "controls": [
            {"id": one.id, "name": one.name, "acts_at": one.acts_at, "text": one.text}
            for one in stream.waiting()
        ],
        "mix": mix_to_dict(stream.mix),
        "tempo_bpm": round(stream.tempo.tempo_bpm, 3),
    }


def health_to_dict(found: Broadcast) -> dict[str, Any]:
    """Return how it goes: bars ahead, candidates, how long two bars take, bars that came late."""
    health, stream = found.performance.health, found.stream
    return {
        "state": "asleep" if found.is_resting else stream.state,
        "bars": health.n_bars,
        "ahead": max(0, stream.score.n_bars - found.heard) + stream.score.n_planned,
        "candidates": health.n_candidates,
        "compose_ms": round(stream.elapsed_s * 1000),
        "late_bars": health.n_underruns,
        "late_ms": round(health.late_s * 1000),
        "listeners": len(found.listeners),
    }
