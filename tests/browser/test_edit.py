"""The Edit page in a real browser: mark and rewrite, paint and undo, harmonise a melody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from composer.corpus import read_midi
from composer.piece import Piece
from composer.rendering import write_midi
from tests.browser.conftest import Tab
from tests.serving import FAKE_APP, serve

pytestmark = [pytest.mark.browser, pytest.mark.slow]
OpenTab = Callable[..., Tab]
VIEW = "document.querySelector('#edit-score .score-view').view"
PITCHES = f"JSON.stringify({VIEW}.score.notes.map((notes) => notes.map((note) => note.pitch)))"
N_NOTES = f"{VIEW}.score.notes.flat().length"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve(*FAKE_APP, STEP_S="0.05") as url:
        yield url


@pytest.fixture
def open_edit(address: str, open_tab: OpenTab, tmp_path: Path) -> Callable[..., Tab]:
    def open_(piece: Piece, width_px: int = 1280) -> Tab:
        tab = open_tab(f"{address}/#edit", width_px, "#edit-upload")
        file = write_midi(piece, tmp_path / "mine.mid")
        tab.page.set_input_files("#edit-upload input[type=file]", file)
        tab.page.wait_for_selector("#edit-score .sv-chip")
        tab.page.wait_for_selector("#edit-sheet img")
        return tab

    return open_


def at(tab: Tab, beats: float, pitch: int | None = None) -> tuple[float, float]:
    """Return where on the screen a time and a pitch of the roll lie; the ruler without a pitch."""
    stage = tab.page.locator("#edit-score .sv-stage")
    stage.scroll_into_view_if_needed()
    frame = stage.bounding_box()
    assert frame
    x = tab.page.evaluate(f"{VIEW}.roll.xOf({beats})")
    y = 8 if pitch is None else tab.page.evaluate(f"{VIEW}.roll.yOf({pitch} - 0.5)")
    return frame["x"] + x + 2, frame["y"] + y


def mark(tab: Tab, first_beat: float, last_beat: float) -> None:
    """Drag along the ruler."""
    tab.page.mouse.move(*at(tab, first_beat))
    tab.page.mouse.down()
    tab.page.mouse.move(*at(tab, last_beat), steps=4)
    tab.page.mouse.up()
    wait_until_stored(tab)


def wait_until_stored(tab: Tab) -> None:
    """Wait until the server can know what is marked: it is stored a moment after a change."""
    tab.page.wait_for_timeout(300)


def run(tab: Tab, name: str, candidates: int = 3) -> None:
    """Let something be written and wait until the best candidate is on show."""
    tab.page.fill("#edit-candidates input", str(candidates))
    tab.page.click(f"#edit-{name}")
    tab.page.wait_for_selector("#edit-ranking tr[data-rank='1'][aria-selected='true']")
    tab.page.wait_for_selector("#edit-heading :text('not kept yet')")


def keep(tab: Tab) -> None:
    tab.page.click("#edit-keep")
    tab.page.wait_for_selector("#edit-heading p:not(:has-text('not kept yet'))")


def wait_for_pitches(tab: Tab, pitches: str) -> None:
    tab.page.wait_for_function(f"pitches => {PITCHES} === pitches", arg=pitches)


def test_marked_bars_of_marked_parts_are_rewritten_picked_and_kept(
    open_edit: Callable[..., Tab], chorale: Piece, tmp_path: Path
) -> None:
    tab = open_edit(chorale)
    mark(tab, 9, 13)
    tab.page.uncheck("[aria-label='soprano is part of the selection']")
    wait_until_stored(tab)
    run(tab, "infill")
    assert "bars 3 to 4 of alto, tenor and bass rewritten" in tab.page.inner_text("#edit-heading")
    assert tab.page.inner_text("#edit-score .sv-selected b") == "bars 3–4"
    best = tab.page.evaluate(PITCHES)
    tab.page.click("#edit-ranking tr[data-rank='2']")
    tab.page.wait_for_function(f"best => {PITCHES} !== best", arg=best)
    keep(tab)
    with tab.page.expect_download() as download:
        tab.page.click("#edit-mid")
    target = tmp_path / download.value.suggested_filename
    download.value.save_as(target)
    kept = read_midi(target)
    # The file is played with dynamics; what was given stays in pitch and time.
    written, given = (
        [[(n.onset_beats, n.pitch, n.duration_beats) for n in part.notes] for part in piece.parts]
        for piece in (kept, chorale)
    )
    assert written[0] == given[0] and written[1] != given[1]
    assert tab.outside == []


def test_painted_notes_are_kept_with_a_result_and_undone_step_by_step(
    open_edit: Callable[..., Tab], chorale: Piece
) -> None:
    tab = open_edit(chorale)
    given = tab.page.evaluate(PITCHES)
    sheet = tab.page.get_attribute("#edit-sheet img", "src")
    assert not tab.page.is_visible("#edit-score .sv-erase")
    tab.page.click("#edit-score .sv-paint")
    tab.page.mouse.click(*at(tab, 2, 74))
    assert tab.page.evaluate(N_NOTES) == chorale.n_notes + 1
    painted = tab.page.evaluate(PITCHES)
    # It is judged and engraved at once, before anything is kept.
    tab.page.wait_for_selector("#edit-heading:has-text('then painted')")
    tab.page.wait_for_function(
        "src => document.querySelector('#edit-sheet img').src !== src", arg=sheet
    )
    tab.page.click("#edit-score .sv-paint")
    mark(tab, 17, 21)
    tab.page.get_by_role("tab", name="Vary").click()
    run(tab, "vary")
    written = tab.page.evaluate(PITCHES)
    keep(tab)
    tab.page.click("#edit-undo")
    tab.page.wait_for_selector("#edit-heading:has-text('not kept yet')")
    for expected in (painted, given):
        tab.page.click("#edit-undo")
        wait_for_pitches(tab, expected)
    tab.page.wait_for_selector("#edit-undo:disabled")
    for expected in (painted, written):
        tab.page.click("#edit-redo")
        wait_for_pitches(tab, expected)


def test_a_note_is_edited_by_the_keys_alone_and_remade(
    open_edit: Callable[..., Tab], chorale: Piece
) -> None:
    tab = open_edit(chorale)
    note = "(({onset, pitch, length, spelling}) => [onset, pitch, length, spelling])"
    first = f"{note}({VIEW}.score.notes[0][0])"
    tab.page.focus("#edit-score .sv-paint")
    tab.page.keyboard.press("Enter")
    tab.page.focus("#edit-score .sv-scroll")
    pitch = chorale.parts[0].notes[0].pitch
    for _ in range(abs(pitch - 60)):
        tab.page.keyboard.press("ArrowUp" if pitch > 60 else "ArrowDown")
    for key in ("Alt+ArrowUp", "]", "r"):
        tab.page.keyboard.press(key)
    onset, moved, length, spelling = tab.page.evaluate(first)
    assert (onset, moved, length) == (0, pitch + 1, 1.5) and spelling
    assert "written as" in tab.page.inner_text("#edit-score .sv-said")
    velocity = f"{VIEW}.score.notes[0][0].velocity"
    before = tab.page.evaluate(velocity)
    tab.page.keyboard.press("v")
    assert tab.page.evaluate(velocity) == before + 8
    lane = tab.page.locator("#edit-score .sv-lane")
    lane.scroll_into_view_if_needed()
    frame = lane.bounding_box()
    assert frame
    x = frame["x"] + tab.page.evaluate(f"{VIEW}.roll.xOf(0)") + 3
    tab.page.mouse.click(x, frame["y"] + 48)  # a quarter of the height
    assert abs(tab.page.evaluate(velocity) - 127 / 4) < 3
    wait_until_stored(tab)
    run(tab, "remake-note", 2)
    assert tab.page.evaluate(f"{first}[1]") == pitch + 2
    tab.page.click("#edit-undo")
    tab.page.wait_for_selector("#edit-heading:has-text('as read, then painted')")


def test_an_area_of_pitch_and_time_is_marked_and_remade(
    open_edit: Callable[..., Tab], chorale: Piece
) -> None:
    tab = open_edit(chorale)
    before = tab.page.evaluate(f"{VIEW}.score.notes.flat()")
    tab.page.click("#edit-score .sv-mark")
    tab.page.mouse.move(*at(tab, 4, 72))
    tab.page.mouse.down()
    tab.page.mouse.move(*at(tab, 7.9, 60), steps=4)
    tab.page.mouse.up()
    # A second one by the keys alone: eight sixteenths of two pitches.
    tab.page.focus("#edit-score .sv-scroll")
    for key in (*["ArrowRight"] * 40, *["Shift+ArrowRight"] * 7, "Shift+ArrowDown", "Enter"):
        tab.page.keyboard.press(key)
    tab.page.mouse.click(*at(tab, 1, 62))
    assert tab.page.evaluate(f"{VIEW}.areas.value")[2] == [1, 1.25, 62, 62]
    tab.page.mouse.click(*at(tab, 1, 62))  # within one that is there: it is taken away
    assert tab.page.evaluate(f"{VIEW}.areas.value") == [[4, 8, 60, 72], [10, 12, 59, 60]]
    wait_until_stored(tab)
    run(tab, "remake-areas")
    assert "2 areas of bars 2 to 3 remade" in tab.page.inner_text("#edit-heading")
    after = tab.page.evaluate(f"{VIEW}.score.notes.flat()")
    changed = [old for old, new in zip(before, after, strict=True) if old["pitch"] != new["pitch"]]
    assert changed and all(4 <= note["onset"] < 12 for note in changed)


def head(tab: Tab, number: int) -> tuple[float, float]:
    """Return where on the screen a head of the first page of the sheet lies."""
    page = tab.page.locator("#edit-sheet .sheet-page").first
    page.scroll_into_view_if_needed()
    x, y = tab.page.evaluate(f"(({{x, y}}) => [x, y])({VIEW}.sheet.heads[{number}])")
    frame = page.bounding_box()
    assert frame
    return frame["x"] + x * frame["width"], frame["y"] + y * frame["height"]


def walk_and_drag(tab: Tab, asked: list[float], here: str) -> None:
    """Move a chosen note by keys and by dragging its head; all of it is undone."""
    part, pitch, onset = asked
    heads = f"{VIEW}.sheet.heads"
    # Arrows go up the staff in the key, or on to the next note; all of it is undone step by step.
    length = f"{VIEW}.noteAtCaret.length"
    tab.page.keyboard.press("Control+z")
    assert tab.page.evaluate(here) == asked
    before = tab.page.evaluate(length)
    tab.page.keyboard.press("ArrowUp")
    assert tab.page.evaluate(here)[1] - pitch in (1, 2)
    tab.page.keyboard.press("]")
    assert tab.page.evaluate(length) == before + 0.5
    tab.page.keyboard.press("ArrowRight")
    assert tab.page.evaluate(here)[2] > onset
    for _ in range(2):
        tab.page.keyboard.press("Control+z")
    # A drag moves a head by the steps of its staff, as one step that can be undone.
    tab.page.wait_for_function(
        f"([part, pitch, onset]) => {heads}.some((head) => head.part === part"
        " && head.pitch === pitch && head.onset === onset)",
        arg=asked,
    )
    number = tab.page.evaluate(f"{heads}.findIndex((head) => head.part === 2 && head.onset > 1)")
    x, y = head(tab, number)
    octave_px = 7.3 * tab.page.evaluate(
        "(() => { const page = document.querySelector('#edit-sheet .sheet-page');"
        " return page.dataset.step * page.getBoundingClientRect().height; })()"
    )
    tab.page.mouse.move(x, y)
    tab.page.mouse.down()
    tab.page.mouse.move(x, y - octave_px / 2, steps=3)
    tab.page.mouse.move(x, y - octave_px, steps=3)
    tab.page.mouse.up()
    assert tab.page.evaluate(here) == [part, pitch + 12, onset]
    tab.page.keyboard.press("Control+z")
    assert tab.page.evaluate(f"{VIEW}.painting.find({onset}, {pitch}) !== undefined")


def test_a_note_is_chosen_on_the_sheet_and_edited_there(
    open_edit: Callable[..., Tab], chorale: Piece
) -> None:
    tab = open_edit(chorale)
    heads = f"{VIEW}.sheet.heads"
    number = tab.page.evaluate(f"{heads}.findIndex((head) => head.part === 2 && head.onset > 1)")
    asked = tab.page.evaluate(
        f"(({{part, pitch, onset}}) => [part, pitch, onset])({heads}[{number}])"
    )
    sheet = tab.page.get_attribute("#edit-sheet img", "src")
    tab.page.mouse.click(*head(tab, number))
    part, pitch, onset = asked
    here = f"(({{pitch, onset}}) => [{VIEW}.painting.part, pitch, onset])({VIEW}.noteAtCaret)"
    assert tab.page.evaluate(here) == asked
    assert tab.page.locator("#edit-sheet .sheet-ring").count() == 1
    assert tab.page.input_value("#edit-score .sv-part") == str(part)
    tab.page.keyboard.press("Alt+ArrowUp")
    assert tab.page.evaluate(here) == [part, pitch + 1, onset]
    # It is judged and engraved, and the ring stands where the note is now.
    tab.page.wait_for_selector("#edit-heading:has-text('then painted')")
    tab.page.wait_for_function(
        "src => document.querySelector('#edit-sheet img').src !== src", arg=sheet
    )
    assert tab.page.locator("#edit-sheet .sheet-ring").count() == 1
    tab.page.keyboard.press("Delete")
    assert tab.page.evaluate(N_NOTES) == chorale.n_notes - 1
    tab.page.keyboard.press("Control+z")
    assert tab.page.evaluate(N_NOTES) == chorale.n_notes
    walk_and_drag(tab, asked, here)
    # Between the notes a click plays, as before.
    x, y = head(tab, 0)
    tab.page.mouse.click(x - 30, y)
    tab.page.wait_for_selector("#edit-score .score-view[data-playing='true']")


def test_an_uploaded_melody_is_harmonised(open_edit: Callable[..., Tab], chorale: Piece) -> None:
    tab = open_edit(replace(chorale, parts=chorale.parts[:1]))
    tab.page.get_by_role("tab", name="Harmonise").click()
    tab.page.click("#edit-more button >> nth=0")
    assert tab.page.input_value("#edit-seed input, #edit-seed textarea") == ""
    run(tab, "harmonise", candidates=2)
    assert tab.page.locator("#edit-score .sv-chip").count() == 4
    assert "new parts to the soprano" in tab.page.inner_text("#edit-heading")
    melody = [note.pitch for note in chorale.parts[0].notes]
    assert tab.page.evaluate(f"{VIEW}.score.notes[0].map((note) => note.pitch)") == melody


def test_nothing_marked_gets_one_sentence(open_edit: Callable[..., Tab], chorale: Piece) -> None:
    tab = open_edit(chorale)
    tab.page.click("#edit-infill")
    tab.page.wait_for_selector("#edit-status :text('no bars are marked yet')")
    tab.page.wait_for_selector("#edit-infill:enabled")


def test_a_written_melody_begins_and_stop_keeps_what_there_is(
    address: str, open_tab: OpenTab
) -> None:
    tab = open_tab(f"{address}/#edit", wait_for="#edit-upload")
    tab.page.click("#edit-melody-fold button")
    tab.page.fill("#edit-melody textarea", "M:4/4 L:1/4 K:G\nG A B c | d2 B2 | A4 | G4 |")
    tab.page.click("#edit-take-melody")
    tab.page.wait_for_selector("#edit-score .sv-chip")
    mark(tab, 1, 5)
    tab.page.fill("#edit-candidates input", "200")
    tab.page.click("#edit-infill")
    tab.page.wait_for_selector("#edit-status :text('of 200 candidates')")
    tab.page.click("#edit-stop")
    tab.page.wait_for_selector("#edit-status :text('Stopped: ')")
    tab.page.wait_for_selector("#edit-ranking tr[data-rank='1']")
    assert 1 <= tab.page.locator("#edit-ranking tbody tr").count() < 200


def test_a_late_answer_to_stop_leaves_the_last_words_of_the_run(
    open_edit: Callable[..., Tab], chorale: Piece
) -> None:
    """What a run says comes by another way than the answer to Stop, and either may be first."""
    tab = open_edit(chorale)
    mark(tab, 1, 5)
    tab.page.fill("#edit-candidates input", "200")
    tab.page.click("#edit-infill")
    tab.page.wait_for_selector("#edit-status :text('of 200 candidates')")
    release = tab.hold_answer()
    tab.page.click("#edit-stop")
    tab.page.wait_for_selector("#edit-status :text('Stopped: ')")
    release()
    tab.page.wait_for_timeout(1000)  # what the answer brings has come by then
    assert tab.page.inner_text("#edit-status .status span").startswith("Stopped: ")


@pytest.mark.parametrize("width_px", [390, 1280])
def test_nothing_overflows(open_edit: Callable[..., Tab], chorale: Piece, width_px: int) -> None:
    tab = open_edit(chorale, width_px)
    root = "document.documentElement"
    assert tab.page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")


def test_what_came_from_another_file_is_dimmed_until_music_comes_again(
    open_edit: Callable[..., Tab], chorale: Piece, tmp_path: Path
) -> None:
    """The old piece once stood beside a new file that was refused, as if it were its music."""
    tab = open_edit(chorale)
    given = tab.page.evaluate(PITCHES)
    dimmed = "getComputedStyle(document.querySelector('#edited')).opacity < 1"
    assert not tab.page.evaluate(dimmed)
    tab.page.click("#edit-upload [aria-label='Clear']")
    tab.page.wait_for_selector("#edit-status :text('The file was taken away')")
    tab.page.wait_for_function(dimmed)
    (tmp_path / "broken.mid").write_bytes(b"no music at all")
    tab.page.set_input_files("#edit-upload input[type=file]", tmp_path / "broken.mid")
    tab.page.wait_for_selector("#edit-status .is-stale:not(:has-text('taken away'))")
    tab.page.wait_for_function(dimmed)
    tab.page.click("#edit-melody-fold button >> nth=0")
    tab.page.fill("#edit-melody textarea", "L:1/4\nG A B c | d2 B2 |")
    tab.page.click("#edit-take-melody")
    tab.page.wait_for_function(f"!({dimmed})")
    tab.page.click("#edit-undo")
    wait_for_pitches(tab, given)
