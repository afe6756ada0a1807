from __future__ import annotations

import re
import struct
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from composer.errors import MissingTool
from composer.piece import MeterChange, Note, Part, Piece
from composer.rendering import interpret, sheet
from composer.rendering.sheet import A4, NARROW, WIDE, engraving, words
from composer.theory import INSTRUMENTS, Key, Meter

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '<script>alert(1)</script> & "quoted" \x00\u202e'
# The noteheads of verovio's music font: whole, half, black.
NOTEHEADS = ("#E0A2-", "#E0A3-", "#E0A4-")


def long_piece(n_bars: int, notes_a_bar: int = 4) -> Piece:
    length = Fraction(4, notes_a_bar)
    notes = tuple(Note(length * i, 60 + i % 12, length) for i in range(n_bars * notes_a_bar))
    meters = (MeterChange(Fraction(0), Meter(4, 4)),)
    return Piece((Part(INSTRUMENTS["piano"], notes),), meters, Key("C", "major"))


def noteheads(page: str) -> int:
    root = ElementTree.fromstring(page)
    return sum(use.get("href", "").startswith(NOTEHEADS) for use in root.iter(f"{SVG}use"))


def texts(page: str) -> list[str]:
    root = ElementTree.fromstring(page)
    return [" ".join("".join(text.itertext()).split()) for text in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("layout", [A4, WIDE, NARROW])
def test_every_note_has_a_head_in_every_layout(chorale: Piece, layout: sheet.Layout) -> None:
    pages = sheet.sheet_pages(chorale, layout=layout)
    assert sum(map(noteheads, pages)) == chorale.n_notes


def test_triplets_chords_and_rests_are_engraved(keyboard_piece: Piece) -> None:
    (page,) = sheet.sheet_pages(keyboard_piece)
    assert noteheads(page) == keyboard_piece.n_notes
    assert page.count('class="tuplet"') == 2


def test_an_empty_piece_is_a_page_of_rests(empty_piece: Piece) -> None:
    (page,) = sheet.sheet_pages(empty_piece)
    assert noteheads(page) == 0
    assert "#E4E3-" in page  # a whole rest


def test_the_same_piece_gives_the_same_pages(chorale: Piece) -> None:
    assert sheet.sheet_pages(chorale) == sheet.sheet_pages(chorale)


def test_paper_has_the_title_and_screens_have_none(chorale: Piece) -> None:
    assert chorale.title in texts(sheet.sheet_pages(chorale)[0])
    assert chorale.title not in texts(sheet.sheet_pages(chorale, layout=WIDE)[0])


def test_paper_says_who_made_the_piece(chorale: Piece) -> None:
    credit = "in the style of Bach · Composer, seed 7"
    own, made = replace(chorale, composer="A. Nobody"), replace(chorale, credit=credit)
    assert "A. Nobody" in texts(sheet.sheet_pages(own)[0])
    assert credit in texts(sheet.sheet_pages(made)[0])
    assert credit not in texts(sheet.sheet_pages(made, layout=WIDE)[0])


def test_a_title_that_is_too_long_ends_in_an_ellipsis_within_the_page(chorale: Piece) -> None:
    long = "Fantasia on a theme that was heard in the street, with twelve variations and a fugue"
    (page,) = sheet.sheet_pages(replace(chorale, title=long))
    shown = "Fantasia on a theme that was heard in the street, with…"
    assert shown in texts(page)


def test_a_tempo_mark_keeps_clear_of_the_time_signature(chorale: Piece) -> None:
    """They touched on every sheet: the foot of the note hung half a space above the staff."""
    (page,) = sheet.sheet_pages(chorale)
    mark = re.search(r'class="tempo"><path transform="translate\(\d+, (\d+)\)', page)
    lines = re.findall(
        r'class="staff"><path d="M\d+ (\d+) L\d+ \d+"[^>]*/><path d="M\d+ (\d+)', page
    )
    assert mark
    top, second = map(int, lines[0])
    assert top - int(mark[1]) >= 1.75 * (second - top)


def test_a_foreign_title_is_shown_as_text(chorale: Piece) -> None:
    (page,) = sheet.sheet_pages(replace(chorale, title=HOSTILE, composer=HOSTILE))
    assert "<script" not in page
    assert any("<script>alert(1)</script>" in text for text in texts(page))


@pytest.mark.parametrize("layout", [A4, WIDE])
def test_a_page_needs_no_music_font_and_nothing_from_elsewhere(
    chorale: Piece, layout: sheet.Layout
) -> None:
    (page,) = sheet.sheet_pages(chorale, layout=layout)
    assert not any(0xE000 <= ord(letter) <= 0xF8FF for letter in page)
    assert "url(" not in page
    assert "@font-face" not in page
    links = [value for e in ElementTree.fromstring(page).iter() for k, value in e.items()]
    assert not any("http" in value for value in links)


def test_the_note_of_a_tempo_becomes_an_outline_before_its_number(chorale: Piece) -> None:
    (page,) = sheet.sheet_pages(chorale)
    assert "= 90" in texts(page)
    assert 'stroke="none" d="' in page


def test_a_sign_stands_where_its_own_words_begin() -> None:
    empty = '<text x="7" y="7" font-size="0px"/>'
    sign = '<tspan font-family="Leipzig" font-size="720px">\ueca5</tspan>'
    drawn = words.draw_signs(f'{empty}<text x="100" y="50" font-size="0px">{sign} = 90</text>')
    assert drawn.startswith(empty + '<path transform="translate(100, -160) scale(0.72, -0.72)"')
    assert '<text x="346.24' in drawn


def test_signs_within_words_are_left_out() -> None:
    text = '<text x="1" y="2" font-size="0px"><tspan>swing</tspan>{}</text>'
    sign = '<tspan font-family="Leipzig" font-size="720px">\ueca5</tspan>'
    drawn = words.draw_signs(text.format(sign))
    assert "swing" in drawn
    assert "\ueca5" not in drawn


def test_a_screen_page_ends_below_its_last_system(chorale: Piece) -> None:
    def height(layout: sheet.Layout) -> float:
        page = ElementTree.fromstring(sheet.sheet_pages(chorale, layout=layout)[0])
        width, height = map(float, page.get("viewBox", "").split()[2:])
        return height / width

    assert height(A4) == pytest.approx(297 / 210, rel=0.01)
    assert height(WIDE) < height(A4)


def test_the_opening_of_a_long_piece_is_cut_at_a_bar_line() -> None:
    opening = sheet.engrave_opening(long_piece(300))
    assert (opening.n_bars, opening.is_whole) == (100, False)
    assert sum(map(noteheads, opening.pages)) == 400


def test_a_short_piece_is_whole(chorale: Piece) -> None:
    assert sheet.engrave_opening(chorale) == sheet.Sheet(
        sheet.sheet_pages(interpret(chorale), layout=WIDE), chorale.n_bars
    )


def test_dense_bars_make_the_opening_shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("composer.rendering.sheet.opening.MAX_NOTES_HERE", 50)
    assert sheet.engrave_opening(long_piece(40, notes_a_bar=16)).n_bars == 3


def test_notes_that_sound_over_the_cut_end_there() -> None:
    notes = (Note(Fraction(2), 60, Fraction(8)),)
    meters = (MeterChange(Fraction(0), Meter(4, 4)), MeterChange(Fraction(4), Meter(2, 4)))
    piece = Piece((Part(INSTRUMENTS["organ"], notes),), meters, Key("C", "major"))
    cut = sheet.first_bars(piece, 2)
    assert [note.end_beats for note in cut.parts[0].notes] == [6]
    assert (cut.n_bars, cut.length_beats) == (2, 6)


def test_any_thread_can_engrave(chorale: Piece) -> None:
    here = sheet.sheet_pages(chorale)
    for _ in range(2):
        with ThreadPoolExecutor(max_workers=1) as thread:
            assert thread.submit(sheet.sheet_pages, chorale).result() == here


def test_a_long_piece_is_engraved_elsewhere_and_looks_alike(
    chorale: Piece, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = sheet.sheet_pages(chorale)
    monkeypatch.setattr(engraving, "MAX_NOTES_HERE", 0)
    assert sheet.sheet_pages(chorale) == here


def test_a_pdf_holds_all_pages() -> None:
    pages = sheet.sheet_pages(long_piece(120))
    pdf = sheet.pages_to_pdf(pages, title=HOSTILE)
    assert len(pages) > 1
    assert pdf.startswith(b"%PDF-")
    assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type/Page/") == len(pages)


def test_a_pdf_brings_the_font_of_its_words(chorale: Piece) -> None:
    assert b"LibertinusSerif" in sheet.sheet_pdf(chorale)


def test_a_picture_is_as_wide_as_its_paper(chorale: Piece) -> None:
    (png,) = sheet.sheet_png(chorale, dpi=100)
    assert png.startswith(b"\x89PNG")
    assert struct.unpack(">II", png[16:24]) == (827, 1169)


@pytest.mark.parametrize(("library", "make"), [("verovio", "sheet_pages"), ("typst", "sheet_pdf")])
def test_a_missing_library_is_named(
    library: str, make: str, chorale: Piece, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, library, None)
    with pytest.raises(MissingTool, match=f"pip install {library}"):
        getattr(sheet, make)(chorale)


def test_nothing_is_printed_by_verovio(chorale: Piece, capfd: pytest.CaptureFixture[str]) -> None:
    sheet.sheet_pages(chorale)
    assert capfd.readouterr() == ("", "")


def test_verovio_has_nothing_to_warn_of(
    chorale: Piece, keyboard_piece: Piece, capfd: pytest.CaptureFixture[Any], tmp_path: Path
) -> None:
    import verovio

    from composer.rendering.musicxml import musicxml_bytes

    for piece in (chorale, keyboard_piece):
        verovio.enableLog(verovio.LOG_WARNING)
        toolkit = verovio.toolkit()
        assert toolkit.loadData(musicxml_bytes(piece).decode())
        toolkit.renderToSVG(1)
        assert toolkit.getLog() == ""
    assert capfd.readouterr() == ("", "")
