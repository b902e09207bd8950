"""The ONNX graph: onnxruntime gives the same logits."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rnncore import to_onnx
from tests.support.stepping import EVERY_CELL, read_logits, small_network

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

IDS = np.random.default_rng(0).integers(0, 12, 60)


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("cell", EVERY_CELL)
def test_onnxruntime_gives_the_same_logits(cell, layers):
    network = small_network(cell, layers)
    session = onnxruntime.InferenceSession(to_onnx(network), providers=["CPUExecutionProvider"])
    states = {i.name: np.zeros((1, 1, 16), np.float32) for i in session.get_inputs()[1:]}
    parts = []
    for ids in (IDS[:25], IDS[25:]):  # the state is carried from one run to the next
        logits, *after = session.run(None, {"ids": ids[:, None], **states})
        states = dict(zip(states, after, strict=True))
        parts.append(logits[:, 0])
    np.testing.assert_allclose(np.concatenate(parts), read_logits(network, IDS), rtol=0, atol=1e-5)


def test_the_graph_is_valid_and_has_the_vocabulary():
    network = small_network("lstm", 2, "float64")
    model = onnx.load_from_string(to_onnx(network))
    onnx.checker.check_model(model, full_check=True)
    codes = json.loads(model.metadata_props[0].value)
    assert [chr(code) for code in codes] == list(network.vocab)
