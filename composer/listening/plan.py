"""`StudyPlan`: a listening test as one TOML or JSON file, checked. Knows no sound and no storage.

A plan names *conditions* (what is compared: a checkpoint, a temperature, best of 64, real pieces)
and *prompts* (for what: composer, form, key, bars); every condition is heard for every prompt.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any

from composer.errors import OptionError, RequestError
from composer.listening import fields as f
from composer.listening.designs import SLOTS, Design, find_design
from composer.request import Request

EXAMPLE = Path(__file__).with_name("example.toml")
TABLES = ("conditions", "prompts", "questionnaire")
MAX_PLAN_BYTES = 1_000_000
_SETTINGS = frozenset(option.name for option in fields(Request)) - {"seed"}
CONSENT = (
    "You will hear short pieces of music and say what you think of them. Taking part is voluntary, "
    "and you may stop at any time. Your answers are kept under a random code, without your name or "
    "address."
)


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One of the things compared. Without `folder` and `works` it is composed.

    Args:
        settings: Fields of a `Request` that this condition sets, such as `candidates`.
    """

    name: str = f.text("how the report calls it; listeners never see it", most=60)
    checkpoint: str = f.text("folder of a checkpoint; the bundled one if left out", most=1000)
    window_bars: int = f.whole("compose so many bars, then extend; 0 composes at once", 0, 0, 64)
    folder: str = f.text("folder of MIDI, MusicXML or sound files, one a prompt", most=1000)
    works: tuple[str, ...] = f.texts("works of music21's corpus, one a prompt: bach/bwv66.6")
    is_original: bool = f.flag("whether these are pieces by the composer", False)
    settings: Mapping[str, Any]

    def __post_init__(self) -> None:
        """Check every field."""
        f.check(self, f"condition {self.name[:40]!r}")
        if self.folder and self.works:
            raise OptionError(
                f"condition {self.name!r} has `folder` and `works`; leave one of them out"
            )
        if (self.folder or self.works) and (self.settings or self.checkpoint or self.window_bars):
            raise OptionError(
                f"condition {self.name!r} takes pieces as they are; leave out its settings"
            )

    @property
    def is_composed(self) -> bool:
        """Whether its pieces are made for the study."""
        return not self.folder and not self.works


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """What every condition is asked for.

    Args:
        settings: Fields of a `Request`.
    """

    name: str = f.text("how the report calls it", most=60)
    settings: Mapping[str, Any]

    def __post_init__(self) -> None:
        """Check every field."""
        f.check(self, f"prompt {self.name[:40]!r}")


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question of the questionnaire at the end."""

    name: str = f.text("its column in the results", most=40)
    question: str = f.text("what listeners read", most=500)
    choices: tuple[str, ...] = f.texts("to choose from; free text if left out", most=20)

    def __post_init__(self) -> None:
        """Check every field."""
        f.check(self, f"question {self.name[:40]!r}")


@dataclass(frozen=True, kw_only=True)
class StudyPlan:
    """A listening test.

    Raises:
        OptionError: In one sentence, if it cannot be run as it stands.
    """

    title: str = f.text("what listeners read at the top", "Listening test", most=120)
    design: str = f.text("pairwise, abx, composer, rating or multiple", "pairwise", most=20)
    question: str = f.text("asked at every trial; the design's own if left out", most=300)
    consent: str = f.text("what listeners agree to before they begin", CONSENT, most=10_000)
    thanks: str = f.text("shown at the end", "Thank you for listening.", most=2_000)
    items_per_listener: int = f.whole("trials that count, for each listener", 12, 1, 500)
    max_listeners: int = f.whole("places; whoever comes later is thanked", 1000, 1, 100_000)
    practice_trials: int = f.whole("trials at the beginning that do not count", 1, 0, 5)
    attention_checks: int = f.whole("trials with one right answer", 2, 0, 10)
    allowed_failures: int = f.whole("attention checks that a listener may fail", 0, 0, 10)
    clip_s: float = f.number("how long every clip lasts, in seconds", 20.0, 2.0, 120.0)
    minimum_listening_s: float = f.number("of every clip, before an answer counts", 5.0, 0.0, 120.0)
    is_expressive: bool = f.flag("whether clips are played with phrases and rubato", False)
    allows_no_preference: bool = f.flag("whether a pair may be left undecided", True)
    scales: tuple[str, ...] = f.texts("of a rating", ("musicality", "coherence", "style"), most=8)
    points: int = f.whole("a scale of a rating runs from 1 to this", 5, 2, 11)
    seed: int = f.whole("of pieces, order and sides", 0, 0, 2**31 - 1)
    conditions: tuple[Condition, ...] = ()
    prompts: tuple[Prompt, ...] = ()
    questionnaire: tuple[Question, ...] = ()

    def __post_init__(self) -> None:
        """Check the plan as a whole."""
        f.check(self, "the plan")
        design = find_design(self.design)
        for what in ("conditions", "prompts", "questionnaire"):
            _check_names(what, [one.name for one in getattr(self, what)])
        _check_conditions(design, self.conditions)
        if not self.prompts:
            raise OptionError("the plan needs a prompt: a table [[prompts]] with a name")
        if design.answer == "scales" and len(set(self.scales)) != max(1, len(self.scales)):
            raise OptionError("`scales` of the plan must be different names, at least one")
        if self.minimum_listening_s > self.clip_s:
            raise OptionError("`minimum_listening_s` of the plan must not be longer than a clip")
        for prompt in self.prompts:
            for condition in self.conditions:
                self.request_for(condition, prompt)

    @property
    def kind(self) -> Design:
        """The design."""
        return find_design(self.design)

    @property
    def asked(self) -> str:
        """The question as listeners read it."""
        return self.question or self.kind.question

    def condition(self, name: str) -> Condition:
        """Return a condition by its name."""
        return next(one for one in self.conditions if one.name == name)

    def request_for(self, condition: Condition, prompt: Prompt) -> Request | None:
        """Return the request of a prompt under a condition; None where nothing is composed.

        Each pair has a seed of its own: with one seed, best of 1 would be among best of 64.

        Raises:
            OptionError: If they will not do.
        """
        if not condition.is_composed:
            return None
        place = f"prompt {prompt.name!r} under condition {condition.name!r}"
        pair = self.conditions.index(condition) * len(self.prompts) + self.prompts.index(prompt)
        seed = (self.seed * 10_007 + pair) % 2**31
        try:
            return Request(**{**prompt.settings, **condition.settings, "seed": seed})
        except OptionError as error:
            raise OptionError(f"{place}: {error}") from error

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values, as `from_dict` takes them."""
        values = asdict(self)
        for table in ("conditions", "prompts"):
            values[table] = [one.pop("settings") | one for one in values[table]]
        return values

    def to_toml(self) -> str:
        """Return the text of a file that says this, without what is as usual."""
        usual = {
            option.name: json.loads(json.dumps(option.default))
            for kind in (StudyPlan, Condition, Question)
            for option in fields(kind)
            if option.default is not MISSING
        }
        values = json.loads(json.dumps(self.to_dict()))
        tables = {name: values.pop(name) for name in TABLES}

        def told(row: dict[str, Any]) -> dict[str, Any]:
            named = {"name": row["name"]} if "name" in row else {}
            return named | {key: one for key, one in row.items() if one != usual.get(key, "")}

        rows = {name: [told(row) for row in found] for name, found in tables.items()}
        return f.to_toml(told(values) | rows, TABLES)

    @classmethod
    def from_dict(cls, values: Any) -> StudyPlan:
        """Build a plan from the tables of a file.

        Raises:
            OptionError: In one sentence, if they make no plan.
        """
        if not isinstance(values, Mapping):
            raise OptionError("a plan is a table of names and values")
        tables = {
            "conditions": _tables(Condition, values.get("conditions", ()), "condition"),
            "prompts": _tables(Prompt, values.get("prompts", ()), "prompt"),
            "questionnaire": _tables(Question, values.get("questionnaire", ()), "question"),
        }
        return f.build(cls, {**values, **tables}, "the plan")


def read_plan(text: str, *, is_json: bool = False) -> StudyPlan:
    """Read the text of a plan.

    Raises:
        RequestError: If it is neither TOML nor JSON, or no plan.
    """
    return StudyPlan.from_dict(read_values(text, is_json=is_json))


def load_plan(path: Path) -> StudyPlan:
    """Load a plan from a file that ends in .toml or .json.

    Raises:
        RequestError: If it cannot be read, or is no plan.
    """
    return StudyPlan.from_dict(load_values(path))


def read_values(text: str, *, is_json: bool = False) -> Any:
    """Return what the text of a plan of any kind says, unchecked.

    Raises:
        RequestError: If it is neither TOML nor JSON.
    """
    if len(text) > MAX_PLAN_BYTES:
        raise RequestError(f"a plan may have {MAX_PLAN_BYTES / 1e6:g} MB at most")
    try:
        return json.loads(text) if is_json else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        kind = "JSON" if is_json else "TOML"
        raise RequestError(f"the plan is no {kind}: {str(error)[:120]}") from error


def load_values(path: Path) -> Any:
    """Return what a file that ends in .toml or .json says, unchecked.

    Raises:
        RequestError: If it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"the plan '{path.name}' cannot be read as text") from error
    return read_values(text, is_json=path.suffix.lower() == ".json")


def _tables(kind: Any, found: Any, name: str) -> tuple[Any, ...]:
    """Build the rows of an array of tables; what is a setting is kept apart."""
    if not isinstance(found, Sequence) or isinstance(found, str) or len(found) > 1000:
        raise OptionError(f"write every {name} as a table of its own, headed by its name")
    rows = []
    for index, values in enumerate(found, start=1):
        where = f"{name} {index}"
        if not isinstance(values, Mapping):
            raise OptionError(f"{where} must be a table of names and values")
        row = dict(values)
        if "settings" in {option.name for option in fields(kind)}:
            row["settings"] = {key: row.pop(key) for key in list(row) if key in _SETTINGS}
        if not row.get("name"):
            raise OptionError(f"{where} has no name; every one needs a `name` of its own")
        rows.append(f.build(kind, row, where))
    return tuple(rows)


def _check_names(what: str, names: Sequence[str]) -> None:
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise OptionError(f"two of the {what} are called {min(twice)!r}; give each its own name")


def _check_conditions(design: Design, conditions: Sequence[Condition]) -> None:
    least = max(2, design.compares) if design.name != "rating" else 1
    if len(conditions) < least:
        raise OptionError(f"a study of design {design.name!r} needs {least} conditions or more")
    if design.compares == 0 and len(conditions) > len(SLOTS):
        raise OptionError(f"at most {len(SLOTS)} conditions can be heard side by side")
    originals = [one for one in conditions if one.is_original]
    if design.name == "composer" and not 0 < len(originals) < len(conditions):
        raise OptionError(
            "to ask which piece is by the composer, mark the real ones with `is_original = true` "
            "and keep a condition that is not"
        )
