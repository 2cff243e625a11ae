"""An article as the JSON object that `kliping extract` prints. Every key is always there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kliping.model import Article

Record = dict[str, Any]

KEYS = (
    "url", "outcome", "title", "author", "published_at", "published_precision", "published_from", "language",
    "body", "captions", "sources", "credits", "tags", "removed", "rule", "error",
)  # fmt: skip
_LISTS = ("captions", "sources", "credits", "tags", "removed")


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
