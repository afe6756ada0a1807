"""What can be asked of the server over HTTP, as one list: Gradio's endpoints and REST come from it.

An ability is declared by the values that it takes, and by what it does with them: check them at
once, then return steps. One more is one more row of `abilities`, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from inspect import Parameter
from typing import Any

from composer.composition import Composition
from composer.pipeline import Progress
from composer.ui.shared.settings import Setting, setting

Steps = Iterator[Progress | Composition]


@dataclass(frozen=True)
class Value:
    """A value that an ability takes.

    Args:
        name: As callers write it.
        kind: Its type.
        default: `Parameter.empty` if it must be given.
        help: What it is, in a phrase.
        low, high: Its range, both ends included; None where there is none.
        most: Characters of a text; 0 where it is not said.
    """

    name: str
    kind: Any
    default: Any = Parameter.empty
    help: str = ""
    low: float | None = None
    high: float | None = None
    most: int = 0

    @property
    def is_required(self) -> bool:
        """Whether it must be given."""
        return self.default is Parameter.empty

    def as_parameter(self) -> Parameter:
        """Return it as a parameter of a function."""
        kind = Parameter.POSITIONAL_OR_KEYWORD
        return Parameter(self.name, kind, default=self.default, annotation=self.kind)


@dataclass(frozen=True)
class Ability:
    """Something that makes music.

    Args:
        name: Of its endpoints.
        text: What it does, for those who call it.
        values: In their order.
        run: Takes the values by name, and `should_stop`; returns the steps.
        example: Values as a caller may send them; a file is left out.
    """

    name: str
    text: str
    values: tuple[Value, ...]
    run: Callable[..., Steps]
    example: Mapping[str, Any] = field(default_factory=dict)


def setting_value(name: str) -> Value:
    """Return a setting of a request as a value."""
    return value_of(setting(name))


def value_of(one: Setting) -> Value:
    """Return a setting as a value."""
    kind: Any = str if one.is_text else int if one.is_whole else float
    # Without a seed each call throws the dice; None leaves any other setting to the model.
    default = None if one.name == "seed" else one.default
    kind = kind if default is not None else kind | None
    return Value(one.name, kind, default, one.help, one.low, one.high, one.most)
