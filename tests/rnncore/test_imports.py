"""The structure of rnncore: which package imports which, and what it needs from outside."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tomllib

import pytest

from tests.support.paths import ROOT

PACKAGE = ROOT / "rnncore"

# Top first: a module or package imports only from those after it.
# A module directly in rnncore/ counts as a package of its own.
PLAN = (
    "__main__",
    "cli",
    "sweep",
    "export",
    "pretrained",
    "storage",
    "memory_estimate",
    "teaching",
    "range_test",
    "solver",
    "training_loop",
    "learning_rates",
    "best_weights",
    "plotting",
    "progress",
    "inspect",
    "gradcheck",
    "validation",
    "model",
    "sampling",
    "batch_pass",
    "sharding",
    "model_from_values",
    "layer_figures",
    "network",
    "cells",
    "layers",
    "vocab",
    "batches",
    "schedules",
    "optim",
    "history",
    "layer_table",
    "reading",
    "compute",
    "checks",
    "errors",
    "version",
)

# Packages that are imported inside a function, and why.
LAZY_PACKAGES = {
    "plotting": {"altair", "pandas"},  # optional: only ``plot_loss``, for notebooks, needs them
    "sweep.engine": {"dask", "distributed"},  # optional: only a sweep that is computed needs them
    "export.torch_file": {"safetensors"},  # optional: only these files need it
    "export.onnx_file": {"onnx"},  # the same
    "compute.blas": {"numpy"},  # the BLAS reads its settings when NumPy is first imported
}

# Programs that exports carry along. They run without rnncore, and rnncore never imports them.
PROGRAMS = PACKAGE / "export" / "programs"
FILES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path != PACKAGE / "__init__.py" and path.parent != PROGRAMS
}
every_module = pytest.mark.parametrize("module", FILES)


def imports(module):
    """Yield (full name, whether at the top of the module) of everything that is imported."""
    tree = ast.parse(FILES[module].read_text(encoding="utf-8"))
    for top, node in walk(tree, top=True):
        if isinstance(node, ast.Import):
            yield from ((alias.name, top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: write imports out in full"
            yield from ((f"{node.module}.{alias.name}", top) for alias in node.names)


def walk(node, top):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        yield top, child
        yield from walk(child, top and not isinstance(child, (ast.FunctionDef, ast.Lambda)))


def own_imports(module):
    """Return the modules of rnncore that a module imports from; "" is rnncore itself."""
    return {own_module(name) for name, _ in imports(module) if name.split(".")[0] == "rnncore"}


def own_module(name):
    """Return the module of rnncore that ``rnncore.a.b`` is in: "a.b", "a" or ""."""
    parts = name.split(".")[1:]
    while parts:
        for own in (".".join(parts), ".".join([*parts, "__init__"])):
            if own in FILES:
                return own
        parts.pop()
    return ""


@every_module
def test_each_module_has_its_place_in_the_plan(module):
    package = module.split(".")[0]
    assert package in PLAN, f"give {package} its place in PLAN, above all that it imports"


def test_the_plan_names_only_what_exists():
    assert set(PLAN) == {module.split(".")[0] for module in FILES}


@every_module
def test_packages_import_downwards_only(module):
    package = module.split(".")[0]
    for used in own_imports(module):
        assert used, f"{module}: import each name from its own module"
        other = used.split(".")[0]
        assert PLAN.index(package) <= PLAN.index(other), f"{module} imports {used}, above it"


def test_no_module_imports_itself_by_way_of_others():
    below = {module: own_imports(module) for module in FILES}
    while below:
        lowest = [module for module, uses in below.items() if not uses & set(below)]
        assert lowest, f"these import each other: {sorted(below)}"
        for module in lowest:
            del below[module]


@every_module
def test_no_import_is_hidden_in_a_function(module):
    hidden = {name.split(".")[0] for name, top in imports(module) if not top}
    assert hidden <= LAZY_PACKAGES.get(module, set()), f"{module}: {hidden}"


@pytest.mark.parametrize("package", sorted({m.split(".")[0] for m in FILES if "." in m}))
def test_each_package_says_what_belongs_there(package):
    code = (PACKAGE / package / "__init__.py").read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(code))
    assert docstring, f"rnncore/{package}/__init__.py has no docstring"
    assert docstring.count(".") >= 2, "say in two sentences what belongs there and what does not"


@every_module
def test_modules_need_numpy_and_the_standard_library_only(module):
    for name, top in imports(module):
        package = name.split(".")[0]
        if package in sys.stdlib_module_names or package in {"numpy", "rnncore"}:
            continue
        assert not top, f"{module} imports {package} at its top"
        assert package in LAZY_PACKAGES.get(module, ()), f"{module} imports {package}"


@every_module
def test_no_module_prints_or_uses_global_random_state(module):
    for node in ast.walk(ast.parse(FILES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name) and not module.startswith("cli."):
            assert node.id != "print", f"{module} prints in line {node.lineno}"
        if isinstance(node, ast.Attribute) and ast.unparse(node).startswith("np.random."):
            drawn = ast.unparse(node).split(".")[2]
            assert drawn in {"default_rng", "Generator"}, f"{module} uses {ast.unparse(node)}"


def run_in_new_process(code):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=PACKAGE.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_importing_all_modules_prints_nothing_and_loads_no_other_package():
    names = [f"rnncore.{module}".removesuffix(".__init__") for module in FILES]
    done = run_in_new_process(
        f"import importlib, sys\n"
        f"for name in {names}: importlib.import_module(name)\n"
        f"others = {{'streamlit', 'dashboard', 'pandas', 'altair', 'dask', 'distributed'}}\n"
        f"assert not others & set(sys.modules), others & set(sys.modules)"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_blas_is_configured_before_numpy_is_loaded():
    done = run_in_new_process(
        "import rnncore.compute.blas\n"
        "reasons = rnncore.compute.blas.info().reasons\n"
        "assert any(r.startswith('threads:') for r in reasons), reasons"
    )
    assert done.returncode == 0, done.stderr


def test_the_public_names_exist():
    import rnncore

    for name in rnncore.__all__:
        assert hasattr(rnncore, name), name
    promised = {"RNN", "Solver", "Vocab", "RnnCoreError", "read_text", "save", "load"}
    assert promised <= set(rnncore.__all__)
    assert issubclass(rnncore.RnnCoreError, ValueError)


def test_exactly_the_files_of_rnncore_are_installed():
    settings = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    tools = settings["tool"]["setuptools"]
    installed = set()
    for package in tools["packages"]:
        folder = PACKAGE.parent / package.replace(".", "/")
        for pattern in ("*.py", *tools["package-data"].get(package, ())):
            found = set(folder.glob(pattern))
            assert found or pattern == "*.py", f"{package} has no {pattern}"
            installed |= found
    assert installed == {p for p in PACKAGE.rglob("*") if p.is_file() and p.suffix != ".pyc"}
    needed = [line.partition(">")[0] for line in settings["project"]["dependencies"]]
    assert needed == ["numpy"]


@pytest.mark.slow
def test_a_wheel_installs_everything(tmp_path):
    """Build the wheel from a copy of the sources, and use it where the sources are not found."""
    source = tmp_path / "source"
    shutil.copytree(PACKAGE, source / "rnncore", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PACKAGE.parent / name, source)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", source, "--no-deps", "--wheel-dir", tmp_path], check=True)
    (wheel,) = tmp_path.glob("rnncore-*.whl")
    target = tmp_path / "installed"
    subprocess.run([*pip, "install", "--no-deps", "--target", target, wheel], check=True)
    code = (
        "import rnncore, pathlib\n"
        "assert 'installed' in rnncore.__file__, rnncore.__file__\n"
        "assert (pathlib.Path(rnncore.__file__).parent / 'py.typed').exists()\n"
        "model = rnncore.pretrained('pride')\n"
        "assert rnncore.to_html(model) and rnncore.to_numpy(model)"
    )
    environment = os.environ | {"PYTHONPATH": str(target)}
    subprocess.run(
        [sys.executable, "-W", "error", "-c", code], check=True, cwd=tmp_path, env=environment
    )
