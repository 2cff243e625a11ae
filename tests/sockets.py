"""No test reaches beyond this machine: names do not resolve, other addresses are refused and fail the test."""

from __future__ import annotations

import errno
import ipaddress
import socket
from typing import Any

blocked: list[str] = []  # what was tried since the last look

_connect, _connect_ex = socket.socket.connect, socket.socket.connect_ex
_sendto, _getaddrinfo = socket.socket.sendto, socket.getaddrinfo
NUMERIC = {"localhost", ""}


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return None


def _is_local(host: str) -> bool:
    literal = _literal(host)
    if literal is None:
        return host.lower() in NUMERIC
    mapped = getattr(literal, "ipv4_mapped", None)
    return (mapped or literal).is_loopback


def _allowed(family: int, address: Any) -> bool:
    if family not in (socket.AF_INET, socket.AF_INET6) or _is_local(str(address[0])):
        return True
    blocked.append(f"{address[0]}:{address[1]}")
    return False


def connect(self: socket.socket, address: Any) -> None:
    if not _allowed(self.family, address):
        raise OSError(errno.ENETUNREACH, "blocked in tests: Network is unreachable")
    _connect(self, address)


def connect_ex(self: socket.socket, address: Any) -> int:
    return _connect_ex(self, address) if _allowed(self.family, address) else errno.ENETUNREACH


def sendto(self: socket.socket, *arguments: Any) -> int:
    if not _allowed(self.family, arguments[-1]):
        raise OSError(errno.ENETUNREACH, "blocked in tests: Network is unreachable")
    return _sendto(self, *arguments)


def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if name is None or name.lower() in NUMERIC or _literal(name) is not None:
        return _getaddrinfo(host, *arguments, **options)
    raise socket.gaierror(socket.EAI_NONAME, "blocked in tests: Name or service not known")


def _no_name(host: str) -> Any:
    if host.lower() in NUMERIC or _literal(host) is not None:
        return host
    raise socket.gaierror(socket.EAI_NONAME, "blocked in tests: Name or service not known")


def install() -> None:
    """Put the gate into `socket` for the whole process. asyncio and httpx go through it; libpq (C code) does not."""
    by_name, by_name_ex, by_address = socket.gethostbyname, socket.gethostbyname_ex, socket.gethostbyaddr
    socket.socket.connect = connect
    socket.socket.connect_ex = connect_ex
    socket.socket.sendto = sendto
    socket.getaddrinfo = getaddrinfo
    socket.gethostbyname = lambda host: by_name(_no_name(host))
    socket.gethostbyname_ex = lambda host: by_name_ex(_no_name(host))
    socket.gethostbyaddr = lambda host: by_address(_no_name(host))
