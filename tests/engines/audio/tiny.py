"""A MusicGen of random weights, small enough to be made by the tests that need one."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import (
    EncodecConfig,
    EncodecModel,
    MusicgenConfig,
    MusicgenForCausalLM,
    MusicgenForConditionalGeneration,
    MusicgenMelodyConfig,
    MusicgenMelodyForCausalLM,
    MusicgenMelodyForConditionalGeneration,
    PreTrainedTokenizerFast,
    T5Config,
    T5EncoderModel,
)
from transformers.models.musicgen.configuration_musicgen import MusicgenDecoderConfig
from transformers.models.musicgen_melody.configuration_musicgen_melody import (
    MusicgenMelodyDecoderConfig,
)

CODES = 64
SENTENCES = ("a calm chorale for choir in G major", "a lively dance for strings in D minor")


def save_tiny(folder: Path, *, melody: bool = False, channels: int = 1) -> Path:
    """Write a model, 50 frames a second at 32 kHz, with a tokenizer of two sentences.

    Args:
        folder: Where to.
        melody: Whether it takes chroma.
        channels: 1 or 2.
    """
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = _model(melody, channels)
        for layer in model.audio_encoder.quantizer.layers:  # zeros unless they are trained
            layer.codebook.embed.normal_()
    model.generation_config.do_sample = True
    model.generation_config.guidance_scale = 3.0
    for name in ("decoder_start_token_id", "bos_token_id", "pad_token_id"):
        setattr(model.generation_config, name, CODES)
    model.save_pretrained(folder)
    _tokenizer().save_pretrained(folder)
    return folder


def _model(melody: bool, channels: int) -> Any:
    text = T5Config(
        vocab_size=80, d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2, dropout_rate=0.0
    )
    codec = EncodecConfig(
        target_bandwidths=[1.2],
        sampling_rate=32_000,
        num_filters=4,
        hidden_size=8,
        num_residual_layers=1,
        upsampling_ratios=[8, 5, 4, 4],
        codebook_size=CODES,
        codebook_dim=8,
        num_lstm_layers=1,
    )
    kind = MusicgenMelodyDecoderConfig if melody else MusicgenDecoderConfig
    decoder = kind(
        vocab_size=CODES,
        num_hidden_layers=2,
        ffn_dim=64,
        num_attention_heads=2,
        hidden_size=32,
        num_codebooks=4 * channels,
        audio_channels=channels,
        dropout=0.0,
        pad_token_id=CODES,
        bos_token_id=CODES,
        initializer_factor=0.3,
        max_position_embeddings=256,
    )
    parts = {"text_encoder": text.to_dict(), "audio_encoder": codec.to_dict()}
    if melody:
        config = MusicgenMelodyConfig(**parts, decoder=decoder.to_dict(), chroma_length=235)
        return MusicgenMelodyForConditionalGeneration(
            config,
            T5EncoderModel(text),
            EncodecModel(codec),
            MusicgenMelodyForCausalLM(decoder),
        ).eval()
    return MusicgenForConditionalGeneration(
        MusicgenConfig(**parts, decoder=decoder.to_dict()),
        T5EncoderModel(text),
        EncodecModel(codec),
        MusicgenForCausalLM(decoder),
    ).eval()


@functools.cache
def _tokenizer() -> PreTrainedTokenizerFast:
    found = Tokenizer(models.Unigram())
    found.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=60, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>"
    )
    found.train_from_iterator(SENTENCES, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=found, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
