"""Where webhooks may go. Expected values: the issue (point 10), the IANA registries of special-purpose addresses."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.model.host_addresses import (
    URL_LENGTH_MAX,
    AddressRules,
    BadHostAddress,
    Target,
    check_addresses,
    is_public,
    read_url,
)

STRICT = AddressRules()
LOCAL = AddressRules(
    takes_plain_http=True, allowed_hosts=frozenset({"127.0.0.1", "::1", "localhost", "hooks.internal"})
)

FORBIDDEN = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",  # Alibaba's metadata
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",  # Azure's
    "169.254.169.254",  # the metadata of most clouds
    "169.254.170.2",  # Amazon's containers
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",  # Oracle's
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.250",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:8.8.8.8",
    "::ffff:0:7f00:1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "fc00::1",
    "fd00:ec2::254",  # Amazon's over IPv6
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1%eth0",
    "fec0::1",
    "ff02::1",
    "3fff::1",
    "5f00::1",
    "not an address",
    "",
    "127.1",
    "0x7f000001",
    "2130706433",
]


@pytest.mark.parametrize("address", FORBIDDEN)
def test_what_only_we_can_reach_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111"])
def test_what_anybody_can_reach_is_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses())
def test_nothing_is_public_that_python_calls_private(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if not address.is_global or address.is_multicast:
        assert not is_public(str(address))


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://example.com", Target(True, "example.com", 443, "/")),
        ("https://EXAMPLE.com./a?b=c", Target(True, "example.com", 443, "/a?b=c")),
        ("https://example.com:8443/x", Target(True, "example.com", 8443, "/x")),
        ("https://xn--bcher-kva.example/", Target(True, "xn--bcher-kva.example", 443, "/")),
        ("https://[2606:4700::1111]:443/", Target(True, "2606:4700::1111", 443, "/")),
        ("https://8.8.8.8/", Target(True, "8.8.8.8", 443, "/")),
    ],
)
def test_a_url_is_read(url: str, target: Target) -> None:
    assert read_url(url, STRICT) == target


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/hooks",
        "http://example.com/",
        "http://127.0.0.1:9000/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://user@example.com/",
        "https://user:secret@example.com/",
        "https://@example.com/",
        "https://example.com@169.254.169.254/",
        "https://example.com/#fragment",
        "https://example.com:22/",
        "https://example.com:25/",
        "https://example.com:80/",
        "https://example.com:0/",
        "https://example.com:65536/",
        "https://example.com:x/",
        "https://exa mple.com/",
        "https://example.com/\r\nX-Injected: 1",
        "https://example.com\\@evil.example/",
        "https://\u0435xample.com/",
        "https://example\u3002com/",
        "https://[fe80::1%25eth0]/",
        "https://[::1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://0177.0.0.1/",
        "https://example.com.127/",
        "https://-bad-.example/",
        "https://a..b/",
        f"https://{'a' * 64}.example/",
        f"https://example.com/{'a' * URL_LENGTH_MAX}",
    ],
)
def test_any_other_url_is_refused(url: str) -> None:
    with pytest.raises(BadHostAddress):
        read_url(url, STRICT)


def test_plain_http_goes_to_allowed_hosts_on_the_sandbox_alone() -> None:
    assert read_url("http://127.0.0.1:9000/x", LOCAL) == Target(False, "127.0.0.1", 9000, "/x")
    with pytest.raises(BadHostAddress, match="https://"):
        read_url("http://example.com/", LOCAL)
    with pytest.raises(BadHostAddress, match="https://"):
        read_url("http://127.0.0.1:9000/", AddressRules(allowed_hosts=LOCAL.allowed_hosts))


def test_plain_http_goes_to_loopback_alone() -> None:
    target = read_url("http://hooks.internal/", LOCAL)

    check_addresses(target, ["127.0.0.1", "::1"], LOCAL)
    for addresses in (["10.0.0.5"], ["127.0.0.1", "10.0.0.5"], ["8.8.8.8"]):
        with pytest.raises(BadHostAddress):
            check_addresses(target, addresses, LOCAL)


@pytest.mark.parametrize("addresses", [[], ["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::ffff:8.8.8.8"]])
def test_a_name_with_any_address_that_is_not_public_is_refused(addresses: list[str]) -> None:
    with pytest.raises(BadHostAddress) as refused:
        check_addresses(read_url("https://example.com/", STRICT), addresses, STRICT)

    assert not any(address in str(refused.value) for address in addresses)


def test_an_allowed_host_may_be_anywhere() -> None:
    check_addresses(read_url("https://hooks.internal/", LOCAL), ["10.0.0.5"], LOCAL)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for url in (text, f"https://{text}", f"https://example.com{text}"):
        try:
            target = read_url(url, STRICT)
        except BadHostAddress:
            continue
        assert target.is_tls
        assert target.path.isascii()
        assert target.port == 443 or target.port >= 1024
