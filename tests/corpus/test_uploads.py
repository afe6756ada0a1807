"""The gate for files: the order of its steps, its limits, and what passes unchanged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from composer import worker
from composer.corpus import read_midi_bytes
from composer.corpus.midi import MAX_NOTES
from composer.corpus.midi.events import walk_midi
from composer.corpus.uploads import gate, limits, read_score, read_score_bytes
from composer.corpus.uploads.archives import unpack_score
from composer.corpus.uploads.kinds import Kind, kind_of
from composer.corpus.uploads.markup import tidy_xml
from composer.errors import ScoreFileError, TokenError, WorkerError
from composer.piece import Note, Part, Piece, Repeat
from composer.rendering.musicxml import musicxml_bytes
from composer.stitching import join
from composer.worker import client
from tests.corpus.files import END, NOTE, SCALE, raw_midi, score_bytes
from tests.corpus.hostile import ATTRIBUTES, GOOD_XML, XML_NOTE, archive, mxl, score
from tests.corpus.hostile_midi import GOOD, header
from tests.sentences import is_plain

MIDI = score_bytes(SCALE, SCALE, programs=[40, 42], meters=[(0, 3, 4)], key=(-1, 1), bpm=96)


@pytest.fixture(scope="module", autouse=True)
def nurseries_end() -> Iterator[None]:
    yield
    client.stop_all()


def test_a_midi_file_passes_unchanged() -> None:
    assert read_score_bytes(MIDI, title="a") == read_midi_bytes(MIDI, title="a")


@pytest.mark.parametrize("form", ["musicxml", "utf-16", "mxl"])
def test_musicxml_passes_in_every_wrapping(form: str) -> None:
    pytest.importorskip("music21")
    wrapped = {"musicxml": GOOD_XML.encode(), "mxl": archive(mxl())}
    wrapped["utf-16"] = GOOD_XML.replace("UTF-8", "UTF-16").encode("utf-16")
    piece = read_score_bytes(wrapped[form], title="first")
    assert [(n.pitch, n.duration_beats) for n in piece.parts[0].notes] == [(60, Fraction(4))]
    assert (str(piece.meter), piece.title) == ("4/4", "first")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"MThd", Kind.MIDI),
        (b"RIFF\x00\x00\x00\x00RMID", Kind.MIDI),
        (b"PK\x03\x04", Kind.MUSICXML),
        (b"\xef\xbb\xbf  <score-partwise/>", Kind.MUSICXML),
        ("<score-partwise/>".encode("utf-16"), Kind.MUSICXML),
        ("<score-partwise/>".encode("utf-16-be"), Kind.MUSICXML),
    ],
)
def test_the_content_tells_the_kind(data: bytes, kind: Kind) -> None:
    assert kind_of(data) is kind


@pytest.mark.parametrize(
    ("data", "word"),
    [(b"", "empty"), (b"%PDF-1.7", "PDF"), (b"RIFF\0\0\0\0WAVE", "recording"), (b"abc", "neither")],
)
def test_other_kinds_are_named(data: bytes, word: str) -> None:
    with pytest.raises(ScoreFileError, match=word) as refusal:
        kind_of(data)
    assert ".musicxml" in str(refusal.value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"ENIGMA BINARY FILE", "export it there as MusicXML"),
        (b"<museScore version='4.2'/>", "export it there as MusicXML"),
        (b"<mei xmlns='http://www.music-encoding.org/ns/mei'/>", "MEI cannot be read; export it"),
        (b"<mei><music></mei>", "no well-formed MEI"),
        (b"<!DOCTYPE mei [<!ENTITY a 'b'>]><mei>&a;</mei>", "no well-formed MEI"),
        (b"**kern\n*M4/4\n4zz\n*-\n", "no notes found|cannot be read"),
        (archive({"a.mscx": "<museScore/>"}), "export it there as MusicXML"),
    ],
)
def test_other_formats_of_notation_are_named_with_what_would_do(data: bytes, words: str) -> None:
    with pytest.raises(ScoreFileError, match=words) as refusal:
        read_score_bytes(data)
    assert is_plain(str(refusal.value))


ABC = b"%abc\n\nX:1\nT:Air\nC:A. Nobody\nM:3/4\nL:1/4\nQ:1/4=90\nK:G\nG A B|c2 B|\n"
KERN = b"!!!OTL: Air\n**kern\n*clefG2\n*k[f#]\n*M3/4\n=1\n4g\n4a\n4b\n=2\n2cc\n4b\n==\n*-\n"
MEI = b"""<?xml version="1.0"?>
<mei xmlns="http://www.music-encoding.org/ns/mei"><music><body><mdiv><score>
<scoreDef meter.count="3" meter.unit="4" key.sig="1s"><staffGrp>
<staffDef n="1" lines="5" clef.shape="G" clef.line="2"/></staffGrp></scoreDef><section>
<measure n="1"><staff n="1"><layer n="1"><note pname="g" oct="4" dur="4"/>
<note pname="a" oct="4" dur="4"/><note pname="b" oct="4" dur="4"/></layer></staff></measure>
<measure n="2"><staff n="1"><layer n="1"><note pname="c" oct="5" dur="2"/>
<note pname="b" oct="4" dur="4"/></layer></staff></measure>
</section></score></mdiv></body></music></mei>"""


@pytest.mark.parametrize(
    ("data", "kind", "name"),
    [
        (ABC, Kind.ABC, "ABC notation"),
        (KERN, Kind.HUMDRUM, "Humdrum"),
        (MEI, Kind.MEI, "MEI"),
        (MEI.decode().encode("utf-16"), Kind.MEI, "MEI"),
    ],
)
def test_other_notations_are_read_by_way_of_musicxml(data: bytes, kind: Kind, name: str) -> None:
    assert kind_of(data) is kind
    piece = read_score_bytes(data, title="File")
    assert [(n.onset_beats, n.pitch, n.duration_beats) for n in piece.parts[0].notes] == [
        (0, 67, 1), (1, 69, 1), (2, 71, 1), (3, 72, 2), (5, 71, 1),
    ]  # fmt: skip
    assert (str(piece.meter), piece.key.fifths, piece.n_bars) == ("3/4", 1, 2)
    assert piece.title in ("Air", "File")
    assert piece.remarks[0] == f"read: {name}, by way of MusicXML"


def test_what_other_notations_lose_on_the_way_is_said() -> None:
    ending = b'<ending n="1">' + MEI[MEI.index(b'<measure n="2"') : MEI.index(b"</section>")]
    ending = ending.replace(b'<note pname="b"', b'<note pname="a"') + b"</ending>"
    word = b'dur="4"><verse n="1"><syl wordpos="s">la</syl></verse></note><note pname="a"'
    mei = MEI.replace(b'dur="4"/>\n<note pname="a"', word, 1).replace(
        b"</section>", ending + b"</section>"
    )
    piece = read_score_bytes(
        mei.replace(b"</staff></measure>", b"</staff><dynam>p</dynam></measure>")
    )
    assert (piece.n_bars, piece.n_notes) == (3, 7)
    assert piece.repeats == (Repeat(Fraction(6), "ending", Fraction(9), (1,)),)
    assert piece.parts[0].notes[0].marks.lyrics[0].text == "la"
    assert piece.remarks_in_a_line.endswith("set aside: dynamics")
    kern = KERN.replace(b"4g\n4a", b"(4g;\n4a)")
    piece = read_score_bytes(kern)
    assert piece.parts[0].notes[0].marks.signs == ("fermata",)
    assert piece.remarks_in_a_line.endswith("set aside: slurs")


def test_of_a_book_of_tunes_any_can_be_read() -> None:
    book = ABC + b"\n" + ABC.replace(b"X:1", b"X:2").replace(b"Air", b"Jig")
    for song, title in enumerate(("Air", "Jig"), start=1):
        piece = read_score_bytes(book, song=song)
        assert (piece.title, piece.n_notes) == (title, 5)
        assert f"song {song} of the 2 that the file holds" in piece.remarks_in_a_line
    with pytest.raises(ScoreFileError, match="songs 1 to 2, not number 3"):
        read_score_bytes(book, song=3)


@pytest.mark.parametrize(("kind", "start"), [(Kind.MIDI, b"MThd"), (Kind.MUSICXML, b"<?xml ")])
def test_a_file_that_is_too_large_reaches_no_worker(
    kind: Kind, start: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "call", None)
    with pytest.raises(ScoreFileError, match=f"larger than {gate.MAX_BYTES[kind] // 10**6} MB"):
        read_score_bytes(start.ljust(gate.MAX_BYTES[kind] + 1, b" "))


def test_musicxml_may_be_longer_than_midi(chorale: Piece, tmp_path: Path) -> None:
    room = b" " * (gate.MAX_BYTES[Kind.MIDI] + 1)
    path = tmp_path / "long.musicxml"
    path.write_bytes(musicxml_bytes(chorale).replace(b"</part>", room + b"</part>", 1))
    assert read_score(path).n_notes == chorale.n_notes


@pytest.mark.parametrize("name", ["chorale", "keyboard_piece"])
def test_what_we_write_comes_back_up_to_the_most_notes(
    name: str, request: pytest.FixtureRequest
) -> None:
    piece = request.getfixturevalue(name)
    twice = join(piece, piece.n_bars, piece)
    more_bytes = len(musicxml_bytes(twice)) - len(musicxml_bytes(piece))
    assert MAX_NOTES * more_bytes / piece.n_notes < gate.MAX_BYTES[Kind.MUSICXML]


@pytest.mark.parametrize("cause", ["time", "memory", "size", "crash"])
def test_work_that_fails_is_told_as_a_matter_of_the_file(
    cause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> bytes:
        raise WorkerError("x", cause)

    monkeypatch.setattr(worker, "call", fail)
    with pytest.raises(ScoreFileError) as refusal:
        read_score_bytes(MIDI)
    assert is_plain(str(refusal.value))


def test_a_full_house_is_no_fault_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> bytes:
        raise WorkerError("reading the file found no free place; try again in a moment", "busy")

    monkeypatch.setattr(worker, "call", refuse)
    with pytest.raises(WorkerError, match="try again"):
        read_score_bytes(MIDI)


@pytest.mark.parametrize(
    "answer", [b"", b"{}", b"null", b"NaN", b"[" * 100_000, b'{"title": "\xff"}', b"\xff"]
)
def test_an_answer_that_is_no_piece_is_refused(
    answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "call", lambda *_, **__: answer)
    with pytest.raises(ScoreFileError):
        read_score_bytes(MIDI)


def test_an_answer_beyond_the_limits_is_refused(
    monkeypatch: pytest.MonkeyPatch, chorale: Piece
) -> None:
    values = replace(chorale, tempo_bpm=0.5).to_dict()
    monkeypatch.setattr(worker, "call", lambda *_, **__: json.dumps(values).encode())
    with pytest.raises(ScoreFileError, match="tempo"):
        read_score_bytes(MIDI)


def with_notes(piece: Piece, n_notes: int, beats: int = 1) -> Piece:
    notes = tuple(Note(Fraction(i * beats), 60, Fraction(1)) for i in range(n_notes))
    return Piece((Part(piece.parts[0].instrument, notes),), piece.meters, piece.key)


def test_the_limits_of_uploads_are_named(chorale: Piece) -> None:
    limits.check_music(with_notes(chorale, 2_500))
    for piece, words in (
        (with_notes(chorale, 0), "no notes"),
        (with_notes(chorale, MAX_NOTES + 1), "60,001 notes; at most 60,000"),
        (with_notes(chorale, 5_001, beats=4), "5,001 bars; at most 5,000"),
        (with_notes(chorale, 11_000), "122 minutes at its tempo; at most 120"),
        (replace(chorale, parts=chorale.parts * 17), "68 parts; at most 64"),
        (replace(chorale, tempo_bpm=float("nan")), "tempo"),
    ):
        with pytest.raises(ScoreFileError, match=words):
            limits.check_music(piece)


def test_the_longest_piano_pieces_pass() -> None:
    notes = [(i * 60, 60, 40 + i % 50, 80) for i in range(40_000)]
    assert read_score_bytes(score_bytes(notes, bpm=100)).n_notes == 40_000


def test_as_many_bars_as_may_be_are_counted_part_by_part() -> None:
    line = "".join(f'<measure number="{i}">{XML_NOTE}</measure>' for i in range(3_000))
    assert tidy_xml(score(line).replace("</part>", f"</part><part>{line}</part>").encode())
    with pytest.raises(ScoreFileError, match="more than 5,000 bars"):
        tidy_xml(score(line * 2).encode())


@pytest.mark.parametrize("beats", ["4", "3+2", " 6 ", "2.0"])
def test_usual_numbers_pass(beats: str) -> None:
    assert tidy_xml(
        score(ATTRIBUTES.replace(">4</beats>", f">{beats}</beats>") + XML_NOTE).encode()
    )


def test_what_no_parser_needs_is_taken_out_of_midi() -> None:
    odd = header(length=8, extra=b"xx") + b"JUNK\x00\x00\x00\x02ab" + GOOD + bytes(3)
    assert read_midi_bytes(odd) == read_midi_bytes(header() + GOOD)
    assert read_midi_bytes(raw_midi(NOTE + NOTE[:4] + NOTE[5:] + END)).n_notes == 2


def test_an_archive_gives_its_first_score() -> None:
    assert unpack_score(archive(mxl())) == GOOD_XML.encode()
    stored = archive(mxl(), method=0)
    assert unpack_score(stored) == GOOD_XML.encode()


def test_a_file_gives_its_piece_its_name(tmp_path: Path) -> None:
    path = tmp_path / "minuet.mid"
    path.write_bytes(MIDI)
    assert read_score(path).title == "minuet"
    with pytest.raises(ScoreFileError) as refusal:
        read_score(tmp_path / "none.mid")
    assert is_plain(str(refusal.value))


@pytest.mark.parametrize("title", ["\0\0", "\ud800", "x" * 5_000_000, "a\0b", "\u202e\n\x1b[2J"])
def test_any_title_is_cleaned(title: str) -> None:
    piece = read_score_bytes(MIDI, title=title)
    assert piece.title.isprintable() and len(piece.title) <= 60
    assert piece.n_notes == 2 * len(SCALE)


def test_errors_of_other_kinds_stay_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> bytes:
        raise TokenError("a bug of ours")

    monkeypatch.setattr(worker, "call", fail)
    with pytest.raises(TokenError):
        read_score_bytes(MIDI)


def check_refused_or_tidied(data: bytes) -> None:
    for look in (walk_midi, tidy_xml, unpack_score):
        try:
            assert look(data)
        except ScoreFileError as refusal:
            assert is_plain(str(refusal)), str(refusal)


@st.composite
def mutants(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """A good file with bytes changed, cut out, doubled or put in."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 4))):
        at, length = draw(st.integers(0, len(data))), draw(st.integers(0, 8))
        piece = draw(st.one_of(st.binary(max_size=8), st.just(bytes(data[at : at + length]) * 3)))
        data[at : at + draw(st.integers(0, length))] = piece
    return bytes(data)


SEEDS = (MIDI, raw_midi(NOTE + END), GOOD_XML.encode(), archive(mxl()))


@settings(max_examples=400)
@given(mutants(SEEDS))
def test_the_scans_tidy_or_refuse_whatever_comes(data: bytes) -> None:
    check_refused_or_tidied(data)


@given(st.binary(max_size=300))
def test_the_scans_tidy_or_refuse_any_bytes(data: bytes) -> None:
    check_refused_or_tidied(data)
    check_refused_or_tidied(
        b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x01\xe0MTrk\x00\x00\x00\x20" + data
    )


@settings(max_examples=40)
@given(mutants(SEEDS))
def test_the_gate_reads_or_refuses_whatever_comes(data: bytes) -> None:
    try:
        assert read_score_bytes(data).n_notes > 0
    except ScoreFileError as refusal:
        assert is_plain(str(refusal)), str(refusal)
