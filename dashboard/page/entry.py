"""The start of a run of the page: admission, initial session state, and the page's address."""

from __future__ import annotations

import os
from collections.abc import Sequence
from urllib.parse import urlencode, urlsplit

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard.formatting import date_and_time
from dashboard.page import (
    messages,
    session,
    settings_link,
    state,
    unsaved_text,
    widget_values,
    widgets,
)
from dashboard.page.comparison_options import COMPARISON_DEFAULTS
from dashboard.page.session import values
from dashboard.page.settings_link import Lesson
from dashboard.server import access
from dashboard.server.admission import ADMISSION
from dashboard.settings import PRESETS
from dashboard.text import loading
from dashboard.text.loading import Source


def admit() -> bool:
    """Return whether the server has room for this page; an admitted page stays admitted."""
    context = get_script_run_ctx()
    if context is None or not runtime.exists():
        return True
    is_open = runtime.get_instance().is_active_session
    again = "_admitted" in values()
    if not ADMISSION.admit(context.session_id, is_open, again=again):
        return False
    values()["_admitted"] = True
    return True


def is_private() -> bool:
    """Return whether this page is open on the server's own computer, and only there."""
    return access.is_private(
        st.get_option("server.address"),
        st.context.headers,
        os.environ.get(access.SHARED_VARIABLE, ""),
    )


def initialise() -> None:
    """Set defaults for all widgets, and on the first run apply the settings in the address."""
    session.write_pending()
    first = "_lesson" not in values()
    kept = widgets.kept_values()
    for key, value in widget_values.DEFAULTS.items():
        # Streamlit drops the value of a widget that a page does not draw, unless it is assigned;
        # when the user goes to another page, it drops all values. A value that is assigned is
        # sent to the browser, too.
        if key in widget_values.SLIDERS and key in values():
            continue
        values()[key] = values().get(key, kept.get(key, value))
    widgets.keep_values()
    if first:
        asked, samples = st.query_params.to_dict(), loading.sample_names()
        with session.atomic(drawn=False):
            _apply_lesson(settings_link.read(asked, widget_values.FIRST_PRESET, samples))
            unsaved_text.report_lost(asked.get(unsaved_text.PARAMETER, ""))
            widgets.deselect_changed_preset()
    else:
        widgets.deselect_changed_preset()


def _apply_lesson(lesson: Lesson) -> None:
    """Apply the settings in the page's address."""
    values()["_lesson"] = lesson
    if lesson.text is not None:
        state.set_text_source(Source("sample", lesson.text, lesson.text))
    values().update(widget_values.lesson_widgets(lesson))
    state.set_preset_rate(PRESETS[lesson.preset or widget_values.FIRST_PRESET].train.lr)
    messages.show("page", " ".join(lesson.problems))


def hidden_sections() -> frozenset[str]:
    """Return the names of the sections that the address hides."""
    return values()["_lesson"].hide


def local_time(at: float | None) -> str:
    """Return a time in seconds since 1970 on the visitor's clock, as 3 May, 04:12; "" for None."""
    return "" if at is None else date_and_time(at, st.context.timezone)


def browser() -> str | None:
    """Return the random value by which the server knows this browser; None without cookies."""
    return st.context.cookies.get(access.BROWSER_COOKIE) or None


def saw_tour() -> bool:
    """Return whether the tour was taken or dismissed in this browser before this session."""
    return access.TOUR_COOKIE in st.context.cookies


# -- the page's address ------------------------------------------------------------------------


def run_in_address() -> str | None:
    """Return the id of the run in the page's address, or None once the page has shown a run."""
    return None if state.ADDRESS in values() else st.query_params.get("run")


def update_address() -> None:
    """Put the id of the shown run into the page's address, and whether the text is unsaved.

    Links between pages do not keep them.
    """
    named = st.query_params.get("run")
    _set_parameter("run", values().get(state.ADDRESS, named))
    _set_parameter(unsaved_text.PARAMETER, unsaved_text.parameter())


def _set_parameter(name: str, wanted: str | None) -> None:
    if wanted is None:
        st.query_params.pop(name, None)
    elif wanted != st.query_params.get(name):
        st.query_params[name] = wanted


def settings_url(hide: list[str]) -> str:
    """Return a URL that opens the page with its present settings, without the sections ``hide``."""
    parameters = settings_link.write(
        widgets.model_settings(),
        state.next_train_settings() or widgets.train_settings(),
        linkable_text(),
        widgets.seed_text(),
        widgets.temperature(),
        hide,
        widget_values.changed_widgets(values()),
    )
    return f"{(st.context.url or '').split('?')[0]}?{urlencode(parameters)}"


def is_local_address() -> bool:
    """Return whether the page's address names the computer itself, so that no other can open it."""
    return (urlsplit(st.context.url or "").hostname or "") in {"localhost", "127.0.0.1", "::1"}


def named_runs() -> list[str]:
    """Return the ids of the runs that the address of a comparison or a race names."""
    return [part for part in st.query_params.get("runs", "").split(",") if part]


def race_name() -> str:
    """Return the name of the race in the address, or ""."""
    return st.query_params.get("race", "")


def name_race(run_ids: Sequence[str], name: str) -> None:
    """Put the racers and the name of a race into the page's address; no racers: remove both."""
    _set_parameter("runs", ",".join(run_ids) or None)
    _set_parameter("race", name if run_ids else None)


def comparison_url(run_ids: Sequence[str]) -> str:
    """Return an address that opens a comparison of these runs, drawn as this page draws it."""
    base = (st.context.url or "").split("?")[0].rpartition("/")[0]
    options = settings_link.write_comparison(values(), COMPARISON_DEFAULTS)
    return f"{base}/compare?{urlencode({'runs': ','.join(run_ids)} | options, safe=',')}"


def linkable_text() -> str | None:
    """Return the name of the sample text on the page; None for other texts, which no link has."""
    if name := widgets.selected_sample():
        return name
    shown = state.text()
    return loading.find_sample_name(shown) if shown is not None else None
