"""composition.json of format 1 -> format 2: files of 0.1 held events where there are notes now."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from composer.cells import Blank
from composer.engines.events.takes import (
    conditions_of_record,
    conditions_to_record,
    read_chunk,
    read_filling,
    write_rows,
)
from composer.errors import OptionError
from composer.piece import Piece
from composer.theory import parse_key
from composer.tokenizer import Events, decode_bars


def upgrade_document(values: dict[str, Any]) -> dict[str, Any]:
    """Return a composition.json of format 1 as one of format 2; what is none raises any error."""
    if "tree" in values:
        return values | {"format": 2, "tree": upgrade_tree(values["tree"])}
    filling = values.get("filling")
    candidates = [_upgraded(one, filling) for one in values["candidates"]]
    return values | {"format": 2, "candidates": candidates}


def upgrade_tree(values: dict[str, Any]) -> dict[str, Any]:
    """Return a tree of format 1 as one of format 2; what is none raises any error."""
    given = Piece.from_dict(values["given"])
    chunks = [_upgraded_chunk(chunk, given) for chunk in values["chunks"]]
    return values | {"format": 2, "chunks": chunks}


def _upgraded(values: dict[str, Any], filling: dict[str, Any] | None) -> dict[str, Any]:
    events = _events(values)
    conditions = conditions_of_record(values["wishes"])
    record = {"events": write_rows(events), **conditions_to_record(conditions)}
    if filling is not None:
        piece = read_filling(events, _blank(filling))
    else:
        tempo_bpm = float(values["tempo_bpm"])
        if not 1 <= tempo_bpm <= 1000:
            raise OptionError("no one plays at such a tempo")
        piece = decode_bars(events, conditions, key=parse_key(values["key"]))
        piece = replace(piece, tempo_bpm=tempo_bpm)
    return values | {"piece": piece.to_dict(), "record": record}


def _blank(values: dict[str, Any]) -> Blank:
    """Return what stayed; of what was open the first bar is known."""
    given = Piece.from_dict(values["given"])
    cells = np.zeros((given.n_bars, len(given.parts)), np.bool_)
    cells[int(values["first_bar"]) - 1] = True
    cuts = frozenset((int(part), int(pitch), Fraction(at)) for part, pitch, at in values["cuts"])
    return Blank(piece=given, cells=cells, cuts=cuts)


def _upgraded_chunk(values: dict[str, Any], given: Piece) -> dict[str, Any]:
    key = parse_key(values["key"])
    choices = []
    for one in values["choices"]:
        events = _events(one)
        music = read_chunk(events, key, given).to_dict()
        choices.append({**one, "music": music, "record": {"events": write_rows(events)}})
    return values | {"choices": choices}


def _events(values: dict[str, Any]) -> Events:
    return np.array(values["events"], np.int16).reshape(-1, 4)
