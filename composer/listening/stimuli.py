"""The clips of a study, made once and kept in its folder under names that tell nothing.

plan.json      the plan as it was when the clips were made
clips.json     which clip is what: the key of the blind test, for the analysis only
clips/         the sound files, named by random numbers
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from composer.errors import RequestError
from composer.listening import clips
from composer.listening.blocks import check_blocks
from composer.listening.plan import Condition, Prompt, StudyPlan, read_plan
from composer.listening.sources import Sources
from composer.listening.trials import TONE, ClipIds
from composer.piece import Piece
from composer.rendering import render_audio
from composer.scoring import score

_ID_BYTES = 8


@dataclass(frozen=True)
class Stimulus:
    """One clip.

    Args:
        id: Random; also the name of its file.
        condition, prompt: Their names; empty for the tone of attention checks.
        title: Of the piece or file.
        form: Whose weights its scorecard has.
        total: Of the scorecard of what is heard; None for a recording.
        penalties: Of every rule that cost anything, by its name.
    """

    id: str
    condition: str
    prompt: str
    title: str = ""
    form: str = ""
    total: float | None = None
    penalties: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class StudyFolder:
    """A study that is ready to run.

    Args:
        path: The folder.
        plan: As it was when the clips were made.
        stimuli: All clips, by id.
    """

    path: Path
    plan: StudyPlan
    stimuli: Mapping[str, Stimulus]

    @property
    def clip_ids(self) -> ClipIds:
        """The id of every condition under every prompt, and of the tone."""
        return {(one.condition, one.prompt): one.id for one in self.stimuli.values()}

    def clip_path(self, clip_id: str) -> Path:
        """Return the file of a clip."""
        return self.path / "clips" / f"{self.stimuli[clip_id].id}{clips.SUFFIX}"


def load_study(folder: Path) -> StudyFolder:
    """Load a study whose clips are all made.

    Raises:
        RequestError: If some are missing.
    """
    try:
        plan = read_plan((folder / "plan.json").read_text(encoding="utf-8"), is_json=True)
        rows = json.loads((folder / "clips.json").read_text(encoding="utf-8"))
        found = {row["id"]: Stimulus(**row) for row in rows}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RequestError(
            f"'{folder.name}' holds no prepared study; make it with `study plan PLAN --out FOLDER`"
        ) from error
    study = StudyFolder(folder, plan, found)
    wanted = {(one.name, prompt.name) for one in plan.conditions for prompt in plan.prompts}
    if not wanted | {TONE} <= set(study.clip_ids):
        raise RequestError(f"some clips of '{folder.name}' are missing; prepare the study again")
    return study


def prepare(
    plan: StudyPlan,
    folder: Path,
    sources: Sources,
    *,
    render: clips.RenderAudio = render_audio,
    report: Callable[[int, int], None] = lambda done, wanted: None,
) -> StudyFolder:
    """Make the clips of a plan; what an interrupted run has made is kept.

    Args:
        plan: Of the study.
        folder: Its own; made if it is not there.
        sources: Of the pieces.
        render: As `rendering.render_audio`.
        report: Told how many of all clips are done.

    Raises:
        RequestError: If a piece cannot be had, or the folder holds another plan.
    """
    check_blocks(plan)
    (folder / "clips").mkdir(parents=True, exist_ok=True)
    _keep_plan(plan, folder / "plan.json")
    made = _load_made(folder)
    wanted = [(one, prompt) for one in plan.conditions for prompt in plan.prompts]
    missing = [pair for pair in wanted if (pair[0].name, pair[1].name) not in made]
    if TONE not in made:
        made[TONE] = _make(plan, folder, None, clips.tone_piece(plan.clip_s), render)
    for condition, prompt in missing:
        report(len(made) - 1, len(wanted))
        source = sources.find(plan, condition, prompt)
        made[condition.name, prompt.name] = _make(plan, folder, (condition, prompt), source, render)
        _save_made(folder, made)
    _save_made(folder, made)
    report(len(wanted), len(wanted))
    return load_study(folder)


def _make(
    plan: StudyPlan,
    folder: Path,
    place: tuple[Condition, Prompt] | None,
    source: Piece | Path,
    render: clips.RenderAudio,
) -> Stimulus:
    """Write one clip; return what it is."""
    clip_id = secrets.token_hex(_ID_BYTES)
    path = folder / "clips" / f"{clip_id}{clips.SUFFIX}"
    names = (place[0].name, place[1].name) if place else TONE
    if isinstance(source, Path):
        clips.write_recording_clip(source, path, plan.clip_s)
        return Stimulus(clip_id, *names, title=source.stem)
    heard = clips.excerpt(source, plan.clip_s)
    clips.write_piece_clip(
        heard, path, plan.clip_s, render_audio=render, is_expressive=plan.is_expressive
    )
    form = str(place[1].settings.get("form") or source.form) if place else ""
    card = score(heard, form=form)
    return Stimulus(
        clip_id,
        *names,
        title=source.title,
        form=form,
        total=round(card.total, 3),
        penalties={one.name: round(one.penalty, 5) for one in card.scores if one.penalty > 0},
    )


def _keep_plan(plan: StudyPlan, path: Path) -> None:
    """Write the plan beside its clips; refuse a folder that was made for another one."""
    text = json.dumps(plan.to_dict(), ensure_ascii=False, indent=1) + "\n"
    if path.exists() and path.read_text(encoding="utf-8") != text:
        raise RequestError(
            f"the folder '{path.parent.name}' was made for another plan; choose a new folder, so "
            "that answers to different questions are not mixed"
        )
    write_whole(path, text)


def _load_made(folder: Path) -> dict[tuple[str, str], Stimulus]:
    path = folder / "clips.json"
    rows: list[dict[str, Any]] = json.loads(path.read_text("utf-8")) if path.exists() else []
    found = [Stimulus(**row) for row in rows]
    return {(one.condition, one.prompt): one for one in found}


def _save_made(folder: Path, made: Mapping[tuple[str, str], Stimulus]) -> None:
    # In the order of the random ids, so that not even the order of rows tells anything.
    rows = [asdict(one) for one in sorted(made.values(), key=lambda one: one.id)]
    write_whole(folder / "clips.json", json.dumps(rows, ensure_ascii=False, indent=1) + "\n")


def write_whole(path: Path, text: str) -> None:
    """Write a file wholly or not at all."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
