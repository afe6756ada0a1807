"""What giving up saves, and what it costs: is the best candidate among those given up?

    python benchmarks/quality/pruning.py --out benchmarks/quality/pruning.json

1. Foretold. All candidates of mixed requests and of Bach chorales (16 bars) are drawn to their ends
   and judged. Their first quarter, half and three quarters are judged, too: `measures` holds how
   well each value of these bars foretells the total (Spearman's rank correlation, the mean over
   requests) and how often the winner is among the better half and the better three quarters.
2. Given up. For every threshold of the score of the first half: the share of candidates given up,
   the share of rows (of the model's steps) that are saved, how often the winner stays, the mean
   total of the winner without and with pruning, and the mean of the difference with its standard
   error. The first candidate of a request is never given up, as in `engines.pruning`.
3. Timed. The same requests with and without `prune`, by turns in this process: the ratio of
   processor seconds, and whether winners agree with what was foretold.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

# The root in place of this folder, whose requests.py would hide a library of that name.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from scipy.stats import spearmanr

from benchmarks.record import Share, machine_facts, print_table, rounded, save
from benchmarks.sample import mixed_requests
from composer import places
from composer.composition import Composition, Ranked, count_given_up
from composer.decoding import Draw
from composer.engines import Ask, Engine
from composer.engines.events.drawing import Drawing
from composer.engines.events.engine import EventEngine
from composer.engines.events.pruning import score_beginning
from composer.engines.events.takes import conditions_of_record
from composer.errors import ComposerError
from composer.pipeline import compose
from composer.request import Request
from composer.scoring import FAMILIES
from composer.theory import KEYS
from composer.tokenizer import vocab

BARS = 16
SHARES = (0.25, 0.5, 0.75)
THRESHOLDS = (2.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0)
PARALLELS = ("parallel_fifths", "parallel_octaves")
Values = dict[str, float]


@dataclass(frozen=True)
class Candidate:
    """One candidate and what its beginnings are worth.

    Args:
        index: Its number in the request.
        order: What it is ranked by; less is better.
        total: Of the whole piece.
        rows: Of the whole piece.
        rows_at: Share of the bars -> rows up to there.
        values: Share of the bars -> name -> value of these bars; more is worse.
    """

    index: int
    order: tuple[float, ...]
    total: float
    rows: int
    rows_at: dict[float, int]
    values: dict[float, Values]


class KeepingEngine(EventEngine):
    """The engine, which keeps its last draws by their numbers."""

    draws: dict[int, Draw]

    def drawing_of(self, ask: Ask) -> Drawing:
        """Return what candidates are drawn from, and begin to keep them."""
        self.draws = {}

        def keep(draw: Draw) -> tuple[Draw, None]:
            self.draws[draw.index] = draw
            return draw, None

        drawing = super().drawing_of(ask)
        return replace(drawing, reader=replace(drawing.reader, new_rows=keep))


def measure_request(request: Request, engine: KeepingEngine) -> list[Candidate]:
    """Draw all candidates to their ends, and judge their beginnings; none if nothing came of it."""
    try:
        found = compose(request, engine=engine)
    except ComposerError:
        return []
    return [_candidate(one, request, engine) for one in found.ranked]


def _candidate(one: Ranked, request: Request, engine: KeepingEngine) -> Candidate:
    events = engine.draws[one.index].events
    starts = np.flatnonzero(events[:, vocab.TIME] == vocab.BAR)
    rows_at = {share: int(starts[int(share * request.bars)]) for share in SHARES}
    return Candidate(
        one.index,
        (one.n_missed, *one.order),
        one.scorecard.total,
        len(events),
        rows_at,
        {share: _values(one, n_rows, engine) for share, n_rows in rows_at.items()},
    )


def _values(one: Ranked, n_rows: int, engine: KeepingEngine) -> Values:
    """Judge the first rows of a candidate as `engines.pruning` does."""
    conditions = conditions_of_record(one.record)
    card = score_beginning(engine.draws[one.index], n_rows, conditions, engine.standards)
    costs = {
        f"cost of {family}": sum(s.weight * s.penalty for s in card.scores if s.family == family)
        for family in FAMILIES
    }
    parallels = float(sum(len(card[name].places) for name in PARALLELS))
    return {
        "score": -card.total,
        "nats a note": card["nats_per_note"].value,
        "parallels": parallels,
        **costs,
    }


def foretold(requests: Sequence[list[Candidate]]) -> list[dict[str, Any]]:
    """Return for every value of every beginning how well it foretells total and winner."""
    rows = []
    for share in SHARES:
        for name in requests[0][0].values[share]:
            columns = [[one.values[share][name] for one in found] for found in requests]
            rhos = [
                spearmanr(column, [-one.total for one in found]).statistic
                for column, found in zip(columns, requests, strict=True)
                if len(set(column)) > 1
            ]
            row: dict[str, Any] = {"share_of_bars": share, "value": name}
            row["rank_correlation"] = rounded(float(np.mean(rhos))) if rhos else None
            for kept in (0.75, 0.5):
                stays = [
                    _stays(column, found, kept)
                    for column, found in zip(columns, requests, strict=True)
                ]
                row[f"winner_in_better_{kept}"] = rounded(float(np.mean(stays)))
            rows.append(row)
    return rows


def _stays(column: list[float], found: list[Candidate], kept: float) -> bool:
    """Whether the winner is among the better share by one value; equal ones stay together."""
    winner = column[found.index(_winner(found))]
    return sum(value < winner for value in column) < kept * len(column)


def _winner(found: Sequence[Candidate]) -> Candidate:
    return min(found, key=lambda one: one.order)


def given_up(requests: Sequence[list[Candidate]], least: float) -> dict[str, Any]:
    """Return what a threshold of the score of the first half saves and costs."""
    shares, saved, stays, differences = [], [], [], []
    for found in requests:
        gone = [one for one in found if one.index and -one.values[0.5]["score"] < least]
        rest = [one for one in found if one not in gone]
        winner, best = _winner(found), _winner(rest or found[:1])
        shares.append(len(gone) / len(found))
        rows = sum(one.rows for one in found)
        saved.append(sum(one.rows - one.rows_at[0.5] for one in gone) / rows)
        stays.append(best is winner)
        differences.append(best.total - winner.total)
    whole = float(np.mean([_winner(found).total for found in requests]))
    error = float(np.std(differences, ddof=1) / len(differences) ** 0.5)
    return {
        "prune": least,
        "given_up": rounded(float(np.mean(shares))),
        "rows_saved": rounded(float(np.mean(saved))),
        "winner_stays": Share.of(stays).to_dict(),
        "mean_total_without": rounded(whole, 2),
        "mean_total_with": rounded(whole + float(np.mean(differences)), 2),
        "difference": rounded(float(np.mean(differences)), 2),
        "standard_error": rounded(error, 2),
    }


def time_both(requests: Sequence[Request], engine: Engine, prune: float) -> dict[str, Any]:
    """Compose with and without pruning by turns; return processor seconds and what came."""
    seconds, totals, same, gone = [0.0, 0.0], [0.0, 0.0], [], 0
    for request in requests:
        found: list[Composition] = []
        for turn, least in enumerate((0.0, prune)):
            began_s = time.process_time()
            found.append(compose(replace(request, prune=least), engine=engine))
            seconds[turn] += time.process_time() - began_s
            totals[turn] += found[-1].scorecard.total / len(requests)
        same.append(found[0].piece == found[1].piece)
        gone += count_given_up(found[1].rejected)
    return {
        "prune": prune,
        "requests": len(requests),
        "given_up": rounded(gone / sum(request.candidates for request in requests)),
        "cpu_s_without": rounded(seconds[0], 1),
        "cpu_s_with": rounded(seconds[1], 1),
        "time_ratio": rounded(seconds[1] / seconds[0]),
        "mean_total_without": rounded(totals[0], 2),
        "mean_total_with": rounded(totals[1], 2),
        "same_winner": Share.of(same).to_dict(),
    }


def requests_of(engine: Engine, options: argparse.Namespace) -> dict[str, list[Request]]:
    """Return the requests: mixed ones over the menu, and Bach chorales in as many keys."""
    mixed = mixed_requests(
        engine.menu, options.requests, candidates=options.candidates, seed=options.seed
    )
    conditions = {"composer": "Bach", "form": "chorale", "meter": "4/4", "bars": BARS}
    facts: dict[str, Any] = {**conditions, "candidates": options.candidates}
    chorales = [
        Request(**facts, key=KEYS[n * 7 % len(KEYS)], seed=options.seed + n)
        for n in range(options.chorales)
    ]
    return {"mixed": [replace(one, bars=BARS) for one in mixed], "chorales": chorales}


def main() -> None:
    """Run the benchmark."""
    options = read_options()
    engine = KeepingEngine.load(places.checkpoint_folder(), places.device())
    assert isinstance(engine, KeepingEngine)
    result: dict[str, Any] = {"machine": machine_facts(engine.versions)}
    tell: Callable[[str], None] = lambda line: print(line, flush=True)  # noqa: E731
    for kind, requests in requests_of(engine, options).items():
        measured = [measure_request(request, engine) for request in requests]
        composed = [request for request, found in zip(requests, measured, strict=True) if found]
        found = [candidates for candidates in measured if candidates]
        tell(f"{kind}: {len(found)} requests, {sum(map(len, found))} candidates")
        result[f"{kind}, measures"] = foretold(found)
        result[f"{kind}, given up"] = [given_up(found, least) for least in THRESHOLDS]
        timed = composed[: options.timed]
        result[f"{kind}, timed"] = [time_both(timed, engine, least) for least in options.prune]
        for part in ("measures", "given up", "timed"):
            rows = result[f"{kind}, {part}"]
            print_table(list(rows[0]), [[_cell(value) for value in row.values()] for row in rows])
        if options.out:
            save(options.out, result)


def _cell(value: Any) -> Any:
    return f"{value['hits']}/{value['n']}" if isinstance(value, dict) else value


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="What does giving up save and cost?")
    parser.add_argument("--requests", type=int, default=40, help="over the whole menu")
    parser.add_argument("--chorales", type=int, default=20)
    parser.add_argument("--candidates", type=int, default=32)
    parser.add_argument("--timed", type=int, default=8, help="requests of each kind")
    parser.add_argument("--prune", type=float, nargs="+", default=[5.0, 10.0], help="timed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="JSON file for the result")
    return parser.parse_args()


if __name__ == "__main__":
    main()
