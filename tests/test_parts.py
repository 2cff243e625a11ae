"""Articles in several pages: the address of all of them, and pages that hold only some."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kliping.model import Page
from parsers import rules
from parsers.article import extract
from parsers.parts import full_page_url

NOW = datetime(2024, 5, 1, tzinfo=UTC)
URL = "https://kabar.example/daerah/2024/04/jembatan-baru"
TEXT = "<p>Warga tiga desa bergotong royong membangun jembatan kayu sepanjang dua puluh meter di atas sungai.</p>" * 5


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://news.detik.com/berita/d-7123456/judul", "https://news.detik.com/berita/d-7123456/judul?single=1"),
        ("https://news.detik.com/berita/d-7123456/judul?single=1", None),
        ("https://news.detik.com/indeks", None),
        (
            "https://regional.kompas.com/read/2024/04/01/09/judul?utm_source=x&page=2",
            "https://regional.kompas.com/read/2024/04/01/09/judul?utm_source=x&page=all",
        ),
        ("https://www.inews.id/news/judul", "https://www.inews.id/news/judul/all"),
        ("https://www.inews.id/news/judul/all", None),
        ("https://blog.example/judul", None),
        ("http://[", None),
    ],
)
def test_the_address_of_all_pages(url: str, expected: str | None) -> None:
    assert full_page_url(url, rules.load()) == expected


def flags(after: str, head: str = "", url: str = URL, inside: str = "") -> tuple[str, ...]:
    html = f"<html><head>{head}</head><body><div class='entry-content'>{TEXT}{inside}</div>{after}</body></html>"
    return extract(Page(url, html.encode(), NOW), rules.load()).flags


@pytest.mark.parametrize(
    ("after", "head"),
    [
        ("<p>Halaman 1 dari 3</p>", ""),
        ("<p>1 dari 2 halaman</p>", ""),
        (f"<p>Laman: <a href='{URL}/2/'>2</a></p>", ""),
        ("<p><a href='?page=2'>Selanjutnya</a></p>", ""),
        ("", f"<link rel='next' href='{URL}?page=2'>"),
    ],
)
def test_a_page_that_goes_on_elsewhere_is_incomplete(after: str, head: str) -> None:
    assert "incomplete" in flags(after, head)


@pytest.mark.parametrize(
    ("after", "head", "url"),
    [
        ("<p>Halaman 3 dari 3</p>", "", URL),
        ("<p><a href='/daerah/2024/04/jembatan-lama'>Selanjutnya</a></p>", "", URL),
        ("", "<link rel='next' href='https://kabar.example/daerah/2024/04/jembatan-lama'>", URL),
        (f"<p><a href='{URL}?page=2'>2</a></p>", "", f"{URL}?page=all"),
    ],
)
def test_a_whole_article_is_not(after: str, head: str, url: str) -> None:
    assert "incomplete" not in flags(after, head, url)


def test_pages_that_wait_for_a_click_are_there() -> None:
    hidden = f"<div class='paging' style='display:none'>{TEXT}</div>"
    assert "incomplete" not in flags("<p><a href='?page=2'>2</a></p>", inside=hidden)


def test_a_call_to_the_next_page_ends_a_part() -> None:
    assert "incomplete" in flags("", inside="<p>Simak selanjutnya di halaman berikut</p>")
