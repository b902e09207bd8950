"""Validation loss: a model's loss on held-out ids, with the state carried through them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rnncore.batch_pass import Pass
from rnncore.batches import split_into_streams
from rnncore.model import RNN

Ids = NDArray[np.integer]

# Up to 32 streams side by side, 50 characters at a time: large products are fast.
MAX_STREAMS, STEPS = 32, 50
# At least so many characters a stream: only the first few of each lack their context.
_MIN_STREAM_LENGTH = 500
# Gates are measured in this chunk, or the last one before it: the state has forgotten its start.
_CHUNK_OF_GATES = 4
# With so many iterations between validations, the first comes late enough to look like a fault.
_LONG_INTERVAL = 200
# While training runs, a sample of the held-out text is precise enough and takes little time.
MAX_CHARS_IN_TRAINING = 100_000


class Validator:
    """Measures validation loss, in buffers that are created once and reused.

    gates: the saturation of the gates in the last ``evaluate``, as in ``layer_figures``.
    """

    def __init__(self) -> None:
        self.gates: dict[str, float] = {}
        self._buffers: Pass | None = None

    def evaluate(
        self,
        model: RNN,
        ids: Ids,
        max_chars: int | None = None,
        after_chunk: Callable[[], None] | None = None,
    ) -> float:
        """Return the mean loss in nats per character, or NaN if there are fewer than two ids.

        max_chars: characters to read, from the beginnings of streams that are spread over
            all ids; None means all.
        after_chunk: called after each chunk of ``STEPS`` characters a stream.
        """
        if len(ids) < 2:
            return float("nan")
        N = max(1, min(MAX_STREAMS, (len(ids) - 1) // _MIN_STREAM_LENGTH))
        length = None if max_chars is None else max(1, max_chars // N)
        inputs, targets = (streams[:, :length] for streams in split_into_streams(ids, N))
        if self._buffers is None or self._buffers.N != N:
            self._buffers = model.new_pass(N, STEPS)
        state, total = model.initial_state(N), 0.0
        for chunk, start in enumerate(range(0, inputs.shape[1], STEPS)):
            window = slice(start, start + STEPS)
            x = inputs[:, window]
            full = x.shape[1] == STEPS
            buffers = self._buffers if full else model.new_pass(*x.shape)
            total += model.evaluate(x, targets[:, window], state, buffers)
            if chunk == 0 or (full and chunk <= _CHUNK_OF_GATES):
                self.gates = buffers.measure_gates(model)
            if after_chunk is not None:
                after_chunk()
        return total / inputs.size


def is_due(iteration: int, num_iters: int, interval: int, chosen: int) -> bool:
    """Return whether a validation follows this iteration of a run of ``num_iters``.

    interval: iterations between validations; 0 means never. chosen: what ``choose_interval``
        returns; if that is the interval and a long one, another comes at a fifth of it.
    """
    early = interval == chosen >= _LONG_INTERVAL and iteration == interval // 5
    return interval > 0 and (iteration % interval == 0 or iteration >= num_iters or early)


def choose_interval(num_ids: int, chars_per_iteration: int) -> int:
    """Return the iterations between validations that take about 5 % of the training time.

    The result is 0 (never) if there are fewer than two ids. A validated character costs
    about a third of a trained one. This is counted, not timed, so that equal runs validate
    at the same iterations.
    """
    if num_ids < 2:
        return 0
    chars = min(num_ids, MAX_CHARS_IN_TRAINING)
    iterations = chars / 3 / 0.05 / chars_per_iteration
    return max(50, round(iterations / 50) * 50)
