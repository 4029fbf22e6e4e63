"""Which addresses a webhook may be sent to: no tenant reaches what only this machine or its network can reach.

Sources of the ranges: the IANA registries of special-purpose IPv4 and IPv6 addresses, read 2026-11. They are listed
here, so that the answer does not depend on the version of Python.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

URL_LENGTH_MAX = 2_000
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")

_FORBIDDEN_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT, and Alibaba's metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's metadata, though the address is a public one
        "169.254.0.0/16",  # link-local, and most clouds' metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_PUBLIC_V6 = IPv6Network("2000::/3")
# Within what is public: Teredo and other protocols, documentation, 6to4 and segment routing; some hold an IPv4 address.
_FORBIDDEN_V6 = tuple(
    IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
_LOOPBACK = (IPv4Network("127.0.0.0/8"), ip_network("::1/128"))


class BadHostAddress(Exception):
    """Nothing is sent there; the text says why, for whoever configures it, without telling what a name resolves to."""


@dataclass(frozen=True)
class Target:
    """Where a webhook goes: `host` is lower case and without brackets, `path` begins with a slash."""

    is_tls: bool
    host: str
    port: int
    path: str


@dataclass(frozen=True)
class AddressRules:
    """What the operator of this installation lets webhooks reach beyond the public internet.

    `allowed_hosts` are names (or addresses) that may resolve to anything. Plain HTTP goes to loopback alone, and only
    where `takes_plain_http` (on the sandbox) and the host is allowed.
    """

    takes_plain_http: bool = False
    allowed_hosts: frozenset[str] = frozenset()


def read_url(url: str, rules: AddressRules) -> Target:
    """The target of a URL. Raises `BadHostAddress`."""
    if len(url) > URL_LENGTH_MAX or not re.fullmatch(r"[!-~]+", url) or "\\" in url:
        raise BadHostAddress(f"Must be a URL of at most {URL_LENGTH_MAX} printable ASCII characters.")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").removesuffix("."), parts.port
    except ValueError:
        raise BadHostAddress("Is not a URL that can be read.") from None
    if parts.scheme not in ("https", "http"):
        raise BadHostAddress("Must begin with https://.")
    if parts.scheme == "http" and not (rules.takes_plain_http and host in rules.allowed_hosts):
        raise BadHostAddress("Must begin with https://: what is sent must not be read on the way.")
    if "@" in parts.netloc:
        raise BadHostAddress("Must not hold a user or a password: the signature says who sends.")
    if "#" in url:
        raise BadHostAddress("Must not hold a fragment.")
    if not is_host(host):
        raise BadHostAddress("Must name a host: a name (in its ASCII form) or an address.")
    usual = 443 if parts.scheme == "https" else 80
    if port is not None and port != usual and port < 1024:
        raise BadHostAddress(f"Must use port {usual}, or one from 1024 on.")
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return Target(parts.scheme == "https", host, port or usual, path)


def is_host(host: str) -> bool:
    """Whether that is a name or an address and nothing more, in lower case."""
    if _is_ip(host):
        return "%" not in host
    labels = host.split(".")
    is_name = len(host) <= 253 and all(_LABEL.fullmatch(label) for label in labels)
    # What ends in a number is an IPv4 address to a resolver, in whatever odd form: 0x7f.1, 2130706433, 127.1.
    return is_name and not _NUMERIC.fullmatch(labels[-1])


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_public(address: str) -> bool:
    """Whether an IP address is one that anybody on the internet can reach, by itself and not through a translation."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        return ip.scope_id is None and ip in _PUBLIC_V6 and not any(ip in network for network in _FORBIDDEN_V6)
    return not any(ip in network for network in _FORBIDDEN_V4)


def check_addresses(target: Target, addresses: Sequence[str], rules: AddressRules) -> None:
    """Raise `BadHostAddress` unless every address that the target's host resolved to may be connected to."""
    if not addresses:
        raise BadHostAddress("The host's name has no address.")
    if not target.is_tls and not all(_is_loopback(address) for address in addresses):
        raise BadHostAddress("Must begin with https://: plain HTTP goes to this machine alone.")
    if target.host not in rules.allowed_hosts and not all(is_public(address) for address in addresses):
        raise BadHostAddress(
            "The host is not on the public internet. An operator can allow it by name: DUNLIN_WEBHOOK_ALLOWED_HOSTS."
        )


def _is_loopback(address: str) -> bool:
    ip = ip_address(address)
    return any(ip in network for network in _LOOPBACK if network.version == ip.version)
