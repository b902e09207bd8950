"""Figures of each layer, which the history keeps at validations.

Their names have up to three parts: ``gradient 1`` and ``weights 1`` are the norms of a layer's part
of the gradient, before clipping, and of the parameters; ``near_0 1 i`` and ``near_1 1 i`` are the
shares of a gate's values that are near 0 and near 1. Layers are ``embedding``, ``1``, ``2``, … and
``output``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from rnncore.cells import CellBuffers
from rnncore.network import Array, Network

SATURATED = 0.1  # a gate is saturated within so much of either end of its range
SIGMOID_GATES = ("i", "f", "o", "r", "z")  # the gates between 0 and 1
# Validation streams whose gates are measured: so many are in the first shard of any batch.
_STREAMS = 4


def layer_norms(network: Network, flat: Array) -> dict[str, float]:
    """Return the Euclidean norm of each layer's part of a vector (P,), by layer."""
    size = network.vocab_dim * network.input_dim
    parts = {"embedding": flat[:size]}
    parts |= {str(n): W.reshape(-1) for n, W in enumerate(network.weights(flat), 1)}
    parts["output"] = network.output_weights(flat).reshape(-1)
    return {layer: math.sqrt(float(np.dot(part, part))) for layer, part in parts.items()}


def saturation(gate: Array) -> tuple[float, float]:
    """Return the shares of a sigmoid gate's values that are near 0 and near 1."""
    return float((gate < SATURATED).mean()), float((gate > 1 - SATURATED).mean())


def measure_gates(network: Network, buffers: list[CellBuffers]) -> dict[str, float]:
    """Return the saturation of each sigmoid gate in the last forward pass, by name.

    buffers: one for each layer. The first sequences are measured, as many as the first shard of
    every batch has, so that the figures do not depend on the number of shards.
    """
    found = {}
    for layer, (cell, values) in enumerate(zip(network.cells, buffers, strict=True), 1):
        read = cell.read(values)
        for gate in cell.gates:
            if gate in SIGMOID_GATES:
                low, high = saturation(read[gate][:, :_STREAMS])
                found[f"near_0 {layer} {gate}"], found[f"near_1 {layer} {gate}"] = low, high
    return found


def collect(
    network: Network, gradient: Mapping[str, float], gates: Mapping[str, float]
) -> dict[str, float]:
    """Return the figures of a validation, by name.

    gradient: ``layer_norms`` of the gradient. gates: what ``measure_gates`` returned.
    """
    weights = layer_norms(network, network.flat)
    return {
        **{f"gradient {layer}": norm for layer, norm in gradient.items()},
        **{f"weights {layer}": norm for layer, norm in weights.items()},
        **gates,
    }
