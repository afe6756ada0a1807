"""What was learned of words: read from arrays, asked only of what no lexicon has, and modest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from composer.prompts import read_words
from composer.prompts.guessing import Guesser, grams_of, load_guesser, save_guesser
from composer.prompts.lexicon import lexicon

WORDS = Path(__file__).parents[2] / "composer" / "prompts" / "words" / "guesses.npz"
MOST_BYTES = 2_000_000


def guesser_of(known: str) -> Guesser:
    """Return one that hears a minor mode in the grams of a word, and nothing else."""
    grams = {gram: n for n, gram in enumerate(dict.fromkeys(grams_of(known)))}
    rows = np.zeros((3, len(grams)), np.float16)
    rows[1] = 9.0
    classes = (("mode", "major"), ("mode", "minor"), ("tempo", "open"))
    return Guesser(grams, np.ones(len(grams), np.float16), rows, np.zeros(3, np.float32), classes)


def test_a_word_like_a_known_one_is_guessed_and_others_are_not() -> None:
    guesser = guesser_of("melancholic")
    assert guesser.guess("melancholical") == {"mode": "minor"}
    assert guesser.guess("refrigerator") == {} and guesser.guess("mel") == {}


def test_a_class_that_is_as_likely_without_the_word_is_not_guessed() -> None:
    guesser = guesser_of("melancholic")
    usual = Guesser(
        guesser.grams,
        guesser.idf,
        guesser.weights * np.float16(0.1),
        np.array([0, 9, 0], np.float32),
        guesser.classes,
    )
    assert usual.guess("melancholic") == {}


def test_what_is_written_is_read_again_without_pickle(tmp_path: Path) -> None:
    guesser = guesser_of("mélancolique")
    save_guesser(guesser, tmp_path / "guesses.npz")
    again = load_guesser(tmp_path / "guesses.npz")
    assert again.grams == guesser.grams and again.classes == guesser.classes
    assert np.array_equal(again.weights, guesser.weights)


def test_what_is_bundled_is_small_and_has_all_settings() -> None:
    assert WORDS.stat().st_size < MOST_BYTES
    bundled = load_guesser(WORDS)
    assert {"mode", "tempo", "density"} <= {name for name, _ in bundled.classes}
    assert np.isfinite(bundled.weights).all()


@pytest.mark.parametrize(
    ("word", "told"), [("chromatisk", {"chromaticity": "high"}), ("computer", {})]
)
def test_words_of_languages_without_a_lexicon_are_guessed(word: str, told: dict[str, str]) -> None:
    assert word not in lexicon().known
    assert load_guesser(WORDS).guess(word) == told


def test_a_guess_never_stands_against_what_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    told = (("mode", "minor"), ("tempo", "slow"), ("density", "high"))
    monkeypatch.setattr("composer.prompts.grammar.guess_word", lambda word: told)
    reading = read_words("a fast prelude in major, blorbish")
    assert not reading.contradictions
    assert reading.settings["mode"] == "major" and reading.settings["tempo"] == (120, 168)
    assert reading.settings["density"] == "not low"
    (phrase,) = [one for one in reading.phrases if one.text == "blorbish"]
    assert phrase.state == "guessed" and phrase.settings == {"density": "not low"}


def test_a_guess_that_is_not_wanted_sets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("composer.prompts.grammar.guess_word", lambda word: (("mode", "minor"),))
    assert "mode" not in read_words("a prelude, not blorbish").settings


def test_words_that_the_lexicon_has_and_names_are_not_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def note(word: str) -> tuple[tuple[str, str], ...]:
        asked.append(word)
        return ()

    monkeypatch.setattr("composer.prompts.grammar.guess_word", note)
    read_words("a slow prelude for the table in Berlin, blorbish")
    assert asked == ["blorbish"]
