"""Check the maths: numeric and analytic gradients of the network at hand."""

from __future__ import annotations

import streamlit as st

from dashboard.page import inside_jobs, inside_state
from dashboard.page.inside_state import Subject
from dashboard.reports.escaping import escape
from dashboard.runs.run import Run
from dashboard.views.inside import parts
from rnncore import inspect


def draw(run: Run, subject: Subject) -> None:
    """Draw the view."""
    network = subject.network
    ids = inside_state.held_out(run, subject, 33).ids
    st.markdown(
        "Training needs the gradient: how the loss changes with each weight. The network computes "
        "it backwards through time; here it is compared with the plain definition, the loss after "
        "a tiny change of one weight."
    )
    flipped = st.selectbox(
        "Break it on purpose", ["", *network.params], width=280, key="inside_flip",
        format_func=lambda name: f"Flip the sign of {name}" if name else "No, check as it is",
        help="The gradient of this parameter gets the wrong sign; the check must notice.",
    )  # fmt: skip
    found = parts.wait_for(
        inside_jobs.analyse(
            "maths", (subject, flipped), 1,
            lambda _: inspect.check_network(network, ids, flipped=flipped),
        ),
        "Computing both gradients",
    )  # fmt: skip
    if found is None:
        return
    wrong = [check.name for check in found if not check.correct]
    if wrong:
        st.error(f"Caught: the gradient of {', '.join(wrong)} is wrong.", icon=":material/error:")
    else:
        st.success("All gradients are right.", icon=":material/check:")
    rows = "".join(
        f"<tr><td style='text-align:left'>{escape(check.name)}</td>"
        f"<td>{' × '.join(str(n) for n in check.shape)}</td><td>{len(check.places)}</td>"
        f"<td>{check.analytic[0]:.3e}</td><td>{check.numeric[0]:.3e}</td>"
        f"<td>{check.error:.0e}</td><td>{'right' if check.correct else 'WRONG'}</td></tr>"
        for check in found
    )
    st.html(
        "<div style='overflow-x:auto'><table style='font-size:.85rem;white-space:nowrap;"
        "text-align:right;"
        "border-spacing:1rem 0;font-variant-numeric:tabular-nums' aria-label='Gradient check'>"
        "<thead><tr><th style='text-align:left'>Parameter</th><th>Shape</th><th>Checked</th>"
        "<th>Analytic</th><th>Numeric</th><th>Error</th><th></th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )
    st.caption(
        "Analytic and numeric: of the weight with the largest gradient. Error: relative, over all "
        "checked weights; above 0.000001 counts as wrong. Computed with 64-bit numbers on "
        f"{len(ids)} characters."
    )
