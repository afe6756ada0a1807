"""How long a step takes: our engine's loop on any runtime, beside transformers' `generate`.

Both draw a whole group with a given number of rows read before, without masks and guidance: ours
with field heads and numpy sampling, the peer with its own sampling over one table of tokens. The
peer is a LlamaForCausalLM of the same shape that carries the trunk's weights.

Shapes: B candidates, T rows, E width, D head width.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch

from composer.decoding.engine import DecodingOptions, Draw, Group, draw
from composer.decoding.runtimes import Runtime, open_runtime
from composer.errors import MissingTool, OptionError
from composer.models import PRESETS, ModelConfig
from composer.models.transformer import Block, EventTransformer
from composer.tokenizer import vocab
from composer.tokenizer.vocab import Events

# A vocabulary of plain REMI tokens, one table for all: bars, positions, pitches, lengths, parts.
REMI_TOKENS = 1_536
# Plain REMI tokens a note over the corpus (docs/log.md); an event is a note.
REMI_TOKENS_A_NOTE = 3.58
EVENTS_A_NOTE = 1.08
WARM_UP_STEPS = 4
COPY_MB = 256
# Of the memory that is free; caches that need more are not timed.
MOST_OF_MEMORY = 0.5


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is measured.

    Args:
        batch: Candidates drawn together.
        context: Rows (or tokens) read before the first step, 0 or more.
        steps: Steps that are timed.
    """

    batch: int
    context: int
    steps: int = 32


@dataclass(frozen=True, kw_only=True)
class Timing:
    """What came out.

    Args:
        step_ms: Median of the steps.
        steps_per_s: Trunk steps of all candidates.
        notes_per_s: By tokens or events a note.
        bytes_a_step: Weights, keys and values that a step has to read, keys and values in fp32.
        peak_mb: Largest resident size of the process meanwhile, with all models that are open; 0
            where the system cannot tell.
    """

    step_ms: float
    steps_per_s: float
    notes_per_s: float
    bytes_a_step: int
    peak_mb: float


class _Free:
    """Rules that forbid nothing, for a group that never ends."""

    def __init__(self, size: int) -> None:
        self.finished = np.zeros(size, np.bool_)

    def mask(self, field_index: int, chosen: Events) -> npt.NDArray[np.bool_]:
        return np.ones((len(chosen), vocab.WRITTEN_SIZES[field_index]), np.bool_)

    def forced(self, field_index: int, chosen: Events) -> npt.NDArray[np.int64]:
        return np.full(len(chosen), -1, np.int64)

    def amend(self, field_index: int, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return ids

    def accept(self, rows: Events) -> None:
        return

    def keep(self, places: npt.NDArray[np.int64]) -> None:
        return


def time_runtime(runtime: Runtime, config: ModelConfig, case: Case, weight_bytes: int) -> Timing:
    """Time the steps of our loop on a runtime.

    What is read before is the same for all candidates and read once, as in a request.

    Args:
        runtime: Ready to run.
        config: Of its model.
        case: What to measure.
        weight_bytes: That a step reads.
    """
    forget_peak()
    steps = _steps(runtime, case)
    for _ in islice(steps, WARM_UP_STEPS):
        pass
    seconds = []
    for _ in range(case.steps):
        began_s = time.perf_counter()
        next(steps)
        seconds.append(time.perf_counter() - began_s)
    # The beginning is the same for all: once would do.
    n_rows = case.context + case.batch * (case.steps // 2)
    n_bytes = weight_bytes + n_rows * row_bytes(config)
    return _timing(float(np.median(seconds)), EVENTS_A_NOTE, case, n_bytes)


def _steps(runtime: Runtime, case: Case) -> Iterator[list[Draw]]:
    rng = np.random.default_rng(0)
    sizes = np.array(vocab.WRITTEN_SIZES)
    prefix = rng.integers(0, sizes, (max(1, case.context), 4)).astype(np.int16)
    n_rows = case.steps + WARM_UP_STEPS + 1
    group = Group(
        indices=list(range(case.batch)),
        prefix=prefix,
        open_prefix=prefix,
        rules=_Free(case.batch),
        seed=0,
        max_rows=n_rows,
        window=len(prefix) + n_rows,
        reframe=lambda rows: rows,
    )
    return draw(runtime, group, DecodingOptions(min_p=0.02))


def time_generate(model: EventTransformer, case: Case) -> Timing:
    """Time the steps of transformers' `generate` on the same trunk.

    A stopping criterion, which `generate` asks after every step, notes the time; the first steps do
    not count. The context is the same in all rows and read once, before.

    Raises:
        MissingTool: If transformers is not installed.
    """
    peer = build_peer(model)
    forget_peak()
    tokens = torch.randint(0, REMI_TOKENS, (1, max(1, case.context))).repeat(case.batch, 1)
    stamps = _generate(peer, tokens, WARM_UP_STEPS + case.steps)
    step_s = float(np.median(np.diff(stamps)[WARM_UP_STEPS - 1 :]))
    n_rows = case.batch * (case.context + case.steps // 2)
    n_bytes = 4 * sum(p.numel() for p in peer.parameters()) + n_rows * row_bytes(model.config)
    return _timing(step_s, REMI_TOKENS_A_NOTE, case, n_bytes)


@torch.inference_mode()
def _generate(peer: Any, tokens: torch.Tensor, n_new: int) -> list[float]:
    """Draw `n_new` tokens behind equal rows; return when each was there, in seconds."""
    stamps: list[float] = []
    known = {}
    if tokens.shape[1] > 1:  # the last one is left for the first step
        cache = peer(tokens[:1, :-1], use_cache=True).past_key_values
        cache.batch_repeat_interleave(len(tokens))
        known = {"past_key_values": cache}

    def note_time(ids: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
        stamps.append(time.perf_counter())
        return torch.zeros(len(ids), dtype=torch.bool)

    peer.generate(
        tokens,
        attention_mask=torch.ones_like(tokens),
        min_new_tokens=n_new,
        max_new_tokens=n_new,
        do_sample=True,
        min_p=0.02,
        top_k=0,
        pad_token_id=0,
        stopping_criteria=[note_time],
        **known,
    )
    return stamps


def build_peer(model: EventTransformer) -> Any:
    """Return a LlamaForCausalLM with a trunk's shape and weights; its token tables are random.

    Raises:
        MissingTool: If transformers is not installed.
    """
    try:
        import transformers
    except ImportError as error:
        raise MissingTool(
            "the comparison needs transformers: `pip install transformers`"
        ) from error
    config, library = model.config, cast("Any", transformers)
    peer = library.LlamaForCausalLM(
        library.LlamaConfig(
            vocab_size=REMI_TOKENS,
            hidden_size=config.width,
            intermediate_size=config.hidden,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            num_key_value_heads=config.kv_heads,
            head_dim=config.head_width,
            max_position_embeddings=config.max_events,
            rope_theta=config.rope_base,
            rms_norm_eps=float(np.finfo(np.float32).eps),
            tie_word_embeddings=False,
        )
    )
    peer.model.norm.weight.data.copy_(cast("Any", model.norm).weight)
    for ours, theirs in zip(model.blocks, peer.model.layers, strict=True):
        _copy_block(cast("Block", ours), theirs)
    return peer.eval()


def _copy_block(ours: Block, theirs: Any) -> None:
    attention, width = ours.attention, ours.attention.head_width
    sizes = [attention.n_heads * width, attention.n_kv * width, attention.n_kv * width]
    projections = (theirs.self_attn.q_proj, theirs.self_attn.k_proj, theirs.self_attn.v_proj)
    weights = [
        *zip(projections, torch.split(attention.qkv.weight, sizes), strict=True),
        (theirs.self_attn.o_proj, attention.out.weight),
        *zip(
            (theirs.mlp.gate_proj, theirs.mlp.up_proj),
            ours.gated.gate_up.weight.chunk(2),
            strict=True,
        ),
        (theirs.mlp.down_proj, ours.gated.down.weight),
        (theirs.input_layernorm, ours.attention_norm.weight),
        (theirs.post_attention_layernorm, ours.gated_norm.weight),
    ]
    for layer, weight in weights:
        layer.weight.data.copy_(weight.detach())


def _timing(step_s: float, steps_a_note: float, case: Case, bytes_a_step: int) -> Timing:
    steps_per_s = case.batch / step_s
    return Timing(
        step_ms=round(1e3 * step_s, 3),
        steps_per_s=round(steps_per_s, 1),
        notes_per_s=round(steps_per_s / steps_a_note, 1),
        bytes_a_step=bytes_a_step,
        peak_mb=round(peak_bytes() / 1e6, 1),
    )


def row_bytes(config: ModelConfig) -> int:
    """Return the bytes of keys and values that one row of one candidate leaves in fp32."""
    return 2 * 4 * config.layers * config.kv_heads * config.head_width


def why_too_large(config: ModelConfig, case: Case) -> str | None:
    """Say why a case is not timed on this machine, or return None.

    Twice the keys and values must fit: `generate` copies those of a layer at every step.
    """
    needed = 2 * case.batch * (case.context + case.steps) * row_bytes(config)
    free = _free_bytes()
    if needed <= MOST_OF_MEMORY * free:
        return None
    return f"keys and values need {needed / 1e6:.0f} MB, {free / 1e6:.0f} MB are free"


def _free_bytes() -> float:
    """Return the memory that is left, as Linux tells it; without limit elsewhere."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return float("inf")
    return next((1024.0 * int(line.split()[1]) for line in lines if "MemAvailable" in line), 0.0)


def forget_peak() -> None:
    """Begin to watch the largest resident size anew, where Linux lets us."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{os.getpid()}/clear_refs").write_text("5", encoding="ascii")


def peak_bytes() -> int:
    """Return the largest resident size since `forget_peak`; 0 where the system cannot tell."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


def open_random(size: str, names: Sequence[str]) -> tuple[EventTransformer, dict[str, Runtime]]:
    """Return a model with random weights, and runtimes for it, one thread each.

    Args:
        size: A name in `models.PRESETS`.
        names: Of runtimes.

    Raises:
        OptionError: If there is no such size.
    """
    if size not in PRESETS:
        raise OptionError(f"`sizes` must be of {', '.join(PRESETS)}, got {size[:40]!r}")
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = EventTransformer(PRESETS[size], vocab.TABLE_SIZES, vocab.WRITTEN_SIZES).eval()
    return model, {name: open_runtime(model.weights, name) for name in names}


def weight_bytes(model: EventTransformer, runtime: str) -> int:
    """Return the bytes of weights that a step reads; of tables only a few rows are."""
    n_matrices = sum(p.numel() for name, p in model.named_parameters() if "tables" not in name)
    is_int8 = runtime in {"onnx", "onnx-graph"}  # a scale for every output is a hundredth more
    return n_matrices if is_int8 else n_matrices * 4


def copy_bytes_per_s() -> float:
    """Return how many bytes a second this machine reads while it copies memory, on one thread."""
    source = np.ones(COPY_MB * 2**20 // 8)
    target = np.empty_like(source)
    seconds = []
    for _ in range(5):
        began_s = time.perf_counter()
        np.copyto(target, source)
        seconds.append(time.perf_counter() - began_s)
    return float(source.nbytes / min(seconds))
