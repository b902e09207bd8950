"""Below the learning rate: the rate that suits the network, and a test of rates."""

from __future__ import annotations

import streamlit as st

from dashboard.charts import rate_test
from dashboard.formatting import escape_markdown
from dashboard.page import error_boundary, rates, state, widgets
from dashboard.runs.rate_probe import TEST_SECONDS, Candidate
from dashboard.settings import CELL_NAMES

_TICK_SECONDS = 0.5
_NEAR = 1.5  # rates closer than this factor make no difference that one training could show


def show() -> None:
    """Draw the suggestion and the test, with its result once there is one."""
    network = rates.candidate()
    if network is None:
        return
    job = rates.job_of(network)
    running = job is not None and job.running
    found = None if job is None or running else job.result
    _draw_suggestion(network, running, None if found is None else found.suggested)
    refusal = rates.refusal()
    if refusal:
        st.warning(escape_markdown(refusal))
    st.fragment(error_boundary.part(_watch), run_every=_TICK_SECONDS if running else None)()
    # A refusal answers the last click; that an earlier test found nothing is of no use beside it.
    if job is not None and not running and (job.result is not None or not refusal):
        _draw_result(network)


def _draw_suggestion(network: Candidate, running: bool, tested: float | None) -> None:
    """Draw the rate of the rule. tested: the rate that a test has found; then both are offered."""
    settings = network.settings
    cell = CELL_NAMES.get(settings.cell_type, settings.cell_type)
    adapted = network.update_rule in ("adam", "adamw")
    near = "; yours is near it." if _is_near(network.suggested) else ""
    with st.container(horizontal=True, vertical_alignment="center", key="rates"):
        st.caption(
            f"Suggested for {'this network' if adapted else network.update_rule}: "
            f"**{network.suggested:g}**{near}",
            width="content",
            help=(
                f"It was measured for networks like this one: {cell}, hidden size "
                f"{settings.hidden_dim}, batch size {settings.batch_size}. A larger network needs "
                "a lower rate, a larger batch bears a higher one."
                if adapted
                else "A usual rate for this update rule. It does not depend on the network."
            ),
        )
        if not _is_near(network.suggested) or tested not in (None, network.suggested):
            _draw_use(network.suggested, f"Use {network.suggested:g}", "use_suggested")
        if running:
            st.button("Stop the test", key="stop_rates", on_click=rates.stop_test, args=(network,))
        else:
            st.button(
                f"Test rates ({TEST_SECONDS:g} s)",
                key="test_rates",
                on_click=rates.start_test,
                args=(network,),
                help="Trains a temporary copy, from the first weights, at rates from very low to "
                "too high, and shows where its loss rises. Your run stays as it is.",
            )


def _is_near(rate: float) -> bool:
    """Return whether the rate on the page is about as high."""
    return 1 / _NEAR < widgets.train_settings().lr / rate < _NEAR


def _draw_use(rate: float, label: str, key: str) -> None:
    if rate != widgets.train_settings().lr:
        st.button(label, key=key, on_click=rates.use, args=(rate,))


def _watch() -> None:
    """Draw a note while the test runs; have the page redrawn when it ends."""
    network = rates.candidate()
    job = None if network is None else rates.job_of(network)
    running = job is not None and job.running
    if job is not None and running:
        st.progress(job.share, f"Testing rates … {100 * job.share:.0f} %")
    if state.flag_change("testing rates", running) is False:
        st.rerun()  # the whole page, so that this fragment stops ticking


def _draw_result(network: Candidate) -> None:
    job = rates.job_of(network)
    if job is None:
        return
    found = job.result
    if found is None:
        reason = "because a training started" if job.interrupted else "with an error"
        st.caption(f"The test ended {reason}, so it has no result.")
        return
    if len(found.rates):
        st.vega_lite_chart(
            rate_test.rate_rows(found),
            rate_test.rate_spec(),
            width="stretch",
            key="rate_test",
            alt="Loss by learning rate, with the rate that the test suggests",
        )
    if found.suggested is None or found.too_high is None:
        st.caption(
            "The test suggests no rate: the loss did not clearly rise, or the network is too slow "
            "for it."
        )
        return
    with st.container(horizontal=True, vertical_alignment="center", key="rate_found"):
        st.caption(
            f"Found by the test: **{found.suggested:g}**. From a rate of {found.too_high:.2g} on "
            "the loss rises.",
            help="A good start is about a tenth of the rate from which on the loss rises. The test "
            "is rough: another text or a busy computer may change its suggestion by half.",
        )
        if found.suggested != network.suggested:
            _draw_use(found.suggested, f"Use {found.suggested:g} (tested)", "use_tested")
