"""The stage: the loss curve and, equal in height, what the network wrote at the selected stage."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from dashboard.analysis.baselines import Baseline
from dashboard.charts.chart_options import SMOOTHINGS, UNITS, X_AXES, ChartOptions
from dashboard.charts.chart_parts import TRAINING, VALIDATION
from dashboard.charts.history_column import COLUMN_TITLES, column_chart
from dashboard.charts.history_line import describe_thinning
from dashboard.charts.loss import UNIT_TITLES, loss_chart
from dashboard.formatting import counted
from dashboard.page import stage_callbacks, widgets
from dashboard.reports.terms import TERMS
from dashboard.runs.run import Run
from dashboard.training.sample_log import Entry
from dashboard.views import before, markup
from rnncore.history import History

_USUAL_LENGTH = 2_000  # iterations, while the goal has no number of them
_OPEN_ENDED = (500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000)


def show(run: Run | None, baselines: list[Baseline]) -> None:
    """Draw curve, writing and the slider that selects the stage."""
    # A copy: the trainer may append to the log meanwhile.
    entries = [] if run is None else list(run.sample_log.entries)
    sampled = [entry.iteration for entry in entries]
    stage = widgets.stage(sampled)
    length = axis_length(run)
    with st.container(key="stage_area"):
        with st.container(key="chart_panel"):
            _draw_curve(run, baselines, stage, sampled, length)
        with st.container(key="stage_row"):
            _draw_slider(sampled, length)
        with st.container(key="writing_panel"):
            _draw_writing(run, entries, stage)
        with st.container(key="hint", horizontal=True, vertical_alignment="center"):
            if entries and stage != entries[-1].iteration:
                st.button(
                    "Show the newest",
                    key="newest_stage",
                    type="tertiary",
                    icon=":material/last_page:",
                    on_click=stage_callbacks.show_newest,
                    help="Shows each new sample again as soon as it is written.",
                )
                st.space("stretch")
            elif widgets.offers_stages(sampled):
                st.caption(
                    "Drag the slider or click the curve: what it wrote then", width="stretch"
                )
            else:
                st.space("stretch")
            with st.popover("Chart options", icon=":material/tune:", type="tertiary"):
                _draw_options()


def axis_length(run: Run | None) -> int:
    """Return the iterations at the right end of the curve's x axis."""
    if run is None:
        goal, per_epoch = widgets.goal(), before.iterations_per_epoch()
        if goal.kind == "epochs" and per_epoch is None:
            return _USUAL_LENGTH
        return goal.iterations(per_epoch or 1, 0.0, otherwise=_USUAL_LENGTH)
    done = max(run.solver.iteration, 1)
    if run.plan.open_ended:
        return next((n for n in _OPEN_ENDED if n > done), 2 * done)
    return max(run.solver.num_iters, done)


def _draw_curve(
    run: Run | None,
    baselines: list[Baseline],
    stage: int | None,
    sampled: list[int],
    length: int,
) -> None:
    history = History() if run is None else run.solver.history
    settings = widgets.model_settings() if run is None else run.model_settings
    iterations = before.iterations_per_epoch() or 0  # of an epoch; 0 without a text
    per_epoch = iterations * settings.chars_per_iteration if run is None else run.chars_per_epoch
    options = replace(
        widgets.chart_options(),
        marks=[] if run is None else run.trainer.changes[-50:],
        baselines=baselines,
        stage=stage if len(history) else None,
        samples=sampled if widgets.offers_stages(sampled) else (),
        length=length,
        chars_per_iteration=settings.chars_per_iteration if per_epoch else 0,
    )
    st.html(
        '<div class="panel-head">'
        f'<span><i style="background:{TRAINING}"></i>training</span>'
        f'<span><i style="background:{VALIDATION}"></i>validation</span>'
        f'<span class="end">{UNIT_TITLES[options.unit]} by {options.x.lower()}</span></div>'
    )
    rows, spec = loss_chart(history, per_epoch, options)
    st.vega_lite_chart(
        rows,
        spec,
        width="stretch",
        height="stretch",
        key="loss_chart",
        alt="Training and validation loss over the run",
    )


def show_side_charts(run: Run) -> None:
    """Draw the gradient norm and the learning rate over the run, if they were asked for."""
    history = run.solver.history
    if thinning := describe_thinning(history):
        st.caption(thinning)
    if not widgets.shows_side_charts() or not len(history):
        return
    options: ChartOptions = widgets.chart_options()
    for column in ("grad_norm", "lr"):
        rows, spec = column_chart(history, run.chars_per_epoch, column, options)
        st.vega_lite_chart(
            rows,
            spec,
            width="stretch",
            key=f"{column}_chart",
            alt=f"{COLUMN_TITLES[column]} over the run",
        )


def _draw_slider(sampled: list[int], length: int) -> None:
    newest = sampled[-1] if sampled else 0
    st.select_slider(
        "Stage",
        widgets.stage_options(newest, length),
        # A default: a browser that has missed a value that was set would show and send the first
        # option.
        widgets.NEWEST,
        format_func=lambda n: n if n == widgets.NEWEST else f"{n:,}",
        key="stage",
        on_change=stage_callbacks.follow_newest,
        disabled=not widgets.offers_stages(sampled),
        label_visibility="collapsed",
    )


def _draw_writing(run: Run | None, entries: list[Entry], stage: int | None) -> None:
    if run is not None and stage is not None:
        entry = next(entry for entry in entries if entry.iteration == stage)
        title = (
            f"What it wrote after {counted(entry.iteration, 'iteration')}, at a training loss of "
            f"{entry.loss:.2f}"
        )
        body = markup.panel_text(run.sample_log.seed_text, entry.text, "Sample at this stage")
        st.html(markup.panel_head(title, "") + body)
        return
    title, note, sample = before.sample_of(run)
    body = markup.panel_text(sample.seed_text, sample.text, "Sample writing")
    st.html(markup.panel_head(title, note) + body)


def _draw_options() -> None:
    """Draw the options of the loss chart."""
    widgets.resend_chart_options()
    st.segmented_control(
        "X axis",
        list(X_AXES),
        key="chart_x",
        required=True,
        help=f"{TERMS['Iterations']} {TERMS['Epochs']}",
    )
    st.segmented_control(
        "Y axis",
        UNITS,
        key="chart_unit",
        required=True,
        help=f"Nats: {TERMS['Nats per character']} Perplexity: {TERMS['Perplexity']}",
    )
    st.select_slider(
        "Smoothing",
        widgets.options("chart_smoothing", SMOOTHINGS),
        key="chart_smoothing",
        format_func=lambda n: counted(n, "iteration"),
        help="Iterations over which the thick training curve is averaged, for example 100.",
    )
    st.toggle(
        "Gradient norm and learning rate",
        key="chart_more",
        help="Two small charts below the stage. The gradient norm is the overall length of the "
        "gradient; a sudden peak warns that the learning rate may be too high.",
    )
    st.caption(
        "Thick blue line: training loss, averaged. Thin blue line: the loss as it is. Orange: "
        "validation, its best at the diamond. Dashed lines: levels to beat. Purple line: the stage "
        "that is shown. Dotted upright line: a setting was changed; point at it to see which."
    )
