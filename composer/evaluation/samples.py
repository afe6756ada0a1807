"""What a report looks at: real pieces, and pieces composed for the same settings beside each.

Real pieces are held back from training, and of pairs of composer and form that are on the menu, as
they come in the corpus. Knows how to ask and draw, judges nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from composer.composition import Composition, Ranked
from composer.corpus import Corpus, Entry
from composer.engines import Engine, MenuEntry, open_shelf
from composer.errors import RequestError
from composer.evaluation.excerpts import bars_asked, excerpt
from composer.piece import Piece
from composer.pipeline import compose
from composer.request import Request
from composer.theory import KEYS, parse_meter

GRID_BARS = (8, 12, 16, 24, 32)
# Every fourth request of the grid asks for a part more than is usual, where parts are free.
EXTRA_PARTS = (0, 0, 0, 1)
FIXED_PARTS = ("keyboard", "string quartet", "voice and piano")
Tell = Callable[[str], None]


def silent(_: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Real:
    """A real piece.

    Args:
        entry: What the corpus knows of it.
        whole: As read.
    """

    entry: Entry
    whole: Piece

    @property
    def piece(self) -> Piece:
        """What is compared: all of a short piece, the opening of a long one."""
        return excerpt(self.whole, self.whole.n_bars)

    @property
    def is_learned(self) -> bool:
        """Whether it lies in the training split."""
        return self.entry.split == "train"


@dataclass(frozen=True)
class Drawn:
    """What came of one request.

    Args:
        request: The settings.
        ranked: Candidates, best first; none if all were rejected.
        n_rejected: Draws that became no piece.
        real: The real piece whose settings they are, if there is one.
    """

    request: Request
    ranked: tuple[Ranked, ...]
    n_rejected: int
    real: Real | None = None

    @property
    def best(self) -> Piece | None:
        """The winner among the candidates, as far as it is compared."""
        return self._compared(self.ranked[0]) if self.ranked else None

    @property
    def raw(self) -> Piece | None:
        """The first draw that became a piece, whatever its score."""
        first = min(self.ranked, key=lambda one: one.index, default=None)
        return self._compared(first) if first else None

    @property
    def pieces(self) -> list[Piece]:
        """All candidates, as far as they are compared."""
        return [self._compared(one) for one in self.ranked]

    def _compared(self, one: Ranked) -> Piece:
        return excerpt(one.piece, self.real.whole.n_bars) if self.real else one.piece


def read_real(entries: Iterable[Entry], corpus: Corpus, n: int) -> Iterator[Real]:
    """Read up to n pieces that can be read, have notes, and whose settings can be composed."""
    found = 0
    for entry, piece in replace(corpus, entries=tuple(entries), refusals=()).pieces():
        if isinstance(piece, Piece) and excerpt(piece, piece.n_bars).n_notes and _can_ask(piece):
            yield Real(entry, piece)
            found += 1
        if found == n:
            return


def _can_ask(piece: Piece) -> bool:
    return open_shelf().describe().writes(piece.meter) and len(piece.parts) <= 8


def held_out(corpus: Corpus, menu: Sequence[MenuEntry], n: int, seed: int) -> list[Real]:
    """Return up to n real pieces outside the training split, of pairs on the menu, at random."""
    entries = [entry for entry in _on_menu(corpus, menu) if entry.split != "train"]
    order = np.random.default_rng(seed).permutation(len(entries))
    return list(read_real((entries[i] for i in order), corpus, n))


def training_partners(
    corpus: Corpus, menu: Sequence[MenuEntry], likes: Sequence[Real], seed: int
) -> list[Real]:
    """Return a training piece of the same composer and form for each real piece, none twice."""
    pools: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in _shuffled_training(corpus, menu, seed):
        pools[entry.composer, entry.form].append(entry)
    chosen = [pools[like.entry.composer, like.entry.form] for like in likes]
    return list(read_real((pool.pop() for pool in chosen if pool), corpus, len(likes)))


def training_sample(
    corpus: Corpus, menu: Sequence[MenuEntry], most_a_pair: int, seed: int
) -> list[Real]:
    """Return training pieces, at most so many of each pair of composer and form."""
    counts: Counter[tuple[str, str]] = Counter()
    chosen = []
    for entry in _shuffled_training(corpus, menu, seed):
        counts[entry.composer, entry.form] += 1
        if counts[entry.composer, entry.form] <= most_a_pair:
            chosen.append(entry)
    return list(read_real(chosen, corpus, len(chosen)))


def _shuffled_training(corpus: Corpus, menu: Sequence[MenuEntry], seed: int) -> list[Entry]:
    entries = [entry for entry in _on_menu(corpus, menu) if entry.split == "train"]
    return [entries[i] for i in np.random.default_rng(seed).permutation(len(entries))]


def _on_menu(corpus: Corpus, menu: Sequence[MenuEntry]) -> list[Entry]:
    pairs = {(row.composer, row.form) for row in menu}
    return [entry for entry in corpus.entries if (entry.composer, entry.form) in pairs]


def request_like(real: Real, *, candidates: int, seed: int) -> Request:
    """Return the settings of a real piece, its length cut to what is compared."""
    piece = real.whole
    return Request(
        composer=real.entry.composer,
        form=real.entry.form,
        ensemble=piece.ensemble or None,
        key=piece.key,
        meter=piece.meter,
        parts=len(piece.parts),
        bars=bars_asked(piece.n_bars),
        candidates=candidates,
        seed=seed,
    )


def grid_requests(menu: Sequence[MenuEntry], *, candidates: int, seed: int) -> list[Request]:
    """Return one request for every row of the menu, the other settings going round beside them.

    Keys go round all 24, meters through those usual for the pair, lengths and numbers of parts
    through those of this file, so that the same menu always asks for the same.
    """
    return [
        Request(
            composer=row.composer,
            form=row.form,
            ensemble=row.ensemble,
            key=KEYS[7 * number % len(KEYS)],
            meter=parse_meter(row.meters[number % len(row.meters)] if row.meters else "4/4"),
            parts=_parts(row, number),
            bars=GRID_BARS[number % len(GRID_BARS)],
            candidates=candidates,
            seed=seed + number,
        )
        for number, row in enumerate(menu)
    ]


def _parts(row: MenuEntry, number: int) -> int:
    extra = 0 if row.ensemble in FIXED_PARTS else EXTRA_PARTS[number % len(EXTRA_PARTS)]
    return min(8, row.parts + extra)


def draw_all(
    requests: Sequence[Request], engine: Engine, reals: Sequence[Real] = (), tell: Tell = silent
) -> list[Drawn]:
    """Compose every request.

    Args:
        requests: In this order.
        engine: What composes.
        reals: The real piece beside every request, if there is one.
        tell: Hears how far the work is, now and then.
    """
    drawn = []
    for number, request in enumerate(requests):
        real = reals[number] if reals else None
        drawn.append(_draw(request, engine, real))
        if (number + 1) % 20 == 0:
            tell(f"{number + 1} of {len(requests)} requests composed")
    return drawn


def _draw(request: Request, engine: Engine, real: Real | None) -> Drawn:
    try:
        found: Composition = compose(request, engine=engine)
    except RequestError:  # no candidate became a piece
        return Drawn(request, (), request.candidates, real)
    return Drawn(request, found.ranked, len(found.rejected), real)
