"""What unknown words of a prompt may mean, learned from captions of what scores measure.

    python benchmarks/prompts/learning.py CORPUS --out benchmarks/prompts/learning.json \
        --model composer/prompts/words/guesses.npz

Every score says what it is like by measure: mode, tempo, density, register, chromaticity and
liveliness, each low or high where it lies in an outer third of the band of real pieces. Captions
in five languages say some of that with words of the lexicon, among words that mean nothing, in
several templates. A classifier a setting (TF-IDF of letter n-grams within words, logistic
regression) learns from captions what the score is like.

Held out are synonyms: a fifth of the stems (five letters) stands in no caption of training, in no
language and no form of theirs. What is measured is what one such word by itself, without any
template, makes the model say, as `prompts.guessing` asks it:

- right: settings that are guessed and are those that the lexicon has for the word
- wrong: settings that are guessed and are the opposite; beside: those that the lexicon leaves open
- neutral: words that mean nothing and of which something is guessed

The thresholds of `prompts.guessing` were chosen by these figures. The model is written only where
guesses of held-out words are right as often as `LEAST_RIGHT`, and of neutral ones as rare as
`MOST_NEUTRAL`.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.record import Share, machine_facts, save
from composer.corpus import Refusal, load_corpus
from composer.outcomes import level_of
from composer.prompts.guessing import SETTINGS, Guesser, grams_of, save_guesser
from composer.prompts.lexicon import LANGUAGES, Meaning, lexicon, meanings
from composer.scoring import score

LEVELS = ("density", "register", "chromaticity", "liveliness")
THIRD = 1 / 3
SLOW_BPM, FAST_BPM = 84, 112
KINDS = ("tempo", "mood", *LEVELS)
TEMPLATES = {
    "en": ("a {} piece", "something {}", "{} music please", "write a {} one"),
    "de": ("ein {} Stück", "etwas {}", "{} Musik bitte", "schreib mir was {}"),
    "fr": ("un morceau {}", "quelque chose de {}", "musique {}", "une pièce {}"),
    "es": ("una pieza {}", "algo {}", "música {}", "escribe algo {}"),
    "it": ("un brano {}", "qualcosa di {}", "musica {}", "scrivi un pezzo {}"),
}
AND = {"en": " and ", "de": " und ", "fr": " et ", "es": " y ", "it": " e "}
LEAST_RIGHT, MOST_NEUTRAL = 0.9, 0.025
N_CAPTIONS = 12_000
STEM_LETTERS = 5
Features = dict[str, str]


def features_of(folder: Path, count: int, seed: int) -> Iterator[Features]:
    """Yield what scores of a corpus are like, by setting."""
    corpus = load_corpus(folder)
    chosen = random.Random(seed).sample(corpus.entries, min(count, len(corpus.entries)))
    for _, piece in replace(corpus, entries=tuple(chosen)).pieces():
        if isinstance(piece, Refusal) or piece.n_bars < 4:
            continue
        card = score(piece)
        found = {"mode": piece.key.mode, "tempo": _pace(piece.tempo_bpm)}
        for name in LEVELS:
            place = level_of(name, piece, card)
            found[name] = "" if place is None else _third(place)
        yield found


def _pace(bpm: float) -> str:
    return "slow" if bpm < SLOW_BPM else "fast" if bpm > FAST_BPM else ""


def _third(place: float) -> str:
    return "low" if place < THIRD else "high" if place > 1 - THIRD else ""


def effects_of(meaning: Meaning) -> Features:
    """Return what a word of the lexicon says, in the classes that are learned."""
    if meaning.kind in LEVELS:
        return {meaning.kind: meaning.value}
    if meaning.kind == "tempo":
        return {"tempo": _pace(sum(meanings()["tempo"][meaning.value]) / 2)}
    effects = dict(meanings()["mood"][meaning.value])
    found = {name: value for name, value in effects.items() if name in ("mode", *LEVELS)}
    found = {n: {"not low": "high", "not high": "low"}.get(v, v) for n, v in found.items()}
    if "tempo" in effects:
        found["tempo"] = _pace(sum(meanings()["tempo"][effects["tempo"]]) / 2)
    return {name: value for name, value in found.items() if value}


def words_of() -> dict[str, dict[str, Features]]:
    """Return by language the single words that say something of what is learned."""
    found: dict[str, dict[str, Features]] = {language: {} for language in LANGUAGES}
    for words, told in lexicon().content.items():
        for meaning in told:
            is_one = len(words) == 1 and len(words[0]) >= STEM_LETTERS
            if is_one and meaning.kind in KINDS and meaning.language in found:
                effects = effects_of(meaning)
                if effects:
                    found[meaning.language][words[0]] = effects
    return found


def neutral_words() -> list[str]:
    """Return words that mean nothing of music."""
    words = lexicon()
    return sorted(w for w in words.known - words.musical if len(w) >= STEM_LETTERS)


def stem_of(word: str) -> str:
    """Return what forms of a word, and often its cousins in other languages, share."""
    return word[:STEM_LETTERS]


def captions(
    pieces: Sequence[Features], said: Mapping[str, Mapping[str, Features]],
    neutral: Sequence[str], templates: slice, count: int, seed: int,
) -> Iterator[tuple[str, Features]]:  # fmt: skip
    """Yield captions of scores with what the scores are like."""
    rng = random.Random(seed)
    for _ in range(count):
        piece, language = rng.choice(pieces), rng.choice(LANGUAGES)
        true = [
            word
            for word, effects in said[language].items()
            if all(piece[name] == value for name, value in effects.items())
        ]
        if not true:
            continue
        chosen = rng.sample(true, min(len(true), rng.choice((1, 1, 2))))
        template = rng.choice(TEMPLATES[language][templates])
        text = template.format(AND[language].join(chosen))
        yield " ".join([text, *rng.sample(neutral, rng.choice((0, 1, 2, 4)))]), piece


def train(rows: Sequence[tuple[str, Features]], most_grams: int) -> Guesser:
    """Fit a classifier a setting, and return it as plain arrays."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    texts = [text for text, _ in rows]
    tfidf = TfidfVectorizer(
        analyzer=grams_of, min_df=5, max_features=most_grams, sublinear_tf=False, norm="l2"
    )
    table = tfidf.fit_transform(texts)
    weights, biases, classes = [], [], []
    for name in SETTINGS:
        labels = np.array([piece[name] or "open" for _, piece in rows])
        fitted = LogisticRegression(C=20.0, max_iter=300).fit(table, labels)
        coefficients, intercepts = fitted.coef_, fitted.intercept_
        if len(fitted.classes_) == 2:  # of two classes one row is given
            coefficients = np.vstack([-coefficients, coefficients]) / 2
            intercepts = np.concatenate([-intercepts, intercepts]) / 2
        weights.append(coefficients)
        biases.append(intercepts)
        classes += [(name, str(one)) for one in fitted.classes_]
    return Guesser(
        grams={gram: int(n) for gram, n in tfidf.vocabulary_.items()},
        idf=tfidf.idf_.astype(np.float16),
        weights=np.vstack(weights).astype(np.float16),
        biases=np.concatenate(biases).astype(np.float32),
        classes=tuple(classes),
    )


def measure(
    guesser: Guesser, words: Mapping[str, Features], neutral: Sequence[str]
) -> dict[str, Share]:
    """Return how often guesses of words are right, and of what share of words there are any."""
    right, opposite, beside, any_right, any_guess = [], [], [], [], []
    for word, effects in words.items():
        guessed = guesser.guess(word)
        told = [effects.get(name) == value for name, value in guessed.items()]
        right += [effects[name] == value for name, value in guessed.items() if name in effects]
        beside += [name not in effects for name in guessed]
        opposite += [name in effects and effects[name] != value for name, value in guessed.items()]
        any_guess.append(bool(guessed))
        any_right.append(any(told))
    return {
        "guessed settings that are right, of those the lexicon has": Share.of(right),
        "guessed settings that are the opposite": Share.of(opposite),
        "guessed settings that the lexicon leaves open": Share.of(beside),
        "words of which something is guessed": Share.of(any_guess),
        "words of which something right is guessed": Share.of(any_right),
        "neutral words of which something is guessed": Share.of(
            bool(guesser.guess(word)) for word in neutral
        ),
    }


def main() -> None:
    """Measure on held-out words and templates; write the model if it is good enough."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--features", type=Path, help="what was measured before, or is to be kept")
    parser.add_argument("--pieces", type=int, default=500)
    parser.add_argument("--grams", type=int, default=8_000)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--model", type=Path)
    options = parser.parse_args()
    if options.features and options.features.exists():
        pieces: list[Any] = json.loads(options.features.read_text())
    else:
        pieces = list(features_of(options.corpus, options.pieces, 1))
        if options.features:
            options.features.write_text(json.dumps(pieces))
    print(len(pieces), "pieces", flush=True)
    report(options, pieces)


def report(options: argparse.Namespace, pieces: Sequence[Features]) -> None:
    """Train without the held-out words and measure on them; then train on all."""
    said, neutral = words_of(), neutral_words()
    stems = sorted({stem_of(word) for words in said.values() for word in words})
    rng = random.Random(3)
    gone = set(rng.sample(stems, len(stems) // 5))
    unseen = set(rng.sample(neutral, len(neutral) // 5))
    seen = {
        n: {w: e for w, e in words.items() if stem_of(w) not in gone} for n, words in said.items()
    }
    known = [word for word in neutral if word not in unseen]
    rows = list(captions(pieces, seen, known, slice(0, 3), N_CAPTIONS, 4))
    guesser = train(rows, options.grams)
    held = {w: e for words in said.values() for w, e in words.items() if stem_of(w) in gone}
    shares = measure(guesser, held, sorted(unseen))
    for name, share in shares.items():
        print(f"{name}: {share}", flush=True)
    is_better = (
        shares["guessed settings that are right, of those the lexicon has"].value >= LEAST_RIGHT
        and shares["neutral words of which something is guessed"].value <= MOST_NEUTRAL
    )
    size = 0
    if options.model and is_better:
        everything = list(captions(pieces, said, neutral, slice(0, 4), N_CAPTIONS, 5))
        save_guesser(train(everything, options.grams), options.model)
        size = options.model.stat().st_size
        print(f"{options.model}: {size} bytes")
    if options.out:
        result = {
            "pieces": len(pieces),
            "captions": len(rows),
            "held-out words": len(held),
            "held-out stems": len(gone),
            "shares": {name: share.to_dict() for name, share in shares.items()},
            "is written": is_better,
            "bytes": size,
            "machine": machine_facts(),
        }
        save(options.out, result)


if __name__ == "__main__":
    main()
