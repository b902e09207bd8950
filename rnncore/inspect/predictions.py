"""Surprise: the bits that each character of a text costs a network, and what it expected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnncore import checks
from rnncore.inspect.unit_values import STEPS, Progress, run_blocks
from rnncore.network import Array, Ids, Network, State

_LOGITS = 1 << 22  # logits that are computed at once


@dataclass(frozen=True)
class Predictions:
    """What a network expected at each character of a text of T characters.

    bits: (T,), -log2 of the probability of the character that came.
    ids, probabilities: (T, k), the k likeliest characters, the likeliest first.
    The first character has no context: its bits and probabilities are NaN, its ids 0.
    """

    bits: Array
    ids: NDArray[np.intp]
    probabilities: Array

    @property
    def mean(self) -> float:
        """Bits per character, or NaN for a text of one character."""
        return mean_bits(self.bits)


def surprise(
    network: Network, ids: Ids, *, state: State | None = None, progress: Progress | None = None
) -> Array:
    """Return the bits that each character of ids (T,) cost, (T,); the first is NaN.

    A character costs -log2 of the probability that the network gave it. The mean of the rest is
    the loss of the text divided by ln 2.
    """
    return predict(network, ids, 0, state=state, progress=progress).bits


def predict(
    network: Network,
    ids: Ids,
    k: int = 3,
    *,
    state: State | None = None,
    progress: Progress | None = None,
) -> Predictions:
    """Return the surprise of ids (T,) and the ``k`` likeliest characters at each place.

    state: the state before the text, updated in place; None means zeros.
    progress: called after each block with the number of characters done.
    """
    k = min(checks.check_whole("k", k, 0), network.vocab_dim)
    T = len(ids)
    bits, likely = np.full(T, np.nan, network.dtype), np.zeros((T, k), np.intp)
    probabilities = np.full((T, k), np.nan, network.dtype)
    W = network.output_weights(network.flat)
    steps = max(1, min(STEPS, _LOGITS // network.vocab_dim))
    for block, buffers in run_blocks(network, ids, state, steps):
        targets = ids[block.start + 1 : block.stop + 1]
        at = slice(block.start + 1, block.start + 1 + len(targets))
        log_p = log_softmax(buffers[-1].h1[: len(targets), 0] @ W)
        rows = np.arange(len(targets))
        bits[at] = -log_p[rows, targets] / np.log(2)
        if k:
            likely[at], probabilities[at] = _find_likeliest(log_p, k)
        if progress is not None:
            progress(block.stop)
    return Predictions(bits, likely, probabilities)


def mean_bits(bits: Array) -> float:
    """Return the mean of bits (T,) without the first character, or NaN if there is no other."""
    return float(bits[1:].mean(dtype=np.float64)) if len(bits) > 1 else float("nan")


def moving_average(bits: Array, width: int) -> Array:
    """Return the mean of the last ``width`` values at each place, (T,); NaN counts as missing."""
    width = checks.check_whole("width", width, 1)
    known = np.isfinite(bits)
    sums = np.concatenate([[0.0], np.cumsum(np.where(known, bits, 0), dtype=np.float64)])
    counts = np.concatenate([[0], np.cumsum(known)])
    ends = np.arange(1, len(bits) + 1)
    starts = np.maximum(ends - width, 0)
    number = counts[ends] - counts[starts]
    return np.where(number > 0, (sums[ends] - sums[starts]) / np.maximum(number, 1), np.nan)


def log_softmax(logits: Array) -> Array:
    """Overwrite logits (M, V) with the logarithms of the probabilities, in nats; return them."""
    logits -= logits.max(axis=1, keepdims=True)
    logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return logits


def _find_likeliest(log_p: Array, k: int) -> tuple[NDArray[np.intp], Array]:
    """Return the ids and probabilities (M, k) of the largest values of log_p (M, V)."""
    found = np.argpartition(-log_p, k - 1, axis=1)[:, :k]
    values = np.take_along_axis(log_p, found, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    return np.take_along_axis(found, order, axis=1), np.exp(
        np.take_along_axis(values, order, axis=1)
    )
