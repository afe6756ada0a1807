"""The form of a listening test, and studies that begin and end while the page runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from composer.errors import ComposerError, RequestError
from composer.listening.ballots import Ballots
from composer.listening.plan import EXAMPLE, load_plan, read_plan
from composer.listening.reception import Reception
from composer.listening.sources import Sources
from composer.listening.stimuli import load_study
from composer.ui.studies import form, handlers, hosting
from composer.ui.studies.hosting import Hosting, name_of
from tests.listening.studies import chirp, compose, knowing, listen, make_plan

FORM: dict[str, Any] = {
    "title": "Which is better?",
    "design": "pairwise",
    "sides": ["best of 64", "first draw"],
    "works": "",
    "composer": "Bach",
    "form": "open",
    "keys": "G major, a minor\nG major",
    "bars": 10.0,
    "trials": 2,
    "listeners": 30,
    "clip_s": 15,
}


def plan_of(**changes: Any) -> str:
    return form.plan_of(**(FORM | changes))


def test_the_form_writes_a_plan_that_says_what_was_chosen() -> None:
    plan = read_plan(plan_of())
    assert [one.name for one in plan.conditions] == ["best of 64", "first draw"]
    assert [dict(one.settings) for one in plan.prompts] == [
        {"key": key, "composer": "Bach", "bars": 10} for key in ("G major", "A minor")
    ]
    assert (plan.items_per_listener, plan.max_listeners, plan.clip_s) == (2, 30, 15)
    assert "2 clips" not in handlers.check_plan(plan_of()) and "4 clips" in handlers.check_plan(
        plan_of()
    )


@pytest.mark.parametrize("side", [*form.SIDES])
def test_every_side_of_the_form_can_be_compared(side: str) -> None:
    other = "best of 64" if side != "best of 64" else "first draw"
    plan = read_plan(plan_of(sides=[side, other], works="bach/bwv66.6, bach/bwv269"))
    assert plan.condition(side).is_original == (side == form.REAL)


@pytest.mark.parametrize(
    "changes",
    [
        {"sides": ["best of 64"]},
        {"sides": None},
        {"sides": ["best of 64", form.REAL]},
        {"keys": ""},
        {"keys": "H dur"},
        {"bars": "ten"},
        {"design": "loud"},
        {"trials": 900},
        {"clip_s": None},
    ],
)
def test_what_makes_no_plan_is_refused_in_a_sentence(changes: dict[str, Any]) -> None:
    with pytest.raises(ComposerError) as caught:
        plan_of(**changes)
    assert "\n" not in str(caught.value)


def test_a_plan_is_read_as_it_is_written() -> None:
    for plan in (load_plan(EXAMPLE), make_plan(design="rating", scales=["beauty"])):
        assert read_plan(plan.to_toml()) == plan


@pytest.fixture
def served(tmp_path: Path) -> Hosting:
    return Hosting(tmp_path, lambda base: Sources(base, compose=compose), render=chirp)


def test_a_study_begins_is_served_ends_and_stays_closed(served: Hosting, tmp_path: Path) -> None:
    plan = make_plan()
    app = Starlette(routes=[Mount("/studies", served)])
    with TestClient(app) as client:
        address = f"/studies/{name_of(plan)}/"
        assert client.get(address).status_code == 404
        done = list(served.begin(plan))
        assert done[-1][0] == done[-1][1] == 12
        assert served.names == ["three-ways"]
        assert client.get(address).status_code == 200
        assert client.get(f"{address}api/study").json()["title"] == "Three ways"
        served.end("three-ways")
        assert client.get(address).status_code == 404
        assert Hosting(tmp_path).names == []  # also after the server began again
        list(served.begin(plan))  # nothing is made twice
        assert client.get(address).status_code == 200 and Hosting(tmp_path).names == ["three-ways"]
    with pytest.raises(RequestError, match="no such study"):
        served.end("../three-ways")


def test_a_study_is_previewed_changed_and_hosted_and_no_answer_of_a_preview_counts(
    served: Hosting, tmp_path: Path
) -> None:
    app = Starlette(routes=[Mount("/studies", served)])
    with TestClient(app) as client:
        list(served.preview(make_plan()))
        place = f"/studies/{served.preview_path(make_plan())}"
        assert client.get(place).status_code == 200
        assert client.post(f"{place}api/listeners", json={"agrees": True}).status_code == 200
        assert (served.names, served.kept) == ([], [])
        assert Hosting(tmp_path).names == []  # a server that starts again does not serve it either
        assert client.get("/studies/three-ways/").status_code == 404
        assert client.get("/studies/three-ways/preview/").status_code == 404
        changed = make_plan(seed=4)  # nobody was asked yet: the clips are made anew
        list(served.preview(changed))
        assert client.get(place).status_code == 404
        list(served.begin(changed))
        assert client.get("/studies/three-ways/").status_code == 200
        plan, listeners = served.read("three-ways")
        assert (plan, listeners) == (changed, ())


def test_progress_and_report_of_a_hosted_study_count_who_came(
    served: Hosting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPOSER_STUDIES", str(tmp_path))
    monkeypatch.setenv("COMPOSER_STUDY_KEY", "sesame")
    monkeypatch.setattr(hosting, "_hosting", lambda home: served)
    plan = make_plan(max_listeners=20)
    list(served.begin(plan))
    assert "0 of 20 places are taken" in handlers.show_progress("three-ways", "sesame")
    ballots = Ballots(tmp_path / "three-ways" / "ballots.sqlite")
    reception = Reception(load_study(tmp_path / "three-ways"), ballots)
    first = knowing(ballots, lambda trial: {"choice": "a"})
    for _ in range(3):
        listen(reception, first)
    reception.withdraw(listen(reception, first))
    reception.enrol({"agrees": True})
    shown = handlers.show_progress("three-ways", "sesame")
    assert "5 of 20 places are taken: 3 finished, 1 on the way, 1 withdrew; 24 answers" in shown
    assert "3 of 20 places finished" in shown and "for 80 %" in shown
    left = "left before the first answer"
    assert left not in handlers.report_of("three-ways", "sesame")
    served.end("three-ways")
    assert left in handlers.report_of("three-ways", "sesame")
    assert handlers.study_choices("sesame") == [("three-ways (closed)", "three-ways")]
    report = handlers.report_of("three-ways", "sesame")
    assert "Strengths" in report and "&lt;svg" in report
    for act in (handlers.show_progress, handlers.report_of):
        with pytest.raises(RequestError, match="not the key"):
            act("three-ways", "other")
        with pytest.raises(RequestError, match="no such study"):
            act("../three-ways", "sesame")


def test_a_plan_of_another_study_under_the_same_title_is_refused(served: Hosting) -> None:
    list(served.begin(make_plan()))
    with pytest.raises(RequestError):
        list(served.begin(make_plan(seed=4)))


def test_only_the_key_of_the_server_opens_hosting(
    served: Hosting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not handlers.can_host()
    with pytest.raises(RequestError, match="cannot be hosted here"):
        handlers.hosted("")
    monkeypatch.setenv("COMPOSER_STUDIES", str(tmp_path))
    with pytest.raises(RequestError, match="cannot be hosted here"):
        handlers.hosted("")  # no key, no hosting
    monkeypatch.setenv("COMPOSER_STUDY_KEY", "sesame")
    monkeypatch.setattr(hosting, "_hosting", lambda home: served)
    assert handlers.can_host()
    for key in ("", "Sesame", None, "sesamé"):
        with pytest.raises(RequestError, match="not the key"):
            list(handlers.host(plan_of(), key))
    assert "12 of 12 clips" in [*handlers.host(make_plan().to_toml(), "sesame")][-1]
    shown = handlers.show_hosted(handlers.hosted("sesame"), "https://example.org/")
    assert 'href="https://example.org/studies/three-ways/"' in shown
    assert "data:image/svg+xml" in shown and 'alt="QR code of three-ways"' in shown
    handlers.end("three-ways", "sesame")
    assert "No study" in handlers.show_hosted(handlers.hosted("sesame"), "https://example.org")
