"""`MatchedPlan`: what is compared, as one TOML or JSON file, checked. Knows no piece.

Every side answers every prompt at every temperature so many times; the piece with the number s of
one side has the same prompt, temperature and seed as that of the others.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from dataclasses import fields as fields_of
from pathlib import Path
from typing import Any

from composer.errors import OptionError
from composer.listening import fields as f
from composer.listening.plan import load_values
from composer.request import Request

EXAMPLE = Path(__file__).with_name("example.toml")
MAX_PIECES = 100_000
_LEFT_OUT = frozenset({"seed", "temperature", "candidates", "engine", "prune"})
_SETTINGS = frozenset(option.name for option in fields_of(Request)) - _LEFT_OUT


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the things compared: an engine, a checkpoint, or a folder of files."""

    name: str = f.text("begins the names of its files: letters, digits and hyphens", most=40)
    engine: str = f.text("name of an engine; the usual one if left out", most=100)
    checkpoint: str = f.text("folder of a checkpoint, instead of an engine", most=1000)
    folder: str = f.text(
        "folder of MIDI files or REMIGEN words that were made elsewhere", most=1000
    )

    def __post_init__(self) -> None:
        """Check every field."""
        f.check(self, f"side {self.name[:40]!r}")
        if not self.name or not all(letter.isalnum() or letter == "-" for letter in self.name):
            raise OptionError(
                f"side {self.name[:40]!r}: a name has letters, digits and hyphens, since files are "
                "named by it"
            )
        if sum(map(bool, (self.engine, self.checkpoint, self.folder))) > 1:
            raise OptionError(
                f"side {self.name!r} may have one of `engine`, `checkpoint` and `folder`"
            )

    @property
    def model(self) -> str | None:
        """What composes: a folder or a name; None is the usual engine."""
        return self.checkpoint or self.engine or None


@dataclass(frozen=True, kw_only=True)
class MatchedPrompt:
    """What every side is asked for: REMIGEN words, or fields of a `Request`."""

    name: str = f.text("how tables call it", most=60)
    words: str = f.text("REMIGEN words that are gone on with", most=100_000)
    settings: Mapping[str, Any]

    def __post_init__(self) -> None:
        """Check every field."""
        f.check(self, f"prompt {self.name[:40]!r}")
        if bool(self.words) == bool(self.settings):
            raise OptionError(
                f"prompt {self.name[:40]!r} needs `words` (REMIGEN) or settings such as `composer` "
                "and `form`, and not both"
            )


@dataclass(frozen=True, slots=True)
class Cell:
    """One piece of every side.

    Args:
        prompt, temperature: Indices in the plan.
        sample: Its number, from 0.
    """

    prompt: int
    temperature: int
    sample: int

    @property
    def name(self) -> str:
        """What stands behind the side in names of files."""
        return f"p{self.prompt}_t{self.temperature}_s{self.sample:03d}"


@dataclass(frozen=True, kw_only=True)
class MatchedPlan:
    """A matched set.

    Raises:
        OptionError: In one sentence, if it cannot be made as it stands.
    """

    title: str = f.text("at the top of the page", "Matched set", most=120)
    samples: int = f.whole("pieces of every side for each prompt and temperature", 10, 1, 10_000)
    max_tokens: int = f.whole(
        "new words of each piece, where it has no planned end", 2048, 1, 10**6
    )
    bars: int = f.whole("length of each piece; 0 stops at `max_tokens`", 0, 0, 10_000)
    seed: int = f.whole("another one gives other pieces", 0, 0, 2**31 - 1)
    blind_samples: int = f.whole("of the samples, how many go to the blind test", 1, 0, 1000)
    temperatures: tuple[float, ...] = (0.5, 0.8, 1.0)
    sides: tuple[Side, ...] = ()
    prompts: tuple[MatchedPrompt, ...] = ()

    def __post_init__(self) -> None:
        """Check the plan as a whole."""
        f.check(self, "the plan")
        object.__setattr__(self, "temperatures", _temperatures(self.temperatures))
        for what in ("sides", "prompts"):
            names = [one.name for one in getattr(self, what)]
            twice = {name for name in names if names.count(name) > 1}
            if twice:
                raise OptionError(f"two of the {what} are called {min(twice)!r}")
        if len(self.sides) < 2 or not self.prompts:
            raise OptionError("a matched set needs two [[sides]] or more, and a [[prompts]]")
        n_pieces = len(self.sides) * len(list(self.cells()))
        if n_pieces > MAX_PIECES:
            raise OptionError(f"the plan has {n_pieces:,} pieces; {MAX_PIECES:,} are the most")
        for prompt in self.prompts:
            if prompt.settings:
                self.request(prompt, self.temperatures[0], 0)

    def cells(self) -> Iterator[Cell]:
        """Yield the pieces of one side, sample by sample so that an early stop is balanced."""
        for sample in range(self.samples):
            for prompt in range(len(self.prompts)):
                for temperature in range(len(self.temperatures)):
                    yield Cell(prompt, temperature, sample)

    def seed_of(self, cell: Cell) -> int:
        """Return the seed of a piece, the same for every side."""
        digest = hashlib.sha256(f"{self.seed} {cell.name}".encode()).digest()
        return int.from_bytes(digest[:4]) % 2**31

    def request(self, prompt: MatchedPrompt, temperature: float, seed: int) -> Request:
        """Return the request of a prompt of settings.

        Raises:
            OptionError: If a setting will not do.
        """
        bars = {"bars": self.bars} if self.bars else {}
        how = {"temperature": temperature, "seed": seed, "candidates": 1}
        return Request(**(bars | dict(prompt.settings) | how))

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values, as `from_dict` takes them."""
        values = asdict(self)
        values["prompts"] = [one.pop("settings") | one for one in values["prompts"]]
        return json.loads(json.dumps(values))  # type: ignore[no-any-return]

    def to_toml(self) -> str:
        """Return the text of a file that says this, without what is left out."""
        return f.to_toml(self.to_dict(), ("prompts", "sides"))

    def to_text(self) -> str:
        """Return what it will make, in one line."""
        n_each = len(list(self.cells()))
        sides = ", ".join(side.name for side in self.sides)
        length = f"{self.bars} bars" if self.bars else f"{self.max_tokens:,} new words"
        return (
            f"{self.title}: {n_each} matched pieces of {length} for each of {len(self.sides)} "
            f"sides ({sides}): {len(self.prompts)} prompts, {len(self.temperatures)} temperatures, "
            f"{self.samples} samples"
        )

    @classmethod
    def from_dict(cls, values: Any) -> MatchedPlan:
        """Build a plan from the tables of a file.

        Raises:
            OptionError: In one sentence, if they make no plan.
        """
        if not isinstance(values, Mapping):
            raise OptionError("a plan is a table of names and values")
        tables = {
            "sides": tuple(f.build(Side, one, "a side") for one in _rows(values, "sides")),
            "prompts": tuple(_prompt(one) for one in _rows(values, "prompts")),
        }
        return f.build(cls, {**values, **tables}, "the plan")


def load_matched_plan(path: Path) -> MatchedPlan:
    """Load a plan from a file that ends in .toml or .json.

    Raises:
        RequestError: If it cannot be read, or is no plan.
    """
    return MatchedPlan.from_dict(load_values(path))


def _rows(values: Mapping[str, Any], name: str) -> Sequence[Any]:
    found = values.get(name, ())
    if not isinstance(found, Sequence) or isinstance(found, str) or len(found) > 1000:
        raise OptionError(f"write every one of the {name} as a table headed by [[{name}]]")
    return found


def _prompt(values: Any) -> MatchedPrompt:
    """Build a prompt; words alone will do."""
    if isinstance(values, str):
        values = {"words": values}
    if not isinstance(values, Mapping):
        raise OptionError("a prompt must be a table of names and values, or REMIGEN words")
    row = dict(values)
    row["settings"] = {key: row.pop(key) for key in list(row) if key in _SETTINGS}
    row["name"] = row.get("name") or str(row.get("words", ""))[:60]
    if not row["name"]:
        raise OptionError("a prompt of settings needs a `name` of its own")
    return f.build(MatchedPrompt, row, "a prompt")


def _temperatures(found: Any) -> tuple[float, ...]:
    if not isinstance(found, (list, tuple)) or not 1 <= len(found) <= 100:
        raise OptionError("`temperatures` of the plan must be a list of 1 to 100 numbers")
    checked = [Request(temperature=one).temperature for one in found]
    if len(set(checked)) != len(checked):
        raise OptionError("`temperatures` of the plan must be different numbers")
    return tuple(map(float, checked))
