"""The first letters by which most lines are spared a pattern: every pattern's own are among them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import import_module
from typing import Any

import pytest

from parsers import captions, lastlines, patterns, people, sifted, sources

PARSER: Any = import_module("re._parser")
ANY = "?"  # any one of many characters
DEPTH = 7  # characters from the beginning of a line


def beginnings(parsed: Iterable[tuple[Any, Any]]) -> set[str]:
    """The first characters of what the parts of a pattern match, one after another."""
    found = {""}
    for operator, value in parsed:
        parts = of_part(str(operator), value)
        found = {(begin + part)[:DEPTH] for begin in found for part in parts}
    return found


def of_part(operator: str, value: Any) -> set[str]:
    if operator == "LITERAL":
        return {chr(value)}
    if operator == "IN":
        listed = all(str(kind) == "LITERAL" for kind, _ in value)
        return {chr(code) for _, code in value} if listed else {ANY}
    if operator == "BRANCH":
        return set().union(*map(beginnings, value[1]))
    if operator == "SUBPATTERN":
        return beginnings(value[3])
    if operator in ("MAX_REPEAT", "MIN_REPEAT"):
        return repeated(beginnings(value[2]), value[0], min(value[1], value[0] + DEPTH))
    return {""} if operator in ("AT", "ASSERT", "ASSERT_NOT") else {ANY}


def repeated(once: set[str], least: int, most: int) -> set[str]:
    last, found = {""}, {""} if least == 0 else set[str]()
    for count in range(1, most + 1):
        last = {(begin + part)[:DEPTH] for begin in last for part in once}
        found |= last if count >= least else set()
    return found


def first_letters(pattern: re.Pattern[str], marks: str) -> set[str]:
    """The first three of what it matches, without the marks that may stand before them."""
    found = beginnings(PARSER.parse(pattern.pattern, pattern.flags))
    return {begin.casefold().lstrip(marks)[:3] for begin in found}


SOURCE_MARKS = "[(*•-–—~» "
NO_WORDS = {"wem", "wep", "weu"}  # behind "we" a word ends
GUARDED = (
    (sources._NOTICE, "([*", sources._NOTICE_BEGINS),
    (sources._LABEL, SOURCE_MARKS, sources._BEGIN),
    (sources._TAKEN, "", sources._BEGIN),
    (sources._ORIGINAL, "", sources._BEGIN),
    (sources._VARIOUS, "", sources._BEGIN),
    (captions._LABEL, ANY, captions._LABELS_BEGIN),
    (sifted._TAIL, "", sifted._TAIL_BEGINS),
    (patterns._WHOLE, "(", patterns._WHOLE_BEGINS),
    (lastlines._NEIGHBOUR, "←«‹⟵ ", lastlines._NEIGHBOUR_BEGINS),
)


@pytest.mark.parametrize(("pattern", "marks", "known"), GUARDED, ids=lambda value: "")
def test_no_pattern_is_spared_a_line_it_may_take(pattern: re.Pattern[str], marks: str, known: frozenset[str]) -> None:
    told = {letters for letters in first_letters(pattern, marks) if not letters.startswith(ANY)}
    assert len(told) > 3
    assert {letters for letters in told if letters.replace(ANY, " ") not in known} <= NO_WORDS


def test_photo_credits_begin_with_few_letters() -> None:
    told = {letters[:1] for letters in first_letters(people._PHOTO_CREDIT, "") if letters[:1] != ANY}
    assert told < people._PHOTO_BEGINS
