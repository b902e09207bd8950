"""Streamlit's entry point: the server, page settings and navigation.

The server imports this file once when it starts, for ``app``. It runs the file as a script for each
redraw of a page.
"""

import sys
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

HERE = Path(__file__).resolve().parent
if str(HERE.parent) not in sys.path:  # `streamlit run` adds dashboard/, not its parent
    sys.path.insert(0, str(HERE.parent))

import rnncore  # noqa: E402, F401  (before NumPy, so that its BLAS settings take effect)
from dashboard.page import entry, error_boundary, open_run, session  # noqa: E402
from dashboard.server import gc_freeze  # noqa: E402
from dashboard.views import (  # noqa: E402
    compare,
    how_it_works,
    race,
    runs,
    server_full,
    style,
    sweep,
    workbench,
)
from dashboard.web import downloads, lifespan, visitors  # noqa: E402

gc_freeze.freeze_libraries()


@error_boundary.part
def show() -> None:
    """Open the run that the address names, and draw the selected page."""
    # The workbench sets the tab's title and icon by the state of its training.
    st.set_page_config(layout="wide")
    if not entry.admit():
        server_full.show()
        return
    entry.initialise()
    error_boundary.show_error_of_callback()
    if (named := entry.run_in_address()) is not None:
        with session.atomic(drawn=False):
            open_run.open_by_id(named)
    entry.update_address()
    bench = st.Page(
        lambda: workbench.show(pages), title="Workbench", url_path="workbench", default=True
    )
    how = st.Page(lambda: how_it_works.show(pages), title="How it works", url_path="how")
    run_list = st.Page(lambda: runs.show(pages, bench, comparison), title="Runs", url_path="runs")
    comparison = st.Page(
        lambda: compare.show(pages, run_list if entry.is_private() else None),
        title="Compare",
        url_path="compare",
    )
    contest = st.Page(lambda: race.show(pages, comparison), title="Race", url_path="race")
    pages = [bench, contest, how]
    if entry.is_private():
        trials = st.Page(
            lambda: sweep.show(pages, bench, comparison), title="Sweep", url_path="sweep"
        )
        pages = [bench, run_list, contest, trials, how]
    st.html(style.STYLE)
    # A comparison is opened from the list of runs, a race, a sweep or by its link.
    st.navigation([*pages, comparison], position="hidden").run()


if __name__ == "__main__":
    show()
else:
    app = st.App(
        __file__,
        lifespan=lifespan.lifespan,
        routes=downloads.routes(),
        middleware=[Middleware(visitors.Visitors)],
    )
