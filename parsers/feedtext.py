"""Cheap measures of a feed's own text, enough to judge whether it stands for the page. No parsing: tags are skipped."""

from __future__ import annotations

import re

from parsers.text import clean_line

# Possessive and without `<` inside a tag: a text of nothing but `<` or `<script>` is read once.
_DROPPED = re.compile(r"<(script|style)\b[^<>]*+>(?:[^<]++|<(?!/\1\b))*+(?:</\1[^<>]*+>)?", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*+>")
_WORD = re.compile(r"\w+")
_TAIL = 200  # characters: a read-more call stands at the very end
_READS_ON = re.compile(
    r"(\[\s*(\.\.\.|…|&hellip;)\s*\]|(\.\.\.|…)"
    r"|(\.\.\.|…|\[|\()?\s*(baca selengkapnya|selengkapnya|lanjutkan membaca|baca lebih lanjut|terus membaca"
    r"|continue reading|read more|read the full (story|article))\b[^.!?]{0,80})\W*$",
    re.IGNORECASE,
)
_POST_FOOTER = re.compile(r"\s*the post .{1,300} (first )?appeared first on .{1,100}$", re.IGNORECASE)


def plain(fragment: str) -> str:
    """The text of an HTML fragment on one line."""
    from html import unescape  # late: its table of 2,231 names is of no use to a page without a feed

    return clean_line(unescape(_TAG.sub(" ", _DROPPED.sub(" ", fragment))))


def plain_length(fragment: str) -> int:
    """Characters of text in an HTML fragment."""
    return len(plain(fragment))


def reads_on(fragment: str) -> bool:
    """Whether the text ends in a call to read the rest elsewhere."""
    text = plain(fragment)
    return bool(_READS_ON.search(_POST_FOOTER.sub("", text[-600:])[-_TAIL:]))


def same_words(first: str, second: str) -> bool:
    """Whether two fragments say the same."""
    return _words(plain(first)) == _words(plain(second))


def covers(feed_body: str, page_body: str) -> bool:
    """Whether the feed's cleaned text holds what the page's cleaned text says.

    At least nine tenths of the page's words, in their number, stand in the feed's: a teaser does not, and a page that
    adds a line or two to the same article does.
    """
    page = _counts(page_body)
    feed = _counts(feed_body)
    held = sum(min(count, feed.get(word, 0)) for word, count in page.items())
    return bool(page) and held >= 0.9 * sum(page.values())


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _counts(text: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for word in _words(text):
        counts[word] = counts.get(word, 0) + 1
    return counts
