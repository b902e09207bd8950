"""The training settings that can be changed while the network trains."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import streamlit as st

from dashboard import settings
from dashboard.page import settings_callbacks, widgets
from dashboard.reports.terms import TERMS
from dashboard.views import rates
from dashboard.views.lazy_expander import lazy_expander
from rnncore import UPDATE_RULES
from rnncore.schedules import SCHEDULES


def show() -> None:
    """Draw the settings; each change takes effect at the next iteration."""
    rate, rule, clip = st.columns(3)
    with rate:
        _draw_slider(
            "Learning rate",
            settings.LEARNING_RATES,
            "lr",
            f"{TERMS['Learning rate']} For example, 0.008. Too high and the loss jumps or shoots "
            "up; too low and it hardly falls.",
            lambda rate: f"{rate:g}",
        )
        rates.show()
    with rule:
        st.selectbox(
            "Update rule",
            list(UPDATE_RULES),
            key=widgets.train_key("update_rule"),
            help=f"{TERMS['Update rule']} Adam and RMSprop give each weight a step size of its "
            "own, Adagrad takes ever smaller steps, SGD takes the plain gradient and needs a "
            "higher learning rate, for example 1.",
            on_change=settings_callbacks.apply_train_settings,
        )
    with clip:
        _draw_slider(
            "Gradient clipping",
            settings.CLIPS,
            "clip",
            f"{TERMS['Gradient clipping']} 5 is usual: one odd batch cannot spoil the network.",
            lambda clip: "off" if math.isinf(clip) else f"{clip:g}",
        )
    lazy_expander("Advanced", "advanced_open", _draw_advanced)
    st.toggle(
        "Notify me at the end",
        key="notify",
        help="A notification of the browser when training ends. The browser asks for permission; "
        "the page must stay open.",
    )


def _draw_advanced() -> None:
    st.segmented_control(
        "Schedule",
        list(SCHEDULES),
        key=widgets.train_key("schedule"),
        required=True,
        help=f"{TERMS['Schedule']} It stays (constant), is halved several times (step), or falls "
        "along a cosine curve to almost zero (cosine).",
        on_change=settings_callbacks.apply_train_settings,
    )
    _draw_slider(
        "Warm-up iterations",
        settings.WARMUPS,
        "warmup",
        f"{TERMS['Warm-up iterations']} Use some, for example 500, if the loss shoots up there.",
        lambda n: f"{n:,}" if n else "none",
    )
    _draw_slider(
        "Validation interval",
        settings.EVAL_INTERVALS,
        "eval_every",
        f"{TERMS['Iterations between validations']} For example, 200. Automatic spends about a "
        "twentieth of the time on validations.",
        lambda n: "never" if math.isinf(n) else f"{n:,}" if n else "automatic",
    )
    _draw_slider(
        "Memory reset interval",
        settings.FRESH_STARTS,
        "fresh_after",
        f"{TERMS['Iterations between memory resets']} A passage of the batch then starts with an "
        "empty memory, as a sample does. Use more than 256 if the text depends on what is far "
        "back.",
        lambda n: "never" if math.isinf(n) else f"{n:,}",
    )


def _draw_slider(
    label: str,
    offered: Sequence[float],
    name: str,
    explanation: str,
    format_option: Callable[[float], str],
) -> None:
    key = widgets.train_key(name)
    st.select_slider(
        label,
        widgets.options(key, offered),
        format_func=format_option,
        key=key,
        help=explanation,
        on_change=settings_callbacks.apply_train_settings,
        persist_state="session",
    )
