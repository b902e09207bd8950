"""The layers around the recurrent ones: embedding, dropout, affine, softmax cross-entropy.

Each layer is a forward function and, where it needs one, a backward function of plain
arrays. Letters: M rows (T N of a batch), V symbols, D inputs, H hidden units. ``dx`` is the
gradient of the loss with respect to ``x``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Ids = NDArray[np.integer]


def embedding_backward(ids: Ids, dx: Array, dW: Array) -> None:
    """Fill dW (V, D): each row is the sum of the rows of dx (M, D) with its id in ids (M,).

    Sorting first makes each sum one contiguous reduction; ``np.add.at`` gives the same
    result several times slower.
    """
    order = np.argsort(ids, kind="stable")
    present, starts = np.unique(ids[order], return_index=True)
    dW[...] = 0
    dW[present] = np.add.reduceat(dx[order], starts, axis=0)


def draw_dropout_mask(
    rng: np.random.Generator, shape: tuple[int, ...], p: float, dtype: Any
) -> Array:
    """Return a mask that is 0 with probability ``p``, else 1 / (1 - p) to keep the mean.

    Srivastava et al. (2014); not applied to recurrent connections, after Zaremba et al. (2014).
    """
    mask = (rng.random(shape, dtype=np.float32) >= p).astype(dtype)
    mask *= 1 / (1 - p)
    return mask


def append_ones(x: Array) -> Array:
    """Return x (M, H) with a column of ones appended, by which ``affine`` multiplies the bias."""
    return np.append(x, np.ones((len(x), 1), x.dtype), axis=1)


def affine(x1: Array, W: Array, out: Array) -> Array:
    """Write x1 W to ``out`` and return it.

    x1: (M, H+1); its last column is ones.
    W: (H+1, V); its last row is the bias.
    out: (M, V), stored by columns. The softmax then works on whole columns instead of many
        short rows, which is twice as fast.
    """
    np.matmul(W.T, x1.T, out=out.T)
    return out


def affine_backward(dy: Array, x1: Array, W: Array, dW: Array, dx: Array) -> None:
    """Fill dW (H+1, V) and dx (M, H) from dy (M, V), which is stored by columns as ``out`` is."""
    dW[...] = np.matmul(dy.T, x1).T  # dy.T and x1 are contiguous: faster than x1.T @ dy
    np.matmul(dy, W[:-1].T, out=dx)


def softmax_cross_entropy(logits: Array, targets: Ids) -> float:
    """Return the sum of -log p(target) over rows, in nats.

    ``logits`` (M, V) are overwritten with the probabilities; targets: (M,).
    """
    rows = np.arange(len(targets))
    logits -= logits.max(axis=1, keepdims=True)
    at_target = logits[rows, targets].astype(np.float64)
    # exp(-40) adds nothing to a row's sum in float32. Smaller values would become subnormal
    # numbers, which slow the following products by a tenth or more in a confident network.
    np.maximum(logits, -40, out=logits)
    np.exp(logits, out=logits)
    totals = logits.sum(axis=1, keepdims=True)
    logits /= totals
    return float(np.log(totals.astype(np.float64)).sum() - at_target.sum())


def softmax_cross_entropy_backward(probs: Array, targets: Ids, count: int | None = None) -> Array:
    """Overwrite ``probs`` (M, V) with the gradient of the mean loss, and return it.

    count: the number of rows in the mean, if these rows are a part of a batch.
    """
    probs[np.arange(len(targets)), targets] -= 1
    probs *= 1 / (count or len(targets))
    return probs
