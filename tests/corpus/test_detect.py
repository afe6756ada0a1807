from __future__ import annotations

import pytest

from composer.corpus import read_midi_bytes
from composer.corpus.detect import FORM_WORDS, ensemble_of_piece, form_of_name, split_of_path
from composer.corpus.general_midi import GENERAL_MIDI_NAMES, programs_to_instruments
from composer.theory import ENSEMBLES, INSTRUMENTS
from tests.corpus.files import SCALE, score_bytes


@pytest.mark.parametrize("form", FORM_WORDS)
def test_a_name_that_says_its_form_is_believed(form):
    assert form_of_name(f"{form.title()}_no-3") == form


@pytest.mark.parametrize(
    "name, form",
    [
        ("Op. 27 No. 2", "piece"),
        ("dragonfly", "piece"),
        ("Valse_triste", "waltz"),
        ("trio-sonata-1", "trio sonata"),
    ],
)
def test_only_whole_words_name_a_form(name, form):
    assert form_of_name(name) == form


@pytest.mark.parametrize(
    "programs, ensemble",
    [
        ([0, 0], "keyboard"),
        ([6], "keyboard"),
        ([52] * 4, "choir"),
        ([53, 0, 0], "voice and piano"),
        ([40, 40, 41, 42], "string quartet"),
        ([40, 40, 42, 6], "ensemble"),
        ([73, 68], "ensemble"),
    ],
)
def test_programs_tell_the_ensemble(programs, ensemble):
    piece = read_midi_bytes(score_bytes(*[SCALE] * len(programs), programs=programs))
    assert ensemble_of_piece(piece) == ensemble
    assert ensemble in ENSEMBLES


def test_about_one_path_in_twenty_five_is_kept_for_validation():
    splits = [split_of_path(f"Bach/{number}.mid") for number in range(5_000)]
    assert set(splits) == {"train", "valid"}
    assert 120 < splits.count("valid") < 280


def test_the_split_of_a_path_never_moves():
    assert [n for n in range(60) if split_of_path(f"Bach/{n}.mid") == "valid"] == [0, 32]


@pytest.mark.parametrize("program", range(128))
def test_every_program_has_an_instrument_with_a_name(program):
    (instrument,) = programs_to_instruments([program])
    assert instrument.program == program and instrument.name
    known = {one.program for one in INSTRUMENTS.values()}
    assert program in known or instrument.name == GENERAL_MIDI_NAMES[program]
