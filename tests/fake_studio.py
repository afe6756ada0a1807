"""A studio without a model: three kinds of hand-made chorales, in any number, as fast as asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from composer import pipeline
from composer.cells import Area, cells_of, clear
from composer.composition import Composition, Ranked, Rejected
from composer.engines import Capabilities, MenuEntry, Option, Suggestion
from composer.engines.suggestions import SAMPLING
from composer.errors import MissingTool
from composer.piece import MeterChange, Note, Part, Piece
from composer.pipeline import Progress
from composer.plans import Outline
from composer.request import Request, default_of
from composer.scoring import Surprise, score
from composer.stitching import join, trim
from composer.theory import INSTRUMENTS, Key, Meter
from composer.ui import Studio


def _row(composer: str, form: str, ensemble: str, pieces: int, *meters: str) -> MenuEntry:
    return MenuEntry(
        composer=composer,
        form=form,
        ensemble=ensemble,
        parts=4,
        pieces=pieces,
        meters=meters,
        keys=("G minor", "G major"),
        bars_low=8,
        bars_high=24,
    )


def _suggestion(**changes: float) -> Suggestion:
    names = {name: default_of(name) for name in SAMPLING} | changes
    return Suggestion(
        **names, default_is_as_good=not changes, tried=8, pieces=40, checkpoint="0123456789ab"
    )


ROWS = (
    _row("Bach", "chorale", "choir", 220, "4/4", "3/4"),
    _row("Schubert", "song", "voice and piano", 89, "2/4", "4/4"),
    _row("Haydn", "string quartet", "string quartet", 60, "4/4", "6/8"),
    _row("Chopin", "mazurka", "keyboard", 47, "3/4"),
    _row("Bach", "invention", "keyboard", 29, "4/4", "3/4", "9/8"),
)
SUGGESTIONS = {
    "chorale": _suggestion(temperature=0.9, guidance=1.5),
    "mazurka": _suggestion(),
}
WALTZER = Capabilities(
    good_for="Waltzes, to see how a page follows an engine.",
    asks=("Compose", "Continue"),
    settings=("form", "key", "meter", "bars", "ensemble", "candidates", "seed", "engine"),
    options=(
        Option(name="swing", label="Swing", low=0.0, high=0.75, default=0.25, help="how uneven"),
        Option(
            name="turns", label="Turns", low=1, high=9, default=4, help="how many", integer=True
        ),
    ),
    forms=("waltz",),
    meters=("3/4",),
    ensembles=("keyboard",),
)
ENGINES = {"small": Capabilities(good_for="Chorales, quickly."), "waltzer": WALTZER}
# A chord a beat, soprano to bass, in semitones above the tonic; lowered in minor.
_CHORDS = ((16, 12, 7, 0), (17, 12, 9, 5), (14, 11, 7, -5), (12, 7, 4, 0))
_VOICES = ("soprano", "alto", "tenor", "bass")


def make_piece(request: Request, kind: int = 0) -> Piece:
    """Build a chorale of the asked length; `kind` 1 doubles in octaves, `kind` 2 never moves."""
    key, meter = request.key or Key("G", "minor"), request.meter or Meter(4, 4)
    parts = tuple(
        Part(INSTRUMENTS[voice], _notes(voice_index, request.bars, meter, key, kind))
        for voice_index, voice in enumerate(_VOICES)
    )
    change = (MeterChange(Fraction(0), meter),)
    composer, form = request.composer or "Bach", request.form or "chorale"
    return Piece(
        parts, change, key, n_bars=request.bars, composer=composer, form=form, tempo_bpm=72.0
    )


def _notes(voice: int, n_bars: int, meter: Meter, key: Key, kind: int) -> tuple[Note, ...]:
    n_notes = int(n_bars * meter.length_beats)
    notes = []
    for beat in range(n_notes):
        chord = _CHORDS[0 if kind == 2 or beat == n_notes - 1 else beat % len(_CHORDS)]
        degree = chord[3] + 24 - 12 * voice if kind == 1 else chord[voice]
        lowered = degree - 1 if key.mode == "minor" and degree % 12 in (4, 9) else degree
        notes.append(Note(Fraction(beat), 55 + lowered + key.shift % 12 - 7, Fraction(1)))
    return tuple(notes)


@dataclass(frozen=True)
class FakeComposer:
    """Composes without a model.

    Args:
        step_s: How long a candidate takes.
        error: Raised in place of composing, if given.
    """

    step_s: float = 0.0
    error: Exception | None = None

    def __call__(
        self, request: Request, *, should_stop: Callable[[], bool] = lambda: False
    ) -> Iterator[Progress | Composition]:
        """Yield progress candidate by candidate, then the composition."""
        if self.error:
            raise self.error
        began_s, drawn = time.monotonic(), 0
        while drawn < request.candidates and not (drawn and should_stop()):
            time.sleep(self.step_s)
            drawn += 1
            left_s = (request.candidates - drawn) * self.step_s
            elapsed_s = time.monotonic() - began_s
            share, best = drawn / request.candidates, make_piece(request, drawn % 3)
            yield Progress(drawn, request.candidates, elapsed_s, left_s, share, best)
        yield _composition(request, drawn, time.monotonic() - began_s)


def _composition(request: Request, drawn: int, elapsed_s: float) -> Composition:
    """Rank what was drawn; of five candidates or more the last one is rejected."""
    pieces = [make_piece(request, index % 3) for index in range(drawn if drawn < 5 else drawn - 1)]
    cards = [score(piece, form="chorale", surprise=Surprise(nats_per_note=2.5)) for piece in pieces]
    order = sorted(range(len(pieces)), key=lambda index: -cards[index].total)
    ranked = tuple(
        Ranked(rank, index, pieces[index], cards[index], 2.5)
        for rank, index in enumerate(order, start=1)
    )
    rejected = (Rejected(drawn - 1, "the alto falls silent after bar 2"),) if drawn >= 5 else ()
    return Composition(
        request, ranked, rejected, elapsed_s, stopped=drawn < request.candidates, versions={}
    )


@dataclass(frozen=True)
class FakeFiller:
    """Writes notes anew without a model: in candidate 1 a semitone higher, in the next two, ...

    Args:
        step_s: How long a candidate takes.
    """

    step_s: float = 0.0

    def place(
        self,
        piece: Piece,
        first_bar: int,
        last_bar: int,
        *,
        parts: Sequence[int] | None = None,
        should_stop: Callable[[], bool] = lambda: False,
        **options: Any,
    ) -> Iterator[Progress | Composition]:
        """Write some bars of some parts anew, as `infill_steps` and `vary_steps` do."""
        cells = cells_of(piece, first_bar, last_bar, parts)
        clear(piece, cells, edges=options.get("edges", "keep"))  # refuses what cannot be
        chosen = np.flatnonzero(cells.any(0))
        first, last = piece.index_of_bars(first_bar, last_bar)
        begin, end = piece.bars[first].onset_beats, piece.bars[last].end_beats

        def rewrite(by: int) -> Piece:
            return replace(
                piece,
                parts=tuple(
                    replace(part, notes=_raised(part.notes, begin, end, by if n in chosen else 0))
                    for n, part in enumerate(piece.parts)
                ),
            )

        return self._steps(rewrite, options, should_stop)

    def paint(
        self,
        piece: Piece,
        areas: Sequence[Area],
        *,
        should_stop: Callable[[], bool] = lambda: False,
        **options: Any,
    ) -> Iterator[Progress | Composition]:
        """Write areas anew, as `paint_steps` does; pitches are open from the first to the last."""
        blank = clear(piece, areas)

        def rewrite(by: int) -> Piece:
            gone = {id(note) for part in piece.parts for note in part.notes}
            gone -= {id(note) for part in blank.piece.parts for note in part.notes}
            return replace(
                piece,
                parts=tuple(
                    replace(
                        part,
                        notes=tuple(
                            replace(note, pitch=note.pitch + by) if id(note) in gone else note
                            for note in part.notes
                        ),
                    )
                    for part in piece.parts
                ),
            )

        return self._steps(rewrite, options, should_stop)

    def harmonise(
        self,
        piece: Piece,
        *,
        part: int = 0,
        should_stop: Callable[[], bool] = lambda: False,
        **options: Any,
    ) -> Iterator[Progress | Composition]:
        """Write three voices below a part, as `harmonise_steps` does."""
        given, end = piece.parts[part], piece.length_beats

        def below(by: int) -> Piece:
            lines = (_raised(given.notes, Fraction(0), end, -by - 4 * n) for n in (1, 2, 3))
            names = zip(_VOICES[1:], lines, strict=True)
            return replace(
                piece, parts=(given, *(Part(INSTRUMENTS[name], line) for name, line in names))
            )

        return self._steps(below, options, should_stop)

    def extend(
        self,
        start: Piece,
        bars: int,
        *,
        should_stop: Callable[[], bool] = lambda: False,
        **options: Any,
    ) -> Iterator[Progress | Composition]:
        """Begin the piece again behind its end, as `extend_steps` goes on."""
        Request(bars=bars)  # refuses what cannot be
        whole = start
        while (missing := start.n_bars + bars - whole.n_bars) > 0:
            whole = join(whole, whole.n_bars, trim(start, 1, min(missing, start.n_bars)))
        return self._steps(lambda by: whole, options, should_stop)

    def long(
        self, *, should_stop: Callable[[], bool] = lambda: False, **options: Any
    ) -> Iterator[Progress | Composition]:
        """Compose a piece as long as `compose_long_steps` does, all at once."""
        n_bars = Outline.among(options).bars_of(bar_minutes=4 / 72)
        return self._steps(lambda by: make_piece(Request(bars=n_bars)), options, should_stop)

    def _steps(
        self, make: Callable[[int], Piece], options: dict[str, Any], should_stop: Callable[[], bool]
    ) -> Iterator[Progress | Composition]:
        names = ("candidates", "seed", "temperature")
        request = Request(**{name: options[name] for name in names if name in options})
        pieces: list[Piece] = []
        while len(pieces) < request.candidates and not (pieces and should_stop()):
            time.sleep(self.step_s)
            pieces.append(make(len(pieces) + 1))
            share = len(pieces) / request.candidates
            yield Progress(len(pieces), request.candidates, 0.0, None, share)
        yield _ranked(request, pieces)


def _raised(notes: tuple[Note, ...], begin: Fraction, end: Fraction, by: int) -> tuple[Note, ...]:
    """Return notes of which those that begin in a span are higher."""
    return tuple(
        replace(note, pitch=note.pitch + by) if by and begin <= note.onset_beats < end else note
        for note in notes
    )


def _ranked(request: Request, pieces: list[Piece]) -> Composition:
    """Rank pieces in the order in which they came."""
    ranked = tuple(
        Ranked(rank, rank - 1, piece, score(piece, form="chorale"), 2.5)
        for rank, piece in enumerate(pieces, start=1)
    )
    stopped = len(pieces) < request.candidates
    return Composition(request, ranked, (), 0.1, stopped=stopped, versions={})


def silent_audio(piece: Piece, path: Path, **options: object) -> Path:
    """Take the place of FluidSynth, which is absent."""
    raise MissingTool("no sound: FluidSynth is missing; on Debian: apt-get install libfluidsynth3")


def beep_audio(piece: Piece, path: Path, **options: object) -> Path:
    """Write one second of silence as WAV, by hand."""
    n_bytes = 2 * 8000
    header = (
        b"RIFF" + (36 + n_bytes).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    )
    layout = b"\x01\x00\x01\x00" + (8000).to_bytes(4, "little") + (16000).to_bytes(4, "little")
    tail = b"\x02\x00\x10\x00" + b"data" + n_bytes.to_bytes(4, "little") + bytes(n_bytes)
    path.write_bytes(header + layout + tail)
    return path


def fake_fillings(filler: FakeFiller) -> dict[str, Any]:
    """Return the fields of a studio that go on with a piece, or write beside its notes."""
    return {
        "extend_steps": filler.extend,
        "long_steps": filler.long,
        "infill_steps": filler.place,
        "vary_steps": filler.place,
        "harmonise_steps": filler.harmonise,
        "paint_steps": filler.paint,
    }


def two_engines() -> dict[str, Any]:
    """Return the fields of a studio that has a second engine."""
    return {
        "menu": lambda name=None: () if name == "waltzer" else ROWS,
        "engines": lambda: ENGINES,
    }


def fake_studio(**changes: object) -> Studio:
    """Return a studio that composes at once and has sound; `changes` replace fields of it."""
    studio = Studio(
        menu=lambda name=None: ROWS,
        suggestions=lambda: SUGGESTIONS,
        compose_steps=FakeComposer(),
        load=lambda: None,
        render_audio=beep_audio,
        sound_problem=lambda: None,
        engines=lambda: dict(islice(pipeline.engines().items(), 1)),  # whatever is bundled
        **fake_fillings(FakeFiller()),
    )
    return replace(studio, **changes)
