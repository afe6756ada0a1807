"""A matched set as a blind test: the same prompt, temperature and seed meet in every trial."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from shutil import copyfile

from composer.corpus import read_midi
from composer.errors import RequestError
from composer.listening.blocks import items_of
from composer.listening.plan import StudyPlan
from composer.listening.stimuli import write_whole
from composer.matched.plan import Cell, MatchedPlan
from composer.matched.sampling import PIECES

PLAN, CLIPS = "blind.toml", "blind"
CLIP_RANGE_S = (2.0, 20.0)
_MOST_ITEMS = 12


def write_blind_test(plan: MatchedPlan, folder: Path) -> Path:
    """Write the plan of a listening test and the files it names; return the plan's path.

    Every trial has a piece of each of two sides, matched by prompt, temperature and sample. Only
    pieces that all sides have are heard.

    Raises:
        RequestError: If there are none.
    """
    cells = [cell for cell in plan.cells() if cell.sample < plan.blind_samples]
    heard = [cell for cell in cells if all(_piece(plan, folder, s, cell) for s in _names(plan))]
    if not heard:
        raise RequestError("no piece is there for every side, so that nothing can be compared")
    seconds = []
    for name in _names(plan):
        place = folder / CLIPS / name
        place.mkdir(parents=True, exist_ok=True)
        for cell in heard:
            source = folder / PIECES / f"{name}_{cell.name}.mid"
            copyfile(source, place / f"{cell.name}.mid")
            seconds.append(read_midi(source).length_s)
    low, high = CLIP_RANGE_S
    text = _toml(plan, heard, clip_s=max(low, min(high, float(int(min(seconds))))))
    write_whole(folder / PLAN, text)
    return folder / PLAN


def _names(plan: MatchedPlan) -> list[str]:
    return [side.name for side in plan.sides]


def _piece(plan: MatchedPlan, folder: Path, side: str, cell: Cell) -> bool:
    return (folder / PIECES / f"{side}_{cell.name}.mid").is_file()


def _toml(plan: MatchedPlan, heard: Sequence[Cell], clip_s: float) -> str:
    study = StudyPlan.from_dict(
        {
            "title": plan.title,
            "clip_s": clip_s,
            "minimum_listening_s": min(5.0, clip_s),
            "seed": plan.seed,
            "items_per_listener": 1,
            "conditions": [{"name": name, "folder": f"{CLIPS}/{name}"} for name in _names(plan)],
            "prompts": [{"name": cell.name} for cell in heard],
        }
    )
    n_items = min(_MOST_ITEMS, len(items_of(study)))
    lines = [
        "# Matched pieces in pairs: a prompt is p(rompt)_t(emperature)_s(ample) of the set.",
        "# `composer study run` of this file serves it; change what you like before.",
        f"title = {json.dumps(plan.title)}",
        'design = "pairwise"',
        f"items_per_listener = {n_items}",
        f"clip_s = {study.clip_s}",
        f"minimum_listening_s = {study.minimum_listening_s}",
        f"seed = {study.seed}",
    ]
    for condition in study.conditions:
        lines += ["", "[[conditions]]", f"name = {json.dumps(condition.name)}"]
        lines += [f"folder = {json.dumps(condition.folder)}"]
    for prompt in study.prompts:
        lines += ["", "[[prompts]]", f"name = {json.dumps(prompt.name)}"]
    return "\n".join(lines) + "\n"
