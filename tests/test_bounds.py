"""Where on a page the article can stand: told by words and places, where class names say nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kliping.model import Origin, Page
from parsers import rules
from parsers.article import extract
from parsers.bounds import bounds_of
from parsers.content import choose
from parsers.sift import sift
from parsers.sums import sums_of
from parsers.tree import read
from tests.test_content import MENU, P

TITLE = "Jembatan Desa Selesai Diperbaiki"
HEAD = f"<title>{TITLE} - Kabar Desa</title>"
NOW = datetime(2025, 6, 1, tzinfo=UTC)


def body(html: str, url: str = "https://kabardesa.example/jembatan") -> list[str]:
    found = extract(Page(url, f"{HEAD}{html}".encode(), NOW, Origin.STORED), rules.Rules())
    return (found.body or "").split("\n\n")


def spans(html: str) -> tuple[int, int]:
    tree = read(f"{HEAD}{html}".encode())
    sums = sums_of(tree)
    return sums.begin, len(tree.lines) - min(sums.end, len(tree.lines))


def test_what_stands_above_the_headline_is_not_the_article() -> None:
    news = "".join(f"<li><a href='/{n}'>Kabar nomor {n}</a> {P * 2}</li>" for n in range(4))
    text = f"<div class=y><p>{P * 2}</p><p>{P}</p></div>"
    html = f"<div class=x><ul>{news}</ul><h2 class=post-title>{TITLE}</h2>{text}</div>"
    assert body(html) == [(P * 2).strip(), P.strip()]


def test_a_headline_below_the_text_bounds_nothing() -> None:
    assert spans(f"<div><p>{P * 5}</p><p>{P * 5}</p><h3>{TITLE}</h3><p>{P}</p></div>") == (0, 0)
    assert spans(f"<div><h3><a href=/x>{TITLE}</a></h3><p>{P * 5}</p></div>") == (0, 0)


@pytest.mark.parametrize(
    "heading",
    [
        "3 Komentar",
        "Komentar (3)",
        "Komentar",
        "Tinggalkan Balasan",
        "2 comments on “Jembatan”",
        "Leave a Reply",
        "Satu tanggapan untuk “Jembatan”",
    ],
)
def test_comments_told_by_their_heading(heading: str) -> None:
    comments = "".join(f"<div class=k><b>Warga {n}</b><p>{P * 2}</p></div>" for n in range(6))
    text = f"<h1>{TITLE}</h1><div class=b><p>{P * 2}</p></div>"
    html = f"<div class=a>{text}<div class=c><h3>{heading}</h3>{comments}</div></div>"
    assert body(html) == [(P * 2).strip()]


@pytest.mark.parametrize("heading", ["Komentar Pelatih", "Tanggapan", "Komentar untuk Bupati", "Comments that matter"])
def test_a_heading_of_the_text_that_names_comments(heading: str) -> None:
    html = f"<div><h1>{TITLE}</h1><p>{P * 2}</p><h2>{heading}</h2><p>{P * 2}</p><p>{P}</p></div>"
    assert body(html) == [(P * 2).strip(), heading, (P * 2).strip(), P.strip()]


def test_the_next_article_below() -> None:
    def block(title: str, day: int) -> str:
        text = f"<div><p>{P * 2}</p><p>{title}. {P}</p></div>"
        return f"<div class=g><h1>{title}</h1><div>Rina - {day}/08/2020</div>{text}</div>"

    html = (
        f"<div>{block(TITLE, 12)}{block('Pasar Malam Dibuka Kembali', 11)}{block('Sungai Dibersihkan Warga', 10)}</div>"
    )
    assert body(html) == [(P * 2).strip(), f"{TITLE}. {P}".strip()]


def test_sections_under_loud_headings_are_one_article() -> None:
    sections = "".join(f"<div class=s><h1>Bagian nomor {n}</h1><p>{P * 2}</p></div>" for n in range(3))
    assert len(body(f"<div><div class=s><h1>{TITLE}</h1><p>{P * 2}</p></div>{sections}</div>")) == 7


def test_a_standfirst_is_told_by_the_summary_and_the_date_below_it() -> None:
    meta = f"<meta name=description content='{P}'>"
    page = f"{meta}<div><h1>{TITLE}</h1><p>{P}</p>%s<p>{P * 2}</p><p>{P * 3}</p></div>"
    assert len(body(page % "<span>Senin, 3 April 2023</span>")) == 2
    assert len(body(page % "")) == 3


def test_a_lead_in_an_element_of_its_own_belongs_to_the_text() -> None:
    lead = f"Kalimat pembuka. {P}".strip()
    text = f"<div class=full><p>{P * 2}</p><p>{P * 3}</p></div>"
    tools = "<div><a href=/a>Cetak</a> <a href=/b>Surel</a></div>"
    page = f"<div><h1>{TITLE}</h1><div>3 April 2023</div>%s{tools}{text}</div>"
    assert body(page % f"<div class=intro><p>{lead}</p></div>") == [lead, (P * 2).strip(), (P * 3).strip()]
    assert len(body(page % f"<aside><p>{lead}</p></aside>")) == 2


def test_a_heading_between_the_lead_and_the_text_comes_along() -> None:
    lead = f"Apakah jembatan itu aman? {P}".strip()
    ask = f"<div class=tanya><h1>{TITLE}</h1><div>3 April 2023</div><div><p>{lead}</p></div></div>"
    answer = f"<div class=jawab><h2>Jawaban</h2><div><p>{P * 2}</p><p>{P * 3}</p></div></div>"
    assert body(f"{ask}{answer}") == [lead, "Jawaban", (P * 2).strip(), (P * 3).strip()]


def test_comments_counted_by_a_line_that_is_no_heading() -> None:
    text = f"<p>{P * 2}</p><p>{P}</p>"
    comments = f"<div>2 Komentar</div><div><span>Sari</span><p>{P * 2}</p></div>"
    assert body(f"<div><h1>{TITLE}</h1><div>{text}</div><div>{comments}</div></div>") == [(P * 2).strip(), P.strip()]
    counter = f"<p>{P * 2}</p><span>2 Komentar</span><p>{P * 3}</p>"
    assert (P * 3).strip() in body(f"<div><h1>{TITLE}</h1><div>{counter}</div></div>")


def test_boxes_before_a_headline_that_a_date_follows() -> None:
    boxes = "".join(f"<h3>Kotak {n}</h3><p>{P * 2}</p>" for n in range(3))
    text = f"<h2>{TITLE}</h2><div>7 Februari 2016</div><p>{P * 2}</p><p>{P}</p>"
    assert body(f"<div><div class=a>{boxes}</div><div class=b>{text}</div></div>") == [(P * 2).strip(), P.strip()]


def test_a_short_text_right_below_the_headline_beside_a_longer_one_far_from_it() -> None:
    links = "".join(f"<div><a href=/{n}>Kabar lain yang nomor {n} hari ini</a></div>" for n in range(30))
    head = (
        f"<div class=x><h1>{TITLE}</h1><div>By Rina</div><div class=y>{P * 2}<br><br>{P}</div><div>{links}</div></div>"
    )
    assert body(f"{head}<div class=z><p>Hubungi kami. {P * 4}</p></div>") == [(P * 2).strip(), P.strip()]


def test_text_before_the_wrapper_of_the_rest_belongs_to_it() -> None:
    foot = "<p>Penyunting bertugas</p><p>Hak cipta kami</p>"
    inner = f"<div><div>{P * 3}</div><div>{P * 4}</div></div>"
    assert body(f"<div><h1>{TITLE}</h1><section>{P}{inner}{foot}</section></div>")[:2] == [P.strip(), (P * 3).strip()]


def test_the_headline_is_what_says_most_of_the_title_and_no_logo() -> None:
    page = "<title>Kabar Desa Kami: %s</title><h1><a href='/'>Kabar Desa Kami</a></h1><h3>%s</h3><p>{P}</p>"
    for title in (TITLE, "Jembatan Selesai"):
        tree = read((page % (title, title)).format(P=P * 2).encode())
        assert tree.lines[sums_of(tree).begin - 1].text == title


def test_a_headline_that_is_no_heading() -> None:
    boxes = "".join(f"<div>Kotak {n}</div><p>{P * 2}</p>" for n in range(2))
    text = f"<div class=judul>{TITLE}</div><div>7 Februari 2016</div><p>{P * 2}</p><p>{P}</p>"
    assert body(f"<div><div class=a>{boxes}</div><div class=b>{text}</div></div>") == [(P * 2).strip(), P.strip()]


def test_a_post_with_its_headline_is_not_left_for_a_paragraph_of_the_site() -> None:
    post = f"<article><h1>{TITLE}</h1><div><p>{P * 2}</p><p>{P * 3}</p></div></article>"
    html = f"<div class=w><div class=h><div>Kabar Desa</div><div>{P * 2}</div></div><div>{post}</div></div>"
    assert body(html) == [(P * 2).strip(), (P * 3).strip()]
    parts = "".join(f"<article><p>Bagian {n}. {P * 2}</p></article>" for n in range(4))
    assert len(body(f"<main><article><h1>{TITLE}</h1><p>{P}</p></article>{parts}</main>")) == 5


def test_a_post_of_links_is_read_for_them() -> None:
    links = "".join(
        f"<li><a href='https://situs{n}.example/a'>Judul tulisan nomor {n} di situs lain</a></li>" for n in range(5)
    )
    about = f"<div class=x><h2>Tentang</h2><p>{P * 2}</p></div>"
    text = f"<div class=entry-content><p>Bacaan pekan ini.</p><ul>{links}</ul></div>"
    html = f"<article><h1>{TITLE}</h1>{text}</article>{about}"
    assert len(body(html)) == 6
    long = f"<article><h1>{TITLE}</h1><p>{P * 6}</p><ul>{links}</ul><p>{P * 6}</p></article>"
    assert len(body(long)) == 7
    own = long.replace("situs", "www.kabardesa.example/?")
    assert len(body(own)) == 2


def test_a_short_post_beside_a_long_box_about_the_site() -> None:
    box = f"<div class=tentang><p>{P * 3}</p></div>"
    files = "".join(f"<li><a href='/f{n}'>Unduh soal bab {n}</a></li>" for n in range(4))
    post = (
        f"<div class='post hentry'><h2 class=post-title>{TITLE}</h2><div class=post-body><ul>{files}</ul></div></div>"
    )
    assert body(f"<div>{post}</div>{box}") == [f"Unduh soal bab {n}" for n in range(4)]
    assert MENU not in body(f"{MENU}<div>{post}</div>{box}")


def test_a_narrow_column_beside_the_text_is_not_joined() -> None:
    side = f"<div class='col-lg-4'><h5>Butuh bantuan?</h5><p>{P}</p></div>"
    html = f"<div class=row><div class='col-lg-8'><h1>{TITLE}</h1><p>{P * 2}</p><p>{P}</p></div>{side}</div>"
    assert body(html) == [(P * 2).strip(), P.strip()]
    half = html.replace("col-lg-8", "col-lg-6").replace("col-lg-4", "col-lg-6")
    assert len(body(half)) == 4


def test_boxes_under_headings_beside_a_text_of_two_lines() -> None:
    boxes = "".join(f"<div class=kotak><h3>Kotak {n}</h3><p>{P}</p></div>" for n in range(3))
    post = (
        f"<div class=kabar><h2>{TITLE}</h2><div><p>{P}</p><p>Jalan sudah dibuka lagi pukul lima pagi.</p></div></div>"
    )
    assert body(f"<div><div>{post}</div><div>{boxes}</div></div>") == [
        P.strip(),
        "Jalan sudah dibuka lagi pukul lima pagi.",
    ]
    alike = boxes.replace("kotak", "kabar")
    assert len(body(f"<div>{post}{alike}</div>")) == 8


def test_what_a_heading_says_on_a_button_is_read() -> None:
    ask = f"<h2><button>Kapan klaim diajukan?</button></h2><div>{P}</div><button>Kirim</button>"
    assert body(f"<div><h1>{TITLE}</h1><p>{P * 3}</p>{ask}</div>")[1:] == ["Kapan klaim diajukan?", P.strip()]


def test_line_numbers_of_code_go_and_who_is_quoted_in_a_footer_stays() -> None:
    code = "<table><tr><td><pre>1\n2\n</pre></td><td><pre>a = 1\nb = 2</pre></td></tr></table>"
    quote = "<blockquote><p>Kami sabar.</p><footer class=blockquote-footer>Pelatih</footer></blockquote>"
    found = body(f"<div><h1>{TITLE}</h1><p>{P * 3}</p>{code}{quote}<p>{P}</p></div>")
    assert found == [(P * 3).strip(), "a = 1\nb = 2", "Kami sabar.", "Pelatih", P.strip()]


def test_a_paragraph_set_beside_a_picture_is_no_caption() -> None:
    block = f"<div class=wp-block-media-text><figure><img src=a></figure><div><p>{P}</p></div></div>"
    assert body(f"<div><h1>{TITLE}</h1><p>{P * 3}</p>{block}<p>{P * 2}</p></div>")[1] == P.strip()


def test_teasers_of_short_headlines_and_what_is_under_a_label_for_more() -> None:
    teasers = "".join(f"<div><a href=/{n}>Kebun Kami {n}</a><p>{P}</p></div>" for n in range(6))
    assert body(f"<div><h1>{TITLE}</h1><p>{P * 9}</p><p>{P * 9}</p><div>{teasers}</div></div>") == [(P * 9).strip()] * 2
    label = f"<p>Artikel Pertanian Lainnya</p><ul><li>{P} <a href=/x>Baca</a></li></ul>"
    assert body(f"<div><h1>{TITLE}</h1><p>{P * 9}</p>{label}</div>") == [(P * 9).strip()]


def test_a_caption_within_junk_tells_of_nothing() -> None:
    box = f"<div class=subscription-widget><figure><img src=a><figcaption>{P}</figcaption></figure></div>"
    html = f"{HEAD}<div><h1>{TITLE}</h1><p>{P * 3}</p>{box}<p>{P * 2}</p></div>"
    found = extract(Page("https://a.example/b", html.encode(), NOW, Origin.STORED), rules.Rules())
    assert found.captions == ()


def test_buttons_to_share_and_to_sign_up() -> None:
    share = "<div><a href=#>Facebook</a> <a href=#>WhatsApp</a></div>"
    sign = "<div><a href='/#/portal/signup'>Berlangganan</a></div>"
    named = f"<p>Kami ada di <a href=/f>Facebook</a> dan <a href=/t>Telegram</a>. {P}</p>"
    assert len(body(f"<div><h1>{TITLE}</h1><p>{P * 3}</p>{share}{named}{sign}<p>{P * 3}</p></div>")) == 3


def test_who_is_quoted_stays_with_the_quotation() -> None:
    quote = "<figure><blockquote>Airnya jernih sekali.</blockquote><figcaption>— Bu Sarinah</figcaption></figure>"
    assert "— Bu Sarinah" in body(f"<div><h1>{TITLE}</h1><p>{P * 3}</p>{quote}<p>{P * 3}</p></div>")


def test_bounds_of_a_page_without_words() -> None:
    tree = read(b"<p></p>")
    assert bounds_of(tree, [0], []) == (0, 0)
    sums = sums_of(tree)
    choice = choose(tree, rules.load().rule_for(None), sums)
    assert sift(tree, sums, choice, rules.load().rule_for(None), "").blocks == []


LONG = (P * 2).strip()


def test_text_above_a_heading_that_repeats_the_title_stays() -> None:
    intro, text = "".join(f"<p>Pembuka {n}. {LONG}</p>" for n in range(2)), f"<p>{LONG}</p>" * 4
    page = f"<title>{TITLE} Kembali</title><div>%s{intro}%s{text}</div>"
    for above, below in (("<h1>Kabar Kampung</h1>", f"<h2>{TITLE}</h2>"), ("", f"<h1>{TITLE}</h1>")):
        assert sum("Pembuka" in line for line in body(page % (above, below))) == 2
    apart = f"<title>{TITLE}</title><div><div>{intro}</div><h1>{TITLE}</h1>{text}</div>"
    assert body(apart) == [LONG] * 4


@pytest.mark.parametrize("heading", ["Beri Tanggapan", "Komentar Pembaca", "3 Tanggapan", "Comments", "Beri Komentar"])
def test_a_section_that_is_named_as_comments_are(heading: str) -> None:
    text = f"<p>{LONG}</p><h3>Tatap Matanya</h3><p>{LONG}</p><h3>{heading}</h3><p>{LONG}</p><h3>Sabar</h3>"
    assert body(f"<h1>{TITLE}</h1><div>{text}<p>{LONG}</p><p>{LONG}</p></div>").count(LONG) == 5
    comments = f"<h3>{heading}</h3><ol>{f'<li><p>{LONG}</p></li>' * 5}</ol>"
    assert body(f"<h1>{TITLE}</h1><div><p>{LONG}</p><p>{LONG}</p>{comments}</div>") == [LONG] * 2


def test_updates_of_one_report_are_no_other_articles() -> None:
    def part(title: str, told: str, name: str = "") -> str:
        return f"<div{name}><h2>{title}</h2><p>{told}</p><p>{LONG}</p></div>"

    def page(told: str, name: str = "") -> str:
        return f"<div>{part(TITLE, '3 Mei 2021', name)}{part('Gol Pertama', told, name)}</div>"

    assert body(page("15.45 WIB")).count(LONG) == 2
    assert body(page("15.45 WIB", " class=u")).count(LONG) == 2
    assert body(page("3 Mei 2021")).count(LONG) == 2
    assert body(page("2 Mei 2021", " class=u")).count(LONG) == 1
    linked = page("15.45 WIB", " class=u").replace("Gol Pertama", "<a href=/gol>Gol Pertama</a>")
    assert body(linked).count(LONG) == 1
