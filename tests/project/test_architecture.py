"""docs/architecture.md describes the code as it is: its arrows are imports, its functions exist."""

from __future__ import annotations

import ast
import re

import pytest

from tests.support.paths import ROOT

DOCUMENT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PACKAGES = ("dashboard", "rnncore")  # in the order of their drawings

Edges = dict[str, set[str]]


def read_arrows(package: str) -> Edges:
    """Return what each part of the package points to in the package's drawing."""
    drawing = DOCUMENT.split("```mermaid")[1 + PACKAGES.index(package)].split("```")[0]
    found: Edges = {}
    for line in drawing.strip().splitlines()[1:]:
        importer, imported = line.strip().split(" --> ")
        found.setdefault(importer, set()).add(imported)
    return found


def read_imports(package: str) -> Edges:
    """Return which other parts of the package each part imports.

    A part is a folder or file directly in the package; for the dashboard also ``rnncore``.
    """
    found: Edges = {}
    for path in (ROOT / package).rglob("*.py"):
        part = path.relative_to(ROOT / package).with_suffix("").parts[0]
        if part == "__init__":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, (ast.Import, ast.ImportFrom)):
                continue
            names = [alias.name for alias in node.names]
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{name}" for name in names]
            for name in names:
                top, *inner = name.split(".")
                if top == package and inner[0] != part:
                    found.setdefault(part, set()).add(inner[0])
                elif top == "rnncore" != package:
                    found.setdefault(part, set()).add(top)
    return found


def reach(part: str, edges: Edges) -> set[str]:
    """Return all parts that the arrows lead to from this one."""
    return set().union(*({next} | reach(next, edges) for next in edges.get(part, ())))


@pytest.mark.parametrize("package", PACKAGES)
def test_every_import_follows_the_arrows(package):
    arrows = read_arrows(package)
    for part, imported in read_imports(package).items():
        missing = imported - reach(part, arrows)
        assert not missing, f"draw {part} --> {', '.join(sorted(missing))}"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_arrow_is_an_import(package):
    imports = read_imports(package)
    for part, others in read_arrows(package).items():
        assert others <= imports.get(part, set()), f"{part} imports only {imports.get(part)}"


def test_every_package_of_the_dashboard_is_described():
    folder = ROOT / "dashboard"
    packages = {path.parent.name + "/" for path in folder.glob("*/__init__.py")}
    packages |= {path.name for path in folder.glob("*.py")} - {"__init__.py"}
    rows = DOCUMENT.split("| package | content |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `(.+?)` \|", rows, re.MULTILINE)) == packages


NAMED = re.findall(r"`([\w/]+\.py): ([\w.]+)`", DOCUMENT)


def test_the_walks_name_functions():
    assert len(NAMED) > 40


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_every_named_function_exists(file, name):
    body: list[ast.stmt] = ast.parse((ROOT / file).read_text(encoding="utf-8")).body
    for part in name.split("."):
        found = [
            node
            for node in body
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == part
        ]
        assert found, f"{file} has no {name}"
        body = found[0].body
