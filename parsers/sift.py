"""From the body's container to blocks: what in it is not body leaves here, by its markup; `clean` then judges words.

Every line that leaves is returned as a Removal. An element goes by a rule's selector, by what its class says, or as a
list of links; it stays when it holds so much of the prose that its name must be wrong.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from kliping.model import Removal
from parsers import marks as mark
from parsers.block import CAPTION, CELL, CODE, HEADING, ITEM, PARAGRAPH, QUOTE, Block, Line, Link
from parsers.bounds import AROUND, counts_comments, goes_on, heads_comments, reads_on, standfirst
from parsers.content import OWN_POST, Choice, Sums, ancestors, prose_of
from parsers.lines import normal
from parsers.links import absolute, likely_one_site
from parsers.rules import Rule
from parsers.sources import LONE_LABELS, REFERENCE_LABELS, is_labelled
from parsers.text import clean_spaced, clean_text
from parsers.tree import TAG_NAMES, Tree, expand

STEP = "markup"
_KEEPS = mark.POST | mark.PROPERTY | mark.BODY
_PLAIN_URL = re.compile(r"https?://[!-;=?-~]{3,2000}")
_WORDS = re.compile(r"[a-z0-9]+")
_OWN = 150  # characters of its own that a post has before others follow within it
_HEADLINES = 3 * 19  # characters in links that three headlines have at least
_HEADLINE = 20  # characters that the headlines of a list have on average
_SAMPLE = 60  # characters of a line by which a copy of it is told
_SEARCHES = 100  # hidden elements of a page that are looked for within lines too: each search reads the whole page
_LABELS = 200  # ... that may stand above the first of them
_HANGING = 2  # headings in a row with nothing under them
_TAIL_FROM = 0.6  # share of the text before a closing label
_ENGLISH_TAIL = (
    r"you (?:may|might) also (?:like|enjoy)|read (?:next|also|more)|see also|up next|about the author"
    r"|what to read next|more .{1,40} (?:stories|news|articles|coverage|headlines)"
    r"|(?:related|more|other|latest|popular|trending|recommended)(?: (?:news|stories|articles|posts|coverage|reading"
    r"|links|topics|headlines|content|videos?|from|in|on|by)(?: .{1,40})?)?"
    r"|(?:leave a |post a |add a |view |show |all )?(?:comments?|reply|replies)|comments? \(\d+\)|\d+ comments?"
)
_INDONESIAN_TAIL = (
    r"(?:berita|artikel|pos|postingan|tulisan|baca|konten|posting|video|topik) (?:terkait|lainnya|lain|populer"
    r"|terpopuler|terbaru|rekomendasi|pilihan)|(?:berita|artikel|kabar|tulisan) .{1,30} (?:lainnya|terkait|terbaru)"
    r"|rekomendasi(?: (?:untuk anda|berita))?|terpopuler|baca juga|lihat juga"
    r"|(?:tentang|profil|biodata|sekilas(?: tentang)?) (?:si )?penulis"
    r"|tinggalkan (?:balasan|komentar)|komentar(?: pembaca)?|tag(?: terkait)?|topik terkait"
)
_TAIL = re.compile(rf"(?:{_ENGLISH_TAIL}|{_INDONESIAN_TAIL})\s*[:.…!?»>]*", re.IGNORECASE)
# Labels that also stand in the middle of a text, over one link or a few.
_INSET = re.compile(
    r"(?:read (?:next|also|more)|see also|(?:baca|lihat) juga|rekomendasi"
    r"|(?:berita|artikel|pos|postingan|tulisan|video|topik) (?:terkait|lainnya|lain|pilihan))\s*[:.…!?»>]*",
    re.IGNORECASE,
)
_NETWORKS = mark.vocabulary(
    """facebook twitter x whatsapp telegram instagram linkedin pinterest line email e-mail wa fb tweet google+ tumblr
    threads tiktok youtube reddit messenger print cetak share bagikan copy"""
)
_SIGN_UP = re.compile(  # the letters it begins with first: addresses are long
    r"(?=[sbl#/])(?:sign-?(?:up|in)\b|\bsubscri(?:be|ption)\b|\blog-?in\b|\blangganan|\bberlangganan|#/portal"
    r"|/comments\b|#(?:comments?|respond)\b)"
)
# Microdata that states a fact of the article for machines, where a page prints it.
_FACTS = mark.vocabulary(
    """publisher image logo datePublished dateModified dateCreated author mainEntityOfPage url keywords articleSection
    inLanguage headline alternativeHeadline name interactionStatistic"""
)
_LEAVES = frozenset(("p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "blockquote", "pre"))
_FRAMES = frozenset(("form", "header", "footer", "nav", "aside", "address"))
_SOURCE_LABELS = LONE_LABELS | REFERENCE_LABELS
_LISTS = frozenset(("ul", "ol", "div", "section", "table", "dl", "aside", "nav", "tr", "tbody", "td"))
_JUDGED = frozenset(number for number, name in TAG_NAMES.items() if name in _FRAMES | _LISTS)


@dataclass(slots=True)
class Sifted:
    """The blocks that may be body, and what left before."""

    blocks: list[Block] = field(default_factory=list)
    removed: list[Removal] = field(default_factory=list)
    unlinked: set[int] = field(default_factory=set)  # blocks right above which a line that is a link left


def sift(tree: Tree, sums: Sums, choice: Choice, rule: Rule, base: str, beside: frozenset[int] = frozenset()) -> Sifted:
    """The container's blocks in order. `base` resolves links; `beside` are lines that stand alone with a picture."""
    return _Sifter(tree, sums, choice, rule, base, beside).run()


class _Sifter:
    def __init__(self, tree: Tree, sums: Sums, choice: Choice, rule: Rule, base: str, beside: frozenset[int]) -> None:
        self.beside = beside
        self.tree, self.sums, self.choice, self.rule, self.base = tree, sums, choice, rule, base
        self.out = Sifted()
        self.noise_in = rule.noise_index.find
        self.total = max(choice.prose, 1)
        self.text = sum(sums.over(sums.text, tree.rows[i].first, tree.last[i]) for i in choice.elements)
        self.unruled = choice.by in ("generic", "entry", OWN_POST)
        self.starts, self.searches = Counter[str](), _SEARCHES
        self.why: dict[int, str | None] = {}
        self.standfirst = standfirst(tree, sums.begin) if self.unruled else -1

    def run(self) -> Sifted:
        for element in self.choice.elements:
            self._judge_all(element)
            self._leave_other_posts(element)
            self._emit(element)
        _drop_tail(self.out)
        _drop_hanging_headings(self.out)
        return self.out

    def _judge_all(self, container: int) -> None:
        """Why each element inside the container is not body: its own reason or that of what it stands in."""
        why, rows = self.why, self.tree.rows
        why[container] = None
        for index in range(container + 1, len(rows)):
            row = rows[index]
            if row.parent < container:
                break
            reason = why[row.parent]
            if reason is None and (row.attributes or row.tag in _JUDGED):
                reason = self._reason(index)
            why[index] = reason

    def _leave_other_posts(self, container: int) -> None:
        """Two or more posts after the text of the first, in it or beside it: others that the page goes on with."""
        rows, tree = self.tree.rows, self.tree
        posts = [i for i in self.why if i > container and rows[i].marks & mark.ENTRY and rows[i].first < tree.last[i]]
        if len(posts) < 2:
            return
        begin, own_end = rows[container].first, rows[posts[0]].first
        if not any(rows[i].marks & mark.ENTRY for i in ancestors(tree, container)):
            begin, own_end = rows[posts[0]].first, tree.last[posts[0]]
            posts = [i for i in posts[1:] if rows[i].first >= own_end]
        if len(posts) < 2 or self.sums.over(self.sums.prose, begin, own_end) < _OWN:
            return
        for index in posts:
            self.why[index] = "another post"
            at = index + 1
            while at in self.why and rows[at].first < tree.last[index]:
                self.why[at] = "another post"
                at += 1

    def _reason(self, index: int) -> str | None:
        row, tag = self.tree.rows[index], self.tree.name(index)
        if tag == "footer" and row.kind is QUOTE:  # who is quoted
            return None
        if attributes := row.attributes:
            noise = self.noise_in(tag, attributes)
            if noise and self._share(index) < 0.6:
                return f"{self.rule.name} {noise.source}"
            if row.marks and (reason := self._by_marks(index, row.marks)):
                return reason
            if "itemprop" in attributes and attributes["itemprop"] in _FACTS and self._share(index) < 0.1:
                return f"itemprop {attributes['itemprop']}"
        if tag in _FRAMES and self._share(index) < 0.1:
            return tag
        if tag not in _LISTS or not self.unruled:
            return None
        kind = "teaser list" if self._is_teaser_list(index) else "link list" if self._is_link_list(index) else None
        return kind if kind and not self._is_sourced(row.first) else None

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
        first, last = self.tree.rows[index].first, self.tree.last[index]
        return self.sums.over(self.sums.prose, first, last) / self.total

    def _is_prose(self, index: int) -> bool:
        """Running text from end to end, such as the later pages of an article that a script shows one by one."""
        first, last = self.tree.rows[index].first, self.tree.last[index]
        prose = self.sums.over(self.sums.prose, first, last)
        return prose > 120 and prose > 0.5 * self.sums.over(self.sums.text, first, last)

    def _repeats(self, index: int) -> bool:
        """Whether the element says again what stands beside it: a copy for machines."""
        first, last = self.tree.rows[index].first, self.tree.last[index]
        lines = self.tree.lines
        sample = max((line.text for line in lines[first:last]), key=len)[:_SAMPLE]
        if not self.starts:
            self.starts.update(line.text[:_SAMPLE] for line in lines)
        if self.starts[sample] > sum(line.text.startswith(sample) for line in lines[first:last]):
            return True
        self.searches -= 1
        return self.searches >= 0 and any(sample in line.text for line in (*lines[:first], *lines[last:]))

    def _looks_idle(self, index: int) -> bool:
        """Links or a few words: nothing an article would say."""
        first, last = self.tree.rows[index].first, self.tree.last[index]
        text = self.sums.over(self.sums.text, first, last)
        linked = self.sums.over(self.sums.linked, first, last)
        return (text < 200 and self.tree.name(index) not in _LEAVES) or linked > 0.3 * text

    def _is_sourced(self, first: int) -> bool:
        """Whether "Sumber:" or "Referensi" stands right over it: links that the text names as its own."""
        label = self.tree.lines[first - 1].text if 0 < first < len(self.tree.lines) else ""
        return 0 < len(label) <= 24 and normal(label) in _SOURCE_LABELS

    def _is_link_list(self, index: int) -> bool:
        first, last = self.tree.rows[index].first, self.tree.last[index]
        text = self.sums.over(self.sums.text, first, last)
        linked = self.sums.over(self.sums.linked, first, last)
        if not text or linked < 0.6 * text or self.sums.over(self.sums.prose, first, last) or 2 * text > self.text:
            return False
        lines = self.tree.lines[first:last]
        return sum(len(line.links) for line in lines) >= 2 and not self._leads_out(lines)

    def _leads_out(self, lines: Sequence[Line]) -> bool:
        """Whether a list points to other sites, one a line: a post of links is read for them. Names of networks and of
        partners are shorter than headlines."""
        items = [line for line in lines if line.kind is ITEM and len(line.links) == 1]
        if len(items) < len(lines) or sum(len(line.text) for line in lines) < _HEADLINE * len(lines):
            return False
        return all(_leads_away(line.links[0][1], self.base) for line in lines)

    def _is_teaser_list(self, index: int) -> bool:
        """Three or more headlines that are links, each with at most a line or two under it."""
        first, last, sums = self.tree.rows[index].first, self.tree.last[index], self.sums
        if not 3 <= last - first <= 80 or sums.over(sums.linked, first, last) < _HEADLINES:
            return False
        if self._share(index) > 0.5 or 2 * sums.over(sums.text, first, last) > self.text:
            return False
        lines = self.tree.lines[first:last]
        linked = [n for n, line in enumerate(lines) if line.linked >= 0.9 * len(line.text) and len(line.text) > 8]
        headlines, most = [n for n in linked if len(lines[n].text) > 20], 4
        if len(headlines) < 3 and 5 <= len(linked) < len(lines):  # short ones, but more of them and closer
            headlines, most = linked, 2
        if len(headlines) < 3 or headlines[0] > 3 or sum(len(line.text) for line in lines[: headlines[0]]) > _LABELS:
            return False
        gap = max(b - a for a, b in zip(headlines, (*headlines[1:], len(lines)), strict=True))
        return gap <= most and not self._leads_out(lines)

    def _emit(self, container: int) -> None:
        rows, at, last = self.tree.rows, self.tree.rows[container].first, self.tree.last[container]
        for index in self.tree.pruned:
            if index > container and index in self.why and (before := rows[index].first) <= last:
                self._emit_lines(at, before)
                self._expand(index)
                at = before
        self._emit_lines(at, last)

    def _emit_lines(self, first: int, last: int) -> None:
        begin, end = (self.sums.begin - 1, self.sums.end) if self.unruled else (0, last)
        for number, line in enumerate(self.tree.lines[first:last], first):
            if number < begin or number >= end or number == self.standfirst:
                where = (
                    "above the headline" if number < begin else "standfirst" if number < end else "below the article"
                )
                self.out.removed.append(Removal(STEP, where, clean_spaced(line.text)))
                continue
            if number in self.beside:
                line = line._replace(kind=CAPTION)
            self._take(line, self.why.get(line.owner))

    def _expand(self, index: int) -> None:
        """Read what was not entered: removed lines, or body after all when it holds much of the prose."""
        inner = expand(self.tree.pruned[index])
        prose = sum(map(prose_of, inner.lines))
        marks = self.tree.rows[index].marks
        keep = prose > 0.4 * self.total and not marks & mark.COMMENTS
        why = self.why.get(self.tree.rows[index].parent) or (None if keep else self._word(index))
        for line in inner.lines:
            self._take(line, why)

    def _take(self, line: Line, why: str | None) -> None:
        if line.kind is CAPTION and line.text[0] in "—–" and self._after_quote():
            line = line._replace(kind=QUOTE)  # who is quoted, set as the figure's caption
        elif line.kind is CODE and line.text.replace("\n", "").isdigit():
            why = why or "line numbers"
        why = why or (self._line_reason(line) if line.links else None)
        if why is None:
            self.out.blocks.append(block_of(line, self.base))
        else:
            self.out.removed.append(Removal(STEP, why, clean_spaced(line.text)))
            if 2 * line.linked > len(line.text):
                self.out.unlinked.add(len(self.out.blocks))

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
        if _SIGN_UP.search(line.links[-1][1]):
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
            return self.tree.name(self.tree.rows[line.owner].parent) == "li"
        return line.kind is PARAGRAPH


def block_of(line: Line, base: str | None) -> Block:
    """A line of the tree as a block; `base` resolves its links, without one they stay as written."""
    return Block(
        line.kind,
        clean_text(line.text) if line.kind is CODE else clean_spaced(line.text),
        tuple([Link(clean_spaced(text), _url(href, base)) for text, href in line.links]) if line.links else (),
        line.strong >= 0.9 * len(line.text),
        tuple(map(clean_spaced, line.breaks)) if line.breaks else (),
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


def _drop_tail(sifted: Sifted) -> None:
    """What stands under a heading such as "Related" or "Berita Terkait", when it is the smaller part at the end."""
    blocks, seen = sifted.blocks, 0
    most = _TAIL_FROM * sum([len(block.text) for block in blocks])
    for number, block in enumerate(blocks):
        if len(block.text) < 60 and block.kind not in (CELL, CODE) and _closes(sifted, number, seen, most):
            sifted.removed += [Removal(STEP, "under a closing label", gone.text) for gone in blocks[number:]]
            del blocks[number:]
            return
        seen += len(block.text)


def _closes(sifted: Sifted, number: int, seen: int, most: float) -> bool:
    """Whether a short line is the label of what is not the article, `seen` characters into it, and no text follows."""
    text, rest = sifted.blocks[number].text, sifted.blocks[number + 1 :]
    if seen > _OWN and counts_comments(sifted.blocks[number : number + 2]):
        return True
    if seen <= most or not _TAIL.fullmatch(text) or (_INSET.fullmatch(text) and reads_on(rest)):
        return False
    gaps = [n in sifted.unlinked for n in range(number + 1, number + 1 + AROUND)]
    return heads_comments(text) or not goes_on(rest[:AROUND], gaps)


def _drop_hanging_headings(sifted: Sifted) -> None:
    """A heading with nothing under it headed what was taken away; several in a row are a list of the author's."""
    blocks = sifted.blocks
    last = len(blocks)
    while last > 1 and blocks[last - 1].kind is HEADING:
        last -= 1
    if len(blocks) - last <= _HANGING:
        sifted.removed += [Removal(STEP, "hanging heading", block.text) for block in blocks[last:]]
        del blocks[last:]


def article_text(blocks: Sequence[Block]) -> str:
    """Paragraphs joined by a blank line."""
    return "\n\n".join(block.text for block in blocks if block.text)
