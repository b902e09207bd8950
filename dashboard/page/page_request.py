"""A click on a button that leads to another page, kept until the page can be left."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from dashboard.page import error_boundary
from dashboard.page.session import values

# A button may not be drawn again after its click; it must not act when it is, much later.
_SECONDS = 10.0
_KEY = "_page_request"


@error_boundary.callback
def click(button: str, on_click: Callable[..., object] | None, args: tuple[Any, ...]) -> None:
    """Keep the click on the button with this key, and call ``on_click``."""
    values()[_KEY] = (button, time.monotonic())
    if on_click is not None:
        on_click(*args)


def take(button: str) -> bool:
    """Return whether this button was clicked since the last call, and not long ago."""
    clicked, at = values().get(_KEY, ("", 0.0))
    if clicked != button:
        return False
    values()[_KEY] = ("", 0.0)
    return time.monotonic() - at < _SECONDS
