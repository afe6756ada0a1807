"""The people of the load benchmark: they know their own answers from those of others."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.serving.load import calls_until_refused, most_at_once, people_at
from benchmarks.serving.visitors import FAILED, OWN, REFUSED, NotOwnError, Person
from composer.ui.server.entrance import FULL
from tests.serving import FAKE_APP, serve

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve(*FAKE_APP, STEP_S="0.01", COMPOSER_CALLS_PER_MINUTE="24") as url:
        yield url


@pytest.fixture
def people(address: str, tmp_path: Path) -> list[Person]:
    return people_at(address, 2, time.monotonic(), (0.0, 0.0), tmp_path)


def test_everybody_gets_an_own_answer(people: list[Person]) -> None:
    for one in people:
        one.rows = [one.ask("compose"), one.ask("inspect")]
    assert [row["outcome"] for one in people for row in one.rows] == [OWN] * 4


def test_the_answer_of_somebody_else_is_noticed(people: list[Person]) -> None:
    mine, other = people
    (asked, _), (_, check) = mine._compose(), other._compose()
    answer: Any = mine.client.predict(**asked, api_name="/compose")
    with pytest.raises(NotOwnError):
        check(answer)


def test_a_refusal_is_no_failure(people: list[Person], monkeypatch: pytest.MonkeyPatch) -> None:
    one = people[0]
    asked = one._compose()[0]
    told: dict[str, Any] = asked | {"key": "H minor"}
    monkeypatch.setattr(one, "_compose", lambda: (told, str))
    assert one.ask("compose")["outcome"] == FAILED  # no setting of a person who reads the menu
    for _ in range(60):
        row = one.ask("compose")
        if row["outcome"] == REFUSED:
            break
    assert row["outcome"] == REFUSED
    assert row["words"] != FULL


def test_an_address_without_patience_is_refused(address: str) -> None:
    refused = calls_until_refused(address)
    assert refused is not None
    assert 12 < refused < 60


def test_requests_at_once_are_counted() -> None:
    times = ((0.0, 2.0), (1.0, 2.0), (2.0, 1.0), (9.0, 1.0))
    assert most_at_once([{"at_s": at, "seconds": seconds} for at, seconds in times]) == 2
    assert most_at_once([]) == 0
