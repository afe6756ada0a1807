"""The engine of models that write events: asks -> drawings -> groups of draws -> takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from composer import places
from composer.decoding import Leaning, Runtime, open_runtime
from composer.engines.base import (
    Ask,
    Compose,
    Continue,
    Engine,
    Fill,
    Material,
    Play,
    Record,
    Sound,
    Step,
)
from composer.engines.capabilities import Capabilities
from composer.engines.companions import Companions
from composer.engines.events.chord_tones import ChordTones
from composer.engines.events.continuing import Continuing, bars_of, continuing_drawing
from composer.engines.events.drawing import MAX_ROWS_PER_BAR, Drawing, draw_groups, slide
from composer.engines.events.filling import filling_drawing
from composer.engines.events.fugues import (
    FORM,
    RANGES,
    FugueEntries,
    fugue_plan,
    with_voices,
)
from composer.engines.events.leanings import Beats, Closing, Entries, Together
from composer.engines.events.levels import Levels
from composer.engines.events.part_writing import PartWriting, parallel_costs
from composer.engines.events.pruning import half_pruning
from composer.engines.events.reading import read_pieces
from composer.engines.events.returns import Returns
from composer.engines.events.takes import (
    Reader,
    conditions_of_record,
    conditions_to_record,
    read_chunk,
    read_filling,
    read_rows,
)
from composer.engines.events.third_copies import ThirdCopies
from composer.engines.menu import MenuEntry, check_menu, decide
from composer.engines.playing import play
from composer.engines.suggestions import read_suggestions
from composer.errors import CheckpointError, RequestError, TokenError
from composer.models import Checkpoint, load_checkpoint
from composer.novelty import NoveltyIndex
from composer.piece import Piece
from composer.request import Request
from composer.scoring import Standards, Surprise
from composer.theory import MONOPHONIC_ENSEMBLES, Meter, parse_meter, usual_parts
from composer.tokenizer import (
    Vocabulary,
    conditions_of_request,
    decode_bars,
    encode_conditions,
    vocab,
)
from composer.tokenizer.bar_layouts import NEW, Layout
from composer.tokenizer.conditions import Conditions, meter_id, part_ranges
from composer.tokenizer.layout_rows import layout_of_text, layout_to_text
from composer.tokenizer.layout_table import (
    LayoutTable,
    longest_layout,
    sample_layout,
    section_materials,
)
from composer.tokenizer.masks import Frame, Grammar

MIN_WINDOW = 32  # rows; half of them hold the conditions and some music
DEFAULT_WINDOW = 512  # rows, where a checkpoint does not say what it was trained on
# Rows that each candidate of a whole piece looks back at, at most. Its own rows nobody shares, so a
# step takes longer with every one of them: at 2,048 a bar of 256 costs three times a bar of 16
# (docs/log.md). Where candidates go on from the same bars these are shared, and the whole
# window is used.
COMPOSING_ROWS = 512
READING_ROWS = 1_024  # likewise where a piece is read; 2,048 gain 0.4 to 3.5 % more


class EventEngine(Engine):
    """Composes with a checkpoint of a model of events.

    Args:
        checkpoint: Loaded and checked.
        runtime: Runs it; what the environment names by default.
        device: Where, if no runtime is given.
        folder: Of the checkpoint, with what belongs to it; None takes what is general.
    """

    capabilities = Capabilities(
        good_for="Scores note by note in the manner of a composer: chorales, fugues, quartets, "
        "songs and keyboard pieces, with bars and parts rewritten beside what stays.",
        opens=("cells", "areas"),
        meters=tuple(f"{numerator}/{denominator}" for numerator, denominator in vocab.METERS),
        max_parts=vocab.MAX_PARTS,
    )

    def __init__(
        self,
        checkpoint: Checkpoint,
        runtime: Runtime | None = None,
        device: str = "cpu",
        folder: Path | None = None,
    ) -> None:
        weights = checkpoint.weights
        sizes = weights.table_sizes, weights.written_sizes
        if sizes != (vocab.TABLE_SIZES, vocab.WRITTEN_SIZES):
            raise CheckpointError(
                f"the checkpoint was made for tables of {sizes[0]} ids, this version has "
                f"{vocab.TABLE_SIZES}; use matching versions"
            )
        self.vocabulary = Vocabulary.from_dict(checkpoint.vocabulary)
        self.menu = tuple(MenuEntry.from_dict(row) for row in checkpoint.menu)
        self.runtime = runtime or open_runtime(weights, places.runtime(), device)
        self.window = _window(checkpoint.notes)
        self.hears_given = checkpoint.notes.get("hears_given") is True
        self.companions = Companions.of(folder, checkpoint.fingerprint)
        self._likelihood_bands = dict(checkpoint.evaluation.get("bands", {}))
        self.suggestions = read_suggestions(
            checkpoint.sampling,
            list(dict.fromkeys(row.form for row in self.menu)),
            checkpoint.fingerprint,
        )
        self.versions = {
            "checkpoint": checkpoint.fingerprint,
            "vocabulary": self.vocabulary.fingerprint,
            "runtime": self.runtime.name,
        }

    @classmethod
    def load(cls, folder: Path | None, device: str = "cpu") -> EventEngine:
        """Load a checkpoint folder.

        Raises:
            CheckpointError: In one clear line.
        """
        if folder is None:
            raise CheckpointError("this engine needs a checkpoint; name its folder")
        return cls(load_checkpoint(folder), device=device, folder=folder)

    @cached_property
    def standards(self) -> Standards:
        """What its music is judged by: what was learned for this checkpoint, or what is general."""
        return self.companions.standards().with_likelihood(self._likelihood_bands)

    @cached_property
    def layouts(self) -> LayoutTable:
        """Layouts of real pieces by form; none if nobody collected them."""
        return self.companions.layouts()

    @cached_property
    def index(self) -> NoveltyIndex | None:
        """The pieces that the checkpoint learned from; None if nobody indexed them."""
        return self.companions.index()

    def lay_out(self, form: str | None, lengths: Sequence[int], seed: int) -> list[Material]:
        """Return what sections are made of in a real piece of the form; see `Engine.lay_out`.

        Where no piece of the form is so long, the sections behind its end are new.
        """
        table = self.layouts
        if not table:
            return super().lay_out(form, lengths, seed)
        rng = np.random.Generator(np.random.Philox([seed, 2**32 - 2]))
        layout = sample_layout(table, form, min(sum(lengths), longest_layout(table, form)), rng)
        found = section_materials(layout, max(lengths))
        return (found + [("new", -1)] * len(lengths))[: len(lengths)]

    def draw(self, ask: Ask) -> Iterator[Step]:
        """Draw all candidates of an ask, in groups side by side; see `Engine.draw`."""
        if isinstance(ask, Play):
            return play(self.draw, ask)
        assert not isinstance(ask, Sound)  # which `answer` refuses
        return draw_groups(self.runtime, self.drawing_of(ask))

    def drawing_of(self, ask: Compose | Continue | Fill) -> Drawing:
        """Return what the candidates of an ask are drawn from.

        Raises:
            RequestError: If a setting will not do, or events cannot write the piece.
        """
        if isinstance(ask, Compose):
            return self._composing(ask)
        if isinstance(ask, Continue):
            asked = Continuing(ask, bars_of(ask.path))
            return continuing_drawing(asked, self.vocabulary, self.window)
        return self._filling(ask)

    def read(self, pieces: Sequence[Piece]) -> list[Surprise | None]:
        """Return what the model says of pieces; None of those that it cannot write down.

        A piece longer than the window is read as it would be composed, half a window at a time.
        """
        return read_pieces(self.runtime, self.vocabulary, min(self.window, READING_ROWS), pieces)

    def replay(self, ask: Ask, record: Record) -> Piece:
        """Make the music of a take again from its rows; see `Engine.replay`."""
        rows = read_rows(record)
        if isinstance(ask, Continue):
            return read_chunk(rows, ask.key, ask.before)
        if isinstance(ask, Fill):
            return read_filling(rows, ask.blank)
        return decode_bars(rows, conditions_of_record(record), key=ask.request.key)

    def _composing(self, ask: Compose) -> Drawing:
        """Return what whole pieces are drawn from.

        Raises:
            RequestError: If composer, form or meter are not on offer.
        """
        check_meter(ask.request.meter)
        if self.menu:
            check_menu(ask.request, self.menu)
        request, window = ask.request, min(self.window, COMPOSING_ROWS)
        conditions = with_voices(conditions_of_request(decide(request, self.menu)))
        plan = fugue_plan(request, conditions)
        layout = None if plan else self._layout(request, conditions.form)
        laid_out = {"layout": layout_to_text(layout)} if layout is not None else {}
        laid_out |= {"entries": plan.to_text()} if plan else {}
        frame = build_frame(request, conditions, layout if self.vocabulary.relations else None)
        if conditions.meter is None:
            frame = replace(frame, meters=usual_meters(self.menu, conditions))
        if plan is not None:
            frame = replace(frame, enters_at=plan.enters_at())
        costs = parallel_costs(conditions, request.part_writing)

        def begin(size: int) -> tuple[Grammar, Together]:
            grammar = Grammar(frame, size)
            leanings: list[Leaning] = [PartWriting(grammar, costs)] if costs else []
            if request.part_writing > 0:
                leanings.append(
                    Closing(
                        grammar,
                        conditions.mode,
                        request.part_writing,
                        holds=conditions.ensemble == "keyboard",
                    )
                )
                leanings.append(Entries(grammar, request.part_writing))
                if layout is None:
                    leanings.append(ThirdCopies(size, conditions.form, request.part_writing))
                leanings.append(Beats(grammar, request.part_writing))
            if layout is not None:
                leanings.append(Returns(size, layout))
            if plan is not None:
                leanings.append(FugueEntries(grammar, plan))
            if request.chords is not None:
                leanings.append(ChordTones(grammar, request.chords, conditions.key.shift))
            if Levels.is_asked(request):
                leanings.append(Levels(grammar, conditions.mode, request))
            return grammar, Together(leanings)

        return Drawing(
            request=request,
            reader=Reader(
                read=lambda events: decode_bars(events, conditions, key=request.key),
                shift=conditions.key.shift,
                record=conditions_to_record(conditions) | laid_out,
            ),
            prefix=encode_conditions(conditions, self.vocabulary),
            window=window,
            begin=begin,
            max_rows=MAX_ROWS_PER_BAR * request.bars,
            reframe=lambda rows: slide(rows, window // 2),
            prune=half_pruning(request, conditions, self.standards),
        )

    def _layout(self, request: Request, form: str | None) -> Layout | None:
        """Return what every bar is to be, [bars, 4]; None where nothing is known or wanted.

        What is not asked for is sampled from real pieces of the form, by the request's seed, and
        bars behind its end are new.

        Raises:
            RequestError: If the layout that was asked for is none, or longer than the piece.
        """
        table = self.layouts
        if request.layout is None and (not table or not request.part_writing):
            return None
        if request.layout is None:
            n_known = min(request.bars, longest_layout(table, form))
            rng = np.random.Generator(np.random.Philox([request.seed, 2**32 - 3]))
            found = sample_layout(table, form, n_known, rng)
        else:
            try:
                found = layout_of_text(request.layout)
            except TokenError as error:
                what = str(error).rsplit(" (event", 1)[0]
                raise RequestError(f"`layout` cannot be read: {what}") from error
        if len(found) > request.bars:
            raise RequestError(f"`layout` has {len(found)} bars, the piece {request.bars}")
        rest = np.tile(np.array(NEW, np.int16), (request.bars - len(found), 1))
        return np.concatenate([found, rest])

    def _filling(self, ask: Fill) -> Drawing:
        """Return what open cells are drawn from.

        Raises:
            RequestError: If events cannot write the piece.
        """
        n_parts = len(ask.blank.piece.parts)
        if n_parts > vocab.MAX_PARTS:
            raise RequestError(
                f"a piece may have {vocab.MAX_PARTS} parts at most, this one has {n_parts}; "
                "leave some out"
            )
        for change in ask.blank.piece.meters:
            check_meter(change.meter)
        try:
            return filling_drawing(ask, self.vocabulary, self.window, hears_given=self.hears_given)
        except TokenError as error:
            what = str(error).rsplit(" (event", 1)[0]
            raise RequestError(f"the piece cannot be filled: {what}") from error


def check_meter(meter: Meter | None) -> None:
    """Refuse meters that the events cannot write.

    Raises:
        RequestError: With what would do.
    """
    if meter is not None and (meter.numerator, meter.denominator) not in vocab.METER_ID:
        raise RequestError(
            f"`meter` {meter} is none that bars are composed in; there are 1-9/1, 1-12/2, and "
            "1-24 quarters, eighths, 16ths and 32nds"
        )


def _window(notes: dict[str, Any]) -> int:
    """Return the rows that a checkpoint was trained to read at once."""
    rows = notes.get("max_rows", DEFAULT_WINDOW)
    if not isinstance(rows, int) or rows < MIN_WINDOW:
        raise CheckpointError(f"`max_rows` must be {MIN_WINDOW} or more, got {str(rows)[:40]!r}")
    return rows


def usual_meters(menu: Sequence[MenuEntry], conditions: Conditions) -> list[int]:
    """Return the ids of the meters that a composer's pieces of a form have; none if none is known.

    A mazurka in four that a model draws once in a while is none.
    """
    found = {
        meter
        for row in menu
        if (row.composer, row.form) == (conditions.composer, conditions.form)
        for meter in row.meters
    }
    return sorted(meter_id(parse_meter(meter)) for meter in found)


def build_frame(request: Request, conditions: Conditions, layout: Layout | None = None) -> Frame:
    """Return what is fixed about a request's pieces: bars, meter, ranges with the tonic on C.

    Args:
        request: Says how long they are.
        conditions: All that is decided.
        layout: What the model is told of every bar, [bars, 4]; None leaves sections to it.
    """
    ensemble = conditions.ensemble or "keyboard"
    n_parts = conditions.parts or usual_parts(ensemble)
    shift = conditions.shift or 0
    ranges: Sequence[tuple[int, int]] = part_ranges(ensemble, n_parts, conditions.composer)
    in_voices = conditions.form == FORM and ensemble == "keyboard" and n_parts in RANGES
    if in_voices:
        ranges = RANGES[n_parts]
    return Frame(
        bars=request.bars,
        ranges=[(low - shift, high - shift) for low, high in ranges],
        meter=None if conditions.meter is None else meter_id(conditions.meter),
        one_line=in_voices or ensemble in MONOPHONIC_ENSEMBLES,
        layout=layout,
    )
