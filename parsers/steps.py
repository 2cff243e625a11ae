"""The steps of cleaning, each `(blocks, context) -> Sift`: what it keeps and what it found in the rest.

Their order and the guard are in `clean`; what a line must look like is in `lines`, `patterns`, `sources`, `people` and
`captions`. Here stands where in a text each of them may act.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from kliping.model import Caption, Credit, Removal, Source
from parsers import captions, people, sources
from parsers.block import Block, BlockKind
from parsers.breaks import is_furniture
from parsers.dates import is_stamp
from parsers.lines import LINE_LIMIT, Group, closed_group, is_prose, like_headline, normal, words_of
from parsers.patterns import closing_rule, pattern_rule
from parsers.plain import is_plain
from parsers.suffix import cut_desk, cut_suffix

HEAD_BLOCKS, TAIL_BLOCKS = 6, 6
CAPTION_MOST = 300  # characters of a caption that looks like prose


@dataclass(frozen=True, slots=True)
class CleanContext:
    """What is known of the page beside its blocks. `openers` and `closers` are a site's own repeated lines."""

    title: str | None = None
    url: str | None = None
    site_name: str | None = None
    openers: tuple[str, ...] = ()
    closers: tuple[str, ...] = ()


@dataclass(slots=True)
class Sift:
    """One step at work: the blocks it keeps and what it found in those it did not."""

    kept: list[Block] = field(default_factory=list)
    removed: list[Removal] = field(default_factory=list)
    captions: list[Caption] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    credits: list[Credit] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    published: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)

    def drop(self, step: str, rule: str, text: str, kept_as: str | None = None) -> None:
        """Record that `text` left."""
        self.removed.append(Removal(step, rule, text, kept_as))

    def add(self, other: Sift) -> None:
        """Take over what another step found; its blocks replace ours."""
        self.kept = other.kept
        for name in ("removed", "captions", "sources", "credits", "tags", "published", "flags"):
            getattr(self, name).extend(getattr(other, name))


# --- where a block stands ---------------------------------------------------------------------------------------------


def _head(blocks: Sequence[Block]) -> int:
    """The index of the first prose, at most HEAD_BLOCKS."""
    for index, block in enumerate(blocks[:HEAD_BLOCKS]):
        if is_prose(block):
            return index
    return min(len(blocks), HEAD_BLOCKS)


def _tail(blocks: Sequence[Block], most: int = TAIL_BLOCKS) -> int:
    """The index from which a block counts as closing the text: the last few, of a short text fewer.

    Footer lines do not count, so that a long footer is seen whole at once.
    """
    left = min(most, max(2, len(blocks) * 2 // 5))
    index = len(blocks)
    while index > 0 and (left > 0 or _is_footer(blocks[index - 1])):
        index -= 1
        left -= not _is_footer(blocks[index])
    return index


def _is_footer(block: Block) -> bool:
    """What some step would take from the end of a text."""
    return len(block.text) <= 2 * LINE_LIMIT and _may_go(block)


@lru_cache(maxsize=512)
def _may_go(block: Block) -> bool:
    if is_plain(block.text):
        return is_furniture(block)
    found = closed_group(block) or closing_rule(block) or people.read_views(block) or people.read_tags(block)
    return bool(found) or is_furniture(block)


# --- steps ------------------------------------------------------------------------------------------------------------


def drop_captions(blocks: Sequence[Block], context: CleanContext) -> Sift:
    """Blocks that their markup calls captions."""
    out = Sift()
    for block in blocks:
        if block.kind is not BlockKind.CAPTION:
            out.kept.append(block)
            continue
        caption = captions.parse_caption(block.text)
        told = captions.is_told(caption)
        out.captions += [caption] if told else []
        out.drop("captions", "markup", block.text, "captions" if told else None)
    return out


def drop_title(blocks: Sequence[Block], context: CleanContext) -> Sift:
    """The headline repeated before the text, set off as one: a plain paragraph of the same words is the author's."""
    title, end = normal(context.title or ""), _head(blocks) + 1
    if not title or len(blocks) < 2:
        return Sift(kept=list(blocks))
    out = Sift()
    for index, block in enumerate(blocks[:end]):
        if normal(block.text) != title:
            out.kept.append(block)
            continue
        stamped = index + 1 < len(blocks) and is_stamp(blocks[index + 1].text)  # as a headline is
        set_off = stamped or block.kind is BlockKind.HEADING or block.emphasis or block.link_share > 0.9
        if set_off:
            out.drop("title", "repeated", block.text)
        else:
            out.kept.append(block)
    out.kept += blocks[end:]
    return out


def drop_openers(blocks: Sequence[Block], context: CleanContext) -> Sift:
    """What the site is known to begin and end its posts with."""
    if not context.openers and not context.closers:
        return Sift(kept=list(blocks))
    openers, closers = ({normal(line) for line in lines} for lines in (context.openers, context.closers))
    out, tail = Sift(), _tail(blocks)
    for index, block in enumerate(blocks):
        line = normal(block.text)
        if line in openers and index < HEAD_BLOCKS:
            out.drop("opener", "site", block.text)
        elif line in closers and index >= tail:
            out.drop("closer", "site", block.text)
        else:
            out.kept.append(block)
    return out


def drop_comments(blocks: Sequence[Block], context: CleanContext) -> Sift:
    """All below the first comment form in the last quarter of the text; the form's own line is for the next steps."""
    total, seen = sum(len(b.text) for b in blocks), 0
    for index, block in enumerate(blocks):
        group = closed_group(block) if seen >= 0.75 * total else None
        if group is not None and group.marker:
            out = Sift(kept=list(blocks[: index + 1]))
            for after in blocks[index + 1 :]:
                if is_furniture(after) or people.read_tags(after):
                    out.kept.append(after)
                else:
                    out.drop("comments", "after_marker", after.text)
            return out
        seen += len(block.text)
    return Sift(kept=list(blocks))


def drop_links(blocks: Sequence[Block], context: CleanContext) -> Sift:
    """Headings of link lists with the links or the list under them."""
    out, index = Sift(), 0
    while index < len(blocks):
        group = closed_group(blocks[index])
        end = _list_end(blocks, index, group) if group is not None and group.heads_list else index
        for block in blocks[index:end]:
            out.drop("links", group.name if group else "", block.text)
        if end == index:
            out.kept.append(blocks[index])
        index = max(end, index + 1)
    return out


def _list_end(blocks: Sequence[Block], index: int, group: Group | None) -> int:
    """Where the list under a heading ends; `index` itself when the heading is one of the article's own."""
    end = index + 1
    while end < len(blocks) and end - index <= 25 and _is_link(blocks[end]):
        end += 1
    if end > index + 1 or group is None:
        return end
    if not group.anywhere:
        return index
    following = blocks[end] if end < len(blocks) else None
    if group.name == "related" and following is not None and _is_plain_headline(following):
        return end + 1
    return end


def _is_link(block: Block) -> bool:
    """A block that is a link and nothing else, or a list item that is mostly one."""
    if block.kind in (BlockKind.CODE, BlockKind.CELL) or not block.links:
        return False
    return block.link_share >= (0.6 if block.kind is BlockKind.ITEM else 0.8)


def _is_plain_headline(block: Block) -> bool:
    """A headline whose link was lost on the way: title case, no full stop, no heading of the article."""
    words = len(words_of(block.text))
    plain = block.kind in (BlockKind.PARAGRAPH, BlockKind.ITEM) and not block.emphasis
    return plain and 5 <= words <= 20 and like_headline(block.text)


def drop_lines(blocks: Sequence[Block], context: CleanContext) -> Sift:
    """Whole lines of the closed lists and the anchored patterns."""
    out, tail = Sift(), _tail(blocks)
    for index, block in enumerate(blocks):
        if is_plain(block.text):
            out.kept.append(block)
            continue
        group = closed_group(block)
        rule = _closed_rule(group, block, index >= tail) if group is not None else None
        rule = rule or pattern_rule(block) or (closing_rule(block) if index >= tail else None)
        if rule is None:
            out.kept.append(block)
            continue
        out.drop("lines", rule, block.text)
        if rule == "page_turner" and index >= tail:  # in the middle its next page follows
            out.flags.append("incomplete")
    return out


def _closed_rule(group: Group, block: Block, at_tail: bool) -> str | None:
    """A word that may also head a section needs the tail or a link."""
    if group.anywhere and not (block.kind is BlockKind.ITEM and block.link_share < 0.8 and not at_tail):
        return group.name
    closing = at_tail and block.kind is not BlockKind.HEADING
    return group.name if closing or block.link_share >= 0.8 else None


def cut_suffixes(blocks: Sequence[Block], context: CleanContext) -> Sift:
    """Calls and footers glued to the end of a paragraph."""
    out, end = Sift(), _tail(blocks, 2)
    for index, block in enumerate(blocks):
        cut = cut_suffix(block) or (cut_desk(block) if index >= end else None)
        if cut is None:
            out.kept.append(block)
            continue
        if cut.rest is not None:
            out.kept.append(cut.rest)
        out.removed += cut.removed
        out.sources += cut.sources
        out.credits += cut.credits
        out.flags += _unresolved(cut.sources)
    return out


def _unresolved(found: Sequence[Source]) -> list[str]:
    """A "click here" that leads nowhere is worth a flag; a name is an answer."""
    return ["source_unresolved"] if any(s.url is None and sources.is_empty_label(s.label) for s in found) else []


def drop_stamps(blocks: Sequence[Block], context: CleanContext) -> Sift:
    """Date stamps and bylines before the first prose; at the end those with a time of day or a blog's form."""
    out, head, tail = Sift(), _head(blocks), _tail(blocks, 2)
    for index, block in enumerate(blocks):
        text = block.text
        if head <= index < tail or len(text) > 140:
            out.kept.append(block)
        elif is_stamp(text) and (index < head or ":" in text or "." in text):
            out.published.append(text)
            out.drop("stamps", "date", text, "published_at")
        elif not _byline(block, out, index < head):
            out.kept.append(block)
    return out


def _byline(block: Block, out: Sift, at_head: bool) -> bool:
    """Who wrote and when, in one line."""
    credit, rest = people.read_byline(block, at_head)
    if credit is None and rest is None:
        return False
    out.credits += [credit] if credit else []
    out.published += [rest] if rest else []
    out.drop("stamps", "byline", block.text, "credits" if credit else "published_at")
    return True


def drop_credited(blocks: Sequence[Block], context: CleanContext) -> Sift:
    """Plain lines that are photo captions by their credit."""
    out, head = Sift(), _head(blocks)
    for index, block in enumerate(blocks):
        at_head = index < head or (index == head and len(block.text) <= CAPTION_MOST)
        asked = block.kind in (BlockKind.PARAGRAPH, BlockKind.HEADING) and (at_head or not is_plain(block.text))
        caption = captions.read_caption(block, at_head) if asked else None
        if caption is None:
            out.kept.append(block)
            continue
        out.captions.append(caption)
        out.drop("credited", "caption", block.text, "captions")
    return out


def drop_sources(blocks: Sequence[Block], context: CleanContext) -> Sift:
    """Source lines with their links, and notices of first publication."""
    out, tail, index = Sift(), _tail(blocks), 0
    while index < len(blocks):
        block = blocks[index]
        asked = block.kind not in (BlockKind.CODE, BlockKind.CELL) and not is_plain(block.text)
        taken = _source(blocks, index, index >= tail, out) if asked else 0
        if not taken:
            out.kept.append(block)
        index += max(taken, 1)
    return out


def _source(blocks: Sequence[Block], index: int, at_tail: bool, out: Sift) -> int:
    """How many blocks from `index` on are a source line: 0, 1, or a lone label with the links under it."""
    block = blocks[index]
    republished = sources.read_republished(block)
    if republished is not None:
        out.sources.append(republished)
        out.drop("sources", "republished", block.text, "sources")
        return 1
    said = sources.read_source(block)
    if said is None or not (said.strong or at_tail):
        return 0
    found, end = said.sources, index + 1
    if said.waiting:
        while end < len(blocks) and end - index <= 10 and (named := sources.read_link_line(blocks[end])):
            found, end = (*(found if end > index + 1 else ()), *named), end + 1
        if end == index + 1 and end < len(blocks) and len(blocks[end].text) > 120:
            return 0
    out.sources += found
    out.flags += _unresolved(found)
    for part in blocks[index:end]:
        out.drop("sources", "label", part.text, "sources")
    return end - index


def drop_credits(blocks: Sequence[Block], context: CleanContext) -> Sift:
    """Reporters, editors, desk initials, counters and tags, before the first prose or among the last blocks."""
    out, head, tail, end = Sift(), _head(blocks), _tail(blocks), _tail(blocks, 3)
    for index, block in enumerate(blocks):
        plain = block.kind in (BlockKind.PARAGRAPH, BlockKind.HEADING, BlockKind.ITEM)
        inside = head < index < tail and not people.is_desk_line(block.text)
        if inside or not plain or is_plain(block.text) or not _credit(block, index >= tail, index >= end, out):
            out.kept.append(block)
        elif people.is_desk_line(block.text) and _is_little(blocks[index + 1 :], blocks):
            for after in blocks[index + 1 :]:
                out.drop("credits", "after_initials", after.text)
            break
    return out


def _is_little(rest: Sequence[Block], blocks: Sequence[Block]) -> bool:
    """A few short paragraphs after initials: those close an article, and a second page would be longer."""
    short = all(len(block.text) < 250 and block.kind is BlockKind.PARAGRAPH for block in rest)
    return len(rest) <= 3 and short and 5 * sum(len(b.text) for b in rest) < 2 * sum(len(b.text) for b in blocks)


def drop_piles(blocks: Sequence[Block], context: CleanContext) -> Sift:
    """A pile of search words after "Tag ... :", over several blocks."""
    out, piling, tail = Sift(), False, _tail(blocks)
    for index, block in enumerate(blocks):
        tags = people.read_tags(block) if index >= tail else ()
        more = people.split_tags(block.text) if piling else ()
        piling = len(tags) >= 5 or len(more) >= 5
        if not piling:
            out.kept.append(block)
            continue
        out.tags += tags or more
        out.drop("piles", "tags", block.text, "tags")
    return out


def _credit(block: Block, at_tail: bool, at_end: bool, out: Sift) -> bool:
    named = people.read_credits(block)
    photo = people.read_photo_credit(block)
    views = people.read_views(block)
    initials = people.read_initials(block) if at_end or people.is_desk_line(block.text) else None
    tags = people.read_tags(block) if at_tail else ()
    if named or photo or views or initials:
        out.credits += [*named, *([photo] if photo else []), *([initials] if initials else [])]
        out.credits += [Credit("views", views)] if views else []
        out.drop(
            "credits", "people" if named else "photo" if photo else "views" if views else "desk", block.text, "credits"
        )
    elif tags:
        out.tags += tags
        out.drop("credits", "tags", block.text, "tags")
    return bool(named or photo or views or initials or tags)
