"""What a page turned out to be when it is not an article. Conservative: where an article may be lost, it is an article.

Each verdict needs a page with little text of its own, and words that only such a page says in its title or first lines.
"""

from __future__ import annotations

import re

from kliping.model import PageOutcome
from parsers import marks as mark
from parsers import metas
from parsers.block import Tree
from parsers.links import taken_apart

LITTLE = 1500  # characters of body above which no word makes a page anything but an article
_FIRST = 12  # lines
# Of a text in lower case. What only begins one stands in one branch, so that it is asked for once and not everywhere.
_CHALLENGE = re.compile(
    r"^(?:just a moment\b|attention required!)"
    r"|checking (?:your|if the site) .{0,40}(?:browser|connection)"
    r"|verify(?:ing)? (?:that )?you are (?:a )?human|enable javascript and cookies to continue|ddos-guard"
    r"|are you a (?:human|robot)\?|please complete the captcha"
    r"|(?:buktikan|pastikan) (?:bahwa )?(?:anda|kamu) bukan robot"
    r"|memeriksa browser anda|security check to access",
)
_BLOCK = re.compile(
    r"^(?:(?:error )?40[13]\b|access(?: to this page)? (?:has been )?denied|(?:403 )?forbidden$|(?:sorry, )?you have"
    r" been blocked|request (?:blocked|rejected)|error 10(?:06|09|20)\b|akses (?:anda )?(?:ditolak|diblokir)"
    r"|internet positif|the request could not be satisfied|situs (?:ini )?(?:diblokir|tidak dapat diakses))",
)
_SOFT_404 = re.compile(
    r"^(?:(?:error )?404\b|oops!? that page can|(?:maaf, )?(?:halaman|laman|artikel|berita|postingan|konten)"
    r"(?: yang (?:anda|kamu) \w+)?(?: ini)? (?:tidak (?:ditemukan|ada|tersedia)|telah dihapus|sudah dihapus)"
    r"|maaf, halaman .{0,60}tidak|tak ada apa pun di sini|tidak ditemukan$|nothing found)"
    r"|\b404\b.{0,30}(?:not found|tidak ditemukan|error)|not found$"
    r"|(?:page|post|article|content) (?:was |could )?not (?:be )?found",
)
_PARKED = re.compile(
    r"^(?:this domain is parked|index of /)"
    r"|domain .{0,60}(?:is for sale|may be for sale|dijual|has expired|telah kedaluwarsa|sudah kadaluarsa)"
    r"|buy this domain|account (?:has been )?suspended|akun (?:ini )?(?:telah )?ditangguhkan",
)
# Before each pattern the words of which it needs one to match: short articles hold none, and that is told at a tenth of
# what the patterns cost.
VERDICTS = (
    (mark.vocabulary("moment attention browser connection human cookies ddos robot captcha security"), _CHALLENGE),
    (mark.vocabulary("40 error denied forbidden blocked rejected request tolak blokir internet situs"), _BLOCK),
    (mark.vocabulary("404 oop found tidak tak dihapus"), _SOFT_404),
    (mark.vocabulary("domain index suspended ditangguhkan"), _PARKED),
)
_OUTCOMES = (PageOutcome.CHALLENGE, PageOutcome.BLOCK, PageOutcome.SOFT_404, PageOutcome.PARKED)
_INDEX_PATH = re.compile(
    r"/?$|/(?:search|label|labels|tag|tags|category|kategori|topik|author|archive|arsip|page|halaman|indeks?)(?:/|$)"
    r"|/\d{4}(?:/\d{2})?/?$|/(?:index|home)\.(?:html?|php)$|.*/page/\d+/?$",
    re.IGNORECASE | re.DOTALL,
)


def judge(tree: Tree, url: str | None, body: str, article_url: str | None = None) -> PageOutcome:
    """The outcome of a page whose cleaned body is `body`; `article_url` is how its site forms addresses of articles."""
    if len(body) < LITTLE:
        said = (tree.head.title or "", *tree.head.headlines[:3], *(line.text for line in tree.lines[:_FIRST]))
        short = [text.lower() for text in said if len(text) < 200]
        joined = "\n".join(short)
        for outcome, (words, pattern) in zip(_OUTCOMES, VERDICTS, strict=True):
            if any(word in joined for word in words) and any(map(pattern.search, short)):
                return outcome
    if is_index(tree, url) and not (body and _is_formed(url, article_url)):
        return PageOutcome.INDEX
    return PageOutcome.ARTICLE if body else PageOutcome.EMPTY


def _is_formed(url: str | None, article_url: str | None) -> bool:
    try:
        return bool(url and article_url and re.search(article_url, taken_apart(url)[1]))
    except ValueError:
        return False


def is_index(tree: Tree, url: str | None) -> bool:
    """Whether the page lists posts: an address that says so, and several posts side by side, none of them the page."""
    url = url or next((href for rel, href in tree.head.links if rel == "canonical"), None)
    try:
        named, path, query = taken_apart(url or "")
    except ValueError:
        return False
    if (named and (not _INDEX_PATH.match(path) or query.startswith("p="))) or _says_article(tree):
        return False
    posts = _posts(tree)
    total = sum(len(line.text) for line in tree.lines)
    if len(posts) < 2 or 2 * max(posts) > total:
        return False
    return bool(named) or (len(posts) >= 5 and 3 * max(posts) < sum(posts))


def _says_article(tree: Tree) -> bool:
    return any(value.strip().lower() == "article" for value in tree.head.metas.get(metas.KIND, ()))


def _posts(tree: Tree) -> list[int]:
    """The characters of each of the posts that stand side by side."""
    sizes: list[int] = []
    end = 0
    for index, row in enumerate(tree.rows):
        if (
            (row.marks & mark.ENTRY or tree.name(index) == "article")
            and row.first >= end
            and tree.last[index] > row.first
        ):
            end = tree.last[index]
            sizes.append(sum(len(line.text) for line in tree.lines[row.first : end]))
    return sizes
