"""What a word that no lexicon has may mean: letters that it shares with words that are known.

A word of another language or another form shares most of its letters with words of the lexicon. A
classifier a setting was trained on captions of scores (benchmarks/prompts/learning.py says how, and
how often it is right); here its arrays are read and asked, by numpy alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt

from composer.prompts.tokens import tokens_of

SETTINGS = ("mode", "tempo", "density", "register", "chromaticity", "liveliness")
GRAM_LETTERS = (3, 6)  # letters of a gram, from and to
MIN_LETTERS = 5  # of a word of which anything is guessed
# A setting is guessed where its class is this likely, and this much likelier than without the word.
LIKELY, LIFT = 0.95, 0.45
LEAST_KNOWN = 0.65  # share of the grams of a word that must be known
FILE = "guesses.npz"
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Guesser:
    """A classifier of every setting, as arrays.

    Args:
        grams: Places of the grams, by their letters.
        idf: Inverse document frequencies, [grams].
        weights: [classes, grams].
        biases: [classes].
        classes: Setting and value of every row; `open` says that nothing is to be said.
    """

    grams: Mapping[str, int]
    idf: npt.NDArray[np.float16]
    weights: npt.NDArray[np.float16]
    biases: npt.NDArray[np.float32]
    classes: tuple[tuple[str, str], ...]

    def guess(self, word: str) -> dict[str, str]:
        """Return the settings that a word makes likely, by name; often none."""
        grams = grams_of(word) if len(word) >= MIN_LETTERS else []
        known = [self.grams[gram] for gram in grams if gram in self.grams]
        if len(known) < LEAST_KNOWN * max(1, len(grams)):
            return {}
        places, counts = np.unique(known, return_counts=True)
        raw = counts * self.idf[places].astype(np.float64)
        values = raw / np.linalg.norm(raw)
        told = self.biases + self.weights[:, places].astype(np.float64) @ values
        found: dict[str, str] = {}
        for name in dict.fromkeys(name for name, _ in self.classes):
            rows = [n for n, one in enumerate(self.classes) if one[0] == name]
            shares, usual = _shares(told[rows]), _shares(self.biases[rows].astype(np.float64))
            best = int(shares.argmax())
            value = self.classes[rows[best]][1]
            if value != "open" and shares[best] >= max(LIKELY, usual[best] + LIFT):
                found[name] = value
        return found


def _shares(logits: Floats) -> Floats:
    powers: Floats = np.exp(logits - logits.max())
    shares: Floats = powers / powers.sum()
    return shares


def grams_of(text: str) -> list[str]:
    """Return the grams of the words of a text, a mark before and behind every word."""
    low, high = GRAM_LETTERS
    found: list[str] = []
    for token in tokens_of(text):
        word = f" {token.folded} "
        if token.is_word:
            found += [
                word[i : i + n] for n in range(low, high + 1) for i in range(len(word) - n + 1)
            ]
    return found


def save_guesser(guesser: Guesser, path: Path) -> None:
    """Write the arrays; no pickle."""
    grams = sorted(guesser.grams, key=lambda gram: guesser.grams[gram])
    np.savez_compressed(
        path,
        grams=np.frombuffer("\n".join(grams).encode(), np.uint8),
        idf=guesser.idf,
        weights=guesser.weights,
        biases=guesser.biases,
        classes=np.frombuffer(
            "\n".join("=".join(one) for one in guesser.classes).encode(), np.uint8
        ),
    )


def load_guesser(path: Path) -> Guesser:
    """Read what `save_guesser` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        grams = bytes(arrays["grams"]).decode().split("\n")
        classes = [one.split("=", 1) for one in bytes(arrays["classes"]).decode().split("\n")]
        return Guesser(
            {gram: n for n, gram in enumerate(grams)},
            arrays["idf"],
            arrays["weights"],
            arrays["biases"],
            tuple((name, value) for name, value in classes),
        )


@cache
def _bundled() -> Guesser | None:
    path = resources.files("composer.prompts").joinpath("words", FILE)
    with resources.as_file(path) as file:
        return load_guesser(file) if file.exists() else None


@lru_cache(maxsize=1 << 10)
def guess_word(word: str) -> tuple[tuple[str, str], ...]:
    """Return what an unknown word may set: names of settings and values, often none."""
    guesser = _bundled()
    return tuple(guesser.guess(word).items()) if guesser else ()
