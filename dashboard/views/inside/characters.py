"""Characters: the embedding as a plane, and the size of weights, gates and gradients."""

from __future__ import annotations

import streamlit as st

from dashboard.analysis.inside.characters import LayerFigures, figures_by_layer, plane
from dashboard.charts import inside as charts
from dashboard.page import inside_jobs, inside_state
from dashboard.page.inside_state import Subject
from dashboard.reports.escaping import escape
from dashboard.runs.run import Run
from dashboard.views.inside import parts

_X, _Y = "Iteration", "Gradient norm"


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
    history = run.solver.history.view()
    norms = history["grad_norm"]
    if len(norms) > 1:
        st.vega_lite_chart(
            charts.line_rows({"All layers together": norms}, _X, _Y, history["iteration"]),
            charts.line_spec(_X, _Y, log=True),
            width="stretch",
            alt="Gradient norm over the training",
        )
        st.caption(
            "The norm of the whole gradient over training, before clipping. The history keeps no "
            "norm for each layer."
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
