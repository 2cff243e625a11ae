"""Rules as data: where a site keeps its text and what stands in it that is not text.

    sites/*.toml --load--> Rules --rule_for(url, platform, at)--> Rule (site's own, else its platform's, else default)

A file is one host ("detik.com" also rules news.detik.com) or one platform. A rule inherits what it does not say. Dated
versions of a rule follow each other under [[version]]; the latest whose `since` is not after the page counts. A rule
with `verified = false` has never met a real page, so it yields to generic scoring where the two disagree.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from functools import lru_cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kliping.errors import RuleError
from parsers.links import host_of
from parsers.selector import Index, Selector, compile_selector

PLATFORMS = ("blogspot.com", "wordpress")
_LISTS = ("body", "noise", "openers", "closers")
_TEXTS = ("full_page", "zone", "canonical", "article_url", "inherits")


@dataclass(frozen=True, slots=True)
class Rule:
    """What is known of one host or platform. `body` selectors stand in order of trust.

    `deepest` takes the innermost of nested matches that still holds most of the text. `zone` is the IANA zone of times
    without offset, `full_page` what asks for all pages at once ("?page=all", "/all"), `article_url` a pattern.
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
    canonical: str | None = None
    article_url: str | None = None
    inherits: str | None = None
    since: date | None = None
    noise_index: Index = field(default_factory=Index, compare=False, repr=False)

    def noise_in(self, tag: str, attributes: Mapping[str, str | None]) -> Selector | None:
        """The selector by which an element is noise."""
        return self.noise_index.find(tag, attributes)


@dataclass(frozen=True)
class Rules:
    """All rules, by host and by platform; the versions of each in order of their dates."""

    hosts: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    platforms: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)

    def rule_for(self, url: str | None, platform: str | None = None, at: datetime | None = None) -> Rule:
        """The rule for a page at `url`, on `platform`, as of `at`."""
        own = next((self.hosts[name] for name in _names(url) if name in self.hosts), None)
        platform = platform or next((name for name in _names(url) if name in PLATFORMS), "default")
        versions = own or self.platforms.get(platform) or (Rule(),)
        return _as_of(versions, at)


def load(site_rules: bool = True) -> Rules:
    """The rules that come with kliping; without `site_rules` only those of platforms. Raises RuleError."""
    return _packaged() if site_rules else replace(_packaged(), hosts={})


@lru_cache(maxsize=1)
def _packaged() -> Rules:
    folder = resources.files("parsers").joinpath("sites")
    texts = {entry.name.removesuffix(".toml"): entry.read_text("utf-8") for entry in folder.iterdir()}
    return build({name: text for name, text in texts.items() if not name.startswith("_")})


def build(texts: Mapping[str, str]) -> Rules:
    """Rules from TOML texts by name. Raises RuleError naming file and field."""
    raw = {name: _parse(name, text) for name, text in texts.items()}
    ready = {name: _versions(name, raw, ()) for name in sorted(raw)}
    platforms = {name: rules for name, rules in ready.items() if name in (*PLATFORMS, "default")}
    return Rules({name: rules for name, rules in ready.items() if name not in platforms}, platforms)


def _names(url: str | None) -> Iterable[str]:
    """The host and the domains it stands under."""
    try:
        host = host_of(url) if url else ""
    except ValueError:
        host = ""
    parts = host.partition(":")[0].split(".")
    return (".".join(parts[n:]) for n in range(len(parts) - 1))


def _as_of(versions: tuple[Rule, ...], at: datetime | None) -> Rule:
    if at is None or len(versions) == 1:
        return versions[-1]
    past = [rule for rule in versions if rule.since is None or rule.since <= at.date()]
    return past[-1] if past else versions[0]


def _parse(name: str, text: str) -> dict[str, Any]:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RuleError(f"{name}: {error}") from None
    known = {f.name for f in fields(Rule)} - {"name", "noise_index"} | {"version"}
    for unknown in sorted(set(table) - known):
        raise RuleError(f"{name}: unknown field {unknown}")
    return table


def _versions(name: str, raw: Mapping[str, dict[str, Any]], seen: tuple[str, ...]) -> tuple[Rule, ...]:
    if name in seen:
        raise RuleError(f"{name}: inherits from itself through {', '.join(seen)}")
    if name not in raw:
        raise RuleError(f"{seen[-1] if seen else name}: inherits from {name}, which is not there")
    table = raw[name]
    parent = table.get("inherits", None if name == "default" else "default" if "default" in raw else None)
    base = replace(_versions(parent, raw, (*seen, name))[-1], since=None) if parent else Rule()
    base = _apply(name, base, {key: value for key, value in table.items() if key != "version"})
    later = table.get("version", [])
    if not isinstance(later, list):
        raise RuleError(f"{name}: version must be a list of tables")
    return tuple(sorted((base, *(_apply(name, base, t) for t in later)), key=lambda rule: rule.since or date.min))


def _apply(name: str, base: Rule, table: Mapping[str, Any]) -> Rule:
    values: dict[str, Any] = {key: _checked(name, key, value) for key, value in table.items()}
    if "noise" in values:
        values["noise"] = (*values["noise"], *(s for s in base.noise if s not in values["noise"]))
    rule = replace(base, name=name, **{"verified": True, **values}) if table else replace(base, name=name)
    return replace(rule, noise_index=Index(rule.noise))


def _checked(name: str, key: str, value: object) -> object:
    if key in _LISTS:
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise RuleError(f"{name}: {key} must be a list of strings")
        return tuple(compile_selector(name, v) for v in value) if key in ("body", "noise") else tuple(value)
    if key in _TEXTS and not isinstance(value, str):
        raise RuleError(f"{name}: {key} must be a string")
    if key in ("verified", "deepest") and not isinstance(value, bool):
        raise RuleError(f"{name}: {key} must be true or false")
    if key == "since" and not (isinstance(value, date) and not isinstance(value, datetime)):
        raise RuleError(f"{name}: since must be a date")
    _check_meaning(name, key, value)
    return value


def _check_meaning(name: str, key: str, value: object) -> None:
    try:
        if key == "zone":
            ZoneInfo(str(value))
        elif key == "article_url":
            re.compile(str(value))
    except (ZoneInfoNotFoundError, ValueError, re.error) as error:
        raise RuleError(f"{name}: {key}: {error}") from None
