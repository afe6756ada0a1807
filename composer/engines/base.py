"""The contract between whoever composes and whoever asks: musical questions in, music out.

    Compose(request)                         -> whole pieces
    Continue(request, before, bars, ...)     -> more bars behind a piece
    Fill(request, blank, ...)                -> open cells or areas written, all else kept
    Play(request, before, ...)               -> bars without end
    Sound(request, text, piece, ...)         -> recordings, which have no notes

Answers come step by step: as takes (music, how surprising it is, and a record), of `Play` as
stretches of bars.

Nothing here knows how an engine works. Whoever asks sees pieces; what an engine remembers of its
own work (events, masks, states) travels in `Take.record`, which only the engine that wrote it
reads. docs/engines.md shows a whole engine in forty lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

from composer.cells import Area, Blank
from composer.chords import BarChords
from composer.engines.capabilities import Capabilities
from composer.engines.menu import MenuEntry
from composer.engines.suggestions import Suggestion
from composer.errors import RequestError
from composer.novelty import NoveltyIndex
from composer.piece import Note, Piece
from composer.recording import Recording
from composer.request import Request
from composer.scoring import Standards, Surprise
from composer.theory import Key

# What a section is made of: `new`, `repeat` or `vary`, and of which section; -1 of none.
Material: TypeAlias = tuple[str, int]
# JSON values that the engine which wrote them can read: of a take, whatever it needs of its work.
Record: TypeAlias = Mapping[str, Any]
NO_NOTES = "this engine makes sound, which has no notes; choose one that writes notes"


@dataclass(frozen=True)
class Compose:
    """Whole pieces, please.

    Args:
        request: All settings; the engine decides those that are left open.
    """

    request: Request


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Some bars of a piece that grew stretch by stretch.

    Args:
        music: These bars alone, notes that sound over their end uncut.
        bars: How many.
        key: In which they stand.
        record: What the engine remembers of them; empty for music that no engine wrote.
    """

    music: Piece
    bars: int
    key: Key
    record: Record = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A bar that has begun: the first of the new bars, as far as it stands.

    Args:
        music: The notes that stand, with the parts of the piece.
        beats: From the bar line; new notes begin there or later.
        is_due: Whether the first new note begins exactly there.
    """

    music: Piece
    beats: Fraction
    is_due: bool


@dataclass(frozen=True, kw_only=True)
class Continue:
    """More bars behind a piece, please.

    Args:
        request: Settings; composer, form and ensemble are the piece's unless asked otherwise.
        before: All music so far, in its own pitches; with no bar so far it only says who plays.
        path: The same, cut into the stretches in which it came; a given one stands first.
        bars: How many are to be written.
        bars_after: How many will follow them; with 0 they close the piece.
        key: In which they are to be written.
        ranges: Lowest and highest pitch of every part.
        one_line: Whether each part sounds one note at a time.
        seed: Of the random numbers.
        context_bars: Of the last bars, how many are to be read at most; None leaves it open.
        theme: Indices of bars that are to be kept in mind besides the last ones, such as the
            opening.
        theme_key: In which the theme stands; None is `key`.
        sections: What each new bar is (`opening`, `new`, `return`, `varied`, `closing`); none
            leaves it to the engine.
        scales: Pitch classes that each new bar leans to; none leans to nothing.
        chords: Of each new bar the chords that it leans to, as long as each other; none leans to
            those of the request.
        begun: What stands of the first new bar already, and comes back in the music. An engine that
            begins with whole bars only may pass it over; whoever asks looks.
    """

    request: Request
    before: Piece
    path: Sequence[Stretch]
    bars: int
    bars_after: int
    key: Key
    ranges: Sequence[tuple[int, int]]
    one_line: bool
    seed: int
    context_bars: int | None = None
    theme: range = range(0)
    theme_key: Key | None = None
    sections: Sequence[str] = ()
    scales: Sequence[frozenset[int]] = ()
    chords: Sequence[BarChords] = ()
    begun: Begun | None = None

    @property
    def bars_before(self) -> int:
        """Bars so far."""
        return sum(stretch.bars for stretch in self.path)


@dataclass(frozen=True, kw_only=True)
class Fill:
    """What is open in a piece written, please.

    Args:
        request: Settings; composer, form and ensemble are the piece's unless asked otherwise.
        blank: What stays, and what is open: cells of bars and parts, or, of an engine whose
            capabilities say so, areas of pitch and time. `blank.mask` shows both as a piano roll.
        ranges: Lowest and highest pitch of every part.
        lines: Which parts sound one note at a time.
        notes: Part and note of what was taken out, if only new velocities are asked for, of an
            engine whose capabilities open them: each comes back as long, high and late as it is.
    """

    request: Request
    blank: Blank
    ranges: Sequence[tuple[int, int]]
    lines: Sequence[bool]
    notes: Sequence[tuple[int, Note]] | None = None


@dataclass(frozen=True, kw_only=True)
class Play:
    """Music that does not end, please: some bars at every step, until nobody listens any more.

    Args:
        request: Settings; `bars` is how many come at every step, `candidates` does not count.
        before: Music that is gone on with, and who plays.
        before_bars: Its bars; 0 if it only says who plays.
        key: In which it goes on.
    """

    request: Request
    before: Piece
    before_bars: int
    key: Key


@dataclass(frozen=True, kw_only=True)
class Sound:
    """Recordings, please: of a text, or of a piece that is orchestrated.

    Args:
        request: Settings of how it is sampled.
        text: What it is to sound like.
        piece: Whose notes lead it; None of a text alone.
        length_s: Seconds.
    """

    request: Request
    text: str
    piece: Piece | None
    length_s: float


Ask: TypeAlias = Compose | Continue | Fill | Play | Sound


@dataclass(frozen=True, kw_only=True)
class Take:
    """One candidate, before anyone has judged it.

    Args:
        index: Its number in the ask, from 0.
        music: Of `Compose` and `Fill` the whole piece, of `Continue` the new bars alone with the
            parts of the piece, of `Sound` a recording; None if it is none.
        surprise: What the engine's model said of the new notes; None if it cannot tell.
        complete: Whether it came to its end.
        reason: Why there is no music, in half a sentence: "it did not come to an end".
        given_up_after_bar: The last bar of one that was found hopeless on the way, see
            `Request.prune`; None for all others.
        record: What the engine needs to go on with it or to make it again, as JSON values. Texts
            `layout` and `entries` in it are shown to people: what its bars were to be to the bars
            before them, and when the voices of a fugue were to enter.
    """

    index: int
    music: Piece | Recording | None
    surprise: Surprise | None = None
    complete: bool = True
    reason: str = ""
    given_up_after_bar: int | None = None
    record: Record = field(default_factory=dict)

    @property
    def piece(self) -> Piece | None:
        """The music as notes; None if it is none.

        Raises:
            RequestError: If it is a recording.
        """
        if isinstance(self.music, Recording):
            raise RequestError(NO_NOTES)
        return self.music


@dataclass(frozen=True, kw_only=True)
class Sketch:
    """A take on its way, of an engine that makes a piece as one paints a picture.

    Args:
        index: Of the take.
        music: As of a take, as far as it is made.
        unmade: What is still open.
    """

    index: int
    music: Piece
    unmade: tuple[Area, ...]


@dataclass(frozen=True)
class Step:
    """Progress of an answer.

    Args:
        share: Of the whole work, 0..1; 0 of what has no end.
        takes: Candidates that this step completed.
        bars: Bars that this step completed, where music is played rather than chosen.
        sketch: A candidate on its way; None of engines that show nothing before the end.
        sound: What can be heard of an unfinished recording.
    """

    share: float
    takes: tuple[Take, ...] = ()
    bars: tuple[Stretch, ...] = ()
    sketch: Sketch | None = None
    sound: Recording | None = None


class Engine:
    """Anything that composes. A new engine overrides `draw`, and the facts that differ.

    Args:
        capabilities: What it can be asked, and which settings it understands.
        weightless: Whether it needs no checkpoint; then its name is that of its entry point.
        versions: What its results depend on, such as the fingerprint of its weights.
        menu: Composers and forms on offer, the pair with most pieces first; empty takes any.
        suggestions: Form -> how its pieces are best drawn, as far as that was measured.
        licence: Of its weights, where it limits what may be done with the music; it is shown before
            they are used first, and written into composition.json.
    """

    capabilities: ClassVar[Capabilities]
    weightless: ClassVar[bool] = False
    versions: Mapping[str, str] = {}
    menu: tuple[MenuEntry, ...] = ()
    suggestions: Mapping[str, Suggestion] = {}
    licence: str = ""

    @classmethod
    def load(cls, folder: Path | None, device: str) -> Engine:
        """Load the engine.

        Args:
            folder: Of its checkpoint; None for an engine that needs no weights.
            device: Where it runs, such as `cpu` or `cuda`.

        Raises:
            CheckpointError: In one clear line.
        """
        return cls()

    @property
    def standards(self) -> Standards:
        """What its music is judged by; what is general unless overridden."""
        return Standards.general()

    @property
    def index(self) -> NoveltyIndex | None:
        """The pieces that it learned from, which it must not copy; None if there are none."""
        return None

    def answer(self, ask: Ask) -> Iterator[Step]:
        """Look whether an ask can be answered, then `draw`.

        Raises:
            RequestError: If it cannot, in a sentence that says what would do.
        """
        self.capabilities.check(type(ask).__name__, ask.request)
        if isinstance(ask, Fill):
            opens = self.capabilities.opens
            if ask.notes is not None and "velocities" not in opens:
                raise RequestError("this engine writes no velocities; choose one that does")
            if ask.blank.areas and "areas" not in opens:
                raise RequestError(
                    "this engine fills whole bars of parts only; choose one that paints areas"
                )
        return self.draw(ask)

    def draw(self, ask: Ask) -> Iterator[Step]:
        """Draw all candidates of an ask, with progress on the way; `answer` looks at it before.

        Raises:
            RequestError: If a setting will not do.
        """
        raise RequestError(self.capabilities.refusal(type(ask).__name__))

    def lay_out(self, form: str | None, lengths: Sequence[int], seed: int) -> list[Material]:
        """Return what the sections of a long piece are made of, as in a real piece of the form.

        Args:
            form: Of the piece; None is any.
            lengths: Bars of every section.
            seed: Of the choice among real pieces.

        Returns:
            A section each: `new`, `repeat` or `vary`, and the number of the earlier section it
            repeats or varies, or -1. All new unless overridden.
        """
        return [("new", -1)] * len(lengths)

    def read(self, pieces: Sequence[Piece]) -> list[Surprise | None]:
        """Return what the engine's model says of pieces; None where it cannot tell."""
        return [None] * len(pieces)

    def replay(self, ask: Ask, record: Record) -> Piece:
        """Make the music of a take again from its record, note for note, without drawing.

        Args:
            ask: The same that the take answered.
            record: Of the take.

        Raises:
            RequestError: If the record is none of this engine's.
        """
        raise RequestError("this engine keeps no record of its work")
