"""A zip with a network's arrays and a short program that writes with them, for NumPy alone."""

from __future__ import annotations

import io

import numpy as np

from rnncore.errors import SettingError
from rnncore.export.archive import make_zip, read_program
from rnncore.network import Network, check_finite


def to_numpy(network: Network) -> bytes:
    """Return a zip with ``model.npz`` and ``write.py``.

    ``write.py`` writes the same text as ``sample`` with the same seed and temperature.
    SettingError: the network has no characters, or values that are not finite.
    """
    if network.vocab is None:
        raise SettingError("This network was trained on numbers; the program needs characters.")
    check_finite(network)
    buffer = io.BytesIO()
    np.savez(
        buffer,
        allow_pickle=False,
        cell=np.array(network.cell_type),
        vocab=np.array([ord(char) for char in network.vocab], np.uint32),
        **network.params,
    )
    return make_zip({"model.npz": buffer.getvalue(), "write.py": read_program("write.py")})
