"""What the sandbox and its children say to each other: length-prefixed msgpack, decoded into types, never pickle.

    parent -> child    4 bytes length, Job
    child  -> parent   4 bytes length, Reply

A child that has parsed hostile bytes is not trusted: a frame over REPLY_BYTES or of another shape ends it. Datetimes go
as ISO text, since a msgpack timestamp would lose their offset.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ingest.notices import LENGTH
from kliping.model import Page

__all__ = ["LENGTH", "REPLY_BYTES", "ArticleJob", "DiscoverJob", "FeedJob", "Job", "Reply", "SiteJob", "pack"]

REPLY_BYTES = 128 * 1024 * 1024


class FeedJob(msgspec.Struct, tag="feed", array_like=True):
    """Parse a feed document within `cpu` seconds of CPU time."""

    cpu: float
    body: bytes
    url: str
    content_type: str | None
    zone: str
    limit: int


class ArticleJob(msgspec.Struct, tag="article", array_like=True):
    """Extract the article of a page within `cpu` seconds of CPU time."""

    cpu: float
    page: Page
    site_rules: bool


class DiscoverJob(msgspec.Struct, tag="discover", array_like=True):
    """Find the feeds of a page within `cpu` seconds of CPU time."""

    cpu: float
    html: bytes
    url: str


class SiteJob(msgspec.Struct, tag="site", array_like=True):
    """Look at a page for the author of a rule, with rules of his own, within `cpu` seconds of CPU time."""

    cpu: float
    page: Page
    rules: dict[str, str]


Job = FeedJob | ArticleJob | DiscoverJob | SiteJob


class Reply(msgspec.Struct, array_like=True):
    """`kind` is ok, feed (FeedError), page (PageError), memory or bug; `value` is the packed result of ok.

    `last` says that the child ends itself after this reply.
    """

    kind: str
    text: str
    value: msgspec.Raw
    last: bool


def pack(value: Any) -> bytes:
    """msgpack of any model value, with datetimes as ISO text."""
    return msgspec.msgpack.encode(msgspec.to_builtins(value, builtin_types=(bytes,)))
