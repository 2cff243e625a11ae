"""`make demo` shows what it says it shows; its JSON carries the same facts as its tables."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def told():
    command = [sys.executable, "demo.py", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)
    assert done.stdout, done.stderr[-3000:]
    return {**json.loads(done.stdout), "code": done.returncode}


def test_every_post_is_stored_once_as_it_was_written(told):
    assert told["feeds"] == 5
    assert told["published"] == told["stored"] == len(told["articles"]) == 25
    assert all(article["as_written"] for article in told["articles"])
    assert (told["wrong"], told["code"]) == ([], 0)


def test_a_second_round_gets_304s_and_makes_no_rows(told):
    assert told["rows_after"] == told["rows_before"]
    assert [poll["second"] for poll in told["polls"]] == [["not_modified", 304, 0]] * 5
    assert sum(poll["first"][2] for poll in told["polls"]) == 25


def test_the_sample_is_told_line_by_line(told):
    (sample,) = [article for article in told["articles"] if "Posting Komentar" in article["lines"]]
    assert sample["captions"] == ["Relawan yang menyerahkan bantuan di Baubau"]
    assert [source.split(" ")[0] for source in sample["sources"]] == ["click"]
    assert {"0 komentar:", "Posting Komentar"} <= set(sample["lines"])


def test_it_is_through_in_a_minute(told):
    assert told["seconds"] < 60


def test_what_is_missing_is_said_in_one_line():
    command = [sys.executable, "-S", "demo.py"]  # without site-packages
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "make setup" in done.stderr
    assert len(done.stderr.splitlines()) == 1
