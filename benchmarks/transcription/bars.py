"""Learns what the first beat of a bar looks like, from real scores whose bars are known.

    python -m benchmarks.transcription.bars scores --out assets/transcription/bars.json \
        --report benchmarks/transcription/bars.json

The scores of the training split are taken as notes alone, their first 20 bars. A network with one
hidden layer learns which beats are first ones. What its sum counts beside `transcription.profiles`
and how usual a meter is, is fitted on a tenth of the scores that it did not see, so that the right
meter and place of the first beat is as likely as can be. How often they are right is told of these
scores, beside the profiles alone; the beats are known, and three numbers are fitted on them.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize
from sklearn.neural_network import MLPClassifier

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.record import machine_facts, rounded, save
from composer.corpus import load_corpus
from composer.piece import Piece
from composer.theory import Meter, parse_meter
from composer.transcription.bars import FirstBeats, features_of, with_neighbours
from composer.transcription.profiles import METERS, N_FREE, gather
from composer.transcription.tapped import hypotheses, usual

N_BARS, N_PIECES, HELD_OUT = 20, 2_000, 10
HIDDEN, EPOCHS = 32, 14
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """A piece as beats, with the right answer."""

    features: np.ndarray
    profiles: np.ndarray  # log likelihood, and how usual it is, by hypothesis; [2, H]
    places: tuple[tuple[Meter, int], ...]
    right: int
    first: int
    n_beats: int


def read(folder: Path) -> Rows:
    """Return notes and meters of scores."""
    corpus = load_corpus(folder, licence="open", split="train")
    entries = list(corpus.entries)
    random.Random(7).shuffle(entries)
    found: Rows = []
    for _, piece in replace(corpus, entries=tuple(entries)).pieces():
        if len(found) == N_PIECES:
            break
        if isinstance(piece, Piece) and len(piece.meters) == 1 and piece.parts[0].notes:
            end = min(piece.n_bars, N_BARS) * piece.meter.length_beats
            rows = sorted(
                (float(note.onset_beats), note.pitch)
                for part in piece.parts
                for note in part.notes
                if note.onset_beats < end
            )
            found.append({"meter": str(piece.meter), "rows": rows})
    return found


def cases(pieces: Rows) -> Iterator[Case]:
    """Yield the pieces whose meter is one of those that are looked for."""
    for piece in pieces:
        meter = parse_meter(piece["meter"])
        meter = Meter(4, 4) if meter == Meter(2, 2) else meter
        rows = piece["rows"]
        if meter not in METERS[:N_FREE] or len(rows) < 8:
            continue
        pulse = float(meter.pulse_beats)
        beats = np.array([row[0] for row in rows]) / pulse
        begin = int(np.floor(beats[0] + 1e-6))
        n_beats = int(meter.length_beats / meter.pulse_beats)
        pitches = np.array([float(row[1]) for row in rows])
        count = int(beats[-1] - begin) + 1
        onsets = gather(beats - begin, pitches, 0.05, is_line=False)
        found = hypotheses(onsets, np.arange(count + 1.0), is_line=False)
        places = tuple((profile.meter, place) for _, profile, place in found)
        right = [n for n, one in enumerate(places) if one == (meter, begin % n_beats)]
        usually = [usual(profile, place) for _, profile, place in found]
        scores = np.array([[one[0] for one in found], usually])
        best = max(right, key=lambda n: scores[:, n].sum())
        features = features_of(beats - begin, pitches, count)
        yield Case(features, scores, places, best, begin % n_beats, n_beats)


def learn(found: Sequence[Case]) -> FirstBeats:
    """Fit the network."""
    table = np.vstack([with_neighbours(case.features) for case in found]).astype(np.float32)
    labels = np.concatenate(
        [(np.arange(len(case.features)) + case.first) % case.n_beats == 0 for case in found]
    )
    fitted = MLPClassifier(
        (HIDDEN,), alpha=1e-2, batch_size=512, max_iter=EPOCHS, random_state=0, tol=0.0
    ).fit(table, labels)
    (into, out), (into_bias, out_bias) = fitted.coefs_, fitted.intercepts_
    layers = (into.round(3), into_bias.round(3), out[:, 0].round(3), out_bias.round(3))
    return FirstBeats(layers, 1.0, 1.0, 1.0)


def parts_of(case: Case, learned: FirstBeats) -> np.ndarray:
    """Return what speaks for every hypothesis: profiles, what is usual, its beats; [3, H]."""
    chances = learned.chances(case.features)
    yes, no = -np.logaddexp(0.0, -chances), -np.logaddexp(0.0, chances)
    rows = []
    for (meter, place), (score, often) in zip(case.places, case.profiles.T, strict=True):
        n = int(meter.length_beats / meter.pulse_beats)
        is_first = (np.arange(len(chances)) + place) % n == 0
        rows.append((score, often, np.where(is_first, yes, no).sum()))
    return np.array(rows).T


def weigh(found: Sequence[Case], learned: FirstBeats) -> tuple[np.ndarray, float, float]:
    """Fit what counts how much; return it, and how often all and the profiles alone are right."""
    tables = [parts_of(case, learned) for case in found]

    def loss(weights: np.ndarray) -> float:
        total = 0.0
        for case, table in zip(found, tables, strict=True):
            logits = weights @ table
            total += np.logaddexp.reduce(logits) - logits[case.right]
        return total / len(found)

    weights = minimize(loss, np.array([0.1, 1.0, 0.2]), method="Nelder-Mead").x
    hits = [
        (
            case.places[int((weights @ table).argmax())] == case.places[case.right],
            case.places[int(table[:2].sum(0).argmax())] == case.places[case.right],
        )
        for case, table in zip(found, tables, strict=True)
    ]
    return weights, *(float(np.mean(one)) for one in zip(*hits, strict=True))


def main() -> None:
    """Learn, print how often bars are right, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scores", type=Path, help="corpus folder with a manifest")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    pieces = (
        json.loads(options.scores.read_text()) if options.scores.is_file() else read(options.scores)
    )
    found = list(cases(pieces))
    held = found[::HELD_OUT]
    learned = learn([case for n, case in enumerate(found) if n % HELD_OUT])
    weights, all_right, before = weigh(held, learned)
    print(f"{len(found)} pieces, {len(held)} held out")
    print(f"bars right {all_right:.3f}, profiles alone {before:.3f}, weights {weights}", flush=True)
    if options.report:
        told = {"pieces": len(found), "held out": len(held)}
        told |= {"bars right": rounded(all_right), "by profiles alone": rounded(before)}
        save(options.report, told | {"machine": machine_facts()})
    names = ("profiles", "usual", "trust")
    result: dict[str, Any] = {"layers": [layer.tolist() for layer in learned.layers]}
    result |= {name: round(float(one), 4) for name, one in zip(names, weights, strict=True)}
    options.out.write_text(json.dumps(result) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
