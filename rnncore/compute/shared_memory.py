"""Arrays that two processes see: memory without a name, which ends with its last user.

Linux only (``memfd_create``): nothing lies on a disk, and nothing is left after a kill.
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
    """A descriptor of fresh memory, all zeros, for arrays of this layout."""
    descriptor = os.memfd_create("rnncore")
    try:
        os.ftruncate(descriptor, max(1, _offsets(layout)[-1]))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def arrays(layout: Layout, descriptor: int) -> Mapping[str, NDArray[Any]]:
    """The arrays in that memory, each on a cache line; they keep it alive by themselves."""
    offsets = _offsets(layout)
    memory = mmap.mmap(descriptor, max(1, offsets[-1]))
    return {
        name: np.frombuffer(memory, dtype, math.prod(shape), offset).reshape(shape)
        for (name, shape, dtype), offset in zip(layout, offsets, strict=False)
    }


def _offsets(layout: Layout) -> list[int]:
    """Where each array begins, and last where all of them end."""
    offsets = [0]
    for _, shape, dtype in layout:
        size = math.prod(shape) * np.dtype(dtype).itemsize
        offsets.append(offsets[-1] + -(-size // LINE) * LINE)
    return offsets
