"""What leaves the checkout: the wheel holds every file the service needs, the locks hold hashes and no address."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from importlib.metadata import entry_points, packages_distributions
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("kliping", "parsers", "ingest", "db", "console", "cli")
MODULES = ("scheduler", "service")
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-bench.lock", "requirements-build.lock")
ASIDE = {
    *(".git", ".venv", ".venv-bench", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"),
    *("build", "dist", ".chaos"),
}
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def in_the_tree(*folders: str) -> Iterator[Path]:
    """Files of the project, also the ones not yet committed, without what tools leave behind."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and not ASIDE & set(path.relative_to(ROOT).parts):
                yield path


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    return next(out.glob("*.whl"))


def test_the_wheel_holds_every_file_of_every_room_and_nothing_else(wheel: Path) -> None:
    inside = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    wanted = {str(path.relative_to(ROOT)) for path in in_the_tree(*ROOMS)} | {f"{name}.py" for name in MODULES}
    assert inside == wanted


@pytest.mark.parametrize(
    "pattern",
    [
        "parsers/sites/default.toml",
        "parsers/sites/*.toml",
        "parsers/data/*",
        "db/views.sql",
        "db/migrations/env.py",
        "db/migrations/versions/*.py",
        "*feeds.opml",
        "*.dist-info/licenses/LICENSE",
    ],
)
def test_the_wheel_holds_the_data_that_the_code_reads(wheel: Path, pattern: str) -> None:
    assert [name for name in ZipFile(wheel).namelist() if fnmatch(name, pattern)]


def test_the_wheel_runs_away_from_the_checkout(wheel: Path, tmp_path: Path) -> None:
    """Unpacked, it is imported by an interpreter that knows the libraries but not the checkout."""
    home = tmp_path / "installed"
    ZipFile(wheel).extractall(home)
    code = (
        "import sys; sys.path[:] = [p for p in sys.path if p != sys.argv[2]]; sys.path.insert(0, sys.argv[1])\n"
        "import kliping, parsers.rules, ingest, db.schema, console, scheduler, service, cli\n"
        "assert cli.__file__.startswith(sys.argv[1]), cli.__file__\n"
        "assert parsers.rules.load().check()\n"
        "sys.argv[1:] = ['--help']\n"
        "cli.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(home), str(ROOT)], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout


def test_the_installed_command_runs_from_any_folder(tmp_path: Path) -> None:
    command = Path(sys.executable).parent / "kliping"
    done = subprocess.run([str(command), "--version"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"\d+\.\d+\.\d+", done.stdout)


def test_the_command_is_the_one_pyproject_names() -> None:
    (script,) = entry_points(group="console_scripts", name="kliping")
    assert script.value == PYPROJECT["project"]["scripts"]["kliping"]


@cache
def locked(name: str) -> dict[str, str]:
    """Distribution -> its whole entry in a lock file, continuation lines joined."""
    text = (ROOT / name).read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return {re.split(r"[=\[ ;]", line, maxsplit=1)[0].lower(): line for line in lines}


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_line_is_one_version_with_its_hashes(name: str) -> None:
    assert locked(name)
    loose = [
        line
        for line in locked(name).values()
        if not re.fullmatch(r"[\w.-]+==\S+( ;[^-]+)?( +--hash=sha256:[0-9a-f]{64})+ *", line)
    ]
    assert loose == []


def test_the_locks_agree_with_each_other_and_with_pyproject() -> None:
    def versions(name: str) -> set[str]:
        return {line.split(" --hash")[0].strip() for line in locked(name).values()}

    runtime, dev, _, build = (versions(name) for name in LOCKS)
    dev_names, bench_names = (set(locked(name)) for name in LOCKS[1:3])
    assert runtime < dev
    assert dev_names < bench_names  # a peer holds some of our libraries back: its environment is one of its own
    assert build < dev
    extras = PYPROJECT["project"]["optional-dependencies"]
    wanted = {"requirements.lock": PYPROJECT["project"]["dependencies"], "requirements-dev.lock": extras["dev"]}
    for name, requirements in {**wanted, "requirements-bench.lock": extras["bench"]}.items():
        assert {re.split(r"[\[<>=!~ ;]", line, maxsplit=1)[0].lower() for line in requirements} <= set(locked(name))


def test_what_the_house_imports_it_also_declares() -> None:
    """A library that only comes along with another one goes when the other one changes its mind."""
    shipped = packages_distributions()
    declared = {re.split(r"[\[<>=!~ ;]", line, maxsplit=1)[0].lower() for line in PYPROJECT["project"]["dependencies"]}
    sources = [path for path in in_the_tree(*ROOMS) if path.suffix == ".py"] + [ROOT / f"{name}.py" for name in MODULES]
    wrong = {
        f"{path.relative_to(ROOT)}: {module}"
        for path in sources
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        for module in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom) and not node.level
            else []
        )
        for top in [module.partition(".")[0]]
        if top not in sys.stdlib_module_names and top not in {*ROOMS, *MODULES}
        if not declared & {re.sub("[-_.]+", "-", name.lower()) for name in shipped.get(top, [])}
    }
    assert wrong == set()


def test_no_committed_file_names_a_registry_or_this_machine() -> None:
    """Hashes pin what is installed; where it comes from is the reader's own pip's business."""
    words = ("--(extra-)?index-", "url"), ("--find-", "links"), ("pypi\\.", "org"), ("python", "hosted")
    address = re.compile("|".join([*map("".join, words), r"https?://[^\s\"']+\.(whl|tar\.gz|tgz)\b"]))
    texts = [(path, path.read_bytes().decode("utf-8", "replace")) for path in in_the_tree(".")]
    wrong = [str(path) for path, text in texts if address.search(text) or f"{ROOT}/" in text]
    assert wrong == []
    assert [path for path, _ in texts if path.name in {"uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock"}] == []


def test_the_licence_is_the_whole_apache_2_0() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert PYPROJECT["project"]["license"] == "Apache-2.0"
    assert text.split("\n")[1].strip() == "Apache License"
    assert text.count("\n") == 202
    for part in ("9. Accepting Warranty", "END OF TERMS AND CONDITIONS", "APPENDIX: How to apply"):
        assert part in text


def test_the_promised_pythons() -> None:
    assert PYPROJECT["project"]["requires-python"] == ">=3.11,<3.14"
