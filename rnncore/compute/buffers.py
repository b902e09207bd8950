"""Arrays that begin on a cache line, and memory in huge pages for those of a whole pass.

NumPy's own begin 16 bytes behind one as a rule. An AVX-512 register is as wide as a line
(64 bytes), so then every load touches two: products that read the weights as they lie,
without packing them, take a quarter longer.

Small pages (4 KiB) lie scattered in memory, so that some sets of the second-level cache are
overfull while others are empty: it holds little more than half of what it could. Huge ones
(2 MiB) fill it evenly. NumPy asks Linux for them, but only for arrays of 4 MiB and more.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

LINE = 64  # bytes
_CHUNK = 1 << 22  # bytes: NumPy asks for huge pages from here on


class Memory:
    """Arrays of zeros side by side in huge pages, each on a cache line.

    A chunk of it lives as long as an array in it.
    """

    def __init__(self) -> None:
        self._rest = np.empty(0, np.uint8)

    def zeros(self, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        """Zeros whose first element lies on a cache line."""
        dtype = np.dtype(dtype)
        size = math.prod(shape) * dtype.itemsize
        if size > len(self._rest):
            self._rest = aligned_zeros((max(size, _CHUNK),), np.uint8)
        array = self._rest[:size].view(dtype).reshape(shape)
        self._rest = self._rest[-(-size // LINE) * LINE :]
        return array

    def rows(self, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        """The same, and each row (the last axis) begins on a line: rows may lie apart."""
        per_line = LINE // np.dtype(dtype).itemsize
        width = -(-shape[-1] // per_line) * per_line
        return self.zeros((*shape[:-1], width), dtype)[..., : shape[-1]]


def aligned_zeros(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Zeros whose first element lies on a cache line."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    raw = np.zeros(size + LINE, np.uint8)
    start = -raw.ctypes.data % LINE
    return raw[start : start + size].view(dtype).reshape(shape)


def aligned_copy(a: NDArray[Any]) -> NDArray[Any]:
    """The same values, in a contiguous array that begins on a cache line."""
    copy = aligned_zeros(a.shape, a.dtype)
    copy[...] = a
    return copy
