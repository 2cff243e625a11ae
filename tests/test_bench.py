"""The bench's web has the properties that its figures are read by, and its scores are the house's own."""

from __future__ import annotations

import gzip
import importlib.util
import json
import statistics
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from bench import score as scores
from bench.extraction import as_json, as_lines, as_table, command_line, run_row
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


# --- extraction -------------------------------------------------------------------------------------------------------

SCORER = Path(__file__).resolve().parents[2] / "shared" / "tools" / "score.py"
LINES = [f"Warga kampung ke-{n} menanam seribu pohon di tepi sungai bersama murid sekolah dasar." for n in range(9)]
PAGE = f"<html><body><article><h1>Pohon</h1>{''.join(f'<p>{line}</p>' for line in LINES)}</article></body></html>"


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    """A set of two pages: the gold of the second has other words."""
    folder = tmp_path / "zyte"
    (folder / "html").mkdir(parents=True)
    for name in ("a", "b"):
        (folder / "html" / f"{name}.html.gz").write_bytes(gzip.compress(PAGE.encode()))
    truth = {"a": "\n".join(LINES), "b": "Kata lain sama sekali, tidak ada satu pun yang sama."}
    told = {name: {"articleBody": text, "url": f"https://contoh.example/{name}"} for name, text in truth.items()}
    (folder / "ground-truth.json").write_text(json.dumps(told), "utf-8")
    return folder


def test_an_extractor_is_run_and_judged(gold):
    row = run_row("kliping", gold, 2)
    assert (row.pages, row.empty, row.failed) == (2, 0, 0)
    assert (row.score.precision, row.score.recall) == (0.5, 0.5)
    assert row.peak > 10 * 2**20
    limit = run_row("lexbor", gold, 1)
    assert limit.score is None
    assert 0 < sum(limit.milliseconds) < sum(row.milliseconds)
    assert as_table("zyte", [row, limit]).row_count == 2
    assert json.loads(as_json({"zyte": [row, limit]}, None))["zyte"]["kliping"]["f1"] == 0.5


def test_the_command_line_is_measured_with_its_children(gold):
    cost = command_line(gold, 1)
    assert cost.files == 2
    assert cost.kliping > cost.parse_as_program > cost.parse_in_process > 0
    assert as_lines(cost).row_count == 4
    assert json.loads(as_json({}, cost))["command_line"]["ratio"] > 1


def test_leaks_losses_and_lines_that_count_neither_way():
    gold = {
        "a": scores.Gold(
            None, "Satu dua tiga. Empat lima.", ("Satu dua tiga.", "Empat lima."), ("Iklan kami",), ("Foto",)
        )
    }
    assert scores.score(gold, {"a": "Satu dua tiga. Foto. Empat lima."}).perfect == 1
    worse = scores.score(gold, {"a": "Satu dua tiga. Iklan kami."})
    assert (worse.leaks, worse.lost, worse.perfect) == (1, 1, 0)
    assert scores.score(gold, {}).f1 == 0


@pytest.mark.skipif(not SCORER.exists(), reason="the house's scorer is not at hand")
def test_the_score_is_that_of_the_house():
    spec = importlib.util.spec_from_file_location("house_scorer", SCORER)
    house = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(house)
    texts = ["", "Satu", *(" ".join(LINES[:n]) for n in (1, 4, 9)), " ".join(reversed(LINES)), "Ａ\ufb01 Ⅳ—b_c 1,5"]
    for one in texts:
        for other in texts:
            assert scores.precision_recall(one, other) == house.precision_recall(one, other)
