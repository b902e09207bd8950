"""requirements.lock pins versions, with hashes, that requirements.txt accepts."""

from __future__ import annotations

import re

import pytest
from packaging.requirements import Requirement

from tests.support.paths import ROOT


def read(name):
    """Return the requirements in one of the root's files."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [
        Requirement(line) for line in (full.partition("#")[0].strip() for full in lines) if line
    ]


REQUIREMENTS, FOR_SWEEPS = read("requirements.txt"), read("requirements-sweep.txt")
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PINS = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", LOCK, re.MULTILINE))


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda requirement: requirement.name)
def test_the_lock_file_has_a_version_that_is_accepted(requirement):
    assert PINS[requirement.name] in requirement.specifier


@pytest.mark.parametrize(
    "requirement", [*REQUIREMENTS, *FOR_SWEEPS], ids=lambda requirement: requirement.name
)
def test_every_requirement_has_a_lower_and_an_upper_bound(requirement):
    assert {bound.operator for bound in requirement.specifier} == {">=", "<"}


def test_every_pinned_version_has_a_hash():
    entries = re.split(r"^(?=[a-z0-9-]+==)", LOCK, flags=re.MULTILINE)[1:]
    assert len(entries) == len(PINS)
    assert all("--hash=sha256:" in entry for entry in entries)


def test_the_lock_file_names_no_server():
    assert "://" not in LOCK
