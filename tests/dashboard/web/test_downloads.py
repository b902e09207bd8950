"""Downloads by address: only for the browser that was offered them, only while the run exists."""

from __future__ import annotations

import gc

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute

from dashboard.runs.registry import Registry
from dashboard.server.access import ACCOUNT_HEADER, BROWSER_COOKIE
from dashboard.server.accounts import UNKNOWN
from dashboard.web import downloads
from dashboard.web.visitors import Visitors
from tests.support.asgi import AsgiBrowser
from tests.support.runs import TrackedStore, small_run


async def tell_account(socket):
    await socket.accept()
    await socket.send_text(" ".join(socket.headers.getlist(ACCOUNT_HEADER)))
    await socket.close()


APP = Starlette(
    routes=[
        *downloads.routes(),
        Route("/", lambda request: HTMLResponse("<p>")),
        Route("/script.js", lambda request: PlainTextResponse("")),
        WebSocketRoute("/stream", tell_account),
    ],
    middleware=[Middleware(Visitors)],
)


@pytest.fixture
def browser():
    """Return a browser that has opened the page."""
    client = AsgiBrowser(APP)
    client.get("/")
    return client


@pytest.fixture
def live(tmp_path, monkeypatch):
    registry = Registry(store := TrackedStore(tmp_path / "runs"))
    monkeypatch.setattr(downloads, "get_registry", lambda: registry)
    yield registry
    store.close()


@pytest.fixture
def run(live):
    run = small_run(None, 3)
    live.add(run)
    assert run.autosaver.save_now()
    return run


def offer(browser, run, make=lambda run: f"iteration {run.solver.iteration}", name="a.txt"):
    return downloads.OFFERS.add(browser.cookies[BROWSER_COOKIE], run, "History", name, make)


def test_a_browser_gets_the_file_as_it_is_now(browser, run):
    address = offer(browser, run, name="zażółć 森.txt")
    run.solver.step()
    answer = browser.get(address)
    assert (answer.status, answer.text) == (200, "iteration 4")
    name = answer.headers["content-disposition"]
    assert name == "attachment; filename*=UTF-8''za%C5%BC%C3%B3%C5%82%C4%87%20%E6%A3%AE.txt"
    assert answer.headers["cache-control"] == "no-store"


def test_another_browser_that_has_the_address_gets_nothing(browser, run):
    address = offer(browser, run)
    other = AsgiBrowser(APP)
    assert other.get(address).status == 403  # without a cookie
    other.get("/")
    answer = other.get(address)
    assert (answer.status, "iteration" in answer.text) == (403, False)


def test_the_address_stops_working_when_the_run_is_deleted(browser, run, live):
    address = offer(browser, run)
    live.delete(run.id)
    answer = browser.get(address)
    assert (answer.status, answer.text) == (404, "This run was deleted.")


def test_a_run_that_left_memory_is_read_from_disk(browser, live):
    live.add(run := small_run(None, 3))
    assert run.autosaver.save_now()
    address = offer(browser, run)
    live.unload(run.id)
    assert browser.get(address).text == "iteration 3"  # the page still has the run
    del run
    live.store.autosavers.clear()
    gc.collect()
    assert len(live) == 0
    assert browser.get(address).text == "iteration 3"
    assert len(live) == 1


def test_a_failure_is_a_sentence_without_details(browser, run, caplog):
    def fail(run):
        raise ZeroDivisionError("secret")

    answer = browser.get(offer(browser, run, fail))
    assert (answer.status, "secret" in answer.text) == (500, False)
    assert "could not be created" in answer.text
    assert run.export_error


def test_an_invented_address_and_one_too_many_get_nothing(browser, run, monkeypatch):
    assert browser.get("/download/" + "0" * 64).status == 404
    monkeypatch.setattr(downloads, "MAX_OFFERS", 1)
    first = offer(browser, run)
    assert offer(browser, run) == first  # redrawn
    downloads.OFFERS.add("x", run, "Report", "b.html", str)
    assert browser.get(first).status == 404


def test_a_browser_gets_one_cookie_with_the_page_and_keeps_it(browser):
    assert "set-cookie" not in AsgiBrowser(APP).get("/script.js").headers
    assert "set-cookie" not in browser.get("/").headers
    header = AsgiBrowser(APP).get("/").headers["set-cookie"]
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header


def test_a_request_cannot_choose_its_account(browser):
    forged = {ACCOUNT_HEADER.replace("-", "_"): "own"}
    assert browser.receive_from_socket("/stream", **forged) == UNKNOWN


def test_a_broken_cookie_is_no_cookie():
    answer = AsgiBrowser(APP).get("/", cookie=f'{BROWSER_COOKIE}="; \x01=]')
    assert BROWSER_COOKIE in answer.headers["set-cookie"]
