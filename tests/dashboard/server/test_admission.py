"""Up to a limit of pages are admitted, and an admitted page stays admitted."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from dashboard.server.admission import AdmissionControl
from tests.browser.conftest import Server
from tests.support.session import visiting


def test_a_page_over_the_limit_is_admitted_when_another_has_closed():
    admission, present = AdmissionControl(2), {"a", "b", "c"}
    assert admission.admit("a", present.__contains__)
    assert admission.admit("b", present.__contains__)
    assert not admission.admit("c", present.__contains__)
    assert admission.admit("a", present.__contains__)  # at its next run
    present.remove("b")
    assert admission.admit("c", present.__contains__)


def test_a_page_that_reconnects_is_admitted_over_the_limit():
    admission, present = AdmissionControl(1), {"a"}
    assert admission.admit("a", present.__contains__)
    present = {"b"}
    assert admission.admit("b", present.__contains__)
    present = {"a", "b"}
    assert admission.admit("a", present.__contains__, again=True)
    assert not admission.admit("c", present.__contains__)


def test_a_full_server_shows_a_message_and_opens_by_itself(tmp_path: Path):
    server = Server(tmp_path / "runs", tmp_path / "log.txt", LSTM_WORKBENCH_PAGES="2")
    sentence = "All 2 pages that this server can show at once are in use"
    try:
        with ExitStack() as others, visiting(server.url) as first:
            others.enter_context(visiting(server.url))
            with visiting(server.url) as third:
                assert third.says(sentence)
                first.press("Train")  # an admitted page continues
                first.wait_for(lambda: first.iterations() > 0, 60)
                third.wait_for(lambda: third.drawn > 2, 30)  # it has asked again
                assert third.says(sentence)
                others.close()
                third.wait_for(lambda: third.has_button("Train"), 30)
                assert not third.says(sentence)
                third.press("Train")
                third.wait_for(lambda: third.iterations() > 0, 60)
    finally:
        server.stop()
