"""The tour: its offer in the bar, and its steps below the stage, where they move nothing of it."""

from __future__ import annotations

import streamlit as st

from dashboard.page import state, tour

_HEADS = "Tour, step {} of {}."


def draw_offer() -> None:
    """Offer the tour, if nothing was trained and it was never seen."""
    if not tour.is_offered():
        return
    with st.container(key="tour_offer", horizontal=True, vertical_alignment="center"):
        st.button(
            "Take the tour",
            key="tour_start",
            type="tertiary",
            icon=":material/explore:",
            on_click=tour.start,
        )
        st.button(
            "Dismiss the tour",
            key="tour_dismiss",
            type="tertiary",
            icon=":material/close:",
            on_click=tour.dismiss,
        )


def show() -> None:
    """Draw the present step, if the tour is being taken."""
    if (shown := tour.current()) is None:
        return
    step, number, count = shown
    run = state.run()
    with st.container(key="tour", horizontal=True, vertical_alignment="center"):
        # The style sheet marks the step's control while this element is on the page.
        st.html(
            f'<div role="status" class="tour-words tour-at-{step.name}">'
            f"<b>{_HEADS.format(number, count)}</b> {step.words}</div>",
            width="stretch",
        )
        # Buttons of their own for each step: a click that arrives late belongs to an earlier one.
        st.button(
            "Back",
            key=f"tour_back_{number}",
            on_click=tour.go_to,
            args=(number - 1,),
            disabled=number == 1,
        )
        # The next steps explain what is on the page only once the network trains.
        if step.name == "train" and (run is None or not run.has_progress):
            st.button(
                "Start training",
                key=f"tour_next_{number}",
                type="primary",
                on_click=tour.train,
                args=(number + 1,),
            )
        else:
            st.button(
                "Next" if number < count else "Done",
                key=f"tour_next_{number}",
                type="primary",
                on_click=tour.go_to,
                args=(number + 1,),
            )
        st.button("Close", key="tour_close", type="tertiary", on_click=tour.dismiss)
