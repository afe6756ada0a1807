"""`python -m composer.training.gpu_round`: the command of a round."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from composer.training import PackedEvents, SamplingOptions, TrainOptions, gpu_round
from composer.training.gpu_round import Round, run
from composer.training.gpu_round.options import (
    FAVOURED,
    FAVOURED_ENSEMBLES,
    LENGTHS,
    ROPE_BASE,
)


def main() -> None:
    """Read the options of the command and run."""
    parser = argparse.ArgumentParser(description=gpu_round.__doc__, formatter_class=_Formatter)
    parser.add_argument("--events", type=Path, required=True, help="made by pack")
    parser.add_argument("--out", type=Path, required=True, help="folder of what comes back")
    parser.add_argument("--minutes", type=float, default=9.0, help="all included (default 9)")
    parser.add_argument("--reserve-s", type=float, default=25.0, help="for the end (default 25)")
    parser.add_argument("--steps", type=int, default=0, help="end after so many, for a rehearsal")
    parser.add_argument("--preset", default="base", help="tiny, small or base (default base)")
    parser.add_argument("--init", type=Path, nargs="+", default=[], help="weights to begin with")
    parser.add_argument("--rate", type=float, default=1.5e-3, help="of tables and logits")
    parser.add_argument("--matrix-rate", type=float, default=0.02, help="of the matrices")
    parser.add_argument("--warmup", type=float, default=0.02, help="share of the run")
    parser.add_argument("--dropout", type=float, default=0.2, help="(default 0.2)")
    parser.add_argument("--workers", type=int, default=12, help="that draw (default 12)")
    parser.add_argument("--batch-rows", type=int, default=0, help="0 finds out (default)")
    parser.add_argument("--pool", type=int, default=256, help="sequences that a worker draws")
    parser.add_argument("--no-compile", action="store_true", help="where there is no compiler")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    sampling = SamplingOptions(
        max_rows=LENGTHS[-1], batch_rows=LENGTHS[-1], pool=given.pool, **_emphasis(given.events)
    )
    options = TrainOptions(
        preset=given.preset,
        rate=given.rate,
        matrix_rate=given.matrix_rate,
        warmup=given.warmup,
        dropout=given.dropout,
        rope_base=ROPE_BASE,
        seed=given.seed,
        sampling=sampling,
    )
    run(
        Round(
            events=given.events,
            out=given.out,
            minutes=given.minutes,
            reserve_s=given.reserve_s,
            options=options,
            init=tuple(given.init),
            steps=given.steps,
            workers=given.workers,
            batch_rows=given.batch_rows,
            compiled=not given.no_compile,
        ),
        _tell,
    )


def _tell(line: str) -> None:
    print(line, flush=True)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the lines of the description."""


def _emphasis(events: Path) -> dict[str, Any]:
    """Return what is drawn more often, of what the corpus has."""
    names = PackedEvents.load(events).names
    return {
        "favoured": tuple(
            (form, factor) for form, factor in FAVOURED if any(n["form"] == form for n in names)
        ),
        "favoured_ensembles": tuple(
            (ensemble, factor)
            for ensemble, factor in FAVOURED_ENSEMBLES
            if any(n.get("ensemble") == ensemble for n in names)
        ),
    }


if __name__ == "__main__":
    main()
