"""structlog set-up: one line per outcome, for people on a terminal and as JSON anywhere else.

event -> level, time -> exception text -> every value made safe -> rendered

Values come from feeds and pages, so each is cleaned of control characters (a log line cannot be forged or a terminal
driven), stripped of credentials in URLs, and cut. Libraries that log through the standard library (procrastinate,
uvicorn, APScheduler, alembic) go the same way, from WARNING up.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import Processor

from parsers.text import clean_text, cut

VALUE_LIMIT = 300
TRACE_LIMIT = 6000
DEPTH_LIMIT = 4
FIRST = ("time", "level", "event")

_USERINFO = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^\s/@?#]*(?:@[^\s/@?#]*)*@", re.IGNORECASE)
_SECRET = re.compile(
    r"(?P<name>(?:^|[?&;\s])(?:[\w.-]*(?:token|secret|passw(?:or)?d|api_?key|auth|signature)[\w.-]*|key|sig|pwd|pass)=)"
    r"[^&;#\s\"']+",
    re.IGNORECASE,
)
_SEPARATORS = str.maketrans({"\u2028": " ", "\u2029": " "})


def redact(text: str) -> str:
    """Without user names and passwords in URLs, and without the values of secret-like parameters."""
    return _SECRET.sub(r"\g<name>***", _USERINFO.sub(r"\g<scheme>***@", text))


def safe_text(text: str, limit: int = VALUE_LIMIT) -> str:
    """One string as it may stand in a log or on a screen: cleaned, redacted, cut to `limit` characters."""
    return cut(redact(clean_text(text[: limit * 8]).translate(_SEPARATORS)), limit)


def _safe(value: Any, depth: int = 0) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return safe_text(value)
    if depth < DEPTH_LIMIT and isinstance(value, Mapping):
        return {safe_text(str(key)): _safe(item, depth + 1) for key, item in list(value.items())[:50]}
    if depth < DEPTH_LIMIT and isinstance(value, list | tuple | set | frozenset):
        return [_safe(item, depth + 1) for item in list(value)[:50]]
    if isinstance(value, BaseException):
        return safe_text(f"{type(value).__name__}: {value}")
    return safe_text(str(value))


def make_safe(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The processor that makes every value safe; a traceback keeps its lines and more length."""
    trace = event.pop("exception", None)
    ordered = {key: event[key] for key in FIRST if key in event} | dict(event)
    safe: MutableMapping[str, Any] = {key: _safe(value) for key, value in ordered.items() if not key.startswith("_")}
    if trace:
        safe["exception"] = safe_text(str(trace), TRACE_LIMIT)
    safe.update({key: value for key, value in event.items() if key.startswith("_")})
    return safe


def _one_line(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """For the console: line breaks in values would look like lines of their own."""
    return {
        key: re.sub(r"[\r\n]+", " ", value) if isinstance(value, str) and key != "exception" else value
        for key, value in event.items()
    }


def _tail(terminal: bool, colors: bool) -> list[Processor]:
    if not terminal:
        return [structlog.processors.JSONRenderer(sort_keys=False, ensure_ascii=False)]
    plain = structlog.dev.plain_traceback
    return [_one_line, structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)]


def setup(log_format: str = "auto", level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Configure structlog and the standard library's root logger. `log_format` is auto, json or console."""
    out = sys.stderr if stream is None else stream
    terminal = log_format == "console" or (log_format == "auto" and out.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.format_exc_info,
        make_safe,
    ]
    structlog.configure(
        processors=[*shared, *_tail(terminal, out.isatty())],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    _standard_library(shared, _tail(terminal, out.isatty()), out)


def _standard_library(shared: list[Processor], tail: list[Processor], out: TextIO) -> None:
    """Send what libraries log down the same pipe, from WARNING up."""
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *tail],
        )
    )
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "procrastinate", "apscheduler", "alembic"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).setLevel(logging.WARNING)
        logging.getLogger(name).propagate = True
