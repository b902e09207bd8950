"""Messages at places of the page ("page", "train", "sample" …), each shown until the next click."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dashboard.page.session import values
from dashboard.server import error_messages
from rnncore import RnnCoreError


def show(place: str, message: str, about: object = None) -> None:
    """Show a message at a place until the next click there; "" removes it.

    about: what the message refers to. If given, ``get`` returns the message only while that is
    unchanged.
    """
    values()[f"_message_{place}"] = message, about


def get(place: str, now: object = None) -> str:
    """Return the message at a place, or "" if there is none or if it refers to something else
    than ``now``."""
    message, about = values().get(f"_message_{place}", ("", None))
    return message if about in (None, now) else ""


def take(place: str) -> str:
    """Return the message at a place, or ""; remove it."""
    message = get(place)
    show(place, "")
    return message


@contextmanager
def errors_at(
    place: str,
    about: Callable[[], object] = lambda: None,
    describe: Callable[[RnnCoreError | MemoryError], str] = error_messages.for_click,
) -> Iterator[None]:
    """Remove the messages of earlier clicks; show an error of the ``with`` block at ``place``.

    about: called after the error, returns what the message refers to (see ``show``).
    describe: returns the message for an error.
    """
    show("page", "")
    show(place, "")
    try:
        yield
    except (RnnCoreError, MemoryError) as error:
        show(place, describe(error), about())
