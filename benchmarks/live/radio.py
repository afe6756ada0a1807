"""What listeners to the radio cost the server, and how soon they have their first bar.

    python benchmarks/live/radio.py --listeners 200 --seconds 30 --out benchmarks/live/radio.json

The page is served as for visitors. One listener stays on; `alone_share` is the share of a core that
the server then uses, `crowd_share` with all the others, and `extra_share` what they add. `join_ms`
is from the request of a listener to the first bar that he is sent.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

# The root in place of this folder.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.record import machine_facts, print_table, save
from tests.serving import REAL_APP, serve

_TICKS = os.sysconf("SC_CLK_TCK")


def processor_s(process_id: int) -> float:
    """Return how long a process has used a processor."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


async def listen(address: str, until_s: float) -> float:
    """Listen until a moment; return after how many seconds the first bar came."""
    place = urlsplit(address)
    reader, writer = await asyncio.open_connection(place.hostname, place.port, limit=2**22)
    began_s, first_s = time.monotonic(), float("nan")
    writer.write(f"GET /live/radio/events HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode())
    while (left_s := until_s - time.monotonic()) > 0:
        try:
            line = await asyncio.wait_for(reader.readline(), left_s)
        except TimeoutError:
            break
        if line.startswith(b"event: bar") and first_s != first_s:
            first_s = time.monotonic() - began_s
    writer.close()
    return first_s


async def measure(address: str, process_id: int, listeners: int, seconds: float) -> dict[str, Any]:
    """Return what is saved."""
    end_s = time.monotonic() + 2 * seconds + 20
    first = asyncio.create_task(listen(address, end_s))
    await asyncio.sleep(10)  # the first bars
    shares = []
    joined: list[float] = []
    for n_more in (0, listeners):
        crowd = [listen(address, time.monotonic() + seconds + 2) for _ in range(n_more)]
        tasks = [asyncio.create_task(one) for one in crowd]
        await asyncio.sleep(2)
        before_s, began_s = processor_s(process_id), time.monotonic()
        await asyncio.sleep(seconds)
        shares.append((processor_s(process_id) - before_s) / (time.monotonic() - began_s))
        joined += await asyncio.gather(*tasks)
    first.cancel()
    heard = sorted(1000 * one for one in joined if one == one)
    return {
        "listeners": listeners,
        "seconds": seconds,
        "alone_share": round(shares[0], 4),
        "crowd_share": round(shares[1], 4),
        "extra_share": round(shares[1] - shares[0], 4),
        "heard_a_bar": len(heard),
        "join_ms_median": round(median(heard), 1) if heard else None,
        "join_ms_most": round(heard[-1], 1) if heard else None,
    }


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--listeners", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with serve(*REAL_APP) as address:
        headers = {"content-type": "application/json"}
        with urlopen(Request(f"{address}/live/radio", b"{}", headers)) as answer:
            json.load(answer)
        found = asyncio.run(
            measure(address, address.process_id, options.listeners, options.seconds)
        )
    if options.out:
        save(options.out, {"machine": machine_facts({}), "rows": [found]})
    print_table(tuple(found), [list(found.values())])


if __name__ == "__main__":
    main()
