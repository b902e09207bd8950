"""Give a worker process of a sweep a low priority, so that the page stays fast beside it.

Dask loads this module in each worker process and calls ``dask_setup``.
"""

from __future__ import annotations

import os
from typing import Any

_NICENESS = 10


def dask_setup(worker: Any) -> None:
    """Lower the priority of this process, where the system can."""
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
