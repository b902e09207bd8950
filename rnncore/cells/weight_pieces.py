"""Weights divided into pieces that OpenBLAS multiplies without packing them first.

OpenBLAS's AVX-512 kernels read both matrices as they are stored, without copying them into
a packed layout, if a product has at most a million multiplications. A time step's product
is therefore divided by columns into pieces below that size: a gate, or a part of one.
Other kernels gain nothing from it; for them the weights stay in one piece.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.compute import blas
from rnncore.compute.buffers import aligned_copy

Array = NDArray[np.floating]

_SMALL_PRODUCT = 10**6  # multiplications that OpenBLAS does without packing
_MIN_WIDTH = 16  # columns of a piece: one AVX-512 register of float32


def choose_width(rows: int, depth: int, columns: int) -> int:
    """Return the largest width that divides ``columns`` evenly into small products.

    A product is (rows, depth) times (depth, width). The result is ``columns`` itself where
    small products gain nothing or no width fits.
    """
    if blas.info().small_products:
        for pieces in range(1, columns // _MIN_WIDTH + 1):
            if columns % pieces == 0 and rows * depth * columns // pieces <= _SMALL_PRODUCT:
                return columns // pieces
    return columns


def choose_padded_pieces(rows: int, depth: int, columns: int) -> tuple[int, int]:
    """Return the number and width of the pieces of (rows, depth) times (depth, columns).

    The last piece may be wider than the columns that remain; it is padded.
    """
    if blas.info().small_products:
        widest = _SMALL_PRODUCT // (rows * depth)
        if widest < columns and widest >= 2 * _MIN_WIDTH:
            width = min(4, widest // _MIN_WIDTH) // 2 * 2 * _MIN_WIDTH
            return -(-columns // width), width
    return 1, columns


def view_by_gate(W: Array, G: int) -> Array:
    """Return a view (G, K, H) of weights (K, G H)."""
    return W.reshape(len(W), G, -1).swapaxes(0, 1)


def pack(W: Array, pieces: Array, sigmoid_gates: int) -> None:
    """Copy weights (K, G H) into ``pieces`` (G, pieces, K, width); halve the first gates'.

    With half the weights one tanh serves all gates: σ(a) = ½ tanh(½ a) + ½.
    """
    G, count, K, width = pieces.shape
    pieces[...] = W.reshape(K, G, count, width).transpose(1, 2, 0, 3)
    pieces[:sigmoid_gates] *= 0.5


def split_columns(a: Array, pieces: Array) -> Array:
    """Return a view (..., pieces, N, width) of a (..., N, columns), for a product's output."""
    return a.reshape(*a.shape[:-1], pieces.shape[1], pieces.shape[3]).swapaxes(-3, -2)


def make_product(x: Array, W: Array, out: Array) -> Callable[[], Any]:
    """Return a function that writes x W into ``out``, where x is (K,) or (N, K).

    ``x`` and ``out`` are read and written in place at each call; W is copied now.
    """
    if x.ndim == 1:
        return partial(np.dot, x, aligned_copy(W), out)
    rows, (depth, width) = len(x), W.shape
    width = choose_width(rows, depth, width)
    pieces = aligned_copy(W.reshape(depth, -1, width).swapaxes(0, 1))
    return partial(np.matmul, x, pieces, out.reshape(rows, -1, width).swapaxes(0, 1))
