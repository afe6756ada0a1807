"""What listeners are asked: the designs of a study, as a table. Knows no sound and no storage.

Several pieces side by side are rated after ITU-R BS.2132, and not by MUSHRA (ITU-R BS.1534):
MUSHRA rates how far codecs fall short of a reference that every listener hears, with that reference
hidden among the clips and low-pass filtered anchors below it. Two compositions have no reference:
neither is a damaged copy of the other, and nothing says what 100 would sound like.

Sources:
    ITU-R BS.2132-0 (2019): multiple stimuli without a given reference; sliders of 0 to 100.
    ITU-R BS.1534-3 (2015): MUSHRA, sections 4 and 5, on hidden reference and anchors.
    ITU-R BS.1284-2 (2019), annex 1: the scale of five points, and paired comparison.
    W. A. Munson and M. B. Gardner, Standardizing auditory tests, JASA 22 (1950), p. 675: ABX.
    F. Liang, M. Gotham, M. Johnson and J. Shotton, Automatic stylistic composition of Bach chorales
    with deep LSTM, ISMIR (2017), pp. 449-456: which of two is by the composer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from composer.errors import OptionError

SLOTS = "abcdefgh"
MAX_SLIDER = 100
NO_PREFERENCE = "none"


@dataclass(frozen=True, slots=True)
class Design:
    """One kind of question.

    Args:
        name: As a plan states it.
        about: In a few words, for a list.
        question: What listeners read, unless the plan says otherwise.
        answer: `choice` of a clip, `scales` for the one clip, or `sliders`, one a clip.
        compares: How many conditions meet in a trial; 0 for all of them.
        slots: Of a trial; empty for one a condition.
    """

    name: str
    about: str
    question: str
    answer: str
    compares: int
    slots: str = ""


DESIGNS: Mapping[str, Design] = MappingProxyType(
    {
        design.name: design
        for design in (
            Design(
                "pairwise",
                "which of two clips is preferred, without a reference",
                "Which piece do you prefer?",
                "choice",
                2,
                "ab",
            ),
            Design(
                "abx",
                "whether two conditions can be told apart at all",
                "Which piece is X, A or B?",
                "choice",
                2,
                "abx",
            ),
            Design(
                "composer",
                "which of two clips is by the composer",
                "Which piece is by the composer?",
                "choice",
                2,
                "ab",
            ),
            Design(
                "rating",
                "one clip on several scales",
                "How do you find this piece?",
                "scales",
                1,
                "a",
            ),
            Design(
                "multiple",
                "all conditions side by side, without a reference (ITU-R BS.2132)",
                "How good is each piece?",
                "sliders",
                0,
            ),
        )
    }
)


def find_design(name: str) -> Design:
    """Return a design by its name.

    Raises:
        OptionError: If there is none of that name.
    """
    if name not in DESIGNS:
        raise OptionError(f"`design` must be one of {', '.join(DESIGNS)}, got {name[:40]!r}")
    return DESIGNS[name]


def check_answer(
    design: Design,
    answer: Any,
    *,
    slots: Sequence[str],
    scales: Sequence[str],
    points: int,
    allows_none: bool,
) -> dict[str, Any]:
    """Return an answer as it is stored: `{"choice": "a"}`, or a number for every scale or slot.

    Args:
        design: Of the study.
        answer: As it came from outside.
        slots: Names of the clips of the trial.
        scales: Of a rating.
        points: A scale runs from 1 to this.
        allows_none: Whether a listener may have no preference.

    Raises:
        OptionError: If it is no answer to this question.
    """
    if design.answer == "choice":
        choices = ["a", "b"] + [NO_PREFERENCE] * (allows_none and design.name == "pairwise")
        choice = answer.get("choice") if isinstance(answer, dict) else None
        if choice not in choices or len(answer) != 1:
            raise OptionError(f"the answer must be a choice: one of {', '.join(choices)}")
        return {"choice": choice}
    names, low, high = (scales, 1, points) if design.answer == "scales" else (slots, 0, MAX_SLIDER)
    if not isinstance(answer, dict) or set(answer) != set(names):
        raise OptionError(f"the answer must have a number for each of {', '.join(names)}")
    for value in answer.values():
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise OptionError(f"each number of the answer must be a whole one from {low} to {high}")
    return {name: answer[name] for name in names}
