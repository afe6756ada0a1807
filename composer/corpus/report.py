"""What a corpus holds and what of it is refused, counted by reading every score."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from composer.corpus.manifest import Corpus, Entry, Refusal
from composer.corpus.text import clean_text

# What the text shows before it says how many more there are.
_ROWS_SHOWN = 40
_PATHS_SHOWN = 3
_LABEL_WIDTH = 56
_MAX_PATH_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a corpus has one label."""

    name: str
    pieces: int
    notes: int


@dataclass(frozen=True, slots=True)
class RefusedScore:
    """A score that cannot be used, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class CorpusReport:
    """Counts of the pieces that can be used; shares come with the most pieces first.

    Args:
        licences: With the class in brackets, such as `CC0 1.0 (open)`.
        refused: Every score that cannot be used.
    """

    pieces: int
    notes: int
    bars: int
    composers: tuple[Share, ...]
    forms: tuple[Share, ...]
    ensembles: tuple[Share, ...]
    licences: tuple[Share, ...]
    splits: tuple[Share, ...]
    refused: tuple[RefusedScore, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        return asdict(self)

    def to_text(self) -> str:
        """Return the counts as tables for a terminal."""
        tables = ("composers", "forms", "ensembles", "licences", "splits")
        lines = [f"{self.pieces:,} pieces, {self.bars:,} bars, {self.notes:,} notes"]
        for title in tables:
            lines += ["", *_table(title, getattr(self, title))]
        return "\n".join([*lines, "", *_refused_lines(self.refused)])


@dataclass(slots=True)
class _Tally:
    """Pieces and notes by label, while they are counted."""

    pieces: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)

    def add(self, label: str, n_notes: int) -> None:
        self.pieces[label] += 1
        self.notes[label] += n_notes

    def shares(self) -> tuple[Share, ...]:
        ranked = sorted(self.pieces.items(), key=lambda item: (-item[1], item[0]))
        return tuple(Share(name, pieces, self.notes[name]) for name, pieces in ranked)


def corpus_report(corpus: Corpus) -> CorpusReport:
    """Read every score of a corpus and count what is there."""
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    refused = []
    n_bars = 0
    for entry, piece in corpus.pieces():
        if isinstance(piece, Refusal):
            path = clean_text(entry.path, _MAX_PATH_LENGTH)
            refused.append(RefusedScore(path, piece.reason))
            continue
        n_bars += piece.n_bars
        for kind, label in _labels(entry).items():
            tallies[kind].add(label, piece.n_notes)
    splits = tallies["split"].shares()
    return CorpusReport(
        pieces=sum(share.pieces for share in splits),
        notes=sum(share.notes for share in splits),
        bars=n_bars,
        composers=tallies["composer"].shares(),
        forms=tallies["form"].shares(),
        ensembles=tallies["ensemble"].shares(),
        licences=tallies["licence"].shares(),
        splits=splits,
        refused=tuple(refused),
    )


def _labels(entry: Entry) -> dict[str, str]:
    """Return under which names a piece is counted."""
    return {
        "composer": entry.composer,
        "form": entry.form,
        "ensemble": entry.ensemble,
        "licence": f"{entry.licence} ({entry.licence_class})",
        "split": entry.split,
    }


def _table(title: str, shares: Sequence[Share]) -> list[str]:
    lines = [f"{title:<{_LABEL_WIDTH}} {'pieces':>8} {'notes':>12}"]
    for share in shares[:_ROWS_SHOWN]:
        name = clean_text(share.name, _LABEL_WIDTH - 2)
        lines.append(f"  {name:<{_LABEL_WIDTH - 2}} {share.pieces:>8,} {share.notes:>12,}")
    rest = shares[_ROWS_SHOWN:]
    if rest:
        pieces, notes = sum(s.pieces for s in rest), sum(s.notes for s in rest)
        name = f"and {len(rest)} more"
        lines.append(f"  {name:<{_LABEL_WIDTH - 2}} {pieces:>8,} {notes:>12,}")
    return lines


def _refused_lines(refused: Sequence[RefusedScore]) -> list[str]:
    """Return the reasons, the commonest first, each with some of its scores."""
    if not refused:
        return ["nothing refused"]
    paths_by_reason: dict[str, list[str]] = defaultdict(list)
    for score in refused:
        paths_by_reason[score.reason].append(score.path)
    lines = [f"{len(refused):,} refused"]
    for reason, paths in sorted(paths_by_reason.items(), key=lambda item: -len(item[1])):
        lines.append(f"  {len(paths):,}: {reason}")
        lines += [f"      {path}" for path in paths[:_PATHS_SHOWN]]
        if len(paths) > _PATHS_SHOWN:
            lines.append(f"      and {len(paths) - _PATHS_SHOWN} more")
    return lines
