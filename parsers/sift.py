"""From the body's container to blocks: what in it is not body leaves here, by its markup; `clean` then judges words.

Every line that leaves is told as a Removal. An element goes by a rule's selector, by what its class says, or as a
list of links; it stays when it holds so much of the prose that its name must be wrong.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from parsers import marks as mark
from parsers.block import CAPTION, CODE, HEADING, ITEM, PARAGRAPH, QUOTE, Block, Line, Link, Row, Tree
from parsers.bounds import standfirst
from parsers.content import OWN_POST, Choice, ancestors, numbers_of
from parsers.lines import normal
from parsers.links import absolute, likely_one_site
from parsers.rules import Rule
from parsers.sifted import OWN, Sifted, Unread, drop_hanging_headings, drop_tail
from parsers.sources import LONE_LABELS, REFERENCE_LABELS, is_labelled
from parsers.sums import Sums
from parsers.text import clean_text, composed
from parsers.tree import TAG_NAMES

_DOUBTED = mark.COMMENTS | mark.JUNK | mark.HIDDEN | mark.WEAK
_KEEPS = mark.POST | mark.PROPERTY | mark.BODY
_PLAIN_URL = re.compile(r"https?://[!-;=?-~]{3,2000}")
_WORDS = re.compile(r"[a-z0-9]+")
_HEADLINES = 3 * 19  # characters in links that three headlines have at least
_HEADLINE = 20  # characters that the headlines of a list have on average
_SAMPLE = 60  # characters of a line by which a copy of it is told
_SEARCHES = 100  # hidden elements of a page that are looked for within lines too: each search reads the whole page
_LABELS = 200  # ... that may stand above the first of them
_NETWORKS = mark.vocabulary(
    """facebook twitter x whatsapp telegram instagram linkedin pinterest line email e-mail wa fb tweet google+ tumblr
    threads tiktok youtube reddit messenger print cetak share bagikan copy"""
)
_SIGN_UP = re.compile(  # the letters it begins with first: addresses are long
    r"(?=[sbl#/])(?:sign-?(?:up|in)\b|\bsubscri(?:be|ption)\b|\blog-?in\b|\blangganan|\bberlangganan|#/portal"
    r"|/comments\b|#(?:comments?|respond)\b)"
)
_SIGNS = ("sign", "ubscri", "log", "angganan", "portal", "omment", "respond")
# Microdata that states a fact of the article for machines, where a page prints it.
_FACTS = mark.vocabulary(
    """publisher image logo datePublished dateModified dateCreated author mainEntityOfPage url keywords articleSection
    inLanguage headline alternativeHeadline name interactionStatistic"""
)
_LEAVES = numbers_of("p h1 h2 h3 h4 h5 h6 li blockquote pre")
_FRAMES = numbers_of("form header footer nav aside address")
_FOOTER, _LIST_ITEM = numbers_of("footer"), numbers_of("li")
_SOURCE_LABELS = LONE_LABELS | REFERENCE_LABELS
_LISTS = numbers_of("ul ol div section table dl aside nav tr tbody td")
_JUDGED = _FRAMES | _LISTS
_ASKED = frozenset((CAPTION, CODE))
_STAYS = 0.4  # share of the prose from which an element is read that the walk did not enter


def sift(tree: Tree, sums: Sums, choice: Choice, rule: Rule, base: str, beside: frozenset[int] = frozenset()) -> Sifted:
    """The container's blocks in order. `base` resolves links; `beside` are lines that stand alone with a picture."""
    return _Sifter(tree, sums, choice, rule, base, beside).run()


class _Sifter:
    def __init__(self, tree: Tree, sums: Sums, choice: Choice, rule: Rule, base: str, beside: frozenset[int]) -> None:
        self.tree, self.sums, self.choice, self.rule, self.base = tree, sums, choice, rule, base
        self.rows, self.last, self.lines, self.linked = tree.rows, tree.last, tree.lines, sums.linked
        self.out = Sifted()
        self.noise_in = rule.noise_index.find
        self.total = max(choice.prose, 1)
        self.text = sum([sums.over(sums.text, self.rows[i].first, self.last[i]) for i in choice.elements])
        self.unruled = choice.by in ("generic", "entry", OWN_POST)
        self.starts: Mapping[str, int] = {}
        self.searches = _SEARCHES
        self.why: dict[int, str] = {}
        self.posts: list[int] = []  # of the container, and the first element behind it
        self.end = 0
        self.standfirst = standfirst(tree, sums.begin) if self.unruled else -1
        self.odd = beside | {self.standfirst}

    def run(self) -> Sifted:
        for element in self.choice.elements:
            self._judge_all(element)
            self._leave_other_posts(element)
            self._emit(element)
        drop_tail(self.out)
        drop_hanging_headings(self.out)
        return self.out

    def _judge_all(self, container: int) -> None:
        """Why an element inside the container is not body: its own reason or that of what it stands in."""
        why, rows, last = self.why, self.rows, self.last
        self.posts, self.end = [], len(rows)
        for index in range(container + 1, len(rows)):
            parent, tag, attributes, marks, _, first = row = rows[index]
            if parent < container:
                self.end = index
                break
            reason = why.get(parent) if why else None
            if reason is None and (attributes or tag in _JUDGED) and (first < last[index] or self._holds(index)):
                reason = self._reason(index, row)
            if reason is not None:
                why[index] = reason
            if marks & mark.ENTRY and first < last[index]:
                self.posts.append(index)

    def _holds(self, index: int) -> bool:
        """Whether an element without text has others in it, which may be ones that were not entered."""
        return index + 1 < len(self.rows) and self.rows[index + 1].parent == index

    def _leave_other_posts(self, container: int) -> None:
        """Two or more posts after the text of the first, in it or beside it: others that the page goes on with."""
        rows, last, posts = self.rows, self.last, self.posts
        if len(posts) < 2:
            return
        begin, own_end = rows[container].first, rows[posts[0]].first
        if not any(rows[i].marks & mark.ENTRY for i in ancestors(self.tree, container)):
            begin, own_end = rows[posts[0]].first, last[posts[0]]
            posts = [i for i in posts[1:] if rows[i].first >= own_end]
        if len(posts) < 2 or self.sums.over(self.sums.prose, begin, own_end) < OWN:
            return
        for index in posts:
            self.why[index] = "another post"
            at = index + 1
            while at < self.end and rows[at].first < last[index]:
                self.why[at] = "another post"
                at += 1

    def _reason(self, index: int, row: Row) -> str | None:
        _, tag, attributes, marks, kind, first = row
        if kind is QUOTE and tag in _FOOTER:  # who is quoted
            return None
        if attributes:
            noise = self.noise_in(TAG_NAMES.get(tag, ""), attributes)
            if noise and self._share(index) < 0.6:
                return f"{self.rule.name} {noise.source}"
            if marks & _DOUBTED and (reason := self._by_marks(index, marks)):
                return reason
            if "itemprop" in attributes and attributes["itemprop"] in _FACTS and self._share(index) < 0.1:
                return f"itemprop {attributes['itemprop']}"
        if tag in _FRAMES and self._share(index) < 0.1:
            return TAG_NAMES[tag]
        if not self.unruled or tag not in _LISTS:
            return None
        last = self.last[index]
        linked = self.linked[last] - self.linked[first]
        return self._list_of_links(first, last, linked) if linked else None

    def _by_marks(self, index: int, marks: int) -> str | None:
        share = self._share(index)
        if marks & mark.COMMENTS and share < 0.5:
            return "comments"
        if marks & _KEEPS:
            return None
        if marks & mark.JUNK and share < 0.3 and not (marks & mark.KEEP and self._is_prose(index)):
            return self._word(index)
        if marks & mark.HIDDEN and share < 0.5 and not (self._is_prose(index) and not self._repeats(index)):
            return "hidden"
        if marks & mark.WEAK and not marks & mark.KEEP and share < 0.15 and self._looks_idle(index):
            return self._word(index)
        return None

    def _word(self, index: int) -> str:
        """The class or id word that condemns an element."""
        attributes = self.tree.rows[index].attributes
        for name in ("class", "id"):
            for token in (attributes.get(name) or "").split():
                if mark.of_token(token) & (mark.JUNK | mark.WEAK):
                    return f"{'.' if name == 'class' else '#'}{token}"[:80]
        return self.tree.name(index)

    def _share(self, index: int) -> float:
        prose = self.sums.prose
        return (prose[self.last[index]] - prose[self.rows[index].first]) / self.total

    def _is_prose(self, index: int) -> bool:
        """Running text from end to end, such as the later pages of an article that a script shows one by one."""
        first, last = self.rows[index].first, self.last[index]
        prose = self.sums.over(self.sums.prose, first, last)
        return prose > 120 and prose > 0.5 * self.sums.over(self.sums.text, first, last)

    def _repeats(self, index: int) -> bool:
        """Whether the element says again what stands beside it: a copy for machines."""
        first, last, lines = self.rows[index].first, self.last[index], self.lines
        sample = max((line.text for line in lines[first:last]), key=len)[:_SAMPLE]
        if not self.starts:
            self.starts = Counter(line.text[:_SAMPLE] for line in lines)
        if self.starts[sample] > sum(line.text.startswith(sample) for line in lines[first:last]):
            return True
        self.searches -= 1
        return self.searches >= 0 and any(sample in line.text for line in (*lines[:first], *lines[last:]))

    def _looks_idle(self, index: int) -> bool:
        """Links or a few words: nothing an article would say."""
        first, last = self.rows[index].first, self.last[index]
        text = self.sums.over(self.sums.text, first, last)
        linked = self.sums.over(self.sums.linked, first, last)
        return (text < 200 and self.rows[index].tag not in _LEAVES) or linked > 0.3 * text

    def _list_of_links(self, first: int, last: int, linked: int) -> str | None:
        """What sort of list of links an element is, if any: `linked` characters of its lines are in links."""
        teasers = self._is_teaser_list(first, last, linked)
        if not (teasers or self._is_link_list(first, last, linked)) or self._is_sourced(first):
            return None
        return "teaser list" if teasers else "link list"

    def _is_sourced(self, first: int) -> bool:
        """Whether "Sumber:" or "Referensi" stands right over it: links that the text names as its own."""
        label = self.lines[first - 1].text if 0 < first < len(self.lines) else ""
        return 0 < len(label) <= 24 and normal(label) in _SOURCE_LABELS

    def _is_link_list(self, first: int, last: int, linked: int) -> bool:
        text = self.sums.over(self.sums.text, first, last)
        if not text or linked < 0.6 * text or self.sums.over(self.sums.prose, first, last) or 2 * text > self.text:
            return False
        lines = self.lines[first:last]
        return sum(len(line.links) for line in lines) >= 2 and not self._leads_out(lines)

    def _leads_out(self, lines: Sequence[Line]) -> bool:
        """Whether a list points to other sites, one a line: a post of links is read for them. Names of networks and of
        partners are shorter than headlines."""
        items = [line for line in lines if line.kind is ITEM and len(line.links) == 1]
        if len(items) < len(lines) or sum(len(line.text) for line in lines) < _HEADLINE * len(lines):
            return False
        return all(_leads_away(line.links[0][1], self.base) for line in lines)

    def _is_teaser_list(self, first: int, last: int, linked: int) -> bool:
        """Three or more headlines that are links, each with at most a line or two under it."""
        sums = self.sums
        if not 3 <= last - first <= 80 or linked < _HEADLINES or 2 * sums.over(sums.text, first, last) > self.text:
            return False
        if sums.over(sums.prose, first, last) / self.total > 0.5:
            return False
        lines = self.lines[first:last]
        links = [n for n, line in enumerate(lines) if line.linked >= 0.9 * len(line.text) and len(line.text) > 8]
        headlines, most = [n for n in links if len(lines[n].text) > 20], 4
        if len(headlines) < 3 and 5 <= len(links) < len(lines):  # short ones, but more of them and closer
            headlines, most = links, 2
        if len(headlines) < 3 or headlines[0] > 3 or sum(len(line.text) for line in lines[: headlines[0]]) > _LABELS:
            return False
        gap = max(b - a for a, b in zip(headlines, (*headlines[1:], len(lines)), strict=True))
        return gap <= most and not self._leads_out(lines)

    def _emit(self, container: int) -> None:
        rows, at, last = self.rows, self.rows[container].first, self.last[container]
        for index in self.tree.pruned:
            if container < index < self.end and (before := rows[index].first) <= last:
                self._emit_lines(at, before)
                self._expand(index)
                at = before
        self._emit_lines(at, last)

    def _emit_lines(self, first: int, last: int) -> None:
        begin, end = (self.sums.begin - 1, self.sums.end) if self.unruled else (0, last)
        why, odd, lines, blocks, base = self.why, self.odd, self.lines, self.out.blocks, self.base
        top = max(first, begin)
        for line in lines[first : min(top, last)]:
            self.out.leave(line, "above the headline", gap=False)
        for number in range(top, min(end, last)):
            line = lines[number]
            if number in odd:
                self._take_odd(number)
            elif line.links or line.kind in _ASKED or (why and line.owner in why):
                self._take(line, why.get(line.owner))
            else:
                blocks.append(block_of(line, base))
        for line in lines[max(first, end) : last]:
            self.out.leave(line, "below the article", gap=False)

    def _take_odd(self, number: int) -> None:
        """A line that is told by its place."""
        line = self.lines[number]
        if number == self.standfirst:
            self.out.leave(line, "standfirst", gap=False)
        else:
            self._take(line._replace(kind=CAPTION), self.why.get(line.owner))

    def _expand(self, index: int) -> None:
        """What was not entered is body after all when it holds much of the prose; else it leaves unread."""
        why, unread = self.why.get(self.rows[index].parent), Unread(self.tree, index, len(self.out.blocks))
        if why or self.rows[index].marks & mark.COMMENTS or not unread.has_prose(_STAYS * self.total):
            self.out.left.append((why or self._word(index), unread))
            return
        self.out.expanded = True
        for line in unread.lines:
            self._take(line, None)

    def _take(self, line: Line, why: str | None) -> None:
        if line.kind is CAPTION and line.text[0] in "—–" and self._after_quote():
            line = line._replace(kind=QUOTE)  # who is quoted, set as the figure's caption
        elif line.kind is CODE and line.text.replace("\n", "").isdigit():
            why = why or "line numbers"
        why = why or (self._line_reason(line) if line.links else None)
        if why is None:
            self.out.blocks.append(block_of(line, self.base))
        else:
            self.out.leave(line, why)

    def _after_quote(self) -> bool:
        return bool(self.out.blocks) and self.out.blocks[-1].kind is QUOTE

    def _line_reason(self, line: Line) -> str | None:
        """Why a line is not body although nothing around it says so: it is nothing but links."""
        text, count = line.text, len(line.links)
        if line.linked < 0.75 * len(text) or len(text) > self.total:
            return None
        if count >= 2 and all(label.casefold() in _NETWORKS for label, _ in line.links):
            return "share links"
        if count >= 4:
            return None if is_labelled(text) else "line of links"
        if line.linked < 0.95 * len(text) or len(text) > 200:
            return None
        if _signs_up(line.links[-1][1]):
            return "sign-up"
        if text[0] in "<«‹←" or text[-1] in ">»›→":
            return "pager"
        alone = self.unruled and self.total > 1000 and " " in text and self._is_loose(line)
        return "linked line" if alone and not self._under_sources() else None

    def _under_sources(self) -> bool:
        """Whether the last line that is no link is "Sumber:" or the like."""
        last = next((block for block in reversed(self.out.blocks) if block.link_share < 0.9), None)
        return last is not None and len(last.text) <= 24 and normal(last.text) in _SOURCE_LABELS

    def _is_loose(self, line: Line) -> bool:
        """A paragraph, or a heading that is a list item: neither has a place among the sub-headings of a text."""
        if line.kind is HEADING:
            return self.rows[self.rows[line.owner].parent].tag in _LIST_ITEM
        return line.kind is PARAGRAPH


def _signs_up(href: str) -> bool:
    """Whether a link leads to a form to sign up, log in or comment; few addresses hold any word of those."""
    return any(map(href.__contains__, _SIGNS)) and _SIGN_UP.search(href) is not None


def block_of(line: Line, base: str | None) -> Block:
    """A line of the tree as a block; `base` resolves its links, without one they stay as written."""
    text, _, kind, _, links, strong, breaks = line
    return Block(
        kind,
        clean_text(text) if kind is CODE else text if text.isascii() else composed(text),
        tuple([Link(composed(label), _url(href, base)) for label, href in links]) if links else (),
        strong >= 0.9 * len(text),
        tuple(map(composed, breaks)) if breaks else (),
    )


def resolved(block: Block, base: str) -> Block:
    """A block whose links were left as written, with them resolved."""
    return replace(block, links=tuple(Link(link.text, _url(link.url or "", base)) for link in block.links))


def _leads_away(url: str, base: str) -> bool:
    try:
        return url.startswith("http") and base.startswith("http") and not likely_one_site(url, base)
    except ValueError:
        return False


def _url(href: str, base: str | None) -> str | None:
    if not href or base is None:
        return href or None
    return href if _PLAIN_URL.fullmatch(href) else absolute(href, base)
