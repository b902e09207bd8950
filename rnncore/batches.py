"""Batches of ids: N contiguous streams, read T characters at a time.

The training ids are cut into N streams of equal length. Each batch takes the next T ids of
every stream, so the state after one batch is the initial state of the next (truncated
back-propagation through time). After the end of the streams the batches start again at
their beginning, from a zero state.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnncore import checks
from rnncore.errors import SettingError, TextError

Ids = NDArray[np.integer]


@dataclass(frozen=True)
class Batch:
    """Inputs and targets, both (N, T); ``wrapped`` if this is the first batch of an epoch."""

    inputs: Ids
    targets: Ids
    wrapped: bool


def check_ids(ids: object, vocab_dim: int) -> Ids:
    """Return ``ids`` as a 1-D integer array.

    SettingError: they are not whole numbers within ``0 .. vocab_dim - 1``.
    """
    array = np.asarray(ids)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise SettingError(
            f"ids has dtype {array.dtype} and shape {array.shape}; "
            "it must be a 1-D array of whole numbers."
        )
    if array.size and (array.min() < 0 or array.max() >= vocab_dim):
        raise SettingError(
            f"ids runs from {array.min()} to {array.max()}; "
            f"with vocab_dim={vocab_dim} each id must lie in 0 to {vocab_dim - 1}."
        )
    return array


def split(ids: Ids, val_fraction: float) -> tuple[Ids, Ids]:
    """Return views of the training part and of the last ``val_fraction``, for validation."""
    checks.check_number("val_fraction", val_fraction, 0.0, 0.9)
    cut = len(ids) - round(len(ids) * val_fraction)
    return ids[:cut], ids[cut:]


def split_into_streams(ids: Ids, batch_size: int) -> tuple[Ids, Ids]:
    """Return inputs and targets as (N, L) streams, without a last remainder of less than N ids."""
    length = (len(ids) - 1) // batch_size
    inputs = ids[: length * batch_size].reshape(batch_size, length)
    targets = ids[1 : length * batch_size + 1].reshape(batch_size, length)
    return inputs, targets


class Batches:
    """Endless (N, T) batches from one text.

    cursor: number of batches read so far.
    TextError: the text is too short for one batch.
    """

    def __init__(self, ids: Ids, batch_size: int, seq_length: int):
        N = checks.check_whole("batch_size", batch_size, 1)
        T = checks.check_whole("seq_length", seq_length, 1)
        if len(ids) < N * T + 1:
            raise TextError(explain_too_short(len(ids), N, T))
        self.inputs, self.targets = split_into_streams(ids, N)
        self.seq_length = T
        self.cursor = 0

    @property
    def per_epoch(self) -> int:
        """Batches in one epoch."""
        return self.inputs.shape[1] // self.seq_length

    def peek(self) -> Batch:
        """Return the next batch (views of the streams) without moving the cursor."""
        at = self.cursor % self.per_epoch
        window = slice(at * self.seq_length, (at + 1) * self.seq_length)
        return Batch(self.inputs[:, window], self.targets[:, window], wrapped=at == 0)

    def next(self) -> Batch:
        """Return the next batch and move the cursor past it."""
        batch = self.peek()
        self.cursor += 1
        return batch


def describe_shortage(length: int, batch_size: int, seq_length: int) -> str:
    """Return a sentence: a text of this length does not fill one batch."""
    return (
        f"The training part has {length:,} characters, but {batch_size} streams of "
        f"{seq_length} need at least {batch_size * seq_length + 1:,}."
    )


def explain_too_short(length: int, batch_size: int, seq_length: int) -> str:
    """Return a message: a text does not fill one batch, and which settings would fit."""
    message = describe_shortage(length, batch_size, seq_length)
    if length < 3:
        return message + " Use a longer text."
    fit_T = min(seq_length, length - 1)
    fit_N = max(1, (length - 1) // fit_T)
    return message + (
        f" Use a longer text, or a sequence length of {fit_T} with a batch size of {fit_N}."
    )
