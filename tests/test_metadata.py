"""Candidates and winners: titles, authors, times, tags and addresses, each with where it came from."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kliping.model import Credit, Entry, Page
from parsers.authors import clean_author
from parsers.block import Head
from parsers.jsonld import read_claims
from parsers.metadata import Metadata, describe
from parsers.titles import choose_title, strip_site

JAKARTA = timezone(timedelta(hours=7))
URL = "https://kabardesa.example/2019/04/20/perahu-nelayan-ditemukan.html"
FETCHED = datetime(2019, 5, 1, tzinfo=UTC)
TITLE = "Dua Perahu Nelayan Ditemukan di Utara Pulau"


def page(url: str | None = URL, **fields: Any) -> Page:
    return Page(url=url, html=b"", fetched_at=FETCHED, **fields)


def ld(**fields: Any) -> str:
    return json.dumps({"@context": "https://schema.org", "@type": "NewsArticle", **fields})


def named(*pairs: tuple[str, str]) -> dict[str, list[str]]:
    """Metas by their names."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def published(head: Head, where: Page | None = None, line: str | None = None) -> tuple[str | None, str | None]:
    found = describe(head, where or page(), line)
    return found.published_from, found.published_at.isoformat() if found.published_at else None


# --- published --------------------------------------------------------------------------------------------------------

META = ("article:published_time", "2019-04-19T10:00:00+07:00")
TIME = ("2019-04-18T10:00:00+07:00", "18 April 2019")


def test_the_order_of_trust() -> None:
    at = datetime(2019, 4, 21, 3, tzinfo=UTC)
    entry = Entry(published_at=at, published_raw="Sun, 21 Apr 2019 10:00:00 +0700")
    micro = ("datepublished", "2019-04-17T10:00:00+07:00")
    head = Head(metas=named(META, micro), json_ld=(ld(datePublished="2019-04-20T10:00:00+07:00"),), times=(TIME,))
    assert published(head, page(entry=entry)) == ("feed", "2019-04-21T03:00:00+00:00")
    assert published(head) == ("jsonld", "2019-04-20T10:00:00+07:00")
    assert published(Head(metas=named(micro, META), times=(TIME,))) == ("meta", "2019-04-19T10:00:00+07:00")
    assert published(Head(metas=named(micro), times=(TIME,))) == ("microdata", "2019-04-17T10:00:00+07:00")
    assert published(Head(times=(TIME,), date_lines=("Rabu, 17 April 2019 09:00 WIB",)))[0] == "time"
    assert published(Head(date_lines=("Rabu, 17 April 2019 09:00 WITA",))) == ("text", "2019-04-17T09:00:00+08:00")
    assert published(Head(), line="Rabu, 17 April 2019 | 09:00 WIB") == ("text", "2019-04-17T09:00:00+07:00")
    assert published(Head()) == ("url", "2019-04-20T00:00:00+07:00")
    assert published(Head(), page("https://kabardesa.example/2019/04/perahu.html")) == (None, None)


def test_a_day_is_sharpened_by_a_time_of_the_same_day() -> None:
    head = Head(json_ld=(ld(datePublished="2019-04-20"),), date_lines=("Sabtu, 20 April 2019 08:30 WIB",))
    assert published(head) == ("text", "2019-04-20T08:30:00+07:00")
    other_day = Head(json_ld=(ld(datePublished="2019-04-20"),), date_lines=("Minggu, 21 April 2019 08:30 WIB",))
    assert published(other_day)[0] == "jsonld"


def test_out_of_range_is_null_and_the_raw_string_stays() -> None:
    found = describe(Head(metas=named(("article:published_time", "2037-01-01T00:00:00Z"))), page("https://a.example/b"))
    assert found.published_at is None
    assert found.published_from is None
    assert found.published_raw == "2037-01-01T00:00:00Z"


def test_modified_is_not_published() -> None:
    block = ld(dateModified="2019-04-25T10:00:00+07:00")
    found = describe(Head(json_ld=(block,), date_lines=("Diperbarui 25 April 2019",)), page("https://a.example/b"))
    assert found.modified_at == datetime(2019, 4, 25, 10, tzinfo=JAKARTA)
    two = Head(date_lines=("Diperbarui 25 April 2019 08:00 WIB", "Terbit 20 April 2019 08:00 WIB"))
    assert published(two)[1] == "2019-04-20T08:00:00+07:00"


def test_bloggers_pacific_times_are_true() -> None:
    blogger = Head(metas=named(("generator", "blogger")), times=(("2012-06-30T23:16:00-07:00", "23.16"),))
    assert published(blogger) == ("time", "2012-06-30T23:16:00-07:00")
    shown = Head(
        metas=named(("generator", "Blogger"), ("article:published_time", "2012-06-30T23:16:00-07:00")),
        date_lines=("Sabtu, 30 Juni 2012 23.16",),
    )
    assert published(shown)[1] == "2012-06-30T23:16:00-07:00"


def test_a_wrong_sign_elsewhere_is_put_right_by_the_visible_clock() -> None:
    wrong = ("article:published_time", "2019-04-20T09:54:49-07:00")
    assert published(Head(metas=named(wrong), date_lines=("20 April 2019 09:54",)))[1] == "2019-04-20T09:54:49+07:00"
    assert published(Head(metas=named(wrong)))[1] == "2019-04-20T09:54:49-07:00"


def test_a_time_without_offset_is_in_the_pages_zone() -> None:
    head = Head(metas=named(("article:published_time", "2019-04-20 09:54:49")))
    assert published(head, page(zone="Asia/Jayapura"))[1] == "2019-04-20T09:54:49+09:00"


# --- JSON-LD ----------------------------------------------------------------------------------------------------------


def test_json_ld_in_all_its_shapes() -> None:
    graph = json.dumps(
        {"@graph": [{"@type": "WebPage", "datePublished": "2001-01-01"}, json.loads(ld(headline="Satu"))]}
    )
    listed = json.dumps([{"@type": "BreadcrumbList"}, json.loads(ld(headline="Dua"))])
    commented = (
        '{ /* a template\'s "note" */ "@type": "BlogPosting", "headline": "Tiga // bukan", // so\n "keywords": "a, b",}'
    )
    broken = '{"@type": "BlogPosting", "headline": "Empat", "datePublished": "2019-04-20", "x": }'
    people = ld(headline="Lima", author=[{"name": "Siti"}, {"@id": "#b"}], publisher={"name": "Kabar"})
    found = read_claims((graph, listed, commented, broken, people, "", "nonsense", "[" * 100_000))
    assert [claims.headline for claims in found] == ["Satu", "Dua", "Tiga // bukan", "Empat", "Lima", None]
    assert found[-1].page
    assert found[2].tags == ("a", "b")
    assert found[4].authors == ("Siti",)


@settings(max_examples=150)
@given(st.text(max_size=200) | st.text(alphabet='{}[]",:/*\\ @type"a1', max_size=80))
def test_any_json_ld_is_survived(text: str) -> None:
    read_claims((text, '{"@type":"Article","author":' + text + "}"))


@pytest.mark.parametrize("unit", ['"\\', "/*", '"', '\\"', "[", "{", ", ", "//", '{"a":', "*/", " "])
def test_no_json_ld_is_slow(unit: str) -> None:
    start = time.process_time()
    read_claims((unit * (200_000 // len(unit)), "{" + unit * 50_000 + "*/"))
    assert time.process_time() - start < 1.0


# --- titles -----------------------------------------------------------------------------------------------------------


def test_the_visible_headline_wins_over_the_one_for_search_engines() -> None:
    head = Head(
        title=f"{TITLE} | Kabar Desa",
        metas=named(("og:title", f"Viral! {TITLE}, Ini Faktanya"), ("og:site_name", "Kabar Desa")),
        headlines=("Kabar Desa", TITLE, "Harga Beras Naik Lagi"),
    )
    assert describe(head, page()).title == TITLE


def test_without_a_headline_the_most_said_title_wins_without_the_site() -> None:
    metas = named(("og:title", f"Kabardesa.example: Daerah - {TITLE}"), ("twitter:title", TITLE))
    assert describe(Head(title=f"{TITLE} - Kabardesa.example", metas=metas), page()).title == TITLE
    assert choose_title((), "Dari Umpan", (), None, None) == "Dari Umpan"
    assert choose_title((), None, (), None, None) is None


@pytest.mark.parametrize(
    ("title", "site", "expected"),
    [
        ("Perahu Hilang - Kabar Desa", "Kabar Desa", "Perahu Hilang"),
        ("Kabar Desa: Perahu Hilang", "Kabar Desa", "Perahu Hilang"),
        ("Kabar Desa | Perahu Hilang", "kabardesa.com", "Perahu Hilang"),
        ("Perahu Hilang di Utara Pulau Seribu | Daerah", None, "Perahu Hilang di Utara Pulau Seribu"),
        ("Banjir: Warga Mengungsi", "Kabar Desa", "Banjir: Warga Mengungsi"),
        ("Beras - Gula - Kopi", "Kabar Desa", "Beras - Gula - Kopi"),
        ("Kabar Desa", "Kabar Desa", "Kabar Desa"),
    ],
)
def test_the_sites_name_is_taken_off(title: str, site: str | None, expected: str) -> None:
    assert strip_site(title, site) == expected


# --- authors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Oleh Siti Rahma", "Siti Rahma"),
        ("Diposting oleh: Siti Rahma", "Siti Rahma"),
        ("Penulis: Siti Rahma | Editor: Budi", "Siti Rahma"),
        ("siti@kabar.example (Siti Rahma)", "Siti Rahma"),
        ("Posted on April 20, 2019 by Siti", "Siti"),
        ("DAERAH | 20 April 2019 09:54 Reporter : Siti Rahma", "Siti Rahma"),
        ("Siti Rahma, Sabtu 20 April 2019", "Siti Rahma"),
        ("Oleh: Dr. Siti Rahma, S.Pd., M.Pd.", "Dr. Siti Rahma, S.Pd., M.Pd."),
        ("Penulis : Prof. Dr. H. Budi Santoso, S.Ag., M.A., Ph.D.", "Prof. Dr. H. Budi Santoso, S.Ag., M.A., Ph.D."),
        ("Oleh: Siti Rahma, S. Pd.", "Siti Rahma, S. Pd."),
        ("Oleh Siti Rahma.", "Siti Rahma"),
        ("Oleh: Siti Rahma *)", "Siti Rahma"),
        ("Siti Rahma, Kompas.com - 3 jam lalu", "Siti Rahma"),
        ("Siti Rahma, CNN Indonesia", "Siti Rahma"),
        ("By Siti Rahma, The Village Post", "Siti Rahma"),
        ("3 Mei 2021 oleh Siti Rahma", "Siti Rahma"),
        ("Reporter : Siti Rahma / Editor : Budi", "Siti Rahma"),
        ("Laporan Wartawan Kabar Desa, Siti Rahma", "Siti Rahma"),
        ("Diterbitkan oleh Siti Rahma", "Siti Rahma"),
        ("noreply@blogger.com", None),
        ("Unknown", None),
        ("Twitter @kabar", None),
        ("", None),
    ],
)
def test_bylines_are_cleaned(text: str, expected: str | None) -> None:
    assert clean_author(text) == expected


def author(head: Head, *named: Credit, entry: Entry | None = None) -> str | None:
    return describe(head, page(entry=entry), named=named).author


def test_a_person_is_better_than_a_desk() -> None:
    desk = ("author", "Redaksi Kabar Desa")
    assert author(Head(metas=named(desk), bylines=("Siti Rahma",))) == "Siti Rahma"
    assert author(Head(metas=named(desk)), Credit("editor", "Budi"), Credit("author", "Siti")) == "Siti"
    assert author(Head(metas=named(("author", "Admin")))) == "Admin"
    assert author(Head(bylines=("Editor: Budi Santoso",))) is None
    assert author(Head(json_ld=(ld(author={"name": "Budi"}),), bylines=("Oleh Siti Rahma",))) == "Siti Rahma"
    assert author(Head(bylines=("Oleh Siti",)), entry=Entry(author="Rina Dewi")) == "Rina Dewi"


# --- the rest ---------------------------------------------------------------------------------------------------------


def test_tags_image_and_addresses() -> None:
    head = Head(
        metas=named(("og:image", "/gambar/perahu.jpg"), ("keywords", "laut, nelayan"), ("og:site_name", "Kabar Desa")),
        links=(("canonical", "/2019/04/20/perahu"),),
        tags=("Nelayan", "Nelayan", " Laut "),
    )
    found = describe(head, page())
    assert found.tags == ("Nelayan", "Laut")
    assert found.image == "https://kabardesa.example/gambar/perahu.jpg"
    assert found.canonical_url == "https://kabardesa.example/2019/04/20/perahu"
    assert found.site_name == "Kabar Desa"
    assert describe(head, page(entry=Entry(tags=("umpan",)))).tags == ("umpan",)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Siti Rahma - 12 Mei 2018", True),
        ("DAERAH | 12 Mei 2018 09:54 Reporter : Siti Rahma", True),
        ("Diterbitkan 12 Mei 2018 oleh siti", True),
        ("Kompas.com - 12/05/2018, 09:54 WIB", True),
        ("Lomba perahu digelar 12 Mei 2018", False),
        ("Senin, 12 Mei 2018, warga berkumpul di dermaga.", False),
        ("Copyright © 12 Mei 2018 Kabar Desa", False),
        ("Sumber: Kabar Desa, 12 Mei 2018", False),
    ],
)
def test_a_day_in_a_sentence_or_a_footer_is_not_when_the_page_was_published(line: str, said: bool) -> None:
    found = describe(Head(date_lines=(line,)), page("https://a.example/b"))
    assert (found.published_at is not None) == said


def test_an_empty_head_gives_nothing() -> None:
    assert describe(Head(), page(None)) == Metadata()


TEXTS = st.text(max_size=80)
PAIRS = st.lists(
    st.tuples(st.sampled_from(["og:title", "author", "date", "og:image", "datepublished"]), TEXTS), max_size=4
)


@settings(max_examples=150)
@given(PAIRS, st.lists(TEXTS, max_size=3), TEXTS | st.none(), st.sampled_from([URL, None, "http://[", "x"]))
def test_any_head_is_survived(
    pairs: list[tuple[str, str]], lines: list[str], title: str | None, url: str | None
) -> None:
    some = tuple(lines)
    times = tuple((line, line) for line in lines)
    head = Head(named(*pairs), (), title, some, times, some, some, some, some)
    found = describe(head, page(url), lines[0] if lines else None)
    assert found.published_at is None or found.published_at.tzinfo is not None
