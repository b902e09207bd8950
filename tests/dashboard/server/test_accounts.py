"""The account at the other end of a connection, and other people's accounts."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from dashboard.server import accounts
from dashboard.server.accounts import OTHER, OWN, UNKNOWN, account_of

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists connections")


@pytest.fixture(params=["127.0.0.1", "::1"])
def connection(request):
    """Return the two ends of a connection from this process to itself."""
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    try:
        server = socket.create_server((request.param, 0), family=family)
    except OSError:
        pytest.skip(f"there is no {request.param} here")
    with server, socket.socket(family) as client:
        client.connect(server.getsockname())
        yield client.getsockname()[:2], server.getsockname()[:2]


@linux
def test_a_connection_of_this_account_is_its_own(connection):
    assert account_of(*connection) == OWN


@linux
def test_a_connection_of_another_account_is_told_apart(connection, monkeypatch):
    owner = os.getuid()
    rewritten = [(ends, 4321 if uid == owner else uid) for ends, uid in accounts._connections()]
    monkeypatch.setattr(accounts, "_connections", lambda: iter(rewritten))
    assert account_of(*connection) == OTHER


@linux
def test_the_system_s_administrator_counts_as_this_account(connection, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 4321)
    rewritten = [(ends, 0) for ends, _ in accounts._connections()]
    monkeypatch.setattr(accounts, "_connections", lambda: iter(rewritten))
    assert account_of(*connection) == OWN


def test_an_unknown_connection_has_no_known_account(monkeypatch, tmp_path):
    assert account_of(("127.0.0.1", 1), ("127.0.0.1", 2)) == UNKNOWN
    assert account_of(("somewhere", 1), ("fe80::1%eth0", 2)) == UNKNOWN
    monkeypatch.setattr(accounts, "_TABLES", (tmp_path / "none",))
    assert account_of(("127.0.0.1", 1), ("127.0.0.1", 2)) == UNKNOWN


def test_an_ipv4_address_in_the_table_of_ipv6_is_found(monkeypatch):
    row = "0: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000100007F:2328"
    monkeypatch.setattr(sys, "byteorder", "little")
    ends = accounts._parse(row.split()[1]), accounts._parse(row.split()[2])
    assert ends == (accounts._normal("127.0.0.1", 8080), accounts._normal("127.0.0.1", 9000))


@pytest.mark.parametrize(
    ("folders", "others"),
    [
        (["ada", "Shared", "Guest", ".localized"], False),
        (["ada", "Public", "Default", "All Users", "Default User"], False),
        (["ada", "grace"], True),
    ],
)
def test_home_folders_show_other_people_s_accounts(monkeypatch, tmp_path, folders, others):
    for name in folders:
        (tmp_path / name).mkdir()
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "ada")
    accounts.others_exist.cache_clear()
    assert accounts.others_exist() is others
    accounts.others_exist.cache_clear()
