"""The engine of the event transformer: wishes -> groups of draws -> drafts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from composer import places
from composer.decoding import Leaning, Runtime, open_runtime
from composer.engines.base import Capabilities, Chunk, Filling, Step
from composer.engines.drawing import MAX_ROWS_PER_BAR, Drawing, draw_groups, slide
from composer.engines.extending import chunk_drawing
from composer.engines.filling import filling_drawing
from composer.engines.leanings import Closing, Entries, Together
from composer.engines.menu import MenuRow, check_menu, check_meter, decide
from composer.engines.part_writing import PartWriting, parallel_costs
from composer.engines.pruning import half_pruning
from composer.engines.reading import read_pieces
from composer.engines.suggestions import read_suggestions
from composer.errors import CheckpointError
from composer.models import Checkpoint, load_checkpoint
from composer.piece import Piece
from composer.request import Request
from composer.scoring import Surprise
from composer.theory import MONOPHONIC_ENSEMBLES
from composer.tokenizer import Vocabulary, encode_conditions, vocab
from composer.tokenizer.masks import Frame, Grammar
from composer.tokenizer.wishes import Conditions, default_parts, meter_id, part_ranges

MIN_WINDOW = 32  # rows; half of them hold the wishes and some music
DEFAULT_WINDOW = 512  # rows, where a checkpoint does not say what it was trained on
# Rows that each candidate of a whole piece looks back at, at most. Its own rows nobody shares, so a
# step takes longer with every one of them: at 2,048 a bar of 256 costs three times a bar of 16
# (docs/log.md). Where candidates go on from the same bars these are shared, and the whole
# window is used.
COMPOSING_ROWS = 512
READING_ROWS = 1_024  # likewise where a piece is read; 2,048 gain 0.4 to 3.5 % more


class TransformerEngine:
    """Composes with a checkpoint of the event transformer.

    Args:
        checkpoint: Loaded and checked.
        runtime: Runs it; what the environment names by default.
        device: Where, if no runtime is given.
    """

    capabilities = Capabilities(extend=True, infill=True, harmonise=True)

    def __init__(
        self, checkpoint: Checkpoint, runtime: Runtime | None = None, device: str = "cpu"
    ) -> None:
        weights = checkpoint.weights
        sizes = weights.table_sizes, weights.written_sizes
        if sizes != (vocab.TABLE_SIZES, vocab.WRITTEN_SIZES):
            raise CheckpointError(
                f"the checkpoint was made for tables of {sizes[0]} ids, this version has "
                f"{vocab.TABLE_SIZES}; use matching versions"
            )
        self.vocabulary = Vocabulary.from_dict(checkpoint.vocabulary)
        self.menu = tuple(MenuRow.from_dict(row) for row in checkpoint.menu)
        self.runtime = runtime or open_runtime(weights, places.runtime(), device)
        self.window = _window(checkpoint.notes)
        self.hears_given = checkpoint.notes.get("hears_given") is True
        self.likelihood_bands = dict(checkpoint.evaluation.get("bands", {}))
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
    def load(cls, folder: Path, device: str = "cpu") -> TransformerEngine:
        """Load a checkpoint folder.

        Raises:
            CheckpointError: In one clear line.
        """
        return cls(load_checkpoint(folder), device=device)

    def draw(self, request: Request) -> Iterator[Step]:
        """Draw all candidates of a request, in groups side by side.

        Raises:
            RequestError: If the wishes are not on the menu.
        """
        check_meter(request.meter)
        if self.menu:
            check_menu(request, self.menu)
        wishes = decide(request, self.menu)
        frame = build_frame(request, wishes)
        costs = parallel_costs(wishes, request.part_writing)
        window = min(self.window, COMPOSING_ROWS)

        def begin(size: int) -> tuple[Grammar, Together]:
            grammar = Grammar(frame, size)
            leanings: list[Leaning] = [PartWriting(grammar, costs)] if costs else []
            if request.part_writing > 0:
                leanings.append(Closing(grammar, wishes.mode, request.part_writing))
                leanings.append(Entries(grammar, request.part_writing))
            return grammar, Together(leanings)

        return self.draw_groups(
            Drawing(
                request=request,
                wishes=wishes,
                prefix=encode_conditions(wishes, self.vocabulary),
                begin=begin,
                max_rows=MAX_ROWS_PER_BAR * request.bars,
                reframe=lambda rows: slide(rows, window // 2),
                prune=half_pruning(request, wishes, self.likelihood_bands),
            ),
            window,
        )

    def read(self, pieces: Sequence[Piece]) -> list[Surprise | None]:
        """Return what the model says of pieces; None of those that it cannot write down.

        A piece longer than the window is read as it would be composed, half a window at a time.
        """
        return read_pieces(self.runtime, self.vocabulary, min(self.window, READING_ROWS), pieces)

    def draw_chunk(self, chunk: Chunk) -> Iterator[Step]:
        """Draw all candidates for the next bars of a piece.

        Raises:
            TokenError: If a wish of the chunk has no id.
        """
        return self.draw_groups(chunk_drawing(chunk, self.vocabulary, self.window))

    def draw_filling(self, filling: Filling) -> Iterator[Step]:
        """Draw all candidates for open cells of a piece.

        Raises:
            TokenError: If a meter, the number of parts or a pitch of the piece has no id.
        """
        found = filling_drawing(filling, self.vocabulary, self.window, hears_given=self.hears_given)
        return found.cleaned(self.draw_groups(found.drawing))

    def draw_groups(self, drawing: Drawing, window: int | None = None) -> Iterator[Step]:
        """Draw the candidates of any drawing, in groups side by side.

        Args:
            drawing: What they are drawn from.
            window: Rows that a candidate looks back at, at most; the model's own if not given.
        """
        return draw_groups(self.runtime, window or self.window, drawing)


def _window(notes: dict[str, Any]) -> int:
    """Return the rows that a checkpoint was trained to read at once."""
    rows = notes.get("max_rows", DEFAULT_WINDOW)
    if not isinstance(rows, int) or rows < MIN_WINDOW:
        raise CheckpointError(f"`max_rows` must be {MIN_WINDOW} or more, got {str(rows)[:40]!r}")
    return rows


def build_frame(request: Request, wishes: Conditions) -> Frame:
    """Return what is fixed about a request's pieces: bars, meter, ranges with the tonic on C."""
    ensemble = wishes.ensemble or "keyboard"
    n_parts = wishes.parts or default_parts(ensemble)
    shift = wishes.shift or 0
    ranges = part_ranges(ensemble, n_parts, wishes.composer)
    return Frame(
        bars=request.bars,
        ranges=[(low - shift, high - shift) for low, high in ranges],
        meter=None if wishes.meter is None else meter_id(wishes.meter),
        one_line=ensemble in MONOPHONIC_ENSEMBLES,
    )
