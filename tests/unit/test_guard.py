"""Which addresses may be connected to."""

from __future__ import annotations

import asyncio
import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from neuraldocflow.errors import ConfigError, ForbiddenUrl
from neuraldocflow.guard import Guard
from neuraldocflow.guarded_resolver import GuardedResolver


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0"),
        *("100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "ff02::1", "nonsense"),
        *(
            "::127.0.0.1",
            "::169.254.169.254",
            "::ffff:0:127.0.0.1",
            "64:ff9b:1::7f00:1",
            "fec0::1",
            "4000::1",
        ),
    ],
)
def test_what_is_not_public_is_refused(address: str) -> None:
    assert not Guard().allows(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert Guard().allows(address)


def test_networks_that_were_allowed_are() -> None:
    guard = Guard(["10.0.0.0/8", "::1/128"])
    assert guard.allows("10.9.9.9")
    assert guard.allows("::ffff:10.9.9.9")
    assert guard.allows("::1")
    assert not guard.allows("192.168.0.1")
    with pytest.raises(ConfigError, match="/99"):
        Guard(["10.0.0.0/99"])


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://[::1]:80/x",
        "https://169.254.169.254/latest",
        "http://2130706433/",
        "http://127.1/",
        "http://127。0。0。1/",
        "http://169．254．169．254/",
        "http://①２７。０。０。１:8080/",
    ],
)
def test_an_address_in_the_url_itself_is_judged(url: str) -> None:
    with pytest.raises(ForbiddenUrl):
        Guard().check(url)


def test_a_name_that_leads_inside_is_refused_whatever_it_said_before() -> None:
    class Changing(AbstractResolver):
        def __init__(self) -> None:
            self.answers = ["93.184.216.34", "127.0.0.1"]

        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            answer = self.answers.pop(0)
            return [ResolveResult(hostname=host, host=answer, port=port, family=family, proto=0, flags=0)]

        async def close(self) -> None:
            pass

    async def work() -> None:
        resolver = GuardedResolver(Guard(), Changing())
        assert [each["host"] for each in await resolver.resolve("rebinding.example")] == ["93.184.216.34"]
        with pytest.raises(ForbiddenUrl):
            await resolver.resolve("rebinding.example")

    asyncio.run(work())
