"""Somebody's own style as visitors ask for it: their files as pieces, the minutes they may take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from composer import settings
from composer.errors import OptionError, RequestError
from composer.piece import Piece
from composer.ui.shared import uploads
from composer.ui.studio import Studio

OFF = "this server learns no styles; `composer own-style` does so on your own machine"


def most_minutes() -> float:
    """Return how long learning may take here; 0 if it may not."""
    return settings.read().service.style_minutes


def check_minutes(minutes: float) -> None:
    """Check how long learning shall take.

    Raises:
        RequestError: If nothing is learned here, or not for so long.
    """
    if not most_minutes():
        raise RequestError(OFF)
    if not 0 < minutes <= most_minutes():
        raise OptionError(f"`minutes` must be at most {most_minutes():g} here, got {minutes:g}")


def read_pieces(
    studio: Studio, files: Sequence[Any], composer: str = "", form: str = ""
) -> list[Piece]:
    """Read files as pieces of one hand.

    Args:
        studio: Reads them.
        files: As `uploads.read_piece` takes them.
        composer: Of all of them, where he is named.
        form: Of all of them, where it is named.

    Raises:
        RequestError: If one is no music; the sentence names it.
    """
    found = []
    for file in files:
        try:
            piece = uploads.read_piece(studio.read_score, file)
        except RequestError as error:
            raise type(error)(f"{uploads.name_of(file) or 'a file'}: {error}") from error
        found.append(replace(piece, composer=composer or piece.composer, form=form or piece.form))
    return found
