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
    assert set(found.platforms) == {"default", "blogspot.com", "wordpress"}
    for rule in (rule for versions in found.hosts.values() for rule in versions):
        assert not rule.article_url or re.compile(rule.article_url)


def test_hosts_can_be_left_out_while_platforms_stay() -> None:
    bare = rules.load(site_rules=False)
    assert bare.rule_for("https://news.detik.com/x").name == "default"
    assert bare.rule_for("https://a.blogspot.com/x").name == "blogspot.com"


@pytest.mark.parametrize(
    ("url", "platform", "name"),
    [
        ("https://news.detik.com/berita/d-1/x", None, "detik.com"),
        ("https://bukandetik.com/x", None, "default"),
        ("https://kabar.blogspot.com/2019/x.html", None, "blogspot.com"),
        ("https://kabar.example/x", "wordpress", "wordpress"),
        ("https://www.balipost.com/x", "wordpress", "balipost.com"),
        (None, None, "default"),
        ("not a url", None, "default"),
    ],
)
def test_which_rule(url: str | None, platform: str | None, name: str) -> None:
    assert rules.load().rule_for(url, platform).name == name


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


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("bodi = []", "a.com: unknown field bodi"),
        ('body = "x"', "a.com: body must be a list of strings"),
        ('body = ["div > p"]', "a.com: 'div > p' is not a selector we know"),
        ('zone = "Asia/Bandung"', "a.com: zone"),
        ('article_url = "("', "a.com: article_url"),
        ('inherits = "b.com"', "inherits from b.com, which is not there"),
        ('inherits = "a.com"', "a.com: inherits from itself"),
        ('verified = "yes"', "a.com: verified must be true or false"),
        ('[[version]]\nsince = "2024"', "a.com: since must be a date"),
        ("body = [", "a.com: "),
    ],
)
def test_faults_are_named(text: str, complaint: str) -> None:
    with pytest.raises(RuleError, match=re.escape(complaint)):
        build(a_com=text)


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
