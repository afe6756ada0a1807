"""Kinds of what real scores hold are written to MusicXML, and read back from it.

Each stands for scores in which something was lost; what is shown here are the smallest examples.
"""

from __future__ import annotations

from fractions import Fraction
from xml.etree import ElementTree

import pytest

from composer.corpus import read_musicxml_bytes
from composer.piece import Lyric, Marking, Marks, MeterChange, Note, Part, Piece, Repeat
from composer.piece.marks import parse_written
from composer.rendering.musicxml import musicxml_bytes
from composer.theory import INSTRUMENTS, Key, Meter, pitch_name


def noted(onset: str, pitch: int, values: str, voice: int = 0, **facts: object) -> Note:
    """A note in the values that it is written in."""
    written = tuple(map(parse_written, values.split("+")))
    length = sum((one.beats for one in written), Fraction(0))
    marks = Marks(pitch_name(pitch)[:-1], written, voice, **facts)  # type: ignore[arg-type]
    return Note(Fraction(onset), pitch, length, marks=marks)


def flute(*notes: Note, markings: tuple[Marking, ...] = (), **facts: object) -> Piece:
    clef = Marking(Fraction(0), "clef", "G2")
    part = Part(INSTRUMENTS["flute"], tuple(sorted(notes)), markings=(clef, *markings))
    values: dict[str, object] = {"n_bars": 0, **facts}
    return Piece((part,), (MeterChange(Fraction(0), Meter(4, 4)),), Key("C", "major"), **values)  # type: ignore[arg-type]


def again(piece: Piece) -> Piece:
    return read_musicxml_bytes(musicxml_bytes(piece))


def slur(onset: str, end: str, voice: int = 0) -> Marking:
    return Marking(Fraction(onset), "slur", "", Fraction(end), voice)


WHOLES = (noted("0", 72, "whole"), noted("4", 74, "whole"), noted("8", 76, "whole"))
WITHIN = (noted("4", 74, "half.+quarter"), noted("8", 76, "whole"))

KINDS = {
    "chord symbols and hairpins between the notes": flute(
        *WHOLES,
        markings=(
            Marking(Fraction(1, 6), "dynamic", "p"),
            Marking(Fraction(5, 6), "words", "dolce"),
            Marking(Fraction(25, 6), "crescendo", "", Fraction(637, 128)),
        ),
    ),
    "hairpins that overlap": flute(
        *WHOLES,
        markings=(
            Marking(Fraction(0), "crescendo", "", Fraction(6)),
            Marking(Fraction(4), "diminuendo", "", Fraction(8)),
            Marking(Fraction(5), "crescendo", "", Fraction(9)),
        ),
    ),
    "a repeat within a bar": flute(
        WHOLES[0],
        *WITHIN,
        repeats=(Repeat(Fraction(7), "backward"), Repeat(Fraction(7), "forward")),
    ),
    "words before an upbeat": flute(
        noted("3", 72, "quarter"), *WHOLES[1:], markings=(Marking(Fraction(2), "words", "Andante"),)
    ),
    "a chord of which one note is tied": flute(
        noted("0", 72, "eighth+eighth", 1),
        noted("0", 76, "eighth", 1),
        noted("0", 60, "whole", 2),
        noted("1/2", 77, "eighth", 1),
        noted("1", 74, "half.", 1),
    ),
    "a slur into another voice": flute(
        noted("0", 76, "quarter", 1),
        noted("0", 72, "half", 2),
        noted("2", 71, "half", 2),
        noted("4", 72, "whole", 2),
        markings=(slur("0", "2", 1), slur("2", "4", 2)),
    ),
    "slurs of two voices in turn": flute(
        *(
            (
                *(noted(str(n), 76 + n % 2, "quarter", 1) for n in range(8)),
                *(noted(str(n), 60 + n % 2, "quarter", 2) for n in range(8)),
            )
        ),
        markings=(slur("1", "2", 2), slur("3", "4", 2), slur("5", "6", 1), slur("6", "7", 2)),
    ),
    "a unison of which one voice is sung": flute(
        noted("0", 72, "whole", 1, lyrics=(Lyric("la"),)),
        noted("0", 72, "whole", 2),
        noted("4", 74, "whole", 1),
        noted("4", 71, "whole", 2),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_real_scores_hold_comes_back(kind: str) -> None:
    piece = KINDS[kind]
    back = again(piece)
    assert [(n, n.marks) for n in back.parts[0].notes] == [
        (n, n.marks) for n in piece.parts[0].notes
    ]
    assert set(back.parts[0].markings) == set(piece.parts[0].markings)
    assert set(back.repeats) == set(piece.repeats)
    assert (back.meters, back.n_bars, back.bar_numbers) == (
        piece.meters,
        piece.n_bars,
        piece.bar_numbers,
    )


def test_a_repeat_within_a_bar_cuts_it_in_two_measures() -> None:
    root = ElementTree.fromstring(musicxml_bytes(KINDS["a repeat within a bar"]))
    numbers = [(one.get("number"), one.get("implicit")) for one in root.iter("measure")]
    assert numbers == [("1", "no"), ("2", "no"), ("2X1", "yes"), ("3", "no")]


def test_rests_beside_odd_times_are_cut_exactly() -> None:
    piece = flute(noted("3/320", 72, "16th"), n_bars=1)
    assert again(piece).parts[0].notes[0].onset_beats == Fraction(3, 320)
