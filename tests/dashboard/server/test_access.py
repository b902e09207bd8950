"""Who may see the list of past runs: whoever sits at the computer, and nobody by way of it."""

from __future__ import annotations

import pytest

from dashboard.server.access import is_private

HERE = "127.0.0.1"


@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1:8501", "[::1]:8501", "LOCALHOST"])
@pytest.mark.parametrize("address", [HERE, "localhost", "::1"])
def test_a_page_on_the_computer_itself_is_private(address, host):
    assert is_private(address, {"Host": host}, "")
    assert is_private(address, {"Host": host}, "0")


@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.1.7", "", None])
def test_a_server_that_others_can_open_is_not(address):
    assert not is_private(address, {"Host": "localhost:8501"}, "")


@pytest.mark.parametrize(
    "host", ["evil.example:8501", "127.0.0.1.evil.example", "localhost@evil.example", "", "[::1"]
)
def test_a_name_that_another_site_made_point_here_is_not(host):
    assert not is_private(HERE, {"Host": host}, "")


def test_a_request_that_does_not_say_whom_it_calls_is_not():
    assert not is_private(HERE, {}, "")


@pytest.mark.parametrize("name", ["X-Forwarded-For", "x-forwarded-host", "Forwarded", "X-Real-Ip"])
def test_a_page_that_comes_through_a_proxy_is_not(name):
    assert not is_private(HERE, {"Host": "localhost:8501", name: "10.0.0.7"}, "")


def test_a_server_that_its_owner_calls_shared_is_not():
    assert not is_private(HERE, {"Host": "localhost:8501"}, "1")
