from __future__ import annotations

from fractions import Fraction

from composer.piece import MeterChange, Piece
from composer.scoring.texture import SILENT, WINDOW_BARS, Texture, build_texture
from composer.theory import INSTRUMENTS, Key, Meter
from tests.conftest import part_of
from tests.scoring.lines import piece_of


def test_a_sixteenth_holds_what_sounds_when_it_begins() -> None:
    texture = build_texture(piece_of("C4:1/3 D4:1/3 E4:1/3 -:3"))
    assert texture.lines[0, :6].tolist() == [60, 60, 62, 64, SILENT, SILENT]


def test_the_line_of_a_hand_is_its_highest_note_and_of_the_lowest_hand_its_lowest() -> None:
    texture = build_texture(piece_of("C4+E4+G4", "C3+C2"))
    assert texture.lines[:, 0].tolist() == [67, 36]
    assert [melody.pitches.tolist() for melody in texture.melodies] == [[67], [36]]


def test_a_long_rest_ends_a_phrase_and_a_breath_does_not() -> None:
    melody = build_texture(piece_of("C4:1/2 -:1/2 D4 - E4")).melodies[0]
    assert melody.is_joined.tolist() == [True, False]


def test_windows_cover_all_bars_once() -> None:
    for n_bars in (1, 5, 16, 23, 40, 200):
        windows = list(build_texture(piece_of("C4:4 " * n_bars)).bar_windows())
        assert windows[0][0] == 0 and windows[-1][1] == n_bars
        assert all(end == first for (_, end), (first, _) in zip(windows, windows[1:], strict=False))
        assert n_bars < WINDOW_BARS or all(8 <= end - first <= 24 for first, end in windows)


def test_places_follow_a_change_of_meter() -> None:
    meters = (MeterChange(Fraction(0), Meter(3, 4)), MeterChange(Fraction(3), Meter(2, 4)))
    part = part_of(INSTRUMENTS["soprano"], "C4:3 D4:2 E4:2")
    texture = build_texture(Piece((part,), meters, Key("C", "major")))
    assert [texture.place(beats, (), "").bar for beats in (0, 2.5, 3, 5, 6.75)] == [1, 1, 2, 3, 3]
    assert texture.place(1 / 3, (), "").onset_beats == Fraction(1, 3)


def test_a_note_beyond_the_last_bar_is_no_harm() -> None:
    part = part_of(INSTRUMENTS["soprano"], "C4:4 D4:6")
    piece = Piece((part,), (MeterChange(Fraction(0), Meter(4, 4)),), Key("C", "major"), n_bars=2)
    assert build_texture(piece).n_steps == 40


def test_what_several_rules_need_is_found_once() -> None:
    texture, asked = build_texture(piece_of("C4")), []

    def find(given: Texture) -> int:
        asked.append(given)
        return 7

    assert [texture.once(find), texture.once(find)] == [7, 7]
    assert len(asked) == 1


def test_bar_lines_weigh_more_than_pulses_and_pulses_more_than_the_rest() -> None:
    meters = (MeterChange(Fraction(0), Meter(6, 8)), MeterChange(Fraction(3), Meter(1, 4)))
    part = part_of(INSTRUMENTS["soprano"], "C4:4")
    texture = build_texture(Piece((part,), meters, Key("C", "major")))
    assert texture.pulses.tolist() == [0, 1.5, 3]
    assert texture.weights.tolist() == [2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0]


def test_pitch_classes_that_sound_are_bits() -> None:
    texture = build_texture(piece_of("C4 D4", "C3 -"))
    assert texture.pitch_class_sets[[0, 4]].tolist() == [1 << 0, 1 << 2]
    assert (texture.parts_at(0), texture.parts_at(4)) == ((0, 1), (0,))


def test_a_place_in_an_upbeat_is_in_bar_0() -> None:
    texture = build_texture(piece_of("-:3 C4 | D4:4 | E4:4"))
    assert [texture.place(beats, (), "").bar for beats in (3, 4, 9, 40)] == [0, 1, 2, 2]
    rest = build_texture(piece_of("-:1/2 C4:7/2 | D4:4"))  # no upbeat: a rest on the beat
    assert [rest.place(beats, (), "").bar for beats in (0.5, 4)] == [1, 2]
