"""Which blocks are the article: the container, and what inside it is not body."""

from __future__ import annotations

from time import process_time

import pytest

from parsers import rules
from parsers.block import BlockKind
from parsers.content import Choice, choose
from parsers.pictures import lead_captions, lines_beside_pictures
from parsers.rules import Rule
from parsers.sift import sift
from parsers.sifted import Sifted
from parsers.sums import sums_of
from parsers.tree import read

P = "Warga desa bekerja bakti memperbaiki jembatan yang rusak diterjang banjir pada hari Minggu. "


def chosen(html: str, rule: Rule | None = None) -> tuple[Choice, Sifted]:
    tree = read(html.encode())
    sums = sums_of(tree)
    rule = rule or rules.load().rule_for(None)
    choice = choose(tree, rule, sums)
    beside = lines_beside_pictures(tree, choice)
    return choice, sift(tree, sums, choice, rule, "https://a.example/x", beside)


def body(html: str, rule: Rule | None = None) -> list[str]:
    return [block.text for block in chosen(html, rule)[1].blocks]


def rule_of(text: str) -> Rule:
    return rules.build({"default": "", "a.com": text}).rule_for("https://a.com/")


MENU = "<ul>" + "".join(f"<li><a href='/{n}'>Menu nomor {n}</a></li>" for n in range(12)) + "</ul>"


def test_prose_beats_menus() -> None:
    assert body(f"<div>{MENU}</div><div><p>{P * 2}</p><p>{P}</p></div><div>{MENU}</div>") == [
        (P * 2).strip(),
        P.strip(),
    ]


def test_sections_side_by_side_are_joined() -> None:
    sections = "".join(f"<section><h2>Bagian {n}</h2><p>{P * 3}</p><p>{P}</p></section>" for n in range(4))
    assert len(body(f"<div id=a>{sections}</div><div>{MENU}</div>")) == 12


def test_comments_are_not_the_article() -> None:
    comments = f"<div id=comments>{f'<p>{P}</p>' * 30}</div>"
    assert body(f"<div><div><p>{P * 2}</p><p>{P}</p></div>{comments}</div>") == [(P * 2).strip(), P.strip()]


@pytest.mark.parametrize(
    ("junk", "why"),
    [
        ("<div class='related-posts'><p>Judul lain</p></div>", ".related-posts"),
        ("<div class='sharedaddy'><a href=x>Facebook</a></div>", ".sharedaddy"),
        ("<form><p>Kirim surat kabar ke alamat Anda</p></form>", "form"),
        (f"<div>{MENU}</div>", "link list"),
        ("<div style='display:none'><p>Salin tautan</p></div>", "hidden"),
        ("<div itemprop='publisher'>Kabar Desa</div>", "itemprop publisher"),
        ("<p><a href='/n'>Halaman berikutnya »</a></p>", "pager"),
    ],
)
def test_junk_inside_the_body_leaves_and_is_told(junk: str, why: str) -> None:
    choice, found = chosen(f"<article><p>{P * 5}</p>{junk}<p>{P * 4}</p></article>")
    assert [block.text for block in found.blocks] == [(P * 5).strip(), (P * 4).strip()]
    assert {line.step for line in found.removed} == {"markup"}
    assert {line.rule for line in found.removed} == {why}
    assert choice.by == "generic"


def test_a_junk_name_around_most_of_the_text_is_not_believed() -> None:
    html = f"<article><p>{P}</p><div class='content-promo social'><p>{P * 5}</p><p>{P * 3}</p></div></article>"
    assert len(body(html)) == 3


def test_hidden_pages_of_the_article_stay_and_a_hidden_copy_goes() -> None:
    pages = f"<p>{P * 3}</p><div style='display:none'><h3>Halaman dua</h3><p>Isi lain. {P * 2}</p></div>"
    assert len(body(f"<article>{pages}</article>")) == 3
    copy = f"<p>{P * 3}</p><p>{P}</p><div style='display:none'><p>{P * 3}</p></div>"
    assert len(body(f"<article>{copy}</article>")) == 2


def test_what_stands_under_a_closing_label_goes() -> None:
    html = f"<div><p>{P * 6}</p><p>{P * 6}</p><h3>Berita Terkait</h3><p>{P}</p></div>"
    choice, found = chosen(html)
    assert [line.text for line in found.removed] == ["Berita Terkait", P.strip()]
    assert choice.prose > 0


def test_a_rule_with_a_verified_selector_wins_and_one_without_yields() -> None:
    html = f"<div class=ringkas><p>{P}</p></div><div class=isi><p>{P * 5}</p><p>{P * 5}</p></div>"
    assert len(body(html, rule_of('body = [".ringkas"]\nverified = false'))) == 2
    assert body(html, rule_of('body = [".isi"]')) == [(P * 5).strip()] * 2
    assert chosen(html, rule_of('body = [".isi"]'))[0].by == "a.com .isi"


@pytest.mark.parametrize("tag", ["article", "article class=isi"])
def test_a_selector_may_be_a_tag_alone(tag: str) -> None:
    html = f"<div><p>{P}</p></div><{tag}><p>{P * 5}</p></article>"
    assert chosen(html, rule_of('body = ["article"]'))[0].by == "a.com article"


def test_parts_of_one_text_are_joined_and_other_posts_are_not() -> None:
    parts = (
        f"<article><div><div class=t><p>{P * 4}</p></div></div><div><div class=t><p>{P * 3}</p></div></div></article>"
    )
    other = f"<article><div class=t><p>{P * 2}</p></div></article>"
    assert body(parts + other, rule_of('body = [".t"]')) == [(P * 4).strip(), (P * 3).strip()]


def test_the_deepest_match_that_holds_most() -> None:
    html = f"<div class=b><h2>Judul</h2><div class=b><p>{P * 4}</p></div></div>"
    assert body(html, rule_of('body = [".b"]\ndeepest = true')) == [(P * 4).strip()]
    small = f"<div class=b><p>{P * 4}</p><div class=b><p>{P}</p></div></div>"
    assert len(body(small, rule_of('body = [".b"]\ndeepest = true'))) == 2


def test_links_and_emphasis_reach_the_block() -> None:
    box = "<div class='Kotak Info'><p id=x><b>Sumber: <a href='/s'>sini</a></b></p></div>"
    html = f"<article><p>{P * 4}</p>{box}</article>"
    block = chosen(html)[1].blocks[-1]
    assert block.emphasis
    assert [(link.text, link.url) for link in block.links] == [("sini", "https://a.example/s")]


def test_captions_by_their_picture() -> None:
    html = (
        f"<div><h1>Judul</h1><div><img src=a><span>Foto utama</span></div><div class=isi><p>{P * 3}</p>"
        f"<div><img src=b><p>Foto kedua</p></div><p>{P * 3}</p><p><img src=c>Kalimat bergambar. {P}</p></div></div>"
    )
    tree = read(html.encode())
    rule = rule_of('body = [".isi"]')
    choice = choose(tree, rule, sums_of(tree))
    beside = lines_beside_pictures(tree, choice)
    assert [tree.lines[number].text for number in sorted(beside)] == ["Foto utama", "Foto kedua"]
    assert lead_captions(tree, choice, beside) == ("Foto utama",)
    kinds = [block.kind for block in chosen(html, rule)[1].blocks]
    assert kinds.count(BlockKind.CAPTION) == 1


def test_posts_within_a_post_that_goes_on_with_them_leave() -> None:
    others = "".join(f"<div class='hentry post-{n}'><p>Kiriman {n}. {P * 2}</p></div>" for n in (2, 3))
    _, found = chosen(f"<div class='hentry post-1'><p>{P * 3}</p>{others}</div>")
    assert [block.text for block in found.blocks] == [(P * 3).strip()]
    assert {line.rule for line in found.removed} == {"another post"}


LONG = (P * 2).strip()
ROWS = "<table><tr><td>{label}</td><td>Rp25.000</td></tr><tr><td>Ukuran</td><td>Sedang</td></tr></table>"


@pytest.mark.parametrize("label", ["Rekomendasi", "Tag", "Tentang Penulis"])
def test_a_section_that_is_named_as_a_closing_list_is(label: str) -> None:
    text = f"<p>{LONG}</p>" * 4
    for between in ("", "<h3>Kelebihan Buku</h3>", "<h3>Kelebihan Buku</h3><ul><li>Ringan.</li><li>Padat.</li></ul>"):
        section = f"<p>{LONG}</p>{between}<p>{LONG}</p>"
        assert body(f"<div>{text}<h3>{label}</h3>{section}</div>")[-1] == LONG
        assert len(body(f"<div>{text}<h3>{label}</h3>{section}</div>")) >= 7
    teasers = "".join(f"<p><a href='/{n}'>Kabar nomor {n} dari desa sebelah</a></p><p>{LONG}</p>" for n in range(2))
    assert body(f"<div>{text}<h3>{label}</h3>{teasers}</div>") == [LONG] * 4
    assert body(f"<div>{text}<h3>{label}</h3><p>{LONG}</p></div>") == [LONG] * 4


@pytest.mark.parametrize("label", ["Tag", "100 komentar", "Comments"])
def test_a_cell_or_an_item_closes_nothing(label: str) -> None:
    found = body(f"<div>{f'<p>{LONG}</p>' * 4}{ROWS.format(label=label)}<p>{LONG}</p></div>")
    assert found[4:] == [label, "Rp25.000", "Ukuran", "Sedang", LONG]


def test_a_count_of_comments_in_a_list_is_an_item_of_it() -> None:
    text = f"<p>{LONG}</p><p>{LONG}</p>"
    items = "<ul><li>100 komentar</li><li>Rp25.000</li></ul>"
    assert len(body(f"<div>{text}{items}{text}</div>")) == 6
    assert body(f"<div>{text}<div>2 Komentar</div><div>Sari</div>{text}</div>") == [LONG] * 2


def test_many_hidden_elements_are_compared_without_reading_the_page_for_each() -> None:
    hidden = "".join(f"<div style='display:none'><p>Halaman {n:03}. {LONG}</p></div>" for n in range(150))
    assert len(body(f"<article><p>{P * 9}</p>{hidden}</article>")) == 1 + 150
    assert len(body(f"<article><p>{P * 500}</p>{hidden * 2}</article>")) == 1  # every one of them is a copy
    inside = " ".join(f"Isi: Halaman {n:03}. {LONG}" for n in range(150))
    assert len(body(f"<article><p>{inside}</p>{hidden}</article>")) == 1 + 50  # as many are looked for within lines


def test_many_labels_cost_no_more_than_the_page() -> None:
    paragraphs = f"<p>{P * 2}</p>" * 2
    labelled = f"<p>Baca juga</p><div class=share><a href=/x>Lihat ini</a></div>{paragraphs}"
    html = f"<div class=entry-content>{paragraphs * 1500}{labelled * 3000}</div>"
    tree, rule = read(html.encode()), rules.load().rule_for(None)
    sums = sums_of(tree)
    choice = choose(tree, rule, sums)
    start = process_time()
    sifted = sift(tree, sums, choice, rule, "https://a.example/x")
    assert process_time() - start < 1.0  # 0.1 s; 1.4 s where each label asks anew what left above the blocks
    assert len(sifted.blocks) == 12_000
