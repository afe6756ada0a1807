"""Weights of MusicGen: from a folder or the hub's cache, and what they may be used for.

Nothing is downloaded unless the setting `audio.download` says so.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from composer.engines.audio.licence import NON_COMMERCIAL, licence_of
from composer.errors import CheckpointError
from composer.extras import named

# Sizes as people call them -> where they are published.
PUBLISHED = {name: f"facebook/musicgen-{name}" for name in ("small", "medium", "large", "melody")}
TOKENIZERS = ("tokenizer.json", "spiece.model")  # either of them is enough
DTYPES = ("float32", "bfloat16", "float16")


@dataclass(frozen=True)
class Weights:
    """A loaded model.

    Args:
        model: Of transformers, `MusicgenForConditionalGeneration` or that of MusicGen Melody.
        tokenizer: Of its text encoder.
        source: Name of the folder, or as the hub calls it.
        licence: Of the weights, as their model card names it; that of the published ones if it does
            not say.
        device, dtype: Where and how it computes.
    """

    model: Any
    tokenizer: Any
    source: str
    licence: str
    device: torch.device
    dtype: torch.dtype

    @property
    def decoder(self) -> Any:
        """What writes codes."""
        return self.model.decoder

    @property
    def has_melody(self) -> bool:
        """Whether it can be led by chroma."""
        return bool(self.model.config.model_type == "musicgen_melody")

    @property
    def codebooks(self) -> int:
        """Rows of codes, those of both channels where it is stereo."""
        return int(self.decoder.num_codebooks)

    @property
    def codebook_size(self) -> int:
        """Values that a code may have."""
        return int(self.model.audio_encoder.config.codebook_size)

    @property
    def channels(self) -> int:
        """1 or 2."""
        return int(self.decoder.config.audio_channels)

    @property
    def rate_hz(self) -> int:
        """Of the sound."""
        return int(self.model.audio_encoder.config.sampling_rate)

    @property
    def frames_per_s(self) -> float:
        """Columns of codes a second."""
        return float(self.model.audio_encoder.config.frame_rate)

    @property
    def chroma_moments(self) -> int:
        """How many moments of chroma lead a window; 0 of a model that takes none."""
        return int(self.model.config.chroma_length) if self.has_melody else 0


def load_weights(where: str | Path, device: str, dtype: str, download: bool = False) -> Weights:
    """Load a model with its tokenizer.

    Args:
        where: Folder, a name of `PUBLISHED`, or one on the hub such as `facebook/musicgen-small`.
        device: Such as `cpu` or `cuda`.
        dtype: Of `DTYPES`.
        download: Whether what is not here may be fetched from the hub.

    Raises:
        MissingTool: If transformers is not installed.
        CheckpointError: In one sentence that says what to do.
    """
    if dtype not in DTYPES:
        raise CheckpointError(f"`audio.dtype` must be one of {', '.join(DTYPES)}, got {dtype!r}")
    with named():
        from transformers import AutoModelForTextToWaveform, AutoTokenizer
        from transformers.utils import logging
    quiet: Any = logging.disable_progress_bar  # bars would stand between our lines
    quiet()
    folder = Path(where).expanduser()
    is_local = folder.is_dir()
    source = str(folder) if is_local else PUBLISHED.get(str(where), str(where))
    options = {"local_files_only": is_local or not download}
    place = torch.device(device)
    if is_local and not any((folder / name).is_file() for name in TOKENIZERS):
        raise CheckpointError(_problem(source, is_local, download, "it has no tokenizer"))
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, **options)
        model = AutoModelForTextToWaveform.from_pretrained(
            source, dtype=getattr(torch, dtype), use_safetensors=True, **options
        )
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError) as error:
        raise CheckpointError(_problem(source, is_local, download, str(error))) from error
    kind = getattr(model.config, "model_type", "")
    if kind not in ("musicgen", "musicgen_melody"):
        raise CheckpointError(f"{folder.name} holds a {kind or 'nameless'} model, not MusicGen")
    name = folder.name if is_local else source
    return Weights(
        model.eval().to(place), tokenizer, name, licence_of(where), place, getattr(torch, dtype)
    )


def _problem(source: str, is_local: bool, download: bool, why: str) -> str:
    """Say in one sentence why weights cannot be loaded."""
    if is_local:
        first = why.strip().split("\n")[0][:120]
        return (
            f"the folder {Path(source).name} holds no MusicGen that can be loaded ({first}); give "
            "a folder with config.json, model.safetensors and a tokenizer"
        )
    if download and os.environ.get("HF_HUB_OFFLINE") != "1":
        return f"{source[:80]} cannot be fetched from the hub; look at the name and the network"
    return (
        f"the weights of {source[:80]} are not here; name a folder that has them, or allow the "
        f"download with audio.download=true (their licence is {NON_COMMERCIAL})"
    )
