"""A visitor on Streamlit's AppTest: clicks, sets widgets and reads the page, without a browser."""

from __future__ import annotations

import atexit
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from dashboard.page import pending_changes
from dashboard.runs import speed_probe
from dashboard.runs.registry import _create, get_registry
from dashboard.runs.run import Run
from dashboard.runs.speed_probe import Speed
from dashboard.server.access import ACCOUNT_HEADER
from dashboard.server.accounts import OWN
from dashboard.training import trainer
from tests.support.paths import APP
from tests.support.trainers import until

STORY = "The cat sat on the mat, and the dog on the log. " * 60  # 2,880 characters
SMALL = {"hidden": "16", "sequence": "10", "batch": "4", "iterations": "500"}
OTHER = "Sums and rhymes, in other words: a second text to learn from. " * 60

# Keys of the workbench's expanders whose content is drawn only while they are open.
EXPANDERS = ("more_settings_open", "trained_open", "more_options_open")


class Visit:
    """One session. Every action is followed by a run of the page, as in a browser."""

    def __init__(self, query: dict[str, str] | None = None) -> None:
        self.app = AppTest.from_file(str(APP), default_timeout=30)
        self.app.query_params.update(query or {})
        self.app.run()

    # -- actions ------------------------------------------------------------------------------

    def press(self, label: str) -> None:
        self._one("button", label).click().run()

    def steps(self, count: int) -> None:
        """Press Step so many times."""
        for _ in range(count):
            self.press("Step")

    def choose(self, key: str, value: object) -> None:
        """Set the value of the widget with this key, in a closed part too."""
        self._reveal(lambda: self._widgets(key))[0].set_value(value).run()

    def upload(self, name: str, raw: bytes, key: str = "upload") -> None:
        uploaders = self._reveal(lambda: [u for u in self.app.file_uploader if u.key == key])
        uploaders[0].set_value((name, raw, "text/plain")).run()

    def clear_upload(self, key: str = "upload") -> None:
        """Clear an uploader."""
        self.app.file_uploader(key=key).set_value(None).run()

    def paste(self, text: str) -> None:
        self.app.text_area(key="pasted").set_value(text)
        self.press("Use this text")

    def open_tab(self, title: str) -> None:
        """Open the tab with this title below the stage."""
        self.app.session_state["tabs"] = title
        self.look()

    def open(self, key: str, opened: bool = True) -> None:
        """Open or close the expander or popover with this key."""
        self.app.session_state[key] = opened
        self.look()

    def look(self) -> None:
        """Run the page again, as a fragment's timer does."""
        self.app.run()

    def open_page(self, path: str) -> None:
        """Open a page of the navigation; AppTest itself can only switch between files."""
        pages = self.app._registered_pages.items()
        (self.app._page_hash,) = (page for page, of in pages if of.get("url_pathname") == path)
        self.app.run()

    def wait_for_iteration(self, iteration: int) -> None:
        """Wait until training has reached this iteration."""
        until(lambda: self.run.solver.iteration >= iteration)
        self.look()

    def wait_until_stopped(self) -> None:
        """Wait until training has ended by itself."""
        until(lambda: not self.run.trainer.status().active)
        self.run.trainer.join()
        self.look()

    # -- reading ------------------------------------------------------------------------------

    def _reveal(self, find: Callable[[], list[Any]]) -> list[Any]:
        """Return what is found on the page; open closed parts, one by one, until it is."""
        for part in ("", *EXPANDERS, "Live settings"):
            if part in EXPANDERS:
                self.open(part)
            elif part:
                self.open_tab(part)
                self.open("advanced_open")
            if found := find():
                return found
        raise AssertionError("it is in no part of the page")

    def _widgets(self, key: str) -> list[Any]:
        kinds = (
            *("select_slider", "slider", "button_group", "radio", "selectbox"),
            *("text_area", "text_input", "number_input", "toggle"),
        )
        return [w for kind in kinds for w in getattr(self.app, kind) if w.key == key]

    @property
    def run(self) -> Run:
        return self.app.session_state["_run"]

    @property
    def has_run(self) -> bool:
        return "_run" in self.app.session_state and self.app.session_state["_run"] is not None

    def value(self, key: str) -> object:
        return self.app.session_state[key]

    def figure(self, label: str) -> str:
        return self._one("metric", label).value

    def enabled(self, label: str) -> bool:
        """Return whether the page has this button and it can be pressed."""
        return label in self.labels() and not self._one("button", label).disabled

    def labels(self, kind: str = "button") -> list[str]:
        return [element.label for element in getattr(self.app, kind)]

    def shown(self, *kinds: str) -> list[str]:
        """Return the texts of all elements of these kinds, without Markdown's backslashes."""
        kinds = kinds or (
            "error",
            "warning",
            "info",
            "toast",
            "caption",
            "markdown",
            "code",
            "html",
        )
        return [
            element.value if kind in {"code", "html"} else re.sub(r"\\(\W)", r"\1", element.value)
            for kind in kinds
            for element in getattr(self.app, kind)
        ]

    def chart_rows(self, alt: str) -> pd.DataFrame:
        """Return the data of the chart whose description has these words."""
        (chart,) = [e for e in self.app.get("vega_lite_chart") if alt in e.proto.alt]
        return pa.ipc.open_stream(chart.proto.data.data).read_pandas()

    def says(self, words: str) -> bool:
        """Return whether the page shows these words anywhere."""
        return any(words in text for text in self.shown())

    def _one(self, kind: str, label: str):
        found = self._reveal(lambda: [e for e in getattr(self.app, kind) if e.label == label])
        assert len(found) == 1, f"{len(found)} of {label!r}: {self.labels(kind)}"
        return found[0]


def with_story(visit: type[Visit], **changes: str) -> Visit:
    """Return a visit with a short text and a small network, set to train 500 iterations.

    changes: parameters of the page's address to add or replace.
    """
    page = visit(SMALL | changes)
    page.paste(STORY)
    return page


def raising(error: Exception) -> Callable[..., None]:
    """Return a function that raises this error."""

    def fail(*args: object, **kwargs: object) -> None:
        raise error

    return fail


@contextmanager
def visitors(runs: Path, patch: pytest.MonkeyPatch) -> Iterator[type[Visit]]:
    """Yield the class of visits to a server that keeps its runs in this folder; then close it."""
    patch.setenv("LSTM_WORKBENCH_RUNS", str(runs))
    patch.setattr(trainer, "CHUNK_SECONDS", 0.01)
    patch.setattr(trainer, "STEP_SECONDS", 60.0)  # a busy computer may take longer than usual
    # AppTest sends no older values than the page has, and clicks sooner than a person can.
    patch.setattr(pending_changes, "STALE_SINGLE_SECONDS", 0.0)
    # Each AppTest would look for components in the metadata of all installed packages: half of the
    # time of a visit. The page uses none of them.
    patch.setattr(manifest_scanner, "scan_component_manifests", list)
    # AppTest has no request; these are the headers of a browser on this computer.
    headers = {"Host": "localhost:8501", ACCOUNT_HEADER: OWN}
    patch.setattr(type(st.context), "headers", headers)
    patch.setattr(type(st.context), "cookies", {})
    patch.setattr(speed_probe, "measure", lambda text, settings, seconds=0.0: Speed(100.0, 10))
    _create.cache_clear()
    yield Visit
    if _create.cache_info().currsize:
        get_registry().close()
        atexit.unregister(get_registry().close)
        _create.cache_clear()
