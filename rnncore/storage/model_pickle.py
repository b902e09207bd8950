"""A model as a pickle: the download, and the only reader of pickles that people hand in.

``pickle.load`` runs what a file tells it to, so it is never used here. Nor is the file
first looked over and then loaded: two parsers that disagree are the way around any such
check. Instead:

1. ``opcodes.read`` carries the pickle's instructions out on inert values. It knows only
   the instructions that a model needs and only the names below, each to the letter (a rule
   such as ``numpy.*`` would admit ``numpy.testing``'s ways to run a string), and bounds what
   it costs. Python's own machine is not safe even before it looks up a name: nine bytes
   make it take a gigabyte.
2. What comes out is a tree of numbers, strings, tuples, dicts, bytes and records of calls
   that never happened. It is matched against the few forms that a model's pickle has.
3. Arrays are views of the file's bytes, once type, shape and length agree: NumPy's own
   constructors never see what the file says.
4. ``rebuild`` checks settings, names, shapes and that every value is finite, and only then
   takes memory for a model.

A name that is not listed ends the reading, with the name in the message. There is no
second way in.
"""

from __future__ import annotations

import pickle

from rnncore.errors import FileFormatError, SaveError
from rnncore.model import RNN
from rnncore.model_from_values import build_from_payload
from rnncore.storage import original_pickle, safe_unpickler
from rnncore.storage.safe_unpickler import Call, Global

# Protocol 4 opens in every Python since 3.4, and is the same bytes under each.
PROTOCOL = 4
MAX_BYTES = 1 << 30

_RESTORE = Global("rnncore.model", "restore")
_NAMES = {_RESTORE, *original_pickle.NAMES}


def dump_model(model: RNN) -> bytes:
    """The model as a pickle, which ``pickle.load`` opens by hand and ``read_model`` safely."""
    if model.flat.nbytes > MAX_BYTES * 0.9:
        raise SaveError(
            f"The model takes {model.flat.nbytes:,} bytes; a model file holds up to {MAX_BYTES:,}."
        )
    return pickle.dumps(model, protocol=PROTOCOL)


def read_model(raw: bytes | bytearray | memoryview) -> RNN:
    """The model in a pickle, of this program or of the original one; runs nothing.

    A file that is damaged, foreign or unsafe is a FileFormatError and costs little.
    """
    if len(raw) > MAX_BYTES:
        raise FileFormatError(
            f"The file has {len(raw):,} bytes; a model file holds up to {MAX_BYTES:,}."
        )
    value = safe_unpickler.read(raw, _NAMES, original_pickle.SHAREABLE)
    if not isinstance(value, Call):
        raise FileFormatError("The pickle holds something other than a model.")
    if value.function == _RESTORE:
        if len(value.args) != 1 or value.state is not None:
            raise FileFormatError("The pickle describes a model in an unknown way.")
        return build_from_payload(RNN, value.args[0])
    return original_pickle.build_model(value)
