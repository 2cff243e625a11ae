"""The house's rules about its own code, held by reading it: who imports whom, what stays pure, how long things are."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Strictly downward: what a room may import of the house beside itself. Rooms of one storey never import each other;
# `service` is where the process is put together, so it alone sees the pages and the clock.
GROUND = {"kliping"}
SHELL = GROUND | {"parsers", "db", "ingest"}
MAY_IMPORT = {
    "kliping": set[str](),
    "parsers": GROUND,
    "db": GROUND,
    "ingest": GROUND | {"parsers", "db"},
    "console": SHELL,
    "scheduler": SHELL,
    "service": SHELL | {"console", "scheduler"},
    "cli": SHELL | {"service"},
}

# Distribution -> the only modules that may import it (fnmatch on the module's name).
ONLY_IN = {
    "httpx": r"ingest\.fetch",
    "httpcore": r"ingest\.fetch",
    "feedparser": r"parsers\.feed\w*",
    "selectolax": r"parsers\.tree",
    "apscheduler": r"scheduler",
    "procrastinate": r"ingest\.jobs|db\.migrate",
    "psycopg": r"db(\..+)?",
    "alembic": r"db(\..+)?",
    "uvicorn": r"console(\..+)?",
    "starlette": r"console(\..+)?",
    "typer": r"cli(\..+)?",
    "rich": r"cli(\..+)?",
}

IMPURE = {
    *("httpx", "httpcore", "http", "socket", "urllib.request"),
    *("sqlalchemy", "psycopg", "apscheduler", "procrastinate"),
    *("os", "subprocess", "threading", "multiprocessing", "asyncio", "tempfile", "shutil"),
    *("time", "random", "secrets", "uuid", "logging", "structlog"),
}
PURE = r"parsers(\..+)?|kliping\.(model|feeds|decisions)|ingest\.decide"
CLOCK_CALLS = {"now", "utcnow", "today"}

# Outside db a connection is carried, never spoken to.
CARRIED = {"AsyncConnection", "AsyncEngine"}
SQL = re.compile(
    r"\s*(SELECT\s.+\sFROM\s|INSERT\s+INTO\s|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s|WITH\s+\w+\s+AS\s*\(|"
    r"(CREATE|ALTER|DROP|TRUNCATE)\s+(TABLE|SCHEMA|DATABASE|ROLE|VIEW|INDEX|EXTENSION)\s|SET\s+(LOCAL|ROLE)\s)",
    re.DOTALL,
)

FUNCTION_LINES = 40
FILE_LINES = 400
REASON = "Long because"


@cache
def modules() -> dict[str, tuple[Path, ast.Module]]:
    """Every module of the house by dotted name, parsed."""
    found: dict[str, tuple[Path, ast.Module]] = {}
    for room in MAY_IMPORT:
        single = ROOT / f"{room}.py"
        for path in [single] if single.exists() else sorted((ROOT / room).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            found[name] = (path, ast.parse(path.read_text("utf-8")))
    return found


def imports(name: str) -> Iterator[tuple[int, str, str | None]]:
    """(line, module, imported name) of each import in a module, wherever it stands; relative ones resolved."""
    path, tree = modules()[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((node.lineno, module, alias.name) for alias in node.names)


def all_imports() -> Iterator[tuple[str, int, str, str | None]]:
    return ((name, line, module, what) for name in modules() for line, module, what in imports(name))


def within(module: str, roots: set[str]) -> bool:
    return any(module == root or module.startswith(f"{root}.") for root in roots)


def docstrings(tree: ast.Module) -> set[int]:
    """The ids of the constants that are docstrings: prose about SQL is not SQL."""
    owners = (
        n for n in ast.walk(tree) if isinstance(n, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return {id(n.body[0].value) for n in owners if n.body and isinstance(n.body[0], ast.Expr)}


def test_every_room_is_read() -> None:
    rooms = {name.partition(".")[0] for name in modules()}
    assert rooms == set(MAY_IMPORT)


def test_imports_go_strictly_downward() -> None:
    wrong = [
        f"{name}:{line} imports {module}"
        for name, line, module, _ in all_imports()
        for here, there in [(name.partition(".")[0], module.partition(".")[0])]
        if there in MAY_IMPORT and there not in MAY_IMPORT[here] | {here}
    ]
    assert wrong == []


def test_nothing_of_the_house_imports_its_tests_or_benches() -> None:
    wrong = [f"{name}:{line}" for name, line, module, _ in all_imports() if within(module, {"tests", "bench", "demo"})]
    assert wrong == []


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_lives_in_one_place(library: str) -> None:
    wrong = [
        f"{name}:{line} imports {module}"
        for name, line, module, _ in all_imports()
        if within(module, {library}) and not re.fullmatch(ONLY_IN[library], name)
    ]
    assert wrong == []


def test_the_pure_rooms_import_nothing_impure() -> None:
    wrong = [
        f"{name}:{line} imports {module}"
        for name, line, module, what in all_imports()
        if re.fullmatch(PURE, name) and (within(module, IMPURE) or within(f"{module}.{what}", IMPURE))
    ]
    assert wrong == []


def test_the_pure_rooms_never_ask_what_time_it_is() -> None:
    wrong = [
        f"{name}:{node.lineno} calls {node.func.attr}()"
        for name, (_, tree) in modules().items()
        if re.fullmatch(PURE, name)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK_CALLS
    ]
    assert wrong == []


def test_only_db_speaks_to_the_database() -> None:
    wrong = [
        f"{name}:{line} imports {what or module} from {module}"
        for name, line, module, what in all_imports()
        if within(module, {"sqlalchemy"}) and not within(name, {"db"}) and what not in CARRIED
    ]
    assert wrong == []


def test_sql_is_written_in_db_only() -> None:
    wrong = [
        f"{name}:{node.lineno} {node.value.strip()[:60]!r}"
        for name, (_, tree) in modules().items()
        if not within(name, {"db"})
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value)
        if id(node) not in docstrings(tree)
    ]
    assert wrong == []


def test_no_cycles() -> None:
    """Imports at module level form a tree; one inside a function is a deliberate, late one."""
    names = set(modules())

    def targets(name: str) -> set[str]:
        top = {n.lineno for n in modules()[name][1].body if isinstance(n, ast.Import | ast.ImportFrom)}
        found = {
            candidate
            for line, module, what in imports(name)
            if line in top
            for candidate in [f"{module}.{what}" if f"{module}.{what}" in names else module]
        }
        return (found & names) - {name}

    def walk(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join((*path[path.index(name) :], name))
        if name not in seen:
            for target in targets(name):
                walk(target, (*path, name))
            seen.add(name)

    seen: set[str] = set()
    for name in names:
        walk(name, ())


def test_functions_are_short_or_say_why_not() -> None:
    wrong = [
        f"{name}:{node.lineno} {node.name} has {lines} lines"
        for name, (_, tree) in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for lines in [(node.end_lineno or 0) - node.body[0].lineno + 1]
        if lines > FUNCTION_LINES and REASON not in (ast.get_docstring(node) or "")
    ]
    assert wrong == []


def test_files_are_short_or_say_why_not() -> None:
    wrong = [
        f"{name} has {lines} lines"
        for name, (path, tree) in modules().items()
        for lines in [path.read_text("utf-8").count("\n")]
        if lines > FILE_LINES and REASON not in (ast.get_docstring(tree) or "")
    ]
    assert wrong == []


def test_no_error_is_swallowed() -> None:
    wrong = [
        f"{name}:{node.lineno}"
        for name, (_, tree) in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and all(isinstance(step, ast.Pass) for step in node.body)
    ]
    assert wrong == []


def test_the_interpreter_is_one_we_promise() -> None:
    assert (3, 11) <= sys.version_info[:2] < (3, 14)


def test_the_rules_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each kind of breach, planted in a made-up module, is seen."""
    planted = ast.parse(
        "import httpx, time\nfrom db import feeds\nfrom datetime import datetime\n"
        "def f():\n    datetime.now()\n    return 'SELECT 1 FROM feeds'\n"
    )
    monkeypatch.setattr(sys.modules[__name__], "modules", lambda: {"parsers.planted": (Path("planted.py"), planted)})
    checks = [
        test_imports_go_strictly_downward,
        lambda: test_a_library_lives_in_one_place("httpx"),
        test_the_pure_rooms_import_nothing_impure,
        test_the_pure_rooms_never_ask_what_time_it_is,
        test_sql_is_written_in_db_only,
    ]
    for check in checks:
        with pytest.raises(AssertionError):
            check()
