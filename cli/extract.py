"""`kliping extract FILE...`: article pages to JSON lines, through the service's own extractor and sandbox."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from ingest.sandbox import Sandbox
from kliping.clock import SystemClock
from kliping.errors import InputError, KlipingError
from kliping.model import Article, Origin, Page
from kliping.settings import Settings, load

Record = dict[str, Any]
_CHUNK = 65_536
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class _Work:
    """What is to be read, and how."""

    files: Sequence[str]
    urls: Mapping[str, str]
    site_rules: bool
    settings: Settings


def extract_command(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Pages, .html or .html.gz.")],
    url: Annotated[str | None, typer.Option(help="Where the page came from; needs exactly one FILE.")] = None,
    urls: Annotated[str | None, typer.Option(metavar="TSV", help="A table of file and URL, tab-separated.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Parsing processes.")] = None,
    no_site_rules: Annotated[
        bool, typer.Option("--no-site-rules", help="Leave out the rules of single hosts.")
    ] = False,
) -> None:
    """Print the article of each page, one JSON object a line; a file that cannot be read gives one with its error."""
    if url is not None and (len(files) != 1 or urls is not None):
        raise typer.BadParameter("needs exactly one FILE, and no --urls", param_hint="--url")
    settings = load()
    if jobs is not None:
        settings = settings.model_copy(update={"children": jobs})
    where = {files[0]: url} if url is not None else _table(urls) if urls is not None else {}
    if not asyncio.run(_print_all(_Work(files, where, not no_site_rules, settings))):
        raise typer.Exit(1)


def _table(name: str) -> dict[str, str]:
    """file -> URL. Raises BadParameter for a table that cannot be read."""
    try:
        lines = Path(name).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{name}: {error}", param_hint="--urls") from None
    pairs = [line.split("\t") for line in lines if line.strip()]
    if any(len(pair) < 2 for pair in pairs):
        raise typer.BadParameter(f"{name}: each line is a file, a tab and a URL", param_hint="--urls")
    return {pair[0]: pair[1].strip() for pair in pairs}


async def _print_all(work: _Work) -> bool:
    """Print every file's article in the order given; False when a file failed."""
    fine = True
    async with Sandbox(work.settings) as sandbox:
        async for file, found in _in_order(work, sandbox):
            fine = fine and isinstance(found, Article)
            line = json.dumps(record(file, found), ensure_ascii=False)
            typer.echo(line.encode("utf-8", "surrogateescape"))
    return fine


async def _in_order(work: _Work, sandbox: Sandbox) -> AsyncIterator[tuple[str, Article | KlipingError]]:
    """Each file with what came of it; a few are read ahead, so that no child waits."""
    ahead: deque[tuple[str, asyncio.Task[Article | KlipingError]]] = deque()
    for file in work.files:
        ahead.append((file, asyncio.create_task(_extract(file, work, sandbox))))
        if len(ahead) > work.settings.children + 1:
            name, task = ahead.popleft()
            yield name, await task
    for name, task in ahead:
        yield name, await task


async def _extract(file: str, work: _Work, sandbox: Sandbox) -> Article | KlipingError:
    try:
        html = read_page(file, work.settings.page_bytes)
        page = Page(work.urls.get(file), html, SystemClock().now(), Origin.STORED)
        return await sandbox.article(page, work.site_rules)
    except KlipingError as error:
        return error


def read_page(file: str, most: int) -> bytes:
    """The bytes of a page file, unzipped when it is gzipped. Raises InputError, also for more than `most` bytes."""
    try:
        with Path(file).open("rb") as stream:
            raw = stream.read(most + 1)
        body = _unzip(raw, most) if raw.startswith(b"\x1f\x8b") else raw
    except (OSError, ValueError) as error:
        raise InputError(f"unreadable: {getattr(error, 'strerror', None) or error}") from None
    except zlib.error as error:
        raise InputError(f"unreadable: {error}") from None
    if len(body) > most:
        raise InputError(f"unreadable: more than {most} bytes")
    return body


def _unzip(raw: bytes, most: int) -> bytes:
    """All members of a gzip file, up to one byte over `most`."""
    out = b""
    while raw and len(out) <= most:
        member = zlib.decompressobj(_GZIP)
        out += member.decompress(raw, most + 1 - len(out))
        if not member.eof and len(out) <= most:
            raise InputError("unreadable: the gzip data ends early")
        raw = member.unused_data.lstrip(b"\0")
    return out


def record(file: str, found: Article | KlipingError) -> Record:
    """The JSON object of a file: every key is always there."""
    if isinstance(found, Article):
        return _record(file, found)
    return {**dict.fromkeys(KEYS), **{name: [] for name in _LISTS}, "file": file, "error": str(found)}


KEYS = (
    "file", "url", "outcome", "title", "author", "published_at", "published_precision", "published_from", "language",
    "body", "captions", "sources", "credits", "tags", "removed", "rule", "error",
)  # fmt: skip
_LISTS = ("captions", "sources", "credits", "tags", "removed")


def _record(file: str, article: Article) -> Record:
    at = article.published_at
    return {
        "file": file,
        "url": article.canonical_url or article.url,
        "outcome": article.outcome.value,
        "title": article.title,
        "author": article.author,
        "published_at": at.isoformat() if at else None,
        "published_precision": article.published_precision,
        "published_from": article.published_from,
        "language": article.language,
        "body": article.body,
        "captions": [asdict(caption) for caption in article.captions],
        "sources": [asdict(source) for source in article.sources],
        "credits": [asdict(credit) for credit in article.credits],
        "tags": list(article.tags),
        "removed": [asdict(removal) for removal in article.removed],
        "rule": article.rule,
        "error": None,
    }
