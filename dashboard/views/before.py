"""The stage before training: what is known of the run to come, and an example of the result."""

from __future__ import annotations

import math

import streamlit as st

from dashboard.analysis.baselines import Baseline
from dashboard.formatting import byte_size, duration, escape_markdown
from dashboard.page import background, current_run, open_run, state, widgets
from dashboard.reports.terms import TERMS
from dashboard.runs.run import Run
from dashboard.runs.speed_probe import Speed
from dashboard.runs.teaching import describe_changes
from dashboard.sampling import showcase
from dashboard.sampling.showcase import Showcase
from dashboard.text.loading import LoadedText


def levels(text: LoadedText | None) -> list[Baseline]:
    """Return the losses to beat on the page's text, [] until they are measured."""
    if text is None or len(text) < 2:
        return []
    return background.levels(text, widgets.model_settings().val_fraction).result or []


def iterations_per_epoch() -> int | None:
    """Return the iterations of an epoch with the page's text and settings; None without a text."""
    text = state.text()
    return None if text is None else widgets.model_settings().iterations_per_epoch(len(text))


def is_measuring() -> bool:
    """Return whether figures of the page's text and settings are still being measured."""
    text = state.text()
    if text is None or len(text) < 2:
        return False
    waits = background.levels(text, widgets.model_settings().val_fraction).running
    return is_measuring_speed() or waits


def is_measuring_speed() -> bool:
    """Return whether the speed of the page's text and settings is still being measured."""
    speed = background.page_speed()
    return speed is not None and speed.running


def draw_progress(run: Run | None) -> None:
    """Draw the line beside Train: on which text, and how long it takes."""
    text = state.text()
    on = f" on {escape_markdown(text.name)}" if text is not None else ""
    seconds = _seconds()
    about = "at most" if current_run.goal().patience else "about"
    time = "" if math.isnan(seconds) else f": {about} {duration(seconds)} here"
    if run is not None and run.initial_model is not None:
        label = f":blue-badge[Trained elsewhere] Train continues{on}{time}"
    elif run is not None:
        label = f":gray-badge[Ready] **Train** teaches it to write{on}{time}"
    else:
        label = f"**Train your own**{on}{time}"
    st.markdown(label)
    st.progress(0.0)


def draw_figures(run: Run | None) -> None:
    """Draw the figures that are known before training: of a trained network, or the page's."""
    text, model = state.text(), widgets.model_settings()
    writes = run is not None and run.initial_model is not None
    if run is not None and writes:
        text, model = run.text, run.model_settings
    if text is None:
        return
    V, speed = len(text.vocab), _speed()
    unknown = "–" if current_run.settings_error() else "…"
    by_name = {base.name: base.nats for base in levels(text)}
    goal = next((nats for name, nats in by_name.items() if name.endswith("-gram")), None)
    chars = None if speed is None else speed.iterations_per_second * model.chars_per_iteration
    seconds = _seconds()
    st.metric(
        "Parameters",
        f"{model.num_params(V):,}",
        help="The numbers that training adjusts.",
    )
    st.metric("Memory", byte_size(model.memory(V)), help="Memory that the training takes.")
    st.metric(
        "Duration",
        unknown if math.isnan(seconds) else duration(seconds),
        help="Estimated time until the goal, measured on this computer.",
    )
    st.metric(
        "Reads per second",
        unknown if chars is None else f"{chars:,.0f}",
        help="Characters of the text that training reads per second on this computer.",
    )
    words = unknown if speed is None else f"in {duration(max(1.0, speed.seconds(100)))}"
    st.metric(
        "First words",
        "at once" if writes else words,
        help="Time until about 100 iterations, when the first short words appear. A network that "
        "was trained before writes at once.",
    )
    st.metric(
        "To beat",
        unknown if goal is None else f"{goal:.2f}",
        help=f"The loss of the 5-gram model, in nats per character. {TERMS['n-gram']} A network "
        f"that beats it has learned more. {TERMS['Nats per character']}",
    )
    st.metric(
        "Guessing",
        f"{math.log(V):.2f}",
        help=f"The loss of a blind guess among the text's {V:,} characters. Training starts "
        f"here. {TERMS['Loss']}",
    )


def sample_of(run: Run | None) -> tuple[str, str, Showcase]:
    """Return title, note and content of the writing panel before there is a sample of the run."""
    if run is None:
        return showcase.TITLE, showcase.CARD, showcase.write_showcase()
    job = background.first_sample(run)
    if job is None:
        words = "The first sample appears here after a few iterations of training."
        return "Writing", "after 0 iterations", Showcase("", words)
    job.wait(0.5)
    words = "It is writing a first sample …" if job.running else "Press Generate to let it write."
    return "Writing", "as it was trained elsewhere", job.result or Showcase("", words)


def draw_invitation(run: Run | None) -> None:
    """Draw what to do, in the place that later has the diagnosis of the curve."""
    if problem := current_run.settings_error():
        st.markdown(f":material/warning: {escape_markdown(problem)}", width="stretch")
    elif run is None:
        st.markdown(
            ":material/school: Teach a network to write: choose a text or upload a book, press "
            "Train, and watch the loss fall and the writing improve.",
            width="stretch",
        )
        st.button(
            "Try a trained network",
            key="try_pretrained",
            on_click=open_run.open_pretrained,
            args=(showcase.SHOWN,),
            help="Open the network that wrote the text above, to generate with it at once.",
        )
    elif run.initial_model is not None:
        origin = f"Began as {run.began_as}" if run.began_as else "This network was trained before"
        st.markdown(
            f":material/school: {escape_markdown(origin)}. It can write below at once; Train "
            f"continues on the chosen text. {escape_markdown(describe_changes(run))}",
            width="stretch",
        )
    else:
        st.markdown(
            ":material/school: Press Train to see the loss fall here, live.", width="stretch"
        )


def _speed() -> Speed | None:
    job = background.page_speed()
    return None if job is None else job.result


def _seconds() -> float:
    """Return the estimated seconds until the goal, NaN if unknown."""
    goal, speed = widgets.goal(), _speed()
    if goal.kind == "minutes":
        return 60.0 * goal.amount
    if speed is None:
        return math.nan
    length = goal.iterations(speed.per_epoch, speed.iterations_per_second, 0)
    return speed.seconds(length) if length else math.nan
