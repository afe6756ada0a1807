"""One judge of all takes: what will do, and why the rest will not."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from composer.cells import cells_of, clear
from composer.composition import Ranked, Rejected
from composer.engines import Take
from composer.novelty import NoveltyIndex, build_index
from composer.piece import Note, Piece
from composer.pipeline.chain import Chain
from composer.pipeline.judge import Alone, Behind, Judge, Standing, Within, find_twins
from composer.scoring import Standards, Surprise
from composer.stitching import silent, trim
from composer.theory import Key
from tests.test_novelty import piece_of, tune


def judge_of(standing: Standing, index: NoveltyIndex | None = None) -> Judge:
    return Judge(standing, Standards.general(), index)


def judged(
    music: Piece | None, standing: Standing, index: NoveltyIndex | None = None
) -> Ranked | Rejected:
    return judge_of(standing, index).judge(Take(index=3, music=music))


def without_part(piece: Piece, part: int) -> Piece:
    parts = [replace(one, notes=()) if n == part else one for n, one in enumerate(piece.parts)]
    return replace(piece, parts=tuple(parts))


def test_a_take_becomes_a_candidate_with_what_its_engine_said(chorale: Piece) -> None:
    take = Take(
        index=5, music=chorale, surprise=Surprise(nats_per_note=2.0), record={"mine": [1, 2]}
    )
    found = judge_of(Alone(tempo_bpm=66.0)).judge(take)
    assert isinstance(found, Ranked)
    assert (found.index, found.nats_per_note, found.record) == (5, 2.0, {"mine": [1, 2]})
    assert found.piece == replace(chorale, tempo_bpm=66.0)


def test_an_engine_that_cannot_tell_leaves_the_surprise_open(chorale: Piece) -> None:
    found = judged(chorale, Alone())
    assert isinstance(found, Ranked)
    assert found.nats_per_note is None


def test_what_is_no_music_keeps_its_reason() -> None:
    take = Take(index=5, music=None, reason="it was given up", given_up_after_bar=4)
    assert judge_of(Alone()).judge(take) == Rejected(5, "it was given up", given_up_after_bar=4)


def test_of_twins_the_one_with_the_lowest_number_stays_whenever_it_came(
    chorale: Piece, keyboard_piece: Piece
) -> None:
    faster = replace(chorale, tempo_bpm=100.0, title="Another")
    found = find_twins({7: chorale, 4: keyboard_piece, 2: faster, 5: chorale})
    reason = "it is the same as candidate 3"
    assert found == (Rejected(5, reason), Rejected(7, reason))
    assert find_twins({1: chorale, 0: keyboard_piece}) == ()


def test_a_piece_that_differs_in_a_few_notes_is_a_twin_too(chorale: Piece) -> None:
    def changed(n_notes: int) -> Piece:
        soprano = chorale.parts[0]
        notes = tuple(
            replace(note, pitch=note.pitch + 1) if k < n_notes else note
            for k, note in enumerate(soprano.notes)
        )
        return replace(chorale, parts=(replace(soprano, notes=notes), *chorale.parts[1:]))

    share = 1 / chorale.n_notes
    near, far = changed(int(0.09 / share)), changed(int(0.12 / share) + 1)
    reason = "it is almost the same as candidate 1"
    assert find_twins({0: chorale, 1: near, 2: far}) == (Rejected(1, reason),)


def test_music_without_a_note_is_rejected_wherever_it_stands(chorale: Piece) -> None:
    nothing = Rejected(3, "nothing was written")
    assert judged(silent(chorale), Alone()) == nothing
    chain = Chain.of(chorale, chorale.n_bars, "choir")
    assert judged(silent(chorale), Behind(chain, chorale.key, True, "chorale")) == nothing
    blank = clear(chorale, cells_of(chorale, 3, 4))
    assert judged(blank.piece, Within(blank, chorale, "chorale")) == nothing


def test_a_part_that_was_to_be_written_and_never_sounds_is_a_reason(chorale: Piece) -> None:
    reason = Rejected(3, "part 3 is silent throughout")
    assert judged(without_part(chorale, 2), Alone()) == reason
    players = Chain.of(silent(chorale), 0, "choir")
    behind_nothing = Behind(players, chorale.key, False, "chorale")
    assert judged(without_part(trim(chorale, 1, 4), 2), behind_nothing) == reason
    given = clear(without_part(chorale, 2), cells_of(chorale, 1, 8, [1, 2]))
    within = Within(given, chorale, "chorale")
    filled = given.filled((1, note) for note in chorale.parts[1].notes)
    assert judged(filled, within) == reason


def test_a_part_that_rests_in_what_a_person_brought_may_rest_on(chorale: Piece) -> None:
    chain = Chain.of(without_part(chorale, 2), chorale.n_bars, "choir")
    behind = Behind(chain, chorale.key, False, "chorale")
    assert isinstance(judged(without_part(trim(chorale, 1, 4), 2), behind), Ranked)


def test_what_stood_there_before_is_no_candidate(chorale: Piece) -> None:
    blank = clear(chorale, cells_of(chorale, 3, 4))
    again = blank.filled(
        (part, note)
        for part, line in enumerate(chorale.parts)
        for note in line.notes
        if 8 <= note.onset_beats < 16
    )
    found = judged(again, Within(blank, chorale, "chorale"))
    assert found == Rejected(3, "it is what stood there before")


def test_a_copy_of_a_piece_that_the_engine_learned_from_is_rejected_wherever_it_stands() -> None:
    known = piece_of(tune(1), tune(2, low=40))
    index = build_index([("Bach: Invention", known)])
    copy = replace(known.transposed(2), key=Key("D", "major"))
    chain = Chain.of(piece_of(tune(5), tune(6, low=40)), 2, "keyboard")
    blank = clear(without_part(copy, 0), cells_of(copy, copy.bar_numbers[0], copy.n_bars, [0]))
    filled = blank.filled((0, note) for note in copy.parts[0].notes)
    standings: list[tuple[Piece, Standing]] = [
        (copy, Alone()),
        (copy, Behind(chain, copy.key, True, "")),
        (filled, Within(blank, without_part(copy, 0), "")),
    ]
    for music, standing in standings:
        found = judged(music, standing, index)
        assert isinstance(found, Rejected)
        assert re.fullmatch(r"it copies \d+ notes in a row of Bach: Invention", found.reason)
        assert isinstance(judged(music, standing), Ranked)  # an engine that learned from nothing
    assert isinstance(judged(piece_of(tune(3)), Alone(), index), Ranked)


def test_twins_are_told_by_what_is_new(chorale: Piece) -> None:
    """Fillings share all that was given; they are twins only if they wrote the same."""
    blank = clear(chorale, cells_of(chorale, 3, 3, [3]))
    judge = judge_of(Within(blank, chorale, "chorale"))
    for index, pitch in enumerate((43, 47, 43)):
        music = blank.filled([(3, Note(Fraction(8), pitch, Fraction(4)))])
        assert isinstance(judge.judge(Take(index=index, music=music)), Ranked)
    assert judge.twins([0, 1, 2]) == (Rejected(2, "it is the same as candidate 1"),)
