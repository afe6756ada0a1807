"""All votes as CSV or JSON rows, for any other program. Nothing in a cell is taken for a formula.

Source:
    OWASP, CSV Injection: texts that begin with = + - @, a tab or a line end get an apostrophe.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from composer.listening.analysis.screening import Screening, screen
from composer.listening.ballots import Listener, Vote
from composer.listening.plan import StudyPlan

_FORMULA_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def vote_rows(plan: StudyPlan, listeners: Iterable[Listener]) -> Iterator[dict[str, Any]]:
    """Yield a row a vote, practice and checks included, in the order of coming and asking."""
    screening = screen(plan, tuple(listeners))
    why = {one.id: "; ".join(reasons) for one, reasons in screening.dropped}
    for listener in _in_order(screening):
        for vote in listener.votes:
            yield _row(plan, listener, vote, why.get(listener.id, ""))


def _in_order(screening: Screening) -> list[Listener]:
    everyone = [*screening.kept, *(one for one, _ in screening.dropped)]
    return sorted(everyone, key=lambda one: one.number)


def _row(plan: StudyPlan, listener: Listener, vote: Vote, dropped: str) -> dict[str, Any]:
    trial = vote.trial
    row: dict[str, Any] = {
        "listener": listener.id,
        "dropped": dropped,
        "position": vote.position + 1,
        "kind": trial.kind,
        "prompt": trial.prompt,
    }
    for index in range(3 if plan.design == "abx" else plan.kind.compares or len(plan.conditions)):
        has_clip = index < len(trial.slots)
        slot = trial.slots[index] if has_clip else ""
        row[f"clip_{index + 1}"] = trial.conditions[index] if has_clip else ""
        row[f"plays_{index + 1}"] = vote.plays.get(slot, "")
        row[f"listened_s_{index + 1}"] = vote.listened_s.get(slot, "")
    row |= {"elapsed_s": vote.elapsed_s, "voted_at": vote.voted_at, "right_answer": trial.key}
    row |= {f"answer_{name}": value for name, value in vote.answer.items()}
    return row | {f"question_{name}": value for name, value in listener.answers.items()}


def rows_to_csv(rows: Iterable[dict[str, Any]]) -> str:
    """Return rows as CSV; columns that a row lacks stay empty."""
    found = list(rows)
    names = list(dict.fromkeys(name for row in found for name in row))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([_safe(name) for name in names])
    writer.writerows([[_safe(row.get(name, "")) for name in names] for row in found])
    return text.getvalue()


def rows_to_json(rows: Iterable[dict[str, Any]]) -> str:
    """Return rows as a JSON list."""
    return json.dumps(list(rows), ensure_ascii=False, indent=1) + "\n"


def _safe(cell: Any) -> Any:
    """Return a cell that no program calculates; numbers stay numbers."""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(_FORMULA_BEGINNINGS):
        return "'" + cell
    return cell
