"""What was detected in a piece, as HTML. Knows no component of the page."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from composer.piece import Part, Piece
from composer.scorecard import Scorecard
from composer.scoring.texture import build_texture
from composer.scoring.tonality import durations_by_pitch_class, entropy_bits
from composer.theory import Key, estimate_key, pitch_name
from composer.ui.shared import tables, wording
from composer.units import beats_to_seconds

EMPTY = (
    '<div class="empty"><p>Choose a <b>MIDI</b> or <b>MusicXML</b> file: here it can be seen, read '
    "as sheet music, and compared with real pieces of a form, value by value.</p></div>"
)
UNTITLED = "Untitled piece"
MAX_METERS_NAMED = 6
# Two keys whose fit differs by less are as good as one another.
CLOSE_FIT = 0.02
# When all pitch classes sound nearly equally long, which key fits best is chance. Of 500 real
# pieces one in a hundred has an entropy above 3.5 bits; 6,000 random notes have 3.576, the most
# that there can be is 3.585 (twelve equal shares).
NO_KEY_BITS = 3.5
NO_CLEAR_KEY = "no clear key"


def heading(piece: Piece, card: Scorecard) -> str:
    """Name the piece, say how close it is to real ones, and by which values most."""
    return (
        f'<div class="heading"><div><h2>{escape(piece.title or UNTITLED)}</h2>'
        f"<p>{escape(_summary(piece))}</p></div>"
        f'<div class="total"><b>{card.total:.0f}</b><span>closeness, of 100</span></div></div>'
        f"{tables.closeness(card)}"
    )


def _summary(piece: Piece) -> str:
    parts = wording.count(len(piece.parts), "part")
    bars = wording.count(piece.n_bars, "bar")
    key = NO_CLEAR_KEY if piece.n_notes and not has_clear_key(piece) else piece.key
    return f"{key}, {bars}, {parts}, {wording.count(piece.n_notes, 'note')}"


def facts(piece: Piece) -> str:
    """Show what was detected: a list of facts, and a table of the parts."""
    rows = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in _facts(piece))
    return f'<dl class="facts">{rows}</dl>{_parts_table(piece)}'


def _facts(piece: Piece) -> Iterator[tuple[str, str]]:
    if piece.remarks:
        yield "the file", piece.remarks_in_a_line
    if piece.composer:
        yield "composer", piece.composer
    yield "key", key_words(piece)
    yield "meter", meter_words(piece)
    yield "bars", wording.bars(piece.n_bars, piece.pickup_beats)
    yield "tempo", f"{piece.tempo_bpm:.0f} quarter notes per minute"
    yield "length", length_words(piece)
    yield "ensemble", piece.ensemble or "not known"


def key_words(piece: Piece) -> str:
    """Name the key as read, and what the notes say about it."""
    if not piece.n_notes:
        return str(piece.key)
    if not has_clear_key(piece):
        return f"{NO_CLEAR_KEY}: all twelve pitch classes sound nearly equally long"
    key, margin = _estimate(piece)
    same = (key.tonic_pitch_class, key.mode) == (piece.key.tonic_pitch_class, piece.key.mode)
    if margin < CLOSE_FIT:
        return f"{piece.key} as read; not clear from its notes, another key fits about as well"
    # Enharmonic twins are one key to the ear; then the written name stays.
    return f"{piece.key}; its notes agree" if same else f"{piece.key} as read; by its notes {key}"


def has_clear_key(piece: Piece) -> bool:
    """Tell whether some pitch classes sound longer than others, so that a key can be heard."""
    entropy = entropy_bits(durations_by_pitch_class(build_texture(piece)))
    return bool(entropy < NO_KEY_BITS)  # NaN without notes


def estimated_key(piece: Piece) -> Key | None:
    """Estimate the key from the notes alone; None if nothing tells the keys apart."""
    if not piece.n_notes or not has_clear_key(piece):
        return None
    key, margin = _estimate(piece)
    same = (key.tonic_pitch_class, key.mode) == (piece.key.tonic_pitch_class, piece.key.mode)
    if margin < CLOSE_FIT:
        return None
    return piece.key if same else key


def _estimate(piece: Piece) -> tuple[Key, float]:
    """Return the key of the notes, and by how much it fits better than the second best."""
    durations = durations_by_pitch_class(build_texture(piece))
    return estimate_key(durations.tolist(), _last_bass(piece))


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
