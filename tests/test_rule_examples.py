"""Every rule that comes with kliping, tried: on the addresses beside its pages, and on markup made of its selectors."""

from __future__ import annotations

import csv
import tomllib
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kliping.model import Article, Page
from parsers import rules
from parsers.article import extract
from parsers.parts import full_page_url
from parsers.rules import Rule
from parsers.selector import Selector

ROOT = Path(__file__).resolve().parent.parent
FILES = {path.stem: path for path in sorted((ROOT / "parsers" / "sites").glob("*.toml"))}
HOSTS = sorted(rules.load().hosts)
PORTALS = ROOT.parent / "shared" / "data" / "portals.tsv"
NOW = datetime(2025, 6, 1, tzinfo=UTC)
PROSE = (
    "Warga tiga dusun membangun jembatan bambu sepanjang dua puluh meter agar anak-anak tidak lagi menyeberang sungai.",
    "Kepala dusun mengatakan pekerjaan itu selesai dalam sembilan hari, dan biayanya berasal dari iuran warga sendiri.",
    "Guru sekolah dasar setempat menyebut jumlah murid yang terlambat berkurang sejak jembatan itu dapat dilewati.",
)
STRANGE = "Kalimat ini berdiri di dalam kotak yang bukan bagian dari berita."
BESIDE = "<div><p>Kolom di samping memuat hal lain yang tidak berkaitan dengan jembatan itu.</p></div>"


@cache
def examples(name: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / "tests" / "sites" / name / "examples.toml").read_text("utf-8"))


def rule(name: str) -> Rule:
    found = rules.load()
    return (found.hosts.get(name) or found.platforms[name])[-1]


def own(name: str, field: str) -> list[Selector]:
    """The selectors that the file itself names."""
    written = tomllib.loads(FILES[name].read_text("utf-8")).get(field, [])
    return [selector for selector in getattr(rule(name), field) if selector.source in written]


# --- addresses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTS)
def test_addresses(name: str) -> None:
    found, told = rules.load(), examples(name)
    assert told["articles"]
    for url in (*told["articles"], *told["others"]):
        assert found.rule_for(url).name == name
    assert all(rule(name).is_article_url(url) for url in told["articles"])
    assert not any(rule(name).is_article_url(url) for url in told["others"])
    assert bool(told["others"]) == bool(rule(name).article_url)
    for url, form in told.get("canonical", ()):
        assert rule(name).canonical_form(url) == form
        assert rule(name).canonical_form(form) == form
    for url, whole in told.get("whole", ()):
        assert full_page_url(url, found) == whole
        assert full_page_url(whole, found) is None
    assert bool(told.get("whole")) == bool(rule(name).full_page)


def test_a_site_of_that_name_elsewhere_is_not_it() -> None:
    for name in HOSTS:
        assert rules.load().rule_for(f"https://bukan{name}/x").name != name


# --- markup -----------------------------------------------------------------------------------------------------------


def element(selector: Selector, inside: str, strange: bool = False) -> str:
    """An element that the selector means; with `strange` values, one that it does not."""
    values: dict[str, list[str]] = {}
    for name, operator, wanted in selector.tests:
        value = {"^=": f"{wanted}7", "$=": f"7{wanted}", "*=": f"7{wanted}7", "": "7"}.get(operator, wanted)
        values.setdefault(name, []).append("kata-biasa" if strange else value)
    attributes = ' lang="id"' + "".join(f' {name}="{" ".join(found)}"' for name, found in values.items())
    tag = selector.tag or "div"
    return f"<{tag}{attributes}>{inside}</{tag}>"


def paragraphs(texts: tuple[str, ...]) -> str:
    return "".join(f"<p>{text}</p>" for text in texts)


def read(name: str, body: str) -> Article:
    site = {"portal": "liputan6.com"}.get(name, name)  # one that inherits it
    url = examples(site)["articles"][0] if site in HOSTS else "https://kabar.example/jembatan/"
    url = "https://kabar.blogspot.com/2025/05/jembatan.html" if name == "blogspot.com" else url
    head = "<link href='/wp-content/x.css'>" if name == "wordpress" else ""
    return extract(Page(url, f"<html><head>{head}</head><body>{body}</body></html>".encode(), NOW), rules.load())


BODIES = [pytest.param(n, s, id=f"{n} {s.source}") for n in FILES for s in own(n, "body")]
NOISES = [pytest.param(n, s, id=f"{n} {s.source}") for n in FILES for s in own(n, "noise")]


@pytest.mark.parametrize(("name", "selector"), BODIES)
def test_a_body(name: str, selector: Selector) -> None:
    inside = paragraphs(PROSE)
    found = read(name, BESIDE + element(selector, inside) + BESIDE)
    assert found.body == "\n\n".join(PROSE)
    assert (found.rule or "").startswith(f"{name} ")
    strange = read(name, BESIDE + element(selector, inside, strange=True) + BESIDE) if selector.tests else None
    assert strange is None or not (strange.rule or "").endswith(f" {selector.source}")


@pytest.mark.parametrize(("name", "selector"), NOISES)
def test_a_noise(name: str, selector: Selector) -> None:
    begun, ended = paragraphs(PROSE[:2]), paragraphs(PROSE[2:])
    around = rule(name).body[0] if rule(name).body else Selector("article", "article", ())

    def body(strange: bool) -> str | None:
        return read(name, element(around, begun + element(selector, STRANGE, strange) + ended)).body

    assert body(strange=False) == "\n\n".join(PROSE)
    assert not selector.tests or STRANGE in (body(strange=True) or "")


def with_lines(name: str, first: list[str], last: list[str]) -> str | None:
    return read(name, element(rule(name).body[0], paragraphs((*first, *PROSE, *last)))).body


@pytest.mark.parametrize("name", [n for n in HOSTS if rule(n).openers or rule(n).closers])
def test_openers_and_closers(name: str) -> None:
    told = examples(name)
    assert told["stays"]
    assert bool(told.get("opens")) == bool(rule(name).openers)
    assert bool(told.get("closes")) == bool(rule(name).closers)
    for line in told.get("opens", ()):
        assert with_lines(name, [line], []) == "\n\n".join(PROSE)
    for line in told.get("closes", ()):
        assert with_lines(name, [], [line]) == "\n\n".join(PROSE)
    for line in told["stays"]:
        assert line in (with_lines(name, [], [line]) or "")
        assert line in (with_lines(name, [line], []) or "")


# --- time and doubt ---------------------------------------------------------------------------------------------------


def test_a_page_is_read_by_the_rule_of_its_day() -> None:
    text = "body = ['.lama']\n[[version]]\nsince = 2024-03-01\nbody = ['.baru']\nzone = 'Asia/Makassar'"
    dated = rules.build({"default": "", "a.com": text})
    html = f"<div class='lama'>{paragraphs(PROSE)}</div><div class='baru'>{paragraphs(PROSE)}</div>".encode()

    def by(at: date) -> str | None:
        return extract(Page("https://a.com/x", html, datetime(at.year, at.month, at.day, tzinfo=UTC)), dated).rule

    assert by(date(2024, 2, 29)) == "a.com .lama"
    assert dated.rule_for("https://a.com/x", at=datetime(2024, 3, 1, tzinfo=UTC)).zone == "Asia/Makassar"
    assert dated.rule_for("https://a.com/x", at=datetime(2024, 2, 29, tzinfo=UTC)).zone is None
    assert by(date(2024, 3, 1)) == "a.com .baru"


@pytest.mark.parametrize(("verified", "chosen"), [(True, "a.com .teks"), (False, "generic")])
def test_an_unverified_rule_yields_where_the_prose_is_elsewhere(verified: bool, chosen: str) -> None:
    text = f"body = ['.teks']\nverified = {str(verified).lower()}"
    found = rules.build({"default": "", "a.com": text})
    html = f"<div class='teks'>{paragraphs(PROSE)}</div><main>{paragraphs(PROSE * 4)}</main>".encode()
    assert extract(Page("https://a.com/x", html, NOW), found).rule == chosen


def test_the_address_is_brought_to_one_form() -> None:
    html = f"<div class='detail-text'>{paragraphs(PROSE * 3)}</div>".encode()
    url = "https://www.cnnindonesia.com/nasional/20240512093015-20-1097123/jembatan"
    assert extract(Page(f"{url}/2?utm_source=x", html, NOW)).canonical_url == url
    assert extract(Page(url, html, NOW)).canonical_url is None
    declared = (
        b"<link rel='canonical' href='https://www.cnnindonesia.com/nasional/20240512093015-20-1097123/jembatan?x=1'>"
    )
    assert extract(Page(url, declared + html, NOW)).canonical_url == url


# --- the portals ------------------------------------------------------------------------------------------------------

UNRULED = {"bbc.com/indonesia"}  # its text is data of a script, which no selector reaches


def test_every_portal_with_a_selector_has_a_rule() -> None:
    if not PORTALS.exists():
        pytest.skip("no ../shared here")
    with PORTALS.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    known = [
        row for row in rows if any(sign in row["body_selector"] for sign in ".#[") or row["body_selector"] == "article"
    ]
    known = [row for row in known if " " not in row["host"] and "(" not in row["host"]]
    assert len(known) >= 25
    missing = [row["host"] for row in known if row["host"] not in HOSTS and row["host"] not in UNRULED]
    assert missing == []
    for row in (row for row in known if row["host"] in HOSTS):
        found = rule(row["host"])
        assert found.body, row["host"]
        assert found.zone, row["host"]
        assert found.article_url, row["host"]
        if row["full_page"].startswith(("?page=all", "?single=1", "?showpage=all", "?view=all", "/all")):
            assert found.full_page == row["full_page"].split()[0], row["host"]
