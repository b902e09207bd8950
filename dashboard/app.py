"""The workbench: page settings and navigation, nothing else."""

import sys
from pathlib import Path

import streamlit as st

HERE = Path(__file__).resolve().parent
if str(HERE.parent) not in sys.path:  # `streamlit run` puts dashboard/ there, not its parent
    sys.path.insert(0, str(HERE.parent))

import rnncore  # noqa: E402, F401  (before NumPy, so that it can settle the BLAS)
from dashboard import arrival, guard, opening, session, warm  # noqa: E402
from dashboard.views import full, how, runs, workbench  # noqa: E402

warm.freeze_libraries()
st.set_page_config(page_title="LSTM workbench", page_icon=HERE / "icon.svg", layout="wide")


@guard.part
def show() -> None:
    """The pages, and the run that the address names."""
    if not arrival.let_in():
        full.show()
        return
    arrival.begin()
    if (named := arrival.run_in_address()) is not None:
        with session.whole(drawn=False):
            opening.come_back(named)
    arrival.show_address()
    bench = st.Page(workbench.show, title="Workbench", url_path="workbench", default=True)
    pages = [bench, st.Page(how.show, title="How it works", url_path="how")]
    if arrival.is_private():
        pages.append(st.Page(lambda: runs.show(bench), title="Past runs", url_path="runs"))
    st.navigation(pages, position="top").run()


show()
