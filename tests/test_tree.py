"""From bytes to flat arrays: decoding, the pre-scan, and the one walk."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers import tree
from parsers.block import BlockKind
from parsers.decode import ATTRIBUTES, DEPTH, LONG, codec, decode, defuse


def lines(html: str, prune: bool = True) -> list[str]:
    return [line.text for line in tree.read(html.encode(), prune=prune).lines]


# --- decoding ---------------------------------------------------------------------------------------------------------

TEXT = "<p>Café di Jalan Kenanga buka pukul lima sore, harganya £2</p>"


@pytest.mark.parametrize(
    ("html", "charset"),
    [
        (b"\xef\xbb\xbf" + TEXT.encode(), "latin-1"),  # a BOM is stronger than the header
        (b"\xff\xfe" + TEXT.encode("utf-16-le"), None),
        (TEXT.encode(), "iso-8859-1"),  # valid UTF-8 is UTF-8, whatever the header says
        (TEXT.encode("cp1252"), "ISO-8859-1"),
        (b"<meta charset='windows-1252'>" + TEXT.encode("cp1252"), None),
        (b"<meta http-equiv=content-type content='text/html; charset=ISO-8859-15'>" + TEXT.encode("iso8859-15"), None),
        (b"<meta charset=utf-7>" + TEXT.encode("cp1252"), "utf-7"),  # never believed, so detected
    ],
)
def test_decoding(html: bytes, charset: str | None) -> None:
    assert "Café di Jalan Kenanga" in decode(html, charset).decode()


def test_a_few_broken_bytes_leave_utf8() -> None:
    html = ("<p>" + "Kafe itu buka. Café! " * 200 + "</p>").encode() + b"\xff"
    assert "Café!" in decode(html, None).decode()


@pytest.mark.parametrize(
    "name", ["utf-7", "idna", "rot13", "hex", "base64", "punycode", "unicode_escape", "", None, "\0"]
)
def test_codecs_that_are_never_used(name: str | None) -> None:
    assert codec(name) is None


# --- the pre-scan -----------------------------------------------------------------------------------------------------

BOMBS = {
    "open": b"<div>" * 50_000,
    "closed": b"<div>" * 50_000 + b"x" + b"</div>" * 50_000,
    "stray ends": b"<div></dl>" * 50_000,
    "attributes": b"<div " + b" ".join(b"a%d=1" % n for n in range(50_000)) + b">x",
    "bare attributes": b"<div " + b" ".join(b"a%d" % n for n in range(50_000)) + b">x",
    "slashes": b"<div/" + b"/".join(b"a%d" % n for n in range(50_000)) + b">x",
    "quoted ends": b"<div " + b" ".join(b'a%d=">"' % n for n in range(50_000)) + b">x",
    "hidden tags": b"<div " + b" ".join(b"a%d='<'" % n for n in range(50_000)) + b">x",
    "a quote in the name": b'<dl="' + b" ".join(b"a%d" % n for n in range(50_000)) + b">x",
    "never ends": b"<a" * 200_000,
    "quotes": b'<a "' * 100_000,
}


@pytest.mark.parametrize("html", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_costs_little(html: bytes) -> None:
    started = time.process_time()
    tree.read(defuse(html))
    assert time.process_time() - started < 2.0  # unguarded 5 to 20 s


def test_an_honest_page_passes_unchanged() -> None:
    html = b"<html><head><style>a>b{}</style><script>if (a<b) x='</p>'</script></head><body>" + b"<p>x<br>y</p>" * 2000
    assert defuse(html) is html


def test_nesting_is_cut_and_what_follows_is_kept() -> None:
    html = b"<p>awal</p>" + b"<div>" * 4000 + b"dalam" + b"</div>" * 4000 + b"<p>akhir</p>"
    cut = defuse(html)
    assert cut.count(b"<div>") == cut.count(b"</div>") <= DEPTH
    assert lines(cut.decode()) == ["awal", "akhir"] or lines(cut.decode()) == ["awal", "dalam", "akhir"]


def test_the_shortest_attributes_are_cut() -> None:
    signs = b"abcdefghijklmnopqrstuvwxyz0123456789_-"
    names = [bytes((one,)) for one in signs] + [bytes((one, two)) for one in signs for two in signs]
    kept = defuse(b"<p " + b" ".join(names[: ATTRIBUTES + 1]) + b">isi</p>")
    assert kept == b"<p " + b" ".join(names[:ATTRIBUTES]) + b">isi</p>"


def test_attributes_are_cut() -> None:
    html = b"<p " + b" ".join(b"a%d='%d'" % (n, n) for n in range(3000)) + b">isi</p>"
    assert defuse(html).count(b"=") == ATTRIBUTES
    assert lines(defuse(html).decode()) == ["isi"]


WORDS = b" ".join(b"w%d" % n for n in range(2 * ATTRIBUTES))


def test_less_than_in_a_program_is_no_tag_of_many_attributes() -> None:
    deep = b"<i>" * 600  # what a scan of the page would cut
    assert defuse(b"<script>if (i<n) { // " + WORDS + b"; a<b }</script>" + deep).count(b"<i>") == 600
    assert defuse(b"<script>if (i<1) {}</script><n " + WORDS + b">" + deep).count(b"<i>") < 600


STYLES = b"a { color: red }\n" * (LONG // 10)


@pytest.mark.parametrize("tag", [b"<style>", b"<style media='a>b'>", b"<script>", b'<script type="application/json">'])
def test_long_scripts_and_styles_are_emptied(tag: bytes) -> None:
    end = b"</" + tag[1:].split(b">")[0].split(b" ")[0] + b">"
    wrapped = (b"<!--" + STYLES + b"-->", b"/*<![CDATA[*/" + STYLES + b"/*]]>*/", b"a<b" + STYLES + b"c<d")
    for text in (STYLES, STYLES + b"<" + STYLES, *wrapped):
        assert defuse(b"<p>satu</p>" + tag + text + end + b"<p>dua</p>") == b"<p>satu</p>" + tag + end + b"<p>dua</p>"


@pytest.mark.parametrize(
    "html",
    [
        b'<script type="application/LD+JSON">' + STYLES + b"</script>",
        b"<!-- <style> -->" + STYLES + b"</style>",
        b"<!-- <style>" + STYLES + b"--></style>",
        b"<p title='<style>'>" + STYLES + b"</p>",
        b"<style-guide>" + STYLES + b"</style-guide>",
        b"<style>" + STYLES,
        b"<style>" + STYLES + b"<p>isi</p>",
        b"<script>" + STYLES + b"</SCRIPT><p>isi</p><script>x</script>",
        b"<script>" + STYLES + b"<!-- <script></script> --></script>",
        b"<!-- <script>" + STYLES + b"<p> --><p>isi</p><script>x</script>",
        b"<p title='<script>if (i<n)'>" + STYLES + b"</p><script>x</script>",
        b"<!-- <style> a<b -->" + STYLES + b"<p>isi</p><style>x</style>",
        b"<!-- <script>i<n " + STYLES + b"--></script>",
        b"<script>d.write('<style>" + STYLES + b"<\\/style>')</script><p>isi</p><style>x</style>",
        b"<script>d = '<style>" + STYLES + b"</'+'style>'</script><p>isi</p><style>x</style>",
        b"<script>" + STYLES + b"</scripT><p>isi</p><script>x</script>",
        b"<style>/* <script> */" + STYLES + b"</style><p>isi</p><script>x</script>",
        b"<p data-x='<script>" + STYLES + b"<\\/script>'>isi</p><script>x</script>",
        b"<textarea><script>" + STYLES + b"</textarea><p>isi</p><script>x</script>",
        b"<p>" + STYLES + b"</p>",
    ],
)
def test_what_may_be_read_is_never_emptied(html: bytes) -> None:
    assert defuse(html) is html


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from([b"<div>", b"</div>", b"<p>", b"<!--", b"-->", b"<a '", b'x="', b">", b"<script>", b"x"]))
)
def test_the_pre_scan_takes_any_bytes(parts: list[bytes]) -> None:
    assert isinstance(defuse(b"".join(parts) * 3), bytes)


# --- the walk ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>kesehatan<b> mental</b>yang <a href=x>baik</a>.</p>", ["kesehatan mentalyang baik."]),
        ("<p><a>satu</a> <a>dua</a></p>", ["satu dua"]),
        ("<p>satu</p><p>dua</p>tiga<div>empat</div>lima", ["satu", "dua", "tiga", "empat", "lima"]),
        ("<p>satu<br>dua<br><br>tiga<br> <br/>empat</p>", ["satu dua", "tiga", "empat"]),
        ("<p>a&nbsp;&amp;\n\t b</p>", ["a & b"]),
        ("<ul><li>satu<li>dua<ul><li>tiga</ul></ul>", ["satu", "dua", "tiga"]),
        ("<p>tampak<script>x</script><style>y</style><template>z</template><svg><text>s</text></svg></p>", ["tampak"]),
        ("<p>Sumber terpercaya<span style='display: none'>rahasia</span>.</p>", ["Sumber terpercaya."]),
        ("<p>isi</p><noscript><img src=x>tanpa skrip</noscript>", ["isi"]),
        ("<select><option>pilih</select><p>isi", ["isi"]),
        ("polos", ["polos"]),
        ("", []),
    ],
)
def test_lines(html: str, expected: list[str]) -> None:
    assert lines(html) == expected


def test_kinds() -> None:
    html = """<h2>Judul</h2><p>isi</p><ul><li>butir</li></ul><blockquote><p>kutip</p></blockquote><pre>a
  b</pre><table><tr><td>sel</td><td class="tr-caption">foto</td></tr></table>
    <figure><img src=x><figcaption>gambar</figcaption></figure><dd class="wp-caption-text">galeri</dd>"""
    kinds = [(line.kind, line.text) for line in tree.read(html.encode()).lines]
    assert kinds == [
        (BlockKind.HEADING, "Judul"),
        (BlockKind.PARAGRAPH, "isi"),
        (BlockKind.ITEM, "butir"),
        (BlockKind.QUOTE, "kutip"),
        (BlockKind.CODE, "a\n  b"),
        (BlockKind.CELL, "sel"),
        (BlockKind.CAPTION, "foto"),
        (BlockKind.CAPTION, "gambar"),
        (BlockKind.CAPTION, "galeri"),
    ]


def test_links_breaks_and_emphasis() -> None:
    (line,) = tree.read(b"<p><b><a href='/a'>satu</a> dan<br><a href=b>dua</a></b></p>").lines
    assert list(line.links) == [("satu", "/a"), ("dua", "b")]
    assert line.linked == len("satu") + len("dua")
    assert line.breaks == ("satu dan", "dua")
    assert line.strong >= 0.9 * len(line.text)


def test_a_link_around_blocks_links_all_of_them() -> None:
    first, second = tree.read(b"<a href=x><h3>Judul</h3><p>Ringkasan</p></a>").lines
    assert [line.linked for line in (first, second)] == [5, 9]


def test_junk_is_not_entered_but_can_be_read() -> None:
    read = tree.read(b"<div class='sharedaddy'><p>Bagikan</p></div><p>isi</p><nav>menu</nav>")
    assert [line.text for line in read.lines] == ["isi"]
    inside = [line.text for node in read.pruned.values() for line in tree.expand(node).lines]
    assert inside == ["Bagikan", "menu"]


def test_a_name_of_a_thousand_words_is_judged_at_once() -> None:
    started = time.process_time()
    assert lines(f"<div class='{'amp-wp-' * 20_000}story'><p>isi</p></div>") == ["isi"]
    assert time.process_time() - started < 0.5


def test_a_block_that_is_one_link() -> None:
    html = "<ul><li> <a href=/a>Satu <b>dua</b></a> </li><li><a href=/b>tiga</a> empat</li><li><a href=/c>lima</a></li>"
    first, second, third = tree.read(html.encode()).lines
    assert (first.text, first.linked, first.links) == ("Satu dua", 8, [("Satu dua", "/a")])
    assert (second.text, second.linked) == ("tiga empat", 4)
    assert (third.text, third.linked) == ("lima", 4)
    lines = tree.read(b"<a href=/a>satu<br>dua</a><p><a href=/b>tiga</a><pre><a href=/c>em\n pat</a></pre>").lines
    assert [(line.text, line.breaks) for line in lines] == [
        ("satu dua", ("satu", "dua")),
        ("tiga", ()),
        ("em\n pat", ()),
    ]


@pytest.mark.parametrize(
    "wrapper",
    [
        "class='post hentry category-iklan tag-sidebar'",
        "class='widget Blog' id=Blog1",
        "class='content-with-sidebar'",
        "class='has-sidebar'",
        "class='elementor-element-7ad19a3'",
        "class='theiaStickySidebar content'",
        "class='container nav-container-dark'",
        "class='off-canvas-menu-wrap'",
        "class=post-footer",
        "itemprop=articleBody class=popular",
    ],
)
def test_wrappers_that_are_entered(wrapper: str) -> None:
    assert lines(f"<div {wrapper}><p>isi</p></div>") == ["isi"]


@pytest.mark.parametrize("said", ["itemprop=datePublished content=2019-04-20", "class=published title=2019-04-20"])
def test_an_empty_block_ends_the_one_before_and_may_state_a_time(said: str) -> None:
    read = tree.read(f"<div>satu<div id=slot></div>dua<div {said}></div></div>".encode())
    assert [line.text for line in read.lines] == ["satu", "dua"]
    assert [read.name(index) for index in range(len(read.rows))] == ["html", "body", "div"]
    assert read.head.times == (("2019-04-20", ""),)


def test_the_head() -> None:
    html = """<html lang="id"><head><title> Judul
    Situs</title><meta property="og:title" content="Judul"><meta name="viewport" content="width=device-width">
    <link rel="canonical" href="/a"><link rel="icon" href="/b">
    <script type="application/ld+json">{"a": 1}</script></head><body><h1 class="entry-title">Judul</h1>
    <span class="fn" itemprop="author">Sari</span><abbr class="published" title="2019-04-20T10:15:00+07:00">10.15</abbr>
    <time datetime="2019-04-20">20 April</time><a rel="tag" href="x">desa</a></body></html>"""
    head = tree.read(html.encode()).head
    assert head.title == "Judul Situs"
    assert head.metas == {"og:title": ["Judul"]}
    assert head.links == (("canonical", "/a"),)
    assert head.json_ld == ('{"a": 1}',)
    assert head.headlines == ("Judul",)
    assert set(head.bylines) == {"Sari"}
    assert head.times == (("2019-04-20T10:15:00+07:00", "10.15"), ("2019-04-20", "20 April"))
    assert head.tags == ("desa",)


def test_a_walk_does_not_keep_its_page() -> None:
    html = b"<p>isi yang cukup panjang untuk diukur</p>" * 2000
    tree.read(html)
    tracemalloc.start()
    for _ in range(3):
        tree.read(html)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 200_000
