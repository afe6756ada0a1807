"""Commands that take a prompt: generate, generate-batch, interactive."""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from composer import extras, settings
from composer.cli.composing import print_ranking
from composer.cli.extending import show_progress
from composer.cli.terminal import add_command, check_count, print_json, read_text
from composer.errors import ComposerError, OptionError
from composer.request import MAX_CANDIDATES, MAX_LENGTH_S

if TYPE_CHECKING:
    from composer.pipeline import Composition
    from composer.prompts import Prompt
    from composer.request import Request

_HELP = (
    "A line is a prompt. play: write the sound; again: compose anew; longer: twice as long; "
    "save NAME: write its files; history: list what came; quit."
)


def add_commands(commands: Any) -> None:
    """Declare the commands of this file."""
    _add_generate(commands)
    _add_batch(commands)
    _add_interactive(commands)


def _add_generate(commands: Any) -> None:
    parser = add_command(commands, "generate", _generate, "Compose from a prompt in plain words.")
    parser.add_argument(
        "prompt", help="what to compose, in English, German, French, Spanish or Italian"
    )
    _add_sampling(parser)
    parser.add_argument(
        "--output",
        type=Path,
        help="file for the best candidate, its format by the ending (.mid, .musicxml, .wav ...); "
        "left out, a MIDI file named after the piece",
    )
    parser.add_argument(
        "--explain",
        action="store_true",
        help="say how every word is read and which settings come of it, and compose nothing",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the reading, or the composition, as JSON"
    )


def _add_sampling(parser: Any) -> None:
    parser.add_argument(
        "--duration",
        type=float,
        help=f"length in seconds, whatever the prompt says (1 to {MAX_LENGTH_S:g})",
    )
    parser.add_argument(
        "--candidates",
        type=int,
        default=16,
        help=f"how many pieces are composed and ranked (1 to {MAX_CANDIDATES}; default 16)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="another one for another piece (0 or more; default 0)"
    )
    parser.add_argument(
        *("--model_path", "--model-path"),
        type=Path,
        help="folder of another checkpoint than the usual one",
    )


@contextmanager
def _checkpoint(options: argparse.Namespace) -> Iterator[None]:
    """Let `--model_path` name the checkpoint within the block."""
    path = options.model_path
    with settings.overridden({"engine.checkpoint": str(path)}) if path else nullcontext():
        yield


def _read(options: argparse.Namespace, text: str) -> Prompt:
    from composer.pipeline import menu
    from composer.prompts import read_prompt

    return read_prompt(text, menu())


def _request(options: argparse.Namespace, prompt: Prompt) -> Request:
    given: dict[str, Any] = {"candidates": options.candidates, "seed": options.seed}
    if options.duration is not None:
        given["length_s"] = options.duration
    return prompt.request(**given)


def _generate(options: argparse.Namespace) -> None:
    with _checkpoint(options):
        prompt = _read(options, options.prompt)
        request = _request(options, prompt)
        if options.explain:
            if options.json:
                print_json(prompt.to_dict())
            else:
                _print_reading(prompt)
            return
        if not options.json:
            _print_reading(prompt)
        composition = _compose(request)
        path = _write(composition, options.output)
    if options.json:
        print_json(composition.to_dict() | {"reading": prompt.to_dict(), "output": str(path)})
        return
    print_ranking(composition, path)
    _print_kept(composition)


def _print_reading(prompt: Prompt) -> None:
    """Print every phrase with its state and settings, and what cannot both be."""
    for phrase in prompt.reading.phrases:
        told = phrase.to_dict()["settings"]
        shown = ", ".join(f"{name} {value}" for name, value in told.items())
        notes = "; ".join(filter(None, (shown, phrase.note)))
        print(f"{phrase.text}: {phrase.state}{f' ({notes})' if notes else ''}")
    for one in prompt.reading.contradictions:
        first, second = one.said
        print(f"{one.setting}: {first!r} and {second!r} cannot both be; {one.taken!r} is taken")
    if prompt.reading.unread:
        print(f"the last {prompt.reading.unread} characters were not read")
    values = ", ".join(f"{name} {value}" for name, value in prompt.settings.items())
    print(f"settings: {values or 'none; all is left to the model'}")


def _print_kept(composition: Composition) -> None:
    best = composition.ranked[0]
    kept = sum(one.is_kept for one in best.kept)
    print(f"the best keeps {kept} of {len(best.kept)} of what was asked for")
    for one in best.kept:
        if not one.is_kept:
            print(f"not met: {one.name} {one.asked}, got {one.got}")


def _compose(request: Request) -> Composition:
    from composer.pipeline import Composition, Progress, compose_steps

    for step in compose_steps(request):
        if isinstance(step, Progress):
            show_progress(step)
    assert isinstance(step, Composition)
    return step


def _write(composition: Composition, output: Path | None) -> Path:
    from composer.rendering import FORMATS, write_files

    path = output or Path(f"{composition.file_stem()}.mid")
    kind = path.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        raise OptionError(f"`output` must end in {', '.join(FORMATS)}, got {path.name[:60]!r}")
    with extras.named():
        write_files(composition.piece, path.parent, path.stem, [kind])
    return path


def _add_batch(commands: Any) -> None:
    parser = add_command(
        commands,
        "generate-batch",
        _generate_batch,
        "Compose all prompts of a text file, one a line.",
    )
    parser.add_argument(
        "--prompts", type=Path, required=True, help="text file with a prompt in every line"
    )
    parser.add_argument(
        *("--output_dir", "--output-dir"),
        type=Path,
        required=True,
        help="folder; what is there already is not made again",
    )
    _add_sampling(parser)
    parser.add_argument(
        "--workers", type=int, help="processes (1 to 64; left out, engine.workers: the cores)"
    )
    parser.add_argument("--json", action="store_true", help="print the counts as JSON")


def _generate_batch(options: argparse.Namespace) -> None:
    from composer import places
    from composer.batch import Batch, BatchProgress, rows_of, run_batch

    lines = [line.strip() for line in read_text(options.prompts).splitlines()]
    prompts = [line for line in lines if line and not line.startswith("#")]
    if not prompts:
        raise OptionError(f"`{options.prompts.name}` has no prompt; write one in every line")
    workers = options.workers or places.workers()
    check_count("workers", workers, 64)
    with _checkpoint(options):
        read = [_read(options, text) for text in prompts]
        # The batch draws a seed for every row, by its place and the seed of all.
        values = [_given(_request(options, one).to_dict()) for one in read]
        rows = rows_of(values, seed=options.seed)
        steps = run_batch(Batch(rows, options.output_dir, workers))
        last = BatchProgress(0, 0, len(rows), 0)
        for last in steps:
            if sys.stderr.isatty():
                print(f"\r{last.done} of {last.wanted}", end="", file=sys.stderr, flush=True)
    index = options.output_dir / "prompts.jsonl"
    told = ({"row": row.name, **one.to_dict()} for row, one in zip(rows, read, strict=True))
    index.write_text(
        "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in told), encoding="utf-8"
    )
    counts = {"prompts": len(prompts), "errors": last.errors, "index": str(index)}
    if options.json:
        print_json(counts)
    else:
        print(f"{len(prompts)} prompts, {last.errors} of them errors; {index}")


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None and name != "seed"}


def _add_interactive(commands: Any) -> None:
    parser = add_command(
        commands, "interactive", _interactive, "Compose from one prompt after another."
    )
    _add_sampling(parser)


@dataclass
class _Room:
    """What a conversation holds: options, and all that was composed, with its prompt."""

    options: argparse.Namespace
    past: list[tuple[str, Composition]] = field(default_factory=list)

    @property
    def last(self) -> Composition:
        if not self.past:
            raise OptionError("nothing was composed yet; type a prompt")
        return self.past[-1][1]

    def compose(self, prompt: str, request: Request) -> None:
        self.past.append((prompt, _compose(request)))
        piece = self.last.piece
        print(f"{len(self.past)}. {piece.title}, {piece.n_bars} bars, {piece.length_s:.0f} s")
        _print_kept(self.last)

    def read(self, text: str) -> None:
        prompt = _read(self.options, text)
        _print_reading(prompt)
        self.compose(text, _request(self.options, prompt))

    def again(self) -> None:
        request = self.last.request
        self.compose(self.past[-1][0], replace(request, seed=request.seed + 1))

    def longer(self) -> None:
        request = self.last.request
        length_s = request.length_s and 2 * request.length_s
        self.compose(self.past[-1][0], replace(request, bars=2 * request.bars, length_s=length_s))

    def play(self) -> None:
        print(_write(self.last, Path(f"{self.last.file_stem()}.wav")))

    def save(self, name: str) -> None:
        print(_write(self.last, Path(name if Path(name).suffix else f"{name}.mid")))

    def history(self) -> None:
        for number, (prompt, composition) in enumerate(self.past, start=1):
            print(f"{number}. {prompt}: {composition.piece.title}, seed {composition.request.seed}")


def _interactive(options: argparse.Namespace) -> None:
    room = _Room(options)
    deeds: dict[str, Callable[[], None]] = {
        "again": room.again,
        "longer": room.longer,
        "play": room.play,
        "history": room.history,
        "help": lambda: print(_HELP),
    }
    print(_HELP)
    with _checkpoint(options):
        for line in itertools.takewhile(lambda one: one not in ("quit", "exit"), _lines()):
            try:
                if line.startswith("save "):
                    room.save(line.removeprefix("save ").strip())
                elif line:
                    deeds.get(line, lambda text=line: room.read(text))()
            except ComposerError as error:
                print(f"error: {error}", file=sys.stderr)


def _lines() -> Iterator[str]:
    """Yield what is typed, a line at a time."""
    while True:
        if sys.stdin.isatty():
            print("> ", end="", flush=True)
        line = sys.stdin.readline()
        if not line:
            return
        yield line.strip()
