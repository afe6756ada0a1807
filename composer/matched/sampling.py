"""The pieces of a matched set, made once: what is there is never made again.

    plan.json                     the plan as it was
    pieces/xlstm_p0_t1_s003.mid   one piece: side, prompt, temperature, sample
    pieces/xlstm_p0_t1_s003.txt   its REMIGEN words
    pieces/xlstm_p0_t1_s003.json  how it was made; written last, so that it says: this is there
    manifest.json                 all of them

Every side has a process of its own, so that no model's memory counts as another's.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from composer.batch.processes import processes
from composer.corpus import read_score
from composer.errors import ComposerError, RequestError
from composer.listening.stimuli import write_whole
from composer.matched.plan import Cell, MatchedPlan, Side
from composer.pipeline import compose
from composer.remigen import MIDIConverter, MusicGenerator, decode_leniently, encode, read_song
from composer.remigen.generating import forget_peak_memory, peak_memory_mb
from composer.remigen.midi import write_song
from composer.rendering import interpret, write_midi

PIECES, MANIFEST, PLAN = "pieces", "manifest.json", "plan.json"
MIDI_FILES = (".mid", ".midi")
_PLACE = re.compile(r"p(\d{1,4})_t(\d{1,4})_s(\d{1,6})$")


@dataclass(frozen=True)
class Progress:
    """How far a set is.

    Args:
        done: Pieces that are there, errors among them.
        wanted: In all.
        errors: Of this run.
    """

    done: int
    wanted: int
    errors: int


def make_set(plan: MatchedPlan, folder: Path, base: Path) -> Iterator[Progress]:
    """Make the pieces that are missing; yield after each, and once at the start.

    Args:
        plan: Of the set.
        folder: Its own; made if it is not there.
        base: The folder of the plan; its relative paths begin there.

    Raises:
        RequestError: If the folder holds another plan, or a side's files do not suffice.
    """
    (folder / PIECES).mkdir(parents=True, exist_ok=True)
    _keep_plan(plan, folder / PLAN)
    cells, errors = list(plan.cells()), 0
    wanted = len(cells) * len(plan.sides)
    done = sum(_is_there(folder, side, cell) for side in plan.sides for cell in cells)
    yield Progress(done, wanted, 0)
    for side in plan.sides:
        missing = [cell for cell in cells if not _is_there(folder, side, cell)]
        made = _taken(plan, side, missing, cells, folder, base) if side.folder else None
        for is_error in made or _composed(plan, side, missing, folder, base):
            done, errors = done + 1, errors + is_error
            yield Progress(done, wanted, errors)
    write_manifest(plan, folder)


def read_records(plan: MatchedPlan, folder: Path) -> Iterator[dict[str, Any]]:
    """Yield what is kept of every piece that is there, side by side in the order of the plan."""
    for side in plan.sides:
        for cell in plan.cells():
            path = _path(folder, side, cell, ".json")
            if path.is_file():
                yield json.loads(path.read_text(encoding="utf-8"))


def write_manifest(plan: MatchedPlan, folder: Path) -> Path:
    """Write the plan and all records into one file; return its path."""
    values = {"plan": plan.to_dict(), "pieces": list(read_records(plan, folder))}
    write_whole(folder / MANIFEST, json.dumps(values, ensure_ascii=False, indent=1) + "\n")
    return folder / MANIFEST


def _path(folder: Path, side: Side, cell: Cell, suffix: str) -> Path:
    return folder / PIECES / f"{side.name}_{cell.name}{suffix}"


def _is_there(folder: Path, side: Side, cell: Cell) -> bool:
    """Whether a piece was made; what ended in an error is tried again."""
    path = _path(folder, side, cell, ".json")
    return path.is_file() and not json.loads(path.read_text(encoding="utf-8"))["error"]


def _keep_plan(plan: MatchedPlan, path: Path) -> None:
    """Write the plan; refuse a folder that was made for another one, but for more samples."""
    values = plan.to_dict()
    if path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
        free = ("samples", "blind_samples", "title")
        if {**before, **{name: values[name] for name in free}} != values:
            raise RequestError(
                f"the folder '{path.parent.name}' was made for another plan; choose a new one"
            )
    write_whole(path, json.dumps(values, ensure_ascii=False, indent=1) + "\n")


# --- Composed -----------------------------------------------------------------------------------


def _composed(
    plan: MatchedPlan, side: Side, cells: list[Cell], folder: Path, base: Path
) -> Iterator[bool]:
    """Compose pieces of a side, in a process of its own; yield whether each is an error."""
    if not cells:
        return
    model = str(base / side.checkpoint) if side.checkpoint else side.model
    with processes(1) as pool:
        for cell in cells:
            yield pool.submit(compose_piece, plan, side, cell, model, folder).result()


def compose_piece(
    plan: MatchedPlan, side: Side, cell: Cell, model: str | None, folder: Path
) -> bool:
    """Compose one piece into its files; return whether it ended in an error, which is kept.

    Args:
        plan: Of the set.
        side: That composes.
        cell: Which piece.
        model: Folder of a checkpoint, or name of an engine.
        folder: Of the set.
    """
    prompt, temperature = plan.prompts[cell.prompt], plan.temperatures[cell.temperature]
    seed, path = plan.seed_of(cell), _path(folder, side, cell, ".mid")
    try:
        generator = _generator(model)
        if prompt.words:
            found = _words(plan, generator, prompt.words, temperature, seed)
            MIDIConverter().tokens_to_midi(found["tokens"], path)
        else:
            found = _piece(plan, generator, cell, seed, path)
    except ComposerError as error:
        _keep(plan, side, cell, folder, {"error": str(error)})
        return True
    versions = dict(generator.engine.versions)
    words = found.pop("tokens")
    write_whole(path.with_suffix(".txt"), words + "\n")
    _keep(plan, side, cell, folder, found | {"grammar_errors": 0.0, "versions": versions})
    return False


@lru_cache(maxsize=1)
def _generator(model: str | None) -> MusicGenerator:
    return MusicGenerator(model)


def _words(
    plan: MatchedPlan, generator: MusicGenerator, words: str, temperature: float, seed: int
) -> dict[str, Any]:
    if not plan.bars:
        return generator.generate(words, temperature, plan.max_tokens, verbose=False, seed=seed)
    return generator.generate_long(
        words, temperature, plan.bars, max_iterations=plan.bars, verbose=False, seed=seed
    )


def _piece(
    plan: MatchedPlan, generator: MusicGenerator, cell: Cell, seed: int, path: Path
) -> dict[str, Any]:
    """Compose by a request, without choosing among candidates."""
    prompt, temperature = plan.prompts[cell.prompt], plan.temperatures[cell.temperature]
    forget_peak_memory()
    began_s = time.monotonic()
    piece = compose(plan.request(prompt, temperature, seed), engine=generator.engine).piece
    seconds = time.monotonic() - began_s
    write_midi(interpret(piece), path)
    words = encode(read_song(path))
    return {
        "tokens": " ".join(words),
        "bars": piece.n_bars,
        "notes": piece.n_notes,
        "seconds": seconds,
        "tokens_per_second": len(words) / seconds,
        "peak_memory_mb": peak_memory_mb(),
        "stopped_because": "target_bars",
    }


def _keep(
    plan: MatchedPlan, side: Side, cell: Cell, folder: Path, found: Mapping[str, Any]
) -> None:
    """Write down how a piece was made; the last of its files."""
    values = {
        "name": f"{side.name}_{cell.name}",
        "side": side.name,
        "prompt": plan.prompts[cell.prompt].name,
        "temperature": plan.temperatures[cell.temperature],
        "sample": cell.sample,
        "cell": cell.name,
        "midi": f"{PIECES}/{side.name}_{cell.name}.mid",
        "seed": plan.seed_of(cell),
        "error": "",
    }
    text = json.dumps({**values, **found}, ensure_ascii=False, indent=1) + "\n"
    write_whole(_path(folder, side, cell, ".json"), text)


# --- Made elsewhere -----------------------------------------------------------------------------


def _taken(
    plan: MatchedPlan,
    side: Side,
    missing: list[Cell],
    cells: list[Cell],
    folder: Path,
    base: Path,
) -> Iterator[bool]:
    """Take pieces from a folder; yield whether each is an error."""
    sources = find_files(base / side.folder, cells, side.name) if missing else {}
    for cell in missing:
        path = _path(folder, side, cell, ".mid")
        try:
            found = _take(sources[cell], path)
        except ComposerError as error:
            _keep(plan, side, cell, folder, {"error": str(error), "source": sources[cell].name})
            yield True
            continue
        _keep(plan, side, cell, folder, found | {"source": sources[cell].name})
        yield False


def _take(source: Path, path: Path) -> dict[str, Any]:
    """Copy a piece; return what is known of it: its errors of grammar, where it has words."""
    words = source if source.suffix == ".txt" else source.with_suffix(".txt")
    found: dict[str, Any] = {}
    if words.is_file():
        text = words.read_text(encoding="utf-8", errors="replace")
        song, problems = decode_leniently(text)
        found["grammar_errors"] = 1000 * len(problems) / max(1, len(text.split()))
        if source.suffix == ".txt":
            write_song(song, path)
    if source.suffix != ".txt":
        path.write_bytes(source.read_bytes())
    piece = read_score(path)
    return found | {"bars": piece.n_bars, "notes": piece.n_notes}


def find_files(folder: Path, cells: list[Cell], side: str) -> dict[Cell, Path]:
    """Return a file for every cell: the one that is named by it, else the next in order.

    Raises:
        RequestError: If there are too few.
    """
    if not folder.is_dir():
        raise RequestError(f"side {side!r}: there is no folder '{folder.name}'")
    scores = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in MIDI_FILES]
    stems = {path.stem for path in scores}
    texts = [path for path in sorted(folder.glob("*.txt")) if path.stem not in stems]
    named: dict[Cell, Path] = {}
    others: list[Path] = []
    for path in [*scores, *texts]:
        match = _PLACE.search(path.stem)
        if match:
            named[Cell(*map(int, match.groups()))] = path
        else:
            others.append(path)
    waiting = [cell for cell in cells if cell not in named]
    if len(others) < len(waiting):
        raise RequestError(
            f"side {side!r} has {len(scores) + len(texts)} files for {len(cells)} pieces; add "
            "some, ask for fewer `samples`, or name them like other_p0_t1_s003.mid"
        )
    return named | dict(zip(waiting, others, strict=False))
