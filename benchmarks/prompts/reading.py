"""How many prompts are read as a musician means them: by setting, by kind, by language.

    python benchmarks/prompts/reading.py --out benchmarks/prompts/reading.json
    python benchmarks/prompts/reading.py tests/prompts/fresh.toml --out fresh.json

The prompts of tests/prompts/held_out.toml were written, with what they should mean, before there
was a grammar, and the grammar was mended until they were read. Those of fresh.toml were written
after it, those of further.toml before words of style set anything: fresh.json and further.json
are their first readings, before anything was mended for them.

A setting is right when its value is exactly what is expected, none where none is; a tempo when it
lies in the expected range. A prompt is right when everything in it is.

- mended: misspelt prompts that are read whole; changed: words that are spelt right and were changed
- milliseconds a prompt, one thread, the lexicon loaded
"""

from __future__ import annotations

import argparse
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.record import ROOT, Share, machine_facts, print_table, rounded, save
from composer.pipeline import menu
from composer.prompts import Prompt, read_prompt

EXACT = ("composer", "style", "form", "ensemble", "key", "meter", "parts", "bars", "length_s")
QUALITIES = ("mode", "density", "register", "chromaticity", "liveliness", "loudness")
SETTINGS = (*EXACT, *QUALITIES, "tempo", "avoid", "contradictions", "states")
# What "short" and "long" stand for, where nothing is expected of the number of bars.
GUESSED_BARS = (8, 48)
MAX_CHARACTERS_TIMED = 500
Case = Mapping[str, Any]
Read = list[tuple[Case, Prompt]]


HELD_OUT = ROOT / "tests" / "prompts" / "held_out.toml"


def read_cases(path: Path = HELD_OUT) -> Read:
    """Return every prompt of a file with what is expected of it, and as it is read."""
    cases: list[Case] = tomllib.loads(path.read_text(encoding="utf-8"))["prompts"]
    return [(case, read_prompt(text_of(case), menu())) for case in cases]


def text_of(case: Case) -> str:
    """Return the prompt; some stand there several times over."""
    return str(case["text"] * case.get("times", 1))


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def verdicts(case: Case, prompt: Prompt) -> Iterator[tuple[str, bool]]:
    """Yield of everything that is expected whether it was read."""
    said, want = prompt.reading.settings, case["want"]
    for name in EXACT:
        got = said.get(name, prompt.settings.get(name))
        is_left_open = name not in want and (
            "conflicts" in case or (name == "bars" and got in GUESSED_BARS)
        )
        if not is_left_open:
            yield name, _shown(got) == _shown(want.get(name))
    for name in QUALITIES:
        if name in want:
            key = said.get("key")
            got = key.mode if name == "mode" and key else said.get(name)
            yield name, got == want[name]
    if "tempo" in want:
        low, high = want["tempo"]
        yield "tempo", low <= prompt.settings.get("tempo_bpm", 0.0) <= high
    if "avoid" in want:
        yield "avoid", prompt.settings.get("avoid") == want["avoid"]
    for name in case.get("none", ()):
        yield name, name not in said
    named = {one.setting for one in prompt.reading.contradictions}
    yield "contradictions", named == set(case.get("conflicts", ()))
    states = {word: phrase.state for word, phrase in prompt.reading.words()}
    for word, state in case.get("states", {}).items():
        yield "states", states.get(word) == state


def is_read_whole(case: Case, prompt: Prompt) -> bool:
    """Whether all that is expected of a prompt was read."""
    return all(is_right for _, is_right in verdicts(case, prompt))


def by_setting(read: Read) -> dict[str, Share]:
    """Return how often each setting is right, where it is expected or may not be there."""
    found = [verdict for one in read for verdict in verdicts(*one)]
    return {name: Share.of(is_right for n, is_right in found if n == name) for name in SETTINGS}


def whole_by(read: Read, field: str) -> dict[str, Share]:
    """Return how many prompts are read whole, by a field of theirs."""
    values = dict.fromkeys(str(case[field]) for case, _ in read)
    return {
        value: Share.of(is_read_whole(*one) for one in read if one[0][field] == value)
        for value in values
    }


def changed_words(read: Read) -> Share:
    """Return how many words that are spelt right were changed."""
    outcomes: list[bool] = []
    for case, prompt in read:
        if case["kind"] != "typo":
            phrases = {id(phrase): phrase for _, phrase in prompt.reading.words()}.values()
            n_changed = sum(phrase.note.count(" read as ") for phrase in phrases)
            n_words = len(case["text"].split())
            outcomes += [True] * n_changed + [False] * (n_words - n_changed)
    return Share.of(outcomes)


def milliseconds(read: Read) -> list[float]:
    """Return how long each prompt takes, read once more; long ones are left out."""
    took_ms: list[float] = []
    for case, _ in read:
        text = text_of(case)
        if len(text) < MAX_CHARACTERS_TIMED:
            began_s = time.process_time()
            read_prompt(text, menu())
            took_ms.append(1000 * (time.process_time() - began_s))
    return took_ms


def main() -> None:
    """Print the figures and save them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prompts", type=Path, nargs="?", default=HELD_OUT)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    read = read_cases(options.prompts)
    took_ms = milliseconds(read)
    settings, kinds = by_setting(read), whole_by(read, "kind")
    languages, changed = whole_by(read, "language"), changed_words(read)
    whole = Share.of(is_read_whole(*one) for one in read)
    print_table(("setting", "right"), settings.items())
    print_table(("read whole", ""), [("all", whole), *kinds.items(), *languages.items()])
    print(f"right words changed: {changed}")
    print(f"milliseconds a prompt: {fmean(took_ms):.1f}, at most {max(took_ms):.1f}")
    if options.out:
        result = {
            "file": options.prompts.name,
            "prompts": len(read),
            "by setting": {name: share.to_dict() for name, share in settings.items()},
            "read whole": whole.to_dict(),
            "read whole by kind": {name: share.to_dict() for name, share in kinds.items()},
            "read whole by language": {n or "none": s.to_dict() for n, s in languages.items()},
            "right words changed": changed.to_dict(),
            "milliseconds": {"mean": rounded(fmean(took_ms)), "most": rounded(max(took_ms))},
            "machine": machine_facts(),
            "wrong": [
                {"text": case["text"], "wrong": [n for n, ok in verdicts(case, prompt) if not ok]}
                for case, prompt in read
                if not is_read_whole(case, prompt)
            ],
        }
        save(options.out, result)


if __name__ == "__main__":
    main()
