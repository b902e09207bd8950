"""The widget that chooses between the run's best and latest network."""

from __future__ import annotations

import streamlit as st

from dashboard.page import network_choice
from dashboard.runs import network_choice as networks
from dashboard.runs.run import Run


def draw(run: Run, place: str) -> str:
    """Draw the choice, if there is one, and return what is chosen: "best" or "latest".

    place: one of ``network_choice.PLACES``.
    """
    if options := networks.options(run):
        network_choice.show_choice(run, place)
        st.segmented_control(
            "Network",
            list(options),
            format_func=options.__getitem__,
            key=network_choice.key(place),
            required=True,
            on_change=network_choice.choose,
            args=(run, place),
            help="Best: the network as it was at its lowest validation loss. Latest: as it is now. "
            "When the validation loss rises, the network memorises its text, and the best one "
            "writes more freely.",
        )
    return network_choice.chosen(run, place)
