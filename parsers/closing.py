"""Steps of cleaning for what is left at the very end of a text when all else has gone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from parsers.block import Block, BlockKind
from parsers.steps import CleanContext, Sift

_HOST = re.compile(r"https?://[^/?#]{1,255}/")
_FRONT = re.compile(r"https?://[^/?#]{1,255}/?")
_FETCH = re.compile(r"download|unduh|pdf|docx?|xlsx?|zip|rar|apk|disini|di sini|klik|formulir|lampiran|uploads?/")


def drop_hanging(before: Sequence[Block], kept: Sequence[Block]) -> Sift:
    """A heading at the end of `kept` whose text, as it stood in `before`, has left; and the same heading said twice."""
    end, left = len(kept), {id(block) for block in kept}
    after = {id(block): following for block, following in pairwise(before)}
    while end > 1 and kept[end - 1].kind is BlockKind.HEADING:
        following = after.get(id(kept[end - 1]))
        twice = end < len(kept) and kept[end].text == kept[end - 1].text
        if not twice and (following is None or id(following) in left):
            break
        end -= 1
    out = Sift(kept=list(kept[:end]))
    for block in kept[end:]:
        out.drop("lines", "hanging heading", block.text)
    return out


def drop_closing_links(blocks: Sequence[Block], context: CleanContext) -> Sift:
    """Headlines of other posts that end a text: paragraphs that are one link each, and links to a partner's front."""
    end = len(blocks)
    while end > 1 and _leads_on(blocks[end - 1], context):
        end -= 1
    out = Sift(kept=list(blocks[:end]))
    for block in blocks[end:]:
        out.drop("links", "closing", block.text)
    return out


def _leads_on(block: Block, context: CleanContext) -> bool:
    """One link to another page of the site, or to the front of another, that offers nothing to fetch."""
    if block.kind is not BlockKind.PARAGRAPH or len(block.links) != 1 or len(block.text) > 160:
        return False
    url, host = block.links[0].url or "", _HOST.match(context.url or "")
    same = host is not None and url.casefold().startswith(host[0].casefold()) and len(url) > len(host[0])
    front = _FRONT.fullmatch(url) is not None and " " in block.text
    return (same or front) and block.link_share > 0.95 and not _FETCH.search(f"{block.text} {url}".casefold())
