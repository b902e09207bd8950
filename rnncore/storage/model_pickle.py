"""Write a model as a pickle, and read a model's pickle without running anything in it.

``pickle.load`` runs what a file tells it to run, so rnncore never calls it. Checking the file
first and then loading it would not help: two parsers that disagree are how such checks are
bypassed. Instead:

1. ``safe_unpickler.read`` carries out the pickle's instructions on inert values. It knows only
   the instructions that a model needs, and only the names below, compared exactly: a rule such
   as ``numpy.*`` would admit functions of ``numpy.testing`` that run a string. It limits its
   own cost. Python's unpickler is not safe even before it looks up a name: nine bytes make it
   allocate a gigabyte.
2. The result is a tree of numbers, strings, tuples, dicts, bytes and descriptions of calls
   that were never made. It is matched against the few forms that a model's pickle has.
3. Arrays are views of the file's bytes, made only if type, shape and length agree. NumPy's own
   constructors never see the file's content.
4. ``model_from_values`` checks settings, names, shapes and that every value is finite, and only
   then allocates memory for a model.

A name that is not listed ends the reading, and the message states that name. There is no
second reader.
"""

from __future__ import annotations

import pickle

from rnncore.errors import FileFormatError, SaveError
from rnncore.model import RNN
from rnncore.model_from_values import build_from_payload
from rnncore.storage import original_pickle, safe_unpickler
from rnncore.storage.safe_unpickler import Call, Global

# Protocol 4 opens in every Python since 3.4, and each writes the same bytes.
PROTOCOL = 4
MAX_BYTES = 1 << 30

_RESTORE = Global("rnncore.model", "restore")
_NAMES = {_RESTORE, *original_pickle.NAMES}


def dump_model(model: RNN) -> bytes:
    """Return the model as a pickle, for ``read_model`` or for Python's own ``pickle.load``.

    SaveError: the model is too large for ``read_model``.
    """
    if model.flat.nbytes > MAX_BYTES * 0.9:
        raise SaveError(
            f"The model takes {model.flat.nbytes:,} bytes; a model file holds up to {MAX_BYTES:,}."
        )
    return pickle.dumps(model, protocol=PROTOCOL)


def read_model(raw: bytes | bytearray | memoryview) -> RNN:
    """Return the model in a pickle of this program or of the original one.

    Nothing in the pickle is run.
    FileFormatError: the file is damaged, unsafe or not a model. Finding that costs little.
    """
    if len(raw) > MAX_BYTES:
        raise FileFormatError(
            f"The file has {len(raw):,} bytes; a model file holds up to {MAX_BYTES:,}."
        )
    value = safe_unpickler.read(raw, _NAMES, original_pickle.SHAREABLE)
    try:
        return _build_model(value)
    except RecursionError:  # a value was hashed, compared or shown
        raise FileFormatError("The pickle's values are nested too deeply for a model.") from None


def _build_model(value: object) -> RNN:
    if not isinstance(value, Call):
        raise FileFormatError("The pickle holds something other than a model.")
    if value.function == _RESTORE:
        if len(value.args) != 1 or value.state is not None:
            raise FileFormatError("The pickle describes a model in an unknown way.")
        return build_from_payload(RNN, value.args[0])
    return original_pickle.build_model(value)
