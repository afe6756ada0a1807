"""What is wrong with a corpus before anybody trains on it: refusals, faults, doubles, leaks.

Doubles are pieces with the same notes, whatever their keys and titles: they weigh twice in
training, and where they lie in different splits, what is validated has been learned by heart.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from composer.checking import note_faults
from composer.corpus import Corpus, Entry, Refusal
from composer.evaluation.page import folded, html_page, section, table
from composer.piece import Piece

SHORTEST_BARS = 4
GRID = 24  # positions of a quarter
_ROWS_SHOWN = 500


def check_corpus(corpus: Corpus) -> dict[str, Any]:
    """Read every score and return what is wrong, as JSON values."""
    found: dict[str, Any] = {"pieces": 0, "bars": 0, "notes": 0, "notes_off_grid": 0}
    refused, faulty, short, unlicensed = [], [], [], []
    same: dict[str, list[Entry]] = defaultdict(list)
    for entry, piece in corpus.pieces():
        if isinstance(piece, Refusal):
            refused.append([entry.path, piece.reason])
            continue
        found["pieces"] += 1
        found["bars"] += piece.n_bars
        found["notes"] += piece.n_notes
        found["notes_off_grid"] += _off_grid(piece)
        faulty += [[entry.path, sentence] for sentence in note_faults(piece)]
        if piece.n_bars < SHORTEST_BARS:
            short.append([entry.path, f"{piece.n_bars} bars"])
        if not entry.licence:
            unlicensed.append([entry.path, "no licence is stated"])
        same[_content(piece)].append(entry)
    doubles = [entries for entries in same.values() if len(entries) > 1]
    return found | {
        "refused": refused,
        "faulty": faulty,
        "short": short,
        "without_licence": unlicensed,
        "doubles": [[entry.path for entry in entries] for entries in doubles],
        "leaks": [
            [f"{entry.path} ({entry.split})" for entry in entries]
            for entries in doubles
            if len({entry.split for entry in entries}) > 1
        ],
    }


def _content(piece: Piece) -> str:
    """Return what tells its notes from those of others; the same in every key."""
    notes = sorted((note.onset_beats, note.pitch) for part in piece.parts for note in part.notes)
    first = notes[0][1] if notes else 0
    text = ";".join(f"{onset} {pitch - first}" for onset, pitch in notes)
    return hashlib.sha256(text.encode()).hexdigest()


def _off_grid(piece: Piece) -> int:
    notes = (note for part in piece.parts for note in part.notes)
    return sum((note.onset_beats * GRID).denominator != 1 for note in notes)


def corpus_page(found: Mapping[str, Any]) -> str:
    """Return the HTML of what `check_corpus` found."""
    share = found["notes_off_grid"] / max(1, found["notes"])
    summary = (
        f"{found['pieces']:,} pieces, {found['bars']:,} bars, {found['notes']:,} notes can be "
        f"used; {share:.2%} of the notes begin beside the grid of {GRID} to the quarter."
    )
    parts = [f"<p>{summary}</p>"]
    texts = {
        "refused": "Scores that cannot be read, and why.",
        "faulty": "Pieces whose notes collide or sound beyond the end.",
        "short": f"Pieces of fewer than {SHORTEST_BARS} bars.",
        "without_licence": "Pieces of which nobody says under which licence they may be used.",
    }
    for name, text in texts.items():
        title = f"{name.replace('_', ' ').capitalize()}: {len(found[name]):,}"
        parts.append(section(title, text, _rows(("score", "what"), found[name])))
    for name, text in {
        "doubles": "Pieces with the same notes, whatever their keys and titles.",
        "leaks": "Doubles of which some are trained on and others validate or test.",
    }.items():
        rows = [["; ".join(paths), str(len(paths))] for paths in found[name]]
        title = f"{name.capitalize()}: {len(rows):,}"
        parts.append(section(title, text, _rows(("scores", "how many"), rows)))
    return html_page("Check of a corpus", parts)


def _rows(heading: tuple[str, str], rows: list[list[str]]) -> str:
    if not rows:
        return "<p class='faint'>None.</p>"
    shown = folded(f"{len(rows):,} rows", table(heading, rows[:_ROWS_SHOWN]))
    rest = len(rows) - _ROWS_SHOWN
    return shown + (f"<p class='faint'>and {rest:,} more</p>" if rest > 0 else "")


def write_check(found: Mapping[str, Any], folder: Path) -> Path:
    """Write what was found as a page and as JSON; return the page."""
    import json

    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(found, indent=1, ensure_ascii=False)
    (folder / "check.json").write_text(text + "\n", encoding="utf-8")
    page = folder / "check.html"
    page.write_text(corpus_page(found), encoding="utf-8")
    return page
