"""Imports run one way: what docs/design.md draws is what the source does."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "evolvemcts4rl"
FACADE = PACKAGE  # __init__.py hands out the Python API, which lives above everything else

# Lowest first. A room imports from the rooms before it, never from one after it.
ROOMS = [
    ["errors", "reasons", "terminal", "event_loop", "interrupts"],
    ["flag_groups"],
    ["settings"],
    ["flag_file"],
    ["records"],
    ["tree"],
    ["prompts"],
    ["answers"],
    ["problems", "chat"],
    ["solutions"],
    ["labels"],
    ["exports"],
    ["report"],
    ["output"],
    ["flags", "progress", "endings", "show_tree"],
    ["evolve", "mcts"],
    ["generate"],
]
HEIGHT = {room: height for height, rooms in enumerate(ROOMS) for room in rooms}


def module_name(path: Path) -> str:
    """Return the dotted name of a source file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources() -> dict[str, Path]:
    """Return every module of the program, by its name."""
    paths = [*ROOT.glob("*.py"), *(ROOT / PACKAGE).rglob("*.py")]
    return {module_name(path): path for path in paths if path.stem in HEIGHT or path.parent != ROOT}


def imports_of(path: Path, modules: set[str]) -> set[str]:
    """Return the modules of the program that a file imports anywhere, in functions and for types
    too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names & modules or {str(node.module)}
    return found & modules


MODULES = sources()


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """Return what each module imports of the program."""
    return {name: imports_of(path, set(MODULES)) for name, path in MODULES.items()}


def room_of(module: str) -> str:
    """Return the room in which a module stands: its folder, or itself where it stands alone."""
    return module.removeprefix(f"{PACKAGE}.").partition(".")[0]


@pytest.mark.parametrize("module", sorted(set(MODULES) - {FACADE}))
def test_a_module_imports_only_from_its_own_room_and_those_below(
    imports: dict[str, set[str]], module: str
) -> None:
    for other in imports[module] - {FACADE}:
        below = HEIGHT[room_of(other)] < HEIGHT[room_of(module)]
        assert below or room_of(other) == room_of(module), (
            f"{module} imports {other}, which stands no lower"
        )


def test_there_is_no_circle_of_imports(imports: dict[str, set[str]]) -> None:
    graph = {module: found - {FACADE} for module, found in imports.items() if module != FACADE}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"a circle: {' → '.join(error.args[1])}")
    assert order[-1] == "generate"


def test_nothing_in_the_package_imports_the_root(imports: dict[str, set[str]]) -> None:
    root = {"generate", "evolve", "mcts"}
    assert root <= set(MODULES)
    for module, found in imports.items():
        if module not in {*root, FACADE}:
            assert not found & root, module


def test_each_room_says_what_it_is_for_and_names_its_files() -> None:
    for folder in sorted((ROOT / PACKAGE).iterdir()):
        if folder.is_dir() and any(folder.glob("*.py")):
            said = (
                ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
                or ""
            )
            for path in folder.glob("*.py"):
                assert path.stem == "__init__" or f"{path.stem}:" in said, path


TESTS = ROOT / "tests"


def names_imported_by(path: Path) -> set[str]:
    """Return the dotted name of everything that a file imports, its module's name among them."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {"." * node.level + str(node.module)}
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_no_test_module_imports_another() -> None:
    for path in TESTS.rglob("*.py"):
        for name in names_imported_by(path):
            ours = name.startswith((".", "tests"))
            assert not ours or name.startswith("tests.support"), f"{path} imports {name}"


def defined_in(tree: ast.Module) -> set[str]:
    """Return the public functions, classes and constants of a module."""
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return {name for name in found if not name.startswith("_")}


@pytest.mark.slow
def test_everything_in_tests_support_is_used() -> None:
    imported = set().union(*(names_imported_by(path) for path in TESTS.rglob("*.py")))
    for path in (TESTS / "support").glob("*.py"):
        module, tree = f"tests.support.{path.stem}", ast.parse(path.read_text(encoding="utf-8"))
        assert module in imported, f"nothing imports {module}"
        used_here = {
            node.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        }
        unused = {
            name for name in defined_in(tree) - used_here if f"{module}.{name}" not in imported
        }
        assert not unused, f"nothing uses {sorted(unused)} of {module}"


def patches_in(path: Path) -> Iterator[str]:
    """Yield what in a test file puts something else in the place of the program's own code."""
    for name in names_imported_by(path):
        if "mock" in name:
            yield name
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr in {"setattr", "delattr", "setitem"}:
            yield f"{ast.unparse(node)}, line {node.lineno}"
        if isinstance(node, ast.Name) and node.id in {"setattr", "delattr"}:
            yield f"{node.id}, line {node.lineno}"


@pytest.mark.slow
def test_tests_patch_nothing() -> None:
    for path in TESTS.rglob("*.py"):
        assert not list(patches_in(path)), path


@pytest.mark.slow
def test_tests_reach_into_nothing_private() -> None:
    for path in TESTS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
                own = isinstance(node.value, ast.Name) and node.value.id == "self"
                public = node.attr.startswith("__") or node.attr in {"_replace", "_asdict", "_exit"}
                assert own or public, f"{path}:{node.lineno} {ast.unparse(node)}"
