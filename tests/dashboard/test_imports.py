"""The dashboard's structure: which package imports which, and who may use Streamlit."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

import rnncore
from tests.support.paths import ROOT

PACKAGE = ROOT / "dashboard"
FILES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.name != "__init__.py"
}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in FILES.items()}

# The plan of the house, top package first: a package imports only from packages after it.
# A module directly in dashboard/ counts as a package of its own.
PLAN = (
    "app",
    "views",
    "page",
    "web",
    "sweeps",
    "races",
    "comparison",
    "runs",
    "reports",
    "charts",
    "training",
    "sampling",
    "analysis",
    "text",
    "server",
    "settings",
    "formatting",
)
VIEWS = {name for name in FILES if name.startswith("views.")}
PAGES = {name for name in FILES if name.split(".")[0] in {"app", "views", "page", "web"}}
PLAIN = set(FILES) - PAGES
STREAMLIT = {
    "app",
    "page.entry",
    "page.error_boundary",
    "page.session",
    "web.lifespan",
    "web.downloads",
} | VIEWS

# Other packages, and the modules that each of them is for.
CHARTS = {name for name in FILES if name.startswith("charts.")}
PACKAGES = {
    "altair": CHARTS,
    "pandas": CHARTS,
    "chardet": {"text.encoding_guess"},
    "psutil": {"server.memory"},
    "starlette": {"app", "web.downloads", "web.visitors"},
    "jinja2": {"reports.run_report"},
    "vl_convert": {"charts.picture"},  # optional
}

# Private names of other packages that are used, and why.
PRIVATE_NAMES: set[tuple[str, str]] = set()

# What views take from inside rnncore, and why.
INNER_NAMES = {
    "rnncore.reading.file_names.display_name",  # an upload is named before it is read
    "rnncore.history.History",  # an empty curve, drawn before training
    "rnncore.schedules.SCHEDULES",  # the choices of a widget
    "rnncore.pretrained.PRETRAINED",  # a button each
}


def modules(names: set[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("module", sorted(names))


def imports(module: str) -> list[str]:
    """Full names of all that is imported, anywhere in the module, but for type checking."""
    names: list[str] = []
    nodes: list[ast.AST] = [TREES[module]]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: write imports out in full"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
        nodes += ast.iter_child_nodes(node)
    return names


def own_imports(module: str) -> set[str]:
    """Modules of the dashboard that a module imports."""
    found = set()
    for name in imports(module):
        parts = name.split(".")
        if parts[0] == "dashboard":
            inside = (".".join(parts[1:end]) for end in range(len(parts), 1, -1))
            found.update(own for own in inside if own in FILES)
    return found


@modules(set(FILES))
def test_packages_are_used_where_they_belong(module):
    for name in imports(module):
        package = name.split(".")[0]
        if package in sys.stdlib_module_names or package in {"numpy", "rnncore", "dashboard"}:
            continue
        allowed = STREAMLIT if package == "streamlit" else PACKAGES.get(package, set())
        assert module in allowed, f"{module} imports {package}"


@modules(set(FILES))
def test_packages_import_downwards_only(module):
    package = module.split(".")[0]
    assert package in PLAN, f"give {package} its place in PLAN, above all that it imports"
    for used in own_imports(module):
        other = used.split(".")[0]
        assert PLAN.index(package) <= PLAN.index(other), f"{module} imports {used}, above it"


@pytest.mark.parametrize("package", sorted({name.split(".")[0] for name in FILES if "." in name}))
def test_each_package_says_what_belongs_there(package):
    code = (PACKAGE / package / "__init__.py").read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(code))
    assert docstring, f"dashboard/{package}/__init__.py has no docstring"
    assert docstring.count(".") >= 2, "say in two sentences what belongs there and what does not"


def test_no_module_imports_itself_by_way_of_others():
    below = {module: own_imports(module) for module in FILES}
    while below:
        lowest = [module for module, uses in below.items() if not uses & set(below)]
        assert lowest, f"these import each other: {sorted(below)}"
        for module in lowest:
            del below[module]


@modules(VIEWS)
def test_views_use_the_public_names_of_rnncore(module):
    public = {f"rnncore.{name}" for name in rnncore.__all__}
    inner = {name for name in imports(module) if name.split(".")[0] == "rnncore"} - public
    assert inner <= INNER_NAMES, f"{module}: {inner - INNER_NAMES}"


@modules(set(FILES))
def test_the_session_has_one_owner(module):
    for node in ast.walk(TREES[module]):
        names = {getattr(node, "attr", None), getattr(node, "id", None)}
        if isinstance(node, ast.Constant) and node.value == "session_state":
            names.add("session_state")
        assert module == "page.session" or "session_state" not in names, f"{module}:{node.lineno}"


@modules(set(FILES))
def test_nobody_reaches_into_another_object(module):
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
            own = isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}
            special = node.attr.startswith("__") and node.attr.endswith("__")
            allowed = (module, node.attr) in PRIVATE_NAMES
            assert own or special or allowed, f"{module}:{node.lineno}: {ast.unparse(node)}"


@modules(set(FILES))
def test_no_words_of_others_become_markup_and_nothing_is_shared_by_accident(module):
    for node in ast.walk(TREES[module]):
        assert getattr(node, "arg", None) != "unsafe_allow_html", f"{module}: escape it"
        # Shared by every visitor: no place for a model or a text.
        attribute = getattr(node, "attr", None)
        assert attribute not in {"cache_resource", "cache_data"}, f"{module}: {attribute}"


@modules(set(FILES))
def test_nothing_prints_or_draws_from_global_randomness(module):
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Name):
            assert node.id != "print", f"{module} prints in line {node.lineno}"
        if isinstance(node, ast.Attribute) and ast.unparse(node).startswith("np.random."):
            drawn = ast.unparse(node).split(".")[2]
            assert drawn in {"default_rng", "Generator"}, f"{module} uses {ast.unparse(node)}"


def test_the_blas_is_settled_before_numpy_is_loaded():
    """rnncore comes first: Streamlit itself loads NumPy only later."""
    order = [
        name.split(".")[0]
        for node in TREES["app"].body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in [node.module if isinstance(node, ast.ImportFrom) else node.names[0].name]
    ]
    others = [name for name in order if name not in sys.stdlib_module_names]
    assert others[:4] == ["streamlit", "starlette", "rnncore", "dashboard"]


def test_plain_modules_load_without_streamlit_and_print_nothing():
    names = [f"dashboard.{module}" for module in sorted(PLAIN)]
    done = subprocess.run(
        [
            sys.executable,
            *("-W", "error", "-c"),
            f"import importlib, sys\n"
            f"for name in {names}: importlib.import_module(name)\n"
            f"assert 'streamlit' not in sys.modules",
        ],
        cwd=PACKAGE.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@modules(VIEWS)
def test_callbacks_of_widgets_have_the_error_boundary(module):
    """An exception in a callback becomes a sentence on the page, not a redacted traceback."""
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.keyword) and node.arg in {"on_click", "on_change"}:
            if isinstance(node.value, ast.Constant):
                assert node.value.value in {"ignore", "rerun"}
                continue
            called = ast.unparse(node.value)
            owner, _, name = (
                "settings_callbacks.apply_train_settings" if called == "changed" else called
            ).partition(".")
            (function,) = (f for f in TREES[f"page.{owner}"].body if getattr(f, "name", "") == name)
            decorators = [ast.unparse(d) for d in function.decorator_list]
            assert decorators == ["error_boundary.callback"], called
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "st.fragment":
            assert ast.unparse(node.args[0]).startswith("error_boundary.part("), (
                f"{module}:{node.lineno}"
            )
