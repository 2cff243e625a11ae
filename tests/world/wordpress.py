"""A WordPress blog: RSS with content:encoded, ?paged=N for its history, pages of a common theme."""

from __future__ import annotations

from datetime import datetime

from tests.world.blog import Blog
from tests.world.post import Inset, Post, Truth, attr, compose, iso, rfc822, spoken, text, with_insets
from tests.world.server import Answer, Request

FEEDS = ("/feed/", "/feed")


class WordPress(Blog):
    """`full_text` False leaves out content:encoded, as the setting "Summary" does."""

    kind = "wordpress"
    feed_path = "/feed/"
    per_feed = 10

    # --- posts ---

    def write(self, at: datetime) -> Truth:
        truth = compose(self.writer, at)
        if not self.posts:
            return truth
        related = self.posts[0]
        after = min(2, len(truth.paragraphs) - 1)
        return with_insets(truth, Inset(after, "related", f"Baca Juga: {related.truth.title}", related.url))

    def make_post(self, number: int, truth: Truth) -> Post:
        stem = f"/{truth.published_at:%Y/%m/%d}/{self.slug(truth)}"
        path = self.unique_path(stem, "/")
        return Post(
            number=number,
            id=str(100 + number * 3),
            path=path,
            url=self.base_url + path,
            guid=f"{self.base_url}/?p={100 + number * 3}",
            truth=truth,
            updated_at=truth.published_at,
            style="block",
            image=f"{self.base_url}/wp-content/uploads/foto-{number}.jpg",
        )

    # --- the post body ---

    def fragment(self, post: Post) -> str:
        """The post's HTML as the editor stored it, with what plugins mix in."""
        truth, out = post.truth, [self.photo(post)]
        for number, words in enumerate(truth.paragraphs, 1):
            heading = words == truth.subheading
            out.append(f'<h2 class="wp-block-heading">{text(words)}</h2>' if heading else f"<p>{text(words)}</p>")
            out += [self.inset(inset) for inset in truth.insets if inset.after == number]
        if truth.source_label:
            out.append(f'<p>Sumber: <a href="{attr(truth.source_url or "")}">{text(truth.source_label)}</a></p>')
        return "\n".join(part for part in out if part)

    def photo(self, post: Post) -> str:
        truth = post.truth
        if truth.caption is None:
            return ""
        words = f"{truth.caption} (Foto: {truth.credit})" if truth.credit else truth.caption
        return (
            f'<figure id="attachment_{post.id}" class="wp-caption aligncenter"><img src="{post.image}" alt="" '
            f'width="800" height="450" /><figcaption class="wp-caption-text">{text(words)}</figcaption></figure>'
        )

    def inset(self, inset: Inset) -> str:
        if inset.url is None:
            return f"<p>{text(inset.text)}</p>"
        label, _, title = inset.text.partition(": ")
        return f'<p><strong>{text(label)}: <a href="{attr(inset.url)}">{text(title)}</a></strong></p>'

    def footer(self, post: Post) -> str:
        """What WordPress adds to every item of a feed."""
        there, home = f'<a href="{post.url}">{text(post.truth.title)}</a>', f'<a href="{self.site_url}">{self.name}</a>'
        return f"<p>The post {there} appeared first on {home}.</p>"

    # --- the feed ---

    def feed(self, request: Request) -> Answer | None:
        if request.path not in FEEDS:
            return None
        number = request.query.get("paged", "1")
        page = int(number) if number.isdigit() else 1
        shown = self.posts[(page - 1) * self.per_feed : page * self.per_feed]
        return self.feed_answer(self.rss(shown), "rss") if shown or page == 1 else None

    def rss(self, posts: list[Post]) -> str:
        return f"""<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"
	xmlns:content="http://purl.org/rss/1.0/modules/content/"
	xmlns:wfw="http://wellformedweb.org/CommentAPI/"
	xmlns:dc="http://purl.org/dc/elements/1.1/"
	xmlns:atom="http://www.w3.org/2005/Atom"
	xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"
	xmlns:slash="http://purl.org/rss/1.0/modules/slash/">
<channel>
	<title>{text(self.name)}</title>
	<atom:link href="{self.feed_url}" rel="self" type="application/rss+xml" />
	<link>{self.site_url}</link>
	<description>Kabar dari {text(self.name)}</description>
	<lastBuildDate>{rfc822(self.modified())}</lastBuildDate>
	<language>id</language>
	<sy:updatePeriod>hourly</sy:updatePeriod>
	<sy:updateFrequency>1</sy:updateFrequency>
	<generator>https://wordpress.org/?v=6.5.2</generator>
{"".join(self.item(post) for post in posts)}</channel>
</rss>
"""

    def item(self, post: Post) -> str:
        truth = post.truth
        tags = "".join(f"<category><![CDATA[{tag}]]></category>" for tag in truth.tags)
        excerpt = f"<p>{text(post.summary()[:-3])} [&#8230;]</p>\n{self.footer(post)}"
        full = f"<content:encoded><![CDATA[{self.fragment(post)}\n{self.footer(post)}]]></content:encoded>"
        return f"""	<item>
		<title>{text(truth.title)}</title>
		<link>{post.url}</link>
		<dc:creator><![CDATA[{truth.author}]]></dc:creator>
		<pubDate>{rfc822(truth.published_at)}</pubDate>
		{tags}
		<guid isPermaLink="false">{post.guid}</guid>
		<description><![CDATA[{excerpt}]]></description>
		{full if self.full_text else ""}
		<wfw:commentRss>{post.url}feed/</wfw:commentRss>
		<slash:comments>0</slash:comments>
	</item>
"""

    # --- pages ---

    def page(self, post: Post) -> str:
        truth = post.truth
        recent = "".join(f'<li><a href="{p.url}">{text(p.truth.title)}</a></li>' for p in self.posts[:5])
        tags = ", ".join(f'<a href="/tag/{tag}/" rel="tag">{tag}</a>' for tag in truth.tags)
        return f"""<!DOCTYPE html>
<html lang="id-ID"><head><meta charset="UTF-8" /><title>{text(truth.title)} - {text(self.name)}</title>
<link rel="canonical" href="{post.url}" /><meta name="generator" content="WordPress 6.5.2" />
<meta property="og:type" content="article" /><meta property="og:title" content="{attr(truth.title)}" />
<meta property="og:url" content="{post.url}" /><meta property="og:site_name" content="{attr(self.name)}" />
<meta property="og:image" content="{post.image}" /><meta name="author" content="{attr(truth.author)}" />
<meta property="article:published_time" content="{iso(truth.published_at)}" />
<meta property="article:modified_time" content="{iso(post.updated_at)}" />
<link rel="alternate" type="application/rss+xml" title="{attr(self.name)} &raquo; Feed" href="{self.feed_url}" /></head>
<body class="post-template-default single single-post postid-{post.id}">
<a class="skip-link screen-reader-text" href="#content">Lewati ke konten</a>
<header id="masthead" class="site-header"><p class="site-title"><a href="/">{text(self.name)}</a></p>
<nav><ul><li><a href="/">Beranda</a></li><li><a href="/category/daerah/">Daerah</a></li></ul></nav></header>
<main id="main" class="site-main"><article id="post-{post.id}" class="post-{post.id} post type-post hentry">
<header class="entry-header"><h1 class="entry-title">{text(truth.title)}</h1><div class="entry-meta">
<span class="posted-on"><time class="entry-date published"
 datetime="{iso(truth.published_at)}">{spoken(truth.published_at)}</time></span>
<span class="byline">oleh <span class="author vcard"><a class="url fn n"
 href="/author/x/">{text(truth.author)}</a></span></span>
</div></header>
<div class="entry-content entry-content-single clearfix">
{self.fragment(post)}
<div class="sharedaddy sd-sharing-enabled"><h3 class="sd-title">Bagikan ini:</h3><ul><li><a href="#">Twitter</a></li>
<li><a href="#">Facebook</a></li></ul></div>
<div class="sharedaddy sd-block sd-like"><h3>Suka ini:</h3><span>Memuat...</span></div>
<div id="jp-relatedposts" class="jp-relatedposts"><h3 class="jp-relatedposts-headline"><em>Terkait</em></h3></div>
</div><footer class="entry-footer"><span class="tags-links">Ditandai {tags}</span></footer></article>
<nav class="navigation post-navigation"><h2 class="screen-reader-text">Navigasi pos</h2></nav>
<div id="respond" class="comment-respond"><h3 id="reply-title">Tinggalkan Balasan</h3><form action="#" method="post">
<p class="comment-notes">Alamat email Anda tidak akan dipublikasikan. Ruas yang wajib ditandai *</p>
<p><label for="comment">Komentar</label><textarea id="comment" name="comment"></textarea></p>
<p><input name="submit" type="submit" value="Kirim Komentar" /></p></form></div></main>
<aside class="widget-area"><h2>Pos-pos Terbaru</h2><ul>{recent}</ul><h2>Arsip</h2></aside>
<footer class="site-footer">Dengan bangga bertenaga WordPress</footer></body></html>
"""
