"""The recurrent cells, one per module; importing the package registers each in ``CELLS``.

A cell knows its own equations only. Layers around the cells belong in ``rnncore.layers``,
the network made of them in ``rnncore.network``.
"""

from __future__ import annotations

import importlib
import pkgutil

from rnncore.cells.base import CELLS, Cell, CellBuffers, Stepper

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["CELLS", "Cell", "CellBuffers", "Stepper"]
