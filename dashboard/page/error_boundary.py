"""Guard: what nobody foresaw reaches the page as one sentence with a reference, the log in full.

Streamlit's own signals (rerun, stop) are no ``Exception`` and pass through.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec

import streamlit as st

from dashboard.page import session, state
from dashboard.server.error_messages import report_unexpected

P = ParamSpec("P")

_UNFORESEEN = "Something unexpected happened here; nothing else is lost."


def click(work: Callable[P, None]) -> Callable[P, None]:
    """A callback that is done whole, and never fails: the page says above everything else what
    went wrong."""

    @functools.wraps(work)
    def protected(*args: P.args, **kwargs: P.kwargs) -> None:
        with session.whole():
            try:
                work(*args, **kwargs)
            except Exception as error:
                state.say("trouble", report_unexpected(error, _UNFORESEEN))

    return protected


def part(work: Callable[P, None]) -> Callable[P, None]:
    """A part of the page that leaves the others standing if it cannot be drawn."""

    @functools.wraps(work)
    def protected(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            if state.said("trouble"):  # in the callback that led here
                _show(state.said("trouble"))
                state.say("trouble", "")
            work(*args, **kwargs)
        except Exception as error:
            _show(report_unexpected(error, _UNFORESEEN))

    return protected


def _show(sentence: str) -> None:
    st.error(sentence, icon=":material/error:")
