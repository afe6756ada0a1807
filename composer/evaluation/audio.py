"""What recordings are like: loudness, clipping, silence, agreement with their score, and distances.

The Frechet distance and the CLAP score need the weights of a CLAP model in a local folder; without
them they are left out, and one sentence says so.

Sources:
    K. Kilgour et al., Frechet audio distance: a metric for evaluating music enhancement algorithms,
    arXiv:1812.08466 (2018).
    Y. Wu et al., Large-scale contrastive language-audio pretraining, ICASSP (2023).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from composer.errors import CheckpointError, RequestError
from composer.extras import named
from composer.piece import Piece
from composer.recording import Recording
from composer.rendering import loudness
from composer.rendering.chroma import agreement
from composer.rendering.encoders import ENCODINGS
from composer.rendering.recordings import read_recording, resampled, with_channels

Floats: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
NO_WEIGHTS = (
    "no Frechet distance and no CLAP score: name a folder with the weights of a CLAP model in "
    "`--clap`"
)
CLAP_RATE_HZ = 48_000
FULL_SCALE = 0.999  # a sample above it counts as clipped
SILENCE_DBFS = -60.0  # a window below it counts as silent
_WINDOW_S = 0.1
MIN_CLIPS = 2  # for a covariance


@dataclass(frozen=True)
class Clip:
    """A recording in a folder.

    Args:
        name: Of its file.
        recording: The sound.
        text: What it was to sound like; empty if nobody knows.
        piece: The score that it should follow, if there is one.
    """

    name: str
    recording: Recording
    text: str = ""
    piece: Piece | None = None


def read_clips(folder: Path) -> Iterator[Clip]:
    """Read the recordings of a folder and below, with what composition.json says of them.

    Raises:
        RequestError: If there is none.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENCODINGS)
    if not paths:
        raise RequestError(f"{folder.name} holds no WAV, FLAC, MP3 or OGG file")
    for path in paths:
        text, piece = _told(path)
        yield Clip(str(path.relative_to(folder)), read_recording(path), text, piece)


def _told(path: Path) -> tuple[str, Piece | None]:
    """Return what the composition.json beside a recording says of it."""
    try:
        document = json.loads((path.parent / "composition.json").read_text("utf-8"))
        given = document.get("given")
        names = {one["recording"]["file"] for one in document["candidates"]}
        if path.name not in names:
            return "", None
        return str(document["text"]), Piece.from_dict(given) if given else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return "", None


def measures_of(clip: Clip) -> dict[str, float | None]:
    """Return what can be measured of a recording alone.

    Returns:
        `length_s`; `loudness_lufs` (integrated, None of silence); `peak` of full scale; shares of
        clipped samples and of silent time, 0..1; `agreement` with its score, None without one.
    """
    sound, rate = clip.recording.samples, clip.recording.rate_hz
    stereo = with_channels(clip.recording, 2).samples
    lufs = loudness.measure([stereo], rate).loudness_lufs
    size = max(1, round(_WINDOW_S * rate))
    n_windows = max(1, len(sound) // size)
    windows = clip.recording.mono[: n_windows * size].reshape(n_windows, -1).astype(np.float64)
    powers = (windows**2).mean(axis=1)
    return {
        "length_s": round(clip.recording.length_s, 3),
        "loudness_lufs": round(lufs, 2) if math.isfinite(lufs) else None,
        "peak": round(float(np.abs(sound).max()), 4),
        "clipped": float((np.abs(sound) >= FULL_SCALE).mean()),
        "silent": float((powers < 10 ** (SILENCE_DBFS / 10)).mean()),
        "agreement": None if clip.piece is None else _agreement(clip.piece, clip.recording),
    }


def _agreement(piece: Piece, recording: Recording) -> float:
    return round(agreement(piece, recording).whole, 4)


def frechet_distance(one: Floats, other: Floats) -> float:
    """Return the Frechet distance of two sets of embeddings, as if both were normal.

    |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)), with the means and covariances of both.

    Args:
        one: [clips, width], two clips or more.
        other: The same.

    Raises:
        RequestError: If there are too few.
    """
    if min(len(one), len(other)) < MIN_CLIPS:
        raise RequestError(f"a Frechet distance needs {MIN_CLIPS} clips or more on both sides")
    shift = one.mean(axis=0) - other.mean(axis=0)
    first, second = (np.atleast_2d(np.cov(found, rowvar=False)) for found in (one, other))
    # tr (AB)^(1/2) from the eigenvalues of A^(1/2) B A^(1/2), which are real and not negative.
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    both = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ second @ root), 0)).sum()
    return float(max(0.0, shift @ shift + np.trace(first) + np.trace(second) - 2 * both))


class Clap:
    """A CLAP model from a local folder: sound and words in one space.

    Args:
        folder: With config.json, model.safetensors, a tokenizer and preprocessor_config.json.

    Raises:
        CheckpointError: If it holds none.
        MissingTool: If transformers is not installed.
    """

    def __init__(self, folder: Path) -> None:
        with named():
            import transformers
        library: Any = transformers  # typed in part only
        local = {"local_files_only": True}
        try:
            self._model = library.ClapModel.from_pretrained(folder, **local).eval()
            self._hear = library.AutoFeatureExtractor.from_pretrained(folder, **local)
            self._read = library.AutoTokenizer.from_pretrained(folder, **local)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise CheckpointError(
                f"{folder.name} holds no CLAP model that can be loaded"
            ) from error

    def hear(self, recordings: Sequence[Recording]) -> Floats:
        """Return an embedding of length 1 for every recording, [recordings, width].

        It is the mean over windows as long as the model hears at once: of longer sound its own
        library would draw a stretch at random.
        """
        return np.stack([self._mean_of(one) for one in recordings])

    def _mean_of(self, recording: Recording) -> Floats:
        sound = resampled(with_channels(recording, 1), CLAP_RATE_HZ).mono
        size = int(self._hear.nb_max_samples)
        found = []
        for begin in range(0, max(1, len(sound) - CLAP_RATE_HZ), size):
            window = sound[begin : begin + size]
            inputs = self._hear(window, sampling_rate=CLAP_RATE_HZ, return_tensors="pt")
            found.append(_row(self._model.get_audio_features(**inputs)))
        mean = np.mean(found, axis=0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12))

    def read(self, texts: Sequence[str]) -> Floats:
        """Return an embedding of length 1 for every text, [texts, width]."""
        inputs = [self._read([text], return_tensors="pt") for text in texts]
        return np.stack([_row(self._model.get_text_features(**one)) for one in inputs])


def _row(found: Any) -> Floats:
    features = getattr(found, "pooler_output", found)
    return np.asarray(features.detach().float().numpy()[0], dtype=np.float64)


def evaluate_recordings(
    folder: Path, *, reference: Path | None = None, clap: Path | None = None
) -> dict[str, Any]:
    """Measure the recordings of a folder.

    Args:
        folder: Of recordings, with composition.json beside them where they were orchestrated.
        reference: Of recordings that they are held against.
        clap: Folder of a CLAP model.

    Returns:
        `clips` by name, their `means`, and `notes` on what was left out; with CLAP `clap_score`
        (cosine of sound and words, mean over the clips with a text), and with a reference too
        `frechet_distance`, the number of clips on both sides and the name of the embedding.
    """
    clips = list(read_clips(folder))
    rows = {clip.name: measures_of(clip) for clip in clips}
    report: dict[str, Any] = {"clips": rows, "means": _means(list(rows.values())), "notes": []}
    if clap is None:
        return report | {"notes": [NO_WEIGHTS]}
    model = Clap(clap)
    heard = model.hear([clip.recording for clip in clips])
    report |= {"embedding": clap.name, "clap_score": None}
    told = [n for n, clip in enumerate(clips) if clip.text]
    if told:
        words = model.read([clips[n].text for n in told])
        report["clap_score"] = round(float((heard[told] * words).sum(axis=1).mean()), 4)
    else:
        report["notes"].append("no CLAP score: no recording here has words beside it")
    if reference is None:
        report["notes"].append("no Frechet distance: name a folder in `--reference`")
        return report
    others = model.hear([clip.recording for clip in read_clips(reference)])
    distance = frechet_distance(heard, others)
    return report | {
        "frechet_distance": round(distance, 6),
        "n_clips": len(heard),
        "n_reference": len(others),
    }


def _means(rows: Sequence[dict[str, float | None]]) -> dict[str, float | None]:
    """Return the mean of every measure over the clips that have it."""
    found = {name: [row[name] for row in rows if row[name] is not None] for name in rows[0]}
    return {
        name: round(float(np.mean(values)), 4) if values else None  # type: ignore[arg-type]
        for name, values in found.items()
    }
