"""The little of CSS that rules need: one compound selector, read once, matched without a CSS engine.

tag  #id  .class  [attr]  [attr=v]  [attr~=v]  [attr^=v]  [attr$=v]  [attr*=v], in any mix: div.body[itemprop~=text]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from kliping.errors import RuleError

_PART = re.compile(
    r"""(?P<tag>^[a-zA-Z][a-zA-Z0-9-]*)|\#(?P<id>[\w-]+)|\.(?P<cls>[\w-]+)
    |\[(?P<attr>[a-zA-Z][\w-]*)(?:(?P<op>[~^$*]?=)(?P<quote>["']?)(?P<value>[^\]"']+)(?P=quote))?\]""",
    re.VERBOSE,
)
_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "=": lambda have, want: have == want,
    "~=": lambda have, want: want in have.split(),
    "^=": lambda have, want: have.startswith(want),
    "$=": lambda have, want: have.endswith(want),
    "*=": lambda have, want: want in have,
}


class Selector(NamedTuple):
    """A compound selector; `source` is as written. A test is (attribute, operator, value); no operator: it is there."""

    source: str
    tag: str | None
    tests: tuple[tuple[str, str, str], ...]

    def matches(self, tag: str, attributes: Mapping[str, str | None]) -> bool:
        """Whether an element of that name and attributes is meant."""
        if self.tag is not None and tag != self.tag:
            return False
        for name, operator, wanted in self.tests:
            if name not in attributes:
                return False
            if operator and not _OPERATORS[operator](attributes[name] or "", wanted):
                return False
        return True


def compile_selector(owner: str, source: str) -> Selector:
    """Read a selector. Raises RuleError naming `owner` when it is not a compound selector."""
    tag, tests, position = None, [], 0
    while position < len(source):
        part = _PART.match(source, position)
        if part is None:
            raise RuleError(f"{owner}: {source!r} is not a selector we know (one element, no combinators)")
        tag = part["tag"] or tag
        if part["id"]:
            tests.append(("id", "=", part["id"]))
        elif part["cls"]:
            tests.append(("class", "~=", part["cls"]))
        elif part["attr"]:
            tests.append((part["attr"], part["op"] or "", part["value"] or ""))
        position = part.end()
    if tag is None and not tests:
        raise RuleError(f"{owner}: an empty selector")
    return Selector(source, tag, tuple(tests))


class Index:
    """Selectors by the class or id they ask for, so that most elements are told apart by one look into a set."""

    def __init__(self, selectors: Sequence[Selector] = ()) -> None:
        by_word: dict[str, tuple[Selector, ...]] = {}
        loose: list[Selector] = []
        for selector in selectors:
            keys = [wanted for name, how, wanted in selector.tests if (name, how) in _KEYED]
            if keys:
                by_word[keys[0]] = (*by_word.get(keys[0], ()), selector)
            else:
                loose.append(selector)
        self.by_word, self.words, self.loose = by_word, frozenset(by_word), tuple(loose)

    def find(self, tag: str, attributes: Mapping[str, str | None]) -> Selector | None:
        """A selector that matches; which one when several do is not told."""
        names, own = attributes.get("class"), attributes.get("id")
        if not (names and not self.words.isdisjoint(names.split())) and own not in self.words and not self.loose:
            return None  # as for nearly all
        words = (*(names or "").split(), own or "")
        asked = (*[each for word in words for each in self.by_word.get(word, ())], *self.loose)
        return next((selector for selector in asked if selector.matches(tag, attributes)), None)


_KEYED = frozenset((("id", "="), ("class", "~=")))
