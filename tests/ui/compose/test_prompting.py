"""The prompt line: words in, settings as the page's own fields take them, and every word told."""

from __future__ import annotations

from composer.pipeline import menu
from composer.ui.compose import prompting

TEXT = "a slow waltz by Chopin in G minor, 8 bars, with guitar & zork"


def test_what_is_said_reaches_the_fields_and_nothing_else_is_touched() -> None:
    found = prompting.values(prompting.read(TEXT, menu()))
    said = {name: found[name] for name in ("composer", "form", "key", "meter", "bars")}
    assert said == {
        "composer": "Chopin", "form": "waltz", "key": "G minor", "meter": "3/4", "bars": 8
    }  # fmt: skip
    assert 40 <= float(found["tempo_bpm"]) <= 80
    assert not prompting.LEFT_ALONE & found.keys()


def test_a_phrase_that_is_not_ticked_is_dropped_and_can_come_back() -> None:
    offered = prompting.phrases(prompting.read(TEXT, menu()))
    assert ("G minor: key G minor", str(TEXT.index("G minor"))) in [
        (label.removeprefix("in "), place) for label, place in offered
    ]
    left = [place for label, place in offered if "key" not in label]
    fewer = prompting.read(TEXT, menu(), left)
    assert "key" not in fewer.settings and fewer.settings["form"] == "waltz"
    everything = prompting.read(TEXT, menu(), [place for _, place in offered])
    assert everything.settings["key"] == "G minor"


def test_every_word_is_told_by_words_and_not_by_colour_alone() -> None:
    told = prompting.tell(prompting.read(TEXT, menu()))
    assert "guitar<small> not available</small>" in told
    assert "zork<small> not understood</small>" in told
    assert 'class="understood"' in told and "&amp;" in told


def test_what_cannot_both_be_is_told_and_markup_stays_text() -> None:
    told = prompting.tell(prompting.read("C major in minor <b>loud</b>", menu()))
    assert "cannot both be" in told and "<b>" not in told


def test_anything_may_arrive_from_the_browser() -> None:
    for odd in (None, 7, [], {"a": 1}, "x" * 100_000, "\x00"):
        prompting.tell(prompting.read(odd, menu(), odd))
        assert prompting.example_at(odd) in prompting.EXAMPLES
