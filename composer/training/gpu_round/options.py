"""What a round is: files, time and options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from composer.training.options import TrainOptions

LENGTHS = (512, 1024, 1536, 2048)  # rows to which sequences are padded
CANDIDATE_ROWS = (32_768, 65_536, 131_072)  # rows a batch that are tried
ROPE_BASE = 160_000.0  # for windows of 2,048 rows (docs/log.md)
FAVOURED = (("fugue", 3.0), ("chorale", 3.0))
FAVOURED_ENSEMBLES = (("keyboard", 1.5), ("string quartet", 2.0))


@dataclass(frozen=True, kw_only=True)
class Round:
    """One run.

    Args:
        events: The packed file.
        out: Folder of what comes back.
        minutes: From start to end, all included.
        reserve_s: Kept for the last validation and for writing.
        options: Preset, rates, sampling, seed; lengths of time in it do not count.
        init: Weights to begin with.
        steps: Ends after so many steps, whatever the clock says, if above 0.
        workers: Processes that draw sequences; 0 draws in this one.
        batch_rows: Rows a batch; 0 finds out.
        compiled: Whether blocks and heads are compiled.
    """

    events: Path
    out: Path
    minutes: float
    reserve_s: float
    options: TrainOptions
    init: tuple[Path, ...] = ()
    steps: int = 0
    workers: int = 12
    batch_rows: int = 0
    compiled: bool = True
