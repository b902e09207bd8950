"""Rates: the settings of a training that act at once, also while it goes on."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import streamlit as st

from dashboard import settings
from dashboard.page import settings_callbacks, widgets
from rnncore import UPDATE_RULES
from rnncore.schedules import SCHEDULES


def show() -> None:
    """Draw them."""
    with st.expander("Learning rate and other settings, which act at once"):
        _slider(
            "Learning rate",
            settings.LEARNING_RATES,
            "lr",
            "How far each step goes. Too high and the loss jumps about or shoots up; too low "
            "and it hardly falls.",
            lambda rate: f"{rate:g}",
        )
        st.selectbox(
            "Update rule",
            list(UPDATE_RULES),
            key=widgets.train_key("update_rule"),
            help="How a gradient becomes a step. Adam and RMSprop give each parameter a step of "
            "its own size; plain SGD needs a much higher rate, Adagrad slows down by itself.",
            on_change=settings_callbacks.apply_train_settings,
        )
        st.segmented_control(
            "Schedule",
            list(SCHEDULES),
            key=widgets.train_key("schedule"),
            required=True,
            help="How the learning rate goes over the run: constant, halved in steps, "
            "or falling like a cosine to almost nothing.",
            on_change=settings_callbacks.apply_train_settings,
        )
        _slider(
            "Warm-up, in iterations",
            settings.WARMUPS,
            "warmup",
            "The learning rate rises over so many iterations at the beginning of a run. "
            "Try it when the loss shoots up there; it hardly matters otherwise.",
            lambda n: f"{n:,}" if n else "none",
        )
        _slider(
            "Clip the gradient's norm at",
            settings.CLIPS,
            "clip",
            "A gradient longer than this is cut to this length, so that one odd batch cannot "
            "throw the network off.",
            lambda clip: "off" if math.isinf(clip) else f"{clip:g}",
        )
        _slider(
            "Iterations between validations",
            settings.EVAL_INTERVALS,
            "eval_every",
            "How often the loss on the held-out text is measured; left alone, so that it "
            "takes a twentieth of the time. Fewer show sooner where it stands, more train faster.",
            lambda n: "never" if math.isinf(n) else f"{n:,}" if n else "a twentieth of the time",
        )
        _slider(
            "Iterations until a fresh start",
            settings.FRESH_STARTS,
            "fresh_after",
            "The places of the text that are read side by side take turns in forgetting what "
            "they have read, each after so many iterations: a sample begins with nothing in mind "
            "too. More suit a text in which much depends on what stands far back.",
            lambda n: "never" if math.isinf(n) else f"{n:,}",
        )


def _slider(
    label: str,
    offered: Sequence[float],
    name: str,
    explanation: str,
    shown: Callable[[float], str],
) -> None:
    key = widgets.train_key(name)
    st.select_slider(
        label,
        widgets.options(key, offered),
        format_func=shown,
        key=key,
        help=explanation,
        on_change=settings_callbacks.apply_train_settings,
    )
