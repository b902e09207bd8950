"""Download: take the trained network away."""

from __future__ import annotations

import pickle
from pathlib import PurePath

import streamlit as st

from dashboard import state
from dashboard.run import Run


def show() -> None:
    """Draw the section."""
    run = state.run()
    with st.container(border=True, key="section_download"):
        st.subheader("5 · Download", anchor=False)
        if run is None:
            st.caption("When a network has been trained, it can be taken away here.")
            return
        stem = PurePath(run.text.name).stem or "model"
        st.download_button(
            "Download model",
            # Made at the click, between two chunks of training.
            data=lambda: _pickled(run),
            file_name=f"{stem}.pkl",
            mime="application/octet-stream",
            icon=":material/download:",
            on_click="ignore",
        )
        st.caption("Opens in any Python that can import rnncore:")
        st.code(
            f'import pickle\nwith open("{stem}.pkl", "rb") as f:\n'
            '    print(pickle.load(f).sample("E", T=500))',
            language="python",
        )


def _pickled(run: Run) -> bytes:
    return pickle.dumps(run.trainer.model())
