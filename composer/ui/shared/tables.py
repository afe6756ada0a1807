"""Results as HTML: heading, ranking and why, rejections, scorecard. Knows no component."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby

from composer.composition import Composition, Ranked, Rejected, count_given_up
from composer.outcomes import PARALLELS
from composer.scorecard import Place, Score, Scorecard
from composer.scoring import RULES
from composer.scoring.reasons import plural_of_group
from composer.stitching import trim
from composer.ui.shared import score_view
from composer.ui.shared.wording import count, label, listed, note, number, title

MAX_BARS_NAMED, MAX_BARS_TOLD = 8, 3
MAX_REASONS = 3
MATTERING = 3
AUDITION_BARS, MAX_AUDITIONS = 4, 32
# From which total on a piece is called what; the total says how many pieces are less close.
CLOSENESS = ((75, "Close to"), (40, "Not far from"), (0, "Unlike most"))
_RULES = {rule.name: rule for rule in RULES}
COLUMNS = (
    *("rank", "fit", "closeness", "parallel fifths and octaves", "usual values", "notes"),
    *("surprise", "why"),
)
RANKING = (
    "First those that keep the whole request, then by closeness to real pieces, 0 to 100. "
    "▶ plays the first bars; a row puts its candidate on show"
)


def heading(candidate: Ranked, n_candidates: int) -> str:
    """Name the piece on show, and say in a sentence what came."""
    piece = candidate.piece
    n_all = n_candidates
    where = f"{candidate.rank} of {n_all}" if candidate.rank > 1 else f"best of {n_all}"
    return (
        f'<div class="heading"><div><h2>{escape(title(piece))}</h2>'
        f'<p class="verdict">{escape(verdict(candidate.scorecard, missed_requests(candidate)))}</p>'
        f"<p>Candidate {candidate.index + 1}, {where}, {count(piece.n_notes, 'note')}, "
        f"tempo {piece.tempo_bpm:.0f}</p>{_layout(candidate.layout)}"
        f"{_entries(candidate.entries)}</div></div>"
    )


def _layout(words: str) -> str:
    """Say what the bars were to be, with a button that takes it among the settings."""
    if not words:
        return ""
    return (
        f'<p class="layout">Layout <code>{escape(words)}</code> '
        '<button type="button" class="edit-layout">edit</button></p>'
    )


def _entries(words: str) -> str:
    return f'<p class="layout">Entries of the subject: {escape(words)}</p>' if words else ""


def verdict(card: Scorecard, missed: Sequence[str] = ()) -> str:
    """Say what a piece is, such as `Close to real chorales; cross relations in bars 3 and 4`.

    Args:
        card: Of the piece.
        missed: What it does not keep of a request.
    """
    near = next(words for least, words in CLOSENESS if card.total >= least)
    said = [f"{near} real {plural_of_group(card.form)}"]
    if missed:
        said.append(f"not as you asked: {listed(missed)}")
    faults = [s for s in card.scores if s.lost > 0 and not s.is_inside_band]
    for worst in sorted(faults, key=lambda score: -score.lost)[:1]:
        if not (worst.places and _RULES[worst.name].is_fault):
            said.append(f"furthest from them in {label(worst)}")
            continue
        numbers = sorted({place.bar for place in worst.places})
        named = [str(bar) for bar in numbers[:MAX_BARS_TOLD]]
        more = " and others" if len(numbers) > len(named) else ""
        bars = ", ".join(named) + more if more else listed(named)
        said.append(f"{label(worst)} in {'bar' if len(numbers) == 1 else 'bars'} {bars}")
    return "; ".join(said) + "."


def why(candidate: Ranked) -> str:
    """Show the numbers behind a candidate: closeness, and the values that matter most."""
    card = candidate.scorecard
    return (
        f'<div class="total"><b>{card.total:.0f}</b><span>closeness, of 100</span></div>'
        f"{closeness(card)}"
    )


def closeness(card: Scorecard) -> str:
    """Say what the total is and is not, and which values matter most."""
    real = f"real {plural_of_group(card.form)}"
    rows = "".join(f"<li>{escape(_value_words(score, real))}</li>" for score in mattering(card))
    words = escape(_closeness_words(card, real))
    return f'<p class="closeness">{words}</p><ul class="reasons">{rows}</ul>'


def _closeness_words(card: Scorecard, real: str) -> str:
    """Say what the total is, and what it is not."""
    return (
        f"Its values lie closer to {real} than those of {card.total:.0f} of 100 pieces, half of "
        "them real and half composed. That tells how usual it is, not how good. What matters most:"
    )


def mattering(card: Scorecard) -> list[Score]:
    """Return the values that a reader should see beside the total, at most `MATTERING`.

    Those that cost most come first. Where hardly anything costs, those follow that lie nearest to
    the end of their band, weighed by what they would cost beyond it.
    """
    measured = [
        score
        for score in card.scores
        if all(map(math.isfinite, (score.value, score.low, score.high))) and score.weight > 0
    ]
    return sorted(measured, key=lambda score: (-score.lost, -score.weight * _nearness(score)))[
        :MATTERING
    ]


def _nearness(score: Score) -> float:
    """Return how near a value is to the end of its band: 0 in the middle, 1 at an end."""
    width = score.high - score.low
    if width <= 0:
        return 0.0
    return min(1.0, abs(2 * (score.value - score.low) / width - 1))


def _value_words(score: Score, real: str) -> str:
    """Write a value beside its band: `syncopated notes: 0.02 share of ...; real waltzes ...`."""
    low, high = number(score.low), number(score.high)
    band = low if low == high else f"{low} to {high}"
    value = f"{label(score)}: {number(score.value)} {score.unit}"
    return f"{value}; {real} have {band}{_bars_words(score)}"


def _bars_words(score: Score) -> str:
    """Name the bars where something unusual was found."""
    bars = [] if score.is_inside_band else sorted({place.bar for place in score.places})
    named = ", ".join(map(str, bars[:MAX_BARS_NAMED]))
    more = " and more" if len(bars) > MAX_BARS_NAMED else ""
    return f" ({'bar' if len(bars) == 1 else 'bars'} {named}{more})" if bars else ""


def _reasons(candidate: Ranked) -> list[str]:
    """Say why it stands where it stands: what it misses weighs more than its closeness."""
    return [*missed_requests(candidate), *candidate.scorecard.reasons]


def missed_requests(candidate: Ranked) -> list[str]:
    """Name what a candidate does not keep of the request: `bars 15, not 16`."""
    missed = (one for one in candidate.kept if not one.is_kept)
    return [f"{one.name} {one.got}, not {one.asked}" for one in missed]


def ranking(composition: Composition, shown: int, first_bar: int = 1) -> str:
    """Show all candidates as a table whose rows can be picked, and heard without being picked.

    Args:
        composition: Of the candidates.
        shown: Rank of the one on show.
        first_bar: Where what is heard begins, counted from 1.
    """
    head = "".join(f'<th scope="col">{column}</th>' for column in COLUMNS)
    rows = "".join(
        _ranking_row(candidate, candidate.rank == shown, first_bar)
        for candidate in composition.ranked
    )
    n_given_up = count_given_up(composition.rejected)
    others = f"; {count(n_given_up, 'other')} given up on the way" if n_given_up else ""
    return (
        '<div class="scroll"><table class="ranking">'
        f"<caption>{RANKING}{others}.</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _ranking_row(candidate: Ranked, is_shown: bool, first_bar: int) -> str:
    card = candidate.scorecard
    inside = sum(score.is_inside_band for score in card.scores)
    parallels = sum(len(s.places) for s in card.scores if s.name in PARALLELS)
    n_kept = len(candidate.kept) - candidate.n_missed
    missed = ", ".join(dict.fromkeys(one.name for one in candidate.kept if not one.is_kept))
    why = escape("; ".join(_reasons(candidate)[:2]))
    cells = (
        f'{_audition(candidate, first_bar)}<button type="button">{candidate.rank}</button>',
        f"{n_kept} of {len(candidate.kept)}" + (f", misses {escape(missed)}" if missed else ""),
        f"<b>{card.total:.0f}</b>",
        f"{parallels}",
        f"{inside} of {len(card.scores)}",
        f"{candidate.piece.n_notes}",
        number(math.nan if candidate.nats_per_note is None else candidate.nats_per_note),
        f'<span title="{why}">{why}</span>',
    )
    labelled = zip(COLUMNS, cells, strict=True)
    body = "".join(f'<td data-label="{label}">{text}</td>' for label, text in labelled)
    return f'<tr data-rank="{candidate.rank}" aria-selected="{str(is_shown).lower()}">{body}</tr>'


def _audition(candidate: Ranked, first_bar: int) -> str:
    """Return a button that plays some bars of a candidate; nothing beyond the first rows."""
    piece = candidate.piece
    if candidate.rank > MAX_AUDITIONS or not piece.n_notes:
        return ""
    first = min(max(first_bar, 1), piece.n_bars)
    heard = trim(piece, first, min(first + AUDITION_BARS - 1, piece.n_bars))
    return (
        f'<button type="button" class="audition" aria-pressed="false" '
        f'aria-label="hear candidate {candidate.rank}" title="hear its first bars" '
        f'data-score="{escape(score_view.show(heard))}">▶</button>'
    )


def ranking_reason(composition: Composition, shown: int) -> str:
    """Say in a sentence why a candidate stands before the next one, or behind the best."""
    if len(composition.ranked) == 1:
        return note("The only candidate: there was nothing to compare it with.")
    rival = composition.ranked[1 if shown == 1 else 0]
    one = composition.ranked[shown - 1]
    first, second = (one, rival) if shown == 1 else (rival, one)
    where = "before the second" if shown == 1 else "behind the best"
    if second.n_missed > first.n_missed:  # weighs more than any number of points
        which = "which misses" if shown == 1 else "because it misses"
        missed = "; ".join(missed_requests(second))
        return note(f"{where.capitalize()}, {which} more of what was asked: {missed}.")
    gap = first.scorecard.total - second.scorecard.total
    return note(f"{gap:.1f} points {where}: {_difference(first, second)}.")


def _difference(better: Ranked, worse: Ranked) -> str:
    """Name the values that set two candidates apart, the weightiest first."""
    losses = {score.name: score.weight * score.penalty for score in better.scorecard.scores}
    gains = [
        (score.weight * score.penalty - losses.get(score.name, 0.0), score)
        for score in worse.scorecard.scores
    ]
    gains.sort(key=lambda gain: -gain[0])
    named = [label(score) for gain, score in gains[:MAX_REASONS] if gain > 0]
    if not named:
        return "equal by the rules; the likelier one stands first"
    return f"nearer to real pieces in {listed(named)}"


def rejections(rejected: Iterable[Rejected]) -> str:
    """List the rejected candidates with their reasons."""
    lines = [f"<li><b>{r.index + 1}</b> {escape(r.reason)}</li>" for r in rejected]
    return (
        f'<ul class="rejected">{"".join(lines)}</ul>'
        if lines
        else "<p>No candidates were rejected.</p>"
    )


def scorecard(card: Scorecard) -> str:
    """Show every value beside the band of real pieces, with its places."""
    families = groupby(card.scores, key=lambda score: score.family)
    bodies = "".join(
        f'<tbody><tr><th colspan="4" scope="rowgroup">{escape(family)}</th></tr>'
        f"{''.join(map(_score_row, scores))}</tbody>"
        for family, scores in families
    )
    return (
        f'<div class="scroll"><table class="scorecard"><caption>Each value beside the band of real '
        f"pieces ({escape(_group(card.form))}): 10th to 90th percentile</caption>"
        f"<thead><tr><th>what</th><th>value</th><th>band</th><th>where</th></tr></thead>{bodies}</table></div>"
    )


def _group(form: str) -> str:
    """Name the pieces that the bands were measured on: `chorale/4` are chorales of 4 parts."""
    name, _, parts = form.removeprefix("ensemble:").partition("/")
    return ("all forms" if name in ("", "all") else name) + (f" in {parts} parts" if parts else "")


def _score_row(score: Score) -> str:
    inside = "in" if score.is_inside_band else "out"
    name = label(score)
    told = " · ".join(filter(None, (score.reason, score.source)))
    band = (
        f"{number(score.low)} to {number(score.high)}" if math.isfinite(score.low) else "not known"
    )
    return (
        f'<tr class="{inside}"><td title="{escape(told)}">{escape(name)}</td>'
        f'<td data-label="value"><b>{number(score.value)}</b> '
        f"<small>{escape(score.unit)}</small></td>"
        f'<td data-label="band">{_band(score)}<small>{band}</small></td>'
        f'<td data-label="where">{places(score.places)}</td></tr>'
    )


def _band(score: Score) -> str:
    """Draw the band as a stripe in the middle of a line, and the value as a dot on it."""
    place = _place(score)
    dot = "" if place is None else f'<i style="left:{place:.0%}"></i>'
    return f'<span class="band">{dot}</span>'


def _place(score: Score) -> float | None:
    """Return where on the line a value lies, 0..1; the band is the part from 0.3 to 0.7."""
    if not all(map(math.isfinite, (score.value, score.low, score.high))):
        return None
    if not score.is_inside_band:
        distance = 0.3 * min(score.penalty, 1.5) / 1.5
        return 0.7 + distance if score.value > score.high else 0.3 - distance
    width = score.high - score.low
    return 0.3 + 0.4 * min(max((score.value - score.low) / width, 0.0), 1.0) if width > 0 else 0.5


def places(found: tuple[Place, ...]) -> str:
    """Name the bars where something was found, as buttons that point at the first place in each."""
    by_bar: dict[int, list[Place]] = {}
    for place in found:
        by_bar.setdefault(place.bar, []).append(place)
    bars = [_place_button(bar, there) for bar, there in sorted(by_bar.items())]
    named, n_more = bars[:MAX_BARS_NAMED], len(bars) - MAX_BARS_NAMED
    more = f" and {n_more} more" if n_more > 0 else ""
    noun = "bar" if len(bars) == 1 else "bars"
    # Held together, or a line may begin with a comma: it may break on both sides of a button.
    held = [f'<span class="held">{button},</span>' for button in named[:-1]]
    return f"{noun} {' '.join([*held, named[-1]])}{more}" if bars else ""


def _place_button(bar: int, there: list[Place]) -> str:
    first = min(there, key=lambda place: place.onset_beats)
    parts = ",".join(map(str, first.parts))
    words = escape("; ".join(place.note for place in there))
    return (
        f'<button type="button" class="place" data-onset="{float(first.onset_beats):g}" '
        f'data-parts="{parts}" title="{words}" aria-label="show bar {bar}">{bar}</button>'
    )
