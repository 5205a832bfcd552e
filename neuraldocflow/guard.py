"""Which addresses may be connected to on behalf of others: public ones, and networks that were allowed.

Checked on the address that is connected to, so that a name can't point elsewhere a moment later.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

from yarl import URL

from neuraldocflow.errors import ConfigError, ForbiddenUrl

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_WIDTH = 2**32


class Guard:
    """Public addresses and ``allowed`` networks (CIDR, such as 10.0.0.0/8). Raises ConfigError."""

    def __init__(self, allowed: Iterable[str] = (), where: str = "allowed_networks") -> None:
        try:
            self._allowed = [ipaddress.ip_network(each) for each in allowed]
        except ValueError as error:
            raise ConfigError(f"{where}: {error}: write a network such as 10.0.0.0/8") from error

    def allows(self, address: str) -> bool:
        """Whether a literal address may be connected to."""
        try:
            found = ipaddress.ip_address(address.split("%", 1)[0])
        except ValueError:
            return False
        return all(
            any(each.version == network.version and each in network for network in self._allowed)
            or _is_public(each)
            for each in _meant(found)
        )

    def check(self, url: str) -> None:
        """Raises ForbiddenUrl for a literal address that is not allowed; names are judged when resolved.

        The host is read as aiohttp reads it, which never resolves what is an address once full-width digits
        and dots are folded.
        """
        try:
            host = URL(url).raw_host or ""
        except ValueError as error:
            raise ForbiddenUrl(f"The address is no URL: {error}.") from error
        try:
            ipaddress.ip_address(host.split("%", 1)[0])
        except ValueError:
            if host.replace(".", "").isdigit():  # 2130706433 and 127.1 mean an address to some
                raise forbidden(host) from None
            return
        if not self.allows(host):
            raise forbidden(host)


def forbidden(host: str) -> ForbiddenUrl:
    return ForbiddenUrl(f"The address of {host} is private, local or reserved, and not among those allowed.")


def _is_public(address: Address) -> bool:
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return isinstance(address, ipaddress.IPv4Address) or not address.is_site_local


def _meant(address: Address) -> list[Any]:
    """The address, and the IPv4 one that an IPv6 one stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    for inner in (address.ipv4_mapped, address.sixtofour):
        if inner is not None:
            return [inner]
    if address in _NAT64:
        return [ipaddress.IPv4Address(int(address) % _WIDTH)]
    if 1 < int(address) < _WIDTH:  # "IPv4-compatible", as such addresses were first written
        return [address, ipaddress.IPv4Address(int(address))]
    if address.teredo is not None:
        return [address, *address.teredo]
    return [address]
