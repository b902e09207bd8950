"""Notes of a run: plain values that a program keeps in a checkpoint beside the solver."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.errors import FileFormatError, SaveError

MAX_BYTES = 1 << 20


def to_array(notes: Mapping[str, Any]) -> NDArray[np.uint8]:
    """Return the notes as JSON, (bytes,). SaveError: too long, or not plain finite values."""
    try:
        raw = json.dumps(notes, allow_nan=False, separators=(",", ":")).encode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        raise SaveError(f"The run was not saved: its notes are no plain values: {error}.") from None
    if len(raw) > MAX_BYTES:
        raise SaveError(f"The run was not saved: its notes have more than {MAX_BYTES:,} bytes.")
    return np.frombuffer(raw, np.uint8)


def from_array(array: NDArray[Any] | None) -> dict[str, Any]:
    """Return the notes of a file; none if the file has no such array, as older files.

    FileFormatError: they are not what ``to_array`` makes.
    """
    if array is None:
        return {}
    if array.ndim != 1 or array.dtype != np.uint8 or len(array) > MAX_BYTES:
        raise FileFormatError(f"The run's notes have the wrong type or shape: {array.dtype}.")
    try:
        notes = json.loads(array.tobytes())
    except (ValueError, RecursionError):  # a ValueError for bad UTF-8, bad JSON and huge integers
        notes = None
    if not isinstance(notes, dict):
        raise FileFormatError("The run's notes are not readable.")
    return notes
