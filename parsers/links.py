"""URLs: made absolute, named by host and site, and brought to the one form by which an article is known.

    href --absolute--> URL --canonical--> identity form --sha256--> url_key
                        |-- host_of: who is asked politely
                        '-- site_of: whose articles they are

`canonical` is for comparing, not for fetching: it may name a page the server does not have.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, urljoin, urlsplit

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

from kliping.model import Entry

MAX_URL = 2048  # characters (house, section 7)
_DEFAULT_PORTS = {80, 443}
_SCHEME_PORT = {"http": 80, "https": 443}

# What people paste around an URL, and what browsers drop inside one (WHATWG URL, "remove tab or newline").
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202f\u2060-\u2064\ufeff\ud800-\udfff]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_WEB = re.compile(r"https?:", re.IGNORECASE)
_ESCAPED_AMPERSAND = re.compile(r"&(?:amp|#0*38|#x0*26);", re.IGNORECASE)
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})")
# A label may end in a hyphen: old Blogger addresses do.
_HOST = re.compile(r"(?!xn--(?:\.|$))[a-z0-9_][a-z0-9_\-]*(?:\.(?!xn--(?:\.|$))[a-z0-9_][a-z0-9_\-]*)*")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

_BLOGSPOT = re.compile(r"(.+)\.blogspot\.(?:com|[a-z]{2,3}|com?\.[a-z]{2})")
_SUFFIX = 3  # letters of the longest common second-level suffix: com.my, web.id
# Blog hosts whose names are sites of their own although the public suffix list does not hold them all.
_BLOG_HOSTS = frozenset(
    ("blogspot.com", "wordpress.com", "home.blog", "blogdetik.com", "livejournal.com", "tumblr.com", "wixsite.com")
)
_DEVICE_PREFIX = re.compile(r"(?:www\d?|m|amp)\.(?=.)")
# Queries that say who sent the reader or which face of the page is wanted, never which article (Blogger, WordPress,
# kompas/tribun/tempo page=all, detik single=1, sindonews showpage=all, beritasatu view=all, AMP).
_NOISE_NAME = re.compile(
    r"utm_.*|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|igshid|mc_[ce]id|_ga|spref|showcomment"
    r"|replytocom|amp|_?amp_.*",
    re.IGNORECASE,
)
_NOISE_PAIR = frozenset(
    ("m=0", "m=1", "page=all", "single=1", "showpage=all", "view=all", "output=amp", "outputtype=amp")
)
# A URL that is as it should be, as most are: nothing to join, to escape or to drop.
_PATH = r"(/[A-Za-z0-9/%:@!$&'()*+,=~._-]*)(?:\?([A-Za-z0-9/%:@!$&'()*+,=~._?-]+))?"
_HOME = r"https?://((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,4}[a-z]{2,20})"
_ABSOLUTE, _ROOTED = re.compile(_HOME + _PATH), re.compile("(?!//)" + _PATH)
_ORIGIN = re.compile(_HOME + r"(?=[/?#]|\Z)")
_AMP_PATH = re.compile(r"^(?:/++amp)+(?=/.)|(?<!/)(?:/++amp)+/*$")
_BLOGGER_ID = re.compile(r"tag:blogger\.com,1999:(?:user-\d+\.)?blog-(\d+)\.post-(\d+)")


def absolute(href: str, base: str) -> str | None:
    """The http(s) URL that `href` means on a page at `base`, in ASCII, without userinfo; None when there is none.

    Space at the ends and controls anywhere are dropped, inner spaces and other characters percent-encoded, `\\` is `/`
    (as browsers do). Longer than MAX_URL is None.
    """
    if len(href) <= MAX_URL and "/." not in href and "xn--" not in href:
        if _ABSOLUTE.fullmatch(href):
            return href
        if _ROOTED.fullmatch(href) and (origin := _ORIGIN.match(base)):
            return origin[0] + href if len(origin[0]) + len(href) <= MAX_URL else None
    href = _clean(href)
    if _SCHEME.match(href) and not _WEB.match(href):  # mailto:, javascript:
        return None
    try:
        joined = urljoin(base, href) if base else href
        if not _WEB.match(joined):
            return None
        url = _ascii(urlsplit(joined))
    except ValueError:
        return None
    return url if len(url) <= MAX_URL else None


def host_of(url: str) -> str:
    """The lower-case IDNA name, plus :port when it is not 80 or 443. Raises ValueError when there is no usable host."""
    if plain := plain_host(url):
        return _host_name(plain)
    parts = urlsplit(_clean(url))
    name, port = _name(parts), _port(parts)
    return name if port is None else f"{name}:{port}"


def plain_host(url: str) -> str | None:
    """The host of a URL that is written as most are, at one look; None for any other, which may have one too."""
    origin = _ORIGIN.match(url)
    return origin[1] if origin else None


def taken_apart(url: str) -> tuple[str, str, str]:
    """Authority, path and query of a URL, at one look where it is written as most are. Raises ValueError."""
    if plain := _ABSOLUTE.fullmatch(url):
        return plain[1], plain[2], plain[3] or ""
    parts = urlsplit(url)
    return parts.netloc, parts.path, parts.query


def site_of(url: str) -> str:
    """The registrable domain, each blog of a blog host being a site of its own; an address or a bare name is itself.

    Plus :port when it is not 80 or 443. Raises ValueError when there is no usable host.
    """
    parts = urlsplit(_clean(url))
    site, port = _site_name(_name(parts)), _port(parts)
    return site if port is None else f"{site}:{port}"


def likely_one_site(one: str, other: str) -> bool:
    """Whether two addresses are of one site, without the list of suffixes, which takes 30 ms to load, where the last
    two labels tell: under a longer name than "co.id" or "com.au". Raises ValueError when one has no usable host."""
    first, second = host_of(one), host_of(other)
    tail = first.split(".")[-2:]
    if first == second or tail != second.split(".")[-2:]:
        return first == second
    told = len(tail[0]) > _SUFFIX and not any(first.endswith(f".{host}") for host in _BLOG_HOSTS)
    return told or site_of(one) == site_of(other)


def canonical(url: str) -> str:
    """The identity form of an http(s) URL: equal for all the ways one article is linked. Raises ValueError.

    https; no www./m./amp. prefix; Blogger's country hosts as blogspot.com; no tracking, device, full-page or AMP
    marks, fragment, default port or trailing slash; query sorted; percent-encoding as short as RFC 3986 6.2.2 allows.
    """
    parts = urlsplit(_clean(url))
    if parts.scheme.lower() not in ("http", "https"):
        raise ValueError(f"not an http(s) URL: {url[:100]!r}")
    host, port = _identity_host(_name(parts)), _port(parts)
    path = _AMP_PATH.sub("", _without_dots(_escape(parts.path, safe="/")))
    query = "&".join(sorted(pair for pair in _escape(parts.query, safe="&/?").split("&") if _is_identity(pair)))
    authority = host if port is None else f"{host}:{port}"
    return f"https://{authority}{path.rstrip('/') or '/'}" + (f"?{query}" if query else "")


_FRONT = re.compile(r"/?(?:(?:index|default|home)\.[a-z]{3,5})?", re.IGNORECASE)


def is_front_page(url: str) -> bool:
    """Whether a URL leads to a site's front page, whatever noise it carries. ValueError when it is none."""
    parts = urlsplit(canonical(url))
    return not parts.query and _FRONT.fullmatch(parts.path) is not None


def url_key(url: str) -> bytes:
    """sha256 of the canonical URL. Raises ValueError for what is not an http(s) URL."""
    return _sha256(canonical(url))


def entry_key(entry: Entry, feed_url: str) -> bytes:
    """sha256 of who an entry is: Blogger's (blog, post), else GUID, else link, else title, date and text."""
    return _sha256(_guid_identity(entry, feed_url) or _rest_identity(entry))


def entry_keys(entries: Sequence[Entry], feed_url: str) -> tuple[bytes, ...]:
    """The keys of a document's entries in order; a GUID that several articles share is told apart by their links.

    Feeds exist that give every item one GUID (miniflux issue 4197). The same GUID with the same link is one article.
    """
    guids = [_guid_identity(entry, feed_url) for entry in entries]
    rests = [_rest_identity(entry) for entry in entries]
    shared = Counter(guid for guid, _ in {(guid, rest) for guid, rest in zip(guids, rests, strict=True)})
    return tuple(
        _sha256(rest if guid is None else guid if shared[guid] < 2 else f"{guid}\n{rest}")
        for guid, rest in zip(guids, rests, strict=True)
    )


# --- identity of an entry ---------------------------------------------------------------------------------------------


def _sha256(identity: str) -> bytes:
    from hashlib import sha256  # late, as OpenSSL costs a start of `kliping extract` 3 ms, and no page needs it

    return sha256(identity.encode("utf-8", "replace")).digest()


def _guid_identity(entry: Entry, feed_url: str) -> str | None:
    """The GUID with the word of its kind. A GUID that is no URI is only unique within its feed."""
    guid = (entry.guid or "").strip()
    if not guid:
        return None
    if blogger := _BLOGGER_ID.search(guid):
        return f"blogger:{blogger[1]}:{blogger[2]}"
    if _WEB.match(guid):
        return f"guid:{_canonical_or_raw(guid)}"
    if _SCHEME.match(guid):
        return f"guid:{guid}"
    return f"guid:{_canonical_or_raw(feed_url).partition('?')[0]} {guid}"


def _rest_identity(entry: Entry) -> str:
    """Who an entry is by its link, or without one by what it says."""
    if entry.url:
        return f"link:{_canonical_or_raw(entry.url)}"
    date = entry.published_raw or (entry.published_at.isoformat() if entry.published_at else "")
    said = "\x00".join((entry.title or "", date, entry.content or entry.summary or ""))
    return f"text:{_sha256(said).hex()}"


def _canonical_or_raw(url: str) -> str:
    try:
        return canonical(url)
    except ValueError:
        return url


# --- parts of a URL ---------------------------------------------------------------------------------------------------


def _clean(url: str) -> str:
    """Without controls and outer space; `&amp;` that survived one unescaping too few is `&`; `\\` is `/` in a path."""
    url = _ESCAPED_AMPERSAND.sub("&", _CONTROLS.sub("", url).strip())
    if _SCHEME.match(url) and not _WEB.match(url):
        return url
    head, mark, tail = _split_at_query(url)
    return head.replace("\\", "/") + mark + tail


def _split_at_query(url: str) -> tuple[str, str, str]:
    at = min((i for i in (url.find("?"), url.find("#")) if i >= 0), default=len(url))
    return url[:at], url[at : at + 1], url[at + 1 :]


def _ascii(parts: SplitResult) -> str:
    """The URL in ASCII; raises ValueError for a host that cannot be one."""
    host, port, scheme = _name(parts), parts.port, parts.scheme.lower()
    authority = host if port in (None, _SCHEME_PORT[scheme]) else f"{host}:{port}"
    path = quote(parts.path, safe="/%:@!$&'()*+,;=~-._") or "/"
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?[]|{}^`")
    fragment = quote(parts.fragment, safe="/%:@!$&'()*+,;=~-._?#")
    url = f"{scheme}://{authority}{path}"
    return url + (f"?{query}" if query else "") + (f"#{fragment}" if fragment else "")


def _port(parts: SplitResult) -> int | None:
    """The port, None when it is 80 or 443; ValueError when it is no number up to 65535."""
    return None if parts.port in _DEFAULT_PORTS else parts.port


def _name(parts: SplitResult) -> str:
    """The host's name in lower-case ASCII; an IPv6 address keeps its brackets. ValueError when there is none."""
    return _host_name(parts.hostname or "")


@lru_cache(maxsize=4096)
def _host_name(name: str) -> str:
    if ":" in name:
        return f"[{ip_address(name)}]"
    if not name.isascii():
        import idna  # late: few names need it

        name = idna.encode(name, uts46=True).decode("ascii")  # IDNAError is a ValueError
    name = name.lower().rstrip(".")
    if len(name) > 253 or not _HOST.fullmatch(name):
        raise ValueError(f"not a host name: {name[:100]!r}")
    return name


def _is_address(name: str) -> bool:
    """Whether a name is an IP address, in brackets or dotted numbers (also the odd ones: 127.1, 0x7f.1)."""
    return name.startswith("[") or bool(re.fullmatch(r"0x[0-9a-f]+|\d+", name.rpartition(".")[2]))


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


@lru_cache(maxsize=4096)
def _site_name(name: str) -> str:
    if _is_address(name) or "." not in name:
        return name
    if blog := _BLOGSPOT.fullmatch(name):
        name = f"{blog[1]}.blogspot.com"
    if host := next((host for host in _BLOG_HOSTS if name.endswith("." + host)), None):
        return f"{name[: -len(host) - 1].rpartition('.')[2]}.{host}"
    registrable: str | None = _suffixes().privatesuffix(name)
    return registrable or name


@lru_cache(maxsize=4096)
def _identity_host(name: str) -> str:
    """The host without its device prefixes, as long as what is left is still a site."""
    if blog := _BLOGSPOT.fullmatch(name):
        name = f"{blog[1]}.blogspot.com"
    while prefix := _DEVICE_PREFIX.match(name):
        rest = name[prefix.end() :]
        if "." not in rest or _site_name(rest) != _site_name(name):
            break
        name = rest
    return name


def _escape(text: str, safe: str) -> str:
    """Percent-encoding as RFC 3986 6.2.2 normalises it: unreserved characters bare, the rest in upper-case hex."""

    def shortest(match: re.Match[str]) -> str:
        value = int(match[1], 16)
        return chr(value) if value in _UNRESERVED else f"%{value:02X}"

    return quote(_PERCENT.sub(shortest, text), safe=safe + "%:@!$'()*+,;=~[]")


def _without_dots(path: str) -> str:
    """RFC 3986 5.2.4 on an absolute path."""
    if "/." not in path:
        return path
    kept: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if len(kept) > 1:
                kept.pop()
        elif part != ".":
            kept.append(part)
    return "/".join(kept) + ("/" if path.endswith(("/.", "/..")) else "")


def _is_identity(pair: str) -> bool:
    """Whether a name=value of a query can tell one article from another."""
    name = pair.partition("=")[0]
    return bool(pair) and not _NOISE_NAME.fullmatch(name) and pair.lower() not in _NOISE_PAIR
