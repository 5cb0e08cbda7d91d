"""Which addresses we may open: the public web, and what the operator lets in by name.

A name is judged by the address that is really connected to, at the moment of connecting: a check made before
could be answered one way and the connection another (DNS rebinding), and one address has many spellings.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from yarl import URL

from newsroom.errors import AddressRefused

REFUSED = "That address leads into a private or reserved network, and Popcorn only opens the public web."

LONGEST_URL = 2000
"""Characters of an address that is fetched, as it is sent. PostgreSQL keeps no longer than 2,704 bytes unique."""

# Not ours to open, though ``ipaddress`` of Python 3.11 calls them global.
_REFUSED_V4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "192.0.0.0/24",  # IETF protocol assignments; a cloud keeps its metadata service here
        "192.88.99.0/24",  # relays from 6to4, given up in RFC 7526
        "168.63.129.16/32",  # the inner service of Azure's machines
    )
)
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_DOCUMENTATION_V6 = ipaddress.IPv6Network("3fff::/20")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class PrivateAddress(OSError):
    """Raised in place of a connection. An OSError, so that the connector goes on to the host's next address."""


def is_public(address: str) -> bool:
    """Whether an IP address in text form, scope allowed, is one of the public web.

    Forms that carry an IPv4 address within an IPv6 one (mapped, 6to4, NAT64, Teredo) are as public as what they carry.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv4Address):
        return ip.is_global and not ip.is_multicast and not any(ip in network for network in _REFUSED_V4)
    carried = _carried(ip)
    if carried:
        return all(is_public(str(inner)) for inner in carried)
    return ip in _GLOBAL_V6 and ip.is_global and ip not in _DOCUMENTATION_V6


def _carried(ip: IPv6Address) -> tuple[IPv4Address, ...]:
    if ip.teredo:
        return ip.teredo
    if ip in _NAT64:
        return (IPv4Address(int(ip) & 0xFFFFFFFF),)
    inner = ip.ipv4_mapped or ip.sixtofour
    return (inner,) if inner else ()


def guarded_socket(address: tuple[Any, ...]) -> socket.socket:
    """A ``socket_factory`` for a connector: a socket for this ``getaddrinfo`` entry, or PrivateAddress."""
    family, kind, protocol, _, place = address
    if not is_public(place[0]):
        raise PrivateAddress(REFUSED)
    return socket.socket(family, kind, protocol)


class Guard:
    """Judges addresses as they are written. ``allow_hosts`` holds "host" or "host:port", matched as written."""

    def __init__(self, allow_hosts: Collection[str] = ()) -> None:
        self._allowed = frozenset(host.strip().lower() for host in allow_hosts)

    def check_url(self, url: str) -> URL:
        """Read a web address. Raises AddressRefused for all that is none, in words for who typed it."""
        try:
            address = URL(url.strip())
            host, port = address.raw_host, address.port
        except ValueError:
            raise AddressRefused("That is not a web address. Check it for typing mistakes.") from None
        if address.scheme not in ("http", "https"):
            raise AddressRefused("That is not a web address: it has to begin with https:// or http://.")
        if not host or not port:
            raise AddressRefused("That is not a web address: it names no server.")
        if address.raw_user is not None or address.raw_password is not None:
            raise AddressRefused("Popcorn opens no address with a user name or password in it.")
        address = address.with_fragment(None)
        if len(str(address)) > LONGEST_URL:
            raise AddressRefused(f"That address is too long: more than {LONGEST_URL:,} characters.")
        return address

    def allows(self, url: URL) -> bool:
        """Whether the operator lets this host in, wherever it leads."""
        host = (url.raw_host or "").lower()
        within_url = url.host_subcomponent or host
        return not self._allowed.isdisjoint({host, within_url, f"{within_url}:{url.port}"})
