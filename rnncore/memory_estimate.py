"""Estimate of the memory that training takes, before a model is created."""

from __future__ import annotations

from rnncore import layer_table
from rnncore.batch_pass import choose_shard_count
from rnncore.cells import CELLS
from rnncore.compute import blas
from rnncore.history import estimate_bytes
from rnncore.network import count_params
from rnncore.validation import MAX_STREAMS, STEPS


def estimate_training_bytes(
    vocab_dim: int,
    input_dim: int,
    hidden_dim: int,
    cell_type: str,
    num_layers: int,
    batch_size: int,
    seq_length: int,
    itemsize: int = 4,
    validates: bool = True,
    iterations: int = 0,
) -> int:
    """Return an upper estimate of the bytes that training takes in all its processes.

    It counts:

    * for the first shard, the parameters, gradients, two moments and copies of the weights;
    * for each further shard, the same without the moments;
    * for each step of each layer, the gates, their gradients, states and inputs;
    * with ``validates``, the buffers of a validation, which have no gradients, the best
      parameters so far, and those that they replace;
    * the history of so many ``iterations``, and its copy for a save; with ``validates``, its
      figures of each layer.
    """
    G, H = len(CELLS[cell_type].gates), hidden_dim
    params = count_params(vocab_dim, input_dim, hidden_dim, cell_type, num_layers)
    per_row = num_layers * ((2 * G + 7) * H + input_dim) + 2 * H
    copies = 6 + 3 * _further_shards(params, batch_size, seq_length)
    rows = batch_size * seq_length * (per_row + 3 * vocab_dim)
    history = estimate_bytes(iterations)
    if validates and iterations:
        history += layer_table.estimate_bytes(num_layers)
    if validates:
        copies += 2 + 2 * _further_shards(params, MAX_STREAMS, STEPS)
        rows += MAX_STREAMS * STEPS * (per_row + 2 * vocab_dim)
    return itemsize * (copies * params + rows) + history


def _further_shards(num_params: int, N: int, T: int) -> int:
    return choose_shard_count(num_params, N, T, blas.info().workers) - 1
