"""What happens on the Inspect page: plain functions, values in and values out.

Each takes what the visitor's tab holds; none knows where on the page its values go.
"""

from __future__ import annotations

import hashlib
import math
import re
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gradio.utils import get_upload_folder

from composer.corpus.detect import form_of_name
from composer.errors import RequestError
from composer.piece import Piece
from composer.rendering import midi_bytes
from composer.scorecard import Scorecard
from composer.scoring import load_bands, score
from composer.ui.inspect import figures, views
from composer.ui.shared import downloads, score_view, sheets, tables, uploads
from composer.ui.studio import ReadScore, ScorePiece

ALL_FORMS = "all"
MAX_NAME = 80
MAX_SLUG = 40


@dataclass(frozen=True)
class Inspection:
    """What the Inspect page of one tab holds.

    Args:
        piece: As read; None before the first file.
        form: Which real pieces it is compared with.
        folder: Name of a folder that cannot be guessed.
        stem: Name of its files, without ending.
        other: Another piece to compare it with, if there is one.
    """

    piece: Piece | None = None
    form: str = ALL_FORMS
    folder: str = ""
    stem: str = ""
    other: Piece | None = None

    def read_piece(self) -> Piece:
        """Return the piece.

        Raises:
            RequestError: If there is none yet.
        """
        if self.piece is None:
            raise RequestError("there is no piece yet; choose a MIDI or MusicXML file")
        return self.piece

    def path(self, suffix: str) -> Path:
        """Return where a file of the piece belongs."""
        assert self.folder
        folder = Path(get_upload_folder()) / self.folder  # gradio deletes what lies there in time
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{self.stem}{suffix}"


@dataclass(frozen=True)
class Inspected:
    """A piece, ready to be put on the page.

    Args:
        heading: Title and total, HTML.
        facts: What was detected, HTML.
        score: What the score view shows.
        scorecard: Its values beside those of real pieces, HTML.
    """

    heading: str
    facts: str
    score: str
    scorecard: str


def read_upload(read_score: ReadScore, upload: Any) -> Inspection:
    """Read what a visitor sent; return the state with the form that its name speaks of.

    Args:
        read_score: As `corpus.read_score_bytes`.
        upload: As the browser sent it: a dictionary with the path of the file in our cache.

    Raises:
        RequestError: If it is no file of ours, or no music.
    """
    piece, name = uploads.read_piece(read_score, upload), uploads.name_of(upload)
    return Inspection(
        piece=piece,
        form=_form_of(piece, name),
        folder=secrets.token_hex(16),
        stem=_stem(piece),
    )


def read_other(read_score: ReadScore, inspection: Inspection, upload: Any) -> Inspection:
    """Read a second file, to be compared with the first one.

    Raises:
        RequestError: If there is no first one, or this one is no music.
    """
    inspection.read_piece()
    return replace(inspection, other=uploads.read_piece(read_score, upload))


def show(inspection: Inspection, judge: ScorePiece = score) -> Inspected:
    """Draw and score the piece.

    Args:
        inspection: Holds it.
        judge: As `Studio.judge`.

    Raises:
        RequestError: If there is none yet.
    """
    piece = inspection.read_piece()
    card = _score(inspection, judge)
    heading, scorecard = _card_views(inspection, card)
    return Inspected(
        heading=heading,
        facts=views.facts(piece),
        score=score_view.show(piece, card),
        scorecard=scorecard,
    )


def choose_form(inspection: Inspection, form: Any) -> Inspection:
    """Compare with other real pieces.

    Raises:
        RequestError: If there is no such form or no piece yet.
    """
    inspection.read_piece()
    if form != ALL_FORMS and form not in form_names():
        raise RequestError(f"there is no form {str(form)[:20]!r} to compare with")
    return replace(inspection, form=form)


def score_against(inspection: Inspection, judge: ScorePiece = score) -> tuple[str, str]:
    """Score the piece beside real ones of the chosen form; return heading and table, HTML."""
    return _card_views(inspection, _score(inspection, judge))


def show_figures(inspection: Inspection, judge: ScorePiece = score) -> str:
    """Draw the piece among real ones, and the other piece beside it; empty without a piece."""
    if inspection.piece is None:
        return ""
    pieces = {_title(inspection.piece): inspection.piece}
    if inspection.other is not None:
        name = _title(inspection.other)
        pieces[f"{name}, second file" if name in pieces else name] = inspection.other
    form = None if inspection.form == ALL_FORMS else inspection.form
    cards = {name: _score(inspection, judge, piece) for name, piece in pieces.items()}
    return figures.show(pieces, form, cards)


def _title(piece: Piece) -> str:
    return piece.title or views.UNTITLED


def _score(inspection: Inspection, judge: ScorePiece, piece: Piece | None = None) -> Scorecard:
    """Score the piece, or another one, beside real ones of the chosen form."""
    piece = piece or inspection.read_piece()
    if inspection.form == ALL_FORMS:
        return judge(replace(piece, ensemble=""), form="")
    return judge(piece, form=inspection.form)


def _card_views(inspection: Inspection, card: Scorecard) -> tuple[str, str]:
    measured = tuple(found for found in card.scores if math.isfinite(found.value))
    heading = views.heading(inspection.read_piece(), card)
    return heading, tables.scorecard(replace(card, scores=measured))


def show_sheet(inspection: Inspection, window_px: Any) -> str:
    """Engrave the piece for a window of a width; return HTML."""
    return sheets.show_sheet(inspection.piece, window_px) if inspection.piece else ""


def make_file(render_audio: Callable[..., Path], kind: str, inspection: Inspection) -> Path:
    """Write the piece in a format, once.

    Raises:
        RequestError: If there is none yet, or it cannot be written so.
        MissingTool: If a tool is absent.
    """
    piece = inspection.read_piece()
    return downloads.make_file(piece, inspection.path(f".{kind}"), render_audio=render_audio)


def form_names() -> tuple[str, ...]:
    """Return the forms that real pieces were measured of, sorted."""
    return tuple(sorted(name for name in load_bands() if name != ALL_FORMS and _is_form(name)))


def form_choices() -> list[tuple[str, str]]:
    """Return what the list of forms offers: as shown, as sent."""
    return [("all pieces", ALL_FORMS), *((name, name) for name in form_names())]


def _is_form(group: str) -> bool:
    return "/" not in group and not group.startswith("ensemble:")


def _form_of(piece: Piece, name: str) -> str:
    """Return the form that the piece states, its names speak of, or its ensemble is known for."""
    guesses = (piece.form, form_of_name(f"{name} {piece.title}"), piece.ensemble)
    return next((form for form in guesses if form in form_names()), ALL_FORMS)


def _stem(piece: Piece) -> str:
    """Name files after the content: words of the title, and a fingerprint of the notes."""
    plain = unicodedata.normalize("NFKD", piece.title).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_SLUG].strip("-")
    fingerprint = hashlib.sha256(midi_bytes(piece)).hexdigest()[:8]
    return f"{words or 'piece'}-{fingerprint}"
