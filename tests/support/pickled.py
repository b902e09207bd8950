"""Small models and their pickles, of this program and of the original one."""

from __future__ import annotations

import pickle

import RNNs

from rnncore import RNN
from rnncore.storage.model_pickle import dump_model

CHARS = dict(enumerate("abcdefg"))


def small_model(**changes) -> RNN:
    """A two-layer model on seven characters."""
    return RNN(**({"vocab_dim": 7, "idx_to_char": "abcdefg", "input_dim": 2, "hidden_dim": 3,
                   "num_layers": 2} | changes))  # fmt: skip


def old_numpy(raw: bytes) -> bytes:
    """A protocol 3 pickle as NumPy 1 wrote it: numpy.core, and integers for the dtype's flags."""
    raw = raw.replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")
    return raw.replace(b"\x89\x88\x87", b"K\x00K\x01\x87")


def original(kind: str, cell_type: str) -> RNNs.RNN:
    """A model of the original program: one layer, or two with equal or different sizes."""
    if kind == "one":
        return RNNs.RNN(7, CHARS, 4, 6, cell_type)
    first, second = {"equal": (6, 6), "narrower": (6, 4), "wider": (3, 6)}[kind]
    return RNNs.TwoHiddenLayerRNN(7, CHARS, 4, first, second, cell_type)


GOOD = dump_model(small_model())
ORIGINAL = pickle.dumps(RNNs.TwoHiddenLayerRNN(7, CHARS, 2, 3, 2), protocol=3)
HEAD = b"\x80\x04"  # the first bytes of a pickle of protocol 4
