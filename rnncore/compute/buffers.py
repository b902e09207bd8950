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

    Memory is taken in chunks; an array gets the first place that is large enough. A chunk is freed
    when all arrays in it are.
    """

    def __init__(self) -> None:
        self._rests: list[NDArray[np.uint8]] = []  # what is left of each chunk

    def zeros(self, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        """Return zeros whose first element is on a cache line."""
        dtype = np.dtype(dtype)
        size = math.prod(shape) * dtype.itemsize
        at = next((i for i, rest in enumerate(self._rests) if size <= len(rest)), None)
        if at is None:
            at = len(self._rests)
            self._rests.append(aligned_zeros((max(size, _CHUNK),), np.uint8))
        rest = self._rests[at]
        self._rests[at] = rest[-(-size // LINE) * LINE :]
        return rest[:size].view(dtype).reshape(shape)

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
