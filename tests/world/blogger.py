"""A Blogger blog: GData Atom (and RSS) feeds with openSearch paging, and pages of the classic theme.

The page of `publish_sample` carries the exact boilerplate of the user's sample around sentences of our own.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlencode

from tests.world.blog import Blog
from tests.world.post import WIB, Post, Truth, attr, compose, iso, rfc822, rfc3339, spoken, text
from tests.world.server import Answer, Request

PER_REQUEST_MOST = 150  # Blogger gives no more than this, whatever is asked
STYLES = ("br", "p", "justify", "caption-table")
FEEDS = ("/feeds/posts/default", "/feeds/posts/full", "/feeds/posts/summary")
SAMPLE_SHARE = "Kirimkan Ini lewat Email", "BlogThis!", "Berbagi ke X", "Berbagi ke Facebook", "Bagikan ke Pinterest"


class Blogger(Blog):
    """`full_text` False is a blog whose owner allows short feeds only. `zone` is that of its times."""

    kind = "blogger"
    feed_path = "/feeds/posts/default"
    per_feed = 25

    def __init__(self, *args: Any, zone: timezone = WIB, **options: Any) -> None:
        super().__init__(*args, **options)
        self.zone = zone
        self.blog_id = str(int(hashlib.sha256(f"{self.name}".encode()).hexdigest()[:15], 16))

    # --- posts ---

    def write(self, at: datetime) -> Truth:
        return compose(self.writer, at, source=len(self.posts) % 2 == 0)

    def make_post(self, number: int, truth: Truth) -> Post:
        post_id = str(int(hashlib.sha256(f"{self.blog_id}-{number}".encode()).hexdigest()[:15], 16))
        at = truth.published_at.astimezone(self.zone)
        path = self.unique_path(f"/{at:%Y/%m}/{self.slug(truth)}", ".html")
        return Post(
            number=number,
            id=post_id,
            path=path,
            url=self.base_url + path,
            guid=f"tag:blogger.com,1999:blog-{self.blog_id}.post-{post_id}",
            truth=truth,
            updated_at=truth.published_at,
            style=STYLES[number % len(STYLES)],
            image=f"https://blogger.googleusercontent.com/img/b/{post_id}/s640/foto.jpg",
        )

    def publish_sample(self, *, footer_inside: bool = False, at: datetime | None = None) -> Post:
        """The page of the sample: caption as first line, sub-heading, `Sumber: click disini`, count and comment line.

        With `footer_inside` the last two stand inside the post body.
        """
        post = self.publish(
            at=at,
            caption="Relawan yang menyerahkan bantuan di Baubau",
            credit="AFP",
            subheading="Posko Tanpa Nama",
            source_label="click disini",
            source_url="https://kantor-berita.example/relawan-baubau",
        )
        prose = [p for p in post.truth.paragraphs if len(p) > 60]
        middle = len(prose) // 2
        paragraphs = (*prose[:middle], "Posko Tanpa Nama", *prose[middle:])
        post.truth = replace(post.truth, paragraphs=paragraphs)
        post.style, post.footer_inside = "sample", footer_inside
        return post

    # --- the post body ---

    def fragment(self, post: Post) -> str:
        """The post's own HTML: what stands in `.post-body` and in a full feed."""
        truth, style = post.truth, post.style
        blocks = [self.block(words, truth, style) for words in truth.paragraphs]
        photo = self.photo(post)
        source = ""
        if truth.source_label:
            source = f'Sumber: <a href="{attr(truth.source_url or "")}" target="_blank">{text(truth.source_label)}</a>'
        footer = ["0 komentar:", "Posting Komentar"] if post.footer_inside else []
        if style in ("br", "sample"):
            parts = [photo, *blocks, *([source] if source else []), *footer]
            return "<br />\n<br />\n".join(part for part in parts if part)
        if style == "justify":
            shown = [*blocks, *([source] if source else []), *footer]
            divs = '<div style="text-align: justify;"><br /></div>\n'.join(
                f'<div style="text-align: justify;">{part}</div>\n' for part in shown
            )
            return photo + divs
        tail = "".join(f"<p>{part}</p>\n" for part in [source, *footer] if part)
        return photo + "\n".join(blocks) + "\n" + tail

    def block(self, words: str, truth: Truth, style: str) -> str:
        """A paragraph or the sub-heading, as the style writes it."""
        if words == truth.subheading:
            return f"<h3>{text(words)}</h3>" if style in ("p", "caption-table") else f"<b>{text(words)}</b>"
        return f"<p>{text(words)}</p>" if style in ("p", "caption-table") else text(words)

    def photo(self, post: Post) -> str:
        """The lead photo with its caption: a line of text in the sample, else Blogger's caption table."""
        truth = post.truth
        if truth.caption is None:
            return ""
        link = f'<a href="{post.image}"><img border="0" src="{post.image}" width="640" height="360" /></a>'
        words = f"{truth.caption} - Courtesy of {truth.credit}" if truth.credit else truth.caption
        if post.style == "sample":
            return f'<div class="separator" style="clear: both;">{link}</div>\n{text(words)} |'
        return (
            '<table align="center" cellpadding="0" cellspacing="0" class="tr-caption-container"><tbody>\n'
            f'<tr><td style="text-align: center;">{link}</td></tr>\n'
            f'<tr><td class="tr-caption" style="text-align: center;">{text(words)}</td></tr>\n</tbody></table>\n'
        )

    # --- feeds ---

    def feed(self, request: Request) -> Answer | None:
        if request.path not in FEEDS:
            return None
        query = request.query
        if not str(query.get("start-index", "1")).isdigit() or not str(query.get("max-results", "1")).isdigit():
            return Answer(400, b"Invalid query parameter", "text/plain")
        chosen = self.chosen(query)
        start = max(1, int(query.get("start-index", "1")))
        count = min(int(query.get("max-results", str(self.per_feed))), PER_REQUEST_MOST)
        shown = chosen[start - 1 : start - 1 + count]
        full = self.full_text and not request.path.endswith("summary")
        if query.get("alt") == "rss":
            return self.feed_answer(self.rss(shown, len(chosen), start, count, full), "rss")
        following = self.following(request, start + len(shown)) if start - 1 + len(shown) < len(chosen) else None
        return self.feed_answer(self.atom(shown, len(chosen), start, count, full, following), "atom")

    def chosen(self, query: dict[str, str]) -> list[Post]:
        """The posts a query asks for: min is inclusive, max exclusive, as in GData."""
        posts = list(self.posts)
        for field in ("published", "updated"):
            least, most = query.get(f"{field}-min"), query.get(f"{field}-max")
            at = f"{field}_at"
            posts = [p for p in posts if least is None or getattr(p, at) >= moment(least)]
            posts = [p for p in posts if most is None or getattr(p, at) < moment(most)]
        by_update = query.get("orderby") == "updated"
        return sorted(posts, key=lambda p: p.updated_at if by_update else p.published_at, reverse=True)

    def following(self, request: Request, start: int) -> str:
        query = {**request.query, "start-index": str(start)}
        return f"{self.base_url}{request.path}?{urlencode(query)}"

    def atom(
        self, posts: list[Post], total: int, start: int, count: int, full: bool, following: str | None
    ) -> str:  # fmt: skip
        """The Atom document; `following` is the address of the next page."""
        more = f"<link rel='next' type='application/atom+xml' href='{attr(following)}'/>" if following else ""
        return (
            "<?xml version='1.0' encoding='UTF-8'?><?xml-stylesheet href=\"http://www.blogger.com/styles/atom.css\" "
            "type=\"text/css\"?><feed xmlns='http://www.w3.org/2005/Atom' "
            "xmlns:openSearch='http://a9.com/-/spec/opensearchrss/1.0/' xmlns:blogger='http://schemas.google.com/"
            "blogger/2008' xmlns:georss='http://www.georss.org/georss' xmlns:gd=\"http://schemas.google.com/g/2005\" "
            "xmlns:thr='http://purl.org/syndication/thread/1.0' xmlns:media='http://search.yahoo.com/mrss/'>"
            f"<id>tag:blogger.com,1999:blog-{self.blog_id}</id><updated>{rfc3339(self.modified(), self.zone)}</updated>"
            f"<title type='text'>{text(self.name)}</title><subtitle type='html'></subtitle>"
            f"<link rel='http://schemas.google.com/g/2005#feed' type='application/atom+xml' href='{self.feed_url}'/>"
            f"<link rel='self' type='application/atom+xml' href='{self.feed_url}'/>"
            f"<link rel='alternate' type='text/html' href='{self.site_url}'/>{more}"
            "<generator version='7.00' uri='https://www.blogger.com'>Blogger</generator>"
            f"<openSearch:totalResults>{total}</openSearch:totalResults>"
            f"<openSearch:startIndex>{start}</openSearch:startIndex>"
            f"<openSearch:itemsPerPage>{count}</openSearch:itemsPerPage>"
            f"{''.join(self.atom_entry(post, full) for post in posts)}</feed>"
        )

    def atom_entry(self, post: Post, full: bool) -> str:
        truth = post.truth
        tags = "".join(
            f"<category scheme=\"http://www.blogger.com/atom/ns#\" term='{attr(tag)}'/>" for tag in truth.tags
        )
        content = f"<content type='html'>{text(self.fragment(post))}</content>"
        summary = f"<summary type='text'>{text(post.summary())}</summary>"
        return (
            f"<entry><id>{post.guid}</id><published>{rfc3339(truth.published_at, self.zone)}</published>"
            f"<updated>{rfc3339(post.updated_at, self.zone)}</updated>{tags}"
            f"<title type='text'>{text(truth.title)}</title>{content if full else summary}"
            f"<link rel='replies' type='text/html' href='{post.url}#comment-form' title='0 Komentar'/>"
            f"<link rel='alternate' type='text/html' href='{post.url}' title='{attr(truth.title)}'/>"
            f"<author><name>{text(truth.author)}</name><email>noreply@blogger.com</email></author>"
            f"<media:thumbnail url='{post.image}' height='72' width='72'/><thr:total>0</thr:total></entry>"
        )

    def rss(self, posts: list[Post], total: int, start: int, count: int, full: bool) -> str:
        items = "".join(
            f"<item><guid isPermaLink='false'>{post.guid}</guid><pubDate>{rfc822(post.published_at)}</pubDate>"
            f"<atom:updated>{iso(post.updated_at)}</atom:updated><title>{text(post.truth.title)}</title>"
            f"<description>{text(self.fragment(post) if full else post.summary())}</description>"
            f"<link>{post.url}</link><author>noreply@blogger.com ({text(post.truth.author)})</author></item>"
            for post in posts
        )
        return (
            "<?xml version='1.0' encoding='UTF-8'?><rss xmlns:atom='http://www.w3.org/2005/Atom' "
            "xmlns:openSearch='http://a9.com/-/spec/opensearchrss/1.0/' version='2.0'><channel>"
            f"<atom:id>tag:blogger.com,1999:blog-{self.blog_id}</atom:id><title>{text(self.name)}</title>"
            f"<description></description><link>{self.site_url}</link><generator>Blogger</generator>"
            f"<openSearch:totalResults>{total}</openSearch:totalResults><openSearch:startIndex>{start}"
            f"</openSearch:startIndex><openSearch:itemsPerPage>{count}</openSearch:itemsPerPage>{items}</channel></rss>"
        )

    # --- pages ---

    def shown_time(self, post: Post) -> str:
        """What the reader sees: the blog's own zone, without saying so."""
        return f"{post.published_at.astimezone(self.zone):%H.%M}"

    def page(self, post: Post) -> str:
        truth, post_id = post.truth, post.id
        labels = ", ".join(f'<a href="/search/label/{tag}" rel="tag">{tag}</a>' for tag in truth.tags)
        share = "".join(f'<a class="share-button" href="#" title="{s}"><span>{s}</span></a>' for s in SAMPLE_SHARE)
        older = next((p for p in self.posts if p.published_at < post.published_at), None)
        pager = f'<a class="blog-pager-older-link" href="{older.path}">Posting Lama</a>' if older else ""
        popular = "".join(f'<li><a href="{p.path}">{text(p.truth.title)}</a></li>' for p in self.posts[:5])
        shown = "" if post.footer_inside else (
            '<div class="comments" id="comments"><a name="comments"></a><h4>0 komentar:</h4>'
            '<p class="comment-footer"><a href="#comment-form">Posting Komentar</a></p></div>'
        )  # fmt: skip
        return f"""<!DOCTYPE html>
<html dir="ltr" xmlns="http://www.w3.org/1999/xhtml" lang="id"><head>
<meta content="text/html; charset=UTF-8" http-equiv="Content-Type"/><meta content="blogger" name="generator"/>
<link href="{post.url}" rel="canonical"/>
<link rel="alternate" type="application/atom+xml" title="{attr(self.name)} - Atom" href="{self.feed_url}"/>
<meta content="{post.url}" property="og:url"/><meta content="{attr(truth.title)}" property="og:title"/>
<meta content="{post.image}" property="og:image"/><title>{text(self.name)}: {text(truth.title)}</title></head>
<body><div id="header"><h1 class="title"><a href="/">{text(self.name)}</a></h1></div>
<div class="main section" id="main"><div class="widget Blog" data-version="1" id="Blog1">
<div class="blog-posts hfeed"><div class="date-outer">
<h2 class="date-header"><span>{spoken(truth.published_at).rsplit(" ", 2)[0]}</span></h2>
<div class="date-posts"><div class="post-outer">
<div class="post hentry uncustomized-post-template" itemprop="blogPost" itemscope="itemscope"
 itemtype="http://schema.org/BlogPosting"><meta content="{post.image}" itemprop="image_url"/>
<meta content="{self.blog_id}" itemprop="blogId"/><meta content="{post_id}" itemprop="postId"/>
<a name="{post_id}"></a><h3 class="post-title entry-title" itemprop="name">{text(truth.title)}</h3>
<div class="post-header"><div class="post-header-line-1"></div></div>
<div class="post-body entry-content" id="post-body-{post_id}" itemprop="description articleBody">
{self.fragment(post)}
<div style="clear: both;"></div></div>
<div class="post-footer"><div class="post-footer-line post-footer-line-1">
<span class="post-author vcard">Diposting oleh <span class="fn" itemprop="author" itemscope="itemscope"
 itemtype="http://schema.org/Person"><span itemprop="name">{text(truth.author)}</span></span></span>
<span class="post-timestamp">di <a class="timestamp-link" href="{post.url}" rel="bookmark"><abbr class="published"
 itemprop="datePublished" title="{iso(truth.published_at, self.zone)}">{self.shown_time(post)}</abbr></a></span>
<div class="post-share-buttons goog-inline-block">{share}</div></div>
<div class="post-footer-line post-footer-line-2"><span class="post-labels">Label: {labels}</span></div></div></div>
{shown}</div></div></div></div>
<div class="blog-pager" id="blog-pager">{pager}<a class="home-link" href="/">Beranda</a></div>
<div class="blog-feeds">Langganan: <a href="{self.feed_url}">Posting Komentar (Atom)</a></div></div></div>
<div class="sidebar section"><div class="widget PopularPosts"><h2>Entri Populer</h2><ul>{popular}</ul></div>
<div class="widget BlogSearch"><h2>Cari Blog Ini</h2><form action="/search"><input name="q"/></form></div></div>
<div class="footer">Diberdayakan oleh <a href="https://www.blogger.com">Blogger</a>.</div></body></html>
"""


def moment(value: str) -> datetime:
    """An RFC 3339 time of a query; without an offset it is UTC."""
    at = datetime.fromisoformat(value.replace(" ", "+").replace("Z", "+00:00"))
    return at if at.tzinfo else at.replace(tzinfo=timezone.utc)  # noqa: UP017
