"""Cleaning as a whole: the sample's boilerplate, links, suffixes, the guard, and any text at all."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kliping.model import Caption, Credit, Source
from parsers import people, sources
from parsers.around import look_around
from parsers.block import Block, BlockKind, Link
from parsers.captions import read_caption
from parsers.clean import CleanContext, Cleaned, clean
from parsers.lastlines import closing_rule
from parsers.lines import by_first_letters, closed_group, closed_lines, folded
from parsers.patterns import BEGINS, FORMS, pattern_rule
from parsers.plain import is_plain

LEAD = (
    "Pasukan penjaga pantai menemukan dua perahu nelayan yang hilang sejak Kamis malam di perairan utara,"
    " setelah pencarian selama tiga hari yang melibatkan puluhan relawan dari desa-desa sekitar."
)
MORE = (
    "Kepala regu pencari mengatakan semua awak selamat walau kelelahan, dan mereka langsung dibawa ke puskesmas"
    " untuk diperiksa sebelum dipulangkan kepada keluarga masing-masing pada Minggu siang."
)
LINK = Link("click disini", "https://kabar.example/asli")
NONE = CleanContext()


def p(text: str, *links: Link, kind: BlockKind = BlockKind.PARAGRAPH, lines: tuple[str, ...] = ()) -> Block:
    return Block(kind, text, links, lines=lines)


def texts(cleaned: Cleaned) -> list[str]:
    return [block.text for block in cleaned.blocks]


def removals(cleaned: Cleaned) -> list[tuple[str, str | None]]:
    return [(r.text, r.kept_as) for r in cleaned.removed]


# --- the sample's shape -----------------------------------------------------------------------------------------------

CREDIT_LINE = "Nelayan yang selamat di dermaga - Courtesy of AFP |"


def test_the_samples_boilerplate_becomes_data() -> None:
    blocks = [
        p(CREDIT_LINE),
        p(LEAD),
        p("Tiga Hari di Laut"),
        p(MORE),
        p("Sumber: click disini", LINK),
        p("0 komentar:"),
        p("Posting Komentar", Link("Posting Komentar", "https://blog.example/comment")),
    ]
    cleaned = clean(blocks, NONE)
    assert texts(cleaned) == [LEAD, "Tiga Hari di Laut", MORE]
    assert cleaned.captions == (Caption("Nelayan yang selamat di dermaga", "AFP"),)
    assert cleaned.sources == (Source("click disini", "https://kabar.example/asli", "text"),)
    assert removals(cleaned) == [
        ("0 komentar:", None),
        ("Posting Komentar", None),
        (CREDIT_LINE, "captions"),
        ("Sumber: click disini", "sources"),
    ]
    assert cleaned.flags == ()


def test_a_caption_by_markup_is_read_the_same_way() -> None:
    cleaned = clean([p(CREDIT_LINE, kind=BlockKind.CAPTION), p(LEAD)], NONE)
    assert cleaned.captions == (Caption("Nelayan yang selamat di dermaga", "AFP"),)
    assert texts(cleaned) == [LEAD]


def test_a_click_here_without_its_link_is_flagged() -> None:
    cleaned = clean([p(LEAD), p(MORE), p("Sumber: click disini")], NONE)
    assert cleaned.sources == (Source("click disini", None, "text"),)
    assert cleaned.flags == ("source_unresolved",)


def test_a_footer_glued_to_the_last_paragraph_is_cut_from_it() -> None:
    glued = f"{MORE} Sumber: click disini 0 komentar: Posting Komentar"
    cleaned = clean([p(LEAD), p(glued, LINK)], NONE)
    assert texts(cleaned) == [LEAD, MORE]
    assert cleaned.sources == (Source("click disini", "https://kabar.example/asli", "text"),)
    assert removals(cleaned) == [
        ("Sumber: click disini", "sources"),
        ("0 komentar:", None),
        ("Posting Komentar", None),
    ]


def test_a_footer_in_one_block_of_its_own_goes_line_by_line() -> None:
    cleaned = clean([p(LEAD), p(MORE), p("Sumber: click disini 0 komentar: Posting Komentar", LINK)], NONE)
    assert texts(cleaned) == [LEAD, MORE]
    assert [text for text, kept in removals(cleaned) if kept is None] == ["0 komentar:", "Posting Komentar"]
    assert cleaned.sources[0].url == "https://kabar.example/asli"


def test_single_line_breaks_are_parted_where_furniture_hides_behind_them() -> None:
    lines = (CREDIT_LINE, LEAD, MORE, "Sumber: click disini", "0 komentar:", "Posting Komentar")
    cleaned = clean([p(" ".join(lines), LINK, lines=lines)], NONE)
    assert texts(cleaned) == [f"{LEAD} {MORE}"]
    assert cleaned.sources == (Source("click disini", "https://kabar.example/asli", "text"),)
    assert cleaned.captions[0].credit == "AFP"
    verse = ("Air tenang menghanyutkan", "Angin malam membawa pulang")
    assert texts(clean([p(LEAD), p(" ".join(verse), lines=verse)], NONE)) == [LEAD, " ".join(verse)]


# --- links, lists, sites' own lines -----------------------------------------------------------------------------------


def test_links_under_baca_juga_go_with_it_and_a_paragraph_does_not() -> None:
    one, two = Link("Perahu Hilang di Utara", "https://a.example/1"), Link("Cuaca Buruk Sepekan", "https://a.example/2")
    blocks = [p(LEAD), p("Baca juga:"), p(one.text, one), p(two.text, two, kind=BlockKind.ITEM), p(MORE)]
    assert texts(clean(blocks, NONE)) == [LEAD, MORE]
    assert texts(clean([p(LEAD), p("Baca juga:"), p(MORE)], NONE)) == [LEAD, MORE]
    lost_link = "Perahu Nelayan Hilang di Perairan Utara"
    assert texts(clean([p(LEAD), p("Baca Juga"), p(lost_link), p(MORE)], NONE)) == [LEAD, MORE]


def test_a_section_of_the_article_is_not_taken_for_a_link_list() -> None:
    heading = p("Rekomendasi", kind=BlockKind.HEADING)
    assert "Rekomendasi" in texts(clean([p(LEAD), p(LEAD), heading, p(MORE), p(MORE), p(MORE)], NONE))


def test_cells_code_and_items_keep_words_that_are_furniture_elsewhere() -> None:
    code, cell = p("0 komentar:\nPosting Komentar", kind=BlockKind.CODE), p("-", kind=BlockKind.CELL)
    item = p("Label", kind=BlockKind.ITEM)
    assert texts(clean([p(LEAD), code, cell, item, p(MORE), p(MORE), p(MORE)], NONE))[1:4] == [
        code.text,
        cell.text,
        item.text,
    ]


def test_a_sites_own_openers_and_closers() -> None:
    context = CleanContext(openers=("Selamat datang di Kabar Desa.",), closers=("Salam dari redaksi!",))
    blocks = [p("Selamat datang di  Kabar Desa"), p(LEAD), p(MORE), p("Salam dari redaksi")]
    assert texts(clean(blocks, context)) == [LEAD, MORE]


def test_the_repeated_title_goes_when_it_is_set_off() -> None:
    context = CleanContext(title="Dua Perahu Nelayan Ditemukan")
    heading = p("Dua perahu nelayan ditemukan", kind=BlockKind.HEADING)
    assert texts(clean([heading, p(LEAD)], context)) == [LEAD]
    assert texts(clean([p("Dua perahu nelayan ditemukan"), p(LEAD)], context))[0].startswith("Dua")


def test_what_follows_a_comment_form_at_the_end_goes_with_it() -> None:
    blocks = [
        p(LEAD),
        p(MORE),
        p(LEAD),
        p(MORE),
        p("2 komentar:"),
        p("Tinggalkan Balasan"),
        p("Wah, syukurlah selamat."),
    ]
    assert texts(clean(blocks, NONE)) == [LEAD, MORE, LEAD, MORE]
    early = [p(LEAD), p("Tinggalkan Balasan"), p(MORE), p(LEAD), p(MORE)]
    assert texts(clean(early, NONE)) == [LEAD, MORE, LEAD, MORE]


def test_labels_and_values_in_two_cells_are_one_line() -> None:
    cells = [p(t, kind=BlockKind.CELL) for t in ("Penulis", ": Siti Rahma", "Sumber", ": Kabar Utara")]
    cleaned = clean([p(LEAD), p(MORE), *cells], NONE)
    assert texts(cleaned) == [LEAD, MORE]
    assert cleaned.credits == (Credit("author", "Siti Rahma"),)
    assert cleaned.sources == (Source("Kabar Utara", None, "text"),)


def test_a_lone_source_label_takes_the_links_under_it() -> None:
    link = Link("Kabar Utara", "https://utara.example/1")
    cleaned = clean([p(LEAD), p(MORE), p("Sumber:"), p("Kabar Utara", link)], NONE)
    assert texts(cleaned) == [LEAD, MORE]
    assert cleaned.sources == (Source("Kabar Utara", "https://utara.example/1", "text"),)


ONE, TWO = Link("Kabar Utara", "https://utara.example/1"), Link("Kabar Selatan", "https://selatan.example/2")


@pytest.mark.parametrize(
    "label",
    [
        p("Sumber:"),
        p("Sumber", kind=BlockKind.HEADING),
        Block(BlockKind.PARAGRAPH, "Sumber", emphasis=True),
        p("Source:", kind=BlockKind.HEADING),
    ],
)
def test_a_list_or_a_bare_address_under_a_source_label_is_its_sources(label: Block) -> None:
    items = [p(link.text, link, kind=BlockKind.ITEM) for link in (ONE, TWO)]
    cleaned = clean([p(LEAD), p(MORE), label, *items], NONE)
    assert texts(cleaned) == [LEAD, MORE]
    assert cleaned.sources == (Source(ONE.text, ONE.url), Source(TWO.text, TWO.url))
    cleaned = clean([p(LEAD), p(MORE), label, p("https://utara.example/1")], NONE)
    assert (texts(cleaned), cleaned.sources) == ([LEAD, MORE], (Source(None, "https://utara.example/1"),))


def test_a_heading_over_prose_or_over_references_is_the_articles_own() -> None:
    heading = p("Sumber", kind=BlockKind.HEADING)
    assert texts(clean([p(LEAD), heading, p(MORE)], NONE)) == [LEAD, "Sumber", MORE]
    assert texts(clean([p(LEAD), p(MORE), p("Sumber"), p("Air Hujan")], NONE))[2:] == ["Sumber", "Air Hujan"]
    references = p("Referensi", kind=BlockKind.HEADING)
    items = [p(link.text, link, kind=BlockKind.ITEM) for link in (ONE, TWO)]
    assert texts(clean([p(LEAD), p(MORE), references, *items], NONE))[2:] == ["Referensi", ONE.text, TWO.text]
    assert clean([p(LEAD), p(MORE), references, items[0]], NONE).sources == (Source(ONE.text, ONE.url),)


def test_an_address_is_no_label_and_a_linked_label_is_no_name() -> None:
    address = "https://utara.example/1"
    for line in (f"Sumber : {address}", f"Sumber kutipan: {address}", f"({address})"):
        cleaned = clean([p(LEAD), p(MORE), p(line)], NONE)
        assert cleaned.sources == ((Source(None, address),) if "Sumber" in line else ())
    whole = Link("Sumber: Kabar Utara", address)
    assert clean([p(LEAD), p(MORE), p(whole.text, whole)], NONE).sources == (Source("Kabar Utara", address),)


def test_boxes_for_other_posts_in_the_middle() -> None:
    link = Link("Nelayan Selamat Setelah Tiga Hari Hilang", "https://kabar.example/2")
    boxes = [
        p(f">> {link.text}", link),
        p(f"→ {link.text}", link),
        p(f"Artikel lain: {link.text}", link),
        p(f"Rekomendasi: {link.text}", link),
        p("Baca selengkapnya di laman ini", Link("laman ini", link.url)),
    ]
    for box in boxes:
        assert texts(clean([p(LEAD), box, p(MORE), p(LEAD), p(MORE)], NONE)) == [LEAD, MORE, LEAD, MORE], box.text
    fetched = Link("Unduh Formulir Pendaftaran Awak Kapal", "https://kabar.example/formulir")
    kept = [p(f">> {fetched.text}", fetched), p(f">> {link.text}"), p("Rekomendasi: perahu baru bagi nelayan", ONE)]
    for line in kept:
        assert line.text in texts(clean([p(LEAD), line, p(MORE), p(LEAD), p(MORE)], NONE))


def test_a_republish_notice_is_a_source() -> None:
    notice = (
        'Artikel ini telah tayang di KabarUtara.com dengan judul "Perahu Hilang", https://kabarutara.com/2019/perahu.'
    )
    cleaned = clean([p(LEAD), p(MORE), p(notice)], NONE)
    assert cleaned.sources == (Source("KabarUtara.com", "https://kabarutara.com/2019/perahu", "republished"),)


def test_a_call_glued_to_a_sentence_is_cut_and_prose_is_not() -> None:
    glued = f"{MORE} Ikuti Whatsapp Channel Kabar Utara"
    assert texts(clean([p(LEAD), p(glued)], NONE)) == [LEAD, MORE]
    prose = f"{MORE} Ikuti terus kabar mereka, kata kepala desa."
    assert texts(clean([p(LEAD), p(prose)], NONE)) == [LEAD, prose]


def test_a_pile_of_search_words_is_tags() -> None:
    pile = ", ".join(f"kapal nelayan murah {n}" for n in range(12)) + "."
    prose = [LEAD, MORE] * 3
    cleaned = clean([*map(p, prose), p(f"Tag Seputar Kapal Nelayan : {pile}"), p(pile)], NONE)
    assert texts(cleaned) == prose
    assert cleaned.tags[:2] == ("kapal nelayan murah 0", "kapal nelayan murah 1")


def test_initials_glued_to_the_last_line_are_cut_and_units_inside_are_not() -> None:
    cleaned = clean([p(LEAD), p(MORE), p("Dermaga Lama (kab/des)")], NONE)
    assert texts(cleaned) == [LEAD, MORE, "Dermaga Lama"]
    assert cleaned.credits == (Credit("initials", "kab/des"),)
    units = "Kecepatan perahu (mil/jam)"
    assert texts(clean([p(LEAD), p(units), p(LEAD), p(MORE), p(LEAD), p(MORE)], NONE))[1] == units


def test_the_credit_of_a_caption_inside_the_text_leaves_with_it() -> None:
    caption = "Warga menunggu di dermaga desa, Sabtu (6/4/2019). Mereka pulang sore hari. (AP Photo/Siti Rahma)"
    cleaned = clean([p(LEAD), p(MORE), p(caption), p(MORE), p(LEAD)], NONE)
    assert texts(cleaned) == [LEAD, MORE, MORE, LEAD]
    assert cleaned.captions == (Caption(caption, "AP Photo/Siti Rahma"),)


def test_a_page_turner_says_that_the_text_is_incomplete() -> None:
    assert clean([p(LEAD), p("Berlanjut ke halaman berikutnya.")], NONE).flags == ("incomplete",)


def test_datelines_and_reference_lists_stay() -> None:
    dateline = "ISTANBUL, 23 Februari 2016 (Antara/Kabar) --"
    books = ["Daftar Pustaka", "1. Siti Rahma, Laut dan Kita, 1999.", "2. Budi Santoso, Nelayan Utara, 2004."]
    assert texts(clean([p(dateline), p(LEAD), *map(p, books)], NONE)) == [dateline, LEAD, *books]


@pytest.mark.parametrize(
    "name",
    ["Disclaimer", "Tentang Kami", "Redaksi", "Zoom", "Email Newsletter", "Bagikan ke Teman", "Halaman 45"],
)
def test_a_section_may_be_called_what_furniture_is(name: str) -> None:
    heading = p(name, kind=BlockKind.HEADING)
    assert texts(clean([p(LEAD), heading, p(MORE), p(LEAD)], NONE)) == [LEAD, name, MORE, LEAD]
    for blocks in ([p(LEAD), p(MORE), heading], [p(LEAD), p(name), p(MORE)], [heading, p(LEAD), p(MORE)]):
        assert texts(clean(blocks, NONE)) == [LEAD, MORE]


def test_a_heading_over_prose_that_names_no_section_goes() -> None:
    for name in ("Advertisement", "Bagikan:", "Baca Juga", "Posting Komentar"):
        cleaned = clean([p(LEAD), p(MORE), p(LEAD), p(name, kind=BlockKind.HEADING), p(MORE)], NONE)
        assert name not in texts(cleaned)


WORK = ("Judul: Laskar Bambu", "Penulis: Siti Rahma", "Penyunting: Budi Santoso", "Penerbit: Pustaka Desa")


def test_who_wrote_a_book_did_not_write_the_page() -> None:
    by = ("Judul Buku: Laskar Bambu", "Oleh: Siti Rahma", "Penerbit: Pustaka Desa")
    for blocks in ([*map(p, WORK), p(LEAD), p(MORE)], [p(LEAD), p(MORE), *map(p, WORK)], [*map(p, by), p(LEAD)]):
        assert (texts(clean(blocks, NONE)), clean(blocks, NONE).credits) == ([b.text for b in blocks], ())
    whole = p(" ".join(WORK), lines=WORK)
    assert clean([p(LEAD), p(MORE), whole], NONE).blocks[-1].text == whole.text
    film = ["Sutradara: Siti Rahma", "Produser: Budi Santoso"]
    assert texts(clean([p(LEAD), p(MORE), *map(p, film)], NONE))[2:] == film


def test_credits_without_the_data_of_a_work_are_the_pages() -> None:
    cleaned = clean([p(LEAD), p("Judul: Laskar Bambu"), p(MORE), p(WORK[1]), p("Editor: Budi Santoso")], NONE)
    assert cleaned.credits == (Credit("author", "Siti Rahma"), Credit("editor", "Budi Santoso"))
    assert texts(cleaned) == [LEAD, "Judul: Laskar Bambu", MORE]
    lines = ("Penulis: Siti Rahma", "Editor: Budi Santoso")
    assert len(clean([p(LEAD), p(MORE), p(" ".join(lines), lines=lines)], NONE).credits) == 2


@pytest.mark.parametrize("line", ["Siti Rahma, Penulis", "Siti Rahma - Editor"])
def test_a_person_with_prose_below_heads_a_section(line: str) -> None:
    heading = p(line, kind=BlockKind.HEADING)
    assert texts(clean([p(LEAD), p(LEAD), heading, p(MORE)], NONE)) == [LEAD, LEAD, line, MORE]
    for blocks in ([p(LEAD), p(MORE), heading], [heading, p(LEAD), p(MORE)]):
        assert (texts(clean(blocks, NONE)), len(clean(blocks, NONE).credits)) == ([LEAD, MORE], 1)


def test_what_a_person_said_is_no_comment() -> None:
    for line in ("Imam Syafii berkata:", "Luqman berkata:"):
        for below in (p("Ilmu itu yang bermanfaat.", kind=BlockKind.QUOTE), p("Wahai anakku, dirikanlah salat.")):
            assert texts(clean([p(LEAD), p(MORE), p(line), below], NONE))[2:] == [line, below.text]
        for blocks in ([], [p("Balas")], [p("3 Mei 2021 09:00")]):
            assert texts(clean([p(LEAD), p(MORE), p(line), *blocks], NONE)) == [LEAD, MORE]


def test_steps_of_a_process_are_no_neighbours() -> None:
    steps = "Air dan Karbon Dioksida → Gula →"
    assert texts(clean([p(LEAD), p(MORE), p(steps)], NONE))[2:] == [steps]
    assert texts(clean([p(LEAD), p(MORE), p("Perahu Kedua Masih Dicari →")], NONE)) == [LEAD, MORE]


def test_a_sentence_on_copyright_is_prose() -> None:
    for line in ("Hak cipta diatur dalam Undang-Undang Nomor 28 Tahun 2014.", "Hak cipta lagu itu berakhir pada 2020."):
        assert texts(clean([p(LEAD), p(line), p(MORE)], NONE)) == [LEAD, line, MORE]
    for line in ("Hak Cipta 2019 Kabar Utara", "Hak cipta dilindungi oleh undang-undang. © 2019 Kabar Utara"):
        assert texts(clean([p(LEAD), p(MORE), p(line)], NONE)) == [LEAD, MORE]


def test_sources_that_a_section_tells_of_stay() -> None:
    heading, foods = p("Vitamin A", kind=BlockKind.HEADING), p("Sumber: Wortel, Bayam, Telur")
    assert texts(clean([p(LEAD), p(MORE), heading, foods], NONE))[2:] == ["Vitamin A", foods.text]
    assert clean([p(LEAD), p(MORE), heading, p("Sumber: Tempo")], NONE).sources == (Source("Tempo", None),)
    data, items = p("Sumber Data", kind=BlockKind.HEADING), ["Data Primer", "Data Sekunder"]
    listed = [p(item, kind=BlockKind.ITEM) for item in items]
    for label in (data, p("Sumber data:")):
        assert texts(clean([p(LEAD), p(MORE), label, *listed], NONE))[2:] == [label.text, *items]
    outlets = [p(name, kind=BlockKind.ITEM) for name in ("Tempo", "BBC Indonesia")]
    mixed = [p(LEAD), p(MORE), p("Sumber:"), *outlets, *listed]
    assert texts(clean(mixed, NONE)) == [b.text for b in mixed]
    assert texts(clean([p(LEAD), p(MORE), data, *outlets], NONE)) == [LEAD, MORE]


# --- the guard --------------------------------------------------------------------------------------------------------


def test_an_unexplained_cut_that_takes_too_much_is_refused() -> None:
    caption = "Nelayan yang selamat berkumpul di dermaga menunggu keluarga mereka datang. (Foto: Siti Rahma/Kabar)"
    short = "Mereka selamat semua, kata kepala regu."
    cleaned = clean([p(caption), p(short)], NONE)
    assert texts(cleaned) == [caption, short]
    assert cleaned.flags == ("cleaning_refused",)


def test_a_cut_that_explains_itself_is_not_judged() -> None:
    blocks = [p("Baca juga:"), *(p(f"Kabar Laut {n}", Link(f"Kabar Laut {n}", "https://a.example")) for n in range(9))]
    assert texts(clean([p("Hujan turun."), *blocks], NONE)) == ["Hujan turun."]


def test_a_credit_that_begins_a_line_makes_it_a_caption_before_the_text_only() -> None:
    line = "KABAR.com/SITI RAHMA Nelayan tiba di dermaga dengan selamat"
    assert clean([p(line), p(LEAD), p(MORE)], NONE).captions[0].credit == "KABAR.com/SITI RAHMA"
    assert texts(clean([p(LEAD), p(line), p(MORE)], NONE)) == [LEAD, line, MORE]


# --- around the body --------------------------------------------------------------------------------------------------


def test_what_stands_around_the_body() -> None:
    before = [p("Kabar Terkini"), p("KABAR.com/SITI RAHMA Nelayan tiba di dermaga dengan selamat, Minggu (7/4/2019)")]
    after = [p("Sumber : Kabar Utara"), p("Editor: Budi Santoso"), p("Posting Komentar"), p("Sumber: Orang Lain")]
    found = look_around(before, after)
    assert [c.credit for c in found.captions] == ["KABAR.com/SITI RAHMA"]
    assert found.sources == (Source("Kabar Utara", None, "text"),)
    assert found.credits == (Credit("editor", "Budi Santoso"),)


# --- any text at all --------------------------------------------------------------------------------------------------

SCRAPS = (
    LEAD, MORE, CREDIT_LINE, "Sumber: click disini", "Sumber:", "0 komentar:", "Posting Komentar", "Baca juga:", "(",
    "(a/b)", "©", "https://a.example/b", "***", "Label: a, b", "Jumat, 19 April 2019 13:05 WIB", "Foto: Antara", ")",
    ": Siti", "Artikel ini telah tayang di A.com", "Iklan", "Penulis", "Editor: A", ":", "|", ".", " ", "\x00",
    "\u00a0", "\ud800", "é",
)  # fmt: skip
LINES = st.one_of(
    st.text(max_size=120), st.lists(st.sampled_from(SCRAPS), max_size=6).map(" ".join), st.sampled_from(SCRAPS)
)
LINKS = st.lists(st.builds(Link, st.sampled_from(SCRAPS), st.sampled_from([None, "https://a.example"])), max_size=2)
BLOCKS = st.builds(
    Block,
    st.sampled_from(list(BlockKind)),
    LINES,
    LINKS.map(tuple),
    lines=st.lists(LINES, max_size=3).map(tuple),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(BLOCKS, max_size=12), st.sampled_from([None, LEAD, "Iklan"]))
def test_any_blocks_are_survived_and_cleaning_is_idempotent(blocks: list[Block], title: str | None) -> None:
    context = CleanContext(title=title, openers=("Iklan",), closers=("Penulis",))
    once = clean(blocks, context)
    assert clean(once.blocks, context).blocks == once.blocks
    assert clean(blocks, context) == once


UNITS = [
    "1 ", "a ", "A", "Aa ", "( ", "-", "| ", ", ", ". ", ": ", "© ", "foto: ", "Sumber: ", "klik disini ", "Editor: A ",
    "#a", "http://a ", "a.com ", "1 komentar: ", "bagikan ke facebook ", "baca juga: ", "“”", "halaman 1 ", "(a/b) ",
    "artikel ini telah tayang di ", "a, ", "posted on ", "telah ", "dari ", "suka ini ", "jumat, 1 ", "copyright 2019 ",
]  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_no_line_is_slow_to_judge(unit: str) -> None:
    """A line of any length costs milliseconds, and twice the text at most about twice the time."""
    for lead in ("", "Foto: ", "Sumber: ", "Artikel ini telah "):
        for length in (398, 798, 100_000):
            line = (lead + unit * (length // len(unit)))[:length] + "!"
            start = time.process_time()
            clean([p(line), p(line, kind=BlockKind.CAPTION), p(line, Link(line, "https://a.example"))], NONE)
            assert time.process_time() - start < 0.25, (lead, length)


def test_many_blocks_cost_in_proportion() -> None:
    def cost(count: int) -> float:
        blocks = [p(f"Editor: Siti Nomor {n}") for n in range(count)]
        start = time.process_time()
        clean(blocks, NONE)
        return time.process_time() - start

    cost(100)
    assert cost(2000) < 6 * max(cost(500), 0.02)


# --- what is passed over ----------------------------------------------------------------------------------------------

BEGINNINGS = ("", "“", "7 ", "Warga ", "Juga ", "Telah ", "Wa ", "Selain itu ", "Gambar ")
READERS: tuple[Callable[[Block], object], ...] = (
    closed_group,
    pattern_rule,
    closing_rule,
    people.read_credits,
    people.read_photo_credit,
    people.read_views,
    people.read_initials,
    people.read_tags,
    sources.read_source,
    sources.read_republished,
)
ENDS = ("", ".", "...", ":", ")", " Editor", " mengatakan...", " (c) A", "”")


CALLS = (
    "Simak juga video berikut ini:", "Putar tayangan di bawah ini", "Video pilihan: Warga Menanam Seribu Bakau",
    "Halaman selanjutnya: Kisah Warga Desa", "Lanjutkan membaca Kisah Warga Desa", "Bersambung ke halaman 2",
    "Ikuti kami di Google News", "Yuk gabung channel Telegram kami", "Dapatkan update berita dari kabar.com",
    "Pantau terus berita terkini di Kabar Desa", "Kunjungi berita kami di:", "Atau update info terbaru via:",
    "Anda juga bisa baca artikel Kisah Warga Desa", "Geser untuk melanjutkan membaca", "(adsbygoogle = [])",
    "Tekan tombol subscribe", "Baca berita tanpa iklan", "Dukung kami di saweria", "Pilih saluran andalanmu",
    "Dan jangan lupa like dan share", "https://pic.twitter.com/abc", "pic.twitter.com/abc", "Tweets by kabardesa",
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(BEGINNINGS), st.one_of(st.sampled_from(sorted(closed_lines())), LINES), st.sampled_from(ENDS))
def test_a_plain_line_is_taken_by_no_reader(beginning: str, line: str, end: str) -> None:
    text = beginning + line + end
    for block in (p(text), p(text, Link(text, "https://a.example")), p(text, kind=BlockKind.ITEM)):
        taken = [reader.__name__ for reader in READERS if reader(block)]
        assert not (is_plain(text) and taken), taken
        assert not (is_plain(text) and read_caption(block, at_head=False))


def test_first_letters_lose_no_pattern() -> None:
    """Beginnings parted by first letters find what all of them do."""
    whole, parted = tuple(BEGINS.split("|")), by_first_letters(BEGINS)
    lines = [*closed_lines(), *BEGINS.split("|"), "disebut", "di antara", "this story", "a post shared"]
    for line in lines:
        assert line.startswith(parted.get(line[:2], ())) == line.startswith(whole), line


@settings(max_examples=200, deadline=None)
@given(st.sampled_from("abcdefghijklmnopqrstuvwxyz0([“"), st.sampled_from(CALLS))
def test_a_line_is_asked_by_every_test_for_its_beginning(first: str, call: str) -> None:
    """No test takes a line that begins with another character than it is asked for."""
    for line in (call, first + call, first + call[1:]):
        low = folded(line)
        for name, test, begins in FORMS:
            assert not begins or low[0] in begins or not test(line, low, p(line, Link(line, "https://a.example"))), name


def test_closed_lines_after_a_bullet_are_composite() -> None:
    """ "• Redaksi Redaksi" is a footer, also where no pattern begins with its first word."""
    assert pattern_rule(Block(BlockKind.PARAGRAPH, "• Redaksi Redaksi")) == "composite"


@pytest.mark.parametrize(
    "text", ["X Facebook WhatsApp", "X (Twitter) Facebook Telegram", "X, Salin tautan", "X| Email"]
)
def test_closed_lines_after_the_shortest_are_composite(text: str) -> None:
    assert not is_plain(text)
    assert pattern_rule(Block(BlockKind.PARAGRAPH, text)) == "composite"
    assert pattern_rule(Block(BlockKind.PARAGRAPH, "• Redaksi kami buka")) is None


# --- what is left when all else has gone ------------------------------------------------------------------------------

SITE = CleanContext(url="https://kabar.example/2019/perahu")


def said(text: str) -> Block:
    return Block(BlockKind.PARAGRAPH, text, emphasis=True)


@pytest.mark.parametrize(
    ("line", "credit"),
    [
        ("Oleh Siti Rahma", Credit("author", "Siti Rahma")),
        ("Kiriman dari Budi", Credit("contributor", "Budi")),
        ("Dari Kawan Nelayan", Credit("contributor", "Kawan Nelayan")),
        ("~ By Siti Rahma", Credit("author", "Siti Rahma")),
    ],
)
def test_a_last_line_set_off_that_says_who_wrote_is_a_signature(line: str, credit: Credit) -> None:
    for below in ((), (p("Sumber: https://utara.example/1"),), (p("0 komentar:"), p("Posting Komentar"))):
        cleaned = clean([p(LEAD), p(MORE), said(line), *below], NONE)
        assert texts(cleaned) == [LEAD, MORE]
        assert cleaned.credits == (credit,)


def test_what_only_looks_like_a_signature_stays() -> None:
    for line in (
        "Dari Sabang sampai Merauke",
        "Dari Sabang Sampai Merauke",
        "Dari Kami Sekeluarga",
        "Dari Hati.",
        "Dari laut",
        "By the River",
        "Oleh karena itu",
        "Dari Dermaga Lama Kembali Pulang",
    ):
        assert texts(clean([p(LEAD), p(MORE), said(line)], NONE)) == [LEAD, MORE, line]
    assert texts(clean([p(LEAD), said("Dari Kawan Nelayan"), p(MORE)], NONE)) == [LEAD, "Dari Kawan Nelayan", MORE]
    assert texts(clean([p(LEAD), p(MORE), p("Dari Kawan Nelayan")], NONE)) == [LEAD, MORE, "Dari Kawan Nelayan"]


def box(text: str, url: str = "https://kabar.example/2019/lain", emphasis: bool = True) -> Block:
    return Block(BlockKind.ITEM, text, (Link(text, url),), emphasis)


def test_a_list_of_one_loud_headline_of_the_site_is_a_box() -> None:
    headline = "Nelayan Selamat Setelah Tiga Hari Hilang"
    assert texts(clean([p(LEAD), box(headline), p(MORE)], SITE)) == [LEAD, MORE]
    for kept in (
        box(headline, "https://lain.example/2019/lain"),
        box(headline, emphasis=False),
        box("Unduh Formulir Pendaftaran Awak Kapal"),
        box("Perahu karet dan dayung cadangan"),
    ):
        assert texts(clean([p(LEAD), kept, p(MORE)], SITE)) == [LEAD, kept.text, MORE]
    two = [box(headline), box("Perahu Kedua Masih Dicari Hingga Kini")]
    assert texts(clean([p(LEAD), *two, p(MORE)], SITE)) == [LEAD, *(block.text for block in two), MORE]


def test_a_paragraph_that_points_to_another_post_is_a_box() -> None:
    headline = "Nelayan Selamat Setelah Tiga Hari Hilang"
    link = Link(headline, "https://kabar.example/2019/lain")
    for label in (
        "Artikel ini juga menarik: ",
        "Pelajari juga: ",
        "ALSO READ | ",
        "Baca ",
        "Read: ",
        "Artikel Menarik : ",
    ):
        assert texts(clean([p(LEAD), p(label + headline, link), p(MORE)], SITE)) == [LEAD, MORE], label
    loud = Block(BlockKind.PARAGRAPH, headline, (link,), emphasis=True)
    assert texts(clean([p(LEAD), loud, p(MORE)], SITE)) == [LEAD, MORE]
    for kept in (
        p(headline, link),
        p(f"Pengumuman: {headline}", link),
        p(f"Warga yang menolong mereka menulis buku berjudul {headline}", link),
        p("Baca syarat dan ketentuan", Link("syarat dan ketentuan", link.url)),
        p(f"Baca {headline}", Link(headline, "https://lain.example/2019/lain")),
    ):
        assert texts(clean([p(LEAD), kept, p(MORE)], SITE)) == [LEAD, kept.text, MORE]
    roundup = [LEAD, headline, MORE, headline + " Lagi", LEAD, headline + " Pula", MORE]
    blocks = [
        Block(BlockKind.PARAGRAPH, t, (Link(t, link.url),), True) if t.startswith(headline) else p(t) for t in roundup
    ]
    assert texts(clean(blocks, SITE)) == roundup
