from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from composer.errors import RequestError
from composer.listening.ballots import Ballots
from composer.listening.reception import Reception
from composer.listening.stimuli import StudyFolder
from composer.listening.trials import TONE
from tests.listening.studies import ballot_of, knowing, listen, make_plan

QUESTIONS = ({"name": "years", "question": "Lessons?", "choices": ["none", "some"]},)


def answer_left(place: Mapping[str, Any], code: str) -> dict[str, Any]:
    return {"choice": "a"}


def test_a_listener_goes_from_consent_to_the_end(
    reception: Reception, ballots: Ballots, study: StudyFolder
) -> None:
    code = listen(reception, answer_left)
    assert reception.current(code)["state"] == "end"
    found = ballots.listeners()[0]
    assert len(found.votes) == len(found.trials) == reception.welcome()["n_trials"] == 8


def test_without_consent_nobody_is_taken_in(reception: Reception, ballots: Ballots) -> None:
    for values in ({}, {"agrees": "yes"}, [], None):
        with pytest.raises(RequestError, match="agree"):
            reception.enrol(values)
    assert ballots.names() == ()


def test_places_are_limited(study: StudyFolder, ballots: Ballots) -> None:
    small = replace(study, plan=replace(study.plan, max_listeners=1))
    reception = Reception(small, ballots)
    reception.enrol({"agrees": True})
    with pytest.raises(RequestError, match="taken"):
        reception.enrol({"agrees": True})


def test_whoever_comes_back_goes_on_where_they_left(reception: Reception) -> None:
    code = reception.enrol({"agrees": True})["code"]
    first = reception.current(code)
    reception.vote(code, ballot_of(first, {"choice": "a"}))
    assert reception.current(code) == reception.current(code)
    assert reception.current(code)["position"] == 1


def test_the_sound_of_a_slot_is_the_clip_that_stands_there(
    reception: Reception, ballots: Ballots, study: StudyFolder
) -> None:
    code = reception.enrol({"agrees": True})["code"]
    trial = ballots.trial(ballots.find(code), 0)
    for slot, clip in zip("ab", trial.clips, strict=True):
        assert reception.clip(code, 0, slot) == study.clip_path(clip).read_bytes()
    assert reception.sample() == study.clip_path(study.clip_ids[TONE]).read_bytes()


@pytest.mark.parametrize(("position", "slot"), [(1, "a"), (-1, "a"), (0, "c"), (0, "ab"), (0, "")])
def test_no_clip_but_those_of_the_present_trial(
    reception: Reception, position: int, slot: str
) -> None:
    code = reception.enrol({"agrees": True})["code"]
    with pytest.raises(RequestError):
        reception.clip(code, position, slot)


def test_the_code_of_one_listener_opens_no_trial_of_another(
    reception: Reception, ballots: Ballots
) -> None:
    """Each code leads to its own name, and everything is looked up under that name."""
    codes = [reception.enrol({"agrees": True})["code"] for _ in range(2)]
    reception.current(codes[1])
    reception.vote(codes[1], ballot_of(reception.current(codes[1]), {"choice": "b"}))
    first, second = ballots.listeners()
    assert (len(first.votes), len(second.votes)) == (0, 1)
    with pytest.raises(RequestError, match="comes later"):
        reception.clip(codes[0], 1, "a")
    assert reception.clip(codes[1], 1, "a")


@pytest.mark.parametrize(
    "change",
    [
        {"answer": {"choice": "c"}},
        {"answer": {"choice": "a", "b": 1}},
        {"answer": None},
        {"position": "0"},
        {"position": True},
        {"position": 10**30},
        {"plays": {"a": 1}},
        {"plays": {"a": "1", "b": 1}},
        {"listened_s": {"a": 0.1, "b": 9}},
        {"listened_s": {"a": float("nan"), "b": 9}},
        {"listened_s": {"a": -1, "b": 9}},
        {"listened_s": []},
    ],
)
def test_an_answer_that_will_not_do_is_refused(reception: Reception, change: Any) -> None:
    code = reception.enrol({"agrees": True})["code"]
    ballot = ballot_of(reception.current(code), {"choice": "a"})
    with pytest.raises(RequestError):
        reception.vote(code, ballot | change)
    assert reception.vote(code, ballot) == {"kept": True, "is_new": True}


@pytest.mark.parametrize(
    ("answers", "is_taken"),
    [
        ({"years": "some"}, True),
        ({}, True),
        ({"years": "many"}, False),
        ({"months": "1"}, False),
        ({"years": 3}, False),
        ([], False),
    ],
)
def test_the_questionnaire_takes_what_it_asked_for(
    study: StudyFolder, ballots: Ballots, answers: Any, is_taken: bool
) -> None:
    plan = make_plan(questionnaire=QUESTIONS, items_per_listener=1, attention_checks=0)
    reception = Reception(replace(study, plan=plan), ballots)
    code = reception.enrol({"agrees": True})["code"]
    while (place := reception.current(code))["state"] == "trial":
        reception.vote(code, ballot_of(place, {"choice": "a"}))
    if is_taken:
        assert reception.finish(code, {"answers": answers})["state"] == "end"
    else:
        with pytest.raises(RequestError):
            reception.finish(code, {"answers": answers})


def test_every_listener_is_exported_at_the_end_and_restored_at_the_start(
    study: StudyFolder, ballots: Ballots, tmp_path: Path
) -> None:
    exports = tmp_path / "exports"
    code = listen(Reception(study, ballots, exports), answer_left)
    empty = Ballots(tmp_path / "fresh.sqlite")
    assert Reception(study, empty, exports).current(code)["state"] == "end"
    assert empty.listeners() == ballots.listeners()


def test_renamed_and_exchanged_conditions_are_not_seen(study: StudyFolder, tmp_path: Path) -> None:
    """What listeners read is the same, byte for byte, whatever lies behind the letters."""
    other = {"plain": "wild", "wild": "plain", "rich": "rich", "": ""}
    turned = {
        key: replace(one, condition=other[one.condition]) for key, one in study.stimuli.items()
    }
    seen = []
    for index, behind in enumerate((study, replace(study, stimuli=turned))):
        ballots = Ballots(tmp_path / f"{index}.sqlite")
        reception, places = Reception(behind, ballots), []

        def answer(place: Mapping[str, Any], code: str, places: list[Any] = places) -> Any:
            places.append(place)
            return {"choice": "a"}

        listen(reception, answer)
        seen.append(json.dumps([reception.welcome(), places]))
    assert seen[0] == seen[1]


def test_listeners_with_a_plain_taste_are_understood(
    reception: Reception, ballots: Ballots
) -> None:
    taste = ["rich", "wild", "plain"]  # the best first

    def choose(trial: Any) -> dict[str, str]:
        return {"choice": "ab"[min((0, 1), key=lambda n: taste.index(trial.conditions[n]))]}

    for _ in range(2):
        listen(reception, knowing(ballots, choose))
    votes = [vote for one in ballots.listeners() for vote in one.votes if vote.trial.key == ""]
    assert all(vote.answer == choose(vote.trial) for vote in votes)
