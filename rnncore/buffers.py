"""Arrays that begin on a cache line.

NumPy's own begin 16 bytes behind one as a rule. An AVX-512 register is as wide as a line
(64 bytes), so then every load touches two: products that read the weights as they lie,
without packing them, take a quarter longer.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

LINE = 64  # bytes


def aligned_zeros(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Zeros whose first element lies on a cache line."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    raw = np.zeros(size + LINE, np.uint8)
    start = -raw.ctypes.data % LINE
    return raw[start : start + size].view(dtype).reshape(shape)


def aligned_rows(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """The same, and each row (the last axis) begins on a line: rows may lie apart."""
    dtype = np.dtype(dtype)
    per_line = LINE // dtype.itemsize
    width = -(-shape[-1] // per_line) * per_line
    return aligned_zeros((*shape[:-1], width), dtype)[..., : shape[-1]]


def aligned_copy(a: NDArray[Any]) -> NDArray[Any]:
    """The same values, in a contiguous array that begins on a cache line."""
    copy = aligned_zeros(a.shape, a.dtype)
    copy[...] = a
    return copy
