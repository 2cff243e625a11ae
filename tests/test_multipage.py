"""Articles in several pages, through the whole path: all at once, page after page, and pages that cannot be had."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ingest.parts import MOST
from ingest.shell import Shell
from tests.shell import add_feed, rows, visit_due
from tests.world import Portal, Post, Request, World
from tests.world.blog import HTML_TYPE
from tests.world.server import Answer, document


class Paged(Portal):
    """A portal that shows `per_page` paragraphs at a time, and links to the next page and, perhaps, to all of them."""

    per_page = 2
    offers_all = False
    ignores_numbers = False

    def pages_of(self, post: Post) -> int:
        return -(-len(post.truth.paragraphs) // self.per_page)

    def route(self, request: Request) -> Answer:
        post = next((post for post in self.posts if post.path == request.path), None)
        if post is None:
            return super().route(request)
        asked = request.query.get("page", "1")
        if asked == "all":
            return document(self.page(post), HTML_TYPE, post.updated_at)
        number = 1 if self.ignores_numbers else int(asked)
        return document(self.part(post, number), HTML_TYPE, post.updated_at)

    def part(self, post: Post, number: int) -> str:
        first = (number - 1) * self.per_page
        shown = post.truth.paragraphs[first : first + self.per_page]
        html = self.page(replace(post, truth=replace(post.truth, paragraphs=shown, insets=())))
        last = self.pages_of(post)
        links = [f'<a href="{post.path}?page={number + 1}">Selanjutnya</a>'] if number < last else []
        links += [f'<a href="{post.path}?page=all">Tampilkan Semua</a>'] if self.offers_all else []
        pager = f'<div class="paging">{" ".join(links)}</div><div class="detail__body-tag">'
        return html.replace('<div class="detail__body-tag">', pager)


def portal(world: World, paragraphs: int = 6, **options: Any) -> Paged:
    blog = world.add(Paged, "Berita Bersambung", posts=0, full_text=False)
    for name, value in options.items():
        setattr(blog, name, value)
    truth = blog.write(blog.clock)
    words = [f"{blog.writer.paragraphs()[0]} Ini bagian cerita yang bernomor {n}." for n in range(paragraphs)]
    blog.publish(replace(truth, paragraphs=tuple(words), insets=()))
    return blog


async def stored(shell: Shell) -> tuple[str, list[str]]:
    [(body, flags)] = await rows(shell, "SELECT body, flags FROM articles")
    return body, flags


def asked(world: World, blog: Paged) -> list[str]:
    path = blog.posts[0].path
    return [request.query.get("page", "1") for request in world.asked(blog, path)]


async def test_numbered_pages_are_joined_in_order(world: World, shell: Shell) -> None:
    blog = portal(world)
    await add_feed(shell, blog)
    await visit_due(shell)
    assert await stored(shell) == (blog.posts[0].truth.body, [])
    assert asked(world, blog) == ["1", "2", "3"]
    assert not world.overlaps()
    kept = await rows(
        shell, "SELECT p.final_url, a.id FROM pages p LEFT JOIN articles a ON a.page_id = p.id ORDER BY p.id"
    )
    assert [url.rpartition("=")[2] for url, _ in kept[1:]] == ["2", "3"]
    assert [article is not None for _, article in kept] == [True, False, False]


async def test_all_pages_at_once_where_the_page_offers_them(world: World, shell: Shell) -> None:
    blog = portal(world, offers_all=True)
    await add_feed(shell, blog)
    await visit_due(shell)
    assert await stored(shell) == (blog.posts[0].truth.body, [])
    assert asked(world, blog) == ["1", "all"]
    [(url, final_url)] = await rows(shell, "SELECT url, final_url FROM pages")
    assert (url.partition("?")[0], final_url) == (blog.posts[0].url, f"{blog.posts[0].url}?page=all")
    [(url, canonical)] = await rows(shell, "SELECT url, canonical_url FROM articles")
    assert "page=all" not in url + canonical


async def test_a_page_of_all_that_fails_leaves_the_numbered_ones(world: World, shell: Shell) -> None:
    blog = portal(world, offers_all=True)
    right = blog.route
    blog.route = lambda r: Answer(500) if r.query.get("page") == "all" else right(r)  # type: ignore[method-assign]
    await add_feed(shell, blog)
    await visit_due(shell)
    assert await stored(shell) == (blog.posts[0].truth.body, [])
    assert asked(world, blog) == ["1", "all", "2", "3"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(404), "part_not_found"),
        (Answer(429), "part_rate_limited"),
        (Answer(200, b"<title>Just a moment...</title><p>Checking your browser", HTML_TYPE), "part_challenge"),
        (Answer(200, b"%PDF-1.4", "application/pdf"), "part_not_html"),
    ],
)
async def test_a_failed_second_page_keeps_the_first(world: World, shell: Shell, answer: Answer, reason: str) -> None:
    blog = portal(world)
    right = blog.route
    blog.route = lambda r: answer if r.query.get("page") == "2" else right(r)  # type: ignore[method-assign]
    await add_feed(shell, blog)
    await visit_due(shell)
    body, flags = await stored(shell)
    assert body == "\n\n".join(blog.posts[0].truth.paragraphs[:2])
    assert flags == ["incomplete", reason]
    assert await rows(shell, "SELECT state FROM entries") == [("stored",)]


async def test_a_page_that_robots_forbid_is_not_asked_for(world: World, shell: Shell) -> None:
    blog = portal(world)
    blog.robots = "User-agent: *\nDisallow: /*?page=\n"
    await add_feed(shell, blog)
    await visit_due(shell)
    assert (await stored(shell))[1] == ["incomplete", "part_robots"]
    assert asked(world, blog) == ["1"]


async def test_a_second_page_that_repeats_the_first_is_no_page(world: World, shell: Shell) -> None:
    blog = portal(world, ignores_numbers=True)
    await add_feed(shell, blog)
    await visit_due(shell)
    body, flags = await stored(shell)
    assert body == "\n\n".join(blog.posts[0].truth.paragraphs[:2])
    assert flags == ["incomplete", "part_repeats"]


async def test_at_most_so_many_pages(world: World, shell: Shell) -> None:
    blog = portal(world, paragraphs=2 * MOST + 4)
    await add_feed(shell, blog)
    await visit_due(shell)
    body, flags = await stored(shell)
    assert body == "\n\n".join(blog.posts[0].truth.paragraphs[: 2 * MOST])
    assert flags == ["incomplete", "part_too_many"]
    assert len(asked(world, blog)) == MOST
