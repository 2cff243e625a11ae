"""Feed documents of our own beside what they must be read as, and what one bad item may cost."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from time import process_time
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer import Exit

from bench import feeds as bench_feeds
from cli.entries import entries_command
from ingest.sandbox import Sandbox
from kliping.errors import FeedError
from kliping.feeds import FeedFault, ParsedFeed
from kliping.model import Entry
from kliping.settings import Settings
from parsers import feed
from parsers.feedtext import reads_on

FOLDER = Path(__file__).parent / "feeds"
DOCUMENTS = sorted(path for path in FOLDER.iterdir() if not path.name.endswith((".expected.json", ".md")))
URL = "https://umpan.example/rss.xml"


def shown(value: Any) -> Any:
    """A model value as JSON without the fields that hold their default."""
    if isinstance(value, ParsedFeed | Entry):
        held = ((f.name, getattr(value, f.name), f.default) for f in fields(value))
        return {name: shown(one) for name, one, default in held if one != default}
    if isinstance(value, tuple):
        return [shown(one) for one in value]
    if isinstance(value, str) and len(value) > 1200:
        return f"{value[:100]}... {len(value)} characters, sha256 {sha256(value.encode()).hexdigest()[:16]}"
    return value.isoformat() if isinstance(value, datetime) else value


def read(path: Path, given: dict[str, Any]) -> dict[str, Any]:
    try:
        parsed = feed.parse(
            path.read_bytes(), given.get("url", URL), given.get("content_type"), limit=given.get("limit", 2000)
        )
    except FeedError as error:
        return {"fault": str(error).partition(":")[0]}
    return {"feed": shown(parsed)}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_a_document_is_read_as_expected(path: Path) -> None:
    expected_file = path.with_name(path.name + ".expected.json")
    if not expected_file.exists():
        found = json.dumps({"given": {}} | read(path, {}), indent=1, ensure_ascii=False)
        expected_file.write_text(found + "\n", "utf-8")
        pytest.fail(f"{expected_file.name} was written: read it, correct it, run again")
    expected = json.loads(expected_file.read_text("utf-8"))
    given = expected.pop("given")
    assert read(path, given) == expected


def test_there_are_enough_documents_and_no_stray_expectations() -> None:
    assert len(DOCUMENTS) >= 150
    stray = {path.name for path in FOLDER.glob("*.expected.json")} - {
        f"{path.name}.expected.json" for path in DOCUMENTS
    }
    assert not stray


def test_every_defect_has_a_document_and_every_document_a_defect() -> None:
    rows = re.findall(
        r"^\| ([A-Z][0-9]) \| (.+?) \| (.+?) \|$", (FOLDER / "README.md").read_text("utf-8"), re.MULTILINE
    )
    kinds = {"X": 9, "B": 8, "J": 4, "N": 4, "D": 6, "M": 7, "I": 4, "O": 1, "L": 3, "T": 5, "W": 2, "A": 2}
    assert [row[0] for row in rows] == [f"{letter}{n}" for letter, most in kinds.items() for n in range(1, most + 1)]
    named = [name for _, _, names in rows for name in names.split()]
    assert set(named) == {path.name for path in DOCUMENTS}


def test_the_bench_finds_no_entry_lost_and_none_invented() -> None:
    counts, _ = bench_feeds.measure(FOLDER)
    ours, theirs = counts[0], counts[1]
    assert (ours.name, ours.right, ours.lost, ours.invented) == ("kliping", ours.documents, 0, 0)
    assert ours.documents >= 150
    assert theirs.right < ours.right


# --- one bad item costs one entry -------------------------------------------------------------------------------------

ITEM = (
    "<item><guid isPermaLink='false'>g{n}</guid><title>Judul {n}{title}</title><link>https://x.example/{n}</link>"
    "<pubDate>{date}</pubDate><description>{text}</description>{more}</item>"
)
GOOD = {"title": "", "date": "Mon, 04 Mar 2024 06:30:00 +0700", "text": "&lt;p&gt;Isi.&lt;/p&gt;", "more": ""}
BAD: dict[str, dict[str, str]] = {
    "surrogate reference": {"title": "&#xD800;"},
    "reference beyond Unicode": {"title": "&#x110000;"},
    "endless reference": {"title": "&#99999999999999999999;"},
    "NUL reference": {"title": "&#0;"},
    "NUL": {"title": "\x00"},
    "escape sequence": {"title": "\x1b[2J"},
    "non-character": {"title": "\ufffe"},
    "unclosed tag": {"text": "<b>tebal"},
    "crossed tags": {"text": "<b><i>x</b></i>"},
    "stray end tag": {"text": "</p></div>"},
    "bare ampersand": {"title": " R&D & AT&T"},
    "unknown entity": {"title": "&entahapa;"},
    "half an entity": {"title": "&am"},
    "bare less-than": {"title": " 3 < 4"},
    "broken attribute": {"more": "<enclosure url='a length=1/>"},
    "undeclared prefix": {"more": "<tak:kenal/>"},
    "half a CDATA end": {"text": "]]>"},
    "unclosed comment": {"text": "<!-- komentar"},
    "long title": {"title": "a" * 1_000_000},
    "bad date": {"date": "2024-13-40T99:99:99Z"},
    "bad link": {"more": "<link>http://[::1/</link>"},
    "long author": {"more": "<author>" + "a" * 100_000 + "</author>"},
    "empty": {"title": "", "date": "", "text": "", "more": ""},
    "processing instruction": {"more": "<?xml version='1.0'?>"},
}


def document(items: list[str], head: str = "") -> bytes:
    text = f"<rss version='2.0'><channel><title>T</title><link>https://x.example/</link>{head}{''.join(items)}"
    return (text + "</channel></rss>").encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("position", [1, 50, 100])
@pytest.mark.parametrize("kind", BAD)
def test_ninety_nine_neighbours_survive_a_bad_item(kind: str, position: int) -> None:
    items = [ITEM.format(n=n, **(GOOD | (BAD[kind] if n == position else {}))) for n in range(1, 101)]
    found = feed.parse(document(items), URL)
    neighbours = [entry for entry in found.entries if entry.guid != f"g{position}"]
    assert found.announced == 100
    assert len(found.entries) == 100
    assert [entry.guid for entry in neighbours] == [f"g{n}" for n in range(1, 101) if n != position]
    expected = datetime(2024, 3, 3, 23, 30, tzinfo=UTC)
    assert all(
        entry.published_at == expected and entry.title and entry.summary == "<p>Isi.</p>" for entry in neighbours
    )
    assert all(entry.error is None for entry in neighbours)


def test_a_document_that_breaks_the_parser_is_read_item_by_item(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = feed.feedparser.parse

    def fragile(stream: Any, **options: Any) -> Any:
        body = stream.getvalue()
        if b"racun" in body:
            raise AssertionError("what feedparser raises is open-ended")
        return whole(stream, **options)

    monkeypatch.setattr(feed.feedparser, "parse", fragile)
    items = [ITEM.format(n=n, **(GOOD | {"title": " racun" if n == 2 else ""})) for n in range(1, 4)]
    entries = feed.parse(document(items), URL).entries
    assert [entry.guid for entry in entries] == ["g1", None, "g3"]
    assert entries[1].error == "malformed: AssertionError: what feedparser raises is open-ended"


# --- limits -----------------------------------------------------------------------------------------------------------


def dated(n: int, at: datetime | None) -> str:
    return ITEM.format(n=n, **(GOOD | {"date": at.isoformat() if at else ""}))


def test_the_newest_entries_are_kept_in_document_order() -> None:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    days = [3, 9, 1, 8, 2]
    found = feed.parse(document([dated(day, start + timedelta(days=day)) for day in days]), URL, limit=3)
    assert [entry.guid for entry in found.entries] == ["g3", "g9", "g8"]
    assert found.announced == 5


def test_an_undated_item_is_as_new_as_its_neighbour() -> None:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    items = [dated(n, None if n in (1, 4) else start + timedelta(days=n)) for n in range(1, 6)]
    assert [entry.guid for entry in feed.parse(document(items), URL, limit=2).entries] == ["g3", "g5"]
    assert [entry.guid for entry in feed.parse(document(items), URL, limit=3).entries] == ["g3", "g4", "g5"]
    assert [entry.guid for entry in feed.parse(document(items[::-1]), URL, limit=2).entries] == ["g5", "g4"]
    undated = [dated(n, None) for n in range(1, 6)]
    assert [entry.guid for entry in feed.parse(document(undated), URL, limit=2).entries] == ["g1", "g2"]


def test_the_newest_of_a_giant_oldest_first_feed_are_kept() -> None:
    start = datetime(2000, 1, 1, tzinfo=UTC)
    items = [dated(n, start + timedelta(hours=n)) for n in range(51_000)]
    found = feed.parse(document(items), URL, limit=2)
    assert [entry.guid for entry in found.entries] == ["g50998", "g50999"]
    assert found.announced == 51_000


def test_json_feed_keeps_the_newest_too() -> None:
    items = [{"id": str(n), "date_published": f"2024-01-0{n}T00:00:00Z"} for n in (1, 3, 2)]
    body = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items}).encode()
    found = feed.parse(body, URL, limit=2)
    assert ([entry.guid for entry in found.entries], found.announced) == (["3", "2"], 3)


def test_fields_are_bounded() -> None:
    item = ITEM.format(n=1, **(GOOD | {"title": "a" * 5000, "more": "<author>" + "b c " * 500 + "</author>"}))
    item = item.replace("</item>", "".join(f"<category>t{n}{'x' * 200}</category>" for n in range(300)) + "</item>")
    item = item.replace("https://x.example/1", "https://x.example/" + "u" * 3000).replace("g1", "g" * 9000)
    entry = feed.parse(document([item]), URL).entries[0]
    assert len(entry.title or "") == 1000
    assert len(entry.author or "") <= 300
    assert (len(entry.tags), max(map(len, entry.tags))) == (50, 100)
    assert entry.url is None
    assert len(entry.guid or "") < 4096
    assert "#sha256:" in (entry.guid or "")


FIELDS = "<title>J</title><link>https://x.example/</link>"
HOSTILE: dict[str, Callable[[int], bytes]] = {
    "author": lambda n: document([f"<item><author>{'a' * n * 20}</author></item>"]),
    "creator": lambda n: document([f"<item><dc:creator><![CDATA[{'a' * n * 20}]]></dc:creator></item>"]),
    "editor": lambda n: document([], head=f"<managingEditor>{'a' * n * 20}</managingEditor>"),
    "authors unclosed": lambda n: document(["<item>" + "<author>" * n * 5 + "</item>"]),
    "authors unclosed but one": lambda n: document(["<item>" + "<author>x" * n * 5 + "</author></item>"]),
    "categories": lambda n: document(["<item>" + "".join(f"<category>{i}</category>" for i in range(n)) + "</item>"]),
    "categories unclosed": lambda n: document(["<item>" + "<category>x" * n * 5 + "</item>"]),
    "category prefixes": lambda n: document(["<item>" + "".join(f"<p{i}:category>x" for i in range(n)) + "</item>"]),
    "attributes": lambda n: document(["<item><e " + " ".join(f"a{i}='x'" for i in range(n * 5)) + "/></item>"]),
    "root attributes": lambda n: document([]).replace(b"<rss", b"<rss " + b"a=1 " * n * 5),
    "contents": lambda n: document(["<item>" + "<content:encoded>x</content:encoded>" * n + "</item>"]),
    "keywords": lambda n: document([f"<item><media:keywords>{','.join(map(str, range(n)))}</media:keywords></item>"]),
    "comments in a doctype": lambda n: b"<!DOCTYPE rss [" + b"<!--" * n * 10 + document(["<item/>"]),
    "quotes in a doctype": lambda n: b"<!DOCTYPE rss [" + b"\"'" * n * 10 + document(["<item/>"]),
    "items unclosed": lambda n: document(["<item>"] * n * 5),
    "items malformed": lambda n: document([f"<item>{FIELDS}<description><b>x</description></item>"] * (n // 4)),
    "items hopeless": lambda n: document(["<item><" + "a:" * 9 + "/></item>"] * (n // 4)),
    "comments unclosed": lambda n: document(["<item>" + "<!--" * n * 10 + FIELDS + "</item>"]),
    "comments closed far away": lambda n: document(["<item>" + "<!--" * n * 10 + FIELDS + "</item>", "<item>-->"]),
    "comments between items": lambda n: document(["<!-- " * n * 10, "<item/>", "-->", "<item/>"]),
    "cdata unclosed": lambda n: document(["<item><title>" + "<![CDATA[" * n * 10 + "</title></item>"]),
    "cdata closed far away": lambda n: document(["<item>" + "<![CDATA[" * n * 10 + "</item>", "<item>]]></item>"]),
    "fields unclosed": lambda n: document(["<item>" + "<link>x" * n * 5 + "<b></item>"]),
    "fields crossed": lambda n: document(["<item>" + "<link>" * n * 5 + "</link>" * n * 5 + "<b></item>"]),
    "prefixes": lambda n: document(["<item>" + "".join(f"<p{i}:x/>" for i in range(n * 2)) + "</item>"]),
    "ampersands": lambda n: document(["<item><title>" + "&" * n * 20 + "</title></item>"]),
    "less-than": lambda n: document(["<item><title>" + "<" * n + "</title></item>"]),
    "less-than in a body": lambda n: document(["<item><description>" + "&lt;" * n * 10 + "</description></item>"]),
    "scripts in a body": lambda n: document([f"<item><description>{'&lt;script>' * n * 5}</description></item>"]),
    "bad dates": lambda n: document(
        [ITEM.format(n=i, **(GOOD | {"date": f"Mon, 31 Feb {1990 + i % 30} 10:{i % 60:02}:00"})) for i in range(n // 2)]
    ),
    "nesting": lambda n: document(["<item><description>" + "<b>" * n * 3 + "</b>" * n * 3 + "</description></item>"]),
    "text in pieces": lambda n: document(["<item><description>" + "&lt;p&gt;\n" * n * 9 + "</description></item>"]),
    "entities": lambda n: (
        b"<!DOCTYPE rss [<!ENTITY a '"
        + b"x" * n
        + b"'>]>"
        + document(["<item><title>" + "&a;" * n + "</title></item>"])
    ),
    "brackets": lambda n: b"{" + b'"items":[' * n,
    "objects": lambda n: b'{"items":[' + b'{"id":1},' * n * 5,
    "objects in objects": lambda n: b'{"items":[' + b'{"a":' * n,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_was_quadratic_is_bounded(kind: str) -> None:
    """Linear: four times the size, not sixteen times the time; and far below the limit. CPU time, the best of two."""

    def cost(size: int) -> float:
        body = HOSTILE[kind](size)
        before = process_time()
        with suppress(FeedError):  # an outcome; the time is what counts
            for entry in feed.parse(body, URL).entries:
                reads_on(entry.summary or "")
        return process_time() - before

    small = min(cost(1000), cost(1000))
    large = cost(4000)
    assert large < 1.5
    assert large < 8 * small + 0.1


PARAGRAPH = "<p style='text-align: justify;'>Warga & perangkat desa bergotong royong membersihkan selokan.</p>"


def big_wordpress() -> bytes:
    content = f"<content:encoded><![CDATA[{PARAGRAPH * 55}]]></content:encoded>"
    return document([ITEM.format(n=n, **(GOOD | {"title": " R&D", "more": content})) for n in range(2200)])


def big_blogger() -> bytes:
    content = escape(PARAGRAPH * 44)
    entry = (
        "<entry><id>tag:blogger.com,1999:blog-1.post-{n}</id><published>2024-03-05T16:20:00.003-08:00</published>"
        "<title type='text'>Kerja bakti & {n}</title><content type='html'>{content}</content>"
        "<link rel='alternate' type='text/html' href='http://catatan.blogspot.com/{n}.html'/></entry>"
    )
    entries = "".join(entry.format(n=n, content=content) for n in range(2200))
    return f"<feed xmlns='http://www.w3.org/2005/Atom'><title>Catatan</title>{entries}</feed>".encode()


@pytest.mark.parametrize("body", [big_wordpress, big_blogger])
async def test_ten_mebibytes_of_two_thousand_entries_fit_the_limit(body: Callable[[], bytes]) -> None:
    """In the child that polls use, at its default limits of CPU time and memory, raw ampersands and all."""
    document = body()
    assert len(document) > 10 * 2**20
    async with Sandbox(Settings(children=1)) as sandbox:
        parsed = await sandbox.feed(document, URL, None)
    assert (len(parsed.entries), parsed.announced) == (2000, 2200)
    assert all(entry.title and entry.url and entry.published_at and entry.error is None for entry in parsed.entries)


# --- bytes ------------------------------------------------------------------------------------------------------------


def test_a_body_that_is_a_path_opens_nothing(tmp_path: Path) -> None:
    canary = tmp_path / "rahasia.xml"
    canary.write_bytes(document([ITEM.format(n=1, **GOOD)]))
    for body in (str(canary), f"file://{canary}", f"<rss>{canary}"):
        with pytest.raises(FeedError):
            feed.parse(body.encode(), URL)


def test_a_gzip_file_served_as_it_is() -> None:
    body = document([ITEM.format(n=1, **GOOD)])
    assert feed.parse(gzip.compress(body), URL) == feed.parse(body, URL)
    for bad in (gzip.compress(body)[:-20], b"\x1f\x8bkosong", gzip.compress(b"<rss>" + b"a" * 21 * 2**20)):
        with pytest.raises(FeedError, match="malformed: gzip"):
            feed.parse(bad, URL)


@pytest.mark.parametrize(
    "codec", ["unicode_escape", "zlib_codec", "utf-7", "idna", "undefined", "rot13", "\x00", "x" * 99]
)
def test_a_server_cannot_choose_an_odd_codec(codec: str) -> None:
    body = f"<?xml version='1.0' encoding='{codec}'?>".encode() + document([ITEM.format(n=1, **GOOD)])
    broken = body.replace(b"Judul", b"Jud\xe9l")
    assert feed.parse(body, URL, f"text/xml; charset={codec}").entries[0].title == "Judul 1"
    assert feed.parse(broken, URL, f"text/xml; charset={codec}").entries[0].title == "Judél 1"


def test_the_http_charset_comes_before_the_declaration() -> None:
    body = "<?xml version='1.0' encoding='windows-1252'?><rss version='2.0'><channel><item><title>Čaj</title></item>"
    raw = (body + "</channel></rss>").encode("iso8859-2")
    assert feed.parse(raw, URL, "text/xml; charset=iso-8859-2").entries[0].title == "Čaj"


STARTS = [b"", b"<rss version='2.0'><channel><item><title>", b"<feed>", b'{"items":[']


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(STARTS))
def test_any_bytes_are_a_feed_or_a_fault(body: bytes, start: bytes) -> None:
    try:
        found = feed.parse(start + body, URL)
    except FeedError as error:
        fault = str(error).partition(":")[0]
    else:
        fault = None
        json.dumps(shown(found), ensure_ascii=False).encode()  # no surrogate came through
        assert not any(ord(c) < 32 and c not in "\t\n\r" for entry in found.entries for c in entry.title or "")
    assert fault in {None, *FeedFault}


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="<>&;#x]![CDATA-/'\" =item0aé\x00\ud800", max_size=80))
def test_any_markup_inside_an_item_leaves_its_neighbour(junk: str) -> None:
    items = [f"<item><title>{junk}</title></item>", ITEM.format(n=2, **GOOD)]
    entries = feed.parse(document(items), URL).entries
    if "<item" not in junk and "</item" not in junk:
        assert entries[-1].guid == "g2"
        assert entries[-1].title == "Judul 2"


BITS = [
    "<",
    "&",
    "<p",
    "]]>",
    "<![CDATA[",
    "<!--",
    "-->",
    "</",
    "<a href='",
    '"',
    "'>",
    "<br>",
    "</item",
    "</title>",
    "<?",
]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_is_cut_or_put_inside_an_item_its_neighbours_are_read(data: st.DataObject) -> None:
    more = (
        "<dc:creator><![CDATA[Budi]]></dc:creator><content:encoded><![CDATA[<p>Isi</p><!--more-->]]></content:encoded>"
    )
    items = [ITEM.format(n=n, **(GOOD | {"more": more})) for n in range(5)]
    start = data.draw(st.integers(6, len(items[2]) - 7))
    end = data.draw(st.integers(start, min(len(items[2]) - 7, start + 25)))
    damaged = items[2][:start] + data.draw(st.sampled_from(["", *BITS])) + items[2][end:]
    found = feed.parse(document([*items[:2], damaged, *items[3:]]), URL)
    neighbours = {entry.guid: entry for entry in found.entries}
    assert len(found.entries) == 5
    for n in (0, 1, 3, 4):
        entry = neighbours[f"g{n}"]
        read = (entry.title, entry.url, entry.author, entry.content, entry.error)
        assert read == (f"Judul {n}", f"https://x.example/{n}", "Budi", "<p>Isi</p><!--more-->", None)


# --- kliping entries --------------------------------------------------------------------------------------------------


def test_entries_prints_an_object_for_every_entry_and_every_bad_file(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    files = [str(FOLDER / name) for name in ("relative-rss.xml", "html-page.html", "empty.xml", "json11.json")]
    files.insert(1, str(FOLDER / "tidak-ada.xml"))
    with pytest.raises(Exit) as stop:
        entries_command(files, url="https://tautanpendek.example/feed")
    lines = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert stop.value.exit_code == 1
    keys = ["file", "id", "url", "title", "author", "published_at", "updated_at", "summary", "content_length", "error"]
    assert all(list(line) == keys for line in lines)
    assert [line["file"] for line in lines] == [files[0]] * 7 + files[1:4] + [files[4]] * 4
    errors = [line["error"] for line in lines[7:10]]
    assert [error.partition(":")[0] for error in errors] == ["unreadable", "html", "empty"]
    assert lines[1]["url"] == "https://tautanpendek.example/blog/2.html"
    assert lines[10]["published_at"] == "2024-06-01T05:00:00+00:00"
    assert lines[10]["content_length"] == len("<p>Angin timur datang lebih awal.</p>")
    assert lines[11]["error"] == "malformed: the item is not an object"


def test_entries_of_good_files_end_well(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    packed = tmp_path / "umpan.xml.gz"
    packed.write_bytes(gzip.compress((FOLDER / "wordpress.xml").read_bytes()))
    entries_command([str(packed)])
    line = json.loads(capfdbinary.readouterr().out)
    assert (line["id"], line["error"]) == ("https://lenteradesa.example/?p=4021", None)
