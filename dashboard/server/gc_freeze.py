"""What is done once in a process, when its first visitor has come."""

from __future__ import annotations

import gc
from functools import cache


@cache
def freeze_libraries() -> None:
    """Keep the garbage collector off what the libraries have loaded, which stays for good.

    After every run of the page, each second while it trains, Streamlit has Python look for
    garbage everywhere. Through the libraries alone that takes 60 ms, in which training stands
    still. Frozen, they are passed over; what visitors leave behind is found as before.
    """
    gc.collect()
    gc.freeze()
