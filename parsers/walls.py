"""What stands in a document's place: a bot check, a block page, a login, a parked domain, a page that says "not found".

    (status, headers, body, URLs) -> Look: a word, or a digest by which the same page is known elsewhere

Only documents with little to read are judged, and each word needs something that only such a page has: an article about
a block page says the same words in a thousand others. Block pages of Indonesian providers are known by the host they
are on and by what the rules of the ministry make them say; their looks change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit

from kliping.feeds import FetchOutcome

GLIMPSE = 64 * 1024  # bytes: no such page is larger
LITTLE = 1500  # characters of text above which a document is taken for what it should be

_HTML = re.compile(rb"<!doctype html|<html|<head[\s>]|<body[\s>]|<title", re.IGNORECASE)
_FEED = re.compile(rb"<(?:\w{1,20}:)?(?:rss|feed|rdf|channel)[\s>]", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{0,300})", re.IGNORECASE)
_UNSEEN = re.compile(r"<(script|style|svg|title)\b")
_TAG = re.compile(r"<[^<>]{0,20000}>")
_SPACE = re.compile(r"\s+")
_NAMES_AND_NUMBERS = re.compile(r"\S*[0-9./:@]\S*")

# Hosts that only ever say that another one is blocked, and the names that DNS is made to answer with.
_BLOCK_HOST = re.compile(
    r"(?:^|\.)(?:internet-?positif\.\w+|internetpositif\.\w+(?:\.\w+)?|trust-?positif\.(?:kominfo|komdigi)\.go\.id"
    r"|internet-?sehat\.\w+|internetbaik\.telkomsel\.com|lamanlabuh\.aduankonten\.id|aduankonten\.id"
    r"|mercusuar\.uzone\.id|block(?:page|ed)?\.(?:xl\.co\.id|myrepublic\.co\.id|biznetnetworks\.com|firstmedia\.com)"
    r"|restricted\.tri\.co\.id|safenet\.(?:cbn|biznet)\.net\.id|netsafe\.\w+\.id)$",
    re.IGNORECASE,
)
# The name of the ministry's filter where a page begins, or a sentence about the address that was just asked for.
_BLOCK = re.compile(r"internet[ -]?positif|trust[ +-]?positif|internet sehat (?:dan|&) aman", re.IGNORECASE)
_BLOCK_SAID = re.compile(
    r"(?:situs|website|laman|halaman|domain|alamat)(?: web| ini)? yang (?:akan |ingin |sedang |hendak )?(?:anda|kamu) "
    r"\w+.{0,80}\b(?:terlarang|di ?blokir|ditutup|dibatasi|melanggar|mengandung unsur)"
    r"|akses (?:ke|menuju|terhadap) (?:situs|website|laman|halaman|konten|domain) (?:ini|tersebut).{0,60}"
    r"\b(?:di ?blokir|ditutup|dibatasi|dilarang)"
    r"|situs (?:web )?ini (?:telah |sudah )?(?:di ?blokir|ditutup).{0,200}\b(?:kominfo|komdigi|kementerian|perundang"
    r"|pemerintah|peraturan)"
    r"|access to this (?:web ?)?site .{0,40}(?:blocked|restricted|prohibited).{0,200}\b(?:indonesia|regulation"
    r"|government|ministry|kominfo|komdigi)",
    re.IGNORECASE,
)
_BEGINS = 200  # characters
_CHALLENGE_MARK = re.compile(
    r"_cf_chl_|cf-browser-verification|cf_captcha_kind|/cdn-cgi/challenge-platform/h/|ddos-guard\.net/check"
    r"|sucuri_cloudproxy_js|_Incapsula_Resource|geo\.captcha-delivery\.com|px-captcha|awswaf.{0,40}challenge"
    r"|/\.well-known/sgcaptcha|aes\.js\"></script><script>function toNumbers",
    re.IGNORECASE,
)
_CHALLENGE = re.compile(
    r"^just a moment\b|^attention required! \| cloudflare|checking (?:your|if the site) .{0,40}(?:browser|connection)"
    r"|verif(?:y|ying) (?:that )?you are (?:a )?human|enable javascript and cookies to continue"
    r"|(?:buktikan|pastikan|verifikasi) (?:bahwa )?(?:anda|kamu) (?:bukan robot|adalah manusia|manusia)"
    r"|memeriksa (?:peramban|browser) anda|complete the captcha|imunify360",
    re.IGNORECASE,
)
_PARKED = re.compile(
    r"domain .{0,80}(?:is for sale|may be for sale|for sale by|is parked|dijual|has expired|sudah kedaluwarsa"
    r"|telah kedaluwarsa|sudah kadaluarsa|telah kadaluarsa)|buy this domain|beli domain ini"
    r"|(?:this )?account (?:has been )?suspended|(?:akun|hosting|situs) (?:ini )?(?:telah |sedang )?ditangguhkan"
    r"|related searches.{0,200}privacy policy|future home of something|default web ?site page|welcome to nginx"
    r"|apache2? .{0,20}default page",
    re.IGNORECASE,
)
_PARKED_MARK = re.compile(
    r"sedoparking\.com|parkingcrew\.net|bodis\.com|hugedomains\.com/domain_profile|window\.park\b|d1lxhc4jvstzrp"
    r"|parklogic\.com|/cgi-sys/suspendedpage\.cgi|img\.sedoparking",
    re.IGNORECASE,
)
_LOGIN_PATH = re.compile(
    r"/(?:wp-login\.php|blogin\.g|(?:user/|account/|auth/|portal/)?(?:log-?in|sign-?in|masuk)(?:\.\w{2,5})?/?"
    r"|ServiceLogin|hotspot(?:login)?(?:/.*)?|captive(?:-?portal)?(?:/.*)?)$",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"<input\b[^<>]{0,300}\btype\s*=\s*[\"']?password", re.IGNORECASE)
_SOFT_404 = re.compile(
    r"^(?:error )?404\b|\b404\b.{0,30}(?:not found|tidak ditemukan)|^(?:page|blog|feed) not found"
    r"|(?:halaman|laman|artikel|berita|feed|umpan)(?: yang (?:anda|kamu) \w+)?(?: ini)? (?:tidak ditemukan"
    r"|tidak tersedia|telah dihapus|sudah dihapus)|^tidak ditemukan\b|blog (?:ini )?(?:has been removed|telah dihapus)",
    re.IGNORECASE,
)


def is_block_host(name: str) -> bool:
    """Whether a name, or the alias DNS gave it, is one that only tells of blocked sites."""
    return _BLOCK_HOST.search(name.rstrip(".")) is not None


def is_page(body: bytes) -> bool:
    """Whether the first bytes are those of a web page and not of a feed."""
    head = body[:4096]
    found = _HTML.search(head)
    feed = _FEED.search(head)
    return found is not None and (feed is None or found.start() < feed.start())


@dataclass(frozen=True, slots=True)
class Look:
    """What a first look at a document tells: its word, and the digest by which a block page is known under any host."""

    word: FetchOutcome | None = None
    digest: bytes | None = None


NOTHING = Look()


def look(status: int, headers: Mapping[str, str], body: bytes, asked: str, final: str) -> Look:
    """The word for a document that is not what was asked for; none when nothing says so.

    `headers` by lower-case name. An error has its own word already: there only a bot check or a block page is told.
    """
    if headers.get("cf-mitigated", "").strip().lower() == "challenge":
        return Look(FetchOutcome.CHALLENGE)
    if is_block_host(urlsplit(final).hostname or ""):
        return Look(FetchOutcome.ISP_BLOCK)
    if len(body) > GLIMPSE or not is_page(body):
        return NOTHING
    html = body.decode("utf-8", "replace")
    text = visible(html)
    if len(text) > LITTLE:
        return NOTHING
    title = found[1].strip() if (found := _TITLE.search(html)) else ""
    if _CHALLENGE_MARK.search(html) or _CHALLENGE.search(title) or _CHALLENGE.search(text):
        return Look(FetchOutcome.CHALLENGE)
    if _BLOCK.search(f"{title} {text[:_BEGINS]}") or _BLOCK_SAID.search(text):
        return Look(FetchOutcome.ISP_BLOCK)
    word = _other(html, title, text, asked, final) if status < 400 else None
    return Look(word, None if word else sha256(_NAMES_AND_NUMBERS.sub("", text).encode()).digest())


def _other(html: str, title: str, text: str, asked: str, final: str) -> FetchOutcome | None:
    if _PARKED_MARK.search(html) or _PARKED.search(text) or _PARKED.search(title):
        return FetchOutcome.PARKED
    path = urlsplit(final).path
    if _LOGIN_PATH.search(path) and path != urlsplit(asked).path:
        return FetchOutcome.LOGIN
    if _PASSWORD.search(html):
        return FetchOutcome.LOGIN
    return FetchOutcome.SOFT_404 if _SOFT_404.search(title) or _SOFT_404.search(text) else None


def visible(html: str) -> str:
    """The text of a document without its scripts, styles, pictures and tags, roughly; linear in its length."""
    kept: list[str] = []
    at, lower = 0, html.lower()
    while opening := _UNSEEN.search(lower, at):
        kept.append(html[at : opening.start()])
        end = lower.find(f"</{opening[1]}", opening.end())
        at = end if end >= 0 else len(html)
    kept.append(html[at:])
    return _SPACE.sub(" ", _TAG.sub(" ", "".join(kept))).strip()
