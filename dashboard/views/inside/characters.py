"""Characters: the embedding as a plane, and the size of weights, gates and gradients."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboard.analysis.inside import over_training
from dashboard.analysis.inside.characters import LayerFigures, figures_by_layer, plane
from dashboard.analysis.inside.reading import Values
from dashboard.charts import inside as charts
from dashboard.page import inside_jobs, inside_state
from dashboard.page.inside_state import Subject
from dashboard.reports.escaping import escape
from dashboard.runs.run import Run
from dashboard.views.inside import parts


def draw(run: Run, subject: Subject) -> None:
    """Draw the view."""
    network = subject.network
    reading = inside_state.held_out(run, subject, 2_000)
    found = parts.wait_for(
        inside_jobs.analyse(
            "characters", (subject, reading), 1,
            lambda _: (plane(network), figures_by_layer(network, reading)),
        ),
        "Computing the components",
    )  # fmt: skip
    if found is None:
        return
    where, figures = found
    st.vega_lite_chart(
        charts.plane_rows(where),
        charts.plane_spec(),
        width="stretch",
        alt="The characters on the plane of the embedding's first two components",
    )
    st.caption(
        f"The network stores each character as {network.input_dim} numbers (its embedding). Their "
        f"first two principal components hold {100 * sum(where.shares):.0f} % of the variance. "
        "Characters that the network treats alike lie close to each other."
    )
    _draw_table(figures)
    _draw_over_training(run, subject)


def _draw_over_training(run: Run, subject: Subject) -> None:
    """Draw a figure of each layer over the training, or failing that the whole gradient's norm."""
    history = run.solver.history.view()
    offered = over_training.available(history.layers)
    if not offered:
        if len(history) > 1:
            norms = {"All layers together": history["grad_norm"]}
            _draw_lines(norms, "Gradient norm", history["iteration"], log=True)
        st.caption(
            "Figures of each layer are measured at validations, and this run has had none since "
            "they are kept. Train on to see them."
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        measure = st.segmented_control(
            "Over the training", list(offered), format_func=offered.__getitem__,
            default="gradient", required=True, key="inside_over",
        ) or "gradient"  # fmt: skip
        of_gates = over_training.is_of_gates(measure)
        if of_gates:
            parts.choose_layer(subject)
    layer, _ = inside_state.layer_and_unit(subject)
    found = over_training.lines(history.layers, measure, layer, parts.PARTS)
    title = f"{offered[measure]}, percent" if of_gates else offered[measure]
    _draw_lines(found, title, history.layers["iteration"], log=not of_gates)
    st.caption(
        "The share of a gate's values within 0.1 of its end, on the same held-out characters at "
        "each validation."
        if of_gates
        else "Measured at each validation. The gradient is that of one batch, before clipping."
    )


def _draw_lines(lines: Mapping[str, Values], title: str, at: Values, *, log: bool) -> None:
    st.vega_lite_chart(
        charts.line_rows(lines, "Iteration", title, at),
        charts.line_spec("Iteration", title, log=log, columns=3),
        width="stretch",
        alt=f"{title} over the training",
    )


def _draw_table(figures: list[LayerFigures]) -> None:
    names = list(figures[0].weights)
    gates = list(figures[0].saturated)
    head = "".join(f"<th>{escape(name)}</th>" for name in ["Layer", *names])
    head += "".join(f"<th>{escape(g)} near 0</th><th>{escape(g)} near 1</th>" for g in gates)
    rows = ""
    for layer in figures:
        cells = [str(layer.layer + 1)] + [f"{layer.weights[name]:.3f}" for name in names]
        for gate in gates:
            cells += [f"{100 * share:.0f} %" for share in layer.saturated[gate]]
        rows += "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    st.html(
        "<div style='overflow-x:auto'><table style='font-size:.85rem;white-space:nowrap;"
        "text-align:right;"
        "border-spacing:1rem 0;font-variant-numeric:tabular-nums' "
        f"aria-label='Weights and gates by layer'><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )
    st.caption(
        "Wx, Wh and b: root mean square of the weights. Gates near 0 or 1 (within 0.1) are "
        "saturated: they are fully closed or fully open."
    )
