"""Arrays in memory that two processes share.

The memory has no name (``memfd_create``, Linux only). It is never written to disk, and the
kernel frees it after its last user ends, even after a kill. Python's own
``multiprocessing.shared_memory`` uses names, which stay behind after a kill.
"""

from __future__ import annotations

import math
import mmap
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.compute.buffers import LINE

AVAILABLE = hasattr(os, "memfd_create")

Layout = Sequence[tuple[str, Sequence[int], str]]  # name, shape and dtype of each array


def create(layout: Layout) -> int:
    """Return a file descriptor of new memory, all zeros, for the arrays of a layout."""
    descriptor = os.memfd_create("rnncore")
    try:
        os.ftruncate(descriptor, max(1, _offsets(layout)[-1]))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def map_arrays(layout: Layout, descriptor: int) -> Mapping[str, NDArray[Any]]:
    """Return the arrays in the memory, each on a cache line; the descriptor may then close."""
    offsets = _offsets(layout)
    memory = mmap.mmap(descriptor, max(1, offsets[-1]))
    return {
        name: np.frombuffer(memory, dtype, math.prod(shape), offset).reshape(shape)
        for (name, shape, dtype), offset in zip(layout, offsets, strict=False)
    }


def _offsets(layout: Layout) -> list[int]:
    """Return the first byte of each array, and the total number of bytes as the last item."""
    offsets = [0]
    for _, shape, dtype in layout:
        size = math.prod(shape) * np.dtype(dtype).itemsize
        offsets.append(offsets[-1] + -(-size // LINE) * LINE)
    return offsets
