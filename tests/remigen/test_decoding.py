"""Wrong words: named by their position, refused or dropped, and never moving what follows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.errors import RequestError
from composer.remigen import Song, WordError, decode, decode_leniently, encode
from tests.remigen.songs import songs

GOOD = "s-9 o-0 t-35 i-0 p-60 d-12 v-20 p-48 d-24 v-20 o-24 t-35 i-128 p-170 d-1 v-25 b-1 s-9 b-1"


def test_words_are_read() -> None:
    song = decode(GOOD)
    assert song.signatures == ((4, 4), (4, 4))
    assert [(n.onset_twelfths, n.program, n.pitch) for n in song.notes] == [
        (0, 0, 60), (0, 0, 48), (24, 128, 42),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("s-9 o-0 t-60", 3, "t-48 (256 bpm); 60 bpm is t-23"),
        ("s-9 o-0 t-120", 3, "120 bpm is t-35"),
        ("s-9 o-0 t-999", 3, "tempo words go from t-0 (16 bpm) to t-48 (256 bpm)"),
        ("s-9 o-0 t-35 i-0 p-300", 5, "pitch words go from p-0 to p-255"),
        ("s-9 o-0 t-35 i-0 p-60 v-20", 6, "a velocity stands behind a length"),
        ("s-9 o-0 t-35 i-0 p-60 d-12", 6, "has no velocity"),
        ("s-9 o-0 t-35 i-0 p-60 b-1", 6, "has no length and velocity"),
        ("s-9 o-0 t-35 i-0 d-12", 5, "a length stands behind a pitch"),
        ("s-9 o-0 t-35 p-60 d-12 v-20", 4, "has no onset and instrument before it"),
        ("s-9 i-0", 2, "has no onset before it"),
        ("s-9 o-0 i-128 p-42 d-1 v-1", 4, "pitches of i-128 go from p-128"),
        ("s-9 o-0 i-0 p-170 d-1 v-1", 4, "pitches of i-128 go from p-128"),
        ("s-8 o-36", 2, "a bar of 3/4 ends with o-35"),
        ("s-9 o-12 o-0", 3, "onsets rise"),
        ("o-0 t-35", 1, "a bar begins with its time signature"),
        ("s-9 b-1 b-1", 3, "has not begun"),
        ("s-9 b-2", 2, "only b-1 ends a bar"),
        ("s-9 s-9", 2, "has no b-1"),
        ("s-9 o-0 i-0 t-35", 4, "a tempo stands behind"),
        ("Once upon a time", 1, "is no REMIGEN word"),
    ],
)  # fmt: skip
def test_the_first_wrong_word_is_named(text: str, position: int, words: str) -> None:
    with pytest.raises(WordError) as found:
        decode(text)
    assert found.value.position == position
    assert words in str(found.value)
    assert str(found.value).startswith(f"word {position}, `")


def test_a_bar_without_end_is_taken_as_it_is() -> None:
    assert decode("s-9 o-0 t-23").signatures == ((4, 4),)


@pytest.mark.parametrize("text", ["", " \n", "Once upon a time"])
def test_a_text_without_words_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(RequestError, match="no REMIGEN words"):
        decode_leniently(text)


def test_a_text_that_is_far_too_long_is_refused() -> None:
    with pytest.raises(RequestError, match="longer than 8 MB"):
        decode("s-9 b-1 " * 1_250_000)


@given(songs(), st.data())
def test_words_that_mean_nothing_may_stand_anywhere(song: Song, data: st.DataObject) -> None:
    words = encode(song)
    for _ in range(data.draw(st.integers(1, 3))):
        words.insert(
            data.draw(st.integers(0, len(words))), data.draw(st.sampled_from(["?", "x-1"]))
        )
    found, problems = decode_leniently(words)
    assert found == song
    assert [problem.word for problem in problems] == [w for w in words if w in ("?", "x-1")]


@given(songs(), st.data())
def test_a_wrong_word_takes_its_own_notes_and_no_others(song: Song, data: st.DataObject) -> None:
    words = encode(song, data.draw(st.sampled_from(["REMIGEN", "REMIGEN2"])))
    place = data.draw(st.sampled_from([i for i, word in enumerate(words) if word[0] != "s"]))
    kind = words[place][0]
    found, problems = decode_leniently([*words[:place], f"{kind}-999", *words[place + 1 :]])
    assert [problem.position for problem in problems][0] == place + 1
    bar = words[: place + 1].count("b-1") - (words[place] == "b-1")
    lost = [note for note in song.notes if note not in found.notes]
    assert len(found.signatures) == len(song.signatures)
    assert set(found.notes) <= set(song.notes)
    assert {note.bar for note in lost} <= {bar}
    assert len({note.onset_twelfths for note in lost}) <= 1
    if kind in "tb":
        assert found.notes == song.notes
    if kind in "pdv":
        assert len(found.notes) == len(song.notes) - 1


@pytest.mark.parametrize("variant", ["REMIGEN", "REMIGEN2"])
def test_notes_whose_onset_cannot_be_read_do_not_move_to_the_one_before(variant: str) -> None:
    song = decode("s-9 o-0 t-35 i-0 p-60 d-12 v-20 o-24 t-35 i-0 p-62 d-1 v-25 b-1")
    words = ["?" if word == "o-24" else word for word in encode(song, variant)]
    assert [note.pitch for note in decode_leniently(words)[0].notes] == [60]


@given(songs(), st.data())
def test_a_bar_whose_time_signature_is_wrong_keeps_its_place(
    song: Song, data: st.DataObject
) -> None:
    words = encode(song)
    places = [i for i, word in enumerate(words) if word[0] == "s"]
    bar = data.draw(st.integers(0, len(places) - 1))
    words[places[bar]] = data.draw(st.sampled_from(["s-254", "?"]))
    found, problems = decode_leniently(words)
    assert problems
    assert len(found.signatures) == len(song.signatures)
    others = [note for note in song.notes if note.bar != bar]
    assert [note for note in found.notes if note.bar != bar] == others


SOME = [
    "s-9", "b-1", "o-0", "o-24", "t-35", "t-60", "i-0", "i-128", "p-60", "p-170", "d-12", "v-20",
    "?", "s-300",
]  # fmt: skip


@given(st.lists(st.sampled_from(SOME), max_size=40))
def test_any_words_give_a_song_or_a_sentence(words: list[str]) -> None:
    try:
        song, problems = decode_leniently(words)
    except RequestError:
        return
    clean = encode(song)
    assert decode(clean) == song
    if not problems:
        assert decode(words) == song
