"""What class, id and itemprop words say about an element: a closed vocabulary, judged token by token and memoised.

A class string is cut into tokens and a token into words ("relatedPosts" -> related, posts), and only whole words count:
substring rules on classes are the main way extractors lose pages. WordPress writes an article's tags and categories
into its class (`tag-x category-y`), Blogger wraps posts in `widget Blog`: such tokens say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

JUNK = 1  # what is not the article: share bars, related lists, comments, navigation, advertising
WEAK = 2  # a word that is junk more often than not, believed only when the element holds little prose
CAPTION = 4
BODY = 8  # a name for the article's text itself
AREA = 16  # a name for the article with its head and foot
BYLINE = 32
DATE = 64
TAGS = 128
HEADLINE = 256
POST = 512  # the post's own wrapper: never junk, whatever else its class says
HIDDEN = 2048
PROPERTY = 8192  # itemprop=articleBody
KEEP = 16384  # the junk word stands beside one for content: the name of a layout, not of junk
ENTRY = 32768  # one post, with its head and foot
CAPTURED = BYLINE | HEADLINE | DATE
COMMENTS = 4096  # the readers' own words: prose, but never the article's


def vocabulary(words: str) -> frozenset[str]:
    """A set of words written as text."""
    return frozenset(words.split())


_PART = re.compile(r"(?<![A-Za-z0-9])([A-Za-z]+)\d*(?![A-Za-z0-9])")  # not the letters of a hash: "7ad19a3"
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
# What the beginning of a token tells of all of it: a post, a state or a taxonomy, a block of a page builder.
_KIND = re.compile(
    r"(?P<post>(?:hentry|h-entry|type-(?:post|page)|post-\d+|blog-posts?|Blog)$)"
    r"|(?P<state>(?:has|with|without|w|no|is|and|enable|enabled|disable|js|u|url)[-_]"
    r"|(?:tag|category|type|status|format)-(?!cloud|list|links?$|labels?$)\w)"
    r"|(?P<builder>(?:elementor|wp-block|ck|et_pb|vc|fl|so|panel|siteorigin|brxe|uagb|stk|kt)[-_])"
)
_SWITCHES = vocabulary("enable enabled enables off on first is")
_DIGITS = "0123456789"

_JUNK_WORDS = vocabulary(
    """share shares sharing sharer sharebar sharedaddy sharethis addthis addtoany shareaholic socials social sociable
    related relatedposts relatedpost relate prelate recommended recommendation recommendations rekomendasi
    terkait sidebar breadcrumb breadcrumbs breadcrump crumbs prevnext
    nextprev newsletter subscribe subscription signup optin ads adsense adsbygoogle advert adverts
    advertisement advertising advertisment adslot adunit adbox adcontainer adwrap iklan sponsor sponsored
    sponsors outbrain taboola revcontent mgid zergnet trending popular mostread mostpopular terpopuler lainnya
    bacajuga nav navbar navigation menu submenu megamenu cookie cookies gdpr consent toolbar toolbox tagcloud
    authorbox toc ratings rating footer masthead login skiplink readmore jegthemelink
    hatom icons follow followus onesignal lightbox morestories"""
)
_WEAK_WORDS = vocabulary(
    """ad promo promos byline bio teaser teasers carousel popup modal also donate donation tag tags labels label
    topics meta print email author recent latest aside widget widgets rail poll survey cta pagination pager pagenavi
    paging copyright copyrights"""
)
_COMMENT_WORDS = vocabulary("""comment comments commentlist respond disqus komentar replies reply""")
_KEEP_WORDS = vocabulary(
    """content contents main article articles story wrap wrapper wrp container layout page single body entry pusher
    canvas grid row column col well segment theme site"""
)
_CARD = "wp-embedded-content"  # WordPress's card of another post: a blockquote with its link
_EMBED_WORDS = vocabulary("embed embedded oembed tweet")
_CAPTION_WORDS = vocabulary("caption captions figcaption imagecaption photocaption imageinfo")
_BYLINE_WORDS = vocabulary("""author byline fn penulis reporter writer contributor jurnalis
    wartawan pewarta kontributor""")
_DATE_WORDS = vocabulary("""date datetime published pubdate timestamp time dateline tanggal posted updated""")
_TAG_WORDS = vocabulary("""tags labels taglist tag""")
_VOCABULARIES = (
    (_JUNK_WORDS, JUNK),
    (_COMMENT_WORDS, JUNK | COMMENTS),
    (_WEAK_WORDS, WEAK),
    (_KEEP_WORDS, KEEP),
    (_CAPTION_WORDS, CAPTION),
    (_BYLINE_WORDS, BYLINE),
    (_DATE_WORDS, DATE),
    (_TAG_WORDS, TAGS),
)
_BUILT = _JUNK_WORDS | _BYLINE_WORDS
_PAIRS: tuple[tuple[frozenset[str], int], ...] = (
    (frozenset(("baca", "juga")), JUNK),
    (frozenset(("read", "also")), JUNK),
    (frozenset(("read", "more")), JUNK),
    (frozenset(("most", "read")), JUNK),
    (frozenset(("most", "popular")), JUNK),
    (frozenset(("sign", "up")), JUNK),
    (frozenset(("next", "prev")), JUNK),
    (frozenset(("sr", "only")), HIDDEN),
    (frozenset(("screen", "reader")), HIDDEN),
    (frozenset(("visually", "hidden")), HIDDEN),
    (frozenset(("post", "footer")), KEEP),  # Blogger names author, time and labels there
    (frozenset(("nama", "redaksi")), BYLINE),
    (frozenset(("post", "title")), HEADLINE),
    (frozenset(("entry", "title")), HEADLINE),
    (frozenset(("article", "title")), HEADLINE),
)
_PAIRED = frozenset[str]().union(*(pair for pair, _ in _PAIRS))
# What the first word of a token must be for it to begin as above.
_BEGINS = vocabulary(
    """hentry h type post blog has with without w no is and enable enabled disable js u url tag category status format
    elementor wp ck et vc fl so panel siteorigin brxe uagb stk kt"""
)
# A name for the text itself, its separators left out: entry-content, post_body, articlebody, content-inner.
_STEMS = vocabulary("entry post article story news blog single detail tdpost read page") | {""}
_CORES = [stem + core for stem in _STEMS for core in ("content", "body", "text")]
_BODIES = vocabulary("isi artikel storytext") | {
    core + end for core in _CORES for end in ("", "body", "text", "content", "inner", "main")
}
_AREAS = vocabulary("article story post main content entry detail read news single")  # as the first of several words
# What a word says beside its marks: that the token has to be judged as a whole. Bits above those of all marks.
_BEGIN, _EMBED, _HALF, _SWITCH, _CORE, _FIRST = (1 << bit for bit in range(20, 26))
_MARKS = (1 << 20) - 1
_TOLD: dict[str, int] = {}
for _words_of_bit, _bit in (
    *_VOCABULARIES,
    *((_BEGINS, _BEGIN), (_EMBED_WORDS, _EMBED), (_PAIRED, _HALF), (_SWITCHES, _SWITCH), (_BODIES, _CORE)),
    (_AREAS, _FIRST),
):
    _TOLD |= {word: _TOLD.get(word, 0) | _bit for word in _words_of_bit}
_told = _TOLD.get
_AMP = "amp-wp-"  # what WordPress puts before its own names on AMP pages
_LIMIT = 16_384


class _Verdicts(dict[str | None, int]):
    """Verdicts by class attribute or id, and by each of their tokens: one look-up where it was seen before, which on a
    site's pages nearly all were. Most are seen for the first time on its first page, so what costs most is asked last.
    """

    def __missing__(self, value: str | None) -> int:
        marks = 0
        for token in value.split() if value else ():
            known = self.get(token)
            if known is None:
                if len(self) > _LIMIT:
                    self.clear()
                known = self[token] = _verdict(token)
            marks |= known
        self[value] = marks
        return marks


def of_token(token: str) -> int:
    """The marks of one class token or id."""
    return VERDICTS[token]


def _verdict(token: str) -> int:
    name = token.removeprefix(_AMP) if token[0] == "a" else token
    words: Sequence[str] = (parts := name.rstrip(_DIGITS).replace("_", "-").split("-"))
    letters = "".join(parts)
    if not (letters.islower() and letters.isalpha()):
        words = _words(name, parts, letters)
    marks = 0
    for word in words:
        marks |= _told(word, 0)
    return marks if marks <= _MARKS else _judge(name, words, parts, letters, marks)


def _words(token: str, parts: Sequence[str], letters: str) -> Sequence[str]:
    """The words of a token that is more than small letters: inner capitals divide them, digits may end them."""
    if letters.isalpha() and letters.isascii():
        return [word.lower() for word in _WORD.findall(token)]
    if letters.islower():
        plain = letters.isalnum() and letters.isascii()
        return [part.rstrip(_DIGITS) for part in parts] if plain else _PART.findall(token)
    return [word.lower() for part in _PART.findall(token) for word in _WORD.findall(part)]


def _judge(token: str, words: Sequence[str], parts: Sequence[str], letters: str, told: int) -> int:
    """The marks of a token whose words told more than marks; `parts` are what its separators divide."""
    begins = _KIND.match(token) if told & _BEGIN and words[0] in _BEGINS else None
    kind = begins.lastgroup if begins else None
    if kind == "post":
        return POST | AREA | (0 if token.startswith(("blog", "Blog")) else ENTRY)
    if kind == "state" or (told & _SWITCH and not _SWITCHES.isdisjoint(words[1:])):
        return 0
    if kind:  # page builders call every block of an article a widget
        words = [word for word in words if word in _BUILT]
        told = _told_by(words)
    if told & _EMBED:  # a quoted post of a social network is a quotation
        return JUNK if token == _CARD else 0
    marks = told & _MARKS
    if told & _HALF and len(found := _PAIRED.intersection(words)) > 1:
        for pair, mark in _PAIRS:
            if pair <= found:
                marks |= mark
    counted = token[-1] in _DIGITS  # "content2" is one of many
    if told & _CORE and not counted and letters.lower() in _BODIES:
        return marks | BODY
    first = told & _FIRST and (len(parts) > 1 or not counted) and parts[0].lower() in _AREAS
    return marks | AREA if first else marks


def _told_by(words: Sequence[str]) -> int:
    told = 0
    for word in words:
        told |= _told(word, 0)
    return told


VERDICTS = _Verdicts()
