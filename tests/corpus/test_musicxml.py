from __future__ import annotations

import io
import zipfile
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.corpus import load_corpus, read_musicxml, read_musicxml_bytes
from composer.corpus.musicxml import measuring, walking
from composer.corpus.musicxml.bars import Measure, lay_measures
from composer.corpus.musicxml.lines import RawNote, merge_ties
from composer.errors import ScoreFileError
from composer.piece import Grace, Marks, Piece
from composer.theory import KEYS, Key, Meter

DIVISIONS = "<divisions>4</divisions>"
COMMON = (
    f"<attributes>{DIVISIONS}<time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
)
TIME = COMMON.replace("<beats>4<", "<beats>{}<").replace("<beat-type>4<", "<beat-type>{}<")
NAMED = "<score-instrument><instrument-name>{}</instrument-name></score-instrument>"
DIVIDED = "<attributes><divisions>{}</divisions></attributes>"
CONTAINER = '<container><rootfiles><rootfile full-path="{}"/></rootfiles></container>'


def note(name: str = "C4", duration: int | str = 16, inside: str = "", *, voice: int = 1) -> str:
    """A note such as `F#4`, 16 sixteenths long; `inside` stands before its voice."""
    alter = name.count("#") - name.count("b")
    return (
        f"<note><pitch><step>{name[0]}</step><alter>{alter}</alter><octave>{name[-1]}</octave>"
        f"</pitch><duration>{duration}</duration>{inside}<voice>{voice}</voice></note>"
    )


def rest(duration: int) -> str:
    return f"<note><rest/><duration>{duration}</duration></note>"


def back(duration: int) -> str:
    return f"<backup><duration>{duration}</duration></backup>"


def score(*measures: str, listed: str = "", head: str = "", first: str = COMMON) -> bytes:
    """A score of one part; the first measure begins with `first`."""
    body = "".join(
        f'<measure number="{i + 1}">{first if i == 0 else ""}{measure}</measure>'
        for i, measure in enumerate(measures)
    )
    return document(
        f'{head}<part-list><score-part id="P1"><part-name/>{listed}</score-part></part-list>'
        f'<part id="P1">{body}</part>'
    )


def document(inside: str, before: str = "") -> bytes:
    return f'<?xml version="1.0"?>{before}<score-partwise>{inside}</score-partwise>'.encode()


def packed(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def mxl(data: bytes, name: str = "score.xml") -> bytes:
    return packed({"META-INF/container.xml": CONTAINER.format(name).encode(), name: data})


def times_of(piece: Piece, part: int = 0) -> list[tuple[float, int, float]]:
    return [
        (float(n.onset_beats), n.pitch, float(n.duration_beats)) for n in piece.parts[part].notes
    ]


def read(*measures: str, **facts: str) -> Piece:
    return read_musicxml_bytes(score(*measures, **facts))


# --- Notes --------------------------------------------------------------------------------------


def test_chords_voices_and_steps_back_are_resolved() -> None:
    chord = note("E4", 4, "").replace("<note>", "<note><chord/>")
    piece = read(note("C4", 4) + chord + rest(12) + back(8) + note("G4", 8, voice=2))
    assert times_of(piece) == [(0, 60, 1), (0, 64, 1), (2, 67, 2)]


def test_ties_are_merged_across_bars_also_where_only_their_signs_stand() -> None:
    for start, stop in (
        ('<tie type="start"/>', '<tie type="stop"/>'),
        ("", ""),
    ):
        signs = [f'<notations><tied type="{t}"/></notations>' for t in ("start", "stop")]
        first = note("C4", 16, start) if start else note().replace("</note>", signs[0] + "</note>")
        second = note("C4", 16, stop) if stop else note().replace("</note>", signs[1] + "</note>")
        assert times_of(read(first, second)) == [(0, 60, 8)]


def test_a_tie_that_leads_nowhere_is_none() -> None:
    piece = read(note("C4", 16, '<tie type="start"/>'), note("D4", 16, '<tie type="stop"/>'))
    assert times_of(piece) == [(0, 60, 4), (4, 62, 4)]


def test_tied_unisons_stay_in_their_voices() -> None:
    def raw(onset: int, end: int, voice: str, **ties: bool) -> RawNote:
        return RawNote(Fraction(onset), Fraction(end), 60, voice, 0, **ties)

    upper = [raw(0, 1, "1", is_continued=True), raw(1, 2, "1", continues=True)]
    lower = [raw(0, 1, "2", is_continued=True), raw(1, 4, "2", continues=True)]
    merged = merge_ties([*lower, *upper])
    assert {(n.voice, n.end_beats) for n in merged} == {("1", 2), ("2", 4)}


def test_grace_notes_take_no_time_cue_notes_are_set_aside_and_drums_stand_beside() -> None:
    grace = "<note><grace/><pitch><step>B</step><octave>4</octave></pitch><voice>1</voice></note>"
    cue = note("D4", 4).replace("<note>", "<note><cue/>")
    drum = "<note><unpitched/><duration>4</duration></note>"
    piece = read(cue + drum + grace + note("C4", 8))
    assert times_of(piece) == [(2, 60, 2)]
    assert piece.parts[0].notes[0].marks == Marks("C", graces=(Grace(71, "B"),))
    assert [(n.onset_beats, n.pitch) for n in piece.percussion[0].notes] == [(1, 38)]
    assert piece.remarks == ("set aside: cue notes",)


def test_a_transposing_instrument_comes_as_it_sounds() -> None:
    transpose = "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose>"
    piece = read(note("D5"), first=f"<attributes>{DIVISIONS}{transpose}</attributes>")
    assert times_of(piece) == [(0, 72, 4)]


def test_repeats_are_not_unfolded_and_endings_stand_in_written_order() -> None:
    ending = "<barline><ending number='{}' type='start'/><repeat times='9'/></barline>"
    piece = read(note("C4"), note("D4") + ending.format(1), note("E4") + ending.format(2))
    assert times_of(piece) == [(0, 60, 4), (4, 62, 4), (8, 64, 4)]


# --- Parts --------------------------------------------------------------------------------------


def test_two_staves_of_a_keyboard_are_a_part_a_hand() -> None:
    staves = f"<attributes>{DIVISIONS}<staves>2</staves></attributes>"
    lower = note("C3", 16, voice=5).replace("</note>", "<staff>2</staff></note>")
    piece = read(note("C5", 16).replace("</note>", "<staff>1</staff></note>") + back(16) + lower,
                 first=staves)  # fmt: skip
    assert [times_of(piece, i) for i in (0, 1)] == [[(0, 72, 4)], [(0, 48, 4)]]
    assert [part.instrument.name for part in piece.parts] == ["piano", "piano"]


@pytest.mark.parametrize(
    ("name", "names"),
    [("", ["soprano", "alto"]), ("Women", ["soprano", "alto"]), ("Soprano", ["soprano"])],
)
def test_a_vocal_staff_of_two_steady_voices_is_two_parts(name: str, names: list[str]) -> None:
    word = "<lyric><text>la</text></lyric>"
    bar = note("G4", 16).replace("</note>", word + "</note>") + back(16) + note("C4", 16, voice=2)
    listed = (
        f"<score-instrument id='I'><instrument-name>{name}</instrument-name></score-instrument>"
    )
    piece = read(bar, bar, listed=listed)
    assert [part.instrument.name for part in piece.parts] == names


@pytest.mark.parametrize(
    ("listed", "instrument"),
    [
        ("<midi-instrument id='I'><midi-program>42</midi-program></midi-instrument>", "viola"),
        (NAMED.format("Oboe"), "oboe"),
        (NAMED.format("Violino I"), "violin"),
        ("", "piano"),
    ],
)  # fmt: skip
def test_programs_and_names_say_who_plays(listed: str, instrument: str) -> None:
    assert read(note(), listed=listed).parts[0].instrument.name == instrument


# --- Bars ---------------------------------------------------------------------------------------


def test_a_short_first_measure_is_a_pickup_pushed_right() -> None:
    piece = read(note("C4", 4), note("D4"))
    assert (times_of(piece), piece.n_bars) == ([(3, 60, 1), (4, 62, 4)], 2)


def test_halves_of_a_bar_around_a_repeat_are_one_bar_and_the_last_bar_is_filled() -> None:
    piece = read(note("C4"), note("D4", 12), note("E4", 4), note("F4", 12))
    assert [onset for onset, *_ in times_of(piece)] == [0, 4, 7, 8]
    assert (piece.n_bars, len(piece.meters)) == (3, 1)


def test_a_bar_of_another_length_has_a_meter_of_its_own() -> None:
    piece = read(note("C4"), note("D4", 12), note("E4", 20), note("F4"))
    assert [str(change.meter) for change in piece.meters] == ["4/4", "3/4", "5/4", "4/4"]


@pytest.mark.parametrize("slip", [Fraction(1, 10_080), Fraction(-1, 10_080), Fraction(1, 96)])
def test_tuplets_that_add_up_to_nearly_a_bar_make_no_meter(slip: Fraction) -> None:
    lengths = [Fraction(3) + slip, Fraction(3), Fraction(3) + slip, Fraction(3)]
    layout = lay_measures([Measure(length, Meter(3, 4)) for length in lengths])
    assert layout.onsets_beats == (0, 3, 6, 9)
    assert [change.meter for change in layout.meters] == [Meter(3, 4)]


@given(st.lists(st.integers(0, 1280), min_size=1, max_size=8))
def test_any_measures_lie_on_bar_lines(lengths: list[int]) -> None:
    layout = lay_measures([Measure(Fraction(n, 64), Meter(3, 4)) for n in lengths])
    assert len(layout.onsets_beats) == len(lengths)
    assert list(layout.onsets_beats) == sorted(layout.onsets_beats)
    assert 1 <= layout.n_bars <= len(lengths)


@pytest.mark.parametrize(
    ("beats", "beat_type", "length", "meter"),
    [("3+2", "8", 10, "5/8"), ("2", "2", 16, "2/2"), ("12", "16", 12, "12/16")],
)
def test_time_signatures_are_read(beats: str, beat_type: str, length: int, meter: str) -> None:
    bar = note(duration=length)
    assert str(read(bar, bar, first=TIME.format(beats, beat_type)).meter) == meter


# --- Heading ------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_a_stated_key_is_read_as_stated(key: Key) -> None:
    stated = f"<key><fifths>{key.fifths}</fifths><mode>{key.mode}</mode></key>"
    assert read(note(), first=f"<attributes>{DIVISIONS}{stated}</attributes>").key == key


@pytest.mark.parametrize(("line", "mode"), [("CEGC", "major"), ("AECA", "minor")])
def test_a_mode_that_is_not_stated_is_told_by_the_notes(line: str, mode: str) -> None:
    signature = f"<attributes>{DIVISIONS}<key><fifths>0</fifths></key></attributes>"
    piece = read("".join(note(f"{letter}4", 4) for letter in line), first=signature)
    assert (piece.key.fifths, piece.key.mode) == (0, mode)


def test_title_composer_and_tempo_are_read() -> None:
    head = (
        "<work><work-title>Air</work-title></work><identification>"
        "<creator type='composer'>Bach</creator></identification>"
    )
    piece = read("<direction><sound tempo='66.5'/></direction>" + note(), head=head)
    assert (piece.title, piece.composer, piece.tempo_bpm) == ("Air", "Bach", 66.5)


def test_a_metronome_mark_counts_its_own_value() -> None:
    mark = (
        "<direction><direction-type><metronome><beat-unit>quarter</beat-unit><beat-unit-dot/>"
        "<per-minute>60</per-minute></metronome></direction-type></direction>"
    )
    assert read(mark + note()).tempo_bpm == 90.0


# --- Files --------------------------------------------------------------------------------------


def test_an_mxl_file_is_read_from_the_member_its_container_names() -> None:
    decoy = {"a.xml": score(note("D4"))}
    data = packed(
        decoy
        | {"META-INF/container.xml": CONTAINER.format("b/c.xml").encode(), "b/c.xml": score(note())}
    )
    assert times_of(read_musicxml_bytes(data)) == [(0, 60, 4)]


def test_a_folder_of_scores_may_hold_musicxml(tmp_path: Path) -> None:
    (tmp_path / "bach").mkdir()
    for name, data in (("a.musicxml", score(note())), ("b.mxl", mxl(score(note()))),
                       ("c.XML", score(note())), ("d.xml", b"<other/>")):  # fmt: skip
        (tmp_path / "bach" / name).write_bytes(data)
    found = [piece for _, piece in load_corpus(tmp_path).pieces()]
    assert [isinstance(piece, Piece) for piece in found] == [True, True, True, False]
    assert all(piece.composer == "bach" for piece in found[:3])


def test_a_file_without_a_title_is_named_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "air.musicxml").write_bytes(score(note()))
    assert read_musicxml(tmp_path / "air.musicxml").title == "air"


BIG = document("<part-list/>" + "<part>" + "<measure/>" * 10_001 + "</part>")
ENTITY = '<!DOCTYPE x [<!ENTITY a "aaaa">]>'
DEEP = b"<score-partwise>" + b"<a>" * 5_000 + b"</a>" * 5_000 + b"</score-partwise>"
HOSTILE = {
    "an entity": (document(score(note()).decode()[21:], ENTITY), "entities"),
    "no XML": (b"hello", "damaged"),
    "nothing": (b"", "damaged"),
    "another XML": (b"<html/>", "no MusicXML"),
    "no part": (document(""), "percussion|notes"),
    "no note": (score(rest(16)), "no notes"),
    "divisions 0": (score(note(), first=DIVIDED.format(0)), "'0'"),
    "divisions nan": (
        score(note(), first=DIVIDED.format("nan")), "'nan'"),
    "octave 99": (score(note().replace(">4<", ">99<")), "'99'"),
    "step H": (score(note("H4")), "'H'"),
    "alter inf": (score(note().replace("<alter>0", "<alter>inf")), "'inf'"),
    "duration nan": (score(note(duration="NaN")), "'NaN'"),
    "duration -1": (score(note(duration=-1)), "'-1'"),
    "duration 1e11": (score(note(duration="100000000000")), "duration"),
    "beats 1000000": (score(note(), first=TIME.format(1_000_000, 4)), "time signature"),
    "beats 0": (score(note(), first=TIME.format(0, 4)), "time signature"),
    "beat type 0": (score(note(), first=TIME.format(4, 0)), "time signature"),
    "beat type 3": (score(note(), first=TIME.format(4, 3)), "time signature"),
    "10,001 bars": (BIG, "10,001 bars"),
    "nested": (DEEP, "nests"),
    "100 staves": (
        score(note(), first=f"<attributes>{DIVISIONS}<staves>100</staves></attributes>"),
        "100 staves"),
    "a zip of nothing": (packed({}), "damaged"),
    "a zip without a container": (packed({"a.xml": score(note())}), "container"),
    "a zip that leads nowhere": (
        packed({"META-INF/container.xml": CONTAINER.format("../../x").encode()}), "damaged"),
    "a zip bomb": (mxl(b"<a>" + b" " * 30_000_000 + b"</a>"), "unpacks"),
    "a cut zip": (mxl(score(note()))[:-40], "damaged"),
    "an unknown encoding": (b'<?xml version="1.0" encoding="none"?><a/>', "encoding"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_one_plain_sentence(name: str) -> None:
    data, words = HOSTILE[name]
    with pytest.raises(ScoreFileError, match=words) as refusal:
        read_musicxml_bytes(data)
    assert str(refusal.value).isprintable() and 15 < len(str(refusal.value)) < 160


def test_more_than_the_limits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, limit in ((walking, "MAX_NOTES"), (measuring, "MAX_BARS")):
        with monkeypatch.context() as patch, pytest.raises(ScoreFileError, match="at most 1"):
            patch.setattr(module, limit, 1)
            read(note(), note())


@given(st.data())
def test_a_file_with_flipped_bytes_is_refused_or_read(data: st.DataObject) -> None:
    whole = bytearray(score(note("C4", 8) + note("D#5", 8), note()))
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert read_musicxml_bytes(bytes(whole)).n_notes > 0
    except ScoreFileError as refusal:
        assert str(refusal)
