"""Articles, their removals and their pages."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, BYTEA, INTEGER, TEXT, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from db.payload import pack
from db.schema import ArticleRow, PageRow
from kliping.decisions import Identity, Known
from kliping.model import Article, Origin

# psycopg reads a statement's text at a cost that grows with the square of its parameters: 16 ms for 50 articles of 28.
FEW_ROWS = {"insertmanyvalues_page_size": 16}


@dataclass(frozen=True, slots=True)
class RawPage:
    """The bytes an article or a failure came from, as they are to be kept."""

    at: datetime
    origin: Origin
    body: bytes
    url: str | None = None
    url_key: bytes | None = None
    final_url: str | None = None
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class NewArticle:
    """An article on its way in."""

    identity: Identity
    article: Article
    feed_id: int
    at: datetime
    body_from: Origin
    initial: bool = False
    same_body_as: int | None = None


# Strength of a match: identity, then URL, then body.
_KNOWN = text("""
    SELECT w.n, a.id, a.site = w.site AS same_site,
        CASE WHEN a.site <> w.site THEN 'body'
             WHEN a.identity_key = w.entry_key THEN 'identity'
             WHEN a.url_key = w.url_key THEN 'url' ELSE 'body' END AS why
    FROM unnest(:sites, :entry_keys, :url_keys, :body_keys) WITH ORDINALITY AS w(site, entry_key, url_key, body_key, n)
    JOIN LATERAL (
        SELECT id, site, identity_key, url_key FROM articles WHERE site = w.site AND identity_key = w.entry_key
        UNION SELECT id, site, identity_key, url_key FROM articles WHERE site = w.site AND url_key = w.url_key
        UNION SELECT id, site, identity_key, url_key FROM articles WHERE body_sha256 = w.body_key
    ) AS a ON true
    ORDER BY w.n, CASE WHEN a.identity_key = w.entry_key THEN 0 WHEN a.url_key = w.url_key THEN 1 ELSE 2 END, a.id
""").bindparams(
    bindparam("sites", type_=ARRAY(TEXT)),
    bindparam("entry_keys", type_=ARRAY(BYTEA)),
    bindparam("url_keys", type_=ARRAY(BYTEA)),
    bindparam("body_keys", type_=ARRAY(BYTEA)),
)


async def known(conn: AsyncConnection, identities: Sequence[Identity]) -> list[Known]:
    """For each identity, the live articles that it might be."""
    same: list[list[tuple[int, str]]] = [[] for _ in identities]
    other: list[list[int]] = [[] for _ in identities]
    values = {
        "sites": [identity.site for identity in identities],
        "entry_keys": [identity.entry_key for identity in identities],
        "url_keys": [identity.url_key for identity in identities],
        "body_keys": [identity.body_key for identity in identities],
    }
    for row in await conn.execute(_KNOWN, values):
        if row.same_site:
            same[row.n - 1].append((row.id, row.why))
        else:
            other[row.n - 1].append(row.id)
    return [Known(tuple(s), tuple(sorted(o))) for s, o in zip(same, other, strict=True)]


async def insert_new(conn: AsyncConnection, rows: Sequence[NewArticle]) -> list[int | None]:
    """Insert articles in the order of their keys; None for one that somebody else stored meanwhile."""
    if not rows:
        return []
    ordered = sorted(rows, key=lambda row: (row.identity.site, row.identity.entry_key))
    statement = (
        insert(ArticleRow).on_conflict_do_nothing().returning(ArticleRow.id, ArticleRow.site, ArticleRow.identity_key)
    )
    found = {
        (row.site, bytes(row.identity_key)): row.id
        for row in await conn.execute(statement, [_article_values(row) for row in ordered], execution_options=FEW_ROWS)
    }
    return [found.get((row.identity.site, row.identity.entry_key)) for row in rows]


def _article_values(row: NewArticle) -> dict[str, Any]:
    article, identity = row.article, row.identity
    plain = msgspec.to_builtins
    return {
        "site": identity.site,
        "identity_key": identity.entry_key,
        "url_key": identity.url_key,
        "body_sha256": identity.body_key,
        "feed_id": row.feed_id,
        "url": article.url,
        "canonical_url": article.canonical_url,
        "title": article.title,
        "author": article.author,
        "published_at": article.published_at,
        "published_precision": article.published_precision,
        "published_from": article.published_from,
        "published_raw": article.published_raw,
        "modified_at": article.modified_at,
        "language": article.language,
        "body": article.body,
        "body_from": row.body_from.value,
        "captions": plain(article.captions),
        "sources": plain(article.sources),
        "credits": plain(article.credits),
        "tags": list(article.tags),
        "flags": list(article.flags),
        "image": article.image,
        "site_name": article.site_name,
        "same_body_as": row.same_body_as,
        "initial": row.initial,
        "rule": article.rule,
        "extractor": article.extractor,
        "page_fetched_at": row.at,
        "created_at": row.at,
        "updated_at": row.at,
    }


_ADOPT = text("""
    UPDATE articles a SET feed_id = w.feed_id FROM unnest(:ids, :feeds) AS w(id, feed_id)
    WHERE a.id = w.id AND a.feed_id IS NULL
""").bindparams(bindparam("ids", type_=ARRAY(BIGINT)), bindparam("feeds", type_=ARRAY(BIGINT)))


async def adopt(conn: AsyncConnection, feed_of: Mapping[int | None, int]) -> None:
    """Give articles whose feed was removed to the feed that announces them again."""
    found = {article: feed for article, feed in feed_of.items() if article is not None}
    if found:
        await conn.execute(_ADOPT, {"ids": list(found), "feeds": list(found.values())})


_ADD_REMOVALS = text("""
    INSERT INTO removals (article_id, seq, step, rule, text, kept_as)
    SELECT * FROM unnest(:articles, :seqs, :steps, :rules, :texts, :kept)
""").bindparams(
    bindparam("articles", type_=ARRAY(BIGINT)),
    bindparam("seqs", type_=ARRAY(INTEGER)),
    *(bindparam(name, type_=ARRAY(TEXT)) for name in ("steps", "rules", "texts", "kept")),
)


async def add_removals(conn: AsyncConnection, rows: Iterable[tuple[int, Article]]) -> None:
    """Keep what was stripped from each article. Arrays: the statement stays the same however many lines there are."""
    lines = [(owner, seq, line) for owner, article in rows for seq, line in enumerate(article.removed, 1)]
    if not lines:
        return
    values = {
        "articles": [owner for owner, _, _ in lines],
        "seqs": [seq for _, seq, _ in lines],
        "steps": [line.step for *_, line in lines],
        "rules": [line.rule for *_, line in lines],
        "texts": [line.text for *_, line in lines],
        "kept": [line.kept_as for *_, line in lines],
    }
    await conn.execute(_ADD_REMOVALS, values)


_OWN_PAGES = text("""
    UPDATE articles a SET page_id = w.page_id FROM unnest(:ids, :pages) AS w(id, page_id) WHERE a.id = w.id
""").bindparams(bindparam("ids", type_=ARRAY(BIGINT)), bindparam("pages", type_=ARRAY(BIGINT)))


async def add_pages(conn: AsyncConnection, rows: Sequence[tuple[int, int | None, RawPage]]) -> None:
    """Keep raw pages (entry id, article id or None, page) and tell each article which is its own.

    Of several pages of one article the first is its own, the others follow it in order of their ids.
    """
    if not rows:
        return
    statement = insert(PageRow).returning(PageRow.id, PageRow.entry_id)
    values = [_page_values(entry_id, page) for entry_id, _, page in rows]
    found = await conn.execute(statement, values, execution_options=FEW_ROWS)
    page_of = {entry: min(ids) for entry, ids in _grouped((row.entry_id, row.id) for row in found).items()}
    owned = {(article, page_of[entry]) for entry, article, _ in rows if article is not None}
    if owned:
        pairs = {"ids": [article for article, _ in owned], "pages": [page for _, page in owned]}
        await conn.execute(_OWN_PAGES, pairs)


def _grouped(pairs: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    groups: dict[int, list[int]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return groups


def _page_values(entry_id: int, page: RawPage) -> dict[str, Any]:
    return {
        "fetched_at": page.at,
        "entry_id": entry_id,
        "origin": page.origin.value,
        "url": page.url,
        "url_key": page.url_key,
        "final_url": page.final_url,
        "status": page.status,
        "headers": [list(header) for header in page.headers],
        "body": pack(page.body),
        "body_sha256": hashlib.sha256(page.body).digest(),
        "size": len(page.body),
    }
