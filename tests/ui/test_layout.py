from __future__ import annotations

import pytest

from composer.errors import CheckpointError
from composer.ui import build_app
from tests.fake_studio import fake_studio


@pytest.fixture(scope="module")
def config() -> dict:
    return build_app(fake_studio()).get_config_file()


def texts(config: dict) -> str:
    return " ".join(str(component["props"]) for component in config["components"])


MAKING = (
    "compose",
    "compose_long",
    "generate",
    "extend",
    "infill",
    "vary",
    "paint",
    "harmonise",
    "plan",
)
PAGES = ["Compose", "Extend", "Edit", "Live", "Inspect", "Studies", "About"]


def test_the_public_events_make_music_or_tell_about_it(config: dict) -> None:
    public = [d["api_name"] for d in config["dependencies"] if d["api_visibility"] == "public"]
    assert sorted(public) == sorted(
        (*MAKING, "engines", "inspect", "menu", "orchestrate", "prompt")
    )


def test_runs_share_one_queue_of_the_model() -> None:
    functions = build_app(fake_studio()).fns.values()
    drawing = [f for f in functions if f.name in ("on_draw", *MAKING)]
    assert {f.name for f in drawing} == {"on_draw", *MAKING}
    # Who joins a run again waits for no place: the run under way has its own.
    places = {("model", 1), ("joined", None)}
    assert {(f.concurrency_id, f.concurrency_limit) for f in drawing} == places


def test_reading_files_waits_for_no_run() -> None:
    functions = build_app(fake_studio()).fns.values()
    reading = [f for f in functions if f.concurrency_id == "inspect"]
    assert reading
    assert not {f.name for f in reading} & {"on_draw", *MAKING}


def test_every_page_has_a_tab(config: dict) -> None:
    tabs = [c["props"] for c in config["components"] if c["type"] == "tabitem"]
    assert [tab["label"] for tab in tabs if tab.get("id") == tab["label"].lower()] == PAGES


def test_without_sound_nothing_offers_sound() -> None:
    config = build_app(fake_studio(sound_problem=lambda: "no sound")).get_config_file()
    buttons = {c["props"]["elem_id"] for c in config["components"] if c["type"] == "button"}
    assert {"compose-pdf", "inspect-svg"} <= buttons
    assert not {"compose-mp3", "inspect-wav", "inspect-mp3"} & buttons


def test_without_sound_one_line_says_how_to_get_it() -> None:
    hint = "no sound: apt-get install libfluidsynth3"
    config = build_app(fake_studio(sound_problem=lambda: hint)).get_config_file()
    assert hint in texts(config)


def test_a_bad_checkpoint_shows_before_the_page_opens() -> None:
    def fail() -> object:
        raise CheckpointError("the weights are torn")

    with pytest.raises(CheckpointError, match="torn"):
        build_app(fake_studio(load=fail))


def test_an_empty_menu_still_gives_a_page() -> None:
    assert build_app(fake_studio(menu=tuple)).get_config_file()["components"]
