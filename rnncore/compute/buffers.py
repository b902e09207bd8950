"""Arrays aligned to cache lines, and memory in huge pages for the arrays of a whole pass.

NumPy's own arrays usually start 16 bytes after the beginning of a cache line. An AVX-512
register is as wide as a line (64 bytes), so each load then touches two lines. Products
that read the weights without packing them take a quarter longer.

Small pages (4 KiB) are scattered in memory. Some sets of the second-level cache are then
overfull while others are empty, and the cache holds little more than half of its size. Huge
pages (2 MiB) fill it evenly. NumPy asks Linux for them, but only for arrays of 4 MiB or more.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

LINE = 64  # bytes of a cache line
_CHUNK = 1 << 22  # bytes: the smallest array for which NumPy asks for huge pages


class Memory:
    """Allocates arrays side by side in huge pages, each on a cache line.

    A chunk of memory is freed when all arrays in it are.
    """

    def __init__(self) -> None:
        self._rest = np.empty(0, np.uint8)

    def zeros(self, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        """Return zeros whose first element is on a cache line."""
        dtype = np.dtype(dtype)
        size = math.prod(shape) * dtype.itemsize
        if size > len(self._rest):
            self._rest = aligned_zeros((max(size, _CHUNK),), np.uint8)
        array = self._rest[:size].view(dtype).reshape(shape)
        self._rest = self._rest[-(-size // LINE) * LINE :]
        return array

    def rows(self, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        """Return zeros where each row (the last axis) starts on a cache line.

        There may be gaps between rows.
        """
        per_line = LINE // np.dtype(dtype).itemsize
        width = -(-shape[-1] // per_line) * per_line
        return self.zeros((*shape[:-1], width), dtype)[..., : shape[-1]]


def aligned_zeros(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Return zeros whose first element is on a cache line."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    raw = np.zeros(size + LINE, np.uint8)
    start = -raw.ctypes.data % LINE
    return raw[start : start + size].view(dtype).reshape(shape)


def aligned_copy(a: NDArray[Any]) -> NDArray[Any]:
    """Return a contiguous copy whose first element is on a cache line."""
    copy = aligned_zeros(a.shape, a.dtype)
    copy[...] = a
    return copy
