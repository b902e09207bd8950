"""Rates: the settings of a training that act at once, also while it goes on."""

from __future__ import annotations

import math

import streamlit as st

from dashboard import actions, settings, state
from rnncore import UPDATE_RULES
from rnncore.schedules import SHAPES


def show() -> None:
    """Draw them."""
    changed = actions.apply_train_settings
    with st.expander("Learning rate and other settings, which act at once"):
        st.select_slider(
            "Learning rate",
            state.choices(state.train_key("lr"), settings.LEARNING_RATES),
            format_func=lambda rate: f"{rate:g}",
            help="How far each step goes. Too high and the loss jumps about or shoots up; too low "
            "and it hardly falls.",
            key=state.train_key("lr"),
            on_change=changed,
        )
        st.selectbox(
            "Update rule",
            list(UPDATE_RULES),
            key=state.train_key("update_rule"),
            help="How a gradient becomes a step. Adam and RMSprop give each parameter a step of "
            "its own size; plain SGD needs a much higher rate, Adagrad slows down by itself.",
            on_change=changed,
        )
        st.segmented_control(
            "Schedule",
            list(SHAPES),
            key=state.train_key("schedule"),
            required=True,
            help="How the learning rate goes over the run: constant, halved in steps, "
            "or falling like a cosine to almost nothing.",
            on_change=changed,
        )
        st.select_slider(
            "Warm-up, in iterations",
            state.choices(state.train_key("warmup"), settings.WARMUPS),
            format_func=lambda n: f"{n:,}" if n else "none",
            key=state.train_key("warmup"),
            help="The learning rate rises over so many iterations at the beginning of a run. "
            "Try it when the loss shoots up there; it hardly matters otherwise.",
            on_change=changed,
        )
        st.select_slider(
            "Clip the gradient's norm at",
            state.choices(state.train_key("clip"), settings.CLIPS),
            format_func=lambda clip: "off" if math.isinf(clip) else f"{clip:g}",
            key=state.train_key("clip"),
            help="A gradient longer than this is cut to this length, so that one odd batch cannot "
            "throw the network off.",
            on_change=changed,
        )
        st.select_slider(
            "Iterations between validations",
            state.choices(state.train_key("eval_every"), settings.EVAL_INTERVALS),
            format_func=lambda n: (
                "never" if math.isinf(n) else f"{n:,}" if n else "a twentieth of the time"
            ),
            key=state.train_key("eval_every"),
            help="How often the loss on the held-out text is measured; left alone, so that it "
            "takes a twentieth of the time. Fewer show sooner where it stands, more train faster.",
            on_change=changed,
        )
        st.select_slider(
            "Iterations until a fresh start",
            state.choices(state.train_key("fresh_after"), settings.FRESH_STARTS),
            format_func=lambda n: "never" if math.isinf(n) else f"{n:,}",
            key=state.train_key("fresh_after"),
            help="The places of the text that are read side by side take turns in forgetting what "
            "they have read, each after so many iterations: a sample begins with nothing in mind "
            "too. More suit a text in which much depends on what stands far back.",
            on_change=changed,
        )
