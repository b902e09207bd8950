"""How a visitor's page begins: let in, with what its address asks for; and the address it has."""

from __future__ import annotations

import os
from urllib.parse import urlencode

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard.page import session, settings_link, state, widget_values
from dashboard.page.session import values
from dashboard.page.settings_link import Lesson
from dashboard.server import access
from dashboard.server.admission import ADMISSION
from dashboard.settings import PRESETS
from dashboard.text import loading
from dashboard.text.loading import Source


def admit() -> bool:
    """Whether this server has a place for this page; once it had, it keeps it."""
    context = get_script_run_ctx()
    if context is None or not runtime.exists():
        return True
    is_open = runtime.get_instance().is_active_session
    again = "_inside" in values()
    if not ADMISSION.admit(context.session_id, is_open, again=again):
        return False
    values()["_inside"] = True
    return True


def is_private() -> bool:
    """Whether this page is open on the computer that runs it, which nobody else can open."""
    return access.is_private(
        st.get_option("server.address"),
        st.context.headers,
        os.environ.get("LSTM_WORKBENCH_SHARED", ""),
    )


def begin() -> None:
    """Give every key its first value; keep the values of widgets that this page does not show."""
    session.begin()
    first = "_lesson" not in values()
    for key, value in widget_values.DEFAULTS.items():
        # Assigning a widget's key to itself keeps Streamlit from dropping it on other pages.
        values()[key] = values().get(key, value)
    if first:
        asked = st.query_params.to_dict()
        with session.whole(drawn=False):
            _take_up(settings_link.read(asked, widget_values.FIRST_PRESET, loading.sample_names()))
    named = PRESETS.get(state.preset() or "")
    if named is not None and named.model != state.model_settings():
        values()["preset"] = None  # it is no longer what the sliders say


def _take_up(lesson: Lesson) -> None:
    """Begin as the page's address asks."""
    values()["_lesson"] = lesson
    if lesson.text is not None:
        state.choose_source(Source("sample", lesson.text, lesson.text))
    values().update(widget_values.lesson_widgets(lesson))
    state.say("page", " ".join(lesson.problems))


def hidden_sections() -> frozenset[str]:
    """Sections that the lesson leaves out."""
    return values()["_lesson"].hide


# -- the page's address ------------------------------------------------------------------------


def run_in_address() -> str | None:
    """The run that the page's address names, as long as the page has shown none."""
    return None if state.ADDRESS in values() else st.query_params.get("run")


def show_address() -> None:
    """Let the page's address name the run that is shown; other pages' links do not carry it on."""
    named = st.query_params.get("run")
    wanted = values().get(state.ADDRESS, named)
    if wanted is None:
        st.query_params.pop("run", None)
    elif wanted != named:
        st.query_params["run"] = wanted


def link(hide: list[str]) -> str:
    """An address that begins with what is chosen on the page now."""
    parameters = settings_link.write(
        state.model_settings(),
        state.waiting() or state.train_settings(),
        shared_text(),
        values()["seed_text"],
        state.temperature(),
        hide,
        widget_values.changed_widgets(values()),
    )
    return f"{(st.context.url or '').split('?')[0]}?{urlencode(parameters)}"


def shared_text() -> str | None:
    """The sample text on the page, which a link can name; None for anybody's own."""
    shown = state.text()
    return state.sample_choice() or (loading.find_sample_name(shown) if shown is not None else None)
