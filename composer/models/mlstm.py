"""The mLSTM cell with sigmoid gates: a matrix of memory a head, in three forms of one function.

Each row decays what is remembered and adds an outer product; a query reads it:

    C_t = f_t C_(t-1) + i_t k_t v_t'        f_t, i_t in (0, 1)
    h_t = C_t' q_t / sqrt(K)

*parallel* weighs all pairs of rows, as attention does, and takes T^2 time; *recurrent* is the two
lines above and takes the same time and memory for every row; *chunkwise* is parallel within chunks
of L rows and recurrent between them, and takes T L time.

The exponential gates of the first xLSTM (M. Beck et al., arXiv 2405.04517) need a running maximum
that keeps them finite. With sigmoid gates (M. Beck et al., "Tiled flash linear attention", arXiv
2503.14376, mLSTMsig) every weight is the exponential of a sum of logarithms below 0, and neither
maximum nor normaliser is needed. What has to be stable is how these sums are formed: the decay
between two rows is summed from those between them alone. As a difference of two sums from the
beginning it would lose all digits once these are large.

Shapes: B batch, H heads, T rows, L rows of a chunk, N chunks, K features of queries and keys, V of
values.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def decays(log_forget: Tensor) -> Tensor:
    """Return the logarithm of what is left at row t of what was added at row s, [..., T, T].

    With forget gates of 1/2, 1/4 and 1/8 at rows 0, 1 and 2, after taking exponentials:

        s =   0     1    2
        t=0   1     0    0
        t=1   1/4   1    0
        t=2   1/32  1/8  1

    Args:
        log_forget: [..., T].
    """
    rows = log_forget.shape[-1]
    later = torch.ones(rows, rows, dtype=torch.bool, device=log_forget.device).tril(-1)
    steps = log_forget[..., :, None].expand(*log_forget.shape, rows)
    sums = steps.masked_fill(~later, 0.0).cumsum(-2)
    return sums.masked_fill(later.T, float("-inf"))


def parallel(
    q: Tensor, k: Tensor, v: Tensor, log_input: Tensor, log_forget: Tensor
) -> tuple[Tensor, Tensor]:
    """Weigh all pairs of rows, where nothing is remembered from before the first.

    Args:
        q: Queries, [..., T, K].
        k: Keys, [..., T, K].
        v: Values, [..., T, V].
        log_input: Logarithms of the input gates, [..., T], in fp32.
        log_forget: Of the forget gates.

    Returns:
        What every row reads, [..., T, V], and what is remembered after the last, [..., K, V].
    """
    weights = (decays(log_forget) + log_input[..., None, :]).exp()
    read = (q @ k.transpose(-1, -2)) * weights * q.shape[-1] ** -0.5 @ v
    return read, (k * weights[..., -1, :, None]).transpose(-1, -2).float() @ v.float()


def chunkwise(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    log_input: Tensor,
    log_forget: Tensor,
    memory: Tensor,
    *,
    chunk: int,
) -> tuple[Tensor, Tensor]:
    """Go on by any number of rows: in parallel within chunks, chunk after chunk between them.

    Args:
        q: As in `parallel`, of B candidates and H heads, [B, H, T, K].
        k: Likewise.
        v: Likewise.
        log_input: Likewise.
        log_forget: Likewise.
        memory: What is remembered from before the first row, [B, H, K, V].
        chunk: Rows of a chunk; any gives the same.

    Returns:
        As `parallel`.
    """
    rows = q.shape[-2]
    chunk = min(chunk, rows)
    n_filling = -rows % chunk
    # A row of filling forgets nothing and adds nothing.
    q, k, v = (
        functional.pad(x, (0, 0, 0, n_filling)).view(*x.shape[:2], -1, chunk, x.shape[3])
        for x in (q, k, v)
    )
    log_forget = functional.pad(log_forget, (0, n_filling)).view(*q.shape[:4])
    log_input = functional.pad(log_input, (0, n_filling), value=float("-inf")).view(*q.shape[:4])
    within, added = parallel(q, k, v, log_input, log_forget)  # [B, H, N, L, V], [B, H, N, K, V]
    left = log_forget.cumsum(-1).exp()  # [B, H, N, L], of what was remembered before the chunk
    befores = []
    for n in range(q.shape[2]):
        befores.append(memory)
        memory = left[:, :, n, -1, None, None] * memory + added[:, :, n]
    queries = (q * q.shape[-1] ** -0.5 * left[..., None]).float()
    read = within + queries @ torch.stack(befores, 2)
    return read.flatten(2, 3)[:, :, :rows], memory


def recurrent(
    q: Tensor, k: Tensor, v: Tensor, log_input: Tensor, log_forget: Tensor, memory: Tensor
) -> tuple[Tensor, Tensor]:
    """Go on by one row; arguments and results as of `chunkwise`, with T = 1."""
    forget, added = log_forget.exp()[..., None], log_input.exp()[..., None] * k
    memory = forget * memory + added.transpose(-1, -2) @ v
    return q * q.shape[-1] ** -0.5 @ memory, memory
