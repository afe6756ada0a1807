"""What the lists of the Compose page offer: pure functions of the menu."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from composer.engines import Capabilities, MenuEntry
from composer.engines.capabilities import USUAL_METERS
from composer.errors import RequestError
from composer.theory import ENSEMBLES, KEYS
from composer.ui.shared.settings import OPEN

Choice = tuple[str, str]  # as shown, as sent
ANY = Capabilities(good_for="")  # lists nothing itself
MAX_METERS = 24  # in a list


@dataclass(frozen=True)
class Example:
    """Settings that work in one click; an empty text leaves one open."""

    composer: str
    form: str
    key: str
    meter: str
    bars: int
    name: str = ""

    @property
    def label(self) -> str:
        """What the button says."""
        return self.name or f"{self.composer} {self.form}"


EXAMPLES = (
    Example("Bach", "chorale", "G minor", "4/4", 16),
    Example("Chopin", "mazurka", "A minor", "3/4", 24),
    Example("Haydn", "string quartet", "D major", "4/4", 16, "Haydn quartet"),
    Example("Haydn", "quartet", "D major", "4/4", 16),
    Example("Bach", "invention", "D minor", "3/4", 16),
    Example("Schubert", "song", "F major", "2/4", 16),
    Example("Scarlatti", "sonata", "E minor", "3/8", 24),
    Example("Bach", "fugue", "C minor", "4/4", 16),
)
MAX_EXAMPLES = 6
# Whom most people look for; they stand before all others.
WELL_KNOWN = (
    *("Bach", "Beethoven", "Brahms", "Chopin", "Debussy", "Handel", "Haydn", "Liszt"),
    *("Mendelssohn", "Mozart", "Scarlatti", "Schubert", "Schumann"),
)


def _fame(composer: str) -> tuple[bool, str]:
    return composer not in WELL_KNOWN, composer


def _named(names: Iterable[str]) -> list[Choice]:
    return [(name, name) for name in names]


def _counted(name: str, n_pieces: int) -> str:
    return f"{name} ({n_pieces:,} {'piece' if n_pieces == 1 else 'pieces'})"


def composer_choices(rows: Iterable[MenuEntry]) -> list[Choice]:
    """List the composers with the number of their pieces: any, those known to most, then all."""
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row.composer] += row.pieces
    return [
        ("Any composer", OPEN),
        *((_counted(name, counts[name]), name) for name in sorted(counts, key=_fame)),
    ]


def form_choices(
    rows: Iterable[MenuEntry], composer: str | None, can: Capabilities = ANY
) -> list[Choice]:
    """List the forms of a composer (of all if open), the commonest first; open at the end.

    Args:
        rows: The menu of the engine.
        composer: The one who is chosen.
        can: What the engine lists itself, for one without a menu.
    """
    counts: Counter[str] = Counter()
    for row in rows:
        if row.composer == composer or composer in (None, OPEN):
            counts[row.form] += row.pieces
    listed = [(_counted(form, pieces), form) for form, pieces in counts.most_common()]
    return [*(listed or _named(can.forms)), ("Any form", OPEN)]


def ensemble_choices(can: Capabilities = ANY) -> list[Choice]:
    """List who may play; the usual players at the beginning."""
    return [("Usual", OPEN), *_named(can.ensembles or ENSEMBLES)]


def meter_choices(
    rows: Iterable[MenuEntry], composer: str | None, form: str | None, can: Capabilities = ANY
) -> list[Choice]:
    """List all meters, those usual for the pair first and marked; open at the beginning.

    Of an engine without a menu they are those that it writes, of many the usual ones.
    """
    rows = list(rows)
    if not rows:
        usual_ones = [meter for meter in USUAL_METERS if not can.meters or meter in can.meters]
        few = 0 < len(can.meters) <= MAX_METERS
        return [("Any meter", OPEN), *_named(can.meters if few else usual_ones)]
    usual = list(
        dict.fromkeys(meter for row in matching(rows, composer, form) for meter in row.meters)
    )
    others = sorted({meter for row in rows for meter in row.meters} - set(usual), key=_meter_order)
    marked = [(f"{meter} (usual)" if others else meter, meter) for meter in usual]
    return [("Any meter", OPEN), *marked, *((meter, meter) for meter in others)]


def key_choices() -> list[Choice]:
    """List the 24 keys; open at the beginning."""
    return [("Any key", OPEN), *((str(key), str(key)) for key in KEYS)]


def matching(rows: Iterable[MenuEntry], composer: str | None, form: str | None) -> list[MenuEntry]:
    """Return the rows of a composer and a form, the largest first; open agrees with all."""
    found = [
        row
        for row in rows
        if composer in (None, OPEN, row.composer) and form in (None, OPEN, row.form)
    ]
    return sorted(found, key=lambda row: -row.pieces)


def kept(options: Sequence[Choice], value: Any) -> Any:
    """Return a value if a list still has it, else the first of the list."""
    values = [sent for _, sent in options]
    return value if value in values else values[0]


def usual_bars(rows: Iterable[MenuEntry], composer: str | None, form: str | None) -> str:
    """Say how long real pieces of the pair are."""
    found = matching(rows, composer, form)[:1]
    return "".join(f"usual: {row.bars_low} to {row.bars_high}" for row in found)


def nearest_usual_bars(
    rows: Iterable[MenuEntry], composer: str | None, form: str | None, bars: Any
) -> Any:
    """Return the length itself where it is usual for the pair, else the nearest that is.

    A length is made longer to whole phrases of four bars.
    """
    if isinstance(bars, bool) or not isinstance(bars, (int, float)):
        return bars
    for row in matching(rows, composer, form)[:1]:
        return (
            min(-(-row.bars_low // 4) * 4, row.bars_high)
            if bars < row.bars_low
            else (min(bars, row.bars_high))
        )
    return bars


def examples(rows: Iterable[MenuEntry]) -> list[Example]:
    """Choose the examples that the menu can serve, filled up with its largest pairs."""
    rows = list(rows)
    offered = {(row.composer, row.form) for row in rows}
    chosen = [example for example in EXAMPLES if (example.composer, example.form) in offered]
    taken = {(example.composer, example.form) for example in chosen}
    largest = [Example(r.composer, r.form, "", "", 16) for r in matching(rows, None, None)]
    others = [e for e in dict.fromkeys(largest) if (e.composer, e.form) not in taken]
    return (chosen + others)[:MAX_EXAMPLES]


def example_at(shown: Sequence[Example], index: Any) -> Example:
    """Return the example that was pressed.

    Raises:
        RequestError: If there is none of that number.
    """
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < len(shown):
        raise RequestError("there is no such example; press one of those that are shown")
    return shown[index]


def _meter_order(meter: str) -> tuple[int, int]:
    numerator, denominator = meter.split("/")
    return int(denominator), int(numerator)
