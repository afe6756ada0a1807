"""Prompts with what a musician expects of them: how many are read so, setting by setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.prompts.reading import (
    SETTINGS,
    Read,
    by_setting,
    changed_words,
    is_read_whole,
    read_cases,
    verdicts,
    whole_by,
)

HERE = Path(__file__).parent
FILES = ("held_out", "fresh", "further")
LEAST = {name: 0.98 for name in ("key", "meter", "bars", "composer", "style", "length_s", "form")}


@pytest.fixture(scope="module")
def read() -> Read:
    """Return every prompt with what it is read as."""
    return [one for name in FILES for one in read_cases(HERE / f"{name}.toml")]


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_is_read_as_expected(name: str, read: Read) -> None:
    wrong = [case["text"][:80] for case, one in read if (name, False) in verdicts(case, one)]
    assert by_setting(read)[name].value >= LEAST.get(name, 0.95), wrong


@pytest.mark.parametrize(
    ("kind", "least"),
    [("key", 0.98), ("negation", 0.95), ("typo", 0.9), ("odd", 0.95), ("style", 0.95)],
)
def test_prompts_of_a_kind_are_read_whole(kind: str, least: float, read: Read) -> None:
    wrong = [case["text"] for case, prompt in read if not is_read_whole(case, prompt)]
    assert whole_by(read, "kind")[kind].value >= least, wrong


def test_right_words_are_left_alone(read: Read) -> None:
    assert changed_words(read).value <= 0.01


def test_every_word_that_means_something_is_told(read: Read) -> None:
    for case, prompt in read:
        told = {word for word, _ in prompt.reading.words()}
        assert set(case.get("states", {})) <= told
        for phrase in prompt.reading.phrases:
            assert prompt.reading.text[phrase.start : phrase.end] == phrase.text


def test_what_is_read_can_be_asked_for(read: Read) -> None:
    for _, prompt in read:
        prompt.request()
