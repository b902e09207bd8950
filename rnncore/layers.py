"""The layers around the recurrent ones: embedding, dropout, affine, softmax cross-entropy.

Each is a forward function and, where it needs one, a backward function of plain
arrays. Letters: N sequences, T time steps, V vocabulary, D input, H hidden.
``dx`` is the gradient of the loss with respect to ``x``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Ids = NDArray[np.integer]


def embedding_backward(ids: Ids, dx: Array, dW: Array) -> None:
    """Sum the rows of ``dx`` (M, D) that came from the same row of W into ``dW`` (V, D).

    ``ids`` is (M,). Sorting first makes each row's sum one contiguous reduction;
    ``np.add.at`` gives the same, several times slower.
    """
    order = np.argsort(ids, kind="stable")
    present, starts = np.unique(ids[order], return_index=True)
    dW[...] = 0
    dW[present] = np.add.reduceat(dx[order], starts, axis=0)


def dropout_mask(rng: np.random.Generator, shape: tuple[int, ...], p: float, dtype: Any) -> Array:
    """Zeros with probability ``p``, else 1 / (1 - p), so that the expectation stays.

    Srivastava et al. (2014); between recurrent layers only, as Zaremba et al. (2014) advise.
    """
    mask = (rng.random(shape, dtype=np.float32) >= p).astype(dtype)
    mask *= 1 / (1 - p)
    return mask


def with_ones(x: Array) -> Array:
    """x (M, H) with a column of ones, which multiplies the bias in ``affine``."""
    return np.append(x, np.ones((len(x), 1), x.dtype), axis=1)


def affine(x1: Array, W: Array, out: Array) -> Array:
    """x1 (M, H+1), of which the last column is ones, times W (H+1, V), of which the last row is
    the bias -> out (M, V), a transposed array: each symbol's column lies together in memory.

    Columns, because the softmax then works through whole columns at a time and not through many
    short rows, twice as fast.
    """
    np.matmul(W.T, x1.T, out=out.T)
    return out


def affine_backward(dy: Array, x1: Array, W: Array, dW: Array, dx: Array) -> None:
    """From dy (M, V) fill dW (H+1, V) and dx (M, H); dy's columns lie together as ``out``'s do."""
    dW[...] = (dy.T @ x1).T  # rows of dy.T and x1 as they lie: faster than the product as written
    np.matmul(dy, W[:-1].T, out=dx)


def softmax_cross_entropy(logits: Array, targets: Ids) -> float:
    """Sum of -log p(target) over rows, in nats; ``logits`` (M, V) become probabilities in place."""
    rows = np.arange(len(targets))
    logits -= logits.max(axis=1, keepdims=True)
    at_target = logits[rows, targets].astype(np.float64)
    # e^-40 is nothing beside a row's sum. Left to become subnormal numbers, such probabilities
    # slow the products that they enter by a tenth and more once a network is sure of itself.
    np.maximum(logits, -40, out=logits)
    np.exp(logits, out=logits)
    totals = logits.sum(axis=1, keepdims=True)
    logits /= totals
    return float(np.log(totals.astype(np.float64)).sum() - at_target.sum())


def softmax_cross_entropy_backward(probs: Array, targets: Ids, count: int | None = None) -> Array:
    """Gradient of the mean loss with respect to the logits, (M, V), written over ``probs``.

    ``count`` is the number of rows that the mean goes over, if these are a part of them.
    """
    probs[np.arange(len(targets)), targets] -= 1
    probs *= 1 / (count or len(targets))
    return probs
