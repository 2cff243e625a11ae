"""The bench's web has the properties that its figures are read by."""

from __future__ import annotations

import statistics

import pytest
from selectolax.lexbor import LexborHTMLParser

from bench.web import KINDS, populate, warm
from tests.world import World
from tests.world.server import Request

PAGES = 30


@pytest.fixture(scope="module")
def pages():
    """(page, prose) of a small bench web."""
    world = World("bench")
    populate(world, PAGES, 6)
    try:
        yield [(blog.page(post), post.truth) for blog in world.blogs for post in blog.posts]
    finally:
        world.close()


def counts(page: str) -> tuple[int, int]:
    """Elements, and nodes: elements with the texts that are not blank."""
    root = LexborHTMLParser(page).root
    nodes = list(root.traverse(include_text=True))
    elements = sum(node.is_element_node for node in nodes)
    texts = sum(node.is_text_node and bool((node.text_content or "").strip()) for node in nodes)
    return elements, elements + texts


def test_as_many_pages_as_asked_over_as_many_blogs():
    world = World("bench")
    populate(world, 17, 5)
    assert sorted(len(blog.posts) for blog in world.blogs) == [3, 3, 3, 4, 4]
    assert {type(blog) for blog in world.blogs} == set(KINDS)
    world.close()


def test_sizes_are_60_to_200_kilobytes(pages):
    sizes = [len(page.encode()) for page, _ in pages]
    assert min(sizes) >= 60_000
    assert max(sizes) <= 200_000
    assert max(sizes) > 1.5 * min(sizes)


def test_half_of_the_pages_have_700_elements_and_1400_nodes(pages):
    elements, nodes = zip(*(counts(page) for page, _ in pages), strict=True)
    assert statistics.median(elements) >= 700
    assert statistics.median(nodes) >= 1400


def test_prose_is_at_most_15_percent_of_the_bytes(pages):
    shares = [len(truth.body.encode()) / len(page.encode()) for page, truth in pages]
    assert max(shares) <= 0.15
    assert all(words.split("&")[0] in page for page, truth in pages for words in truth.paragraphs)


def test_pages_and_bodies_are_distinct(pages):
    assert len({page for page, _ in pages}) == len({truth.body for _, truth in pages}) == PAGES


def test_feeds_list_every_post_and_carry_no_text():
    world = World("bench")
    populate(world, 90, 3)
    for blog in world.blogs:
        feed = blog.answer(Request("", "GET", blog.feed_path, {}, 0.0, ("", 0))).body.decode()
        assert all(post.url in feed for post in blog.posts)
        assert not any(post.truth.paragraphs[-1] in feed for post in blog.posts)
    world.close()


def test_the_same_bytes_every_time(pages):
    world = World("bench")
    populate(world, PAGES, 6)
    blog = world.blogs[0]
    warm(blog)
    again = [blog.page(post) for post in blog.posts]
    ports = [page.replace(blog.base_url, "") for page in again]
    first = [page for page, _ in pages][: len(blog.posts)]
    assert [len(page) for page in ports] == [len(page.replace(first_base(page), "")) for page in first]
    world.close()


def first_base(page: str) -> str:
    start = page.index("http://127.")
    return page[start : page.index("/", start + 7)]
