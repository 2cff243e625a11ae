"""The web that both sides of the bench ingest: pages as heavy as real ones, on many hosts, in a process of its own.

Real pages of Indonesian blogs and portals are 60-200 kB of theme around 2-5 kB of prose. The posts come from
`tests.world`; here they get the theme: menus, sidebars, cards, scripts, styles, icons, share buttons and comments.
All feeds carry summaries only, so that both sides have to fetch and read every page.

    python -m bench.web --pages 1000 --blogs 50

prints `{"ready": N}` while it renders, then `{"feeds": [...], "truth": {url: body}}`, and serves until its input ends.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
from html import escape

from tests.world import Blog, Blogger, Portal, Post, WordPress, World, Writer
from tests.world.__main__ import until_told
from tests.world.server import Request

LEAST_BYTES, MOST_BYTES = 66_000, 190_000
IDENTIFIERS = ("slot", "config", "widget", "target", "refresh", "batch", "payload", "vendor", "consent", "observer")


class Theme:
    """Dresses one post's page; everything depends on the post only."""

    def __init__(self, blog: Blog, post: Post) -> None:
        self.rng = random.Random(f"theme-{blog.name}-{post.number}")
        self.writer = Writer(f"theme-{blog.name}-{post.number}")
        self.base = blog.base_url

    def dress(self, page: str) -> str:
        """The page in its theme: elements first, then scripts and styles up to the size drawn for it."""
        size = self.rng.randint(LEAST_BYTES, MOST_BYTES)
        top = self.menu() + self.cards(self.rng.randint(4, 10), "headline")
        bottom = self.sidebar() + self.comments() + self.cards(self.rng.randint(14, 30), "card") + self.footer()
        before, found, body = page.partition("<body")
        opening, _, content = body.partition(">")
        content = content.replace("</body>", bottom + "</body>", 1)
        page = f"{before}{found}{opening}>{top}{content}"
        rest = max(4_000, size - len(page))
        styles, scripts = self.styles(rest // 4), self.scripts(rest - rest // 4)
        half = len(scripts) // 2
        page = page.replace("</head>", styles + "".join(scripts[:half]) + "</head>", 1)
        return page.replace("</body>", "".join(scripts[half:]) + "</body>", 1)

    # --- elements ---

    def link(self, words: str | None = None) -> str:
        words = words or self.writer.title()
        return f'<a href="{self.base}/tautan/{self.rng.randrange(10**7)}">{escape(words)}</a>'

    def icon(self) -> str:
        points = " ".join(f"{self.rng.uniform(0, 24):.2f}" for _ in range(self.rng.randint(8, 20)))
        return f'<svg width="24" height="24" viewBox="0 0 24 24" aria-hidden="true"><path d="M{points}z"></path></svg>'

    def menu(self) -> str:
        """A mega menu: sections with links below them."""
        groups = []
        for _ in range(self.rng.randint(7, 11)):
            items = "".join(
                f'<li class="menu-item menu-item-type-taxonomy">{self.link(self.writer.place())}</li>\n'
                for _ in range(self.rng.randint(5, 10))
            )
            head = self.link(self.writer.tags()[0].title())
            groups.append(f'<li class="menu-item menu-item-has-children">{head}<ul class="sub-menu">{items}</ul></li>')
        search = '<form role="search" class="search-form"><label><span>Cari untuk:</span><input type="search"></label>'
        return f'<nav class="navbar"><ul class="menu">{"".join(groups)}</ul>{search}<button>Cari</button></form></nav>'

    def cards(self, count: int, kind: str) -> str:
        """A grid of other posts, with picture, label, title and time."""
        parts = "".join(self.card(number, kind) for number in range(count))
        return f'<section class="{kind}-list"><h3>Berita Lainnya</h3>{parts}</section>'

    def card(self, number: int, kind: str) -> str:
        there = f"{self.base}/tautan/{self.rng.randrange(10**7)}"
        return (
            f'<div class="{kind} {kind}-{number} col-md-4"><div class="{kind}__thumb"><a href="{there}"><img class='
            f'"lazyload" data-src="{there}.jpg" width="320" height="180" alt=""></a></div><div class="{kind}__body">'
            f'<span class="{kind}__label">{self.writer.tags()[0]}</span>'
            f'<h4 class="{kind}__title">{self.link()}</h4><div class="{kind}__meta"><span>{self.writer.name()}</span> '
            f"<time>{self.rng.randint(2, 23)} jam lalu</time>{self.icon()}</div></div></div>\n"
        )

    def sidebar(self) -> str:
        popular = "".join(
            f'<li><span class="rank">{n}</span><div class="item-title">{self.link()}</div></li>\n' for n in range(1, 11)
        )
        archive = "".join(
            f'<li class="archivedate"><a class="post-count-link" href="#">{year}</a> <span class="post-count">'
            f"({self.rng.randint(9, 999)})</span></li>\n"
            for year in range(2009, 2026)
        )
        cloud = "".join(f'<a class="tag-cloud-link" href="#">{self.writer.place()}</a> ' for _ in range(40))
        share = "".join(f'<a class="share-btn" href="#">{self.icon()}<span>{n}</span></a>' for n in ("X", "WA", "FB"))
        return (
            f'<aside class="sidebar"><div class="widget"><h2>Terpopuler</h2><ol>{popular}</ol></div>'
            f'<div class="widget"><h2>Arsip Blog</h2><ul>{archive}</ul></div>'
            f'<div class="widget"><h2>Label</h2>{cloud}</div>'
            f'<div class="widget widget-share">{share}</div></aside>'
        )

    def comments(self) -> str:
        """Readers write prose too: an extractor must leave it."""
        threads = "".join(
            f'<li class="comment" id="c{self.rng.randrange(10**9)}"><div class="avatar"><img src="#" alt=""></div><div '
            f'class="comment-block"><cite class="user">{self.writer.name()}</cite><span class="datetime">'
            f'{self.rng.randint(1, 28)} Mei 2025 pukul 10.{self.rng.randint(10, 59)}</span><p class="comment-content">'
            f'{escape(self.writer.sentence())}</p><span class="comment-actions"><a href="#">Balas</a></span></div>'
            "</li>\n"
            for _ in range(self.rng.randint(0, 18))
        )
        return f'<section class="comments-area" id="comments-list"><h3>Komentar</h3><ol>{threads}</ol></section>'

    def footer(self) -> str:
        columns = "".join(
            f'<div class="footer-col"><h5>{self.writer.tags()[0].title()}</h5><ul>'
            + "".join(f"<li>{self.link(self.writer.place())}</li>\n" for _ in range(9))
            + "</ul></div>"
            for _ in range(4)
        )
        return f'<div class="site-footer-wide">{columns}</div>'

    # --- what is not shown ---

    def styles(self, size: int) -> str:
        rules: list[str] = []
        while sum(map(len, rules)) < size:
            name = f".{self.rng.choice(IDENTIFIERS)}-{self.rng.randrange(10**4)}"
            rules.append(f"{name}{{margin:{self.rng.randint(0, 40)}px;color:#{self.rng.randrange(16**6):06x}}}\n")
        return f"<style>{''.join(rules)}</style>"

    def scripts(self, size: int) -> list[str]:
        """Script elements of about 4 kB each."""
        out, done = [], 0
        while done < size:
            script = f"<script>{self.script(min(4_000, size - done))}</script>\n"
            out.append(script)
            done += len(script)
        return out

    def script(self, size: int) -> str:
        lines: list[str] = []
        length = 0
        while length < size:
            one, two = self.rng.choice(IDENTIFIERS), self.rng.choice(IDENTIFIERS)
            number = self.rng.randrange(10**8)
            lines.append(
                f'window.{one}{number}=function({two}){{if({two}<{number % 97}){{return "{two}-{number}"}}}};\n'
            )
            length += len(lines[-1])
        return "".join(lines)


class HeavyBlogger(Blogger):
    def page(self, post: Post) -> str:
        return Theme(self, post).dress(super().page(post))


class HeavyWordPress(WordPress):
    def page(self, post: Post) -> str:
        return Theme(self, post).dress(super().page(post))


class HeavyPortal(Portal):
    def page(self, post: Post) -> str:
        return Theme(self, post).dress(super().page(post))


KINDS: tuple[type[Blog], ...] = (HeavyBlogger, HeavyWordPress, HeavyPortal)


def populate(world: World, pages: int, blogs: int) -> None:
    """Open the blogs in turn of kind; the pages are spread evenly, every feed lists all of its blog's."""
    for number in range(blogs):
        count = pages // blogs + (number < pages % blogs)
        blog = world.add(KINDS[number % len(KINDS)], f"Warta Daerah {number + 1}", posts=count, full_text=False)
        blog.per_feed = max(count, 1)


def warm(blog: Blog) -> None:
    """Render and compress all of a blog, so that serving it later costs next to nothing."""
    for target in (blog.feed_path, *(post.path for post in blog.posts)):
        blog.answer(Request("", "GET", target, {}, 0.0, ("", 0))).gzipped()


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.web")
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--blogs", type=int, default=50)
    options = parser.parse_args()
    async with World("bench") as world:
        populate(world, options.pages, options.blogs)
        for number, blog in enumerate(world.blogs, 1):
            warm(blog)
            print(json.dumps({"ready": number}), flush=True)
        truth = {post.url: post.truth.body for blog in world.blogs for post in blog.posts}
        print(json.dumps({"feeds": [blog.feed_url for blog in world.blogs], "truth": truth}), flush=True)
        await until_told()


if __name__ == "__main__":
    asyncio.run(main())
