"""Compose eight bars with ONNX Runtime and NumPy alone: python compose.py [seed] > piece.mid."""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime as ort

HERE, BARS, METER, MODE, SHIFT = Path(__file__).parent, 8, "4/4", "minor", -5  # G minor
rules = json.loads((HERE / "rules.json").read_text("utf-8"))
fields, ids, cache = rules["fields"], rules["ids"], rules["cache"]
trunk, *heads = (ort.InferenceSession(HERE / f"{name}.onnx") for name in ("trunk", *fields))
rng = np.random.default_rng(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
piece = next(r for r in rules["menu"] if (r["composer"], r["form"]) == ("Bach", "chorale"))
wanted = {**piece, "mode": MODE, "meter": METER, "shift": SHIFT, "length": BARS}
meter_id, bar_length = rules["meters"][METER]
shape = (1, cache["heads"], cache["rows"], cache["width"])
kept = {f"{kind}{n}": np.zeros(shape, np.float32) for n in range(cache["layers"]) for kind in "kv"}


def read(rows, n_read):
    """Read rows of four ids, behind so many; keys and values are kept."""
    total, rows = np.array([n_read + len(rows)], np.int32), np.array(rows, np.int64)[None]
    inputs = {name: rows[..., i].copy() for i, name in enumerate(fields)}
    inputs |= {"last": np.array([[rows.shape[1] - 1]]), "seqlens_k": total - 1, "total": total}
    states, *found = trunk.run(["states", *(f"{name}_out" for name in kept)], inputs | kept)
    kept.update(zip(kept, found, strict=True))
    return states


def choose(states, row, allowed):
    """Choose the next field of a row among the ids that the rules allow."""
    chosen = zip(fields, row, strict=False)
    known = {"states": states} | {name: np.array([value]) for name, value in chosen}
    logits = heads[len(row)].run(["logits"], known)[0][0].astype(float)
    share = np.exp((logits - logits[allowed].max()) / rules["sampling"]["temperature"])
    share *= np.isin(np.arange(len(share)), allowed) & (share >= rules["sampling"]["min_p"])
    return int(rng.choice(len(share), p=share / share.sum()))


def free(t):
    """Say which keys of which parts may begin at a position; notes at one position rise."""
    rises = np.arange(in_range.size).reshape(in_range.shape) > last
    return in_range & (free_from <= onset + t) & (rises if t == at else True)


rows = [list(one["row"]) for one in rules["conditions"]]
for row, one in zip(rows, rules["conditions"], strict=True):
    row[one["field"]] = one["values"].get(str(wanted[one["name"]]), one["open"])
    row[1] = one.get("parts", {}).get(wanted[one["name"]], row[1])  # the composer's style
lows, highs = np.array(piece["ranges"]).T[:, :, None] - SHIFT
in_range = (np.arange(128) >= lows) & (np.arange(128) <= highs)
free_from = np.zeros(in_range.shape, int)  # when a key may be struck again, in positions
bar, onset, at, last, notes = -1, 0, 0, -1, []
states = read(rows, 0)
while row[0] != ids["end"]:
    times = [ids["position"] + t for t in range(at, bar_length * (bar >= 0)) if free(t).any()]
    if bar < 0 or free_from.max() > onset or not times:  # nothing closes an empty bar
        times.append(ids["end"] if bar == BARS - 1 else ids["bar"])
    row = [choose(states, [], times)]
    if row[0] == ids["bar"]:
        onset, bar, at, last = onset + bar_length * (bar >= 0), bar + 1, 0, -1
        row.append(choose(states, row, range(*ids["sections"])))
        row += [rules["bars_left"][BARS - 1 - bar], meter_id]
    elif row[0] != ids["end"]:
        t = row[0] - ids["position"]
        row.append(choose(states, row, np.flatnonzero(free(t).any(1))))
        row.append(choose(states, row, np.flatnonzero(free(t)[row[1]])))
        longest = min(ids["max_duration"], bar_length * (BARS - bar) - t)
        row.append(choose(states, row, range(longest)))
        at, last, end = t, 128 * row[1] + row[2], onset + t + row[3] + 1
        free_from[row[1], slice(None) if piece["one_line"] else row[2]] = end
        notes.append((onset + t, end, row[1], row[2] + SHIFT))
    rows.append(row)
    states = states if row[0] == ids["end"] else read([row], len(rows) - 1)
track, now = bytes([0, 255, 88, 4, 4, 2, 24, 8]), 0  # as a MIDI file: ends before beginnings
events = [(end, 128 | part, key, 0) for _, end, part, key in notes]
events += [(begin, 144 | part, key, 80) for begin, _, part, key in notes]
for time, *message in sorted(events):
    track, now = track + bytes([128 | (time - now) >> 7, time - now & 127, *message]), time
track += bytes([0, 255, 47, 0])
head = b"MThd" + bytes([0, 0, 0, 6, 0, 0, 0, 1, 0, rules["positions_per_quarter"]])
sys.stdout.buffer.write(head + b"MTrk" + len(track).to_bytes(4, "big") + track)
