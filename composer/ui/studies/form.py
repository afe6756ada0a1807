"""The form of a listening test: what against what, for what, for whom; its values become a plan."""

from __future__ import annotations

from typing import Any

from composer.errors import RequestError
from composer.listening.plan import StudyPlan
from composer.theory import parse_key

REAL = "real pieces"
# What a person may compare, by the words of the form, and what that means in a plan.
SIDES: dict[str, dict[str, Any]] = {
    "best of 64": {"candidates": 64},
    "best of 16": {"candidates": 16},
    "first draw": {"candidates": 1},
    "bolder": {"candidates": 16, "temperature": 1.3},
    "safer": {"candidates": 16, "temperature": 0.7},
    "by the notes alone": {"candidates": 16, "part_writing": 0.0},
    REAL: {},
}
QUESTIONS = (
    {
        "name": "training",
        "question": "How many years have you had lessons in music?",
        "choices": ["none", "1 to 3", "4 to 10", "more than 10"],
    },
    {"name": "remarks", "question": "Is there anything that you would like to tell us?"},
)


def plan_of(
    title: Any,
    design: Any,
    sides: Any,
    works: Any,
    composer: Any,
    form: Any,
    keys: Any,
    bars: Any,
    trials: Any,
    listeners: Any,
    clip_s: Any,
) -> str:
    """Return the plan that a form describes, as TOML.

    Args:
        title: What listeners read at the top.
        design: One of the designs.
        sides: Names of `SIDES`.
        works: Where real pieces come from: works of music21's corpus with commas between them, or
            a folder.
        composer: In whose style pieces are composed; any if empty.
        form: Their form; any if empty.
        keys: With commas between them; every key is a prompt of its own.
        bars: Of every piece.
        trials: That one listener answers.
        listeners: Places.
        clip_s: How long a clip lasts, in seconds.

    Raises:
        RequestError: In one sentence, if it makes no plan.
    """
    chosen = [one for one in sides or () if one in SIDES]
    asked = {"composer": _text(composer), "form": _text(form), "bars": _whole("bars", bars)}
    told = {name: value for name, value in asked.items() if value}
    prompts = [{"name": key, "key": key} | told for key in _keys(keys)]
    values = {
        "title": _text(title) or "Listening test",
        "design": design,
        "items_per_listener": _whole("trials", trials),
        "max_listeners": _whole("listeners", listeners),
        "clip_s": clip_s,
        "conditions": [{"name": one} | (SIDES[one] or _real(works)) for one in chosen],
        "prompts": prompts,
        "questionnaire": list(QUESTIONS),
    }
    return StudyPlan.from_dict(values).to_toml()


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) and value.strip() != "open" else ""


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise RequestError(f"`{name}` must be a whole number")
    return int(value)


def _keys(text: Any) -> list[str]:
    """Return the keys of the prompts, each once."""
    names = [one.strip() for one in _text(text).replace("\n", ",").split(",") if one.strip()]
    if not names:
        raise RequestError("name the keys in which pieces are composed, such as G major, A minor")
    return list(dict.fromkeys(str(parse_key(name)) for name in names))


def _real(works: Any) -> dict[str, Any]:
    """Return where real pieces come from."""
    names = [one.strip() for one in _text(works).replace("\n", ",").split(",") if one.strip()]
    if not names:
        raise RequestError(
            "say where real pieces come from: a folder, or works such as bach/bwv66.6"
        )
    is_folder = len(names) == 1 and "bwv" not in names[0]
    return ({"folder": names[0]} if is_folder else {"works": names}) | {"is_original": True}
