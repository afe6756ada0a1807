"""What became of the request, as HTML: the result, how to get it again, this visit's results.

Knows no component of the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from composer.composition import Composition, Ranked
from composer.novelty import Shared
from composer.request import Request
from composer.ui.compose.links import to_query
from composer.ui.inspect.views import estimated_key
from composer.ui.shared import wording
from composer.ui.shared.visit import Past

_TOLD = ("key", "meter", "bars", "parts", "tempo")
_UNMEASURED = "told to the model; a manner cannot be measured here"


def asked_and_got(request: Request, candidate: Ranked) -> str:
    """Show every setting of the request beside what the piece has."""
    rows = "".join(
        f'<tr class="{_verdict(is_met)}"><th scope="row">{name}</th>'
        f'<td data-label="request">{escape(asked)}</td>'
        f'<td data-label="result">{escape(got)}</td></tr>'
        for name, asked, got, is_met in _answers(request, candidate)
    )
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("setting", "your request", "the result")
    )
    return (
        '<div class="scroll"><table class="asked">'
        "<caption>Your request, and what came of it</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _verdict(is_met: bool | None) -> str:
    return "open" if is_met is None else "met" if is_met else "unmet"


def _answers(request: Request, candidate: Ranked) -> Iterator[tuple[str, str, str, bool | None]]:
    """Yield setting, request, result and whether it was met; None if that cannot be told."""
    piece = candidate.piece
    for name in ("composer", "form", "ensemble"):
        asked, got = getattr(request, name), getattr(piece, name)
        told = f"{got}; {_UNMEASURED}" if got and name != "ensemble" else got or "left open"
        yield name, asked or "open", told, None
    found = estimated_key(piece)
    heard = "" if found is None else f"; by its notes {found}"
    is_met = None if request.key is None else found in (None, request.key)
    yield "key", _asked(request.key), f"{piece.key}{heard}", is_met
    exact: tuple[tuple[str, Any, Any], ...] = (
        ("meter", request.meter, piece.meter),
        ("bars", request.bars, piece.n_bars),
        ("parts", request.parts, len(piece.parts)),
    )
    for name, asked, got in exact:
        yield name, _asked(asked), str(got), None if asked is None else asked == got
    yield from (
        (one.name, one.asked, one.got, one.is_kept)
        for one in candidate.kept
        if one.name == "chords"
    )
    tempo = request.tempo_bpm
    got_bpm = f"{piece.tempo_bpm:.0f}"
    asked_bpm = "usual for the form" if tempo is None else f"{tempo:.0f}"
    yield "tempo", asked_bpm, got_bpm, None if tempo is None else piece.tempo_bpm == tempo
    for one in candidate.kept:
        if one.name not in _TOLD:
            yield one.name, one.asked, one.got, one.is_kept


def _asked(value: Any) -> str:
    return "open" if value is None else str(value)


def make_again(composition: Composition) -> str:
    """Show the seed and a link that makes the same piece."""
    seed = composition.request.seed
    query = escape(to_query(composition.request))
    return (
        f'<p class="again">Seed <b>{seed}</b>. <a href="?{query}#compose">This link</a> makes the '
        "same candidates again on the same version of the program; the JSON file has the notes "
        'themselves. <button type="button" class="copy">copy the link</button></p>'
    )


def facts(composition: Composition) -> str:
    """Say in a few words what a result is known by."""
    return f"closeness {composition.scorecard.total:.0f}, seed {composition.request.seed}"


def history(past: Sequence[Past], folder: str) -> str:
    """List the results of this visit as buttons, the one on show marked."""
    if not past:
        return wording.note("Nothing was composed in this visit yet.")
    rows = "".join(_history_row(number, one, folder) for number, one in enumerate(past))
    return f'<ul class="history">{rows}</ul>'


def _history_row(number: int, one: Past, folder: str) -> str:
    composition = one.composition
    pressed = str(one.folder == folder).lower()
    return (
        f'<li><button type="button" data-run="{number}" aria-pressed="{pressed}">'
        f"{escape(wording.title(composition.piece))}<small>{facts(composition)}</small></button></li>"
    )


def nearest(shared: Shared | None) -> str:
    """Name the training piece with the longest run of the same notes; nothing if none is known.

    Args:
        shared: As from `pipeline.find_nearest`.
    """
    if shared is None:
        return ""
    if not shared.notes:
        return wording.note("No run of its notes stands in a training piece.")
    first, last = shared.first_bar, shared.last_bar
    bars = f"bar {first}" if first == last else f"bars {first} to {last}"
    return wording.note(
        f"Nearest training piece: {shared.piece_name}, which has the same "
        f"{wording.count(shared.notes, 'note')} in a row as {bars}."
    )
