"""`kliping extract` in its plain forms, with nothing imported that it does not need.

Options are read here only when they are as simple as they can be; anything else (help, a mistake, a setting in the
environment) is for typer and pydantic, which say what is wrong. Both ways run the same `print_all`.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from typing import BinaryIO, NoReturn

from cli import UnwrittenError, invoke
from ingest.crew import answered
from ingest.fileline import Job, Ticket
from kliping.errors import InputError, KlipingError
from kliping.limits import CHILD_MEMORY, CHILDREN, HTML_CPU, PAGE_BYTES
from parsers.links import absolute

PER_CHILD = 256  # files that make a further child worth its start
_WITH_VALUE = ("--url", "--urls", "--jobs")


def main() -> NoReturn:
    """The entry point of the bare process that `kliping extract` becomes: see `ingest.spawn`."""
    gc.freeze()  # nobody is to write to the memory that the parsing children share
    gc.enable()
    code = invoke(sys.argv[1:])
    os._exit(code)  # to take apart what was imported costs a tenth of the start; the kernel just drops it


def extract(arguments: Sequence[str]) -> int | None:
    """The exit code of `kliping extract ARGUMENTS`, or None when this is not a plain form of it."""
    if any(name.startswith("KLIPING_") for name in os.environ) or (read := _read(arguments)) is None:
        return None
    files, options = read
    where = _where(files, options)
    if where is None:
        return None
    job = Job(HTML_CPU, PAGE_BYTES, CHILD_MEMORY, "--no-site-rules" not in options)
    try:
        children = int(options.get("--jobs", 0)) or enough(len(files), CHILDREN)
        return 0 if print_all(files, where, job, children) else 1
    except KlipingError as error:
        print(f"kliping: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("kliping: interrupted", file=sys.stderr)
        return 130


def _read(arguments: Sequence[str]) -> tuple[list[str], dict[str, str]] | None:
    """Files, and options with their values as given; None for what is not plain."""
    files: list[str] = []
    options: dict[str, str] = {}
    rest = iter(arguments)
    for word in rest:
        name, equals, value = word.partition("=")
        if name in _WITH_VALUE:
            options[name] = value if equals else next(rest, "")
        elif word in ("--no-site-rules", "--json"):
            options[word] = ""
        elif word.startswith("-") and word != "-":
            return None
        else:
            files.append(word)
    jobs = options.get("--jobs", "1")
    plain = files and jobs.isascii() and jobs.isdigit() and 0 < int(jobs) <= 256
    return (files, options) if plain else None


def _where(files: Sequence[str], options: Mapping[str, str]) -> Mapping[str, str] | None:
    """File -> URL; None when the options contradict each other or the table cannot be read."""
    if "--url" in options:
        plain = len(files) == 1 and "--urls" not in options and is_address(options["--url"])
        return {files[0]: options["--url"]} if plain else None
    if "--urls" not in options:
        return {}
    try:
        return url_table(options["--urls"], files)
    except InputError:
        return None


def url_table(name: str, files: Sequence[str]) -> dict[str, str]:
    """File -> URL, of lines with a tab between. Raises InputError.

    What costs no page its text is told on stderr: rows of none of the files, and what is no address.
    """
    try:
        with open(name, encoding="utf-8-sig") as stream:
            lines = stream.read().splitlines()
    except OSError as error:
        raise InputError(f"{name}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{name}: not UTF-8") from None
    pairs = [line.split("\t") for line in lines if line.strip()]
    if any(len(pair) < 2 for pair in pairs):
        raise InputError(f"{name}: each line is a file, a tab and a URL")
    table = {pair[0]: pair[1].strip() for pair in pairs}
    if unused := sorted(table.keys() - set(files)):
        rows = "1 row is" if len(unused) == 1 else f"{len(unused)} rows are"
        print(f"kliping: {name}: {rows} of no FILE given, such as {unused[0]!r}", file=sys.stderr)
    wrong = [url for url in table.values() if url and not is_address(url)]
    if wrong:
        print(f"kliping: {name}: {wrong[0]!r} is not an http(s) address: read without one", file=sys.stderr)
    return {file: url for file, url in table.items() if is_address(url)}


def is_address(url: str) -> bool:
    """Whether a page can have come from there."""
    return absolute(url, "") is not None


def enough(files: int, children: int) -> int:
    """How many children so many files are worth, up to `children`."""
    return min(children, 1 + files // PER_CHILD)


def print_all(files: Sequence[str], where: Mapping[str, str], job: Job, children: int) -> bool:
    """Print every file's record, one line of JSON each, in the order given; False when a file failed.

    Raises SandboxError when no child could be started.
    """
    out, fine = sys.stdout.buffer, True
    for tickets in answered((Ticket(file, where.get(file)) for file in files), job, children):
        fine = fine and all(isinstance(ticket.answer, bytes) for ticket in tickets)
        _print(out, b"".join(map(_line, tickets)))
    return fine


def _print(out: BinaryIO, lines: bytes) -> None:
    try:
        out.write(lines)
        out.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UnwrittenError(error.errno, error.strerror) from None


def _line(ticket: Ticket) -> bytes:
    if isinstance(ticket.answer, bytes):
        return b'{"file":%b,%b\n' % (_quoted(ticket.file), ticket.answer[1:])
    import json

    from ingest.record import failed

    record = {"file": ticket.file, **failed(str(ticket.answer)), "url": ticket.url}
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace") + b"\n"


def _quoted(name: str) -> bytes:
    """A file's name as JSON, bytes that are not UTF-8 as escaped surrogates; the plain ones by hand, since even `json`
    takes its time to import."""
    if name.isascii() and name.isprintable() and '"' not in name and "\\" not in name:
        return f'"{name}"'.encode()
    import json

    return json.dumps(name, ensure_ascii=False).encode("utf-8", "backslashreplace")
