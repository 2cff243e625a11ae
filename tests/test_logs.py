"""One line per outcome that nobody can forge, with no secret in it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from ingest import logs

NASTY = [
    "dua\nbaris", "kembali\rke awal", "\x1b[2J\x1b[31mmerah", "nol\x00", "pisah\u2028baris\u2029", '","level":"error',
    "\u202ekiri", "\u009b31m", "bel\x07", "x" * 5000, "\ud800pecah", "\x85baris", "\u0085",
]  # fmt: skip
SECRETS = [
    "https://budi:kunci123@blog.example/feed",
    "https://blog.example/feed?token=kunci123&a=1",
    "postgresql+psycopg://kliping:kunci123@db:5432/kliping",
    "https://blog.example/feed?x=1&api_key=kunci123#x",
    "gagal: https://blog.example/?access_token=kunci123",
    "password=kunci123 host=db",
    "https://a@b:kunci123@blog.example/",
    "https://blog.example/?X-Amz-Signature=kunci123",
]


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield stream
    structlog.reset_defaults()
    root.handlers[:], root.level = before


def written(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.mark.parametrize("nasty", NASTY)
def test_json_lines_cannot_be_forged(out: io.StringIO, nasty: str) -> None:
    logs.setup("json", stream=out)
    structlog.get_logger().info(
        "entry", url=nasty, more={"list": [nasty], "kunci" + nasty: 1}, raw=nasty.encode("utf-8", "replace")
    )
    (line,) = written(out)
    assert line["event"] == "entry"
    assert line["level"] == "info"
    assert len(line["url"]) <= logs.VALUE_LIMIT
    assert not any(ord(char) < 32 and char != "\n" for char in out.getvalue())


@pytest.mark.parametrize("nasty", NASTY)
def test_console_lines_cannot_be_forged(out: io.StringIO, nasty: str) -> None:
    logs.setup("console", stream=out)
    structlog.get_logger().info("entry", url=nasty)
    assert out.getvalue().count("\n") == 1
    assert "\x1b" not in out.getvalue()


@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_is_written(out: io.StringIO, secret: str) -> None:
    logs.setup("json", stream=out)
    log = structlog.get_logger()
    log.info("entry", url=secret, more=[secret], error=ValueError(secret))
    try:
        raise ValueError(secret)
    except ValueError:
        log.exception("gagal")
    logging.getLogger("alembic").warning("%s", secret)
    assert "kunci123" not in out.getvalue()
    assert len(written(out)) == 3


def test_what_is_no_secret_stays() -> None:
    for text in (
        "https://blog.example/berita?page=2&kategori=olahraga",
        "surel budi@blog.example tiba",
        "https://blog.example/@budi/tulisan",
        "keyboard=1",
    ):
        assert logs.redact(text) == text


def test_libraries_go_the_same_way_from_warning_up(out: io.StringIO) -> None:
    logs.setup("json", stream=out)
    for name in ("procrastinate", "apscheduler.scheduler", "uvicorn.error", "alembic"):
        logging.getLogger(name).info("berisik")
        logging.getLogger(name).warning("awas %s", name)
    lines = written(out)
    assert [line["event"] for line in lines] == [f"awas {name}" for name in (
        "procrastinate", "apscheduler.scheduler", "uvicorn.error", "alembic")]  # fmt: skip
    assert {line["level"] for line in lines} == {"warning"}


def test_auto_is_json_when_not_a_terminal(out: io.StringIO) -> None:
    logs.setup("auto", stream=out)
    structlog.get_logger().info("mulai", host="blog.example")
    (line,) = written(out)
    assert list(line) == ["time", "level", "event", "host"]
    assert line["host"] == "blog.example"


def test_a_traceback_is_one_json_line(out: io.StringIO) -> None:
    logs.setup("json", stream=out)
    try:
        raise RuntimeError("rusak")
    except RuntimeError:
        structlog.get_logger().exception("gagal")
    (line,) = written(out)
    assert "RuntimeError: rusak" in line["exception"]
