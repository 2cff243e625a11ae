"""A news portal: RSS with summaries only, and busy pages with ads, related links and share widgets in the text."""

from __future__ import annotations

import json
from datetime import datetime

from tests.world.blog import Blog
from tests.world.post import Inset, Post, Truth, attr, compose, iso, rfc822, spoken, text, with_insets
from tests.world.server import Answer, Request

FEEDS = ("/rss", "/rss/nasional")


class Portal(Blog):
    """JSON-LD has the title, the dates and the author, never the text (as on the real ones)."""

    kind = "portal"
    feed_path = "/rss"
    per_feed = 20

    # --- posts ---

    def write(self, at: datetime) -> Truth:
        truth = compose(self.writer, at, dateline=f", {self.name.upper()} - ")
        last = len(truth.paragraphs)
        insets = [
            Inset(1, "ad", "ADVERTISEMENT"),
            Inset(2, "scroll", "SCROLL TO CONTINUE WITH CONTENT"),
            Inset(last, "video", f"Simak juga Video: {self.writer.title()}", f"{self.base_url}/video/1"),
        ]
        if self.posts:
            related = self.posts[0]
            insets.append(Inset(3, "related", f"Baca juga: {related.truth.title}", related.url))
        return with_insets(truth, *insets)

    def make_post(self, number: int, truth: Truth) -> Post:
        story = 7_300_000 + number * 17
        path = self.unique_path(f"/read/{truth.published_at:%Y/%m/%d}/{story}/{self.slug(truth)}", "")
        return Post(
            number=number,
            id=str(story),
            path=path,
            url=self.base_url + path,
            guid=self.base_url + path,
            truth=truth,
            updated_at=truth.published_at,
            style="portal",
            image=f"{self.base_url}/foto/{story}.jpg",
        )

    # --- the feed ---

    def feed(self, request: Request) -> Answer | None:
        if request.path not in FEEDS:
            return None
        return self.feed_answer(self.rss(self.posts[: self.per_feed]), "rss")

    def rss(self, posts: list[Post]) -> str:
        items = "".join(
            f"<item><title><![CDATA[{post.truth.title}]]></title>"
            f"<link>{attr(post.url + '?utm_source=rss&utm_medium=rss')}</link>"
            f'<guid isPermaLink="true">{post.guid}</guid><pubDate>{rfc822(post.published_at)}</pubDate>'
            f'<description><![CDATA[<img src="{post.image}" />{text(post.summary(160))}]]></description>'
            f'<enclosure url="{post.image}" length="10240" type="image/jpeg" /></item>\n'
            for post in posts
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom">'
            f"<channel><title>{text(self.name)}</title><link>{self.site_url}</link><language>id-id</language>"
            f'<description>Berita {text(self.name)}</description><atom:link href="{self.feed_url}" rel="self" '
            f'type="application/rss+xml" />\n{items}</channel></rss>\n'
        )

    # --- pages ---

    def fragment(self, post: Post) -> str:
        """The text with what the portal mixes into it."""
        truth, out = post.truth, []
        for number, words in enumerate(truth.paragraphs, 1):
            out.append(f"<h2>{text(words)}</h2>" if words == truth.subheading else f"<p>{text(words)}</p>")
            out += [self.inset(inset) for inset in truth.insets if inset.after == number]
        return "\n".join(out)

    def inset(self, inset: Inset) -> str:
        if inset.kind == "ad":
            return f'<div class="parallax-ads" id="div-gpt-ad-1"><span>{inset.text}</span><script>ads();</script></div>'
        if inset.kind == "scroll":
            return f'<div class="para_caption"><center>{inset.text}</center></div>'
        label, _, title = inset.text.partition(": ")
        link = f'<a href="{attr(inset.url or "#")}">{text(title)}</a>'
        if inset.kind == "related":
            return (
                f'<table class="linksisip"><tr><td><div><strong>{text(label)}: {link}</strong></div></td></tr></table>'
            )
        return f"<p><strong>{text(label)}: {link}</strong></p>"

    def linked_data(self, post: Post) -> str:
        truth = post.truth
        return json.dumps(
            {
                "@context": "https://schema.org",
                "@type": "NewsArticle",
                "mainEntityOfPage": {"@type": "WebPage", "@id": post.url},
                "headline": truth.title,
                "image": [post.image],
                "datePublished": iso(truth.published_at),
                "dateModified": iso(post.updated_at),
                "author": {"@type": "Person", "name": truth.author},
                "publisher": {"@type": "Organization", "name": self.name},
                "description": post.summary(160),
            },
            ensure_ascii=False,
        )

    def page(self, post: Post) -> str:
        truth = post.truth
        caption = f"{truth.caption} (Foto: {truth.credit})" if truth.caption else ""
        cards = "".join(
            f'<article class="list-content__item"><a href="{p.url}"><img src="{p.image}" alt=""></a>'
            f'<h3 class="media__title"><a href="{p.url}">{text(p.truth.title)}</a></h3>'
            f'<div class="media__date">{spoken(p.published_at)}</div></article>\n'
            for p in self.posts[:8]
            if p is not post
        )
        tags = "".join(f'<a class="nav__item" href="/tag/{tag}">{tag}</a>' for tag in truth.tags)
        share = "".join(f'<a class="share__{s.lower()}" href="#">{s}</a>' for s in ("Facebook", "Twitter", "WhatsApp"))
        return f"""<!DOCTYPE html>
<html lang="id-ID"><head><meta charset="utf-8"><title>{text(truth.title)}</title>
<link rel="canonical" href="{post.url}"><meta property="og:type" content="article">
<meta property="og:title" content="{attr(truth.title)}"><meta property="og:url" content="{post.url}">
<meta property="og:site_name" content="{attr(self.name)}"><meta property="og:image" content="{post.image}">
<meta name="description" content="{attr(post.summary(160))}">
<meta name="publishdate" content="{iso(truth.published_at)}">
<script type="application/ld+json">{self.linked_data(post)}</script>
<script>window.dataLayer = window.dataLayer || []; dataLayer.push({{"articleid": "{post.id}"}});</script></head>
<body><header class="header"><a class="logo" href="/">{text(self.name)}</a><nav class="static-nav"><ul>
<li><a href="/nasional">Nasional</a></li><li><a href="/ekonomi">Ekonomi</a></li>
<li><a href="/bola">Bola</a></li></ul>
</nav></header><div class="container"><div class="breadcrumb"><a href="/">Home</a>
<a href="/nasional">Nasional</a></div>
<article class="detail"><div class="detail__header"><h1 class="detail__title">{text(truth.title)}</h1>
<div class="detail__author">{text(truth.author)} - {text(self.name)}</div>
<div class="detail__date">{spoken(truth.published_at)}</div></div><div class="share">{share}</div>
<figure class="detail__media-image"><img src="{post.image}" alt="{attr(truth.title)}">
<figcaption class="detail__media-caption">{text(caption)}</figcaption></figure>
<div class="detail__body-text itp_bodycontent">
{self.fragment(post)}
</div><div class="detail__body-tag"><div class="nav">{tags}</div></div></article>
<div class="sisip-artikel"><h2>Berita Terkait</h2>{cards}</div>
<div class="komentar"><h3>0 komentar</h3><p>Jadilah yang pertama berkomentar di sini</p></div></div>
<aside class="column-aside"><h2 class="title">Terpopuler</h2>{cards}</aside>
<footer class="footer"><p>Copyright @ 2025 {text(self.name)}, All right reserved</p>
<ul><li><a href="/redaksi">Redaksi</a></li>
<li><a href="/pedoman">Pedoman Media Siber</a></li></ul></footer></body></html>
"""
