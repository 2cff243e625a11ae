"""What all blogs have in common: posts, an address, a feed, pages, robots.txt and things that go wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tests.world.post import Post, Truth, compose
from tests.world.server import Answer, Fault, Request, document, not_found
from tests.world.text import Writer, slug

FEED_TYPES = {"atom": "application/atom+xml; charset=UTF-8", "rss": "application/rss+xml; charset=UTF-8"}
HTML_TYPE = "text/html; charset=UTF-8"
ROBOTS = "User-agent: *\nDisallow: /search\nAllow: /\n"


class Blog:
    """One blog. `posts` are newest first, as its feed shows them. Subclasses know how a platform writes things.

    `validators` says what its feed offers: both, etag, last-modified or none. `robots` may be set to None (404).
    """

    kind = "blog"
    feed_path = "/feed"
    per_feed = 10
    address: tuple[str, int]  # where it listens; set by the world

    def __init__(self, name: str, base_url: str, seed: int | str, *, full_text: bool, start: datetime) -> None:
        self.name, self.base_url, self.full_text = name, base_url, full_text
        self.writer = Writer(f"{seed}-{name}")
        self.posts: list[Post] = []
        self.faults: list[Fault] = []
        self.robots: str | None = ROBOTS
        self.validators = "both"
        self.clock = start
        self.revision = 0
        self._cache: dict[tuple[str, int], Answer] = {}
        self.per_feed = type(self).per_feed
        self.hub: str | None = None  # WebSub, in the Link header of its feeds

    # --- addresses ---

    @property
    def feed_url(self) -> str:
        return self.base_url + self.feed_path

    @property
    def site_url(self) -> str:
        return self.base_url + "/"

    @property
    def host(self) -> str:
        """As the database names it: with the port."""
        return self.base_url.removeprefix("http://")

    # --- the life of a post ---

    def publish(self, truth: Truth | None = None, *, at: datetime | None = None, **changes: Any) -> Post:
        """Publish a new post, an hour after the one before; `changes` replace fields of its Truth."""
        self.clock = at or self.clock + timedelta(hours=1)
        truth = truth or self.write(self.clock)
        truth = replace(truth, **changes) if changes else truth
        post = self.make_post(len(self.posts) + 1, truth)
        self.posts.insert(0, post)
        self.revision += 1
        return post

    def edit(self, post: Post, *, at: datetime | None = None, **changes: Any) -> Post:
        """Change fields of a post's Truth; its updated time moves on, its place in the feed does not."""
        post.truth = replace(post.truth, **changes)
        post.updated_at = at or max(post.updated_at, self.clock) + timedelta(minutes=5)
        post.revision += 1
        self.revision += 1
        return post

    def remove(self, post: Post) -> None:
        """Take a post down: out of the feed, and its page is 404."""
        self.posts.remove(post)
        self.revision += 1

    def write(self, at: datetime) -> Truth:
        return compose(self.writer, at)

    def make_post(self, number: int, truth: Truth) -> Post:
        raise NotImplementedError

    def unique_path(self, stem: str, suffix: str) -> str:
        """Two posts of one title get different permalinks, as on every platform."""
        taken = {post.path for post in self.posts}
        candidates = [f"{stem}{suffix}", *(f"{stem}-{i}{suffix}" for i in range(2, len(taken) + 3))]
        return next(path for path in candidates if path not in taken)

    def slug(self, truth: Truth) -> str:
        return slug(truth.title) or "tanpa-judul"

    # --- what goes wrong ---

    def fail(self, path: str = "*", **fault: Any) -> Fault:
        """Make requests go wrong; see `Fault`. The latest that matches wins."""
        self.faults.insert(0, Fault(path, **fault))
        return self.faults[0]

    def heal(self) -> None:
        self.faults.clear()

    def fault(self, path: str) -> Fault | None:
        found = next((fault for fault in self.faults if fault.matches(path)), None)
        if found:
            found.hits += 1
        return found

    # --- answers ---

    def answer(self, request: Request) -> Answer:
        """The right answer, rendered once per state of the blog."""
        key = (request.target, self.revision)
        if request.path == "/robots.txt":
            return self.robots_answer()
        if key not in self._cache:
            if len(self._cache) > 5000:
                self._cache.clear()
            self._cache[key] = self.route(request)
        return self._cache[key]

    def robots_answer(self) -> Answer:
        return not_found() if self.robots is None else document(self.robots, "text/plain; charset=UTF-8")

    def route(self, request: Request) -> Answer:
        if request.path == "/":
            return document(self.index_page(), HTML_TYPE, self.modified())
        post = next((post for post in self.posts if post.path == request.path), None)
        return document(self.page(post), HTML_TYPE, post.updated_at) if post else self.feed(request) or not_found()

    def feed(self, request: Request) -> Answer | None:
        """The feed document when the path is one of the blog's feeds."""
        raise NotImplementedError

    def page(self, post: Post) -> str:
        raise NotImplementedError

    def feed_answer(self, body: str, dialect: str) -> Answer:
        """A feed with the validators this blog gives."""
        answer = document(body, FEED_TYPES[dialect], self.modified(), etag=self.validators in ("both", "etag"))
        if self.hub:
            answer = replace(
                answer, headers=(("Link", f'<{self.hub}>; rel="hub", <{self.base_url}{self.feed_path}>; rel="self"'),)
            )
        return answer if self.validators in ("both", "last-modified") else replace(answer, last_modified=None)

    def modified(self) -> datetime:
        return max((post.updated_at for post in self.posts), default=self.clock)

    def index_page(self) -> str:
        items = "".join(f'<li><a href="{post.path}">{post.truth.title}</a></li>' for post in self.posts[:20])
        dialect = "atom" if self.kind == "blogger" else "rss"
        link = f'<link rel="alternate" type="application/{dialect}+xml" title="{self.name}" href="{self.feed_path}">'
        return f"<!doctype html><html><head><title>{self.name}</title>{link}</head><body><ul>{items}</ul></body></html>"
