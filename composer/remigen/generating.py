"""The calls that people who compose in REMIGEN words know: `MusicGenerator` and what goes with it.

    generator = MusicGenerator()
    result = generator.generate("s-9 o-0 t-35 i-0", max_tokens=512, seed=7)
    MIDIConverter().tokens_to_midi(result["tokens"], "piece.mid")

`max_tokens` counts new words. Nothing here holds attention over all words at once: memory is the
same for 500 words and for 50,000.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from composer import places
from composer.engines import Engine, open_engine, open_shelf
from composer.errors import CheckpointError, OptionError
from composer.remigen.decoding import decode
from composer.remigen.encoding import encode
from composer.remigen.growing import Growth
from composer.remigen.midi import read_song, write_song
from composer.remigen.prompt import Prompt, read_prompt
from composer.request import MAX_BARS, Request

PROMPT = "s-9 o-0 t-35"  # 4/4, from the first beat on, 121 bpm
MAX_TOKENS = 1_000_000
MAX_TARGET_BARS = 10_000
CONTEXT_RANGE = (64, 1_000_000)
LONG_BARS = 32  # of `generate_music` in its long mode, unless it is told
_FAR_BARS = 2 * MAX_BARS  # behind every bar of music without a planned end
_MOST_BARS_AT_ONCE = 64


class MusicGenerator:
    """Goes on with REMIGEN words by any engine that continues pieces.

    Args:
        model_path: Folder of a checkpoint, or the name of an engine; the usual one if left out.
        context_length: Of the last words, how many are read again for the next bars, as far as the
            engine can; 64 to 1,000,000.
        device: Torch's name of a device; `auto` is the one that the settings name.

    Raises:
        CheckpointError: If the checkpoint cannot be loaded, or is of another kind.
        OptionError: If a value is out of its range.
    """

    def __init__(
        self,
        model_path: str | Path | None = None,
        context_length: int = 2048,
        device: str = "auto",
    ) -> None:
        _check_count("context_length", context_length, *CONTEXT_RANGE)
        self.context_length = context_length
        self.engine = _engine(model_path, device)

    def generate(
        self,
        prompt: str = PROMPT,
        temperature: float = 0.8,
        max_tokens: int = 2048,
        verbose: bool = True,
        seed: int | None = None,
    ) -> dict[str, Any]:
        """Go on with a prompt until there are so many new words.

        Args:
            prompt: Any REMIGEN words; they stand in the result as they are.
            temperature: 0.1 to 2; below 1 safer, above 1 bolder.
            max_tokens: New words at most, 1 to 1,000,000; the last note is whole.
            verbose: Whether progress is told on the error stream.
            seed: The same one gives the same words; one is chosen if left out.

        Returns:
            `tokens` (prompt and new words, a text), `bars`, `notes`, `seconds`,
            `tokens_per_second` (new words), `peak_memory_mb` (of this process meanwhile),
            `stopped_because` (`max_tokens`), `seed`.

        Raises:
            WordError: If a word of the prompt cannot be used.
            RequestError: If the engine cannot go on with the prompt.
            OptionError: If a value is out of its range.
        """
        _check_count("max_tokens", max_tokens, 1, MAX_TOKENS)
        run = self._begin(prompt, temperature, verbose, seed)
        while (missing := max_tokens - len(run.growth.words)) > 0:
            bars = round(missing / run.growth.words_per_bar) + 1
            run.grow(min(bars, _MOST_BARS_AT_ONCE), _FAR_BARS)
        return run.result("max_tokens", max_tokens)

    def generate_long(
        self,
        prompt: str,
        temperature: float = 0.8,
        target_bars: int = 32,
        chunk_tokens: int = 1024,
        max_iterations: int = 20,
        verbose: bool = True,
        seed: int | None = None,
    ) -> dict[str, Any]:
        """Go on with a prompt, chunk by chunk, to a planned end.

        Args:
            prompt: Any REMIGEN words; they stand in the result as they are.
            temperature: 0.1 to 2; below 1 safer, above 1 bolder.
            target_bars: Bars of the whole, those of the prompt included, 1 to 10,000; the last ones
                close it.
            chunk_tokens: About how many words are composed together, 64 or more.
            max_iterations: Chunks at most.
            verbose: Whether progress is told on the error stream.
            seed: The same one gives the same words; one is chosen if left out.

        Returns:
            As `generate`; `stopped_because` is `target_bars` or `max_iterations`.

        Raises:
            ComposerError: As `generate`.
        """
        _check_count("target_bars", target_bars, 1, MAX_TARGET_BARS)
        _check_count("chunk_tokens", chunk_tokens, *CONTEXT_RANGE)
        _check_count("max_iterations", max_iterations, 1, MAX_TOKENS)
        run = self._begin(prompt, temperature, verbose, seed)
        growth = run.growth
        while (missing := target_bars - growth.n_bars) > 0 and growth.n_chunks < max_iterations:
            wanted = round(chunk_tokens / growth.words_per_bar)
            bars = min(missing, max(1, min(wanted, _MOST_BARS_AT_ONCE)))
            run.grow(bars, missing - bars)
        return run.result("max_iterations" if missing > 0 else "target_bars")

    def _begin(self, text: str, temperature: float, verbose: bool, seed: int | None) -> _Run:
        seed = secrets.randbelow(2**31) if seed is None else seed
        request = Request(temperature=temperature, seed=seed, candidates=1)
        forget_peak_memory()
        prompt = read_prompt(text)
        return _Run(prompt, Growth(self.engine, prompt, request, self.context_length), verbose)


@dataclass
class _Run:
    """Words in progress."""

    prompt: Prompt
    growth: Growth
    is_told: bool
    began_s: float = field(default_factory=time.monotonic)

    @property
    def tokens_per_second(self) -> float:
        return len(self.growth.words) / max(1e-6, time.monotonic() - self.began_s)

    def grow(self, bars: int, bars_after: int) -> None:
        self.growth.grow(bars, bars_after)
        if self.is_told:
            sys.stderr.write(
                f"{self.growth.n_bars} bars, {len(self.growth.words):,} new words, "
                f"{self.tokens_per_second:,.0f} words a second\n"
            )

    def result(self, stopped_because: str, max_tokens: int | None = None) -> dict[str, Any]:
        """Return what came of it, cut behind the last whole note of so many words."""
        words = [*self.prompt.words, *self.growth.words]
        bars, notes = self.growth.n_bars, self.growth.n_notes
        if max_tokens is not None and len(self.growth.words) > max_tokens:
            words = _cut(words, len(self.prompt.words), len(self.prompt.words) + max_tokens)
            song = decode(words)
            bars, notes = len(song.signatures), len(song.notes)
        return {
            "tokens": " ".join(words),
            "bars": bars,
            "notes": notes,
            "seconds": time.monotonic() - self.began_s,
            "tokens_per_second": self.tokens_per_second,
            "peak_memory_mb": peak_memory_mb(),
            "stopped_because": stopped_because,
            "seed": self.growth.seed,
        }


def _cut(words: list[str], first: int, most: int) -> list[str]:
    """Return words up to the last note or bar that ends within `most` words."""
    ends = (n for n in range(most, first, -1) if words[n - 1][0] in "vb")
    return words[: next(ends, first)]


class MIDIConverter:
    """REMIGEN words to MIDI files, and back."""

    def tokens_to_midi(self, tokens: str, path: str | Path) -> bool:
        """Write the MIDI file that words spell; its folder is made.

        Returns:
            True; what cannot be written is an error that says why.

        Raises:
            WordError: At the first word that cannot be used.
        """
        song = decode(tokens)
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_song(song, path)
        return True

    def midi_to_tokens(self, path: str | Path) -> str:
        """Return the words of a MIDI file.

        Raises:
            ScoreFileError: If it is none, or REMIGEN cannot say it.
        """
        return " ".join(encode(read_song(Path(path))))


def generate_music(
    model_path: str | Path | None = None,
    num_songs: int = 1,
    max_tokens: int = 2048,
    temperature: float = 0.8,
    output_dir: str | Path = "generated",
    long_mode: bool = False,
    target_bars: int | None = None,
) -> list[Path]:
    """Write pieces from the usual prompt as MIDI files, their words beside them.

    Args:
        model_path: As of `MusicGenerator`.
        num_songs: How many, 1 to 10,000.
        max_tokens: New words of each, unless it is long.
        temperature: 0.1 to 2.
        output_dir: Folder for the files, named by their seeds; made if it is not there.
        long_mode: Whether each comes to a planned end instead.
        target_bars: Of each in long mode; 32 if left out. Given, it means long mode.

    Raises:
        ComposerError: As `MusicGenerator`.
    """
    _check_count("num_songs", num_songs, 1, MAX_TARGET_BARS)
    generator, converter = MusicGenerator(model_path), MIDIConverter()
    folder = Path(output_dir)
    paths = []
    for _ in range(num_songs):
        if long_mode or target_bars is not None:
            bars = LONG_BARS if target_bars is None else target_bars
            found = generator.generate_long(
                PROMPT, temperature, bars, max_iterations=MAX_TARGET_BARS, verbose=False
            )
        else:
            found = generator.generate(PROMPT, temperature, max_tokens, verbose=False)
        paths.append(folder / f"song-{found['seed']}.mid")
        converter.tokens_to_midi(found["tokens"], paths[-1])
        paths[-1].with_suffix(".txt").write_text(found["tokens"] + "\n", encoding="utf-8")
    return paths


def peak_memory_mb() -> float:
    """Return the most memory that this process had since `forget_peak_memory`, in megabytes.

    Where the system is not Linux, since it began; 0 where nobody counts it.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1.024e-3
    except (OSError, StopIteration):
        pass
    try:
        import resource
    except ImportError:
        return 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def forget_peak_memory() -> None:
    """Count the most memory from now on, where the system can."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _engine(model_path: str | Path | None, device: str) -> Engine:
    """Return an engine by its folder or its name."""
    folders: Mapping[str, Path] = places.checkpoint_folders()
    shelf = open_shelf()
    name = str(model_path) if model_path is not None else shelf.names[0]
    if model_path is not None and Path(model_path).is_dir():
        return open_engine(Path(model_path), None if device == "auto" else device)
    if name not in shelf.names:
        raise CheckpointError(
            f"there is no checkpoint folder and no engine {name[-60:]!r}; there are "
            f"{', '.join(shelf.names)}"
        )
    if device == "auto" or name not in folders:
        return shelf.get(name)
    return open_engine(folders[name], device)


def _check_count(name: str, value: Any, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise OptionError(
            f"`{name}` must be a whole number from {low:,} to {high:,}, got {str(value)[:40]!r}"
        )
