"""Codes of sound, sampled one step at a time: it can be stopped at any step, and heard so far.

MusicGen writes several rows of codes, each a step later than the row above it, so that one step
samples a value of every row (its delay pattern):

    column     0  1  2  3  4  5  6      P: padding, a1: frame 1 of row a
    row a      P a1 a2 a3 a4  P  P
    row b      P  P b1 b2 b3 b4  P
    row c      P  P  P c1 c2 c3 c4

A frame of sound is there when the last row has written it. In stereo the rows of both channels
alternate, and two neighbours are equally late.

Source:
    J. Copet et al., Simple and controllable music generation, NeurIPS (2023), sections 2.2 and 2.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from composer.engines.audio.weights import Weights


@dataclass(frozen=True)
class Manner:
    """How codes are sampled.

    Args:
        temperature: Over 0; below 1 safer, above 1 bolder.
        top_k: Only among so many of the likeliest values; 0 takes all.
        guidance: How strongly text and chroma are enforced; 1 is the model as trained.
    """

    temperature: float = 1.0
    top_k: int = 250
    guidance: float = 3.0


@dataclass(frozen=True)
class Led:
    """What leads a recording.

    Args:
        text: Any.
        chroma: [moments, 12], a one for the pitch class that leads; None of models without.
    """

    text: str
    chroma: Tensor | None = None


@torch.inference_mode()
def sample_codes(
    weights: Weights,
    led: Led,
    manner: Manner,
    n_frames: int,
    seed: int,
    given: Tensor | None = None,
) -> Iterator[Tensor]:
    """Sample codes step by step; yield those of all frames that are there, after every step.

    Args:
        weights: The model.
        led: Text and chroma.
        manner: How.
        n_frames: Frames of sound in all, those that are given included.
        seed: The same gives the same codes on the same machine.
        given: [rows, frames] of codes that come first and stay; none if left out.

    Yields:
        [rows, frames so far].
    """
    rows, pad = weights.codebooks, int(weights.decoder.config.pad_token_id)
    delays = torch.arange(rows, device=weights.device) // weights.channels
    n_given = 0 if given is None else given.shape[1]
    codes = torch.full((rows, n_frames), pad, device=weights.device)
    if given is not None:
        codes[:, :n_given] = given
    dice = torch.Generator(weights.device).manual_seed(seed)
    model = _Model(weights, led, manner.guidance)
    columns = torch.stack([_column(codes, delays, pad, t) for t in range(n_given + 1)], dim=1)
    for step in range(n_given + 1, n_frames + int(delays[-1]) + 1):
        values = _draw(model.logits(columns), manner, dice)
        frames = step - 1 - delays
        is_open = (frames >= n_given) & (frames < n_frames)
        codes[is_open, frames[is_open]] = values[is_open]
        columns = _column(codes, delays, pad, step)[:, None]
        yield codes[:, : max(n_given, min(n_frames, step - int(delays[-1])))]


def _column(codes: Tensor, delays: Tensor, pad: int, step: int) -> Tensor:
    """Return one column of the delayed pattern, [rows]."""
    frames = step - 1 - delays
    inside = (frames >= 0) & (frames < codes.shape[1])
    column = torch.full_like(frames, pad)
    column[inside] = codes[inside, frames[inside]]
    return column


def _draw(logits: Tensor, manner: Manner, dice: torch.Generator) -> Tensor:
    """Draw a value for every row, [rows], from logits of [rows, values]."""
    logits = logits.float() / manner.temperature
    if 0 < manner.top_k < logits.shape[-1]:
        least = logits.topk(manner.top_k).values[:, -1:]
        logits = logits.masked_fill(logits < least, -torch.inf)
    return torch.multinomial(logits.softmax(-1), 1, generator=dice)[:, 0]


class _Model:
    """The decoder with what leads it, and what it remembers of the columns so far.

    With guidance it reads everything twice, the second time with nothing that leads it.
    """

    def __init__(self, weights: Weights, led: Led, guidance: float) -> None:
        self._weights, self._guidance = weights, guidance
        self._memory: object = None
        tokens = weights.tokenizer([led.text], return_tensors="pt").to(weights.device)
        model = weights.model
        words = model.text_encoder(**tokens).last_hidden_state
        if hasattr(model, "enc_to_dec_proj"):
            words = model.enc_to_dec_proj(words)
        mask = tokens["attention_mask"]
        words = words * mask[..., None]
        if guidance > 1:
            # What leads nothing are zeros behind the projection, as in training.
            words = torch.cat([words, torch.zeros_like(words)])
            mask = torch.cat([mask, torch.zeros_like(mask)])
        self._leads = torch.cat([self._chroma(led), words], dim=1) if weights.has_melody else words
        self._mask = None if weights.has_melody else mask

    def _chroma(self, led: Led) -> Tensor:
        """Return what the chroma says to the decoder, [1 or 2, moments, width]."""
        weights, model = self._weights, self._weights.model
        silent = torch.zeros((1, 1, 12), device=weights.device, dtype=weights.dtype)
        silent[:, :, 0] = 1  # of silence every strength is 0, and the first counts as strongest
        found = silent
        if led.chroma is not None:
            found = led.chroma[None].to(silent)
            found = torch.where(found.sum(-1, keepdim=True) > 0, found, silent)
        both = [found, silent.expand_as(found)] if self._guidance > 1 else [found]
        hidden: Tensor = model.audio_enc_to_dec_proj(torch.cat(both))
        moments = weights.chroma_moments
        return hidden.repeat(1, -(-moments // hidden.shape[1]), 1)[:, :moments]

    def logits(self, columns: Tensor) -> Tensor:
        """Read columns of codes, [rows, columns]; return the logits that follow, [rows, values]."""
        ids = columns.repeat(2, 1) if self._guidance > 1 else columns
        options = {} if self._mask is None else {"encoder_attention_mask": self._mask}
        is_led = self._memory is None or not self._weights.has_melody
        found = self._weights.decoder(
            input_ids=ids,
            encoder_hidden_states=self._leads if is_led else None,
            past_key_values=self._memory,
            use_cache=True,
            **options,
        )
        self._memory = found.past_key_values
        logits: Tensor = found.logits[:, -1]
        if self._guidance > 1:
            led, free = logits.chunk(2)
            return free + (led - free) * self._guidance
        return logits
