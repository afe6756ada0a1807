"""One filling: candidates drawn into a blank, judged with the bars around and both seams."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from composer.candidates import Rejected
from composer.composition import Composition, Ranked
from composer.engines import Draft, Engine, Step, surprise_of_draft
from composer.engines.base import Filling
from composer.engines.menu import check_meter
from composer.errors import ComposerError, RequestError, TokenError
from composer.piece import Part, Piece
from composer.pipeline.chain import range_of
from composer.pipeline.judging import Progress, Work, bars_before, of_new_bars, versions_of
from composer.request import Request
from composer.scorecard import Score, Scorecard
from composer.scoring import Bands, Surprise, load_bands, score, with_likelihood
from composer.scoring.seams import score_seam, with_seam
from composer.scoring.texture import Texture, build_texture
from composer.stitching import trim
from composer.tokenizer import Conditions, vocab
from composer.tokenizer.filling import Blank, fill

# Candidates are judged by what was filled and so many bars around it, by the opening at a seam.
AROUND_BARS = 4
OPENING_BARS = 2


@dataclass(frozen=True)
class Filled(Composition):
    """What came of a filling: whole pieces that differ in their new notes.

    Args:
        blank: What stays, and what was open.
    """

    blank: Blank

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values: those of a composition, and what stays; `replay` reads them."""
        filling = {
            "given": self.blank.piece.to_dict(),
            "first_bar": self.blank.first + 1,  # its place, whatever number is printed there
            "cuts": [[part, pitch, str(at)] for part, pitch, at in sorted(self.blank.cuts)],
        }
        return {**super().to_dict(), "filling": filling}


Steps = Iterator[Progress | Filled]


@dataclass(frozen=True)
class Filler:
    """An engine at work on one blank.

    Args:
        engine: What draws.
        request: How many candidates, how ids are chosen, the seed.
        wishes: Of the whole piece.
        blank: What stays, and what is open.
        lines: Which parts sound one note at a time.
        source: The piece as it was.
    """

    engine: Engine
    request: Request
    wishes: Conditions
    blank: Blank
    lines: list[bool]
    source: Piece

    def steps(self, should_stop: Callable[[], bool]) -> Steps:
        """Draw, judge and rank the candidates."""
        self._check()
        wholes: dict[int, Piece] = {}
        bands = with_likelihood(load_bands(), self.engine.likelihood_bands)
        judge = _Judge(self.blank, self.source, self.wishes.form or "", bands, wholes)
        work = Work(self.request.candidates, judge)
        stopped = False
        for step in self._draw():
            work.take(step.drafts)
            yield work.progress(step.share)
            if should_stop():
                stopped = True
                break
        ranked, rejected = work.conclude(stopped)
        yield Filled.of(  # type: ignore[misc]  # of its own class
            self.request,
            [replace(one, piece=wholes[one.index]) for one in ranked],
            rejected=rejected,
            elapsed_s=work.elapsed_s,
            stopped=stopped,
            versions=versions_of(self.engine),
            blank=self.blank,
        )

    def _check(self) -> None:
        """Refuse pieces that events cannot write."""
        abilities = self.engine.capabilities
        if not (abilities.infill and abilities.harmonise):
            raise RequestError("this engine composes whole pieces only; choose one that can fill")
        n_parts = len(self.blank.piece.parts)
        if n_parts > vocab.MAX_PARTS:
            raise RequestError(
                f"a piece may have {vocab.MAX_PARTS} parts at most, this one has {n_parts}; "
                "leave some out"
            )
        for change in self.blank.piece.meters:
            check_meter(change.meter)

    def _draw(self) -> Iterator[Step]:
        try:
            yield from self.engine.draw_filling(
                Filling(
                    request=self.request,
                    wishes=self.wishes,
                    blank=self.blank,
                    ranges=[_range(part, self.source.key.shift) for part in self.blank.piece.parts],
                    lines=self.lines,
                )
            )
        except TokenError as error:
            what = str(error).rsplit(" (event", 1)[0]
            raise RequestError(f"the piece cannot be filled: {what}") from error


def _range(part: Part, shift: int) -> tuple[int, int]:
    """Return the pitches of a part with the tonic on C, such that they are pitches in any key."""
    low, high = range_of(part)
    least, most = max(0, -shift), min(127, 127 - shift)
    return min(max(low - shift, least), most), max(min(high - shift, most), least)


@dataclass(frozen=True)
class _Judge:
    """Reads and scores drafts of a filling; see `judging.Judge`.

    Its candidates hold the new notes alone, because twins are told by those; whole pieces are
    kept in `wholes` by number.
    """

    blank: Blank
    source: Piece
    form: str
    bands: Bands
    wholes: dict[int, Piece]

    def __call__(self, drafts: Iterable[Draft]) -> Iterator[Ranked | Rejected]:
        """Yield a scored candidate, or a rejection with its reason, for every draft."""
        for draft in drafts:
            yield self._judge(draft)

    def _judge(self, draft: Draft) -> Ranked | Rejected:
        if not draft.is_complete:
            return Rejected(draft.index, "it did not come to an end")
        try:
            whole = fill(self.blank.piece, self.blank.first, draft.events, self.blank.cuts)
            new = fill(_silenced(self.blank.piece), self.blank.first, draft.events)
        except ComposerError as error:
            return Rejected(draft.index, str(error))
        if not new.n_notes:
            return Rejected(draft.index, "nothing was written")
        if whole.parts == self.source.parts:
            return Rejected(draft.index, "it is what stood there before")
        silent = [index for index in self.blank.parts if not whole.parts[index].notes]
        if silent:
            return Rejected(draft.index, f"part {silent[0] + 1} is silent throughout")
        self.wholes[draft.index] = whole
        card = self._score(whole, surprise_of_draft(draft))
        return Ranked(0, draft.index, new, card, draft.nats_per_note, draft)

    def _score(self, whole: Piece, surprise: Surprise) -> Scorecard:
        """Score what was filled with the bars around it, and both seams."""
        first, last = self.blank.first, self.blank.last
        begin, end = max(0, first - AROUND_BARS), min(whole.n_bars, last + AROUND_BARS)
        heard = trim(whole, begin + 1, end)
        surprise = of_new_bars(surprise, first - begin, heard)
        card = score(heard, form=self.form, surprise=surprise, bands=self.bands)
        if (first, last) == (0, whole.n_bars):
            return card
        opening = build_texture(trim(whole, 1, min(OPENING_BARS, whole.n_bars)))
        seams = _seams(build_texture(heard), first - begin, last - begin, opening, self.form)
        return with_seam(
            card,
            seams,
            form=self.form,
            closes=end == whole.n_bars,
            bars_before=bars_before(whole, begin, heard),
            beats_before=whole.bars[begin].onset_beats,
        )


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


def _silenced(piece: Piece) -> Piece:
    """Return a piece without its notes."""
    return replace(piece, parts=tuple(replace(part, notes=()) for part in piece.parts))
