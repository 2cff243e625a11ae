"""From a page to its article.

    Page -> defuse -> platform, rule -> tree (one parse, one walk); again once decoded, should it not be UTF-8
         -> bounds: below the headline, above comments and the next article
         -> choose: site rule, platform rule, generic scoring, the post on a short page, laxer retry, noscript
         -> sift (markup) -> clean (words) -> describe (title, author, dates, tags)
         -> the feed's own text where the page gives less than half of it
         -> outcome, language, limits -> Article

A feed fragment (origin feed) is a page without a head: the entry gives title, author and date.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from kliping import __version__
from kliping.errors import PageError, ParseError
from kliping.model import Article, Caption, Credit, Origin, Page, PageOutcome, Removal
from parsers import metadata, metas
from parsers.around import NEAR, Around, look_around
from parsers.authors import is_desk
from parsers.block import CAPTION, PARAGRAPH, Block, Head, Line, Tree
from parsers.captions import is_told, merged, parse_caption
from parsers.clean import CleanContext, Cleaned, clean
from parsers.content import LOUDEST, NOTHING, OWN_POST, Choice, choose
from parsers.datelines import date_lines, unread_date_lines
from parsers.decode import defuse, presumed, redecoded
from parsers.feedtext import plain_length
from parsers.language import identify
from parsers.lines import normal
from parsers.outcome import judge
from parsers.parts import INCOMPLETE, Parts, parts_of
from parsers.people import read_credits
from parsers.pictures import lead_captions, lines_beside_pictures
from parsers.plain import is_plain
from parsers.prior import corrected
from parsers.rules import Rule, Rules, load
from parsers.sift import block_of, sift
from parsers.sifted import Sifted
from parsers.sniff import is_binary
from parsers.sums import sums_of
from parsers.text import clean_line, cut
from parsers.tree import read, read_asides

EXTRACTOR = f"kliping {__version__}"
TITLE, AUTHOR, URL, BODY = 1000, 300, 2048, 1024 * 1024
_MOST_HEADLINES = 8
_LEAST_TITLE = 15  # characters of a headline that only the page's title tells
_END_BLOCKS = 8  # how near the ends a site's own opener or closer stands
_TAG = re.compile(r"<[^<>]{1,200}>")
_UNREADABLE = (ValueError, LookupError, ArithmeticError, AttributeError, TypeError, RecursionError)
SHORT = 250  # characters of prose below which a laxer reading is tried


class _Reading(NamedTuple):
    """One way of reading a page: its tree, the chosen container and what came out of it."""

    tree: Tree
    choice: Choice
    sifted: Sifted
    beside: frozenset[int]  # lines that stand alone with a picture
    headings: Sequence[int]  # lines that are


def extract(page: Page, rules: Rules | None = None) -> Article:
    """The article of a page. Raises PageError for a page that cannot be read at all, nothing else."""
    if page.origin is not Origin.FEED and is_binary(page.html):
        raise PageError("not text: a picture, a document or other data")
    try:
        return _extract(page, rules if rules is not None else load())
    except ParseError:
        raise
    except _UNREADABLE as error:
        raise PageError(f"{type(error).__name__}: {error}") from error


def body_of(page: Page, rules: Rules | None = None) -> str:
    """The clean body alone, for those who need neither title nor author, dates nor language: empty where there is none.

    What only tells those is not read: most of the head, and what captions say. A headline repeated over the text is
    told by the feed's title only. Raises PageError like `extract`.
    """
    try:
        rule, reading = _open(page, rules if rules is not None else load(), head=False)
        blocks = reading.sifted.blocks
        return _body(clean(blocks, _context(page, rule, None, blocks)))
    except _UNREADABLE as error:
        raise PageError(f"{type(error).__name__}: {error}") from error


def _extract(page: Page, rules: Rules) -> Article:
    rule, reading = _open(page, rules)
    if rule.zone and page.zone == "Asia/Jakarta":
        page = replace(page, zone=rule.zone)
    head, facts = _describe(reading, page)
    cleaned = clean(reading.sifted.blocks, _context(page, rule, facts, reading.sifted.blocks))
    cleaned = _with_beside(cleaned, reading, page)
    parts = parts_of(reading.tree, reading.choice, page.url, rule, INCOMPLETE in cleaned.flags)
    facts = _at_home(_with_found(facts, head, page, cleaned), page, rule)
    body = _body(cleaned)
    if page.origin is Origin.FEED:
        outcome = _of_fragment(body)
    else:
        outcome = judge(reading.tree, page.url, body, rule.article_url)
    article = _in_parts(_assemble(page, reading, facts, cleaned, body, outcome), parts)
    return _prefer_feed(article, page, rules)


# --- reading ----------------------------------------------------------------------------------------------------------


def _open(page: Page, rules: Rules, head: bool = True) -> tuple[Rule, _Reading]:
    """The rule for a page and its reading: as UTF-8, and only when that gives wrong characters as what it really is."""
    found = _with_rule(presumed(page.html), page, rules, head)
    if _is_garbled(found[1]) and (html := redecoded(page.html, page.charset)) is not None:
        found = _with_rule(html, page, rules, head)
    return found


def _with_rule(html: bytes, page: Page, rules: Rules, head: bool) -> tuple[Rule, _Reading]:
    html = defuse(html)
    rule = rules.rule_for(page.url, html, page.fetched_at)
    return rule, _read(html, rule, page, head)


def _is_garbled(reading: _Reading) -> bool:
    """Whether U+FFFD was read, which is what the parser makes of bytes that are not UTF-8."""
    head, lines = reading.tree.head, reading.tree.lines
    told = [head.title or "", *head.json_ld, *[text for texts in head.metas.values() for text in texts]]
    named = (*head.headlines, *head.bylines, *head.tags, *[text for _, text in head.times])
    read = [line.text for line in lines]
    if reading.sifted.expanded:
        read += [block.text for block in reading.sifted.blocks]
    return "\ufffd" in "".join([*told, *named, *read])


def _read(html: bytes, rule: Rule, page: Page, head: bool) -> _Reading:
    """Read the page as it should be; when that gives next to nothing, without pruning, then from its noscripts."""
    splits = rule.noise_index.find
    best = _one_reading(read(html, splits, head=head), rule, page)
    if best.choice.prose >= SHORT or page.origin is Origin.FEED or best.choice.by == OWN_POST:
        return best
    lax = _one_reading(read(html, splits, prune=False, head=head), rule, page)
    if lax.choice.prose > 2 * best.choice.prose + 100:
        best = lax
    if best.choice.prose < SHORT and best.tree.asides:
        hidden = _one_reading(read_asides(best.tree, splits), rule, page)
        if hidden.choice.prose > 2 * best.choice.prose + SHORT:
            best = hidden._replace(tree=replace_head(hidden.tree, best.tree.head))
    return best


def replace_head(tree: Tree, head: Head) -> Tree:
    """The tree with the page's head, and what stands in a noscript beside its text: times, names, tags."""
    own = tree.head
    tree.head = head._replace(
        times=head.times or own.times,
        headlines=head.headlines or own.headlines,
        bylines=head.bylines or own.bylines,
        tags=head.tags or own.tags,
    )
    return tree


def _one_reading(tree: Tree, rule: Rule, page: Page) -> _Reading:
    sums = sums_of(tree)
    if page.origin is Origin.FEED:
        choice = _everything(tree, sums.prose[-1])
    else:
        choice = corrected(tree, sums, choose(tree, rule, sums), page.entry, rule)
    beside = lines_beside_pictures(tree, choice)
    sifted = sift(tree, sums, choice, rule, page.url or "", beside) if choice is not NOTHING else Sifted()
    return _Reading(tree, choice, sifted, beside, sums.headings)


def _everything(tree: Tree, prose: int) -> Choice:
    """A fragment is all body."""
    return Choice((0,), "feed", prose) if tree.rows else NOTHING


# --- assembling -------------------------------------------------------------------------------------------------------


def _context(page: Page, rule: Rule, facts: metadata.Metadata | None, blocks: Sequence[Block]) -> CleanContext:
    """`facts` are None where the body alone is wanted."""
    openers, closers = _meant(rule.openers, blocks[:_END_BLOCKS]), _meant(rule.closers, blocks[-_END_BLOCKS:])
    if facts is None:
        return CleanContext(url=page.url, openers=openers, closers=closers, body_alone=True)
    return CleanContext(facts.title, page.url, facts.site_name, openers, closers, facts.author)


def _meant(lines: tuple[str, ...], blocks: Sequence[Block]) -> tuple[str, ...]:
    """A rule's lines, those with a `*` as the lines of the page that they stand for."""
    if not lines:
        return ()
    patterns = [re.compile(".{0,200}".join(map(re.escape, line.split("*")))) for line in lines if "*" in line]
    found = [block.text for block in blocks if any(pattern.fullmatch(block.text) for pattern in patterns)]
    return (*(line for line in lines if "*" not in line), *found)


def _with_beside(cleaned: Cleaned, reading: _Reading, page: Page) -> Cleaned:
    """What the text itself told, and what stands just before and after it."""
    around = _around(reading, page)
    told = lead_captions(reading.tree, reading.choice, reading.beside)
    lead = [parse_caption(clean_line(text)) for text in told]
    captions = [*(c for c in lead if is_told(c)), *around.captions, *cleaned.captions]
    if captions:
        captions = merged(captions)
        decks = _decks(reading.tree.head)
        captions = [c for c in captions if normal(c.text) not in decks]
    return cleaned._replace(
        captions=_once(captions),
        sources=tuple(dict.fromkeys((*cleaned.sources, *around.sources))),
        credits=tuple(dict.fromkeys((*cleaned.credits, *_credits_in(reading.sifted.removed), *around.credits))),
    )


def _once(captions: Sequence[Caption]) -> tuple[Caption, ...]:
    """Each text once, where it stands first, with the credit that any of its copies names."""
    found: dict[str, Caption] = {}
    for caption in captions:
        known = found.setdefault(normal(caption.text), caption)
        if known.credit is None and caption.credit:
            found[normal(caption.text)] = replace(known, credit=caption.credit)
    return tuple(found.values())


def _credits_in(removed: Sequence[Removal]) -> list[Credit]:
    """People named in what the markup took away: a line of credits set in small print."""
    others = ("comments", "another post", "below the article")
    short = (line.text for line in removed if line.rule not in others and ":" in line.text)
    return [c for text in short if len(text) < 120 for c in read_credits(Block(PARAGRAPH, text))]


def _decks(head: Head) -> frozenset[str]:
    """The page's own summaries: a line that repeats one beside the lead picture is a standfirst, no caption."""
    texts = {text for name in metas.SUMMARIES for text in head.metas.get(name, ())}
    return frozenset(normal(_TAG.sub(" ", text)) for text in texts)


def _around(reading: _Reading, page: Page) -> Around:
    tree, elements = reading.tree, reading.choice.elements
    if not elements or page.origin is Origin.FEED:
        return Around()
    first, last = tree.rows[elements[0]].first, tree.last[elements[-1]]
    above, below = tree.lines[max(0, first - NEAR) : first], tree.lines[last : last + NEAR]
    return look_around(_telling(above), _telling(below), page.url or "")


def _telling(lines: Sequence[Line]) -> list[Block]:
    """Those that may say something by their markup or their words; most are menus and teasers."""
    return [block_of(line, None) for line in lines if line.kind is CAPTION or not is_plain(line.text)]


def _describe(reading: _Reading, page: Page) -> tuple[Head, metadata.Metadata]:
    """What the head and the visible lines say; bars that were not entered are asked when no time of day is known."""
    tree, choice = reading.tree, reading.choice
    head = tree.head._replace(date_lines=date_lines(tree, choice), headlines=_headlines(tree, reading.headings))
    facts = metadata.describe(head, page, None, page.url)
    if facts.published_precision not in (None, "day") or not (more := unread_date_lines(tree, choice)):
        return head, facts
    head = head._replace(date_lines=(*head.date_lines, *more))
    return head, metadata.describe(head, page, None, page.url)


def _headlines(tree: Tree, headings: Sequence[int]) -> tuple[str, ...]:
    """What is named a headline, then every h1 but a logo that leads home; without either, what the page's title says
    beside the site's name."""
    loud = [line for line in map(tree.lines.__getitem__, headings) if tree.rows[line.owner].tag in LOUDEST]
    found = [line.text for line in loud if 2 * line.linked < len(line.text)]
    if not found and not tree.head.headlines:
        title = tree.head.title or ""
        found = [line.text for line in tree.lines if len(line.text) >= _LEAST_TITLE and line.text in title]
    return (*tree.head.headlines, *found[:_MOST_HEADLINES])


def _with_found(facts: metadata.Metadata, head: Head, page: Page, cleaned: Cleaned) -> metadata.Metadata:
    """Ask again when the text named an author or a date that nothing else did."""
    undated = cleaned.published_line and (facts.published_at is None or facts.published_precision == "day")
    if undated or (cleaned.credits and is_desk(facts.author, facts.site_name)):
        return metadata.describe(head, page, cleaned.published_line, page.url, cleaned.credits)
    return facts


def _at_home(facts: metadata.Metadata, page: Page, rule: Rule) -> metadata.Metadata:
    """The declared address, or the page's own, in the one form that its site gives its articles."""
    told = facts.canonical_url or page.url
    if not rule.canonical or told is None or (own := rule.canonical_form(told)) == facts.canonical_url:
        return facts
    return facts._replace(canonical_url=own) if facts.canonical_url or own != page.url else facts


def _body(cleaned: Cleaned) -> str:
    text = "\n\n".join([block.text for block in cleaned.blocks if block.kind is not CAPTION])
    return text if len(text) <= BODY // 4 else _within(text, BODY)


def _within(text: str, limit: int) -> str:
    """At most `limit` bytes of UTF-8, cut at the end of a paragraph."""
    encoded = text.encode()
    if len(encoded) <= limit:
        return text
    short = encoded[:limit].decode("utf-8", "ignore")
    return short[: short.rfind("\n\n")] if "\n\n" in short else short


def _of_fragment(body: str) -> PageOutcome:
    return PageOutcome.ARTICLE if body else PageOutcome.EMPTY


def _assemble(
    page: Page,
    reading: _Reading,
    facts: metadata.Metadata,
    cleaned: Cleaned,
    body: str,
    outcome: PageOutcome,
) -> Article:
    is_article = outcome is PageOutcome.ARTICLE
    return Article(
        outcome=outcome,
        url=page.url,
        title=cut(facts.title, TITLE) if facts.title else None,
        author=cut(facts.author, AUTHOR) if facts.author else None,
        published_at=facts.published_at,
        published_precision=facts.published_precision,
        published_from=facts.published_from,
        published_raw=facts.published_raw,
        modified_at=facts.modified_at,
        language=identify(body) if is_article else None,
        body=body if is_article else None,
        captions=_untitled(cleaned.captions, facts.title) if is_article else (),
        sources=cleaned.sources if is_article else (),
        credits=cleaned.credits if is_article else (),
        tags=facts.tags or cleaned.tags,
        image=_short(facts.image),
        canonical_url=_short(facts.canonical_url),
        site_name=facts.site_name,
        removed=_removed(reading, cleaned) if is_article else (),
        rule=reading.choice.by,
        extractor=EXTRACTOR,
        flags=cleaned.flags,
    )


def _untitled(captions: tuple[Caption, ...], title: str | None) -> tuple[Caption, ...]:
    """Captions but for a headline that a class name calls one."""
    own = normal(title or "") if captions else ""
    return tuple([c for c in captions if c.credit or normal(c.text) != own])


def _in_parts(article: Article, parts: Parts | None) -> Article:
    """Say where the article goes on, when it does."""
    if parts is None or article.outcome is not PageOutcome.ARTICLE:
        return article
    flags = tuple(dict.fromkeys((*article.flags, INCOMPLETE)))
    return replace(article, flags=flags, whole_url=_short(parts.whole), next_url=_short(parts.next))


def _short(url: str | None) -> str | None:
    return url if url and len(url) <= URL else None


def _removed(reading: _Reading, cleaned: Cleaned) -> tuple[Removal, ...]:
    return (*reading.sifted.removed, *cleaned.removed)


def _prefer_feed(article: Article, page: Page, rules: Rules) -> Article:
    """The feed's own text where the page yields under half of it: a page behind a wall, or drawn by a script."""
    entry = page.entry
    if page.origin is Origin.FEED or entry is None or article.outcome not in _MAY_YIELD:
        return article
    fragment = entry.content or entry.summary or ""
    if plain_length(fragment) < 2 * len(article.body or "") + 1:
        return article
    whole = replace(page, html=fragment.encode("utf-8", "ignore"), origin=Origin.FEED, charset="utf-8")
    own = _extract(whole, rules)
    if own.body is None or len(own.body) <= 2 * len(article.body or ""):
        return article
    return replace(
        article,
        outcome=PageOutcome.ARTICLE,
        body=own.body,
        language=own.language,
        captions=own.captions,
        sources=own.sources,
        credits=own.credits or article.credits,
        removed=own.removed,
        rule="feed",
        flags=(*own.flags, "body_from_feed"),
    )


_MAY_YIELD = frozenset((PageOutcome.ARTICLE, PageOutcome.EMPTY))
