"""Embedding: where a network has put its characters, and the size of its weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnncore import checks
from rnncore.network import Array, Network


@dataclass(frozen=True)
class Components:
    """The principal components of V vectors: places (V, k), and each axis's share of variance."""

    places: NDArray[np.float64]
    shares: NDArray[np.float64]


def components(vectors: Array, k: int = 2) -> Components:
    """Return the first ``k`` principal components of vectors (V, D), such as ``W_embed``.

    Axes beyond the rank are 0. The largest entry of each axis is positive, so that equal vectors
    give equal places.
    """
    k = checks.check_whole("k", k, 1)
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    places, shares = np.zeros((len(vectors), k)), np.zeros(k)
    n = min(k, len(s))
    places[:, :n] = u[:, :n] * s[:n]
    largest = places[np.abs(places).argmax(axis=0), np.arange(k)]
    places *= np.where(largest < 0, -1, 1)
    total = np.square(s).sum()
    shares[:n] = np.square(s[:n]) / total if total > 0 else 0
    return Components(places, shares)


def weight_norms(network: Network) -> dict[str, float]:
    """Return the root mean square of each parameter's entries, by name."""
    return {
        name: float(np.sqrt(np.square(value, dtype=np.float64).mean()))
        for name, value in network.params.items()
    }
