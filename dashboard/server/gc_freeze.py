"""Exclusion of the libraries' objects from garbage collection."""

from __future__ import annotations

import gc
from functools import cache


@cache
def freeze_libraries() -> None:
    """Exclude objects loaded at import from garbage collection; they live as long as the process.

    Streamlit runs a full garbage collection after every run of the page, which is each second
    while a network trains. Going through the libraries' objects alone takes 60 ms, during which
    training stands still. Objects that are created later are collected as before.
    """
    gc.collect()
    gc.freeze()
