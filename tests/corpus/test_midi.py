from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.corpus import midi, read_midi, read_midi_bytes
from composer.corpus.text import decode_text
from composer.errors import ScoreFileError
from composer.piece import BEND, PROGRAM, Control, Lyric
from composer.theory import KEYS, Key, Meter, estimate_key
from tests.corpus.files import (
    END,
    HOSTILE_FILES,
    NOTE,
    SCALE,
    raw_midi,
    score_bytes,
    tempo,
    time_signature,
)

METERS = [(n, d) for d in (1, 2, 4, 8, 16, 32) for n in (1, 2, 3, 4, 5, 6, 7, 9, 12)]


@st.composite
def lines(draw):
    """One line of notes that do not overlap, as (onset, duration, pitch, velocity) in ticks."""
    onset, notes = 0, []
    for _ in range(draw(st.integers(1, 12))):
        onset += draw(st.integers(0, 2_000))
        duration = draw(st.integers(1, 2_000))
        notes.append((onset, duration, draw(st.integers(0, 127)), draw(st.integers(1, 127))))
        onset += duration
    return notes


@given(st.lists(lines(), min_size=1, max_size=8), st.sampled_from((24, 96, 480, 1024, 32_767)))
def test_every_note_comes_back_exactly(tracks, tpq):
    piece = read_midi_bytes(score_bytes(*tracks, tpq=tpq))
    for part, track in zip(piece.parts, tracks, strict=True):
        read = [(n.onset_beats, n.duration_beats, n.pitch, n.velocity) for n in part.notes]
        assert read == [(Fraction(a, tpq), Fraction(b, tpq), p, v) for a, b, p, v in track]


@given(lines())
def test_bars_reach_to_the_end_of_the_last_note_but_for_a_slip(notes):
    piece = read_midi_bytes(score_bytes(notes))
    late = Fraction(1, 8)
    assert piece.bars[-1].onset_beats < piece.end_of_notes_beats <= piece.length_beats + late


@given(st.lists(st.tuples(st.integers(0, 4_000), st.sampled_from(METERS)), max_size=6))
def test_any_meters_lie_on_bar_lines(written):
    meters = [(60 * place, *meter) for place, meter in written]
    data = score_bytes([(0, 480 * 600, 60, 80)], meters=meters)
    piece = read_midi_bytes(data)
    starts = {bar.onset_beats for bar in piece.bars}
    assert all(change.onset_beats in starts for change in piece.meters)
    assert piece.end_of_notes_beats <= piece.length_beats + Fraction(1, 8)


@pytest.mark.parametrize("numerator, denominator", METERS)
def test_a_written_meter_is_read_as_written(numerator, denominator):
    piece = read_midi_bytes(score_bytes(SCALE, meters=[(0, numerator, denominator)]))
    assert piece.meter == Meter(numerator, denominator)


def test_without_a_time_signature_the_meter_is_4_4():
    assert read_midi_bytes(score_bytes(SCALE)).meter == Meter(4, 4)


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_a_written_key_is_read_as_written(key):
    tonality = int(key.mode == "minor")
    assert read_midi_bytes(score_bytes(SCALE, key=(key.fifths, tonality))).key == key


@pytest.mark.parametrize("semitones", range(12))
def test_without_a_key_signature_the_key_is_estimated(semitones):
    scale = [(a, b, p + semitones, v) for a, b, p, v in SCALE]
    key = read_midi_bytes(score_bytes(scale)).key
    assert (key.tonic_pitch_class, key.mode) == (semitones, "major")


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_a_scale_ending_on_its_tonic_in_the_bass_is_in_its_key(key):
    durations = [float(pitch_class in key.scale) for pitch_class in range(12)]
    durations[key.tonic_pitch_class] += 1
    assert estimate_key(durations, key.tonic_pitch_class)[0] == key


def test_silence_has_no_key_to_be_sure_of():
    assert estimate_key([0.0] * 12) == (Key("C", "major"), 0.0)


def test_choir_voices_are_told_apart_by_their_order():
    piece = read_midi_bytes(score_bytes(*[SCALE] * 4, programs=[52] * 4))
    names = [part.instrument.name for part in piece.parts]
    assert names == ["soprano", "alto", "tenor", "bass"]


def test_a_program_without_an_instrument_of_ours_keeps_its_name_and_all_pitches():
    instrument = read_midi_bytes(score_bytes(SCALE, programs=[56])).parts[0].instrument
    assert (instrument.name, instrument.low, instrument.high) == ("trumpet", 0, 127)


DRUM = b"\x00\x99\x26\x50\x83\x60\x89\x26\x40"


def test_percussion_stands_beside_the_pitched_parts():
    both = read_midi_bytes(raw_midi(NOTE + DRUM + END))
    assert [part.instrument.name for part in both.parts] == ["piano"]
    assert [(n.pitch, n.onset_beats) for n in both.percussion[0].notes] == [(38, 1)]


def test_percussion_alone_leaves_the_pitched_part_silent():
    piece = read_midi_bytes(raw_midi(DRUM + END))
    assert (piece.n_notes, len(piece.percussion[0].notes), piece.n_bars) == (0, 1, 1)


def test_smpte_time_counts_half_seconds():
    piece = read_midi_bytes(raw_midi(NOTE + END, division=0xE728))  # 25 frames of 40 ticks
    assert piece.parts[0].notes[0].duration_beats == Fraction(480, 500)
    assert (piece.tempo_bpm, any("SMPTE" in one for one in piece.remarks)) == (120, True)


def test_a_file_that_states_no_tempo_is_played_at_120():
    assert read_midi_bytes(score_bytes(SCALE)).tempo_bpm == 120


def test_a_stray_value_is_set_aside_and_said():
    odd = time_signature(0, 2) + time_signature(4, 255) + tempo(0) + b"\x00\xff\x59\x02\x64\x00"
    piece = read_midi_bytes(raw_midi(odd + NOTE + END))
    assert (piece.meter, piece.tempo_bpm) == (Meter(4, 4), 120)
    said = " ".join(piece.remarks)
    assert all(word in said for word in ("time signature", "tempo", "key"))


def test_of_several_songs_one_is_read_and_the_others_are_named():
    other = NOTE.replace(b"\x3c", b"\x3e")
    data = raw_midi(NOTE + END, layout=2).replace(b"\x00\x01\x01\xe0", b"\x00\x02\x01\xe0")
    data += raw_midi(other + END)[14:]
    first, second = (read_midi_bytes(data, song=song) for song in (1, 2))
    assert [piece.parts[0].notes[0].pitch for piece in (first, second)] == [60, 62]
    assert "song 1 of the 2" in first.remarks[-1]
    with pytest.raises(ScoreFileError, match="songs 1 to 2"):
        read_midi_bytes(data, song=3)


@pytest.mark.parametrize(
    "raw, text",
    [
        ("Flöte".encode(), "Flöte"),
        ("ピアノ".encode("cp932"), "ピアノ"),
        ("Фортепиано".encode("cp1251"), "Фортепиано"),
        ("Flûte à bec".encode("latin-1"), "Flûte à bec"),
        (b"Piano", "Piano"),
    ],
)
def test_names_are_read_in_the_encodings_of_old_programs(raw, text):
    data = raw_midi(b"\x00\xff\x03" + bytes((len(raw),)) + raw + NOTE + END)
    assert read_midi_bytes(data).parts[0].name in (text, "")
    assert decode_text(raw) == text


def test_controls_bends_and_programs_keep_their_times():
    events = (
        b"\x00\xc0\x05\x00\xb0\x40\x7f\x00\xe0\x00\x60" + NOTE + b"\x00\xb0\x40\x00\x00\xc0\x06"
    )
    part = read_midi_bytes(raw_midi(events + NOTE + END)).parts[0]
    assert (part.instrument.program, part.channel) == (5, 0)
    assert part.controls == (
        Control(Fraction(0), 64, 127),
        Control(Fraction(0), BEND, 4096),
        Control(Fraction(1), 64, 0),
        Control(Fraction(1), PROGRAM, 6),
    )


def test_syllables_stand_at_their_notes():
    lyric = b"\x00\xff\x05\x02la"
    piece = read_midi_bytes(raw_midi(lyric + NOTE + NOTE + END))
    assert [note.marks and note.marks.lyrics for note in piece.parts[0].notes] == [
        (Lyric("la"),),
        None,
    ]


@pytest.mark.parametrize("bpm, read_bpm", [(20, 20), (133, 133), (2, 5), (900, 500)])
def test_the_tempo_is_read_and_drawn_into_its_range(bpm, read_bpm):
    data = raw_midi(tempo(min(60_000_000 // bpm, 2**24 - 1)) + NOTE + END)
    assert read_midi_bytes(data).tempo_bpm == pytest.approx(read_bpm, rel=1e-3)


def test_names_lose_their_control_codes_and_their_length():
    piece = read_midi_bytes(score_bytes(SCALE, name="\x1b[31m‮<b>" + 200 * "x"), title="a\nb\0c")
    assert piece.title == "a b c"
    assert piece.parts[0].name.isprintable() and len(piece.parts[0].name) <= 60


@pytest.mark.parametrize("name", HOSTILE_FILES)
def test_a_hostile_file_is_refused_in_a_sentence_or_read_as_a_small_piece(name):
    try:
        piece = read_midi_bytes(HOSTILE_FILES[name])
    except ScoreFileError as refusal:
        assert str(refusal).isprintable() and 20 < len(str(refusal)) < 160
    else:
        assert 0 < piece.n_bars == len(piece.bars) <= midi.MAX_BARS


@pytest.mark.parametrize(
    "name, word",
    [
        ("text", "no MIDI file"),
        ("division zero", "ticks"),
        ("no events", "no notes"),
        ("beginnings without ends", "no notes"),
        ("notes without length", "no notes"),
        ("a hundred days of rest", "bars"),
    ],
)
def test_the_refusal_names_what_is_wrong(name, word):
    with pytest.raises(ScoreFileError, match=word):
        read_midi_bytes(HOSTILE_FILES[name])


def sounds(piece):
    return any(part.notes for part in (*piece.parts, *piece.percussion))


@given(st.binary(max_size=300))
def test_noise_behind_a_good_header_is_refused_or_read(noise):
    try:
        assert sounds(read_midi_bytes(raw_midi(noise + END)))
    except ScoreFileError as refusal:
        assert str(refusal)


@given(st.randoms(use_true_random=False))
def test_a_file_with_flipped_bytes_is_refused_or_read(rng: random.Random):
    data = bytearray(score_bytes(SCALE, SCALE, meters=[(0, 3, 4)], key=(1, 0), bpm=100, name="a"))
    for _ in range(rng.randint(1, 3)):
        data[rng.randrange(14, len(data))] = rng.randrange(256)
    try:
        assert sounds(read_midi_bytes(bytes(data)))
    except ScoreFileError as refusal:
        assert str(refusal)


def test_more_parts_than_fit_are_refused():
    with pytest.raises(ScoreFileError, match="65 parts"):
        read_midi_bytes(score_bytes(*[SCALE] * 65))


@pytest.mark.parametrize("limit, word", [("MAX_NOTES", "notes"), ("MAX_FILE_BYTES", "larger")])
def test_more_than_the_limits_is_refused(limit, word, monkeypatch):
    monkeypatch.setattr(midi.events, limit, 4)
    with pytest.raises(ScoreFileError, match=word):
        read_midi_bytes(score_bytes(SCALE))


def test_a_file_gives_its_piece_its_name(tmp_path):
    path = tmp_path / "minuet.mid"
    path.write_bytes(score_bytes(SCALE))
    assert read_midi(path).title == "minuet"


def test_what_is_no_file_is_refused_without_its_folder(tmp_path):
    for path in (tmp_path, tmp_path / "none.mid", tmp_path / "a\0b.mid"):
        with pytest.raises(ScoreFileError) as refusal:
            read_midi(path)
        assert str(tmp_path.parent) not in str(refusal.value)
