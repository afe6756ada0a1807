"""What any engine offers: wishes in, candidates out, its capabilities stated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from composer.engines.menu import MenuRow
from composer.request import Request
from composer.tokenizer.vocab import Events
from composer.tokenizer.wishes import Conditions


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What an engine can do besides composing from wishes."""

    extend: bool = False
    infill: bool = False
    harmonise: bool = False
    stream: bool = False


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One drawn candidate, before anyone has judged it.

    Args:
        index: Its number in the request.
        wishes: What it was drawn for, open ones decided.
        events: Bars and END, [N, 4].
        log_probs: Of every chosen field, unguided, [N, 4]; 0 where it was given.
        nats_per_note: Mean surprise over all that the score counts (sections left out).
        is_complete: Whether it came to its end.
    """

    index: int
    wishes: Conditions
    events: Events
    log_probs: npt.NDArray[np.float32]
    nats_per_note: float
    is_complete: bool


@dataclass(frozen=True)
class Step:
    """Progress of a draw.

    Args:
        share: Of the whole work, 0..1.
        drafts: Candidates that this step completed.
    """

    share: float
    drafts: tuple[Draft, ...] = ()


class Engine(Protocol):
    """Anything that composes."""

    capabilities: Capabilities
    versions: dict[str, str]
    menu: tuple[MenuRow, ...]
    # Scoring group -> percentiles of nats a note among real pieces, and their number.
    likelihood_bands: dict[str, list[float]]

    def draw(self, request: Request) -> Iterator[Step]:
        """Draw all candidates of a request, group by group."""
