"""Back-off: how often a password may be tried, by whom, and whose word counts for the address."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tactful.core.spans import DAY_MS, SECOND_MS
from tactful.web.tries import _MOST_KEYS
from tests.support.clock import SetClock
from tests.support.login import ANN, Counting, ann, log_in
from tests.support.service import Site, a_site

pytestmark = pytest.mark.anyio


async def waits(site: Site, tries: int, email: str = ANN, **fields: str) -> list[int]:
    """Try wrong passwords, each as soon as it is heard; returns the waits in seconds (0: none)."""
    waited = []
    for _ in range(tries):
        answer = await log_in(site, email, "a wrong password", **fields)
        wait = int(answer.headers.get("retry-after", 0))
        if answer.status_code == 429:
            site.clock.advance(wait * SECOND_MS)
            answer = await log_in(site, email, "a wrong password", **fields)
        assert answer.status_code == 401
        waited.append(wait)
    return waited


@pytest.mark.parametrize("email", [ANN, "nobody@example.test", "no address at all"])
async def test_the_wait_for_an_account_doubles_whether_it_exists_or_not(site: Site, email: str) -> None:
    await ann(site)
    assert await waits(site, 10, email) == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16]


async def test_the_wait_has_an_end(path: Path, clock: SetClock) -> None:
    async with a_site(path, clock) as site:
        for _ in range(40):
            site.service.tries._accounts.count(ANN, clock.now)
        assert int((await log_in(site)).headers["retry-after"]) == 15 * 60
        clock.now -= DAY_MS
        assert int((await log_in(site)).headers["retry-after"]) == 15 * 60, "not a day more when the clock is set back"
        clock.now += 3 * DAY_MS
        assert (await log_in(site)).status_code == 401


async def test_while_one_waits_even_the_right_password_is_not_looked_at(site: Site) -> None:
    await ann(site)
    await waits(site, 8)
    passwords = site.service.passwords = Counting()
    for _ in range(30):
        refused = await log_in(site)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "8")
        assert "Too many tries. Try again in 8 s." in refused.text
    assert passwords.work == []
    site.clock.advance(8 * SECOND_MS)
    assert (await log_in(site)).status_code == 303, "the refused tries have made the wait no longer"
    assert await waits(site, 5) == [0] * 5, "and all is forgiven"


async def test_a_hundred_tries_at_once_are_a_hundred_tries(site: Site) -> None:
    await ann(site)
    passwords = site.service.passwords = Counting()
    answers = await asyncio.gather(*(log_in(site, ANN, f"wrong password {n}") for n in range(100)))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(401), statuses.count(429)) == (5, 95)
    assert len(passwords.work) == 5


async def test_an_address_that_tries_many_accounts_waits_too(site: Site) -> None:
    waited = []
    for number in range(23):
        waited += await waits(site, 1, f"somebody-{number}@example.test")
    assert waited == [0] * 20 + [1, 2, 4]
    assert (await log_in(site, "another@example.test")).status_code == 429


@pytest.mark.long
async def test_an_own_account_buys_no_tries_at_others(site: Site) -> None:
    await ann(site)
    for number in range(20):
        assert (await log_in(site, f"somebody-{number}@example.test", "wrong password")).status_code == 401
        site.client.cookies.clear()
        if number < 19:
            assert (await log_in(site)).status_code == 303
    assert (await log_in(site)).status_code == 429


@pytest.mark.long
async def test_what_a_client_says_of_its_address_is_not_believed(site: Site) -> None:
    for number in range(20):
        answer = await log_in(
            site, f"s-{number}@example.test", "wrong password", h_x_forwarded_for=f"203.0.113.{number}"
        )
        assert answer.status_code == 401
    refused = await log_in(site, "s@example.test", "wrong password", h_x_forwarded_for="198.51.100.7")
    assert refused.status_code == 429


@pytest.mark.parametrize(
    ("hops", "first", "second", "is_same"),
    [
        (1, "203.0.113.1", "203.0.113.2", False),
        (1, "6.6.6.1, 203.0.113.1", "6.6.6.2, 203.0.113.1", True),
        (2, "6.6.6.1, 203.0.113.1, 10.0.0.1", "6.6.6.2, 203.0.113.1, 10.0.0.2", True),
        (2, "203.0.113.1, 10.0.0.1", "203.0.113.2, 10.0.0.1", False),
        (2, "203.0.113.1", "203.0.113.2", True),
        (1, "nonsense-1", "nonsense-2", True),
        (1, "", "", True),
        (1, "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        (1, "2001:db8:1:2::1", "2001:db8:1:3::1", False),
        (1, "::ffff:203.0.113.1", "203.0.113.1", True),
    ],
)
async def test_the_address_is_what_our_last_proxy_saw(
    path: Path, clock: SetClock, hops: int, first: str, second: str, is_same: bool
) -> None:
    async with a_site(path, clock, trusted_proxies=hops) as site:
        for number in range(20):
            await log_in(site, f"s-{number}@example.test", "x" * 200, h_x_forwarded_for=first)
        answer = await log_in(site, "s@example.test", "x" * 200, h_x_forwarded_for=second)
        assert (answer.status_code == 429) is is_same


async def test_the_memory_of_tries_is_bounded(site: Site) -> None:
    tries = site.service.tries
    for number in range(_MOST_KEYS + 50):
        tries.begin(f"{number}@example.test", f"address-{number}")
    assert len(tries._accounts._tried) == len(tries._addresses._tried) == _MOST_KEYS


async def test_what_is_forgotten_is_given_back_to_nobody(site: Site) -> None:
    tries = site.service.tries
    tries.succeeded(ANN, "an address that never tried")
    tries.begin(ANN, "an address")
    tries.succeeded(ANN, "an address")
    assert tries._addresses.wait_ms("an address", site.clock.now) == 0
