"""The rules of the one door: which URLs may be asked for, and which addresses may be connected to.

    URL -> parse() -> Target -> (resolver) -> every answer -> Gate.refusal() -> connect to a checked answer

Nothing here does I/O. IP literals are read here in all their spellings (decimal, octal, hex, short, full-width): the
C library never sees one, since what it would make of `0x7f.1` differs between machines.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import quote, unquote, urljoin

import idna

from parsers.links import MAX_URL, host_of

__all__ = ["Address", "Gate", "Target", "host_of", "is_public", "join", "parse", "read_address"]

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PORTS = {"http": 80, "https": 443}

_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?P<query>\?[^#]*)?", re.I)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.I)
_AUTHORITY = re.compile(r"(?:(?P<user>.*)@)?(?P<host>\[[^\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]{0,5}))?", re.S)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_SAFE = "/:@!$&'()*+,;=%~?-._"  # RFC 3986 pchar with existing escapes left alone

# `is_global` of Python 3.11 calls these global, or is silent about them: protocol assignments, AS112, 6to4 relays,
# benchmarking, the Azure host. In IPv6 only 2000::/3 is unicast on the Internet; that leaves out v4-mapped,
# v4-compatible, NAT64, site-local, unique-local, link-local and multicast at once. Inside it: Teredo and other
# special purposes, documentation, 6to4.
_DENIED: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        *("168.63.129.16/32", "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"),
    )
)
_UNICAST6 = IPv6Network("2000::/3")


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be asked for, if its addresses pass. `url` and `authority` never hold userinfo.

    `host` is lower-case ASCII without brackets or trailing dot; `path` begins with "/" and includes the query;
    `literal` is the address when the host is one; `credentials` is the value for an Authorization header.
    """

    scheme: str
    host: str
    port: int
    path: str
    literal: Address | None = None
    credentials: str | None = None

    @property
    def authority(self) -> str:
        """Host and port as a Host header says them."""
        return self._named(self.port == PORTS[self.scheme])

    @property
    def key(self) -> str:
        """The host in the sense of politeness, as `host_of` says it: with the port when it is not 80 or 443."""
        return self._named(self.port in PORTS.values())

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    def _named(self, bare: bool) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if bare else f"{host}:{self.port}"


def parse(url: str) -> Target:
    """Read an absolute http(s) URL. Raises ValueError with one line that says what is wrong with it."""
    url = url.strip(" \t\r\n\f")
    if len(url) > MAX_URL:
        raise ValueError(f"longer than {MAX_URL} characters")
    if _CONTROL.search(url):
        raise ValueError("control character in URL")
    found = _URL.match(url)
    if found is None:
        raise ValueError("not an absolute URL")
    scheme = found["scheme"].lower()
    if scheme not in PORTS:
        raise ValueError(f"scheme {scheme[:20]} is not http or https")
    user, host, literal, port = _authority(found["authority"])
    path = quote(_without_dots(found["path"].replace("\\", "/") or "/") + (found["query"] or ""), safe=_SAFE)
    return Target(scheme, host, PORTS[scheme] if port is None else port, path, literal, _basic(user))


def join(base: Target, location: str) -> Target:
    """Where a Location leads, without any userinfo it carries. Raises ValueError like `parse`."""
    location = location.strip()
    target = parse(location if _SCHEME.match(location) else urljoin(base.url, location))
    return Target(target.scheme, target.host, target.port, target.path, target.literal)


def _without_dots(path: str) -> str:
    """RFC 3986, 5.2.4: what the connection would send anyway, so that the URL we report is the one asked for."""
    if "/." not in path:
        return path
    kept: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del kept[max(1, len(kept) - 1) :]
        elif part != ".":
            kept.append(part)
    return "/".join(kept if path.rpartition("/")[2] not in (".", "..") else [*kept, ""])


def _authority(text: str) -> tuple[str | None, str, Address | None, int | None]:
    found = _AUTHORITY.fullmatch(text)
    if found is None or "\\" in text:
        raise ValueError("malformed host or port")
    port = int(found["port"]) if found["port"] else None
    if port is not None and not 0 < port < 65536:
        raise ValueError(f"port {port} does not exist")
    host, literal = _host(found["host"])
    return found["user"], host, literal, port


def _host(text: str) -> tuple[str, Address | None]:
    if text.startswith("["):
        address = _ipv6(text[1:-1])
        return str(address), address
    name = _ascii(text).removesuffix(".")
    if len(name) > 253 or not _NAME.fullmatch(name):
        raise ValueError("malformed host name")
    literal = _ipv4(name)
    return (name, None) if literal is None else (str(literal), literal)


def _ascii(name: str) -> str:
    """IDNA 2008 with the UTS 46 mapping (full-width forms, ideographic dots); underscores are left to plain names."""
    if name.isascii():
        return name.lower()
    try:
        return idna.encode(name, uts46=True).decode("ascii").lower()
    except idna.IDNAError as error:
        raise ValueError(f"host name: {error}") from None


def _ipv4(name: str) -> IPv4Address | None:
    """The address of a host whose last label is a number, as browsers read it (WHATWG URL, 3.5); None for a name."""
    parts = name.split(".")
    if not _NUMBER.fullmatch(parts[-1]):
        return None
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        raise ValueError("malformed IPv4 address")
    *head, tail = (_number(part) for part in parts)
    if any(part > 255 for part in head) or tail >= 256 ** (4 - len(head)):
        raise ValueError("malformed IPv4 address")
    return IPv4Address(sum(part << (24 - 8 * place) for place, part in enumerate(head)) + tail)


def _number(text: str) -> int:
    if text.startswith("0x"):
        return int(text, 16) if len(text) > 2 else 0
    return int(text, 8 if len(text) > 1 and text.startswith("0") else 10)


def _ipv6(text: str) -> IPv6Address:
    if "%" in text:
        raise ValueError("IPv6 address with a zone")
    try:
        return IPv6Address(text)
    except ValueError:
        raise ValueError("malformed IPv6 address") from None


def _basic(user: str | None) -> str | None:
    if not user:
        return None
    return "Basic " + b64encode(unquote(user if ":" in user else user + ":").encode()).decode()


@lru_cache(maxsize=4096)
def is_public(address: Address) -> bool:
    """Whether an address is one host on the public Internet."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if isinstance(address, IPv6Address) and address not in _UNICAST6:
        return False
    return not any(address in network for network in _DENIED)


class Gate:
    """Public addresses on the ports of the web, and whatever `allowed` adds (there any port)."""

    def __init__(self, allowed: Iterable[Network]) -> None:
        self._allowed = tuple(allowed)

    def refusal(self, target: Target, answers: Iterable[Address]) -> str | None:
        """Why the target may not be connected to, or None. One bad answer among good ones refuses them all."""
        for address in answers:
            if any(address in network for network in self._allowed):
                continue
            if not is_public(address):
                return f"{address} is not a public address"
            if target.port not in PORTS.values():
                return f"port {target.port} is not 80 or 443"
        return None

    def hopeless(self, target: Target) -> bool:
        """Whether no answer could let the target pass, so that the name need not be looked up."""
        return target.port not in PORTS.values() and not self._allowed


def read_address(text: str) -> Address:
    """An answer of a resolver. A zone ("%eth0") is dropped: such an address is link-local and refused anyway."""
    return ip_address(text.partition("%")[0])
