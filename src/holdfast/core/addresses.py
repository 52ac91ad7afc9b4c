"""Where a tenant may send this application: an address that a tenant gives is one that others will connect to.

A name can point anywhere, and elsewhere tomorrow, so what is asked is what it resolves to, when it is used. Where
machines keep their credentials (link-local addresses, the metadata services of clouds) nobody is ever sent.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal
from urllib.parse import urlsplit

from holdfast.core.errors import InvalidInput

PrivateAddresses = Literal["none", "loopback", "all"]
CHOICES: tuple[PrivateAddresses, ...] = ("none", "loopback", "all")

_METADATA = (
    ip_address("168.63.129.16"),  # Azure
    ip_address("100.100.100.200"),  # Alibaba
    ip_address("192.0.0.192"),  # Oracle
    ip_address("fd00:ec2::254"),  # AWS
    ip_address("fd20:ce::254"),  # Google
)
_NAT64 = ip_network("64:ff9b::/96")

_Address = IPv4Address | IPv6Address


class AddressRefused(InvalidInput):
    """The address leads to where nobody may be sent, or only if the setting `private_addresses` allows it."""

    code = "address_refused"

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}", field=field)


def check_named(url: str, allowed: PrivateAddresses, *, field: str) -> None:
    """Raise `AddressRefused` when a URL names an address that it may not lead to. Looks nothing up."""
    host = urlsplit(url).hostname or ""
    literal = _literal(host)
    if literal is not None:
        _check(literal, allowed, field)
    elif _is_localhost(host) and allowed == "none":
        raise AddressRefused(field, _not_allowed("this machine itself", "loopback"))


def check_reached(url: str, allowed: PrivateAddresses, *, field: str) -> None:
    """Raise `AddressRefused` when a URL leads to where it may not, by what its name resolves to now.

    Never inside a transaction: it may wait for a name server. A name that leads to this machine without saying so is
    taken for a private address. One that resolves to nothing leads nowhere, and passes.
    """
    check_named(url, allowed, field=field)
    parts = urlsplit(url)
    host = parts.hostname or ""
    if _literal(host) is not None or _is_localhost(host):
        return
    named: PrivateAddresses = "all" if allowed == "all" else "none"
    for found in _resolved(host):
        _check(found, named, field)


def _check(address: _Address, allowed: PrivateAddresses, field: str) -> None:
    real = _unwrapped(address)
    if real.is_link_local or real.is_multicast or real.is_unspecified or real in _METADATA:
        raise AddressRefused(field, "leads to a link-local address or a machine's metadata; give a service's own")
    if real.is_loopback:
        if allowed == "none":
            raise AddressRefused(field, _not_allowed("this machine itself", "loopback"))
    elif not real.is_global and allowed != "all":
        raise AddressRefused(field, _not_allowed("a private network", "all"))


def _not_allowed(where: str, enough: str) -> str:
    return f"leads to {where}; whoever runs the store allows that with the setting private_addresses={enough!r}"


def _unwrapped(address: _Address) -> _Address:
    """The IPv4 address that an IPv6 one stands for."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
        if address.sixtofour is not None:
            return address.sixtofour
    return address


def _literal(host: str) -> _Address | None:
    """The address that a host spells out, also in the short and the numeric forms that resolvers take."""
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return None


def _is_localhost(host: str) -> bool:
    return host.rstrip(".").lower() == "localhost" or host.rstrip(".").lower().endswith(".localhost")


def _resolved(host: str) -> list[_Address]:
    try:
        found = socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        return []
    return [ip_address(str(place[0]).partition("%")[0]) for *_, place in found]
