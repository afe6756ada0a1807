"""The command that composes many requests: batch."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from composer.cli.terminal import add_command, print_json


def add_commands(commands: Any) -> None:
    """Declare the commands of this file."""
    parser = add_command(commands, "batch", _batch, "Compose all requests of a file into a folder.")
    parser.add_argument("file", type=Path, help="requests as .jsonl, .csv or .toml grid")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder; what is there already is not made again"
    )
    parser.add_argument(
        "--workers", type=int, help="processes (1 to 64; left out, engine.workers: the cores)"
    )
    parser.add_argument(
        "--repeat", type=int, default=1, help="pieces of every request (1 or more; default 1)"
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        help="another one for other pieces, where requests name no seed (0 or more; default 0)",
    )
    parser.add_argument(
        "--retry", action="store_true", help="compose rows again that ended in an error"
    )
    parser.add_argument(
        "--on",
        default="",
        help="cluster that composes: local-ray, ray://host:10001 or host:6379; left out, this "
        "machine without Ray",
    )
    parser.add_argument("--json", action="store_true", help="print the counts as JSON")


def _batch(options: argparse.Namespace) -> None:
    import pyarrow  # noqa: F401  missing tools are told before hours of work
    from tqdm import tqdm

    from composer import places
    from composer.batch import Batch, read_rows, run_batch, write_table
    from composer.cli.terminal import check_count

    if options.on:
        import ray  # noqa: F401
    workers = options.workers or places.workers()
    check_count("workers", workers, 64)
    check_count("repeat", options.repeat, 1_000_000)
    rows = read_rows(options.file, repeat=options.repeat, seed=options.seed)
    batch = Batch(rows, options.out, workers, options.retry, options.on)
    try:
        with tqdm(total=len(rows), unit="row", disable=None, smoothing=0.05) as bar:
            for step in run_batch(batch):
                bar.initial = step.began_with
                bar.n = step.done
                bar.set_postfix(errors=step.errors, refresh=False)
                bar.refresh()
    finally:
        if options.out.joinpath("rows").is_dir():
            path = write_table(batch)
    counts = {"rows": step.done, "errors": step.errors, "composed_now": step.done - step.began_with}
    if options.json:
        print_json(counts | {"table": str(path)})
        return
    print(f"{step.done} rows, {step.errors} of them errors; {path}")
