"""Keys, numbers and what "not" reaches, by whole domains rather than by examples."""

from __future__ import annotations

import pytest

from composer.prompts import read_prompt, read_words
from composer.prompts.lexicon import lexicon
from composer.prompts.numbers import _SPELLERS, MOST
from composer.theory import KEYS, Key

GERMAN = {"": "", "#": "is", "b": "es"}
NOTES = {
    "fr": "do ré mi fa sol la si",
    "es": "do re mi fa sol la si",
    "it": "do re mi fa sol la si",
}
SIGNS = {"fr": (" dièse", " bémol"), "es": (" sostenido", " bemol"), "it": (" diesis", " bemolle")}
MODES = {
    "fr": ("majeur", "mineur"), "es": ("mayor", "menor"), "it": ("maggiore", "minore"),
}  # fmt: skip


def german(key: Key) -> str:
    letter, sign = key.tonic[0], key.tonic[1:]
    if key.tonic in ("B", "Bb"):
        tonic = {"B": "H", "Bb": "B"}[key.tonic]
    elif sign == "b" and letter in "EA":
        tonic = letter + "s"
    else:
        tonic = letter + GERMAN[sign]
    return f"{tonic}-Dur" if key.mode == "major" else f"{tonic.lower()}-Moll"


def romance(key: Key, language: str) -> str:
    note = NOTES[language].split()["CDEFGAB".index(key.tonic[0])]
    sign = {"": "", "#": SIGNS[language][0], "b": SIGNS[language][1]}[key.tonic[1:]]
    return f"{note}{sign} {MODES[language][key.mode == 'minor']}"


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_every_key_is_read_in_every_notation(key: Key) -> None:
    written = {
        f"a prelude in {key}": "en",
        f"prelude, {key.tonic.replace('b', ' flat').replace('#', ' sharp')} {key.mode}": "en",
        f"ein Präludium in {german(key)}": "de",
        f"un prélude en {romance(key, 'fr')}": "fr",
        f"un preludio en {romance(key, 'es')}": "es",
        f"un preludio in {romance(key, 'it')}": "it",
    }
    for text in written:
        assert read_words(text).settings["key"] == key, text


@pytest.mark.parametrize("language", sorted(_SPELLERS))
def test_every_number_of_bars_is_read_in_words(language: str) -> None:
    unit = {"en": "bars", "de": "Takte", "fr": "mesures", "es": "compases", "it": "battute"}
    for number in range(2, MOST + 1):
        text = f"{_SPELLERS[language](number)} {unit[language]}"
        assert read_words(text).settings.get("bars") == number, text


@pytest.mark.parametrize(
    ("text", "tempo", "mode"),
    [
        ("not slow, sad", (80, 160), "minor"),
        ("not slow and sad", (80, 160), "major"),
        ("not slow but sad", (80, 160), "minor"),
        ("slow, not sad", (48, 74), "major"),
    ],
)
def test_not_reaches_to_the_comma_and_over_an_and(
    text: str, tempo: tuple[int, int], mode: str
) -> None:
    reading = read_words(text)
    assert (reading.settings["tempo"], reading.settings["mode"]) == (tempo, mode)


def test_a_phrase_that_is_dropped_sets_nothing() -> None:
    reading = read_words("a slow waltz in G minor")
    start = next(one.start for one in reading.phrases if one.text == "G minor")
    rest = read_words("a slow waltz in G minor", dropped=[start])
    assert "key" not in rest.settings and rest.settings["form"] == "waltz"


def test_no_composer_of_the_menu_is_without_a_name() -> None:
    from composer.pipeline import menu

    named = {
        one.value
        for found in lexicon().content.values()
        for one in found
        if one.kind.startswith("composer")
    }
    assert {row.composer for row in menu()} <= named
    for row in menu():
        assert (
            read_prompt(f"{row.form} by {row.composer}", menu()).settings.get("composer")
            == row.composer
        )


def test_a_pair_that_is_on_no_menu_keeps_its_composer() -> None:
    from composer.pipeline import menu

    asked = read_prompt("a fugue by Schubert", menu())
    assert asked.settings == {"composer": "Schubert"}
    assert asked.reading.contradictions[0].setting == "form"


def test_bars_and_seconds_together_decide_the_tempo() -> None:
    asked = read_prompt("16 bars in 4/4, 32 seconds", ())
    assert asked.settings["tempo_bpm"] == 120.0


@pytest.mark.parametrize(
    ("text", "style", "mode"),
    [
        ("a romantic prelude", "Romantic", None),
        ("a romantic sonata by Scarlatti", None, None),
        ("a baroque and romantic prelude", "Baroque", None),
        ("a classical prelude by Bach", None, None),
        ("a Baroque prelude by Bach", "Baroque", None),
        ("no romantic prelude", None, None),
    ],
)
def test_a_word_that_may_mean_a_style_never_contradicts(
    text: str, style: str | None, mode: str | None
) -> None:
    reading = read_words(text)
    assert reading.settings.get("style") == style and not reading.contradictions


def test_a_style_and_a_composer_of_another_cannot_both_be() -> None:
    reading = read_words("a Renaissance prelude by Chopin")
    assert reading.settings["composer"] == "Chopin" and "style" not in reading.settings
    assert [one.setting for one in reading.contradictions] == ["style"]


def test_a_style_without_music_of_the_form_is_told() -> None:
    from composer.pipeline import menu

    asked = read_prompt("a Baroque waltz", menu())
    assert "style" not in asked.settings and asked.settings["form"] == "waltz"
    states = {word: phrase.state for word, phrase in asked.reading.words()}
    assert states["Baroque"] == "not available"


@pytest.mark.parametrize(
    ("text", "course"),
    [
        ("soft at first, then loud", "p<f"),
        ("erst laut und dann leise", "f>p"),
        ("plus fort vers la fin", "p<f"),
        ("più piano verso la fine", "f>p"),
        ("suave al final", "f>p"),
        ("soft, not loud", "p"),
    ],
)
def test_loudness_that_changes_is_a_course(text: str, course: str) -> None:
    assert read_words(text).settings["loudness"] == course


def test_german_compounds_are_parted_where_both_halves_mean_something() -> None:
    assert read_words("Barocksonate").settings == {"style": "Baroque", "form": "sonata"}
    assert read_words("Barockgarten").settings == {}
