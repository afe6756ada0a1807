"""A tree of chunks: every chunk keeps its candidates, and any of them can be gone on from.

    given ── chunk 0 ┬─ 1 ── chunk 1 ┬─ 1
                     ├─ 2            └─ 2 ── chunk 3 ...
                     └─ 3 ── chunk 2 ...

A *node* in it is a candidate of a chunk, or the beginning; the way from the beginning to a node
is a piece. Trees are frozen: whatever is done gives another tree. The file of one holds the given
notes and those of every candidate, so that each way is replayed note for note without an engine;
beside them stands what the engine remembers of its own work.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from composer.engines import Record, upgrade_tree
from composer.errors import ComposerError, RequestError
from composer.piece import Piece
from composer.stitching import clip, join
from composer.theory import Key, parse_key

FORMAT = 2
MAX_NODES = 4096
_NO_TREE = (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError)


class Node(NamedTuple):
    """A candidate of a chunk.

    Args:
        chunk: Number of the chunk in the tree, from 0; -1 is the beginning.
        rank: Of its candidate, 1 the best; 0 at the beginning.
    """

    chunk: int
    rank: int


BEGINNING = Node(-1, 0)


@dataclass(frozen=True)
class Choice:
    """A candidate of a chunk.

    Args:
        music: Its bars alone, with the parts of the given piece.
        total: What it was judged, 0-100.
        index: Its number in the request.
        nats_per_note: Mean surprise of the engine's model; None for a copy, and where it cannot
            tell.
        reasons: Why the total is what it is.
        record: What the engine remembers of it; empty for a copy.
    """

    music: Piece
    total: float
    index: int = 0
    nats_per_note: float | None = None
    reasons: tuple[str, ...] = ()
    record: Record = field(default_factory=dict)


@dataclass(frozen=True)
class Chunk:
    """A stretch of bars with all that was drawn for it.

    Args:
        parent: The node that it goes on from.
        bars: Its length.
        key: In which it is written.
        choices: The candidates, the best first.
        label: Such as the section of a plan; empty if none.
    """

    parent: Node
    bars: int
    key: Key
    choices: tuple[Choice, ...]
    label: str = ""


@dataclass(frozen=True)
class Tree:
    """All chunks so far, and the nodes that were visited.

    Args:
        given: What there was at the beginning.
        given_bars: Its bars; 0 if it only says who plays.
        chunks: In the order in which they were drawn; a parent stands before its children.
        visits: Places in the order of the visits.
        visit: The present one among them; those behind it can be redone.
    """

    given: Piece
    given_bars: int
    chunks: tuple[Chunk, ...] = ()
    visits: tuple[Node, ...] = (BEGINNING,)
    visit: int = 0

    @classmethod
    def of(cls, given: Piece) -> Tree:
        """Begin with a piece."""
        return cls(given, given.n_bars)

    @property
    def here(self) -> Node:
        """The present node."""
        return self.visits[self.visit]

    def grow(self, chunk: Chunk) -> Tree:
        """Add a chunk behind the present node, and go to its best candidate."""
        chunks = (*self.chunks, replace(chunk, parent=self.here))
        return replace(self, chunks=chunks).go_to(Node(len(self.chunks), 1))

    def go_to(self, node: Node) -> Tree:
        """Go anywhere in the tree; what could be redone is forgotten.

        Raises:
            RequestError: If there is no such node.
        """
        self._check(node)
        if node == self.here:
            return self
        visits = (*self.visits[: self.visit + 1], node)
        return replace(self, visits=visits, visit=len(visits) - 1)

    def pick(self, chunk: int, rank: int) -> Tree:
        """Go to another candidate of a chunk; see `go_to`."""
        return self.go_to(Node(chunk, rank))

    def undo(self) -> Tree:
        """Go back to where one was before; at the first visit nothing changes."""
        return replace(self, visit=max(0, self.visit - 1))

    def redo(self) -> Tree:
        """Take back the last undo, if there was one."""
        return replace(self, visit=min(len(self.visits) - 1, self.visit + 1))

    def path(self, node: Node | None = None) -> tuple[Node, ...]:
        """Return the nodes from the first chunk to a node, the present one if none is named."""
        node = self.here if node is None else node
        found: list[Node] = []
        while node != BEGINNING:
            found.append(node)
            node = self.chunks[node.chunk].parent
        return tuple(reversed(found))

    def children(self, node: Node) -> tuple[int, ...]:
        """Return the chunks that go on from a node."""
        return tuple(n for n, chunk in enumerate(self.chunks) if chunk.parent == node)

    def choice(self, node: Node) -> Choice:
        """Return what was drawn at a node other than the beginning."""
        return self.chunks[node.chunk].choices[node.rank - 1]

    def seams(self, node: Node | None = None) -> tuple[int, ...]:
        """Return the numbers of the bars, as printed, that chunks on the way to a node begin with.

        A pickup that was given is bar 0, and so is one that was drawn.
        """
        opening = self.given if self.given_bars else self.piece(node)
        bars = [opening.bar_numbers[0] - 1 + self.given_bars]
        for step in self.path(node):
            bars.append(bars[-1] + self.chunks[step.chunk].bars)
        return tuple(bar + 1 for bar in bars[:-1])

    def piece(self, node: Node | None = None) -> Piece:
        """Return the piece that the way to a node is, the present one if none is named.

        The given notes are those that were given; notes that sound over the end are cut there.

        Raises:
            RequestError: If the way has no bar.
        """
        piece, n_bars = self.given, self.given_bars
        for step in self.path(node):
            more = self.choice(step).music
            piece, n_bars = join(piece, n_bars, more), n_bars + more.n_bars
        if not n_bars:
            raise RequestError("there is no bar at the beginning of this tree; go to a chunk")
        return clip(piece)

    def replayed(self, rank: int) -> Piece:
        """Return the present piece, or one that differs in its last chunk.

        Args:
            rank: 1 is the present one; above, that candidate of its last chunk.

        Raises:
            RequestError: If there is no such candidate.
        """
        return self.piece() if rank == 1 else self.pick(self.here.chunk, rank).piece()

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "format": FORMAT,
            "given": self.given.to_dict(),
            "given_bars": self.given_bars,
            "chunks": [_chunk_to_dict(chunk) for chunk in self.chunks],
            "visits": [list(node) for node in self.visits],
            "visit": self.visit,
        }

    def to_json(self) -> str:
        """Return the text of a tree's file."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_dict(cls, values: Any) -> Tree:
        """Rebuild a tree.

        Raises:
            RequestError: If the values are none.
        """
        try:
            tree = _read_tree(upgrade_tree(values) if values["format"] == 1 else values)
            for node in tree.visits:
                tree._check(node)
        except (*_NO_TREE, ComposerError) as error:
            raise RequestError(
                "the file holds no tree of chunks; give one that was saved"
            ) from error
        return tree

    @classmethod
    def from_json(cls, text: str) -> Tree:
        """Read the text of a tree's file; see `from_dict`."""
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise RequestError("the file is no JSON; give a tree that was saved") from error
        return cls.from_dict(values)

    def _check(self, node: Node) -> None:
        is_chunk = 0 <= node.chunk < len(self.chunks)
        if node == BEGINNING:
            return
        if not is_chunk or not 1 <= node.rank <= len(self.chunks[node.chunk].choices):
            raise RequestError(
                f"the tree has no candidate {node.rank} of chunk {node.chunk}; "
                f"it has {len(self.chunks)} chunks"
            )


def _chunk_to_dict(chunk: Chunk) -> dict[str, Any]:
    return {
        "parent": list(chunk.parent),
        "bars": chunk.bars,
        "key": str(chunk.key),
        "label": chunk.label,
        "choices": [
            {
                "index": one.index,
                "total": one.total,
                "nats_per_note": one.nats_per_note,
                "reasons": list(one.reasons),
                "music": one.music.to_dict(),
                "record": dict(one.record),
            }
            for one in chunk.choices
        ],
    }


def _read_tree(values: Any) -> Tree:
    if values["format"] != FORMAT or len(values["chunks"]) > MAX_NODES:
        raise ValueError("another format")
    given = Piece.from_dict(values["given"])
    chunks = tuple(_read_chunk(one, n, len(given.parts)) for n, one in enumerate(values["chunks"]))
    visits = tuple(Node(int(chunk), int(rank)) for chunk, rank in values["visits"])
    visit, given_bars = int(values["visit"]), int(values["given_bars"])
    if given_bars not in (0, given.n_bars) or not 0 <= visit < len(visits):
        raise ValueError("out of range")
    tree = Tree(given, given_bars, chunks, visits, visit)
    for chunk in chunks:
        tree._check(chunk.parent)
    return tree


def _read_chunk(values: dict[str, Any], number: int, n_parts: int) -> Chunk:
    key = parse_key(values["key"])
    parent = Node(*map(int, values["parent"]))
    choices = tuple(_read_choice(one) for one in values["choices"])
    shapes = {(one.music.n_bars, len(one.music.parts)) for one in choices}
    if shapes != {(int(values["bars"]), n_parts)} or not -1 <= parent.chunk < number:
        raise ValueError("a chunk does not fit")
    return Chunk(parent, int(values["bars"]), key, choices, str(values["label"])[:100])


def _read_choice(values: dict[str, Any]) -> Choice:
    total, nats = float(values["total"]), values["nats_per_note"]
    nats = None if nats is None else float(nats)
    if not (math.isfinite(total) and math.isfinite(nats or 0.0)):
        raise ValueError("no number")
    return Choice(
        music=Piece.from_dict(values["music"]),
        total=total,
        index=int(values["index"]),
        nats_per_note=nats,
        reasons=tuple(str(reason)[:500] for reason in values["reasons"]),
        record=dict(values["record"]),
    )
