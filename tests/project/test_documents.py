"""The documents name links, files and tests that exist."""

from __future__ import annotations

import re

import pytest

from tests.support.paths import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("sample_texts/*.md")])
# A path in a document may begin at the root of the project, or in one of these packages.
FOLDERS = (ROOT, ROOT / "dashboard", ROOT / "rnncore")

every_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS]
)


@every_document
def test_links_exist(document):
    for target in re.findall(r"\]\(((?!http)[^)#]+)\)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


@every_document
def test_files_exist(document):
    text = document.read_text(encoding="utf-8")
    for name in re.findall(r"`([\w./-]+(?:\.py|\.toml|\.ipynb|/))`", text):
        folders = (*FOLDERS, document.parent)
        assert any((folder / name).exists() for folder in folders), name


@every_document
def test_commands_run_tests_that_exist(document):
    for arguments in re.findall(r"^python -m pytest (.*)$", document.read_text("utf-8"), re.M):
        for name in re.findall(r"\btests/\S+", arguments):
            assert (ROOT / name).exists(), name
