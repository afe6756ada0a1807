"""`Song` -> REMIGEN words, moved to C major or A minor where asked. Knows no file."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from composer.remigen.song import Song, SongNote
from composer.remigen.words import DRUMS, END_OF_BAR, SIGNATURE_IDS, check_variant

_MAJOR = frozenset((0, 2, 4, 5, 7, 9, 11))


def encode(song: Song, variant: str = "REMIGEN") -> list[str]:
    """Return the words of a song.

    Tempos are said where there is a place for them: in REMIGEN at the next note, in REMIGEN2 at the
    next bar.

    Args:
        song: Any.
        variant: One of `VARIANTS`.

    Raises:
        OptionError: If there is no such variant.
    """
    check_variant(variant)
    by_bar: list[list[SongNote]] = [[] for _ in song.signatures]
    for note in song.notes:
        by_bar[note.bar].append(note)
    words: list[str] = []
    for bar, notes in enumerate(by_bar):
        words.append(f"s-{SIGNATURE_IDS[song.signatures[bar]]}")
        if variant == "REMIGEN2":
            words.append(_tempo_at(song, bar, 0))
        for onset, together in groupby(notes, key=lambda note: note.onset_twelfths):
            words.append(f"o-{onset}")
            if variant == "REMIGEN":
                words.append(_tempo_at(song, bar, onset))
            words.extend(chord_words(together))
        words.append(END_OF_BAR)
    return words


def _tempo_at(song: Song, bar: int, onset_twelfths: int) -> str:
    """Return the tempo's word at a place."""
    later = bisect_right(
        song.tempos, (bar, onset_twelfths), key=lambda mark: (mark.bar, mark.onset_twelfths)
    )
    return f"t-{song.tempos[later - 1].tempo}"


def chord_words(notes: Iterable[SongNote], said: int | None = None) -> Iterator[str]:
    """Yield the words of notes that begin together.

    Args:
        notes: In their order.
        said: The program that was said for them already; None if none was.
    """
    for program, ours in groupby(notes, key=lambda note: note.program):
        if program != said:
            yield f"i-{program}"
        for note in ours:
            yield f"p-{note.pitch + (DRUMS if program == DRUMS else 0)}"
            yield f"d-{note.length}"
            yield f"v-{note.velocity}"


def normalised(song: Song) -> Song:
    """Return the song transposed to C major or A minor, percussion left alone.

    The scale is the one with most of the notes, however long they are, and the mode follows the
    more frequent of both tonics. Octaves keep all pitches between 0 and 127.
    """
    pitches = [note.pitch for note in song.notes if note.program != DRUMS]
    return song.transposed(_shift(pitches)) if pitches else song


def _shift(pitches: Sequence[int]) -> int:
    counts = [0] * 12
    for pitch in pitches:
        counts[pitch % 12] += 1
    shares = [count / len(pitches) for count in counts]
    total = _sum_in_eight(shares)
    shares = [share / total for share in shares]
    fits = [_fit(shares, tonic) for tonic in range(12)]
    # Keys 0 to 11 are major, 12 to 23 the minor ones on the same notes as another major.
    keys = [key for key in range(24) if fits[key if key < 12 else (key + 3) % 12] == max(fits)]
    first, second = keys[:2]
    key = second if shares[first] < shares[second % 12] else first
    shift = -key if key < 12 else 21 - key
    while shift + min(pitches) < 0:
        shift += 12
    while shift + max(pitches) > 127:
        shift -= 12
    return shift if shift + min(pitches) >= 0 else 0


def _fit(shares: Sequence[float], tonic: int) -> float:
    """Return how much of the notes lies in a major scale, less how much does not.

    Scales often tie, and then the last bit decides. Sums are therefore taken in the order of the
    tool whose words these are: here in four lanes that are added crosswise, above in eight.
    """
    lanes = [0.0] * 4
    for pitch_class, share in enumerate(shares):
        is_inside = (pitch_class - tonic) % 12 in _MAJOR
        lanes[pitch_class % 4] += share if is_inside else -share
    return (lanes[0] + lanes[2]) + (lanes[1] + lanes[3])


def _sum_in_eight(shares: Sequence[float]) -> float:
    a, b, c, d, e, f, g, h = shares[:8]
    total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for share in shares[8:]:
        total += share
    return total
