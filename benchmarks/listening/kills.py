"""Kill the server again and again while four listeners vote; no confirmed vote may be lost.

    python benchmarks/listening/kills.py --out benchmarks/listening/kills.json

Each round starts the server on the same ballots, lets four clients enrol and vote as fast as they
can, and kills the process (SIGKILL) after a random while. A vote counts as confirmed when its
answer arrived. At the end every confirmed vote must be in the database, once, with its first
answer, and the database must be whole.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import httpx
import numpy as np

from benchmarks.listening.serving import ballot, free_port, make_study, start_server
from benchmarks.record import machine_facts, save
from composer.listening.ballots import Ballots
from composer.listening.journal import BALLOTS

WRITERS = 4
LIFE_S = (0.5, 2.0)
Confirmed = list[tuple[str, int, str]]


def vote_until_killed(url: str, number: int, confirmed: Confirmed) -> None:
    """Enrol and vote until the server is gone; note what was confirmed."""
    rng = np.random.default_rng(number)
    try:
        with httpx.Client(base_url=url, timeout=10) as client:
            while True:
                code = client.post("/api/listeners", json={"agrees": True}).json()["code"]
                headers = {"x-listener": code}
                while (place := client.get("/api/trial", headers=headers).json()).get("slots"):
                    choice = "ab"[rng.integers(2)]
                    body = ballot(place, {"choice": choice})
                    reply = client.post("/api/votes", json=body, headers=headers)
                    if reply.status_code == 200 and reply.json()["is_new"]:
                        confirmed.append((code, place["position"], choice))
    except httpx.TransportError:  # the server was killed
        return


def run_round(folder: Path, number: int, confirmed: Confirmed) -> None:
    """Serve, vote and kill once."""
    port = free_port()
    server = start_server(folder, port)
    writers = [
        Thread(
            target=vote_until_killed,
            args=(f"http://127.0.0.1:{port}", WRITERS * number + writer, confirmed),
        )
        for writer in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    time.sleep(np.random.default_rng(number).uniform(*LIFE_S))
    server.kill()
    server.wait()
    for writer in writers:
        writer.join()


def check(folder: Path, confirmed: Confirmed) -> dict[str, Any]:
    """Look every confirmed vote up."""
    ballots, names = Ballots(folder / BALLOTS), dict[str, str]()
    kept = {
        (one.id, vote.position): vote.answer["choice"]
        for one in ballots.listeners()
        for vote in one.votes
    }
    lost = 0
    for code, position, choice in confirmed:
        name = names.setdefault(code, ballots.find(code))
        lost += kept.get((name, position)) != choice
    with closing(sqlite3.connect(folder / BALLOTS)) as database:
        integrity = database.execute("PRAGMA integrity_check").fetchone()[0]
    return {"confirmed": len(confirmed), "kept": len(kept), "lost": lost, "integrity": integrity}


def main() -> None:
    """Run all rounds and save what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=20)
    options = parser.parse_args()
    confirmed: Confirmed = []
    with TemporaryDirectory() as scratch:
        folder = make_study(Path(scratch) / "study", max_listeners=100_000).path
        for number in range(options.kills):
            run_round(folder, number, confirmed)
            print(f"{number + 1} kills, {len(confirmed)} votes confirmed", file=sys.stderr)
        found = {"kills": options.kills, "writers": WRITERS, **check(folder, confirmed)}
    save(options.out, {"machine": machine_facts(), **found})
    print(found)


if __name__ == "__main__":
    main()
