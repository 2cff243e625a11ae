"""The tables. Postgres 15+, no contrib extension. Migrations are proven equal to this by a test.

hosts     who may be visited, when, by whom (the lease)
feeds     what is polled, its validators and its full-text verdict
moves     every change of a feed's URL, and those that were refused
entries   the ledger: every announced entry in exactly one state
pages     raw bytes as fetched (zstd), partitionable by time, so nothing refers to it by foreign key
articles  the live, clean articles; one per identity, URL and body within a site
removals  what was stripped from an article, line by line
polls     the last 50 outcomes per feed, a ring; poll_days holds what left it, by day
backfills walks through a feed's history, resumable
gaps      where a poll shared nothing with what was known, so that entries may have been missed
alerts    what is wrong with a feed, one open row per feed and kind
subscriptions  feeds that a WebSub hub pushes to us

Identities are sha256 (32 bytes): a raw GUID or URL can be longer than an index row (2,704 bytes). Long because every
table stands here, and migrations are compared with one file.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    DDL,
    REAL,
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Text,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

POLLS_KEPT = 50

Key = LargeBinary
Moment = DateTime(timezone=True)


class Base(DeclarativeBase):
    """All tables; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy reads it as a class attribute)
        datetime: Moment,
        str: Text,
        int: BigInteger,
        float: Double,
        bytes: Key,
        date: Date,
        dict[str, Any]: JSONB,
        list[str]: ARRAY(Text),
    }


class Host(Base):
    """A lower-case name, with the port when it is not 80 or 443. While a lease is held, `due_at` is its end."""

    __tablename__ = "hosts"

    name: Mapped[str] = mapped_column(primary_key=True)
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    lease_no: Mapped[int] = mapped_column(server_default="0")
    lease_until: Mapped[datetime | None]
    lease_holder: Mapped[str | None]
    not_before: Mapped[datetime | None]  # Retry-After: nobody asks this host anything sooner
    last_start_at: Mapped[datetime | None]  # spacing holds between visits too
    robots: Mapped[str | None]
    robots_at: Mapped[datetime | None]
    robots_outcome: Mapped[str | None]

    # No index on lease_holder: it is asked for when a process starts or stops, and leases are written all the time.
    __table_args__ = ({"postgresql_with": {"fillfactor": "70"}},)


class FeedRow(Base):
    """A feed that is polled."""

    __tablename__ = "feeds"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    url: Mapped[str]
    url_key: Mapped[bytes] = mapped_column(unique=True)
    host: Mapped[str] = mapped_column(ForeignKey("hosts.name"), index=True)
    state: Mapped[str] = mapped_column(server_default="active")
    state_reason: Mapped[str | None]
    title: Mapped[str | None]
    site_url: Mapped[str | None]
    version: Mapped[str | None]
    language: Mapped[str | None]
    zone: Mapped[str] = mapped_column(server_default="Asia/Jakarta")
    interval: Mapped[int | None] = mapped_column(Integer)
    full_text: Mapped[bool | None]
    user_agent: Mapped[str | None]
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    body_sha256: Mapped[bytes | None]
    next_poll_at: Mapped[datetime | None]
    next_poll_why: Mapped[str | None]  # what made it that time, for people
    first_polled_at: Mapped[datetime | None]
    last_polled_at: Mapped[datetime | None]
    last_full_at: Mapped[datetime | None]
    last_outcome: Mapped[str | None]
    last_detail: Mapped[str | None]
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    failing_since: Mapped[datetime | None]
    backoff: Mapped[float] = mapped_column(server_default="0")  # weight of the failures in a row, by kind
    rhythm: Mapped[list[float] | None] = mapped_column(ARRAY(REAL))  # when it publishes: see ingest/rhythm.py
    rhythm_at: Mapped[datetime | None]  # until when the rhythm was watched
    announced: Mapped[int | None] = mapped_column(Integer)  # entries in its last document
    hint_seconds: Mapped[int | None] = mapped_column(Integer)  # the pause between polls that its document asks for
    skip_hours: Mapped[int | None] = mapped_column(Integer)  # bits: GMT hours that it asks to skip
    skip_days: Mapped[int | None] = mapped_column(SmallInteger)  # bits: weekdays, Monday first
    last_new_at: Mapped[datetime | None]  # the last poll that brought something new
    silent_at: Mapped[datetime | None]  # until when its silence is nothing unusual; worked out after a day of it
    gap_at: Mapped[datetime | None]  # while a gap is open
    gone_at: Mapped[datetime | None]
    key_url: Mapped[str | None]  # what keys of entries are made from, when the feed has moved since
    answered_url: Mapped[str | None]  # where the last full answer came from, if not from `url`
    move_to: Mapped[str | None]  # a permanent redirect that has not been followed for good yet
    move_since: Mapped[datetime | None]
    move_seen: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    sites: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))  # others its pages may be on
    full_text_agreed: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    full_text_verdict: Mapped[bool | None]
    full_text_checked_at: Mapped[datetime | None]
    poll_count: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))

    __table_args__ = (
        CheckConstraint("state IN ('active', 'paused', 'gone')", name="state"),
        Index("ix_feeds_next_poll_at", "next_poll_at", postgresql_where=text("state = 'active'")),
        {"postgresql_with": {"fillfactor": "70"}},
    )


class MoveRow(Base):
    """A feed got another URL, or would have: `refused` says why not. `why` is https or permanent."""

    __tablename__ = "moves"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    feed_id: Mapped[int] = mapped_column(ForeignKey("feeds.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    from_url: Mapped[str]
    to_url: Mapped[str]
    why: Mapped[str]
    refused: Mapped[str | None]


class EntryRow(Base):
    """The ledger. `payload` (zstd msgpack of model.Entry) is kept while the entry may still be worked on."""

    __tablename__ = "entries"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    feed_id: Mapped[int | None] = mapped_column(ForeignKey("feeds.id", ondelete="SET NULL"))
    key: Mapped[bytes]
    site: Mapped[str | None]
    host: Mapped[str | None]  # where its page is fetched; null when it has none
    guid: Mapped[str | None]
    url: Mapped[str | None]
    url_key: Mapped[bytes | None] = mapped_column(index=True)
    title: Mapped[str | None]
    published_at: Mapped[datetime | None]
    state: Mapped[str]
    reason: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    next_try_at: Mapped[datetime | None]
    initial: Mapped[bool] = mapped_column(server_default=text("false"))
    origin: Mapped[str] = mapped_column(server_default="live")  # live or backfill
    outlinks: Mapped[int | None] = mapped_column(SmallInteger)  # links in the feed's text that lead off its site
    first_seen_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    article_id: Mapped[int | None] = mapped_column(ForeignKey("articles.id", ondelete="SET NULL"), index=True)
    payload: Mapped[bytes | None]

    __table_args__ = (
        UniqueConstraint("feed_id", "key"),
        Index("ix_entries_feed_id_first_seen_at", "feed_id", "first_seen_at"),
        CheckConstraint("state IN ('pending', 'stored', 'duplicate', 'rejected', 'quarantined')", name="state"),
        CheckConstraint("(state = 'pending') = (next_try_at IS NOT NULL)", name="pending_has_next_try"),
        Index("ix_entries_host_next_try_at", "host", "next_try_at", postgresql_where=text("state = 'pending'")),
        Index("ix_entries_quarantined", "id", postgresql_where=text("state = 'quarantined'")),
    )


class PageRow(Base):
    """Raw bytes after content-decoding, zstd. Its key includes the time, so that it can be partitioned by month."""

    __tablename__ = "pages"

    fetched_at: Mapped[datetime] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    entry_id: Mapped[int | None]
    origin: Mapped[str]
    url: Mapped[str | None]
    url_key: Mapped[bytes | None] = mapped_column(index=True)
    final_url: Mapped[str | None]
    status: Mapped[int | None] = mapped_column(SmallInteger)
    headers: Mapped[list[Any] | None] = mapped_column(JSONB)  # [name, value] pairs in order
    body: Mapped[bytes]
    body_sha256: Mapped[bytes]
    size: Mapped[int] = mapped_column(Integer)

    __table_args__ = (Index("ix_pages_entry_id", "entry_id"),)


# zstd does not compress twice: keep Postgres from trying. SQLAlchemy has no word for it.
event.listen(
    PageRow.__table__,
    "after_create",
    DDL("ALTER TABLE pages ALTER COLUMN body SET STORAGE EXTERNAL"),  # type: ignore[no-untyped-call]  # it has no hints
)


class ArticleRow(Base):
    """A live article. Unique within its site by identity, by canonical URL and by normalised body."""

    __tablename__ = "articles"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    site: Mapped[str]
    identity_key: Mapped[bytes]
    url_key: Mapped[bytes | None]
    body_sha256: Mapped[bytes]
    feed_id: Mapped[int | None] = mapped_column(ForeignKey("feeds.id", ondelete="SET NULL"), index=True)
    url: Mapped[str | None]
    canonical_url: Mapped[str | None]
    title: Mapped[str | None]
    author: Mapped[str | None]
    published_at: Mapped[datetime | None] = mapped_column(index=True)
    published_precision: Mapped[str | None]
    published_from: Mapped[str | None]
    published_raw: Mapped[str | None]
    modified_at: Mapped[datetime | None]
    language: Mapped[str | None]
    body: Mapped[str]
    body_from: Mapped[str]  # web or feed: where the body was taken from
    captions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    sources: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    credits: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    tags: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    flags: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    image: Mapped[str | None]
    site_name: Mapped[str | None]
    same_body_as: Mapped[int | None] = mapped_column(ForeignKey("articles.id", ondelete="SET NULL"), index=True)
    initial: Mapped[bool] = mapped_column(server_default=text("false"))
    rule: Mapped[str | None]
    extractor: Mapped[str]
    page_id: Mapped[int | None]
    page_fetched_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(index=True)
    updated_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("site", "identity_key"),
        UniqueConstraint("site", "url_key"),
        UniqueConstraint("site", "body_sha256"),
        Index("ix_articles_body_sha256", "body_sha256"),
    )


class RemovalRow(Base):
    """One line that was stripped from an article, and the field that holds it now."""

    __tablename__ = "removals"

    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    step: Mapped[str]
    rule: Mapped[str]
    text: Mapped[str]
    kept_as: Mapped[str | None]


class PollRow(Base):
    """One outcome of one poll. `slot` = poll number modulo 50, so that the ring never grows."""

    __tablename__ = "polls"

    feed_id: Mapped[int] = mapped_column(ForeignKey("feeds.id", ondelete="CASCADE"), primary_key=True)
    slot: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    at: Mapped[datetime]
    outcome: Mapped[str]
    status: Mapped[int | None] = mapped_column(SmallInteger)
    seconds: Mapped[float]
    bytes: Mapped[int]
    new: Mapped[int] = mapped_column(Integer)
    known: Mapped[int] = mapped_column(Integer)
    bad: Mapped[int] = mapped_column(Integer)
    detail: Mapped[str | None]


class PollDay(Base):
    """What left the ring, summed by day (UTC) and outcome."""

    __tablename__ = "poll_days"

    feed_id: Mapped[int] = mapped_column(ForeignKey("feeds.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    outcome: Mapped[str] = mapped_column(primary_key=True)
    polls: Mapped[int] = mapped_column(Integer)
    new: Mapped[int] = mapped_column(Integer)
    bad: Mapped[int] = mapped_column(Integer)
    bytes: Mapped[int]
    seconds: Mapped[float]


class BackfillRow(Base):
    """A walk through a feed's history. `cursor` is the next page's URL; null when it has not begun or is at its end."""

    __tablename__ = "backfills"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    feed_id: Mapped[int] = mapped_column(ForeignKey("feeds.id", ondelete="CASCADE"), index=True)
    since: Mapped[datetime | None]
    until: Mapped[datetime | None]
    max_pages: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(server_default="running")
    reason: Mapped[str | None]
    cursor: Mapped[str | None]
    pages: Mapped[int] = mapped_column(Integer, server_default="0")
    new: Mapped[int] = mapped_column(Integer, server_default="0")
    known: Mapped[int] = mapped_column(Integer, server_default="0")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("state IN ('queued', 'running', 'done', 'stopped', 'failed')", name="state"),)


class GapRow(Base):
    """A stretch of a feed's time in which entries may have been missed. One is open per feed at most.

    `from_at` is the newest entry known before, `to_at` the oldest entry of the poll that shared nothing with it.
    `outcome`: filled when a walk back met a known entry, unfilled when polls overlap again without that.
    """

    __tablename__ = "gaps"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    feed_id: Mapped[int] = mapped_column(ForeignKey("feeds.id", ondelete="CASCADE"), index=True)
    from_at: Mapped[datetime]
    to_at: Mapped[datetime]
    why: Mapped[str]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    backfill_id: Mapped[int | None] = mapped_column(ForeignKey("backfills.id", ondelete="SET NULL"))

    __table_args__ = (
        CheckConstraint("(closed_at IS NULL) = (outcome IS NULL)", name="closed_has_outcome"),
        CheckConstraint("outcome IN ('filled', 'unfilled')", name="outcome"),
        Index("ix_gaps_open", "feed_id", unique=True, postgresql_where=text("closed_at IS NULL")),
    )


class AlertRow(Base):
    """Something wrong with a feed for an operator to look at; `since` is when it began, as far as we can tell."""

    __tablename__ = "alerts"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    feed_id: Mapped[int] = mapped_column(ForeignKey("feeds.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    since: Mapped[datetime]
    detail: Mapped[str]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_alerts_open", "feed_id", "kind", unique=True, postgresql_where=text("closed_at IS NULL")),
    )


class SubscriptionRow(Base):
    """A WebSub subscription: `token` is the secret part of our callback URL, `secret` signs what the hub sends."""

    __tablename__ = "subscriptions"

    feed_id: Mapped[int] = mapped_column(ForeignKey("feeds.id", ondelete="CASCADE"), primary_key=True)
    hub: Mapped[str]
    topic: Mapped[str]
    token: Mapped[str] = mapped_column(unique=True)
    secret: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="asked")
    detail: Mapped[str | None]
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    renew_at: Mapped[datetime] = mapped_column(index=True)
    lease_until: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("state IN ('asked', 'active', 'denied')", name="state"),)
