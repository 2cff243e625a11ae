"""The steps of cleaning, each `(draft, context, out)`: what it takes from the draft goes into `out`.

Their order and the guard are in `clean`; what a line must look like is in `lines`, `patterns`, `sources`, `people` and
`captions`. Here stands where in a text each of them may act. A step that judges lines by their words looks at the
draft's `loud` ones only: most of a text is prose that none of them can take.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import NamedTuple

from kliping.model import Credit, Source
from parsers import bylines, captions, people, sources
from parsers.block import CAPTION, HEADING, ITEM, PARAGRAPH, VERBATIM, Block
from parsers.breaks import is_furniture
from parsers.dates import is_stamp
from parsers.draft import HEAD_BLOCKS, Draft, Sift
from parsers.lastlines import closing_rule
from parsers.lines import Group, closed_lines, is_prose, like_headline, normal, words_of
from parsers.names import is_outlet
from parsers.patterns import pattern_rule
from parsers.plain import is_plain
from parsers.suffix import STOPS, WHOLE, cut_desk, cut_suffix

CAPTION_MOST = 300  # characters of a caption that looks like prose
_SECTION_WORDS = 4  # of a heading that furniture is also called by
_PILED = 5  # search words
_UNDER = 20  # blocks under a lone "Sumber:"


class CleanContext(NamedTuple):
    """What is known of the page beside its blocks. `openers` and `closers` are a site's own repeated lines.

    `body_alone` says that nobody asks what captions tell.
    """

    title: str | None = None
    url: str | None = None
    site_name: str | None = None
    openers: tuple[str, ...] = ()
    closers: tuple[str, ...] = ()
    author: str | None = None
    body_alone: bool = False


# --- steps ------------------------------------------------------------------------------------------------------------


def drop_captions(draft: Draft, context: CleanContext, out: Sift) -> None:
    """Blocks that their markup calls captions."""
    for index in draft.loud:
        block = draft.blocks[index]
        if block.kind is CAPTION:
            caption = None if context.body_alone else captions.parse_caption(block.text)
            told = caption is not None and captions.is_told(caption)
            out.captions += [caption] if caption is not None and told else []
            out.drop(index, "captions", "markup", block.text, "captions" if told else None)
    if out.captions:
        out.captions = captions.merged(out.captions)


def drop_title(draft: Draft, context: CleanContext, out: Sift) -> None:
    """The headline repeated before the text, set off as one: a plain paragraph of the same words is the author's."""
    title, blocks = normal(context.title or ""), draft.blocks
    if not title or len(blocks) < 2:
        return
    for index, block in enumerate(blocks[: draft.head() + 1]):
        if len(block.text) > 2 * len(title) + 20 or normal(block.text) != title:
            continue
        stamped = index + 1 < len(blocks) and is_stamp(blocks[index + 1].text)  # as a headline is
        if stamped or block.kind is HEADING or block.emphasis or block.link_share > 0.9:
            out.drop(index, "title", "repeated", block.text)


def drop_openers(draft: Draft, context: CleanContext, out: Sift) -> None:
    """What the site is known to begin and end its posts with."""
    if not context.openers and not context.closers:
        return
    openers, closers = ({normal(line) for line in lines} for lines in (context.openers, context.closers))
    tail = draft.tail()
    for index, block in enumerate(draft.blocks):
        line = normal(block.text)
        if line in openers and index < HEAD_BLOCKS:
            out.drop(index, "opener", "site", block.text)
        elif line in closers and index >= tail:
            out.drop(index, "closer", "site", block.text)


def drop_comments(draft: Draft, context: CleanContext, out: Sift) -> None:
    """All below the first comment form in the last quarter of the text; the form's own line is for the next steps."""
    blocks = draft.blocks
    markers = [index for index, group in draft.closed().items() if group.marker]
    if not markers:
        return
    seen = list(accumulate((len(block.text) for block in blocks), initial=0))
    first = next((index for index in markers if seen[index] >= 0.75 * seen[-1]), len(blocks))
    for index in range(first + 1, len(blocks)):
        after = blocks[index]
        if not (is_furniture(after) or people.read_tags(after)):
            out.drop(index, "comments", "after_marker", after.text)


def drop_links(draft: Draft, context: CleanContext, out: Sift) -> None:
    """Headings of link lists with the links or the list under them."""
    end = 0
    for index, group in draft.closed().items():
        if index >= end and group.heads_list:
            end = _list_end(draft.blocks, index, group)
            for at in range(index, end):
                out.drop(at, "links", group.name, draft.blocks[at].text)


def _list_end(blocks: Sequence[Block], index: int, group: Group) -> int:
    """Where the list under a heading ends; `index` itself when the heading is one of the article's own."""
    end = index + 1
    while end < len(blocks) and end - index <= 25 and _is_link(blocks[end]):
        end += 1
    if end > index + 1:
        return end
    if not group.anywhere:
        return index
    following = blocks[end] if end < len(blocks) else None
    if group.name == "related" and following is not None and _is_plain_headline(following):
        return end + 1
    return end


def _is_link(block: Block) -> bool:
    """A block that is a link and nothing else, or a list item that is mostly one."""
    if block.kind in VERBATIM or not block.links:
        return False
    return block.link_share >= (0.6 if block.kind is ITEM else 0.8)


def _is_plain_headline(block: Block) -> bool:
    """A headline whose link was lost on the way: title case, no full stop, no heading of the article."""
    words = len(words_of(block.text))
    plain = block.kind in (PARAGRAPH, ITEM) and not block.emphasis
    return plain and 5 <= words <= 20 and like_headline(block.text)


def drop_lines(draft: Draft, context: CleanContext, out: Sift) -> None:
    """Whole lines of the closed lists and the anchored patterns."""
    closed = draft.closed()
    for index in draft.loud:
        block, group = draft.blocks[index], closed.get(index)
        rule = _closed_rule(group, block, draft, index) if group is not None else None
        rule = rule or pattern_rule(block) or _closing_rule(block, draft, index)
        if rule is None or (rule in _NAMES_SECTIONS and _heads_prose(draft, index)):
            continue
        out.drop(index, "lines", rule, block.text)
        if rule == "page_turner" and index >= draft.tail():  # in the middle its next page follows
            out.flags.append("incomplete")


def _closed_rule(group: Group, block: Block, draft: Draft, index: int) -> str | None:
    """A word that may also head a section needs the tail or a link."""
    linked = block.link_share >= 0.8
    if linked or (group.anywhere and block.kind is not ITEM):
        return group.name
    closing = (group.anywhere or block.kind is not HEADING) and index >= draft.tail()
    return group.name if closing else None


# Furniture whose words also name a section of a guide: "Disclaimer", "Newsletter", "Zoom", "Halaman 45".
_SECTIONS_TEXT = "widgets labels embeds share byline_labels ratings subscription composite page_number ads"
_NAMES_SECTIONS = frozenset(_SECTIONS_TEXT.split())


def _heads_prose(draft: Draft, index: int) -> bool:
    """A heading of a few words between prose and prose: a section of the text, whatever it is called."""
    block = draft.blocks[index]
    if block.links or block.text.rstrip().endswith(":"):
        return False
    advert = closed_lines().get(normal(block.text))  # "Advertisement" divides a text in any markup
    named = len(words_of(block.text)) <= _SECTION_WORDS and not (advert and advert.name == "ads")
    return named and _is_over_prose(draft, index)


def _is_over_prose(draft: Draft, index: int) -> bool:
    """A heading behind the first prose with prose right under it."""
    below = draft.blocks[index + 1 : index + 2]
    return draft.blocks[index].kind is HEADING and bool(below) and is_prose(below[0]) and index > draft.head()


def _closing_rule(block: Block, draft: Draft, index: int) -> str | None:
    rule = closing_rule(block)
    if rule == "comments" and block.text.endswith(":") and _is_followed(draft, index):
        return None  # "Imam Syafii berkata:" and what he said
    return rule if rule and index >= draft.tail() else None


def _is_followed(draft: Draft, index: int) -> bool:
    """Whether text comes next, and no furniture."""
    after = index + 1
    return after < len(draft.blocks) and after not in draft.closed() and not is_furniture(draft.blocks[after])


def drop_credited(draft: Draft, context: CleanContext, out: Sift) -> None:
    """Plain lines that are photo captions by their credit."""
    head = draft.head()
    for index in _and_loud(range(min(head + 1, len(draft.blocks))), draft):
        block = draft.blocks[index]
        at_head = index < head or (index == head and len(block.text) <= CAPTION_MOST)
        asked = block.kind in (PARAGRAPH, HEADING)
        asked = asked and not (index and sources.is_labelled(block.text) and index >= draft.tail())
        caption = captions.read_caption(block, at_head) if asked else None
        if caption is not None:
            out.captions.append(caption)
            out.drop(index, "credited", "caption", block.text, "captions")


def _and_loud(first: range, draft: Draft) -> Iterable[int]:
    """These indexes, and those of the loud blocks after them."""
    return (*first, *(index for index in draft.loud if index >= first.stop))


def cut_suffixes(draft: Draft, context: CleanContext, out: Sift) -> None:
    """Calls and footers glued to the end of a paragraph."""
    for index, block in enumerate(draft.blocks):
        text = block.text
        if (text[-1:] in STOPS and text[-3:] != "...") or block.kind in WHOLE:
            continue
        cut = cut_suffix(block)
        if cut is None and text.endswith((")", "**")) and (desk := cut_desk(block)) and index >= draft.tail(2):
            cut = desk
        if cut is not None:
            out.taken[index] = cut.rest
            out.removed += cut.removed
            out.sources += cut.sources
            out.credits += cut.credits
            out.flags += _unresolved(cut.sources)


def _unresolved(found: Sequence[Source]) -> list[str]:
    """A "click here" that leads nowhere is worth a flag; a name is an answer."""
    return ["source_unresolved"] if any(s.url is None and sources.is_empty_label(s.label) for s in found) else []


def drop_stamps(draft: Draft, context: CleanContext, out: Sift) -> None:
    """Date stamps and bylines before the first prose; at the end those with a time of day or a blog's form."""
    blocks, head = draft.blocks, draft.head()
    rest = enumerate(blocks[head:], head)
    signed = [i for i, block in rest if len(text := block.text) <= 140 and bylines.may_sign(text)]
    for index in (*range(head), *signed):
        block, text, at_head = blocks[index], blocks[index].text, index < head
        if len(text) > 140:
            continue
        stamp = (at_head or ":" in text or "." in text) and is_stamp(text, relative=at_head)
        known = (context.author, context.site_name) if at_head else (None, None)
        credit, date = (None, text) if stamp else bylines.read_byline(block, at_head, *known)
        if (credit is None and date is None) or not (at_head or index >= draft.tail(2)):
            continue
        if credit and people.is_of_work(blocks, index):
            continue
        out.credits += [credit] if credit else []
        out.published += [date] if date else []
        out.drop(index, "stamps", "date" if stamp else "byline", text, "credits" if credit else "published_at")


def drop_sources(draft: Draft, context: CleanContext, out: Sift) -> None:
    """Source lines with their links, and notices of first publication."""
    end = 0
    for index in draft.loud:
        if index >= end and draft.blocks[index].kind not in VERBATIM:
            end = _source(draft, index, out)


def _source(draft: Draft, index: int, out: Sift) -> int:
    """Where the source line at `index` ends, a lone label after the links under it; `index` itself when it is none."""
    blocks, block = draft.blocks, draft.blocks[index]
    republished = sources.read_republished(block)
    if republished is not None:
        out.sources.append(republished)
        out.drop(index, "sources", "republished", block.text, "sources")
        return index + 1
    said = sources.read_source(block)
    if said is None:
        return index
    found, end = _sources_under(blocks, index, said) if said.waiting else (said.sources, index + 1)
    of_picture = index < draft.head() and found and found[0].kind == "image"
    if end == index + 1 and not (said.strong or said.waiting) and _is_of_section(blocks, index, found):
        return index
    if end == index or not (said.strong or of_picture or end > draft.tail()):
        return index
    out.sources += found
    out.flags += _unresolved(found)
    for at in range(index, end):
        out.drop(at, "sources", "label", blocks[at].text, "sources")
    return end


def _is_of_section(blocks: Sequence[Block], index: int, found: Sequence[Source]) -> bool:
    """ "Sumber: Wortel, Bayam" right under "Vitamin A": what the section tells, not whence the text comes."""
    headed = index > 0 and blocks[index - 1].kind is HEADING
    return headed and not any(s.url or s.kind == "image" or is_outlet(s.label or "") for s in found)


def _sources_under(blocks: Sequence[Block], index: int, said: sources.SourceLine) -> tuple[tuple[Source, ...], int]:
    """What stands under a lone label, and where that ends: `index` itself when the label heads something else."""
    found: list[Source] = []
    end = index + 1
    while end < len(blocks) and end - index <= _UNDER and (named := sources.read_link_line(blocks[end])):
        found += named
        end += 1
    if said.only_over is not None and not 1 <= len(found) <= said.only_over:
        return (), index
    if not found and end < len(blocks) and len(blocks[end].text) > 120:
        return (), index
    if end < len(blocks) and blocks[end].kind is ITEM and not any(source.url for source in found):
        return (), index  # a list of other things, some of which may be called as an outlet is
    return tuple(found) or said.sources, end


def drop_piles(draft: Draft, context: CleanContext, out: Sift) -> None:
    """A pile of search words after "Tag ... :", over several blocks."""
    for first in draft.loud:
        if len(people.read_tags(draft.blocks[first])) >= _PILED and first >= draft.tail():
            _pile(draft.blocks, first, out)
            return


def _pile(blocks: Sequence[Block], first: int, out: Sift) -> None:
    piling = True
    for index in range(first, len(blocks)):
        text = blocks[index].text
        tags = () if is_plain(text) else people.read_tags(blocks[index])
        more = people.split_tags(text) if piling else ()
        piling = len(tags) >= _PILED or len(more) >= _PILED
        if piling:
            out.tags += tags or more
            out.drop(index, "piles", "tags", text, "tags")


def drop_credits(draft: Draft, context: CleanContext, out: Sift) -> None:
    """Reporters, editors, desk initials, counters and tags, before the first prose or among the last blocks."""
    blocks, head = draft.blocks, draft.head()
    for index in draft.loud:
        block = blocks[index]
        desk = people.is_desk_line(block.text)
        plain = block.kind in (PARAGRAPH, HEADING, ITEM)
        found = _credit(block, draft, index) if plain else None
        if found is None or (head < index < draft.tail() and not desk):
            continue
        if people.is_of_work(blocks, index) or (_is_over_prose(draft, index) and not desk):
            continue
        out.add(found)
        out.taken[index] = None
        if desk and _is_little(blocks[index + 1 :], blocks):
            for after in range(index + 1, len(blocks)):
                out.drop(after, "credits", "after_initials", blocks[after].text)
            break


def _is_little(rest: Sequence[Block], blocks: Sequence[Block]) -> bool:
    """A few short paragraphs after initials: those close an article, and a second page would be longer."""
    short = all(len(block.text) < 250 and block.kind is PARAGRAPH for block in rest)
    return len(rest) <= 3 and short and 5 * sum(len(b.text) for b in rest) < 2 * sum(len(b.text) for b in blocks)


def _credit(block: Block, draft: Draft, index: int) -> Sift | None:
    """What the line names, if anything; where it stands is asked last, since that is dear to tell."""
    said, block = _with_source(block)
    named = people.read_credits(block)
    photo = people.read_photo_credit(block)
    views = people.read_views(block)
    initials = people.read_initials(block)
    if initials and not (people.is_desk_line(block.text) or index >= draft.tail(3)):
        initials = None
    told = [*named, *([photo] if photo else []), *([initials] if initials else [])]
    told += [Credit("views", views)] if views else []
    tags = () if told else people.read_tags(block)
    if not told and not (tags and index >= draft.tail()):
        return None
    rule = "tags" if tags else "people" if named else "photo" if photo else "views" if views else "desk"
    found = Sift()
    found.credits, found.tags, found.sources = told, list(tags), said
    found.drop(index, "credits", rule, draft.blocks[index].text, "tags" if tags else "credits")
    return found


_AND_SOURCE = re.compile(
    r"(?P<people>.{2,60}[:：].{2,100}?)[ |,;/-]{1,3}(?P<source>(?:[Ss]umber|[Ss]ource) ?[:：].{2,100})"
)


def _with_source(block: Block) -> tuple[list[Source], Block]:
    """ "Reporter: Rina Sumber: Kabar.com" parted: what the source line says, and the people before it."""
    m = _AND_SOURCE.fullmatch(block.text) if "umber" in block.text else None
    said = sources.read_source(replace(block, text=m["source"])) if m else None
    return (list(said.sources), replace(block, text=m["people"])) if m and said else ([], block)
