"""From a page to its article: the sample set back into Blogger pages, feed fragments, fallbacks, limits."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kliping.errors import ParseError
from kliping.model import Article, Entry, Origin, Page, PageOutcome
from parsers import rules
from parsers.article import body_of, extract
from parsers.outcome import VERDICTS
from parsers.sniff import is_binary

NOW = datetime(2019, 4, 21, tzinfo=UTC)
URL = "https://kabar-kita.blogspot.com/2019/04/suriah.html"
SAMPLE = Path(__file__).resolve().parents[2] / "shared" / "data" / "sample.txt"


class Told(NamedTuple):
    """A post as its author wrote it, and the lines a naive scraper put around it."""

    caption: str
    heading: str
    paragraphs: tuple[str, ...]  # with the heading among them


OWN = Told(
    "Pejuang ISIS yang menyerah di Baghouz - Courtesy of AFP |",
    "Sel Tidur ISIS",
    tuple(
        """\
Tentara pemerintah Suriah diserang dua kelompok yang berbeda di gurun provinsi Homs, dan empat puluh orang tewas.
Milisi yang berpihak kepada pemerintah membenarkan serangan itu. Mereka mengirim bantuan untuk dua batalion.
Dalam sebuah posting Facebook, milisi itu mengatakan prajurit yang selamat sudah dibawa ke tempat yang aman.
Sel Tidur ISIS
Kelompok itu kehilangan wilayah terakhirnya pada bulan Maret, tetapi para pejuangnya tetap aktif di gurun.
Gencatan senjata yang dicapai pada bulan September semakin banyak dilanggar, kata para pengamat.""".splitlines()
    ),
)


def _shared() -> Told:
    lines = [line for line in SAMPLE.read_text("utf-8").splitlines() if line.strip()]
    return Told(lines[0], "Sel Tidur ISIS", tuple(lines[1:-3]))


SAMPLES = [pytest.param(OWN, id="own")] + ([pytest.param(_shared(), id="sample.txt")] if SAMPLE.exists() else [])
COUNT, FORM = "0 komentar:", "Posting Komentar"
SOURCE = 'Sumber: <a href="https://www.middleeasteye.net/news/isis-syria" target="_blank">click disini</a>'
FOOTER_INSIDE = f'<div class="count">{COUNT}</div><div><a href="#form">{FORM}</a></div>'


def paragraphs_body(told: Told) -> str:
    """Paragraphs in `<p>`, the sub-heading bold, the caption as the first line, the source as the last."""
    parts = [f"<p>{escape(told.caption, quote=False)}</p>"]
    parts += [f"<h3>{p}</h3>" if p == told.heading else f"<p>{escape(p, quote=False)}</p>" for p in told.paragraphs]
    return "\n".join((*parts, f"<p>{SOURCE}</p>"))


def breaks_body(told: Told) -> str:
    """The same with nothing but `<br>`."""
    parts = [escape(told.caption, quote=False)]
    parts += [f"<b>{p}</b>" if p == told.heading else escape(p, quote=False) for p in told.paragraphs]
    return "<br />\n<br />\n".join((*parts, SOURCE))


def blogger_page(body: str, inside: str = "") -> bytes:
    """A stock Blogger page (layouts v1): the comment footer stands after the post, or where `inside` puts it."""
    return f"""<!DOCTYPE html><html dir='ltr' lang='id'><head><meta charset='utf-8'/>
<meta content='blogger' name='generator'/><link href='{URL}' rel='canonical'/>
<meta content='Kabar Kita' property='og:site_name'/>
<title>Kabar Kita: Pasukan Suriah Diserang di Dua Tempat</title></head><body class='loading'>
<div class='navbar section' id='navbar'></div>
<div class='header section' id='header'><h1 class='title'>Kabar Kita</h1></div>
<div class='main section' id='main'><div class='widget Blog' data-version='1' id='Blog1'><div class='blog-posts hfeed'>
<div class='date-outer'><h2 class='date-header'><span>Sabtu, 20 April 2019</span></h2><div class='date-posts'>
<div class='post-outer'><div class='post hentry uncustomized-post-template' itemscope='itemscope'>
<h3 class='post-title entry-title' itemprop='name'>Pasukan Suriah Diserang di Dua Tempat</h3>
<div class='post-header'><div class='post-header-line-1'></div></div>
<div class='post-body entry-content' id='post-body-42' itemprop='description articleBody'>
{body}{inside}<div style='clear: both;'></div></div>
<div class='post-footer'><div class='post-footer-line post-footer-line-1'>
<span class='post-author vcard'>Diposkan oleh <span class='fn' itemprop='author'>Rina Dewi</span></span>
<span class='post-timestamp'>di <a class='timestamp-link' href='{URL}' rel='bookmark'><abbr class='published'
 itemprop='datePublished' title='2019-04-20T10:15:00+07:00'>10.15</abbr></a></span></div>
<div class='post-footer-line post-footer-line-2'><span class='post-labels'>Label:
 <a href='/search/label/dunia' rel='tag'>dunia</a></span></div></div></div>
<div class='comments' id='comments'><h4>{COUNT}</h4><p class='comment-footer'><a href='#'>{FORM}</a></p></div>
</div></div></div></div>
<div class='blog-pager' id='blog-pager'><a href='/x'>Posting Lama</a> <a href='/'>Beranda</a></div>
</div></div><div class='sidebar section' id='sidebar'><div class='widget PopularPosts'><h2>Entri Populer</h2>
<ul><li><a href='/a'>Judul lain yang banyak dibaca orang pekan ini</a></li></ul></div></div></body></html>""".encode()


def page(html: bytes, url: str | None = URL, entry: Entry | None = None, origin: Origin = Origin.WEB) -> Page:
    return Page(url, html, NOW, origin, entry)


def read(html: bytes | str, **more: object) -> Article:
    return extract(page(html if isinstance(html, bytes) else html.encode(), **more))  # type: ignore[arg-type]


# --- the sample -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("told", SAMPLES)
@pytest.mark.parametrize("body", [paragraphs_body, breaks_body])
@pytest.mark.parametrize("inside", ["", FOOTER_INSIDE], ids=["footer outside", "footer inside"])
def test_the_sample(told: Told, body: Callable[[Told], str], inside: str) -> None:
    article = read(blogger_page(body(told), inside))
    assert article.outcome is PageOutcome.ARTICLE
    assert article.title == "Pasukan Suriah Diserang di Dua Tempat"
    assert article.author == "Rina Dewi"
    assert article.published_at == datetime(2019, 4, 20, 3, 15, tzinfo=UTC)
    assert (article.body or "").split("\n\n") == list(told.paragraphs)
    assert [(c.text, c.credit) for c in article.captions] == [("Pejuang ISIS yang menyerah di Baghouz", "AFP")]
    assert [(s.label, s.url) for s in article.sources] == [
        ("click disini", "https://www.middleeasteye.net/news/isis-syria")
    ]
    lost = [line.text for line in article.removed if line.kept_as is None]
    assert lost == ([COUNT, FORM] if inside else [])
    assert {line.kept_as for line in article.removed} - {None} == {"captions", "sources"}


def test_nothing_outside_the_container_is_listed() -> None:
    article = read(blogger_page(paragraphs_body(OWN)))
    assert not [line for line in article.removed if "Populer" in line.text or "Posting Lama" in line.text]


# --- feeds ------------------------------------------------------------------------------------------------------------

PROSE = "Warga desa bekerja bakti memperbaiki jembatan yang rusak diterjang banjir pada hari Minggu pagi kemarin. "


def entry(content: str | None = None, summary: str | None = None) -> Entry:
    return Entry(
        guid="1",
        url=URL,
        title="Jembatan Diperbaiki",
        author="Sari",
        published_at=NOW,
        content=content,
        summary=summary,
    )


def test_a_fragment_takes_title_author_and_date_from_its_entry() -> None:
    html = f"<p>{PROSE * 3}</p><p>{PROSE}</p>"
    article = extract(page(html.encode(), entry=entry(content=html), origin=Origin.FEED))
    assert (article.title, article.author, article.published_at) == ("Jembatan Diperbaiki", "Sari", NOW)
    assert article.published_from == "feed"
    assert article.body == f"{(PROSE * 3).strip()}\n\n{PROSE.strip()}"


def test_a_fragment_of_bare_text_is_its_own_body() -> None:
    article = extract(page(PROSE.encode(), entry=entry(summary=PROSE), origin=Origin.FEED))
    assert article.body == PROSE.strip()


def test_the_feed_s_text_is_kept_where_the_page_has_less_than_half_of_it() -> None:
    content = f"<p>{PROSE * 5}</p><p>{PROSE * 5}</p>"
    html = f"<html><body><article><h1>Jembatan Diperbaiki</h1><p>{PROSE}</p></article></body></html>"
    article = extract(page(html.encode(), entry=entry(content=content)))
    assert "body_from_feed" in article.flags
    assert article.body == "\n\n".join([(PROSE * 5).strip()] * 2)


def test_the_page_is_kept_where_it_has_half_or_more() -> None:
    html = f"<html><body><article><h1>Jembatan Diperbaiki</h1><p>{PROSE * 4}</p></article></body></html>"
    article = extract(page(html.encode(), entry=entry(content=f"<p>{PROSE * 5}</p>")))
    assert "body_from_feed" not in article.flags
    assert article.body == (PROSE * 4).strip()


def test_a_shell_drawn_by_a_script_gets_the_feed_s_text() -> None:
    html = "<html><body><div id='app'></div><script>start()</script></body></html>"
    article = extract(page(html.encode(), entry=entry(content=f"<p>{PROSE * 5}</p>")))
    assert (article.outcome, article.rule) == (PageOutcome.ARTICLE, "feed")


# --- fallbacks --------------------------------------------------------------------------------------------------------


def test_a_body_whose_wrapper_is_named_like_junk_is_found_by_a_laxer_reading() -> None:
    html = f"<html><body><div class='sidebar'><p>{PROSE * 4}</p><p>{PROSE * 3}</p></div></body></html>"
    assert (read(html).body or "").count("Warga desa") == 7


def test_a_page_whose_only_copy_is_in_noscript() -> None:
    html = f"<html><body><div id='app'></div><noscript><p>{PROSE * 6}</p><p>{PROSE}</p></noscript></body></html>"
    assert read(html).body == f"{(PROSE * 6).strip()}\n\n{PROSE.strip()}"


def test_classes_that_wordpress_makes_of_tags_are_not_junk() -> None:
    classes = "post-7 post type-post hentry category-iklan tag-sidebar tag-related tag-comments"
    html = f"<html><body><article class='{classes}'><div><p>{PROSE * 4}</p><p>{PROSE}</p></div></article></body></html>"
    assert (read(html).body or "").count("Warga desa") == 5


# --- encodings --------------------------------------------------------------------------------------------------------

TEXT = "<p>" + "Warga kota itu membangun jembatan bersama-sama sejak pagi hari. " * 8 + "</p>"
LD = '<script type="application/ld+json">{"@type": "Article", "headline": "Kafé"}</script>'


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("<meta charset=windows-1252><p>Kafé itu buka.</p>", "cp1252"),  # the one letter tells that it is no UTF-8
        ("<meta charset=windows-1252><title>Kafé</title>", "cp1252"),
        ("<meta charset=windows-1252><meta property=og:title content=Kafé>", "cp1252"),
        (f"<meta charset=windows-1252>{LD}", "cp1252"),
        ("<meta charset=windows-1252><p>Kafé itu buka.</p>", "utf-8"),
        ("\ufeff<meta charset=windows-1252><p>Kafé itu buka.</p>", "utf-16"),
        ("\ufeff<title>Kafé</title>", "utf-8"),
    ],
)
def test_the_encoding_is_told_by_what_is_read(words: str, told: str) -> None:
    article = extract(page((words + TEXT).encode(told)))
    assert "Kafé" in f"{article.title} {article.body} {article.captions}"


def test_broken_bytes_in_what_is_not_read_leave_a_page_utf8() -> None:
    html = f"<meta charset=windows-1252><p>Kafé itu buka.</p>{TEXT}".encode() + b"<script>'\xe9'</script>"
    assert "Kafé" in (read(html).body or "")


def test_a_byte_broken_in_the_text_leaves_a_page_utf8_that_says_nothing_else() -> None:
    body = read(f"<p>Kafé itu buka.</p>{TEXT * 4}".encode() + b"<p>Warga itu pulan\xc3</p>").body or ""
    assert "Kafé" in body
    assert body.endswith("pulan\ufffd")


# --- outcomes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "outcome"),
    [
        ("", PageOutcome.EMPTY),
        ("<html><body><div id='root'></div></body></html>", PageOutcome.EMPTY),
        (
            "<title>Just a moment...</title><p>Enable JavaScript and cookies to continue</p>",
            "challenge",
        ),
        ("<title>403 Forbidden</title><center><h1>403 Forbidden</h1></center><hr>nginx", "block"),
        (
            "<title>Halaman tidak ditemukan - Kabar</title><p>Halaman yang Anda cari tidak ada.</p>",
            "soft_404",
        ),
        ("<title>contoh.com</title><h1>Domain contoh.com dijual</h1><a href='/'>Beli domain ini</a>", "parked"),
    ],
)
def test_pages_that_are_no_article(html: str, outcome: str) -> None:
    article = read(html)
    assert article.outcome == outcome
    assert article.body is None


def test_a_list_of_posts_is_an_index() -> None:
    posts = "".join(
        f"<article class='post hentry'><h2><a href='/{n}'>Judul berita nomor {n}</a></h2><p>{PROSE}</p></article>"
        for n in range(5)
    )
    html = f"<html><body><main>{posts}</main></body></html>"
    assert read(html, url="https://kabar.example/category/desa/").outcome is PageOutcome.INDEX
    assert read(html, url="https://kabar.example/").outcome is PageOutcome.INDEX


@pytest.mark.parametrize("title", ["Error 404 Not Found, Kisah Sebuah Situs", "Domain .id Dijual Murah"])
def test_an_article_about_such_pages_is_an_article(title: str) -> None:
    html = (
        f"<html><head><title>{title}</title></head><body><article><h1>{title}</h1><p>{PROSE * 20}</p></article></body>"
    )
    assert read(html).outcome is PageOutcome.ARTICLE


def test_a_post_of_one_sentence_is_an_article() -> None:
    assert read(blogger_page("<p>Kantor desa tutup hari ini.</p>")).body == "Kantor desa tutup hari ini."


# --- limits and properties --------------------------------------------------------------------------------------------


def test_fields_are_limited() -> None:
    html = (
        f"<html><head><title>{'j' * 3000}</title><meta name=author content='{'a' * 900}'>"
        f"<link rel=canonical href='https://x.example/{'u' * 4000}'></head><body><article><h1>{'j' * 3000}</h1>"
        + f"<p>{PROSE * 40}</p>" * 400
        + "</article></body></html>"
    )
    article = read(html)
    assert len(article.title or "") <= 1000
    assert len(article.author or "") <= 300
    assert article.canonical_url is None or len(article.canonical_url) <= 2048
    assert len((article.body or "").encode()) <= 1024 * 1024


PIECES = """<p> </p> <div> </div> <br> <table> <td> <ul> <li> </ul> <b> <a href=x> </a> <pre> <figure> <noscript>
    <template> <svg> <h1> </h1> <blockquote> <!-- --> <script> </script> <select> &amp; &#0; 0&nbsp;komentar: <html>
    <body> <title> <q Sumber: kata, akhir. <p~itemprop=articleBody> <time> <meta~charset=x>"""
SOUP = st.lists(
    st.sampled_from([p.replace("~", " ") for p in re.split(r"\s+", PIECES)] + ["\ud800", "\0"]), max_size=60
)


@settings(max_examples=150, deadline=None)
@given(SOUP.map(" ".join) | st.text(max_size=200))
def test_any_text_gives_a_clean_article_twice(text: str) -> None:
    html = text.encode("utf-8", "surrogatepass")
    assume(not is_binary(html))
    first, second = extract(page(html)), extract(page(html))
    assert first == second
    for value in (first.title, first.body, *(line.text for line in first.removed)):
        assert not {c for c in value or "" if "\ud800" <= c <= "\udfff" or (c < " " and c not in "\n\t")}


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([None, "utf-8", "utf-7", "latin-1", "x-nonsense", "utf-16"]))
def test_any_bytes_raise_nothing_else(html: bytes, charset: str | None) -> None:
    try:
        extract(Page(URL, html, NOW, charset=charset))
    except ParseError:
        return


def test_rules_are_loaded_when_none_are_given() -> None:
    html = blogger_page(paragraphs_body(OWN))
    assert extract(page(html)) == extract(page(html), rules.load())


HEADLINE = {("title", "repeated"), ("stamps", "byline")}  # what is told by the title and the author of the page


@pytest.mark.parametrize("path", sorted((Path(__file__).parent / "sites").rglob("*.html")), ids=lambda p: p.stem)
def test_the_body_alone_is_the_articles_but_for_a_repeated_headline(path: Path) -> None:
    page = Page(f"https://{path.parent.name}/x", path.read_bytes(), datetime(2026, 3, 2, tzinfo=UTC))
    whole, alone = extract(page), body_of(page)
    if whole.body is not None:
        heads = {line.text for line in whole.removed if (line.step, line.rule) in HEADLINE}
        mine = whole.body.split("\n\n")
        assert [line for line in alone.split("\n\n") if line in mine or line not in heads] == mine


def test_what_was_not_entered_is_body_where_it_holds_much_of_the_text_and_else_left() -> None:
    box = "Warga dusun berkumpul di balai desa untuk menyusun jadwal ronda, kata kepala dusun kepada warga setempat."
    own = "Petugas membersihkan parit di sepanjang jalan desa sejak pagi sampai siang pada hari ke-{} bulan ini."
    few, many = ([own.format(day) for day in range(1, days)] for days in (3, 7))
    pages = [
        page(f"<div class=entry-content><div class=sharedaddy><p>{box}</p></div>{rest}</div>".encode())
        for rest in ("".join(f"<p>{line}</p>" for line in lines) for lines in (few, many))
    ]
    kept, left = map(extract, pages)
    assert (kept.body, left.body) == ("\n\n".join((box, *few)), "\n\n".join(many))
    assert ([line.text for line in kept.removed], [line.text for line in left.removed]) == ([], [box])
    assert [body_of(each) for each in pages] == [kept.body, left.body]


def test_the_pages_own_stamp_goes_before_the_date_of_a_caption() -> None:
    prose = "<p>Petugas membersihkan parit di sepanjang jalan desa sejak pagi, kata kepala dusun kepada warga.</p>" * 4
    figure = "<figure><img src=a.jpg><figcaption>Truk melintas, Selasa (7/5/2024)</figcaption></figure>"
    html = f"<h1>Parit bersih</h1><div class=tgl>Rabu, 8 Mei 2024 10:00 WIB</div>{figure}<div class=isi>{prose}</div>"
    article = extract(Page("https://warta.example/a", html.encode(), datetime(2024, 5, 9, tzinfo=UTC)))
    assert article.published_at == datetime(2024, 5, 8, 3, 0, tzinfo=UTC)


def test_a_short_item_gives_up_its_source_line_as_data() -> None:
    prose = "<p>Jembatan desa selesai diperbaiki.</p><p>Warga kembali menyeberang sejak Senin pagi.</p>" * 2
    html = f"<h1>Jembatan</h1><div class=post-body>{prose}<p>Sumber berita : Kabar Desa Seberang</p></div>"
    article = extract(Page("https://warta.example/b", html.encode(), datetime(2024, 5, 9, tzinfo=UTC)))
    assert [source.label for source in article.sources] == ["Kabar Desa Seberang"]
    assert "Sumber" not in (article.body or "")


def test_a_program_is_no_page_wherever_it_comes_from() -> None:
    for origin in (Origin.WEB, Origin.STORED):
        with pytest.raises(ParseError, match="not text"):
            extract(Page(None, b"\x7fELF" + bytes(range(256)) * 20, NOW, origin))


@settings(max_examples=200)
@given(st.data())
def test_no_verdict_is_kept_from_being_asked(data: st.DataObject) -> None:
    """What a pattern matches holds one of the words that are looked for first."""
    for words, pattern in VERDICTS:
        said = data.draw(st.from_regex(pattern))
        assert any(word in said for word in words)


@pytest.mark.parametrize(
    "html",
    [
        "<p>{plain}</p><aside><p>Kafé Müller, {plain} {plain}</p></aside>",
        "<p>{plain}</p><p>{plain}</p><nav class=byline>José Müller</nav>",
    ],
)
def test_wrong_bytes_are_seen_wherever_they_are_read(html: str) -> None:
    plain = "Warga desa itu bekerja bakti memperbaiki jembatan yang rusak diterjang banjir pada hari Minggu pagi. " * 3
    page = f"<html><head><title>Judul</title></head><body><article>{html}</article></body></html>"
    encoded = page.format(plain=plain).encode("cp1252")
    found = extract(Page("https://kabar.example/a", encoded, NOW, Origin.STORED, charset="windows-1252"))
    assert "\ufffd" not in f"{found}"
