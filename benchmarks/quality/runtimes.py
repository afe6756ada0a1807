"""What 8-bit weights cost: nats a note of real pieces through every runtime on the CPU.

    python benchmarks/quality/runtimes.py --corpus scores --out benchmarks/quality/runtimes.json

Rows of openly licensed validation pieces are read one by one, as in composing, with conditions and
bars left given; the first window of every piece, up to 512 rows. Counted are all fields of all rows
but the sections of bars. `logits` is the largest difference of any logit from the torch runtime,
and the root of the mean square of all differences. The interval is a bootstrap over pieces.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

# The root in place of this folder, whose requests.py would hide a library of that name.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import numpy.typing as npt

from benchmarks.record import machine_facts, print_table, save
from composer import places
from composer.corpus import load_corpus
from composer.decoding import Runtime, open_runtime
from composer.decoding.filters import log_softmax
from composer.errors import ComposerError
from composer.models import load_checkpoint
from composer.piece import Piece
from composer.tokenizer import Events, Vocabulary, encode, vocab
from composer.tokenizer.holes import N_CONDITIONS

REFERENCE = "torch"
NAMES = (REFERENCE, "onnx-fp32", "onnx-graph", "onnx")
WINDOW = 512
GROUP = 16  # pieces read side by side
N_RESAMPLES = 2_000


def read_windows(folder: Path, vocabulary: Vocabulary, limit: int) -> list[Events]:
    """Return the beginnings of pieces of the validation split, spread over the corpus."""
    corpus = load_corpus(folder, split="valid", licence="open")
    windows = []
    for _, piece in corpus.pieces():
        if isinstance(piece, Piece):
            try:
                windows.append(encode(piece, vocabulary)[:WINDOW])
            except ComposerError:
                continue
    step = max(1, len(windows) // limit)
    return sorted(windows[::step][:limit], key=len)


def read_group(
    runtime: Runtime, group: list[Events]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], list[npt.NDArray[np.float32]]]:
    """Read pieces to the end of the shortest; return nats and notes [B], and all logits."""
    length = min(map(len, group))
    rows = np.stack([piece[:length] for piece in group])
    session = runtime.begin(list(rows[:, :N_CONDITIONS]), length)
    nats, all_logits = np.zeros(len(group)), []
    for index in range(N_CONDITIONS, length):
        row = rows[:, index].astype(np.int64)
        is_bar = row[:, vocab.TIME] == vocab.BAR
        for field, size in enumerate(vocab.WRITTEN_SIZES):
            logits = session.field_logits(field, row[:, :field])
            counts = (row[:, field] < size) & ~(is_bar & (field == vocab.PART))
            found = log_softmax(logits)[np.arange(len(row)), np.minimum(row[:, field], size - 1)]
            nats -= np.where(counts, found, 0.0)
            all_logits.append(logits[counts])
        session.append(row)
    return nats, vocab.is_note(rows).sum(1).astype(np.float64), all_logits


def interval(extra: npt.NDArray[np.float64], base: npt.NDArray[np.float64]) -> list[float]:
    """Return the 95 % interval of sum(extra) / sum(base), resampled by piece, in per cent."""
    rng = np.random.default_rng(0)
    picks = rng.integers(0, len(base), (N_RESAMPLES, len(base)))
    shares = 100 * extra[picks].sum(1) / base[picks].sum(1)
    return [round(float(end), 3) for end in np.percentile(shares, [2.5, 97.5])]


def main() -> None:
    """Run the benchmark."""
    options = read_options()
    checkpoint = load_checkpoint(places.checkpoint_folder())
    vocabulary = Vocabulary.from_dict(checkpoint.vocabulary)
    windows = read_windows(options.corpus, vocabulary, options.pieces)
    groups = [windows[first : first + GROUP] for first in range(0, len(windows), GROUP)]
    runtimes = {name: open_runtime(checkpoint.weights, name) for name in NAMES}
    nats: dict[str, list[Any]] = {name: [] for name in NAMES}
    largest, squares, n_logits = dict.fromkeys(NAMES, 0.0), dict.fromkeys(NAMES, 0.0), 0
    notes: list[Any] = []
    for group in groups:
        wanted: list[npt.NDArray[np.float32]] = []
        for name, runtime in runtimes.items():
            found, n_notes, logits = read_group(runtime, group)
            nats[name].append(found)
            wanted = wanted or logits
            for a, b in zip(logits, wanted, strict=True):
                largest[name] = max(largest[name], float(np.abs(a - b).max(initial=0.0)))
                squares[name] += float(np.square(a - b).sum())
        n_logits += sum(one.size for one in wanted)
        notes.append(n_notes)
    total_notes = sum(float(one.sum()) for one in notes)
    base = np.concatenate(nats[REFERENCE])
    rows = []
    for name in NAMES:
        own = np.concatenate(nats[name])
        rows.append(
            {
                "runtime": name,
                "nats_per_note": round(float(own.sum()) / total_notes, 5),
                "more_percent": round(100 * float((own - base).sum() / base.sum()), 4),
                "more_percent_95": interval(own - base, base),
                "largest_logit_difference": round(largest[name], 5),
                "rms_logit_difference": round((squares[name] / n_logits) ** 0.5, 6),
            }
        )
    print_table(list(rows[0]), [list(row.values()) for row in rows])
    if options.out:
        facts = machine_facts({"checkpoint": checkpoint.fingerprint})
        save(
            options.out,
            {"machine": facts, "pieces": len(windows), "notes": int(total_notes), "runtimes": rows},
        )


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Likelihood of real pieces by runtime")
    parser.add_argument("--corpus", type=Path, required=True, help="folder with a manifest")
    parser.add_argument("--pieces", type=int, default=96)
    parser.add_argument("--out", type=Path, help="JSON file for the result")
    return parser.parse_args()


if __name__ == "__main__":
    main()
