from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.corpus import midi, read_midi, read_midi_bytes
from composer.errors import ScoreFileError
from composer.theory import KEYS, Key, Meter, estimate_key
from tests.corpus.files import END, HOSTILE_FILES, NOTE, SCALE, raw_midi, score_bytes, tempo

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
def test_bars_reach_to_the_end_of_the_last_note_and_no_further(notes):
    piece = read_midi_bytes(score_bytes(notes))
    assert piece.bars[-1].onset_beats < piece.end_of_notes_beats <= piece.length_beats


@given(st.lists(st.tuples(st.integers(0, 4_000), st.sampled_from(METERS)), max_size=6))
def test_any_meters_either_lie_on_bar_lines_or_are_refused_in_a_sentence(written):
    meters = [(60 * place, *meter) for place, meter in written]
    data = score_bytes([(0, 480 * 600, 60, 80)], meters=meters)
    try:
        piece = read_midi_bytes(data)
    except ScoreFileError as refusal:
        assert "time signature" in str(refusal) or "bars" in str(refusal)
    else:
        starts = {bar.onset_beats for bar in piece.bars}
        assert all(change.onset_beats in starts for change in piece.meters)


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


def test_percussion_is_left_out():
    both = read_midi_bytes(raw_midi(NOTE + b"\x00\x99\x3c\x50\x83\x60\x89\x3c\x40" + END))
    assert [part.instrument.name for part in both.parts] == ["piano"]


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
        ("RIFF", "RIFF"),
        ("SMPTE", "SMPTE"),
        ("division zero", "ticks"),
        ("format 2", "format 2"),
        ("no events", "no notes"),
        ("beginnings without ends", "no notes"),
        ("notes without length", "no notes"),
        ("percussion", "percussion"),
        ("numerator zero", "0/4"),
        ("denominator 2 to the 255th", "time signature"),
        ("tempo zero", "tempo"),
        ("a hundred days of rest", "bars"),
    ],
)
def test_the_refusal_names_what_is_wrong(name, word):
    with pytest.raises(ScoreFileError, match=word):
        read_midi_bytes(HOSTILE_FILES[name])


@given(st.binary(max_size=300))
def test_noise_behind_a_good_header_is_refused_or_read(noise):
    try:
        assert read_midi_bytes(raw_midi(noise + END)).n_notes > 0
    except ScoreFileError as refusal:
        assert str(refusal)


@given(st.randoms(use_true_random=False))
def test_a_file_with_flipped_bytes_is_refused_or_read(rng: random.Random):
    data = bytearray(score_bytes(SCALE, SCALE, meters=[(0, 3, 4)], key=(1, 0), bpm=100, name="a"))
    for _ in range(rng.randint(1, 3)):
        data[rng.randrange(14, len(data))] = rng.randrange(256)
    try:
        assert read_midi_bytes(bytes(data)).n_notes > 0
    except ScoreFileError as refusal:
        assert str(refusal)


def test_more_parts_than_fit_are_refused():
    with pytest.raises(ScoreFileError, match="17 parts"):
        read_midi_bytes(score_bytes(*[SCALE] * 17))


@pytest.mark.parametrize("limit, word", [("MAX_NOTES", "notes"), ("MAX_FILE_BYTES", "larger")])
def test_more_than_the_limits_is_refused(limit, word, monkeypatch):
    monkeypatch.setattr(midi, limit, 4)
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
