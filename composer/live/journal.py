"""What a stream played and heeded, line by line on the disk: to record, to resume, to play again.

    {"format": 1, "request": {...}, "players": {...}, "bars": null, "versions": {...}}
    {"bar": 1, "key": "C minor", "notes": [[["0", 60, "1", 84], ...], ...], "drawn": 8, ...}
    {"control": 1, "name": "tempo", "value": 96, "acts_at": 5, "after": 4}

A line is on the disk before the bar sounds, so that a kill loses no bar that was heard; a line that
was torn is left out. Beside it grows the MIDI file (`tape`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from mido import Message, MetaMessage

from composer.composition import Composition, Ranked, entitled
from composer.engines import Engine, Stretch
from composer.errors import RequestError, ScoreFileError
from composer.live.controls import Control
from composer.live.decoder import Decoder, channel_of
from composer.live.score import LiveBar, Mix, gather, mixed
from composer.live.tape import Tape, Timed, key_event, meter_event, strokes_to_midi, tempo_event
from composer.piece import MeterChange, Note, Piece
from composer.pipeline.hearing import hear
from composer.rendering import midi_bytes
from composer.request import Request
from composer.theory import Key, parse_key, parse_meter

FORMAT = 1
ENDING = ".journal"
# A longer recording stays in one track, as it grew.
MAX_SORTED_BARS = 4_000


class Journal:
    """A recording that is written.

    Args:
        path: Of the MIDI file; the journal has the same name with `.journal` behind it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines = path.with_name(path.name + ENDING)
        self._file: int | None = None
        self._tape: Tape | None = None
        self._decoder = Decoder()
        self._last: LiveBar | None = None

    def begin(
        self, request: Request, players: Piece, versions: Mapping[str, str], bars: int | None
    ) -> None:
        """Write who plays and what was asked for.

        Raises:
            RequestError: If the files cannot be written.
        """
        self._tape = Tape(self.path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
        self._file = os.open(self._lines, flags, 0o644)
        self._write(
            {
                "format": FORMAT,
                "request": request.to_dict(),
                "players": players.to_dict(),
                "bars": bars,
                "versions": dict(versions),
            }
        )
        zero = Fraction(0)
        heading: list[Timed] = [(zero, MetaMessage("track_name", name=players.title or "Stream"))]
        for index, part in enumerate(players.parts):
            program = part.instrument.program
            heading.append(
                (zero, Message("program_change", channel=channel_of(index), program=program))
            )
        self._tape.append(heading)

    def write_bar(self, bar: LiveBar, mix: Mix) -> None:
        """Write a bar as it is heard."""
        assert self._tape is not None
        self._write(_bar_to_dict(bar, mix))
        strokes = self._decoder.decode(mixed(bar.music, mix), bar.onset_beats, bar.end_beats)
        self._tape.append([*self._changes(bar), *strokes_to_midi(strokes)])
        self._last = bar

    def _changes(self, bar: LiveBar) -> Iterator[Timed]:
        last, onset = self._last, bar.onset_beats
        if last is None or last.tempo_bpm != bar.tempo_bpm:
            yield tempo_event(onset, bar.tempo_bpm)
        if last is None or last.music.meter != bar.music.meter:
            yield meter_event(onset, bar.music.meter)
        if last is None or last.key != bar.key:
            yield key_event(onset, bar.key)

    def write_control(self, control: Control, after: int) -> None:
        """Write a control, and after how many bars it was turned."""
        value = control.value if isinstance(control.value, str | int | float | tuple) else None
        self._write(
            {"control": control.id, "name": control.name, "value": value,
             "acts_at": control.acts_at, "after": after},
            is_safe=False,
        )  # fmt: skip

    def write_undo(self, control: Control, after: int) -> None:
        """Write that a control was taken back."""
        self._write({"undo": control.id, "after": after}, is_safe=False)

    def end(self) -> None:
        """End all notes, and write the MIDI file with a track a part."""
        if self._tape is None or self._file is None:
            return
        self._tape.append(strokes_to_midi(self._decoder.close()))
        self._tape.close()
        self._tape = None
        self._write({"end": True})
        os.close(self._file)
        self._file = None
        if self._last is not None and self._last.number <= MAX_SORTED_BARS:
            new = self.path.with_name(self.path.name + ".new")
            new.write_bytes(midi_bytes(read_journal(self._lines).piece()))
            new.replace(self.path)

    def _write(self, values: dict[str, Any], *, is_safe: bool = True) -> None:
        """Write a line; wait until it is on the disk, unless the next bar may see to that."""
        assert self._file is not None
        line = json.dumps(values, ensure_ascii=False, separators=(",", ":")) + "\n"
        os.write(self._file, line.encode())
        if is_safe:
            os.fsync(self._file)


def _bar_to_dict(bar: LiveBar, mix: Mix) -> dict[str, Any]:
    return {
        "bar": bar.number,
        "onset": str(bar.onset_beats),
        "meter": str(bar.music.meter),
        "key": str(bar.key),
        "tempo_bpm": bar.tempo_bpm,
        "label": bar.label,
        "why": bar.why,
        "candidates": bar.candidates,
        "drawn": bar.drawn,
        "attempts": bar.attempts,
        "nats": bar.nats_per_note,
        "place": bar.place,
        "of": bar.stretch.bars,
        "mix": [mix.transpose, list(mix.muted), list(mix.solo)],
        "notes": [
            [[str(n.onset_beats), n.pitch, str(n.duration_beats), n.velocity] for n in part.notes]
            for part in bar.music.parts
        ],
    }


@dataclass(frozen=True)
class Recording:
    """A journal that was read.

    Args:
        request: What was asked for.
        players: Who plays.
        bars: That were played.
        wanted_bars: After how many it was to end; None for no end.
        turned: After how many bars which control was turned, or which id was taken back.
        mixes: Of every bar.
        versions: That played it.
    """

    request: Request
    players: Piece
    wanted_bars: int | None
    versions: Mapping[str, str]
    bars: list[LiveBar] = field(default_factory=list)
    mixes: list[Mix] = field(default_factory=list)
    turned: list[tuple[int, dict[str, Any]]] = field(default_factory=list)

    def piece(self) -> Piece:
        """Return all that was heard as one piece.

        Raises:
            RequestError: If no bar was.
        """
        if not self.bars:
            raise RequestError("the journal has no bar yet; let it play on")
        heard = [
            replace(bar, music=mixed(bar.music, mix))
            for bar, mix in zip(self.bars, self.mixes, strict=True)
        ]
        return gather(self.players, heard)

    def composition(self, engine: Engine | str | None = None) -> Composition:
        """Return the piece as a composition, judged as pieces are.

        Args:
            engine: Whose model and standards; the usual one's by default.
        """
        piece = entitled(self.piece(), self.request.seed)
        one = Ranked(1, 0, piece, hear(piece, engine=engine))
        return Composition.of(
            self.request,
            [one],
            rejected=(),
            elapsed_s=0.0,
            stopped=False,
            versions=dict(self.versions),
        )


def read_journal(path: Path) -> Recording:
    """Read a journal, up to the last line that is whole.

    Args:
        path: Of the journal, or of the MIDI file beside it.

    Raises:
        ScoreFileError: If it is none.
    """
    path = path if path.name.endswith(ENDING) else path.with_name(path.name + ENDING)
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        found = list(_whole(lines))
        head = found[0]
        if head.get("format") != FORMAT:
            raise ValueError("format")
        request = Request.from_dict(head["request"])
        players = Piece.from_dict(head["players"])
        recording = Recording(request, players, head["bars"], head["versions"])
        _read_lines(found[1:], recording)
    except OSError as error:
        raise ScoreFileError(f"cannot read {path.name}: {error.strerror}") from error
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise ScoreFileError(f"{path.name} is no journal of a stream") from error
    return recording


def _whole(lines: list[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:
            return


def _read_lines(lines: list[dict[str, Any]], recording: Recording) -> None:
    chunk: list[dict[str, Any]] = []
    for line in lines:
        if "bar" in line:
            if chunk and line["place"] == 0:
                _add_chunk(chunk, recording)
                chunk = []
            chunk.append(line)
        elif "end" not in line:
            recording.turned.append((line["after"], line))
    if chunk:
        _add_chunk(chunk, recording)


def _add_chunk(lines: list[dict[str, Any]], recording: Recording) -> None:
    """Add bars that were composed together; those that were dropped are not among them."""
    bars = [_read_bar(line, recording.players) for line in lines]
    music = replace(gather(recording.players, bars, is_cut=False), keys=(), tempos=())
    stretch = Stretch(music=music, bars=len(bars), key=bars[0].key)
    recording.bars.extend(replace(bar, stretch=stretch) for bar in bars)
    for line in lines:
        transpose, muted, solo = line["mix"]
        recording.mixes.append(Mix(transpose, tuple(muted), tuple(solo)))


def _read_bar(line: dict[str, Any], players: Piece) -> LiveBar:
    key: Key = parse_key(line["key"])
    parts = tuple(
        replace(
            part,
            notes=tuple(Note(Fraction(o), p, Fraction(d), v) for o, p, d, v in notes),
        )
        for part, notes in zip(players.parts, line["notes"], strict=True)
    )
    meter = MeterChange(Fraction(0), parse_meter(line["meter"]))
    music = replace(players, parts=parts, meters=(meter,), key=key, n_bars=1)
    return LiveBar(
        number=line["bar"],
        onset_beats=Fraction(line["onset"]),
        music=music,
        key=key,
        tempo_bpm=line["tempo_bpm"],
        label=line["label"],
        why=line["why"],
        candidates=line["candidates"],
        drawn=line["drawn"],
        attempts=line["attempts"],
        nats_per_note=line["nats"],
        stretch=Stretch(music=music, bars=1, key=key),
        place=line["place"],
    )
