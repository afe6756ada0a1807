"""What a listener may see and do, as JSON values: no hint of a condition leaves this file.

A listener sees the number of a trial and the letters of its clips; which clip that is, is looked
up here. Knows the study and its ballots; no HTTP and no page.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from composer.errors import OptionError, RequestError
from composer.listening import journal
from composer.listening.ballots import Ballots
from composer.listening.blocks import Dealer
from composer.listening.designs import MAX_SLIDER, NO_PREFERENCE, check_answer
from composer.listening.plan import Question
from composer.listening.stimuli import StudyFolder
from composer.listening.trials import CHECK, PRACTICE, TONE, Trial, draw_trials

MAX_ANSWER = 2_000
MAX_POSITION = 1_000  # more trials than any plan may have
_MAX_PLAYS, _MAX_LISTENED_S = 1_000, 36_000.0
_log = logging.getLogger(__name__)


class Reception:
    """Where listeners are received.

    Args:
        study: Ready to run.
        ballots: Of this study.
        exports: Folder for a file a listener, written after each has finished; None for none.

    Raises:
        RequestError: If an export of earlier listeners cannot be read back.
    """

    def __init__(self, study: StudyFolder, ballots: Ballots, exports: Path | None = None) -> None:
        self._study, self._plan = study, study.plan
        self._ballots, self._exports = ballots, exports
        self._dealer = Dealer(study.plan)
        self._clip_ids = study.clip_ids
        if exports is not None and exports.is_dir():
            journal.restore(ballots, exports)

    def welcome(self) -> dict[str, Any]:
        """Return what is read before the beginning, and how the questions look."""
        plan = self._plan
        n_trials = plan.practice_trials + plan.items_per_listener + plan.attention_checks
        return {
            "title": plan.title,
            "consent": plan.consent,
            "thanks": plan.thanks,
            "n_trials": n_trials,
            "minutes": max(1, round(n_trials * self._clips_a_trial() * plan.clip_s / 60)),
            "answer": plan.kind.answer,
            "scales": list(plan.scales) if plan.kind.answer == "scales" else [],
            "points": plan.points,
            "slider": MAX_SLIDER,
            "minimum_listening_s": plan.minimum_listening_s,
            "questionnaire": [
                {"name": one.name, "question": one.question, "choices": list(one.choices)}
                for one in plan.questionnaire
            ],
        }

    def _clips_a_trial(self) -> int:
        return len(self._plan.kind.slots) or len(self._plan.conditions)

    def sample(self) -> bytes:
        """Return a sound to set the volume by, as loud as every clip."""
        return self._study.clip_path(self._clip_ids[TONE]).read_bytes()

    def enrol(self, values: Any) -> dict[str, Any]:
        """Take in a listener who agrees; return the code.

        Raises:
            RequestError: Without consent, or if all places are taken.
        """
        if not isinstance(values, Mapping) or values.get("agrees") is not True:
            raise RequestError("to take part, agree to what is asked first")
        if len(self._ballots.names()) >= self._plan.max_listeners:
            raise RequestError("all places of this study are taken; thank you for coming")
        return {"code": self._ballots.enrol(self._draw)}

    def _draw(self, number: int) -> Sequence[Trial]:
        block = self._dealer.block(number)
        return draw_trials(self._plan, number, block, self._clip_ids)

    def current(self, code: str) -> dict[str, Any]:
        """Return where a listener stands: a trial, the questionnaire or the end.

        Raises:
            UnknownCode: If nobody has this code.
        """
        name = self._ballots.find(code)
        done, n_trials, is_finished = self._ballots.progress(name)
        place = {"done": done, "n_trials": n_trials}
        if done == n_trials:
            end = {"state": "end", "listener": name} if is_finished else {"state": "questionnaire"}
            return place | end
        trial = self._ballots.trial(name, done)
        self._ballots.show(name, done)
        return place | {
            "state": "trial",
            "position": done,
            "is_practice": trial.kind == PRACTICE,
            "question": trial.question,
            "slots": list(trial.slots),
            "choices": self._choices(trial),
        }

    def _choices(self, trial: Trial) -> list[str]:
        if self._plan.kind.answer != "choice":
            return []
        may_pass = self._allows_none(trial)
        return ["a", "b"] + [NO_PREFERENCE] * may_pass

    def _allows_none(self, trial: Trial) -> bool:
        is_pair = self._plan.design == "pairwise" and trial.kind != CHECK
        return is_pair and self._plan.allows_no_preference

    def clip(self, code: str, position: int, slot: str) -> bytes:
        """Return the sound of a clip that this listener has come to.

        Raises:
            RequestError: If there is no such clip for this listener, or not yet.
        """
        name = self._ballots.find(code)
        done, _, _ = self._ballots.progress(name)
        if not 0 <= position <= done:
            raise RequestError("this clip comes later; answer the trials in their order")
        trial = self._ballots.trial(name, position)
        if slot not in trial.slots or len(slot) != 1:
            raise RequestError("this trial has no such clip")
        return self._study.clip_path(trial.clips[trial.slots.index(slot)]).read_bytes()

    def vote(self, code: str, values: Any) -> dict[str, Any]:
        """Keep an answer, and say where the listener stands now.

        Args:
            code: Of the listener.
            values: `position`, `answer`, `plays` and `listened_s`, the last two by slot.

        Raises:
            RequestError: If it is no answer to this trial.
            StorageError: If it could not be kept.
        """
        name = self._ballots.find(code)
        position = values.get("position") if isinstance(values, Mapping) else None
        if type(position) is not int or not 0 <= position < MAX_POSITION:
            raise OptionError("an answer needs the number of its trial")
        trial = self._ballots.trial(name, position)
        answer = check_answer(
            self._plan.kind,
            values.get("answer"),
            slots=trial.slots,
            scales=self._plan.scales,
            points=self._plan.points,
            allows_none=self._allows_none(trial),
        )
        plays = _numbers(values.get("plays"), trial.slots, _MAX_PLAYS)
        listened_s = _numbers(values.get("listened_s"), trial.slots, _MAX_LISTENED_S)
        least_s = self._plan.minimum_listening_s
        if min(listened_s.values()) < least_s:
            raise RequestError(f"listen to every clip for {least_s:g} s or more, then answer")
        counted = {slot: int(value) for slot, value in plays.items()}
        is_new = self._ballots.vote(name, position, answer, counted, listened_s)
        return {"kept": True, "is_new": is_new}

    def finish(self, code: str, values: Any) -> dict[str, Any]:
        """Keep the questionnaire; the listener has come to the end.

        Raises:
            RequestError: If an answer will not do, or a trial has none.
        """
        name = self._ballots.find(code)
        answers = _checked_answers(self._plan.questionnaire, values)
        self._ballots.finish(name, answers)
        self._export(name)
        return self.current(code)

    def withdraw(self, code: str) -> dict[str, Any]:
        """Take back all that a listener answered."""
        name = self._ballots.find(code)
        self._ballots.withdraw(name)
        self._export(name)
        return {"withdrawn": True}

    def _export(self, name: str) -> None:
        if self._exports is None:
            return
        try:
            journal.export_listener(self._ballots, name, self._exports)
        except OSError:  # the database has it; whoever looks after the server must know
            _log.exception("the answers of %s could not be exported", name)


def _numbers(values: Any, slots: Sequence[str], most: float) -> dict[str, float]:
    """Return a number for every slot.

    Raises:
        OptionError: If one is missing or out of range.
    """
    if not isinstance(values, Mapping) or set(values) != set(slots):
        raise OptionError("an answer tells for every clip how often and how long it was heard")
    for value in values.values():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= most:
            raise OptionError("how often and how long a clip was heard are numbers from 0 up")
    return {slot: float(values[slot]) for slot in slots}


def _checked_answers(questions: Sequence[Question], values: Any) -> dict[str, str]:
    """Return the answers to the questionnaire; those left out are empty.

    Raises:
        OptionError: If one is no answer to its question.
    """
    found = values.get("answers") if isinstance(values, Mapping) else None
    if not isinstance(found, Mapping) or not set(found) <= {one.name for one in questions}:
        raise OptionError("the questionnaire has other questions; load the page again")
    for one in questions:
        value = found.get(one.name, "")
        if not isinstance(value, str) or len(value) > MAX_ANSWER or "\0" in value:
            raise OptionError(f"an answer is a text of at most {MAX_ANSWER} characters")
        if value and one.choices and value not in one.choices:
            raise OptionError(f"choose one of the answers to: {one.question[:80]}")
    return {one.name: str(found.get(one.name, "")) for one in questions}
