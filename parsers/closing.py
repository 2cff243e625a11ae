"""Steps of cleaning for what is left when all else has gone: boxes between paragraphs, and the very end of a text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from kliping.model import Credit
from parsers.block import HEADING, ITEM, PARAGRAPH, Block
from parsers.draft import Draft, Sift
from parsers.lines import SMALL_WORDS, like_headline, words_of
from parsers.steps import CleanContext

_HOST = re.compile(r"https?://[^/?#]{1,255}/")
_FRONT = re.compile(r"https?://[^/?#]{1,255}/?")
_FETCH = re.compile(r"download|unduh|pdf|docx?|xlsx?|zip|rar|apk|disini|di sini|klik|formulir|lampiran|uploads?/")


def drop_hanging(before: Draft, draft: Draft) -> Sift | None:
    """A heading at the end whose text, as it stood in `before`, has left; and the same heading said twice."""
    blocks, end = draft.blocks, len(draft.blocks)
    if end < 2 or blocks[-1].kind is not HEADING:
        return None
    left = {id(block) for block in blocks}
    after = {id(block): following for block, following in pairwise(before.blocks)}
    while end > 1 and blocks[end - 1].kind is HEADING:
        following = after.get(id(blocks[end - 1]))
        twice = end < len(blocks) and blocks[end].text == blocks[end - 1].text
        if not twice and (following is None or id(following) in left):
            break
        end -= 1
    out = Sift()
    for index in range(end, len(blocks)):
        out.drop(index, "lines", "hanging heading", blocks[index].text)
    return out


def drop_closing_links(draft: Draft, context: CleanContext, out: Sift) -> None:
    """Headlines of other posts that end a text: paragraphs that are one link each, and links to a partner's front."""
    end = len(draft.blocks)
    while end > 1 and _leads_on(draft.blocks[end - 1], context):
        end -= 1
    for index in range(end, len(draft.blocks)):
        out.drop(index, "links", "closing", draft.blocks[index].text)


def _leads_on(block: Block, context: CleanContext) -> bool:
    """One link to another page of the site, or to the front of another, that offers nothing to fetch."""
    if block.kind is not PARAGRAPH or len(block.links) != 1 or len(block.text) > 160:
        return False
    url = block.links[0].url or ""
    front = _FRONT.fullmatch(url) is not None and " " in block.text
    return (front or _is_own(url, context)) and block.link_share > 0.95 and not _fetches(block)


def _is_own(url: str, context: CleanContext) -> bool:
    host = _HOST.match(context.url or "")
    return host is not None and url.casefold().startswith(host[0].casefold()) and len(url) > len(host[0])


def _fetches(block: Block) -> bool:
    return _FETCH.search(f"{block.text} {block.links[0].url or ''}".casefold()) is not None


def drop_boxes(draft: Draft, context: CleanContext, out: Sift) -> None:
    """A headline that links to a page of the site, alone between two paragraphs: "Baca juga" said or unsaid.

    Unsaid it must be loud; more than two such paragraphs are a list that the author made.
    """
    blocks = draft.blocks
    links = [i for i, block in enumerate(blocks) if block.links and len(block.links) == 1 and _is_alone(blocks, i)]
    boxes = [i for i in links if _is_headline(blocks[i], context) and not _fetches(blocks[i])]
    unsaid = sum(blocks[i].kind is PARAGRAPH and _label(blocks[i]) == "" for i in boxes)
    for index in boxes:
        block = blocks[index]
        if _points(block) or (block.emphasis and not _label(block) and (block.kind is ITEM or unsaid <= _MOST_BOXES)):
            out.drop(index, "links", "box", block.text)


_MOST_BOXES = 2
_POINTING_TEXT = """juga baca simak lihat artikel berita tulisan menarik lain lainnya terkait pelajari rekomendasi
    read also see related more"""
_POINTING = frozenset(_POINTING_TEXT.split())


def _is_alone(blocks: Sequence[Block], index: int) -> bool:
    kind = blocks[index].kind
    within = (kind is PARAGRAPH or kind is ITEM) and 0 < index < len(blocks) - 1
    return within and blocks[index - 1].kind is PARAGRAPH is blocks[index + 1].kind


def _is_headline(block: Block, context: CleanContext) -> bool:
    """A link to a page of the site that ends the line, written as a headline."""
    link = block.links[0]
    ends = block.text.rstrip(" .!»>])").endswith(link.text.rstrip(" .!»>])"))
    return ends and len(words_of(link.text)) > 3 and like_headline(link.text) and _is_own(link.url or "", context)


def _label(block: Block) -> str:
    """What stands before the link, but for marks."""
    return block.text[: block.text.find(block.links[0].text)].strip(" *•>»([:|–—-")


def _points(block: Block) -> bool:
    words = [word.casefold() for word in words_of(_label(block))]
    return 1 <= len(words) <= 4 and not _POINTING.isdisjoint(words)


_SIGNATURE = re.compile(
    r"[^\w.]{0,3}(?P<lead>(?i:oleh|dari|by|from|karya|kiriman(?: dari)?|(?:ditulis|dikirim) oleh)) ?:? "
    r"(?P<name>[A-Z][\w'’-]*(?: [A-Z][\w'’-]*){0,2})[^\w.?!]{0,3}"
)
_SENT = ("dari", "from", "kiriman", "dikirim")


def drop_signature(draft: Draft, context: CleanContext, out: Sift) -> None:
    """The last line, set off in italics or bold, that says who wrote or sent the text: "Oleh Rina Dewi"."""
    last = len(draft.blocks) - 1
    block = draft.blocks[last] if last > 0 else None
    if block is None or not block.emphasis or len(block.text) > 60 or block.links:
        return
    m = _SIGNATURE.fullmatch(block.text)
    if m and not any(word.casefold() in _BETWEEN for word in words_of(m["name"])):
        role = "contributor" if m["lead"].casefold().startswith(_SENT) else "author"
        out.credits.append(Credit(role, m["name"]))
        out.drop(last, "credits", "signature", block.text, "credits")


# "Dari Sabang Sampai Merauke" and "Dari Kami Sekeluarga" name nobody.
_NOBODY_TEXT = """sampai menuju kepada kami kita saya aku anda kamu kalian mereka dia ia beliau sekeluarga keluarga
    semua segenap seluruh sekalian hati us me you we all them"""
_BETWEEN = SMALL_WORDS | frozenset(_NOBODY_TEXT.split())
