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


def goes_on(after: str, url: str) -> tuple[str | None, str | None]:
    html = f"<html><body><div class='entry-content'>{TEXT}</div>{after}</body></html>"
    article = extract(Page(url, html.encode(), NOW), rules.load())
    return article.whole_url, article.next_url


@pytest.mark.parametrize(
    ("url", "href", "following"),
    [
        (URL, f"{URL}/2/", f"{URL}/2/"),
        (f"{URL}/2/", f"{URL}/3/", f"{URL}/3/"),
        (f"{URL}/page/2", f"{URL}/page/3", f"{URL}/page/3"),
        (f"{URL}?page=2", "?page=3", f"{URL}?page=3"),
        (f"{URL}?id=7&page=1", "?id=7&page=2", f"{URL}?id=7&page=2"),
        (f"{URL}/2/", f"{URL}/", None),
        (f"{URL}?page=2", "?page=1", None),
        (f"{URL}?page=2", "?page=4", None),
        (f"{URL}/12345", f"{URL}/12346", None),
        (URL, "https://lain.example/daerah/2024/04/jembatan-baru/2", None),
    ],
)
def test_where_an_article_goes_on(url: str, href: str, following: str | None) -> None:
    assert goes_on(f"<p><a href='{href}'>Selanjutnya</a></p>", url) == (None, following)


def test_all_pages_by_the_sites_rule_or_by_the_pages_own_link() -> None:
    kompas = "https://regional.kompas.com/read/2024/04/01/0912345/judul"
    both = "<p><a href='?page=2'>2</a> <a href='?page=all'>Tampilkan semua</a></p>"
    assert goes_on(both, kompas) == (f"{kompas}?page=all", f"{kompas}?page=2")
    assert goes_on(both, URL) == (f"{URL}?page=all", f"{URL}?page=2")
    assert goes_on("<p><a href='?page=2'>2</a></p>", kompas)[0] == f"{kompas}?page=all"
    assert goes_on("<p><a href='?page=2'>2</a></p>", URL)[0] is None
    assert goes_on("<p><a href='?page=all'>Tampilkan semua</a></p>", kompas) == (None, None)
