"""Recurrent cells by name: every module in this folder that defines a ``Cell`` adds one."""

from __future__ import annotations

import importlib
import pkgutil

from rnncore.cells.base import CELLS, Cell, Run, Step

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["CELLS", "Cell", "Run", "Step"]
