"""Decorators that show an unexpected exception as one sentence with a reference to the log.

Streamlit's own signals (rerun, stop) are not subclasses of ``Exception`` and pass through.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import ParamSpec

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard.page import messages, session
from dashboard.server.error_messages import report_unexpected

P = ParamSpec("P")

_inside: ContextVar[bool] = ContextVar("inside", default=False)  # whether a part is being drawn
_UNEXPECTED = "Something unexpected happened here; nothing else is lost."


def callback(function: Callable[P, None]) -> Callable[P, None]:
    """Make a widget's callback atomic; its exception is shown on the page until the next one."""

    @functools.wraps(function)
    def protected(*args: P.args, **kwargs: P.kwargs) -> None:
        with session.atomic():
            messages.show("error", "")
            messages.show("error_at_top", "")
            try:
                function(*args, **kwargs)
            except Exception as error:
                messages.show("error", report_unexpected(error, _UNEXPECTED))

    return protected


def part(function: Callable[P, None]) -> Callable[P, None]:
    """Show an exception in place of this part of the page; the other parts are drawn as usual."""

    @functools.wraps(function)
    def protected(*args: P.args, **kwargs: P.kwargs) -> None:
        outermost = not _inside.get()
        token = _inside.set(True)
        try:
            if outermost and _draws_fragment() and not messages.get("error_at_top"):
                show_error_of_callback()
            function(*args, **kwargs)
            if outermost:
                session.mark_drawn()
        except Exception as error:
            _show(report_unexpected(error, _UNEXPECTED))
        finally:
            _inside.reset(token)

    return protected


def show_error_of_callback() -> None:
    """Show the exception of the last callback, if it had one.

    To be called at the top of the page, once ``entry.initialise`` has written all values.
    """
    if message := messages.get("error"):
        if not _draws_fragment():
            messages.show("error_at_top", message)
        _show(message)


def _draws_fragment() -> bool:
    context = get_script_run_ctx()
    return context is not None and bool(context.fragment_ids_this_run)


def _show(message: str) -> None:
    st.error(message, icon=":material/error:")
