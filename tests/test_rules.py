"""Rules as data: loading, inheritance, dates, selectors, and every fault with its file and field."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from kliping.errors import RuleError
from parsers import rules
from parsers.platforms import detect
from parsers.selector import Index, compile_selector

DEFAULT = 'noise = [".iklan"]'


def build(**files: str) -> rules.Rules:
    return rules.build({"default": DEFAULT} | {name.replace("_", "."): text for name, text in files.items()})


def test_the_packaged_rules_load() -> None:
    found = rules.load()
    assert len(found.hosts) >= 30
    assert set(found.platforms) == {"default", "blogspot.com", "wordpress", "portal"}
    assert {rule.name for versions in found.hosts.values() for rule in versions} == set(found.hosts)


def test_a_rule_is_read_when_it_is_asked_for() -> None:
    read: list[str] = []

    def text_of(name: str) -> str:
        read.append(name)
        return {"a.com": "zone = 7", "b.com": "", "default": ""}[name]

    found = rules._read(["a.com", "b.com", "default"], text_of)
    assert (found.rule_for("https://b.com/x").name, read) == ("b.com", ["b.com", "default"])
    with pytest.raises(RuleError, match=r"^a\.com\.toml: zone: "):
        found.check()
    assert sorted(read) == ["a.com", "b.com", "default"]


def test_hosts_can_be_left_out_while_platforms_stay() -> None:
    bare = rules.load(site_rules=False)
    assert bare.rule_for("https://news.detik.com/x").name == "default"
    assert bare.rule_for("https://a.blogspot.com/x").name == "blogspot.com"


WORDPRESS = b"<img src=/wp-content/uploads/sawah.jpg>"


@pytest.mark.parametrize(
    ("url", "page", "name"),
    [
        ("https://news.detik.com/berita/d-1/x", b"", "detik.com"),
        ("https://bukandetik.com/x", b"", "default"),
        ("https://kabar.blogspot.com/2019/x.html", b"", "blogspot.com"),
        ("https://kabar.blogspot.com/2019/x.html", WORDPRESS, "blogspot.com"),  # it shows pictures of a friend's
        ("https://kabar.example/x", WORDPRESS, "wordpress"),
        ("https://www.balipost.com/x", WORDPRESS, "balipost.com"),
        (None, b"", "default"),
        (None, WORDPRESS, "wordpress"),
        ("not a url", b"", "default"),
    ],
)
def test_which_rule(url: str | None, page: bytes, name: str) -> None:
    assert rules.load().rule_for(url, page).name == name


def test_inheritance() -> None:
    found = build(wordpress='body = [".entry-content"]', a_com='inherits = "wordpress"\nnoise = [".b"]')
    rule = found.rule_for("https://a.com/x")
    assert [s.source for s in rule.body] == [".entry-content"]
    assert [s.source for s in rule.noise] == [".b", ".iklan"]


def test_versions_by_date() -> None:
    found = build(a_com='body = [".lama"]\n[[version]]\nsince = 2024-03-01\nbody = [".baru"]')

    def body(year: int) -> str:
        return found.rule_for("https://a.com/x", at=datetime(year, 1, 1, tzinfo=UTC)).body[0].source

    assert (body(2020), body(2025)) == (".lama", ".baru")
    assert found.rule_for("https://a.com/x").body[0].source == ".baru"


def test_a_later_version_is_as_verified_as_its_file() -> None:
    found = build(a_com="verified = false\n[[version]]\nsince = 2024-03-01\nnoise = ['.b']").rule_for("https://a.com/x")
    assert (found.verified, [s.source for s in found.noise]) == (False, [".b", ".iklan"])


def test_canonical_forms_are_added_to_those_inherited_and_leave_other_pages_alone() -> None:
    found = build(
        portal="canonical = [['[?].*', '']]",
        a_com="inherits = 'portal'\narticle_url = '/read/'\ncanonical = [['/amp/', '/']]",
    ).rule_for("https://a.com/x")
    assert found.canonical_form("https://a.com/amp/read/1?page=2") == "https://a.com/read/1"
    assert found.canonical_form("https://a.com/amp/indeks?page=2") == "https://a.com/amp/indeks?page=2"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("bodi = []", "bodi: there is no such field"),
        ('body = "x"', "body: must be a list of strings"),
        ('noise = [" "]', "noise: must be a list of strings"),
        ('body = ["div > p"]', "body: 'div > p' is not a selector we know"),
        ('zone = "Asia/Bandung"', "zone: "),
        ("zone = 7", "zone: must be a string"),
        ('article_url = "("', "article_url: "),
        ('full_page = "page=all"', "full_page: must be a query as ?page=all or a path as /all"),
        ('canonical = "x"', "canonical: must be a list of [pattern, replacement]"),
        ('canonical = [["x"]]', "canonical: must be a list of [pattern, replacement]"),
        ('canonical = [["(", ""]]', "canonical: "),
        ("canonical = [['x', '\\1']]", "canonical: invalid group reference"),
        ('inherits = "b.com"', "inherits: there is no b.com.toml"),
        ('inherits = "a.com"', "inherits: from itself"),
        ("inherits = 1", "inherits: must be a string"),
        ('verified = "yes"', "verified: must be true or false"),
        ('[[version]]\nsince = "2024"', "version 1: since: must be a date"),
        ("[[version]]\nbody = []", "version 1: since: is missing"),
        ("[[version]]\nsince = 2024-01-01\nbodi = []", "version 1: bodi: there is no such field"),
        ('[[version]]\nsince = 2024-01-01\ninherits = "b.com"', "version 1: inherits: there is no such field"),
        (
            "[[version]]\nsince = 2024-01-01\n[[version]]\nsince = 2024-01-01",
            "version: two of them have the same since",
        ),
        ("version = 3", "version: must be tables"),
        ("body = [", ""),
    ],
)
def test_faults_are_named(text: str, complaint: str) -> None:
    with pytest.raises(RuleError, match=re.escape(f"a.com.toml: {complaint}")) as caught:
        build(a_com=text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("selector", "tag", "attributes", "matches"),
    [
        ("div.a", "div", {"class": "b a"}, True),
        ("div.a", "p", {"class": "a"}, False),
        (".a.b", "p", {"class": "a"}, False),
        ("#x", "p", {"id": "x"}, True),
        ("[itemprop~=articleBody]", "p", {"itemprop": "description articleBody"}, True),
        ("[id^=post-body-]", "p", {"id": "post-body-1"}, True),
        ("[class*=ads-]", "p", {"class": "x-ads-y"}, True),
        ("[data-x]", "p", {"data-x": None}, True),
        ("[data-x='a b']", "p", {"data-x": "a b"}, True),
        ("p", "p", {}, True),
    ],
)
def test_selectors(selector: str, tag: str, attributes: dict[str, str | None], matches: bool) -> None:
    compiled = compile_selector("a.com", selector)
    assert compiled.matches(tag, attributes) is matches
    assert (Index([compiled]).find(tag, attributes) is compiled) is matches


@pytest.mark.parametrize(
    ("html", "platform"),
    [
        (b"<link href='/wp-content/themes/x/style.css'>", "wordpress"),
        (b"<meta content='blogger' name='generator'/><div class='post-body'>", "blogspot.com"),
        (b"<a href='https://teman.blogspot.com/'>blog teman</a>", None),
        (b"", None),
    ],
)
def test_platforms(html: bytes, platform: str | None) -> None:
    assert detect(html) == platform
