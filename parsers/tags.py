"""HTML's elements by what the walk does with them."""

from __future__ import annotations

from parsers.block import BlockKind

INLINE, BLOCK, BREAK, SKIP, HEAD, ANCHOR, VOID, STRONG, ASIDE = range(9)

ROLES = {
    INLINE: """abbr acronym bdi bdo big cite code data del dfn font ins kbd label mark nobr output picture q rp rt ruby
        s samp small span strike sub sup time tt u var wbr""",
    STRONG: "b strong i em",
    BREAK: "br",
    SKIP: """style template svg math select option button iframe object embed canvas audio video map datalist textarea
        input progress meter frameset""",
    HEAD: "meta link title script base",
    ANCHOR: "a",
    VOID: "img hr source track param area col",
    ASIDE: "noscript",
}
BLOCKS = """html head body div p section article main aside header footer nav ul ol li dl dt dd table thead tbody tfoot
    tr td th caption blockquote pre h1 h2 h3 h4 h5 h6 figure figcaption form fieldset legend address details summary
    center dir menu hgroup listing xmp plaintext"""

KINDS = {
    "li": BlockKind.ITEM,
    "dt": BlockKind.ITEM,
    "dd": BlockKind.ITEM,
    "blockquote": BlockKind.QUOTE,
    "pre": BlockKind.CODE,
    "listing": BlockKind.CODE,
    "td": BlockKind.CELL,
    "th": BlockKind.CELL,
    "figcaption": BlockKind.CAPTION,
    "caption": BlockKind.CAPTION,
    **{f"h{n}": BlockKind.HEADING for n in range(1, 7)},
}
