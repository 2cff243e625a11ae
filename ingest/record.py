"""An article as the JSON object that `kliping extract` prints. Every key is always there."""

from __future__ import annotations

from collections.abc import Iterable
from json import JSONEncoder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kliping.model import Article

Record = dict[str, Any]

KEYS = (
    "url", "outcome", "title", "author", "published_at", "published_precision", "published_from", "language",
    "body", "captions", "sources", "credits", "tags", "removed", "rule", "error",
)  # fmt: skip
_encode = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_CONTROLS = bytes(set(range(0x20)) - set(b"\n"))
_LISTS = ("captions", "sources", "credits", "tags", "removed")


def line(article: Article) -> bytes:
    """The record as JSON in UTF-8. The body is put in afterwards: no string of JSON holds a bare quotation mark, so
    that none can be taken for its place."""
    found = record(article) | {"body": None}
    before, _, after = _utf8(_encode(found)).partition(b'"body":null')
    return b'%b"body":%b%b' % (before, text(article.body), after)


def text(value: str | None) -> bytes:
    """A long text in JSON, in a quarter of the time that the encoder takes, which looks at each character twice."""
    said = _utf8(value or "")
    if value is None or len(said.translate(None, _CONTROLS)) != len(said):
        return _utf8(_encode(value))
    return b'"%b"' % said.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")


def _utf8(value: str) -> bytes:
    return value.encode("utf-8", "replace")


def record(article: Article) -> Record:
    """All keys but `file`."""
    at = article.published_at
    return {
        "url": article.url or article.canonical_url,  # as it was given, else as the page declares it
        "outcome": article.outcome.value,
        "title": article.title,
        "author": article.author,
        "published_at": at.isoformat() if at else None,
        "published_precision": article.published_precision,
        "published_from": article.published_from,
        "language": article.language,
        "body": article.body,
        "captions": _plain(article.captions),
        "sources": _plain(article.sources),
        "credits": _plain(article.credits),
        "tags": article.tags,
        "removed": _plain(article.removed),
        "rule": article.rule,
        "error": None,
    }


def failed(error: str) -> Record:
    """The same of a file that gave no article."""
    return {**dict.fromkeys(KEYS), **{name: [] for name in _LISTS}, "error": error}


def _plain(values: Iterable[Any]) -> list[Record]:
    """Flat dataclasses as objects; `dataclasses.asdict` copies deeply, at ten times the cost."""
    return [{name: getattr(value, name) for name in value.__dataclass_fields__} for value in values]
