"""One time-boxed training on one GPU, on a machine that has little more than torch.

    python -m composer.training.gpu_round --events events.npz --out runs/round --minutes 9

Begins new or with other weights, finds out in its first minute which batch the card takes best,
trains until the time is up, and leaves the average of the weights with its validation; half-way it
leaves what it has by then. Nothing is written but `--out`: weights in at most six files under 12 MB
and four small files beside them. Knows torch, numpy and safetensors; no Lightning, no music.

Sequences are drawn by worker processes, padded to a few lengths, and lie on the device before they
are needed. Blocks and heads are compiled, attention is torch's fused kernel, products are in
bfloat16 (weights, averages and optimisers in float32). docs/training.md says how to run it, what
comes back and what it should reach.
"""

from composer.training.gpu_round.options import Round
from composer.training.gpu_round.trainer import run

__all__ = ["Round", "run"]
