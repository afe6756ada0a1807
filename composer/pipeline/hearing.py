"""Judge a piece that stands already as candidates are judged: its notes, and what a model says."""

from __future__ import annotations

from composer.engines import Engine
from composer.novelty import Shared, longest_shared_run
from composer.piece import Piece
from composer.pipeline.ranking import chosen_engine
from composer.scorecard import Scorecard
from composer.scoring import score

# Reading takes about a second for a thousand notes at most; longer pieces are judged without it.
MAX_NOTES = 10_000


def hear(piece: Piece, *, form: str | None = None, engine: Engine | str | None = None) -> Scorecard:
    """Score a piece beside real ones, with the notes that the model doubts.

    Args:
        piece: Any. The model is asked up to `MAX_NOTES` notes, of what events can write.
        form: Whose real pieces; the piece's own if not given.
        engine: Whose model; the bundled checkpoint by default.

    Raises:
        CheckpointError: If there is no checkpoint to ask.
    """
    engine = chosen_engine(engine)
    surprise = engine.read([piece])[0] if 0 < piece.n_notes <= MAX_NOTES else None
    return score(piece, form=form, surprise=surprise, standards=engine.standards)


def find_nearest(piece: Piece, *, engine: Engine | str | None = None) -> Shared | None:
    """Return the longest run of notes that a piece shares with one that the engine learned from.

    Args:
        piece: Any.
        engine: Whose index; the usual one's by default.

    Returns:
        None where nobody knows what the engine learned from.
    """
    index = chosen_engine(engine).index
    return longest_shared_run(piece, index) if index else None
