"""Pages that stand for a site: read, kept beside what they should give, and told as a person reads them.

    FOLDER/parsers/sites/HOST.toml         the rule
    FOLDER/tests/sites/HOST/NAME.html      a page; its first line is `<!-- url: ADDRESS at: WHEN -->`
                            NAME.txt       what it should give: fields, removed lines, body
                            examples.toml  addresses that are articles, and others

That is the layout of kliping's own checkout, so a FOLDER that is one needs nothing to be moved.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ingest.pagefile import bytes_of, unzipped
from kliping.errors import InputError
from kliping.model import Article, Origin, Page

READ_AT = datetime(2025, 6, 1, tzinfo=UTC)  # when a page of a site was read that does not say it
_FIRST_LINE = re.compile(rb"<!-- url: (\S+)(?: at: (\S+))? -->\r?\n")


@dataclass(frozen=True)
class SitePlaces:
    """Where the files of a host are, under a folder."""

    folder: Path
    host: str

    @property
    def rule(self) -> Path:
        return self.folder / "parsers" / "sites" / f"{self.host}.toml"

    @property
    def pages(self) -> Path:
        return self.folder / "tests" / "sites" / self.host


def rules_in(folder: Path) -> dict[str, str]:
    """All rules under a folder, as TOML by name. Raises InputError."""
    texts = {}
    for path in listed(folder / "parsers" / "sites", "*.toml"):
        try:
            texts[path.stem] = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: {error}") from None
    return texts


def listed(folder: Path, pattern: str) -> list[Path]:
    """What is in a folder, in order; nothing when there is no folder. Raises InputError."""
    try:
        return sorted(folder.glob(pattern))
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror}") from None


def read_page(file: str, url: str | None, most: int, saved: bool = False) -> Page:
    """A page from a file, its address from `url` or its own first line. Raises InputError.

    One that does not say when it was read is taken as one of ours, or with `saved` as read when its file was written.
    """
    try:
        html = unzipped(bytes_of(file, most), most)
        unsaid = datetime.fromtimestamp(int(Path(file).stat().st_mtime), UTC) if saved else READ_AT
    except InputError as error:
        raise InputError(f"{file}: {error}") from None
    told = _FIRST_LINE.match(html)
    try:
        at = datetime.fromisoformat(told[2].decode()) if told and told[2] else unsaid
        own = told[1].decode() if told else None
    except ValueError as error:
        raise InputError(f"{file}: its first line: {error}") from None
    return Page(url or own, html, at if at.tzinfo else at.replace(tzinfo=UTC), Origin.WEB)


def first_line(url: str, at: datetime) -> bytes:
    """The line that a page of a site begins with."""
    return f"<!-- url: {url} at: {at.isoformat(timespec='seconds')} -->\n".encode()


def without_first_line(html: bytes) -> bytes:
    told = _FIRST_LINE.match(html)
    return html[told.end() :] if told else html


def told(article: Article) -> str:
    """An article as a person reads it: its fields, every line that was removed, its body."""
    lines = [
        f"outcome: {article.outcome.value}",
        f"title: {article.title}",
        f"author: {article.author}",
        f"published: {article.published_at} ({article.published_precision}, from {article.published_from})",
        f"language: {article.language}",
        f"tags: {', '.join(article.tags)}",
        *(f"caption: {caption.text} | {caption.credit}" for caption in article.captions),
        *(f"source: {source.label} | {source.url} | {source.kind}" for source in article.sources),
        *(f"credit: {credit.role} | {credit.name}" for credit in article.credits),
        *(f"removed: {line.step} | {line.rule} | {line.text} | {line.kept_as}" for line in article.removed),
        f"rule: {article.rule}",
        *([f"flags: {', '.join(article.flags)}"] if article.flags else []),
    ]
    return "\n".join([*lines, "", article.body or "(no body)", ""])
