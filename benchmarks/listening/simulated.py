"""A study by simulated listeners through the real HTTP API, and what the analysis makes of it.

    python benchmarks/listening/simulated.py --out benchmarks/listening/simulated.json

Three conditions of known strengths, 8 prompts, 24 questions for each of 40 listeners, every answer
drawn by Bradley and Terry's model; every tenth listener answers at random and fails the attention
checks. Told: the order found, whether the intervals hold the truth, and who was dropped. Beside it,
without a server, how many intervals of many such studies hold the truth: 95 % should.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import httpx
import numpy as np

from benchmarks.listening.serving import ballot, free_port, make_study, start_server
from benchmarks.record import Share, machine_facts, save
from composer.listening.analysis import ranking
from composer.listening.analysis.answers import Preference
from composer.listening.analysis.report import analyse
from composer.listening.ballots import Ballots
from composer.listening.journal import BALLOTS
from composer.listening.trials import CHECK, Trial

TRUTH = {"alpha": 0.5, "beta": 0.0, "gamma": -0.5}
LISTENERS, AT_ONCE, CARELESS_EVERY = 40, 4, 10


def listen(url: str, ballots: Ballots, number: int) -> None:
    """Go through the study once."""
    rng = np.random.default_rng([11, number])
    is_careless = number % CARELESS_EVERY == CARELESS_EVERY - 1
    with httpx.Client(base_url=url, timeout=60) as client:
        code = client.post("/api/listeners", json={"agrees": True}).json()["code"]
        headers = {"x-listener": code}
        while (place := client.get("/api/trial", headers=headers).json())["state"] == "trial":
            trial = ballots.trial(ballots.find(code), place["position"])
            answer = {"choice": choose(trial, is_careless, rng)}
            reply = client.post("/api/votes", json=ballot(place, answer), headers=headers)
            reply.raise_for_status()
        client.post("/api/answers", json={"answers": {}}, headers=headers).raise_for_status()


def choose(trial: Trial, is_careless: bool, rng: np.random.Generator) -> str:
    """Return an answer: right at checks, by strength elsewhere; at random if careless."""
    if is_careless:
        return "b" if trial.key == "a" else "a" if trial.key else "ab"[rng.integers(2)]
    if trial.kind == CHECK:
        return trial.key
    return "ab"[int(rng.random() > chance(*trial.conditions))]


def chance(first: str, second: str) -> float:
    """Return how likely the first is preferred."""
    return 1 / (1 + math.exp(TRUTH[second] - TRUTH[first]))


def run_study() -> dict[str, Any]:
    """Run the study over HTTP; return what was found."""
    with TemporaryDirectory() as scratch:
        study, port = make_study(Path(scratch) / "study"), free_port()
        server = start_server(study.path, port)
        try:
            began_s, ballots = time.monotonic(), Ballots(study.path / BALLOTS)
            url = f"http://127.0.0.1:{port}"
            with ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(lambda number: listen(url, ballots, number), range(LISTENERS)))
            elapsed_s = time.monotonic() - began_s
            report = analyse(study.plan, ballots.listeners())
        finally:
            server.terminate()
            server.wait()
    strengths = report["strengths"]
    return {
        "listeners": report["listeners"]["came"],
        "kept": report["listeners"]["kept"],
        "dropped_for": sorted({w for o in report["listeners"]["dropped"] for w in o["reasons"]}),
        "order": [one["condition"] for one in strengths],
        "is_order_right": [one["condition"] for one in strengths] == list(TRUTH),
        "strengths": [one | {"truth": TRUTH[one["condition"]]} for one in strengths],
        "intervals_hold_the_truth": all(
            one["low"] <= TRUTH[one["condition"]] <= one["high"] for one in strengths
        ),
        "sentences": report["sentences"],
        "run_s": round(elapsed_s, 1),
    }


def coverage(n_studies: int) -> dict[str, Any]:
    """Return how many intervals of simulated studies hold the truth."""
    names, pairs = list(TRUTH), [("alpha", "beta"), ("alpha", "gamma"), ("beta", "gamma")]
    ranking.RESAMPLES = 300
    found = []
    for study in range(n_studies):
        rng = np.random.default_rng([13, study])
        votes = [
            Preference(f"l{who}", "p", pair, float(rng.random() < chance(*pair)), 0)
            for who in range(LISTENERS)
            for pair in pairs * 8
        ]
        strengths = ranking.strengths_of(votes, names, seed=study)
        found += [one.low <= TRUTH[one.condition] <= one.high for one in strengths]
    return Share.of(found).to_dict()


def main() -> None:
    """Run everything and save it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--studies", type=int, default=100, help="for the coverage")
    options = parser.parse_args()
    result = {"machine": machine_facts(), "truth": TRUTH, "study": run_study()}
    save(options.out, result | {"coverage": coverage(options.studies)})
    print(result["study"])


if __name__ == "__main__":
    main()
