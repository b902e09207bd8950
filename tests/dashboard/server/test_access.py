"""Past runs are listed only for a page that is open on the server's own computer."""

from __future__ import annotations

import pytest

from dashboard.server import access
from dashboard.server.access import ACCOUNT_HEADER, is_private
from dashboard.server.accounts import OTHER, OWN, UNKNOWN

HERE = "127.0.0.1"


@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1:8501", "[::1]:8501", "LOCALHOST"])
@pytest.mark.parametrize("address", [HERE, "localhost", "::1"])
def test_a_page_on_the_server_s_own_computer_is_private(address, host):
    assert is_private(address, {"Host": host, ACCOUNT_HEADER: OWN}, "", lambda: True)
    assert is_private(address, {"Host": host}, "0", lambda: True)


@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.1.7", "", None])
def test_a_server_that_other_computers_can_reach_is_not_private(address):
    assert not is_private(address, {"Host": "localhost:8501"}, "0")


@pytest.mark.parametrize(
    "host", ["evil.example:8501", "127.0.0.1.evil.example", "localhost@evil.example", "", "[::1"]
)
def test_another_site_s_host_name_is_not_private(host):
    assert not is_private(HERE, {"Host": host}, "0")


def test_a_request_without_a_host_header_is_not_private():
    assert not is_private(HERE, {}, "0")


@pytest.mark.parametrize(
    "name",
    [
        "X-Forwarded-For",
        "x-forwarded-host",
        "Forwarded",
        "X-Real-Ip",
        "Via",
        "X-Client-IP",
        "CF-Connecting-IP",
        "CF-Ray",
        "True-Client-IP",
        "Tailscale-User-Login",
        "Fly-Client-IP",
        "Fastly-Client-IP",
        "X-Azure-ClientIP",
        "X-Amzn-Trace-Id",
        "X-Original-Host",
        "X-Cluster-Client-Ip",
        "X-Envoy-External-Address",
    ],
)
def test_a_request_through_a_proxy_is_not_private(name):
    assert not is_private(HERE, {"Host": "localhost:8501", name: "10.0.0.7"}, "0")


def test_a_server_that_its_owner_shares_is_not_private():
    assert not is_private(HERE, {"Host": "localhost:8501", ACCOUNT_HEADER: OWN}, "1")


@pytest.mark.parametrize("name", ["Accept", "Cookie", "Origin", "User-Agent", "Sec-Fetch-Site"])
def test_a_browser_s_own_headers_do_not_look_like_a_proxy(name):
    assert is_private(HERE, {"Host": "localhost:8501", name: "x"}, "", lambda: False)


def test_another_account_of_this_computer_sees_no_past_runs():
    for others in (True, False):
        headers = {"Host": "localhost:8501", ACCOUNT_HEADER: OTHER}
        assert not is_private(HERE, headers, "", lambda others=others: others)


def test_where_the_account_is_unknown_it_matters_whether_there_are_others():
    headers = {"Host": "localhost:8501", ACCOUNT_HEADER: UNKNOWN}
    assert is_private(HERE, headers, "", lambda: False)
    assert not is_private(HERE, headers, "", lambda: True)


@pytest.mark.parametrize(
    ("shared", "listed", "others", "hidden"),
    [("", False, True, True), ("", False, False, False), ("", True, True, False),
     ("0", False, True, False), ("1", False, True, False)],
)  # fmt: skip
def test_the_server_says_when_other_accounts_hide_the_past_runs(
    monkeypatch, shared, listed, others, hidden
):
    monkeypatch.setattr(access, "LISTS_CONNECTIONS", listed)
    monkeypatch.setattr(access, "others_exist", lambda: others)
    assert access.hides_runs_from_all(shared) is hidden
