r"""How well are late notes of a long piece predicted: nats a note by position, 0 to 8,192 events?

    python benchmarks/quality/positions.py --corpus scores \
        --out benchmarks/quality/positions.json --plot benchmarks/quality/positions.svg

Validation pieces of more than 2,048 events, read by the bundled checkpoint (or by `--checkpoint`)
in several ways: `windows of N`, as the composer reads them (conditions, GAP, half a window of bars,
then the bars that count); `all`, with everything before in view and positions as in training; `all,
base x N`, with rotary wavelengths stretched by a larger base ("NTK-aware" scaling, B. Peng et al.,
YaRN, arXiv 2309.00071, section 3.1); `no positions`, with rotations left out (what DroPE begins
with, before any training without them: Y. Gelberg et al., arXiv 2512.12167).

Every way reads the same rows; a stretch is compared over the pieces that reach through it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

# The root in place of this folder, whose requests.py would hide a library of that name.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import numpy.typing as npt
import torch

from benchmarks.record import machine_facts, print_table, save
from composer import places
from composer.corpus import load_corpus
from composer.errors import ComposerError
from composer.evaluation.charts import lines
from composer.models import Checkpoint, load_checkpoint
from composer.models.likelihood import row_nats
from composer.models.transformer import EventTransformer
from composer.piece import Piece
from composer.tokenizer import Vocabulary, encode, vocab
from composer.tokenizer.holes import N_CONDITIONS, Bars, window, windows
from composer.training.batches import pad

LONGEST = 8_192
LEAST = 2_048
EDGES = (0, 256, 512, 1_024, 2_048, 4_096, LONGEST)
WINDOWS = (512, 1_024, 2_048)
BASES = (4.0, 16.0)
Nats = npt.NDArray[np.float64]
Way = Callable[[EventTransformer, Bars], Nats]


def long_pieces(folder: Path, vocabulary: Vocabulary) -> list[Bars]:
    """Return validation pieces of more than `LEAST` events, cut to `LONGEST`."""
    found = []
    for _, piece in load_corpus(folder, split="valid", licence="open").pieces():
        if isinstance(piece, Piece):
            try:
                bars = Bars.of(encode(piece, vocabulary))
            except ComposerError:
                continue
            ends = N_CONDITIONS + np.cumsum([len(bar) for bar in bars.bars])
            if ends[-1] > LEAST:
                found.append(replace(bars, bars=bars.bars[: int((ends <= LONGEST).sum())]))
    return found


def read_whole(model: EventTransformer, piece: Bars) -> Nats:
    """Return the nats of every row of the music, all rows before it in view, [N]."""
    return _nats(model, [window(piece, 0, len(piece))])[0][N_CONDITIONS - 1 :]


def read_in_windows(rows: int) -> Way:
    """Return a way of reading in windows of so many rows."""

    def read(model: EventTransformer, piece: Bars) -> Nats:
        cut = list(windows(piece, rows))
        found = _nats(model, [sequence for sequence, _ in cut])
        # END is counted by none of the ways: pieces are cut.
        kept = [nats[known - 1 :] for nats, (_, known) in zip(found, cut, strict=True)]
        return np.concatenate(kept)

    return read


def _nats(model: EventTransformer, sequences: Sequence[Any]) -> list[Nats]:
    """Return the nats of every row after the first of sequences; those of END and sections 0."""
    found = []
    for sequence in sequences:
        batch = pad([sequence])
        counts = batch.counts.copy()
        counts[..., vocab.PART] &= batch.nexts[..., vocab.TIME] != vocab.BAR
        counts &= (batch.nexts[..., vocab.TIME] != vocab.END)[..., None]
        nats = row_nats(model, batch.rows, batch.nexts, counts)[0].sum(-1)
        is_end = sequence.rows[-1, vocab.TIME] == vocab.END
        found.append(nats[: len(nats) - int(is_end)].astype(np.float64))
    return found


def notes_of(piece: Bars) -> npt.NDArray[np.bool_]:
    """Return which rows of the music are notes, [N]."""
    return np.asarray(vocab.is_note(np.concatenate(piece.bars)))


def ways_of(checkpoint: Checkpoint) -> dict[str, tuple[EventTransformer, Way]]:
    """Return all ways of reading with their models."""
    model = checkpoint.model
    stretched = {}
    for factor in (*BASES, 0.0):
        config = replace(model.config, rope_base=factor * model.config.rope_base)
        other = EventTransformer.of(replace(checkpoint.weights, config=config))
        name = f"all, base x {factor:g}" if factor else "no positions"
        stretched[name] = (other, read_whole)
    return {
        **{f"windows of {rows}": (model, read_in_windows(rows)) for rows in WINDOWS},
        "all": (model, read_whole),
        **stretched,
    }


def by_position(pieces: Sequence[Bars], model: EventTransformer, read: Way) -> dict[str, Any]:
    """Return nats a note of every stretch between two of `EDGES`."""
    nats, notes = np.zeros(len(EDGES) - 1), np.zeros(len(EDGES) - 1)
    for piece in pieces:
        found, is_note = read(model, piece), notes_of(piece)
        stretch = np.searchsorted(EDGES, N_CONDITIONS + np.arange(len(is_note)), side="right") - 1
        nats += np.bincount(stretch, found, minlength=len(nats))
        notes += np.bincount(stretch, is_note, minlength=len(notes))
    return {
        f"{low}-{high}": round(float(total / n), 4) if n else None
        for low, high, total, n in zip(EDGES[:-1], EDGES[1:], nats, notes, strict=True)
    }


def plot(table: dict[str, dict[str, Any]]) -> str:
    """Draw nats a note over the position as SVG text, a line a way."""
    middles = [(low + high) / 2 for low, high in zip(EDGES[:-1], EDGES[1:], strict=True)]
    curves = {way: [*zip(middles, row.values(), strict=True)] for way, row in table.items()}
    return lines(curves, "position in the piece (events)", "nats a note")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description="Nats a note by position, 0 to 8,192 events")
    parser.add_argument("--corpus", type=Path, required=True, help="folder with a manifest")
    parser.add_argument("--checkpoint", type=Path, help="instead of the bundled one")
    parser.add_argument("--limit", type=int, help="pieces at most")
    parser.add_argument("--threads", type=int, help="CPU threads")
    parser.add_argument("--out", type=Path, help="JSON file for the result")
    parser.add_argument("--plot", type=Path, help="SVG file for the curves")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    checkpoint = load_checkpoint(options.checkpoint or places.checkpoint_folder())
    vocabulary = Vocabulary.from_dict(checkpoint.vocabulary)
    pieces = long_pieces(options.corpus, vocabulary)[: options.limit]
    table = {}
    for name, (model, read) in ways_of(checkpoint).items():
        table[name] = by_position(pieces, model.eval(), read)
        print(f"{name}: {table[name]}", file=sys.stderr, flush=True)
    columns = list(next(iter(table.values())))
    print_table(
        ["events", *columns], [[name, *map(str, row.values())] for name, row in table.items()]
    )
    facts = {
        "machine": machine_facts({"checkpoint": checkpoint.fingerprint}),
        "pieces": len(pieces),
    }
    if options.out:
        save(options.out, {**facts, "nats_per_note": table})
    if options.plot:
        options.plot.write_text(plot(table), encoding="utf-8")


if __name__ == "__main__":
    main()
