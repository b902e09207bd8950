"""A network as an ONNX graph, for onnxruntime and other programs that run such graphs.

Inputs: ``ids`` (T, N), and for each layer l = 1, 2, … its state ``h_l`` and, of an LSTM, ``c_l``,
each (1, N, H). Outputs: ``logits`` (T, N, V), and the states after the last step, ``next_h_l`` and
``next_c_l``. The vocabulary is in the model's metadata as JSON, a list of code points.

ONNX has operators for all cells. Its LSTM has the gates in the order i, o, f, g, its GRU z, r, n.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.cells import CELLS
from rnncore.errors import SettingError
from rnncore.network import Network, check_finite

GATES = {"lstm": "iofg", "gru": "zrn", "vanilla": "h"}  # in ONNX's order
OPERATORS = {"lstm": "LSTM", "gru": "GRU", "vanilla": "RNN"}
OPSET, IR_VERSION = 17, 8  # of 2022, which every onnxruntime since 1.12 runs
MISSING = "This needs the package onnx; install it with: pip install onnx"


def to_onnx(network: Network) -> bytes:
    """Return the network as an ONNX file.

    SettingError: the package onnx is not installed, or values are not finite.
    """
    try:
        import onnx
        from onnx import helper, numpy_helper
    except ImportError:
        raise SettingError(MISSING) from None
    check_finite(network)
    p, H, V = network.params, network.hidden_dim, network.vocab_dim
    dtype = helper.np_dtype_to_tensor_dtype(network.dtype)
    arrays: dict[str, NDArray[Any]] = {
        "W_embed": p["W_embed"],
        "W_out": p["W_out"],
        "b_out": p["b_out"],
        "directions": np.array([1], np.int64),
    }
    nodes = [helper.make_node("Gather", ["W_embed", "ids"], ["x_1"])]
    inputs = [helper.make_tensor_value_info("ids", onnx.TensorProto.INT64, ["T", "N"])]
    outputs = [helper.make_tensor_value_info("logits", dtype, ["T", "N", V])]
    parts = CELLS[network.cell_type].state_parts
    options = {"linear_before_reset": 1} if network.cell_type == "gru" else {}
    for layer in range(1, network.num_layers + 1):
        arrays |= _layer_arrays(network, layer)
        states = [f"{part}_{layer}" for part in parts]
        weights = [f"{name}_{layer}" for name in ("W", "R", "B")]
        nodes.append(
            helper.make_node(
                OPERATORS[network.cell_type],
                [f"x_{layer}", *weights, "", *states],
                [f"y_{layer}", *(f"next_{state}" for state in states)],
                hidden_size=H,
                **options,
            )
        )
        # y is (T, directions, N, H) with one direction.
        nodes.append(helper.make_node("Squeeze", [f"y_{layer}", "directions"], [f"x_{layer + 1}"]))
        shape = [1, "N", H]
        inputs += [helper.make_tensor_value_info(name, dtype, shape) for name in states]
        outputs += [helper.make_tensor_value_info(f"next_{n}", dtype, shape) for n in states]
    last = f"x_{network.num_layers + 1}"
    nodes.append(helper.make_node("MatMul", [last, "W_out"], ["products"]))
    nodes.append(helper.make_node("Add", ["products", "b_out"], ["logits"]))
    initializers = [numpy_helper.from_array(np.array(v), name) for name, v in arrays.items()]
    graph = helper.make_graph(nodes, "network", inputs, outputs, initializers)
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="rnncore",
    )
    if network.vocab is not None:
        helper.set_model_props(model, {"vocab": json.dumps([ord(c) for c in network.vocab])})
    raw: bytes = model.SerializeToString()
    return raw


def _layer_arrays(network: Network, layer: int) -> dict[str, NDArray[Any]]:
    """Return W (1, G H, D), R (1, G H, H) and B (1, 2 G H) of a layer, counted from 1."""
    p, n = network.params, "" if layer == 1 else str(layer)
    order = [CELLS[network.cell_type].gates.index(gate) for gate in GATES[network.cell_type]]

    def reorder(value: NDArray[Any]) -> Iterator[NDArray[Any]]:
        parts = np.split(value, len(order), axis=-1)
        return (parts[gate] for gate in order)

    bias = np.concatenate([*reorder(p[f"b{n}"])])
    return {
        f"W_{layer}": np.concatenate([*reorder(p[f"Wx{n}"])], axis=1).T[None],
        f"R_{layer}": np.concatenate([*reorder(p[f"Wh{n}"])], axis=1).T[None],
        f"B_{layer}": np.concatenate([bias, np.zeros_like(bias)])[None],
    }
