"""One judge of all takes: which of them are music that will do, and how good they are.

Whatever was asked for, a take is rejected when it did not come to its end, has no note, leaves a
part silent that was to be written, is what stood there before, or copies a piece that the engine
learned from; of two that say nearly the same one is enough. What differs is where new music
stands, and so what it is heard with:

    Alone     a whole piece
    Behind    bars behind others: heard with the bar before them, and with the seam
    Within    open cells of a piece: heard with four bars on both sides, and with both seams
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from composer.cells import Blank
from composer.composition import Ranked, Rejected
from composer.engines import Engine, Take
from composer.novelty import NoveltyIndex, Shared, longest_shared_run
from composer.piece import Piece
from composer.pipeline.chain import Chain
from composer.rendering import shape_loudness, suggested_tempo_bpm
from composer.scorecard import Score, Scorecard
from composer.scoring import Standards, Surprise, score
from composer.scoring.seams import score_seam, with_seam
from composer.scoring.texture import Texture, build_texture
from composer.stitching import clip, join, trim
from composer.theory import Key

# Of two pieces that share more of their notes than this, one is enough.
TWIN_SHARE = 0.9
# What is filled is judged with so many bars around it, and by the opening at a seam.
AROUND_BARS = 4
OPENING_BARS = 2
NOTHING = "nothing was written"


class Standing(Protocol):
    """Where new music stands in a piece."""

    def whole(self, music: Piece) -> Piece:
        """Return a take's music as it is shown."""

    def new(self, music: Piece) -> Piece:
        """Return the notes of a take that are new."""

    def fault(self, music: Piece) -> str:
        """Say why music will not do here, copies aside; nothing if it will."""

    def score(self, music: Piece, surprise: Surprise | None, standards: Standards) -> Scorecard:
        """Score a take, heard with what stands around it."""


@dataclass(frozen=True)
class Alone:
    """A whole piece.

    Args:
        tempo_bpm: In which it is played; the usual one of its form if None.
        loudness: As in a request; None leaves it to who plays.
    """

    tempo_bpm: float | None = None
    loudness: str | None = None

    def whole(self, music: Piece) -> Piece:
        """Return the piece at its tempo, with the dynamics that were asked for."""
        usual_bpm = suggested_tempo_bpm(music.form, music.meter)
        music = replace(music, tempo_bpm=self.tempo_bpm or usual_bpm)
        return shape_loudness(music, self.loudness) if self.loudness else music

    def new(self, music: Piece) -> Piece:
        """Return all of it."""
        return music

    def fault(self, music: Piece) -> str:
        """Every part has a note."""
        return NOTHING if not music.n_notes else _silence(music, range(len(music.parts)))

    def score(self, music: Piece, surprise: Surprise | None, standards: Standards) -> Scorecard:
        """Score the piece."""
        return score(music, surprise=surprise, standards=standards)


@dataclass(frozen=True)
class Behind:
    """Bars behind others.

    Args:
        chain: What is there.
        key: In which the new bars are written.
        closes: Whether the piece ends with them.
        form: Whose real pieces they are compared with.
    """

    chain: Chain
    key: Key
    closes: bool
    form: str

    def whole(self, music: Piece) -> Piece:
        """Return the new bars alone."""
        return music

    def new(self, music: Piece) -> Piece:
        """Return all of it."""
        return music

    def fault(self, music: Piece) -> str:
        """Something sounds, and every part of a piece that began here has had a note."""
        piece = self.chain.piece
        sounds_on = self.chain.n_bars > 0 and piece.end_of_notes_beats > piece.length_beats
        if not music.n_notes:  # notes from before may fill the new bars
            return "" if sounds_on else NOTHING
        if self.chain.is_given:
            return ""
        return _silence(music, [n for n, part in enumerate(piece.parts) if not part.notes])

    def score(self, music: Piece, surprise: Surprise | None, standards: Standards) -> Scorecard:
        """Score the new bars with the bar before them, and the seam between."""
        tail, n_tail = self.chain.tail()
        excerpt = replace(clip(join(tail, n_tail, music)), key=self.key)
        heard = trim(excerpt, max(1, n_tail), excerpt.n_bars)
        if surprise is not None and n_tail:
            surprise = of_new_bars(surprise, 1, heard)
        card = score(heard, form=self.form, surprise=surprise, standards=standards)
        opening = self.chain.opening
        n_before = max(0, self.chain.n_bars - 1)
        return with_seam(
            card,
            score_seam(build_texture(excerpt), n_tail, opening, form=self.form) if n_tail else (),
            form=self.form,
            closes=self.closes,
            bars_before=bars_before(self.chain.piece if n_tail else heard, n_before, heard),
            beats_before=self.chain.piece.bars[n_before].onset_beats,
            standards=standards,
        )


@dataclass(frozen=True)
class Within:
    """Open cells of a piece.

    Args:
        blank: What stays, and what is open.
        source: The piece as it was.
        form: Whose real pieces it is compared with.
    """

    blank: Blank
    source: Piece
    form: str

    def whole(self, music: Piece) -> Piece:
        """Return the whole piece; its bars keep their numbers, whatever its first bar became."""
        first = self.source.bar_numbers[0] + bool(music.pickup_beats)
        return replace(music, first_bar_number=first)

    def new(self, music: Piece) -> Piece:
        """Return what was written."""
        return self.blank.new_notes(music)

    def fault(self, music: Piece) -> str:
        """Something is new, and every open part has a note."""
        if not self.new(music).n_notes:
            return NOTHING
        if music.parts == self.source.parts:
            return "it is what stood there before"
        parts = self.blank.parts
        if self.blank.areas:  # which lie in all parts, and need no note of one that was silent
            parts = tuple(part for part in parts if self.source.parts[part].notes)
        return _silence(music, parts)

    def score(self, music: Piece, surprise: Surprise | None, standards: Standards) -> Scorecard:
        """Score what was filled with the bars around it, and both seams."""
        first, last = self.blank.first, self.blank.last
        begin, end = max(0, first - AROUND_BARS), min(music.n_bars, last + AROUND_BARS)
        heard = trim(music, begin + 1, end)
        if surprise is not None:
            surprise = of_new_bars(surprise, first - begin, heard)
        card = score(heard, form=self.form, surprise=surprise, standards=standards)
        if (first, last) == (0, music.n_bars):
            return card
        opening = build_texture(trim(music, 1, min(OPENING_BARS, music.n_bars)))
        return with_seam(
            card,
            _seams(build_texture(heard), first - begin, last - begin, opening, self.form),
            form=self.form,
            closes=end == music.n_bars,
            bars_before=bars_before(music, begin, heard),
            beats_before=music.bars[begin].onset_beats,
            standards=standards,
        )


@dataclass(frozen=True)
class Judge:
    """Judges takes.

    Args:
        standing: Where the new music stands.
        standards: What it is judged by.
        index: Pieces that it must not copy; None if there are none.
        written: The new notes of those that will do, by their numbers; twins are told by these.
    """

    standing: Standing
    standards: Standards
    index: NoveltyIndex | None = None
    written: dict[int, Piece] = field(default_factory=dict)

    @classmethod
    def of(cls, engine: Engine, standing: Standing) -> Judge:
        """Return the judge of an engine's takes."""
        return cls(standing, engine.standards, engine.index)

    def judge(self, take: Take) -> Ranked | Rejected:
        """Return a scored candidate, whose rank comes later, or why it is none."""
        music = take.piece
        if music is None:
            return Rejected(take.index, take.reason, take.given_up_after_bar)
        music = self.standing.whole(music)
        new = self.standing.new(music)
        if reason := self.standing.fault(music) or self._copied(new):
            return Rejected(take.index, reason)
        self.written[take.index] = new
        return Ranked(
            rank=0,
            index=take.index,
            piece=music,
            scorecard=self.standing.score(music, take.surprise, self.standards),
            nats_per_note=take.surprise.nats_per_note if take.surprise else None,
            record=take.record,
        )

    def _copied(self, new: Piece) -> str:
        """Say which piece new notes copy; nothing if they do not."""
        shared = longest_shared_run(new, self.index) if self.index else Shared()
        words = f"it copies {shared.notes} notes in a row of {shared.piece_name}"
        return words if shared.is_copy else ""

    def twins(self, indices: Iterable[int]) -> tuple[Rejected, ...]:
        """Return those that say the same, or nearly so, as one with a lower number."""
        return find_twins({index: self.written[index] for index in indices})


def find_twins(pieces: Mapping[int, Piece]) -> tuple[Rejected, ...]:
    """Return those that say the same, or nearly so, as one with a lower number that stays.

    Nearly the same are pieces that share more than `TWIN_SHARE` of the notes of the longer one, by
    part, onset and pitch.

    Args:
        pieces: By their numbers in the request.
    """
    kept: dict[int, frozenset[object]] = {}
    twins: list[Rejected] = []
    for index, piece in sorted(pieces.items()):
        notes = frozenset(
            # Whole numbers, because fractions take long to hash.
            (number, *note.onset_beats.as_integer_ratio(), note.pitch)
            for number, part in enumerate(piece.parts)
            for note in part.notes
        )
        twin = next((other for other, held in kept.items() if _are_alike(notes, held)), None)
        if twin is None:
            kept[index] = notes
            continue
        other = pieces[twin]
        is_same = (piece.parts, piece.meters) == (other.parts, other.meters)
        words = "the same as" if is_same else "almost the same as"
        twins.append(Rejected(index, f"it is {words} candidate {twin + 1}"))
    return tuple(twins)


def of_new_bars(surprise: Surprise, bars_before: int, heard: Piece) -> Surprise:
    """Return what the model said of new bars, placed where they stand among those that are heard.

    Args:
        surprise: Of the new bars alone.
        bars_before: Bars that are heard in front of them.
        heard: The new bars among others. Those have no surprise, so that none is the worst bar.
    """
    moved = surprise.later(bars_before, heard.bars[bars_before].onset_beats)
    return replace(moved, nats_per_bar=())


def bars_before(whole: Piece, index: int, heard: Piece) -> int:
    """Return what the bar numbers of an excerpt lack to those of the whole piece.

    Args:
        whole: Has the excerpt in it; or what lies before the excerpt.
        index: Of the bar that the excerpt begins with.
        heard: The excerpt; a rest at its beginning may look like an upbeat of its own.
    """
    return whole.bar_numbers[0] + index - heard.bar_numbers[0]


def _are_alike(one: frozenset[object], other: frozenset[object]) -> bool:
    longer = max(len(one), len(other))
    return min(len(one), len(other)) >= TWIN_SHARE * longer and (
        one == other or len(one & other) > TWIN_SHARE * longer
    )


def _silence(music: Piece, parts: Iterable[int]) -> str:
    """Say which of some parts has no note; nothing if all have."""
    silent = next((index for index in parts if not music.parts[index].notes), None)
    return "" if silent is None else f"part {silent + 1} is silent throughout"


def _seams(heard: Texture, first: int, last: int, opening: Texture, form: str) -> list[Score]:
    """Return what both seams of a filling score, at the bar lines before and behind it.

    Args:
        heard: What was filled, and the bars around it.
        first: Index of the first filled bar.
        last: Of the bar behind the last.
        opening: Of the whole piece.
        form: Whose band.
    """
    found: list[Score] = []
    for bar, name in ((first, "{}"), (last, "{}_behind")):
        if 0 < bar < heard.piece.n_bars:
            scores = score_seam(heard, bar, opening.bar_contents, form=form)
            found += [replace(one, name=name.format(one.name)) for one in scores]
    return found
