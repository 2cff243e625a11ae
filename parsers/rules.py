"""Rules as data: where a site keeps its text and what stands in it that is not text.

    sites/*.toml --load--> Rules --rule_for(url, page, at)--> Rule (site's own, else its platform's, else default)

A file is one host ("detik.com" also rules news.detik.com), one platform, or what hosts have in common ("portal": a
name without a dot). A rule inherits what it does not say; its noise and canonical forms are added to those inherited.
Dated versions of a rule follow each other under [[version]]; the latest whose `since` is not after the page counts. A
rule with `verified = false` has never met a real page, so it yields to generic scoring where the two disagree.

Files are read when their rules are first asked for, since most pages need few of them; `Rules.check` reads all. Every
fault is one line, `FILE: FIELD: what is wrong`; the service checks before anything starts.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from functools import cache
from typing import Any, TypeVar
from urllib.parse import urlsplit

from kliping.errors import RuleError
from parsers import packaged
from parsers.links import host_of
from parsers.platforms import detect
from parsers.selector import Index, Selector, compile_selector
from parsers.zones import is_zone

T = TypeVar("T")

PLATFORMS = ("blogspot.com", "wordpress")
_LISTS = ("body", "noise", "openers", "closers")
_TEXTS = ("full_page", "zone", "article_url", "inherits")


@dataclass(frozen=True, slots=True)
class Rule:
    """What is known of one host or platform. `body` selectors stand in order of trust.

    `deepest` takes the innermost of nested matches that still holds most of the text. `zone` is the IANA zone of times
    without offset, `full_page` what asks for all pages at once ("?page=all", "/all"), `article_url` a pattern of paths,
    `canonical` (pattern, replacement) pairs that bring the address of an article to one form.
    """

    name: str = "default"
    verified: bool = True
    deepest: bool = False
    body: tuple[Selector, ...] = ()
    noise: tuple[Selector, ...] = ()
    openers: tuple[str, ...] = ()
    closers: tuple[str, ...] = ()
    full_page: str | None = None
    zone: str | None = None
    canonical: tuple[tuple[str, str], ...] = ()
    article_url: str | None = None
    inherits: str | None = None
    since: date | None = None
    noise_index: Index = field(default_factory=Index, compare=False, repr=False)

    def is_article_url(self, url: str) -> bool:
        """Whether an address has the form of the site's articles; True where no form is known."""
        try:
            return self.article_url is None or re.search(self.article_url, urlsplit(url).path) is not None
        except ValueError:
            return False

    def canonical_form(self, url: str) -> str:
        """The one address of the article at `url`; `url` itself where no form is known or it is no article's."""
        if not self.canonical or not self.is_article_url(url):
            return url
        for pattern, replacement in self.canonical:
            url = re.sub(pattern, replacement, url, count=1)
        return url


@dataclass(frozen=True)
class Rules:
    """All rules, by host and by platform; the versions of each in order of their dates."""

    hosts: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    platforms: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)

    def rule_for(self, url: str | None, page: bytes = b"", at: datetime | None = None) -> Rule:
        """The rule as of `at` for a page: its site's own, else its platform's, told by the address or the bytes."""
        names = _names(url)
        versions = next((self.hosts[name] for name in names if name in self.hosts), None)
        if versions is None:
            platform = next((name for name in names if name in PLATFORMS), None) or detect(page) or "default"
            versions = self.platforms.get(platform) or (Rule(),)
        return _as_of(versions, at)

    def check(self) -> Rules:
        """These rules, once all of them have been read. Raises RuleError."""
        for _ in (*self.platforms.values(), *self.hosts.values()):
            pass
        return self


class _Late(Mapping[str, T]):
    """What has a name, each made when it is first asked for."""

    def __init__(self, names: Iterable[str], make: Callable[[str], T]) -> None:
        self._names, self._make = dict.fromkeys(sorted(names)), cache(make)

    def __getitem__(self, name: str) -> T:
        if name not in self._names:
            raise KeyError(name)
        return self._make(name)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def load(site_rules: bool = True) -> Rules:
    """The rules that come with kliping, unchecked; without `site_rules` only those of platforms."""
    return _packaged() if site_rules else replace(_packaged(), hosts={})


def load_with(texts: Mapping[str, str]) -> Rules:
    """The rules that come with kliping and others, given as TOML by file name without its ending. Raises RuleError."""
    return build({**{name: _packaged_text(name) for name in _packaged_names()}, **texts}) if texts else _packaged()


@cache
def _packaged() -> Rules:
    return _read(_packaged_names(), _packaged_text)


def _packaged_names() -> list[str]:
    return [name.removesuffix(".toml") for name in packaged.names("sites") if name.endswith(".toml")]


def _packaged_text(name: str) -> str:
    try:
        return packaged.text(f"sites/{name}.toml")
    except UnicodeDecodeError as error:
        raise RuleError(f"{name}.toml: not UTF-8: {error}") from None


def build(texts: Mapping[str, str]) -> Rules:
    """Rules from TOML texts by file name without its ending. Raises RuleError naming file and field."""
    return _read(texts, texts.__getitem__).check()


def _read(names: Iterable[str], text_of: Callable[[str], str]) -> Rules:
    """The rules of files of these names."""
    raw = _Late(names, lambda name: _parse(name, text_of(name)))
    platforms = {name for name in raw if name in PLATFORMS or "." not in name}

    def versions(name: str) -> tuple[Rule, ...]:
        return _versions(name, raw, ())

    return Rules(_Late(set(raw) - platforms, versions), _Late(platforms, versions))


def _names(url: str | None) -> list[str]:
    """The host and the domains it stands under."""
    try:
        host = host_of(url) if url else ""
    except ValueError:
        host = ""
    parts = host.partition(":")[0].split(".")
    return [".".join(parts[n:]) for n in range(len(parts) - 1)]


def _as_of(versions: tuple[Rule, ...], at: datetime | None) -> Rule:
    if at is None or len(versions) == 1:
        return versions[-1]
    past = [rule for rule in versions if rule.since is None or rule.since <= at.date()]
    return past[-1] if past else versions[0]


def _parse(name: str, text: str) -> dict[str, Any]:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RuleError(f"{name}.toml: {error}") from None
    _only_known(f"{name}.toml", table, {*_FIELDS, "version"})
    return table


def _only_known(where: str, table: Mapping[str, Any], known: set[str]) -> None:
    for unknown in sorted(set(table) - known):
        raise RuleError(f"{where}: {unknown}: there is no such field")


def _versions(name: str, raw: Mapping[str, dict[str, Any]], seen: tuple[str, ...]) -> tuple[Rule, ...]:
    if name in seen:
        raise RuleError(f"{name}.toml: inherits: from itself through {', '.join(seen)}")
    if name not in raw:
        raise RuleError(f"{seen[-1] if seen else name}.toml: inherits: there is no {name}.toml")
    table = raw[name]
    parent = table.get("inherits", None if name == "default" else "default" if "default" in raw else None)
    if not isinstance(parent, str | None):
        raise RuleError(f"{name}.toml: inherits: must be a string")
    base = replace(_versions(parent, raw, (*seen, name))[-1], since=None) if parent else Rule()
    base = _apply(name, f"{name}.toml", base, {key: value for key, value in table.items() if key != "version"})
    later = table.get("version", [])
    if not isinstance(later, list) or not all(isinstance(each, dict) for each in later):
        raise RuleError(f"{name}.toml: version: must be tables, [[version]]")
    found = [base, *(_version(name, number, base, each) for number, each in enumerate(later, 1))]
    found.sort(key=lambda rule: rule.since or date.min)
    if len({rule.since for rule in found}) < len(found):
        raise RuleError(f"{name}.toml: version: two of them have the same since")
    return tuple(found)


def _version(name: str, number: int, base: Rule, table: Mapping[str, Any]) -> Rule:
    """A later version: what it does not say it has from the file's own fields."""
    where = f"{name}.toml: version {number}"
    _only_known(where, table, _FIELDS - {"inherits"})
    if "since" not in table:
        raise RuleError(f"{where}: since: is missing")
    return _apply(name, where, base, {"verified": base.verified, **table})


def _apply(name: str, where: str, base: Rule, table: Mapping[str, Any]) -> Rule:
    values: dict[str, Any] = {key: _checked(f"{where}: {key}", key, value) for key, value in table.items()}
    for key in ("noise", "canonical"):
        if key in values:
            values[key] = tuple(dict.fromkeys((*values[key], *getattr(base, key))))
    rule = replace(base, name=name, **{"verified": True, **values}) if table else replace(base, name=name)
    return replace(rule, noise_index=Index(rule.noise))


def _checked(where: str, key: str, value: object) -> object:
    """The value as a Rule holds it. Raises RuleError that begins with `where`."""
    if key in _LISTS:
        if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
            raise RuleError(f"{where}: must be a list of strings")
        return tuple(compile_selector(where, v) for v in value) if key in ("body", "noise") else tuple(value)
    if key == "canonical":
        return _pairs(where, value)
    if key in _TEXTS and not (isinstance(value, str) and value.strip()):
        raise RuleError(f"{where}: must be a string")
    if key in ("verified", "deepest") and not isinstance(value, bool):
        raise RuleError(f"{where}: must be true or false")
    if key == "since" and not (isinstance(value, date) and not isinstance(value, datetime)):
        raise RuleError(f"{where}: must be a date, as 2024-03-01")
    if key == "full_page" and not re.match(r"\?\w+=\w|/\w", str(value)):
        raise RuleError(f"{where}: must be a query as ?page=all or a path as /all")
    _check_meaning(where, key, value)
    return value


def _pairs(where: str, value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, list):
        raise RuleError(f"{where}: must be a list of [pattern, replacement]")
    pairs = []
    for pair in value:
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(text, str) for text in pair):
            raise RuleError(f"{where}: must be a list of [pattern, replacement]")
        try:
            re.sub(pair[0], pair[1], "")
        except (re.error, IndexError) as error:
            raise RuleError(f"{where}: {error}") from None
        pairs.append((pair[0], pair[1]))
    return tuple(pairs)


def _check_meaning(where: str, key: str, value: object) -> None:
    try:
        if key == "article_url":
            re.compile(str(value))
    except re.error as error:
        raise RuleError(f"{where}: {error}") from None
    if key == "zone" and not is_zone(str(value)):
        raise RuleError(f"{where}: there is no zone {value}")


_FIELDS = {each.name for each in fields(Rule)} - {"name", "noise_index"}
