"""Downloads that run without rnncore, and the whole experiment."""

from __future__ import annotations

import streamlit as st

from dashboard.analysis.baselines import Baseline
from dashboard.runs import experiment, portable
from dashboard.runs.run import Run
from dashboard.server.background_job import Job
from dashboard.views import download_button


def draw_web_page(run: Run, stem: str, which: str) -> None:
    """Draw the download of the network as one web page; ``which``: the best or the latest."""
    _draw(run, stem, which, portable.WEB_PAGE)


def draw_programs(run: Run, stem: str, which: str) -> None:
    """Draw the downloads for other programs, of those that can be made here."""
    st.markdown("**The network for other programs**")
    kinds = [kind for kind in portable.offered() if kind is not portable.WEB_PAGE]
    for place, kind in zip(st.columns(len(kinds)), kinds, strict=True):
        with place:
            _draw(run, stem, which, kind)


def draw_experiment(run: Run, stem: str, baselines: Job[list[Baseline]]) -> None:
    """Draw the download of the whole experiment, and the choice whether it holds the text."""
    button = st.container()  # above the choice, which it depends on
    with_text = st.checkbox(
        "Include the text",
        value=True,
        key="experiment_with_text",
        help="Without it, the zip holds the text's SHA-256 instead, a fingerprint. To open the "
        "experiment, one must then choose the same text on the page first.",
    )
    name = f"{stem}-experiment.zip"
    with button:
        download_button.draw(
            run,
            "Whole experiment (.zip)",
            name,
            lambda run: experiment.pack(run, baselines.result or [], with_text),
        )
        st.caption(
            "Run, settings, history, samples, model, web page and report. Upload it as a model on "
            "any workbench to continue there."
        )


def _draw(run: Run, stem: str, which: str, kind: portable.Portable) -> None:
    name = f"{stem}{kind.suffix}"
    download_button.draw(run, kind.label, name, lambda run: kind.make(run, which))
    st.caption(f"{kind.caption}.")
