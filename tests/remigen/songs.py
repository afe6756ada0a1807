"""Random music on the grid of REMIGEN."""

from __future__ import annotations

from hypothesis import strategies as st

from composer.remigen import Song, SongNote, TempoMark
from composer.remigen.words import DRUMS, SIGNATURES, bar_twelfths

SOUNDING = [signature for signature in SIGNATURES if bar_twelfths(signature)]


@st.composite
def songs(draw: st.DrawFn) -> Song:
    """A song whose tempos change where a note begins or a bar, as words can say it."""
    signatures = draw(st.lists(st.sampled_from(SOUNDING), min_size=1, max_size=5))
    notes = []
    for bar, signature in enumerate(signatures):
        onsets = st.integers(0, bar_twelfths(signature) - 1)
        for onset in draw(st.lists(onsets, max_size=4)):
            program = draw(st.sampled_from([0, 25, 127, DRUMS]))
            pitch, length = draw(st.integers(0, 127)), draw(st.integers(1, 95))
            notes.append(SongNote(bar, onset, program, pitch, length, draw(st.integers(0, 31))))
    first = TempoMark(0, 0, draw(st.integers(0, 48)))
    begin = min((note.bar for note in notes), default=0)
    struck = sorted({note.bar for note in notes if not note.onset_twelfths and note.bar > begin})
    later = [TempoMark(bar, 0, draw(st.integers(0, 48))) for bar in struck[:2]]
    return Song.of(signatures, notes, [first, *later] if notes else [])
