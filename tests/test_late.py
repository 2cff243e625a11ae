"""What nobody asks a module for is not imported, and who asks gets it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ingest.late import UNASKED

ROOT = Path(__file__).resolve().parent.parent


def said(code: str) -> str:
    """What a fresh interpreter prints that has put these modules off."""
    begin = f"import sys; sys.path[:] = {[str(ROOT), *(entry for entry in sys.path if entry)]}\n"
    begin += "from ingest.late import put_off; put_off()\n"
    done = subprocess.run([sys.executable, "-ISc", begin + code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="dataclasses asks inspect for annotations since")
def test_what_the_parsers_need_is_none_of_them() -> None:
    code = f"import ingest.filechild; print([n for n in {UNASKED} if hasattr(type(sys.modules[n]), '__getattr__')])"
    assert said(code) == str(list(UNASKED))


@pytest.mark.parametrize(
    "way", ["import inspect", "import dis, inspect", "from inspect import isclass; import inspect"]
)
def test_who_asks_gets_the_module(way: str) -> None:
    code = f"{way}; print(inspect.isclass(int), inspect.getmodule(inspect.isclass) is sys.modules['inspect'])"
    assert said(code) == "True True"


def test_who_asks_for_what_is_not_there_is_told_so() -> None:
    assert (
        said("import copy; print(hasattr(copy, 'tiada'), copy.copy([1]), hasattr(copy, 'deepcopy'))")
        == "False [1] True"
    )


def test_what_is_here_already_stays() -> None:
    assert said("import inspect; inspect.isclass; put_off(); print(type(sys.modules['inspect']).__name__)") == "module"
