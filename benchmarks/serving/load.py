"""Many at once: 1, 5 and 20 people at the API of the page, with the bundled checkpoint.

    python benchmarks/serving/load.py --out benchmarks/serving/load.json

For each number of people the server is started anew, in a process of its own, on a free port, with
the settings that it has when nothing is set. The people live in this process, on the same machine:
each opens gradio_client, pauses for some seconds, asks, checks that the answer is its own, and goes
on until the time is over; then all wait for what is under way. What they ask for is in visitors.py.
Everybody comes from this machine, where no rate is limited; so each names an address of its own in
X-Forwarded-For, as a proxy does (the server believes a proxy on the same machine), and the limit
holds for each. `refused_from_call` is the call with which one more address, that asks without a
pause, was refused.

- outcomes: `own` (accepted, finished, and the answer belongs to the question), `refused` with the
  line for people (queue full, too many requests), `wrong` (somebody else's answer), `failed`
- seconds: from the question to both files here, of those that are `own`; `waited_s`: until a
  place was free, as the client saw it, in steps of a tenth
- memory: of the server and its helpers, once a second; first at rest, then the mean of the first
  and of the last minute (of a third of the time, if that is less), the peak, and half a minute
  after the last answer
- files: in the server's temporary folder at the end, and after the server was stopped
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

# The root in place of this folder.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import httpx
import numpy as np
from gradio_client import Client

from benchmarks.record import machine_facts, print_table, rounded, save
from benchmarks.serving.visitors import FAILED, NETWORK, OWN, REFUSED, SHARES, WRONG, Person
from benchmarks.serving.watching import MemoryWatch, count_files, memory_mb
from composer.pipeline import default_engine
from composer.settings import read
from composer.ui.layout import MAX_WAITING
from tests.serving import REAL_APP, serve

USERS = (1, 5, 20)
MINUTES = {1: 1.0, 5: 2.0, 20: 5.0}
THINK_S = (4.0, 12.0)  # somebody listens to some bars before the next wish
CALM_S = 30.0
OUTCOMES = (OWN, REFUSED, WRONG, FAILED)
IMPATIENT = f"{NETWORK}254"


def people_at(
    address: str, users: int, began_s: float, think_s: tuple[float, float], folder: Path
) -> list[Person]:
    """Let people arrive, each at an address of its own.

    Args:
        address: Of the page.
        users: How many.
        began_s: When the measuring begins.
        think_s: Shortest and longest pause.
        folder: Of what they fetch.
    """
    people = []
    for number in range(1, users + 1):
        client = Client(
            address,
            headers={"X-Forwarded-For": f"{NETWORK}{number}"},
            verbose=False,
            download_files=str(folder / str(number)),
        )
        menu = client.predict(api_name="/menu")
        people.append(Person(number, client, menu, think_s, began_s))
    return people


def run(users: int, seconds: float, think_s: tuple[float, float]) -> dict[str, Any]:
    """Serve, let people work, and count."""
    with TemporaryDirectory(prefix="load-") as scratch:
        served, fetched = Path(scratch, "server"), Path(scratch, "people")
        served.mkdir()
        with serve(*REAL_APP, TMPDIR=str(served)) as address:
            at_rest = memory_mb(address.process_id)
            began_s = time.monotonic()
            people = people_at(address, users, began_s, think_s, fetched)
            with MemoryWatch(address.process_id, began_s) as watch:
                until_s = time.monotonic() + seconds
                threads = [Thread(target=one.stay, args=(until_s,)) for one in people]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                ended_s = time.monotonic() - began_s
                time.sleep(min(CALM_S, seconds))
            left = count_files(served)
            refused_from = calls_until_refused(address)
        after_stop = count_files(served)
    rows = sorted((row for one in people for row in one.rows), key=lambda row: row["at_s"])
    return {
        "users": users,
        "seconds": round(ended_s, 1),
        "outcomes": {name: sum(row["outcome"] == name for row in rows) for name in OUTCOMES},
        "kinds": {kind: summary(rows, kind) for kind in SHARES},
        "all": summary(rows),
        "most_at_once": most_at_once(rows),
        "memory": memory(at_rest, watch.looks, ended_s),
        "files_at_end": left,
        "files_after_stop": after_stop,
        "refused_from_call": refused_from,
        "fewest_and_most_a_user": fewest_and_most(people),
        "rows": rows,
    }


def calls_until_refused(address: str) -> int | None:
    """Call without a pause from one address; return the call that was refused, None if none.

    What it calls does not exist: the tollgate stands before that, and to be told so takes no time.
    """
    headers = {"X-Forwarded-For": IMPATIENT}
    most = 2 * max(1, read().page.calls_per_minute)
    with httpx.Client(base_url=address, headers=headers, trust_env=False) as client:
        for number in range(1, most + 1):
            if client.post("/gradio_api/call/nothing", json={"data": []}).status_code == 429:
                return number
    return None


def summary(rows: Sequence[dict[str, Any]], kind: str | None = None) -> dict[str, Any]:
    """Return how many answers came, and how long they took."""
    own = [row for row in rows if row["outcome"] == OWN and kind in (None, row["kind"])]
    found: dict[str, Any] = {"own": len(own)}
    for name in ("seconds", "waited_s"):
        values = [row[name] for row in own if row[name] is not None]
        for percent in (50, 95):
            value = np.percentile(values, percent) if values else np.nan
            found[f"{name.removesuffix('_s')}_p{percent}_s"] = rounded(value)
    return found


def most_at_once(rows: Sequence[dict[str, Any]]) -> int:
    """Return the largest number of requests under way at once, waiting ones included."""
    steps = [(row["at_s"], 1) for row in rows] + [
        (row["at_s"] + row["seconds"], -1) for row in rows
    ]
    return int(max(np.cumsum([step for _, step in sorted(steps)]), default=0))


def memory(
    at_rest: tuple[float, float], looks: Sequence[tuple[float, float, float]], ended_s: float
) -> dict[str, Any]:
    """Return megabytes at rest, early, late, at the peak and in the end: resident, proportional."""
    values = np.array([look[1:] for look in looks])
    times = np.array([look[0] for look in looks])
    span_s = min(60.0, ended_s / 3)
    early, late = times <= span_s, (times > ended_s - span_s) & (times <= ended_s)
    places = {
        "at_rest": np.array(at_rest),
        "first_minute": values[early].mean(axis=0),
        "last_minute": values[late].mean(axis=0),
        "peak": values.max(axis=0),
        "calm": values[-1],
    }
    return {
        f"{name}_{kind}_mb": rounded(value, 1)
        for name, pair in places.items()
        for kind, value in zip(("rss", "pss"), pair, strict=True)
    }


def fewest_and_most(people: Sequence[Person]) -> list[int]:
    """Return how many own answers the least and the most lucky person got: nobody starves."""
    counts = [sum(row["outcome"] == OWN for row in one.rows) for one in people]
    return [min(counts), max(counts)]


def show(level: dict[str, Any]) -> None:
    """Print what came of one number of people."""
    outcomes = ", ".join(f"{name} {n}" for name, n in level["outcomes"].items())
    print(f"\n{level['users']} users, {level['seconds']:.0f} s: {outcomes}")
    heading = ("kind", "own", "p50 s", "p95 s", "waited p50 s", "p95 s")
    kinds = [*level["kinds"].items(), ("all", level["all"])]
    print_table(heading, [(kind, *one.values()) for kind, one in kinds])
    print("memory, MB:", level["memory"])
    print("files:", level["files_at_end"], "after the stop:", level["files_after_stop"])
    for row in level["rows"]:
        if row["outcome"] != OWN:
            print(row)


def main() -> None:
    """Run and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--users", type=int, nargs="+", default=USERS)
    parser.add_argument("--seconds", type=float, help="for each number of users")
    parser.add_argument("--think", type=float, nargs=2, default=THINK_S, metavar="S")
    options = parser.parse_args()
    settings = {
        "concurrency": read().page.concurrency,
        "most_waiting": MAX_WAITING,
        "calls_per_minute": read().page.calls_per_minute,
        "think_s": list(options.think),
        "shares": SHARES,
        "addresses": f"{NETWORK}1 and on, by X-Forwarded-For; the rate limit holds for each",
    }
    result = {"machine": machine_facts(default_engine().versions), "settings": settings}
    levels = []
    for users in options.users:
        seconds = options.seconds or 60 * MINUTES.get(users, 5.0)
        levels.append(run(users, seconds, tuple(options.think)))
        show(levels[-1])
        if options.out:
            save(options.out, result | {"levels": levels})


if __name__ == "__main__":
    main()
