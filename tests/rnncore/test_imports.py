"""How rnncore hangs together: a module imports from lower floors only, and little else."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from tests.support.paths import ROOT

PACKAGE = ROOT / "rnncore"

# Bottom first. A new module takes its place here: above all that it imports.
FLOORS = (
    {"errors", "compute.blas", "compute.buffers", "history"}
    | {"reading.gutenberg", "reading.file_names"}
    | {"reading", "storage", "compute", "sharding", "cli"},
    {"checks", "compute.threads", "compute.shared_memory", "layers", "vocab", "plotting"}
    | {"reading.archives", "reading.encodings"}
    | {"storage.atomic_write", "storage.npz", "storage.safe_unpickler"},
    {"reading.text", "batches", "optim", "schedules", "cells.base", "compute.worker_pool"},
    {"cells.vanilla", "cells.lstm", "cells.gru"},
    {"cells", "sharding.remote_shard"},
    {"batch_pass"},
    {"model"},
    {"solver", "sampling", "gradcheck", "storage.model_from_values", "sharding.worker"},
    {"storage.original_pickle"},
    {"storage.model_pickle"},
    {"storage.checkpoint", "pretrained"},
    {"cli.training_options"},
    {"cli.train", "cli.sample", "cli.gradcheck", "cli.info"},
    {"cli.main"},
    {"__main__"},
)
FLOOR = {module: number for number, floor in enumerate(FLOORS) for module in floor}

# A method of a model may call what is built upon models, if it imports that when called.
CONVENIENCES = {("model", "sampling"), ("model", "storage.model_from_values")}

# Never at the top: plot_loss alone needs them, in notebooks.
LAZY_PACKAGES = {"plotting": {"altair", "pandas"}}

FILES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path != PACKAGE / "__init__.py"
}
every_module = pytest.mark.parametrize("module", FILES)


def imports(module):
    """(full name, whether at the top of the module) of everything that is imported."""
    tree = ast.parse(FILES[module].read_text(encoding="utf-8"))
    for top, node in walk(tree, top=True):
        if isinstance(node, ast.Import):
            yield from ((alias.name, top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "write imports out in full"
            yield from ((f"{node.module}.{alias.name}", top) for alias in node.names)


def walk(node, top):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        yield top, child
        yield from walk(child, top and not isinstance(child, (ast.FunctionDef, ast.Lambda)))


def own_module(name):
    """The module of rnncore that ``rnncore.a.b`` lives in: "a.b", "a", or "" for the package."""
    parts = name.split(".")[1:]
    while parts and ".".join(parts) not in FILES:
        parts.pop()
    return ".".join(parts)


@every_module
def test_every_module_has_a_floor(module):
    assert module in FLOOR, f"give {module} its place in FLOORS, above all that it imports"


@every_module
def test_imports_come_from_lower_floors(module):
    for name, top in imports(module):
        if name.split(".")[0] != "rnncore":
            continue
        lower = own_module(name)
        assert lower, f"{module}: import {name} from its own module"
        if top or (module, lower) not in CONVENIENCES:
            assert FLOOR[lower] < FLOOR[module], f"{module} imports {lower}, which is not below it"


@every_module
def test_numpy_and_the_standard_library_are_enough(module):
    for name, top in imports(module):
        package = name.split(".")[0]
        if package in sys.stdlib_module_names or package in {"numpy", "rnncore"}:
            continue
        assert not top, f"{module} imports {package} at its top"
        assert package in LAZY_PACKAGES.get(module, ()), f"{module} imports {package}"


@every_module
def test_nothing_prints_or_draws_from_global_randomness(module):
    for node in ast.walk(ast.parse(FILES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name) and not module.startswith("cli."):
            assert node.id != "print", f"{module} prints in line {node.lineno}"
        if isinstance(node, ast.Attribute) and ast.unparse(node).startswith("np.random."):
            drawn = ast.unparse(node).split(".")[2]
            assert drawn in {"default_rng", "Generator"}, f"{module} uses {ast.unparse(node)}"


def in_fresh_python(code):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=PACKAGE.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_importing_it_all_prints_nothing_and_loads_no_other_package():
    names = [f"rnncore.{module}" for module in FILES]
    done = in_fresh_python(
        f"import importlib, sys\n"
        f"for name in {names}: importlib.import_module(name)\n"
        f"others = {{'streamlit', 'dashboard', 'pandas', 'altair', 'scipy', 'matplotlib'}}\n"
        f"assert not others & set(sys.modules), others & set(sys.modules)"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_blas_is_settled_before_numpy_is_loaded():
    done = in_fresh_python(
        "import rnncore.compute.blas\n"
        "reasons = rnncore.compute.blas.info().reasons\n"
        "assert any(r.startswith('threads:') for r in reasons), reasons"
    )
    assert done.returncode == 0, done.stderr


def test_the_public_names_are_there():
    import rnncore

    for name in rnncore.__all__:
        assert hasattr(rnncore, name), name
    promised = {"RNN", "Solver", "Vocab", "RnnCoreError", "read_text", "save", "load"}
    assert promised <= set(rnncore.__all__)
    assert issubclass(rnncore.RnnCoreError, ValueError)


def test_the_dashboard_is_no_package_of_it():
    import tomllib

    packages = sorted(f"rnncore.{p.parent.name}" for p in PACKAGE.glob("*/__init__.py"))
    settings = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["tool"]["setuptools"]["packages"] == ["rnncore", *packages]
    needed = [line.partition(">")[0] for line in settings["project"]["dependencies"]]
    assert needed == ["numpy"]
