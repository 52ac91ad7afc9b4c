"""Where an address that a tenant gives may lead."""

import socket

import pytest

from holdfast.core.addresses import AddressRefused, check_named, check_reached
from holdfast.core.settings import Settings, from_environment

NEVER = (
    "169.254.169.254",
    "169.254.0.1",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:a9fe:a9fe::1]",
    "[fd00:ec2::254]",
    "100.100.100.200",
    "168.63.129.16",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "0.0.0.0",
    "[::]",
    "224.0.0.1",
    "[ff02::1]",
)
LOOPBACK = ("127.0.0.1", "127.1", "[::1]", "localhost", "LOCALHOST.", "a.localhost", "2130706433", "[::ffff:127.0.0.1]")
PRIVATE = ("10.0.0.1", "192.168.1.1", "172.16.5.5", "100.64.0.1", "[fd12::1]", "192.0.2.1", "167772161")
PUBLIC = ("93.184.216.34", "[2606:2800:220:1::1]", "llm.acme.test", "8.8.8.8")


def is_let(host: str, allowed: str) -> bool:
    try:
        check_named(f"https://{host}:443/v1", allowed, field="base_url")  # type: ignore[arg-type]  # a choice
    except AddressRefused as error:
        assert (error.code, error.field) == ("address_refused", "base_url")
        return False
    return True


@pytest.mark.parametrize("allowed", ["none", "loopback", "all"])
def test_what_is_named_is_let_by_the_setting(allowed):
    assert not [host for host in NEVER if is_let(host, allowed)]
    assert [host for host in LOOPBACK if is_let(host, allowed)] == ([] if allowed == "none" else [*LOOPBACK])
    assert [host for host in PRIVATE if is_let(host, allowed)] == ([*PRIVATE] if allowed == "all" else [])
    assert [host for host in PUBLIC if is_let(host, allowed)] == [*PUBLIC]


@pytest.mark.parametrize(
    ("address", "enough"),
    [
        ("169.254.169.254", ()),
        ("fe80::1%eth0", ()),
        ("127.0.0.1", ("all",)),  # a name that says nothing of this machine
        ("10.1.2.3", ("all",)),
        ("93.184.216.34", ("none", "loopback", "all")),
    ],
)
def test_what_a_name_resolves_to_counts(monkeypatch, address, enough):
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))]
    good = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 0))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: [good, *answer])
    let = []
    for allowed in ("none", "loopback", "all"):
        try:
            check_reached("https://rebound.test/v1", allowed, field="base_url")
            let.append(allowed)
        except AddressRefused:
            pass
    assert tuple(let) == enough


def test_a_name_that_resolves_to_nothing_passes(monkeypatch):
    def nothing(*_args, **_options):
        raise socket.gaierror(-2, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", nothing)
    check_reached("https://llm.acme.test", "none", field="base_url")


def test_the_setting_comes_from_the_environment_and_is_checked():
    assert Settings().private_addresses == "loopback"
    assert from_environment({"HOLDFAST_PRIVATE_ADDRESSES": "none"}).private_addresses == "none"
    with pytest.raises(Exception, match="private_addresses: 'some' is not one of none, loopback, all"):
        from_environment({"HOLDFAST_PRIVATE_ADDRESSES": "some"})
