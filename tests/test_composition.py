"""Compositions: ranked, named, and made again from their JSON."""

from __future__ import annotations

import io
import json
import math
import re
from dataclasses import replace
from fractions import Fraction
from typing import Any

import mido
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from composer.composition import (
    Composition,
    Outcome,
    Ranked,
    Rejected,
    compare_with_request,
    entitled,
    replay,
)
from composer.corpus import read_musicxml_bytes
from composer.errors import ComposerError, RequestError
from composer.piece import MeterChange, Part, Piece
from composer.rendering import midi_bytes
from composer.rendering.musicxml import musicxml_bytes
from composer.request import Request
from composer.scorecard import Place, Score, Scorecard
from composer.theory import KEYS, Meter, parse_key
from composer.version import VERSION
from tests.strategies import loose_pieces, pieces

NAN = math.nan
NO_CARD = Scorecard("", (), 0.0)


def card_of(total: float) -> Scorecard:
    """Return a scorecard with a value that could not be measured."""
    score = Score("leaps", "melody", NAN, "share", NAN, NAN, 0.0, 1.0)
    return Scorecard("chorale", (score,), total, ("it is short",))


def composition_of(*pieces_: Piece, totals: tuple[float, ...] = ()) -> Composition:
    found = [
        Ranked(0, index, piece, card_of(total), 2.5)
        for index, (piece, total) in enumerate(
            zip(pieces_, totals or (50.0,) * len(pieces_), strict=True)
        )
    ]
    return Composition.of(
        Request(bars=8, key="G major", seed=7),
        found,
        rejected=(Rejected(9, "it did not come to an end"),),
        elapsed_s=1.5,
        stopped=False,
        versions={"composer": "0"},
    )


def test_the_best_total_is_first_then_the_likelier_then_the_earlier(chorale: Piece) -> None:
    facts = ((50.0, 2.0), (80.0, 3.0), (80.0, 2.0), (80.0, 2.0))
    found = [Ranked(0, i, chorale, card_of(t), n) for i, (t, n) in enumerate(facts)]
    ranked = Composition.of(
        Request(), found, rejected=(), elapsed_s=0.0, stopped=False, versions={}
    ).ranked
    assert [(one.rank, one.index) for one in ranked] == [(1, 2), (2, 3), (3, 1), (4, 0)]


def ranked_of(request: Request, *pieces_: tuple[Piece, float]) -> tuple[Ranked, ...]:
    found = [Ranked(0, i, p, card_of(total), 2.0) for i, (p, total) in enumerate(pieces_)]
    facts: dict[str, Any] = {"rejected": (), "elapsed_s": 0.0, "stopped": False, "versions": {}}
    return Composition.of(request, found, **facts).ranked


def test_a_candidate_that_misses_a_setting_stands_behind_those_that_keep_all(
    chorale: Piece, keyboard_piece: Piece
) -> None:
    asked = Request(key="G major", meter="4/4", bars=8, parts=4)
    unclosed = replace(chorale, parts=(*chorale.parts[:-1], _up_a_tone(chorale.parts[-1])))
    ranked = ranked_of(asked, (keyboard_piece, 90.0), (unclosed, 80.0), (chorale, 10.0))
    assert [one.index for one in ranked] == [2, 1, 0]
    assert [one.n_missed for one in ranked] == [0, 1, 5]


def _up_a_tone(part: Part) -> Part:
    last = part.notes[-1]
    return replace(part, notes=(*part.notes[:-1], replace(last, pitch=last.pitch + 2)))


def test_every_setting_stands_beside_what_came_of_it(chorale: Piece) -> None:
    asked = Request(key="D minor", meter="3/4", bars=7, parts=3)
    found = {
        setting.name: (setting.asked, setting.got, setting.is_kept)
        for setting in compare_with_request(asked, chorale, NO_CARD)
    }
    assert found == {
        "key": ("D minor", "G major", False),
        "mode": ("minor", "major", False),
        "meter": ("3/4", "4/4", False),
        "bars": ("7", "8", False),
        "parts": ("3", "4", False),
        "close": ("on D", "on G3", False),
    }
    kept = Request(key="G major", meter="4/4", bars=8, parts=4)
    assert all(setting.is_kept for setting in compare_with_request(kept, chorale, NO_CARD))


def test_what_nobody_asked_is_not_compared_but_the_length_and_the_close(
    keyboard_piece: Piece, empty_piece: Piece
) -> None:
    names = [setting.name for setting in compare_with_request(Request(), keyboard_piece, NO_CARD)]
    assert names == ["bars", "close"]
    silence = compare_with_request(Request(key="C major", bars=1), empty_piece, NO_CARD)
    assert (silence[-1].got, silence[-1].is_kept) == ("silence", False)


def test_a_meter_that_changes_is_not_the_one_that_was_asked_for(chorale: Piece) -> None:
    change = MeterChange(chorale.bars[4].onset_beats, Meter(2, 4))
    changed = replace(chorale, meters=(*chorale.meters, change))
    (setting,) = (
        w for w in compare_with_request(Request(meter="4/4"), changed, NO_CARD) if w.name == "meter"
    )
    assert (setting.got, setting.is_kept) == ("4/4, 2/4", False)


@pytest.mark.parametrize(("high", "value", "kept"), [(0.0, 0.5, [False]), (0.0, 0.0, [True])])
def test_no_parallels_are_a_setting_where_real_pieces_have_none(
    chorale: Piece, high: float, value: float, kept: list[bool]
) -> None:
    place = Place(1, Fraction(0), (0, 1), "C5/F4 to D5/G4")
    places = (place,) * bool(value)

    def parallels(request: Request, top: float) -> list[Outcome]:
        fifths = Score("parallel_fifths", "", value, "", 0.0, top, 0.0, 1.0, places)
        found = compare_with_request(request, chorale, Scorecard("chorale/4", (fifths,), 50.0))
        return [setting for setting in found if setting.name == "parallels"]

    assert [setting.is_kept for setting in parallels(Request(), high)] == kept
    assert [setting.got for setting in parallels(Request(), high)] == [
        "fifths: 1" if value else "none"
    ]
    assert parallels(Request(part_writing=0.0), high) == []
    assert parallels(Request(), 0.4) == []


@pytest.mark.parametrize("semitones", range(-6, 6))
def test_a_key_is_kept_in_any_spelling(chorale: Piece, semitones: int) -> None:
    tonic = (chorale.key.tonic_pitch_class + semitones) % 12
    for key in KEYS:
        if (key.tonic_pitch_class, key.mode) == (tonic, "major"):
            piece = replace(chorale.transposed(semitones), key=key)
            key_setting = compare_with_request(Request(key=key), piece, NO_CARD)[0]
            assert (key_setting.got, key_setting.is_kept) == (str(key), True)


def test_the_piece_and_scorecard_of_a_composition_are_those_of_the_best(
    chorale: Piece, keyboard_piece: Piece
) -> None:
    found = composition_of(keyboard_piece, chorale, totals=(10.0, 90.0))
    assert (found.piece, found.scorecard.total) == (chorale, 90.0)


@settings(max_examples=50)
@given(pieces())
def test_a_composition_is_made_again_from_its_json_note_for_note(piece: Piece) -> None:
    made = composition_of(piece)
    assert replay(made.to_json()) == made.piece == entitled(piece, made.request.seed)


@settings(max_examples=25)
@given(loose_pieces())
def test_a_piece_off_the_grid_is_made_again_to_the_tick(piece: Piece) -> None:
    made = composition_of(piece)
    assert replay(made.to_json()) == made.piece == entitled(piece, made.request.seed)


def test_every_rank_can_be_made_again_at_its_tempo(chorale: Piece, keyboard_piece: Piece) -> None:
    slow = replace(keyboard_piece, tempo_bpm=41.5)
    text = composition_of(chorale, slow, totals=(2.0, 1.0)).to_json()
    assert replay(text, 2).parts[0].notes == slow.parts[0].notes
    assert replay(text, 2).tempo_bpm == 41.5


@pytest.mark.parametrize("rank", [0, 3, -1])
def test_a_rank_that_is_not_there_is_refused(
    chorale: Piece, keyboard_piece: Piece, rank: int
) -> None:
    with pytest.raises(RequestError, match=f"`rank` must be 1 to 2, got {rank}"):
        replay(composition_of(chorale, keyboard_piece).to_json(), rank)


def test_the_json_has_no_number_that_json_does_not_know(chorale: Piece) -> None:
    text = composition_of(chorale).to_json()
    document = json.loads(text, parse_constant=lambda name: pytest.fail(name))
    assert document["candidates"][0]["scorecard"]["scores"][0]["value"] is None
    assert document["request"]["key"] == "G major"
    reason = "it did not come to an end"
    assert document["rejected"] == [{"index": 9, "reason": reason, "given_up_after_bar": None}]


HOSTILE_TEXTS = ["", "null", "[]", "7", '"text"', "{}", "{", "NaN", "[" * 100_000, "\x00", "é" * 9]


@pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=lambda text: text[:6] or "nothing")
def test_a_text_that_is_no_composition_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(RequestError) as caught:
        replay(text)
    assert len(str(caught.value)) < 100


HOSTILE_CHANGES: list[dict[str, Any]] = [
    {"format": 3},
    {"format": ["x" * 1000]},
    {"candidates": {}},
    {"candidates": "all"},
    {"candidates": [7]},
    {"piece": None},
    {"piece": {"parts": "many"}},
    {"piece": {"parts": [3]}},
    {"piece": []},
]


@pytest.mark.parametrize("change", HOSTILE_CHANGES, ids=str)
def test_a_damaged_composition_is_refused_in_one_sentence(
    chorale: Piece, change: dict[str, Any]
) -> None:
    document = json.loads(composition_of(chorale).to_json())
    for name, value in change.items():
        (document if name in document else document["candidates"][0])[name] = value
    with pytest.raises(RequestError) as caught:
        replay(json.dumps(document))
    assert len(str(caught.value)) < 150


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(change=json_values, name=st.sampled_from(["piece", "record", "total"]))
def test_any_value_gives_a_piece_or_a_sentence(chorale: Piece, change: Any, name: str) -> None:
    document = json.loads(composition_of(chorale).to_json())
    document["candidates"][0][name] = change
    try:
        assert isinstance(replay(json.dumps(document)), Piece)
    except ComposerError as error:
        assert isinstance(error, RequestError)


@given(st.text(min_size=0, max_size=100), st.text(max_size=100))
def test_a_file_name_is_safe_whatever_the_names_are(
    chorale: Piece, composer: str, form: str
) -> None:
    piece = replace(chorale, composer=composer, form=form)
    stem = composition_of(piece).file_stem()
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", stem)
    assert len(stem) < 200


@pytest.mark.parametrize(
    ("composer", "form", "stem"),
    [
        ("Bach", "chorale", "bach-chorale-g-major-8-bars-seed7-no1"),
        ("Dvořák", "string quartet", "dvorak-string-quartet-g-major-8-bars-seed7-no1"),
        ("../../etc/passwd", "", "etc-passwd-g-major-8-bars-seed7-no1"),
        ("Чайковский", "...", "g-major-8-bars-seed7-no1"),
        ("CON\x00\n", "a" * 99, f"con-{'a' * 60}-g-major-8-bars-seed7-no1"),
    ],
)
def test_a_file_name_says_what_is_inside(
    chorale: Piece, composer: str, form: str, stem: str
) -> None:
    piece = replace(chorale, composer=composer, form=form)
    assert composition_of(piece).file_stem() == stem


def test_every_key_has_a_file_name_of_its_own(chorale: Piece) -> None:
    stems = {composition_of(replace(chorale, key=key)).file_stem() for key in KEYS}
    assert len(stems) == len(KEYS)


@pytest.mark.parametrize(
    ("piece_key", "composer", "form", "title", "credit"),
    [
        ("Eb major", "Chopin", "nocturne", "Nocturne in E-flat major", "in the style of Chopin · "),
        ("F# minor", "", "", "Piece in F-sharp minor", ""),
    ],
)
def test_a_composed_piece_has_a_title_and_no_composer_but_a_credit(
    piece_key: str, composer: str, form: str, title: str, credit: str, chorale: Piece
) -> None:
    names = {"title": "", "composer": composer, "form": form}
    piece = entitled(replace(chorale, key=parse_key(piece_key), **names), 7)  # type: ignore[arg-type]
    assert (piece.title, piece.credit) == (title, f"{credit}Composer {VERSION}, seed 7")
    assert entitled(replace(chorale, title="Mine"), 7).credit == ""
    written = musicxml_bytes(piece).decode()
    assert f">{title}<" in written and piece.credit in written
    assert not composer or f">{composer}<" not in written
    back = read_musicxml_bytes(written.encode())
    assert back.title == title and (not composer or not back.composer)
    texts = {
        message.type: getattr(message, "name", "") or getattr(message, "text", "")
        for message in mido.MidiFile(file=io.BytesIO(midi_bytes(piece)), charset="utf-8").tracks[0]
    }
    assert (texts["track_name"], texts["text"]) == (piece.title, piece.credit)
