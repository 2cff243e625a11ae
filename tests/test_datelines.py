"""Dates that stand near the headline in words: how long ago, whose they are, and what is not the page's own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kliping.model import Article, Page
from parsers.article import extract
from parsers.rules import build

NOW = datetime(2025, 6, 1, 5, tzinfo=UTC)  # noon in Jakarta
RULES = build({"default": ""})
TEXTS = (
    "Warga tiga dusun membangun jembatan bambu agar anak-anak tidak lagi menyeberang sungai dengan rakit itu.",
    "Kepala dusun mengatakan jembatan itu selesai dalam sembilan hari. Biayanya dari iuran warga sejak awal tahun.",
    "Guru sekolah dasar setempat menyebut jumlah murid yang terlambat berkurang sejak jembatan itu dapat dilewati.",
)
PROSE = "".join(f"<p>{text}</p>" for text in TEXTS)


def read(before: str, after: str = "") -> Article:
    html = f"<html><body>{before}<div class='content'>{PROSE}</div>{after}</body></html>"
    return extract(Page("https://kabar.example/jembatan/", html.encode(), NOW), RULES)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("3 jam lalu", "2025-06-01T09:00:00+07:00"),
        ("Diperbarui 3 jam yang lalu", "2025-06-01T09:00:00+07:00"),
        ("Kemarin, 20:15 WIB", "2025-05-31T20:15:00+07:00"),
        ("Siti Rahma, Kompas.com - 3 jam lalu", "2025-06-01T09:00:00+07:00"),
        ("Hari ini, 08:00 WIB | Siti Rahma", "2025-06-01T08:00:00+07:00"),
    ],
)
def test_how_long_ago_is_counted_from_the_fetch(line: str, expected: str) -> None:
    found = read(f"<header><h1>Jembatan Bambu</h1><div>{line}</div></header>")
    assert found.published_at == datetime.fromisoformat(expected)
    assert found.published_from == "text"
    inside = read(f"<h1>Jembatan Bambu</h1><p>{line}</p>")
    assert inside.published_at == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "<ul><li><a href='/x'>Lumbung Desa Penuh Lagi</a> <span>3 jam lalu</span></li></ul><h1>Jembatan Bambu</h1>",
            "",
        ),
        ("<h1>Jembatan Bambu</h1>", "<ul><li><a href='/x'>Lumbung Desa Penuh</a><span>3 jam lalu</span></li></ul>"),
        ("<h1>Jembatan Bambu</h1><p>Jembatan mulai dibangun 12 Mei 2024</p>", ""),
        ("<h1>Jembatan Bambu</h1><h2>Peresmian digelar Senin, 12 Mei 2024 di balai desa</h2>", ""),
        ("<h1>Jembatan Bambu</h1>", "<p>Copyright © 12 Mei 2024 Kabar Desa</p>"),
    ],
)
def test_what_tells_of_something_else_is_no_date_of_the_page(before: str, after: str) -> None:
    assert read(before, after).published_at is None
