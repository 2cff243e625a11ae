"""Platforms on which very many blogs live: their hosts and addresses share one budget, since one machine park answers.

A host belongs to a pool by its name, by the alias (CNAME) its name leads to, or by an address that the platform tells
owners of domains to use. The alias comes with the lookup that is made anyway, so a custom domain is known before the
first connection and no list of domains has to be kept. A domain behind somebody else's proxy is not in the pool: it is
the proxy that we talk to. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network

from ingest.gate import Address


@dataclass(frozen=True, slots=True)
class Pool:
    """One platform. `hosts` and `aliases` match whole names, `networks` hold addresses of custom domains."""

    name: str
    hosts: re.Pattern[str]
    aliases: re.Pattern[str]
    networks: tuple[IPv4Network | IPv6Network, ...]


POOLS = (
    Pool(
        "blogspot.com",
        re.compile(r".+\.blogspot\.(?:com|[a-z]{2,3}|com?\.[a-z]{2})|(?:www\.)?blogger\.com"),
        re.compile(r"ghs\d?\.google(?:hosted)?\.com|blogspot\.l\.googleusercontent\.com|blogger\.l\.google\.com"),
        tuple(
            ip_network(text)  # support.google.com/blogger/answer/1233387: the A and AAAA records of a bare domain
            for text in (
                *("216.239.32.21", "216.239.34.21", "216.239.36.21", "216.239.38.21"),
                *("2001:4860:4802:32::15", "2001:4860:4802:34::15", "2001:4860:4802:36::15", "2001:4860:4802:38::15"),
            )
        ),
    ),
    Pool(
        "wordpress.com",
        re.compile(r".+\.wordpress\.com|.+\.files\.wordpress\.com|.+\.home\.blog"),
        re.compile(r"lb\.wordpress\.com|.+\.wordpress\.com"),
        (ip_network("192.0.78.0/24"),),  # where WordPress.com maps bare domains to
    ),
)


@lru_cache(maxsize=4096)
def by_name(host: str) -> str | None:
    """The pool of a host whose own name tells, which may carry a port."""
    name = host.partition(":")[0]
    return next((pool.name for pool in POOLS if pool.hosts.fullmatch(name)), None)


def pool_of(host: str, alias: str | None, addresses: Iterable[Address]) -> str | None:
    """The pool of a host, by all that its lookup told."""
    if named := by_name(host):
        return named
    alias = (alias or "").rstrip(".").lower()
    answers = tuple(addresses)
    for pool in POOLS:
        if pool.aliases.fullmatch(alias) or any(a in network for network in pool.networks for a in answers):
            return pool.name
    return None


def row_of(pool: str) -> str:
    """The name under which the table of hosts keeps a pool's pause."""
    return f"*.{pool}"


def row_for(host: str) -> str | None:
    """The same for the pool of a host whose own name tells."""
    pool = by_name(host)
    return row_of(pool) if pool else None
