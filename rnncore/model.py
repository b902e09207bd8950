"""RNN: a recurrent network that trains and writes.

``Network`` holds the values; ``RNN`` adds the loss and its gradients, samples and pickles.
The intermediate results of a pass are kept in a ``Pass``, never on the model, so sampling
from a model does not disturb its training.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from rnncore import batches, model_from_values
from rnncore.batch_pass import Pass
from rnncore.errors import SettingError
from rnncore.network import Array, Ids, Network, State
from rnncore.sampling import Sampler


class RNN(Network):
    """A character-level recurrent network.

    vocab_dim: V, the number of symbols; ids are 0 .. V-1.
    idx_to_char: the symbols in the order of their ids; with None ``sample`` returns ids.
    input_dim: D, the width of the embedding; None means a quarter of V, at most 128.
    hidden_dim: H, the width of each recurrent layer.
    cell_type: a name in ``rnncore.CELLS`` ("lstm", "vanilla", "gru").
    dropout: probability of dropping an output of a recurrent layer in training.
    seed: seed of the initial values.
    init: False leaves all parameters at zero, for a caller that fills them in.
    """

    def new_pass(self, N: int, T: int) -> Pass:
        """Return buffers for calls of ``loss`` and ``evaluate`` with inputs (N, T)."""
        return Pass(self, N, T)

    def loss(
        self,
        inputs: Ids,
        targets: Ids,
        state: State | None = None,
        *,
        buffers: Pass | None = None,
        rng: np.random.Generator | None = None,
    ) -> tuple[float, Mapping[str, Array]]:
        """Return the mean loss in nats per character and its gradients.

        inputs, targets: (N, T) ids.
        state: the state before the batch, updated in place; None means zeros.
        buffers: of ``new_pass(N, T)``. The gradients are views of them and are overwritten
            by the next call with the same buffers.
        rng: draws the dropout masks; None means no dropout.
        """
        inputs, targets = self._checked(inputs, targets)
        N, T = inputs.shape
        buffers = self.new_pass(N, T) if buffers is None else buffers
        state = self.initial_state(N) if state is None else state
        self._check_shapes((N, T), state, buffers)
        total = buffers.forward_backward(self, inputs, targets, state, rng)
        return total / (N * T), buffers.grads

    def evaluate(
        self, inputs: Ids, targets: Ids, state: State, buffers: Pass | None = None
    ) -> float:
        """Return the summed loss in nats over (N, T), without gradients or dropout.

        ``state`` is updated in place.
        """
        inputs, targets = self._checked(inputs, targets)
        buffers = self.new_pass(*inputs.shape) if buffers is None else buffers
        self._check_shapes((inputs.shape[0], inputs.shape[1]), state, buffers)
        return buffers.forward(self, inputs, targets, state)

    def sample(
        self,
        seed_text: str | int | Sequence[int],
        T: int = 200,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
    ) -> Any:
        """Return T symbols that continue a seed: a str, or an id array without a vocabulary.

        ``rnncore.sampling`` explains the settings.
        """
        return Sampler(self).sample(seed_text, T, temperature, top_k, top_p, seed)

    def stream(
        self,
        seed_text: str | int | Sequence[int],
        T: int = 200,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
    ) -> Iterator[Any]:
        """Yield the symbols of ``sample`` one at a time."""
        return Sampler(self).stream(seed_text, T, temperature, top_k, top_p, seed)

    def _checked(self, inputs: Ids, targets: Ids) -> tuple[Ids, Ids]:
        arrays = []
        for name, ids in (("inputs", inputs), ("targets", targets)):
            array = np.asarray(ids)
            if array.ndim != 2 or 0 in array.shape:
                raise SettingError(f"{name} has shape {array.shape}; it must be (N, T).")
            batches.check_ids(array.reshape(-1), self.vocab_dim)
            arrays.append(array)
        if arrays[0].shape != arrays[1].shape:
            raise SettingError(
                f"targets has shape {arrays[1].shape}; it must be inputs' {arrays[0].shape}."
            )
        return arrays[0], arrays[1]

    def _check_shapes(self, shape: tuple[int, int], state: State, buffers: Pass) -> None:
        """Raise a SettingError for shapes that NumPy might broadcast instead of refusing."""
        N, shapes = shape[0], [np.shape(part) for part in state]
        if shapes != [(len(cell.state_parts), N, cell.H) for cell in self.cells]:
            raise SettingError(
                f"state has the shapes {shapes}; it must come from initial_state({N})."
            )
        if shape != (buffers.N, buffers.T):
            raise SettingError(
                f"buffers are for {(buffers.N, buffers.T)}; they must be for inputs' {shape}."
            )

    def __reduce__(self) -> tuple[Any, ...]:
        # One global and plain values: opens under any NumPy version and can be read safely.
        return restore, (model_from_values.make_payload(self),)


def restore(payload: dict[str, Any]) -> RNN:
    """Return the model that a pickle describes.

    Every pickle of a model names this function, so it must stay at ``rnncore.model.restore``.
    """
    return model_from_values.build_from_payload(RNN, payload)
