"""What was detected in a piece, as HTML. Knows no component of the page."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from composer.piece import Part, Piece
from composer.scorecard import Scorecard
from composer.theory import Key, estimate_key, pitch_name
from composer.ui.shared import wording
from composer.units import beats_to_seconds

EMPTY = (
    '<div class="empty"><p>Choose a <b>MIDI</b> or <b>MusicXML</b> file: here it can be seen, read '
    "as sheet music, and compared with real pieces of a form, value by value.</p></div>"
)
MAX_METERS_NAMED = 6
# Two keys whose fit differs by less are as good as one another.
CLOSE_FIT = 0.02


def heading(piece: Piece, card: Scorecard) -> str:
    """Name the piece, and say how it stands."""
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in card.reasons[:3])
    return (
        f'<div class="heading"><div><h2>{escape(piece.title or "Untitled piece")}</h2>'
        f"<p>{escape(_summary(piece))}</p></div>"
        f'<div class="total" title="score, 0 to 100"><b>{card.total:.0f}</b>'
        f'<span>score</span></div></div><ul class="reasons">{reasons}</ul>'
    )


def _summary(piece: Piece) -> str:
    parts = wording.count(len(piece.parts), "part")
    bars = wording.count(piece.n_bars, "bar")
    return f"{piece.key}, {bars}, {parts}, {wording.count(piece.n_notes, 'note')}"


def facts(piece: Piece) -> str:
    """Show what was detected: a list of facts, and a table of the parts."""
    rows = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in _facts(piece))
    return f'<dl class="facts">{rows}</dl>{_parts_table(piece)}'


def _facts(piece: Piece) -> Iterator[tuple[str, str]]:
    if piece.composer:
        yield "composer", piece.composer
    yield "key", key_words(piece)
    yield "meter", meter_words(piece)
    yield "bars", wording.bars(piece.n_bars, piece.pickup_beats)
    yield "tempo", f"{piece.tempo_bpm:.0f} quarters a minute"
    yield "length", length_words(piece)
    yield "ensemble", piece.ensemble or "not known"


def key_words(piece: Piece) -> str:
    """Name the key as read, and what the notes say about it."""
    estimated = estimated_key(piece)
    if estimated is None:
        return str(piece.key)
    if estimated == piece.key:
        return f"{piece.key}; its notes agree"
    return f"{piece.key} as read; by its notes {estimated}"


def estimated_key(piece: Piece) -> Key | None:
    """Estimate the key from the notes alone; None if nothing tells the keys apart."""
    durations = [0.0] * 12
    for note in (note for part in piece.parts for note in part.notes):
        durations[note.pitch % 12] += float(note.duration_beats)
    if not any(durations):
        return None
    key, margin = estimate_key(durations, _last_bass(piece))
    # Enharmonic twins are one key to the ear; then the written name stays.
    same = (key.tonic_pitch_class, key.mode) == (piece.key.tonic_pitch_class, piece.key.mode)
    if same:
        return piece.key
    return key if margin >= CLOSE_FIT else None


def _last_bass(piece: Piece) -> int | None:
    """Return the pitch class of the lowest note that sounds at the end."""
    notes = [note for part in piece.parts for note in part.notes]
    last_onset = max(note.onset_beats for note in notes)
    return min(note.pitch for note in notes if note.end_beats > last_onset) % 12


def meter_words(piece: Piece) -> str:
    """Name the meter, and where it changes."""
    first, *changes = piece.meters
    onsets = (bar.onset_beats for bar in piece.bars)
    number = dict(zip(onsets, piece.bar_numbers, strict=True))
    words = [str(first.meter)]
    words += [
        f"{change.meter} from bar {number[change.onset_beats]}"
        for change in changes
        if change.onset_beats in number
    ]
    more = len(words) - MAX_METERS_NAMED
    named = ", ".join(words[:MAX_METERS_NAMED])
    return f"{named} and {wording.count(more, 'further change')}" if more > 0 else named


def length_words(piece: Piece) -> str:
    """Say how long the piece takes at its tempo."""
    seconds = round(beats_to_seconds(piece.length_beats, piece.tempo_bpm))
    return f"{seconds // 60} min {seconds % 60} s" if seconds >= 60 else f"{seconds} s"


def _parts_table(piece: Piece) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in ("part", "instrument", "range"))
    rows = "".join(_part_row(part, piece.key) for part in piece.parts)
    return (
        '<div class="scroll"><table class="parts"><caption>Parts, from the top of the score'
        f"</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _part_row(part: Part, key: Key) -> str:
    pitches = [note.pitch for note in part.notes]
    span = f"{pitch_name(min(pitches), key)} to {pitch_name(max(pitches), key)}" if pitches else "–"
    name = escape(part.name or part.instrument.name)
    return (
        f'<tr><th scope="row">{name}</th><td>{escape(part.instrument.name)}</td>'
        f"<td>{span}<br><small>{wording.count(len(pitches), 'note')}</small></td></tr>"
    )
