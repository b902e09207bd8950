"""docs/architecture.md describes the code as it is: its arrows are imports, its functions exist."""

from __future__ import annotations

import ast
import re

import pytest

from tests.support.paths import ROOT

DOCUMENT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
DASHBOARD = ROOT / "dashboard"


def arrows() -> dict[str, set[str]]:
    """Return the packages that each package of the dashboard points to in the first drawing."""
    drawing = DOCUMENT.split("```mermaid")[1].split("```")[0]
    found: dict[str, set[str]] = {}
    for line in drawing.strip().splitlines()[1:]:
        importer, imported = line.strip().split(" --> ")
        found.setdefault(importer, set()).add(imported)
    return found


def package_imports() -> dict[str, set[str]]:
    """Return the packages (and ``rnncore``) that each package of the dashboard imports."""
    found: dict[str, set[str]] = {}
    for path in DASHBOARD.rglob("*.py"):
        package = path.relative_to(DASHBOARD).with_suffix("").parts[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in getattr(node, "names", [])]
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{name}" for name in names]
            elif not isinstance(node, ast.Import):
                continue
            for name in names:
                top, *inner = name.split(".")
                if top == "rnncore":
                    found.setdefault(package, set()).add(top)
                elif top == "dashboard" and inner[0] != package:
                    found.setdefault(package, set()).add(inner[0])
    return found


def reached(package: str, edges: dict[str, set[str]]) -> set[str]:
    """Return all packages that arrows lead to from this one."""
    return set().union(*({next} | reached(next, edges) for next in edges.get(package, ())))


@pytest.mark.parametrize("package", sorted(package_imports()))
def test_every_import_follows_the_arrows(package):
    missing = package_imports()[package] - reached(package, arrows())
    assert not missing, f"draw {package} --> {', '.join(sorted(missing))}"


def test_every_arrow_is_an_import():
    imports = package_imports()
    for package, others in arrows().items():
        assert others <= imports[package], f"{package} imports only {imports[package]}"


def test_every_package_is_described():
    packages = {path.parent.name + "/" for path in DASHBOARD.glob("*/__init__.py")}
    packages |= {path.name for path in DASHBOARD.glob("*.py")} - {"__init__.py"}
    rows = DOCUMENT.split("| package | content |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `(.+?)` \|", rows, re.MULTILINE)) == packages
