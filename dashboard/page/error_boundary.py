"""Decorators that show an unexpected exception as one sentence with a reference to the log.

Streamlit's own signals (rerun, stop) are not subclasses of ``Exception`` and pass through.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec

import streamlit as st

from dashboard.page import messages, session
from dashboard.server.error_messages import report_unexpected

P = ParamSpec("P")

_UNEXPECTED = "Something unexpected happened here; nothing else is lost."


def callback(function: Callable[P, None]) -> Callable[P, None]:
    """Make a widget's callback atomic; the next run of the page shows its exception at the top."""

    @functools.wraps(function)
    def protected(*args: P.args, **kwargs: P.kwargs) -> None:
        with session.atomic():
            try:
                function(*args, **kwargs)
            except Exception as error:
                messages.show("error", report_unexpected(error, _UNEXPECTED))

    return protected


def part(function: Callable[P, None]) -> Callable[P, None]:
    """Show an exception in place of this part of the page; the other parts are drawn as usual."""

    @functools.wraps(function)
    def protected(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            if message := messages.get("error"):  # of the callback before this run of the page
                _show(message)
                messages.show("error", "")
            try:
                function(*args, **kwargs)
            except Exception:
                raise
            except BaseException:  # the page is drawn again at once: the message must return
                messages.show("error", message)
                raise
        except Exception as error:
            _show(report_unexpected(error, _UNEXPECTED))

    return protected


def _show(message: str) -> None:
    st.error(message, icon=":material/error:")
