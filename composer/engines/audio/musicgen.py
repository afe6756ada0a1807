"""MusicGen as an engine: a text, and the chroma of a score, in; recordings out."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import log2
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from composer import places
from composer.engines.audio.sampling import Led, Manner, sample_codes
from composer.engines.audio.weights import Weights, load_weights
from composer.engines.audio.windows import plan_windows, seam_jump
from composer.engines.base import Ask, Engine, Sound, Step, Take
from composer.engines.capabilities import Capabilities, Option
from composer.errors import CheckpointError, OutOfMemory, RequestError
from composer.piece import Piece
from composer.recording import Recording
from composer.rendering.chroma import melody_of_piece
from composer.rendering.timing import plain_clock

CHROMA_HOP = 4096  # samples between two moments of chroma, in training
HEARD_EVERY_S = 2.0  # of new sound, before what is there is decoded for listening


class MusicGen(Engine):
    """Makes sound of a text; one of the melody kind is led by the notes of a piece as well.

    Args:
        weights: Loaded and checked.
    """

    capabilities = Capabilities(
        good_for="Recordings of a text, or of a piece that it orchestrates: sound, and no notes.",
        asks=("Sound",),
        settings=("temperature", "top_k", "guidance", "candidates", "seed", "engine"),
        options=(
            Option(
                name="window_s",
                label="Window (s)",
                low=2.0,
                high=30.0,
                default=30.0,
                help="seconds that are sampled at once; longer recordings are continued",
            ),
            Option(
                name="overlap_s",
                label="Overlap (s)",
                low=0.5,
                high=20.0,
                default=6.0,
                help="seconds that a window hears of the one before, back to a bar line",
            ),
            Option(
                name="codebooks",
                label="Codebooks",
                low=0,
                high=16,
                default=0,
                integer=True,
                help="rows of codes that are decoded; fewer sound rougher, 0 takes all",
            ),
            Option(
                name="bandwidth",
                label="Bandwidth (kbit/s)",
                low=0.0,
                high=24.0,
                default=0.0,
                help="the same as kilobits a second of each channel, at most; 0 takes all",
            ),
        ),
        has_notes=False,
    )

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.licence = weights.licence
        self.versions: Mapping[str, str] = {
            "weights": weights.source,
            "licence": weights.licence,
            "device": weights.device.type,
            "dtype": str(weights.dtype).removeprefix("torch."),
        }
        self._in_use = threading.Lock()

    @classmethod
    def load(cls, folder: Path | None, device: str = "cpu") -> MusicGen:
        """Load a model from a folder, or one that the hub knows by this name.

        Raises:
            CheckpointError: In one clear line.
            MissingTool: If transformers is not installed.
        """
        if folder is None:
            raise CheckpointError("this engine needs weights; name their folder")
        options = places.audio()
        weights = load_weights(folder, device, options.dtype, options.download)
        if options.compile:
            weights.decoder.compile(dynamic=True)  # what was read grows with every step
        return cls(weights)

    def draw(self, ask: Ask) -> Iterator[Step]:
        """Make all recordings, one after the other; see `Engine.draw`.

        Every step of the model is a step here, so that it can be stopped within one.

        Raises:
            RequestError: If the overlap leaves no room in a window.
            OutOfMemory: If the device has no room.
        """
        assert isinstance(ask, Sound)
        plan = Plan.of(ask, self.weights, self.capabilities.options_of(ask.request))
        with self._in_use:
            for index in range(ask.request.candidates):
                try:
                    yield from self._record(plan, index)
                except torch.OutOfMemoryError as error:
                    raise OutOfMemory(
                        "the device has no room for this model; choose a smaller one, or "
                        "audio.dtype=bfloat16"
                    ) from error

    def _record(self, plan: Plan, index: int) -> Iterator[Step]:
        """Make one recording, window by window."""
        request, weights = plan.ask.request, self.weights
        manner = Manner(request.temperature, request.top_k, request.guidance)
        n_candidates = request.candidates
        codes = torch.empty((weights.codebooks, 0), dtype=torch.long, device=weights.device)
        heard = 0
        for number, (begin, end) in enumerate(plan.windows):
            given, seed = codes[:, begin:], _seed(request.seed, index, number)
            led = Led(plan.ask.text, plan.chroma(begin))
            for window in sample_codes(weights, led, manner, end - begin, seed, given):
                n_frames = begin + window.shape[1]
                sound = None
                if n_frames - heard >= HEARD_EVERY_S * weights.frames_per_s:
                    heard = n_frames
                    sound = self._decode(torch.cat([codes[:, :begin], window], dim=1), plan)
                share = min(n_frames / plan.n_frames, 0.999)
                yield Step((index + share) / n_candidates, sound=sound)
            codes = torch.cat([codes[:, :begin], window], dim=1)
        recording = self._decode(codes, plan)
        yield Step((index + 1) / n_candidates, (self._take(plan, index, recording),))

    def _take(self, plan: Plan, index: int, recording: Recording) -> Take:
        seams_s = [end / self.weights.frames_per_s for _, end in plan.windows[:-1]]
        record = {
            "text": plan.ask.text,
            "led_by_notes": plan.ask.piece is not None and self.weights.has_melody,
            "windows_s": [
                [round(edge / self.weights.frames_per_s, 3) for edge in window]
                for window in plan.windows
            ],
            "seam_jumps": [round(seam_jump(recording, at_s), 2) for at_s in seams_s],
        }
        return Take(index=index, music=recording, record=record)

    @torch.inference_mode()
    def _decode(self, codes: Tensor, plan: Plan) -> Recording:
        """Return the sound of codes, [rows, frames]."""
        weights = self.weights
        sides = [codes[side :: weights.channels][: plan.rows] for side in range(weights.channels)]
        # [chunks, batch, rows, frames] goes in, [batch, 1, samples] comes out.
        sounds = [
            weights.model.audio_encoder.decode(side[None, None], [None]).audio_values[0, 0]
            for side in sides
        ]
        samples = torch.stack(sounds, dim=1).float().cpu().numpy()
        return Recording(np.ascontiguousarray(samples, np.float32), weights.rate_hz)


@dataclass(frozen=True)
class Plan:
    """What recordings of an ask are made of.

    Args:
        ask: The ask.
        weights: Which make it.
        windows: Begin and end of each, in frames.
        rows: Of codes, that are decoded of each channel.
    """

    ask: Sound
    weights: Weights
    windows: list[tuple[int, int]]
    rows: int

    @classmethod
    def of(cls, ask: Sound, weights: Weights, options: Mapping[str, float]) -> Plan:
        """Plan the windows.

        Raises:
            RequestError: If the overlap leaves no room in a window, or the bandwidth none for a
                row of codes.
        """
        if options["overlap_s"] > options["window_s"] / 2:
            raise RequestError("`overlap_s` must be at most half of `window_s`")
        frames = weights.frames_per_s
        window, overlap = (round(options[name] * frames) for name in ("window_s", "overlap_s"))
        n_frames = max(1, round(ask.length_s * frames))
        edges = [round(at_s * frames) for at_s in _bar_lines_s(ask.piece)]
        rows = _rows(weights, int(options["codebooks"]), options["bandwidth"])
        return cls(ask, weights, plan_windows(n_frames, window, overlap, edges), rows)

    @property
    def n_frames(self) -> int:
        """Of the whole."""
        return self.windows[-1][1]

    def chroma(self, begin: int) -> Tensor | None:
        """Return what leads a window that begins at a frame; None if no notes do."""
        weights, piece = self.weights, self.ask.piece
        if piece is None or not weights.has_melody:
            return None
        rate_hz, begin_s = weights.rate_hz / CHROMA_HOP, begin / weights.frames_per_s
        return torch.from_numpy(melody_of_piece(piece, rate_hz, weights.chroma_moments, begin_s))


def _rows(weights: Weights, codebooks: int, bandwidth: float) -> int:
    """Return how many rows of codes of each channel are decoded.

    Args:
        weights: Whose codes they are.
        codebooks: At most; 0 for all.
        bandwidth: Kilobits a second at most; 0 for all. A row of 2,048 values, 11 bits, fifty times
            a second takes .55.

    Raises:
        RequestError: If not one row fits.
    """
    most = weights.codebooks // weights.channels
    rows = min(most, codebooks or most)
    if not bandwidth:
        return rows
    row_kbit = weights.frames_per_s * log2(weights.codebook_size) / 1000
    if bandwidth < row_kbit:
        raise RequestError(
            f"`bandwidth` must be at least {row_kbit:g} kbit/s, which one row of codes takes"
        )
    return min(rows, int(bandwidth / row_kbit + 1e-6))


def _bar_lines_s(piece: Piece | None) -> list[float]:
    if piece is None:
        return []
    clock = plain_clock(piece, piece.tempo_bpm)
    return [clock.time_s(bar.onset_beats) for bar in piece.bars]


def _seed(seed: int, index: int, window: int) -> int:
    """Return a seed of its own for every window of every candidate."""
    words = np.random.SeedSequence([seed, index, window]).generate_state(1, np.uint64)
    return int(words[0] >> 1)
