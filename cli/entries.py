"""`kliping entries [--url URL] FILE...`: feed files to JSON lines, through the service's own parser and sandbox."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ingest.sandbox import Sandbox
from kliping.errors import FeedError, InputError, KlipingError
from kliping.feeds import ParsedFeed
from kliping.model import Entry
from kliping.settings import Settings, load

Record = dict[str, Any]


def entries_command(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Feed documents, plain or gzipped.")],
    url: Annotated[str, typer.Option(help="Where the documents came from: what relative links are relative to.")] = "",
    _json: Annotated[bool, typer.Option("--json", help="Print JSON lines, which it does anyway.")] = False,
) -> None:
    """Print the entries of feed files, one JSON object a line; a file that cannot be read gives one with its error."""
    if not asyncio.run(_print_all(files, url, load())):
        raise typer.Exit(1)


async def _print_all(files: Sequence[str], url: str, settings: Settings) -> bool:
    """Print every file's entries in the order given; False when a file failed."""
    fine = True
    async with Sandbox(settings) as sandbox:
        async for file, found in _in_order(files, url, settings, sandbox):
            fine = fine and isinstance(found, ParsedFeed)
            for record in _records(file, found):
                line = json.dumps(record, ensure_ascii=False)
                typer.echo(line.encode("utf-8", "surrogateescape"))
    return fine


async def _in_order(
    files: Sequence[str], url: str, settings: Settings, sandbox: Sandbox
) -> AsyncIterator[tuple[str, ParsedFeed | KlipingError]]:
    """Each file with what came of it; a few are parsed ahead, as many as there are children."""
    ahead: deque[tuple[str, asyncio.Task[ParsedFeed | KlipingError]]] = deque()
    for file in files:
        ahead.append((file, asyncio.create_task(_parse(file, url, settings, sandbox))))
        if len(ahead) > settings.children:
            name, task = ahead.popleft()
            yield name, await task
    for name, task in ahead:
        yield name, await task


async def _parse(file: str, url: str, settings: Settings, sandbox: Sandbox) -> ParsedFeed | KlipingError:
    try:
        body = _read(file, settings.feed_bytes)
        return await sandbox.feed(body, url, None, limit=settings.entries_per_poll)
    except KlipingError as error:
        return error


def _read(file: str, most: int) -> bytes:
    """The bytes of a file. Raises InputError when there is no file of at most `most` bytes."""
    try:
        with Path(file).open("rb") as stream:
            body = stream.read(most + 1)
    except (OSError, ValueError) as error:
        raise InputError(f"unreadable: {getattr(error, 'strerror', None) or error}") from None
    if len(body) > most:
        raise InputError(f"unreadable: more than {most} bytes")
    return body


def _records(file: str, found: ParsedFeed | KlipingError) -> list[Record]:
    """An object for each entry, or the one object of a file that cannot be read."""
    if isinstance(found, ParsedFeed):
        return [_record(file, entry) for entry in found.entries]
    ours = isinstance(found, FeedError | InputError)
    text = str(found) if ours else f"{type(found).__name__}: {found}"
    return [{**_record(file, Entry()), "content_length": None, "error": text}]


def _record(file: str, entry: Entry) -> Record:
    """An entry as an object that has every key. `content_length` counts characters of the content's markup."""
    return {
        "file": file,
        "id": entry.guid,
        "url": entry.url,
        "title": entry.title,
        "author": entry.author,
        "published_at": entry.published_at.isoformat() if entry.published_at else None,
        "updated_at": entry.updated_at.isoformat() if entry.updated_at else None,
        "summary": entry.summary,
        "content_length": len(entry.content or ""),
        "error": entry.error,
    }
