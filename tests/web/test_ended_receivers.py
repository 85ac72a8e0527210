"""What ended of receivers stays ended when a backup from before is put back, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tactful.store.audit import list_acts
from tactful.store.backup import BackupFile
from tests.core.receivers import CHATWOOT
from tests.store.test_backup import back_up, put_back
from tests.support.clock import SetClock
from tests.support.databases import Where
from tests.support.rows import execute
from tests.support.service import NO_RULES, Site, a_site, make_project
from tests.support.webhooks import PLAIN, SECRET, Sender, a_chatwoot, a_receiver, resolved
from tests.web.test_watch import again

pytestmark = [pytest.mark.anyio, pytest.mark.on_both(soon=True)]

SECOND, THIRD = "the second secret", "the third secret"


@pytest.fixture
async def site(where: Where, clock: SetClock) -> AsyncIterator[Site]:
    async with a_site(where, clock, policy=NO_RULES) as site:
        yield site


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "all.backup"


async def change(site: Site, secret: str) -> None:
    assert (await site.manage("POST", "receivers/r/secret", json={"secret": secret})).status_code == 200


async def good(sender: Sender) -> list[str]:
    """The secrets that prove a webhook now."""
    found = []
    for number, secret in enumerate((SECRET, SECOND, THIRD)):
        payload = CHATWOOT | {"id": sender.site.clock.now + number}
        if (await resolved(sender, payload, secret=secret)).status_code == 200:
            found.append(secret)
    sender.site.clock.advance(1_000)
    return found


def restored(site: Site, backup: BackupFile, **wish: bool) -> int:
    return put_back(backup, site.url.path or site.url, site.clock, **{"replace": True} | wish).ended


def saved(site: Site, file: Path) -> BackupFile:
    return back_up(site.url.path or site.url, site.clock, file)


async def takes(sender: Sender) -> bool:
    """Whether a receiver takes what is sent to it; where there is none, it is told that there is none."""
    status = (await sender.send({"event": "Done", "user": "ann"})).status_code
    assert status in (200, 404)
    return status == 200


async def acts(site: Site) -> list[tuple[str, str | None]]:
    return [(row["what"], row["about"]) for row in await site.service.db.read(list_acts, 99) if row["who"] == "x"]


async def test_secrets_that_ended_since_stay_ended(site: Site, file: Path) -> None:
    sender = await a_chatwoot(site)
    await change(site, SECOND)
    backup = saved(site, file)
    assert await good(sender) == [SECRET, SECOND]
    await change(site, THIRD)
    assert await good(sender) == [SECOND, THIRD]
    assert restored(site, backup) == 1
    assert await good(sender) == [SECOND], "the first ended, the third came after the backup"
    assert sorted(await acts(site), key=str) == [("receiver_secret_ended", "r"), ("restored", None)]
    assert (await site.manage("DELETE", "receivers/r/secret/previous")).status_code == 200
    await change(site, THIRD)
    assert (await site.manage("DELETE", "receivers/r/secret/previous")).status_code == 200
    for _ in range(2):
        assert restored(site, backup) == 1
        assert await good(sender) == [], "there is no secret left that is good"
    told = (await site.manage("GET", "receivers/r")).json()
    assert (told["secrets"], told["secret_at"]) == (0, None)
    assert SECRET not in repr(execute(site.url, "SELECT * FROM ended_receivers"))
    assert (await site.manage("DELETE", "receivers/r")).status_code == 200
    assert execute(site.url, "SELECT secret_hash FROM ended_receivers") == [("",)], "nothing is left of its secrets"


async def test_a_secret_that_was_given_again_is_good_again(site: Site, file: Path) -> None:
    """Also where an installation has keys for its hashes from several."""
    sender = await a_chatwoot(site)
    backup = saved(site, file)
    for secret in (SECOND, THIRD):
        await change(site, secret)
    execute(site.url, "INSERT INTO hash_keys (hash_key, created_at) VALUES ('an older one', 0)")
    restored(site, backup)
    assert await good(sender) == []
    assert (await site.manage("PUT", "receivers/r", json={"preset": "chatwoot", "secret": SECRET})).status_code == 200
    assert restored(site, backup) == 0
    assert await good(sender) == [SECRET]


async def test_a_receiver_that_was_deleted_since_does_not_come_back(site: Site, file: Path) -> None:
    old = await a_receiver(site, **PLAIN)
    assert await takes(old)
    await site.service.receipts.write(site.service.db)
    backup = saved(site, file)
    assert (await site.manage("DELETE", "receivers/r")).status_code == 200
    new = await a_receiver(site, **PLAIN)
    assert [await takes(sender) for sender in (old, new)] == [False, True]
    assert restored(site, backup) == 1
    assert [await takes(sender) for sender in (old, new)] == [False, False], "the other came after the backup"
    assert execute(site.url, "SELECT * FROM receiver_tallies") == []
    assert sorted(await acts(site), key=str) == [("receiver_deleted", "r"), ("restored", None)]


async def test_a_backup_says_what_had_ended_before_it(site: Site, file: Path, tmp_path: Path, clock: SetClock) -> None:
    """Into an empty database, which knows nothing else, and from there over one from before."""
    sender = await a_chatwoot(site)
    plain = await site.manage("PUT", "receivers/plain", json=PLAIN)
    early = saved(site, file)
    await change(site, SECOND)
    await change(site, THIRD)
    assert (await site.manage("DELETE", "receivers/plain")).status_code == 200
    late, new = saved(site, tmp_path / "late.backup"), tmp_path / "new.db"
    for backup, ended, live in ((late, 0, [SECOND, THIRD]), (early, 2, [])):
        assert put_back(backup, new, clock, replace=True).ended == ended
        async with again(site, new) as there:
            assert await good(Sender(there, sender.path)) == live
            assert not await takes(Sender(there, plain.json()["address"]))
    fresh = tmp_path / "fresh.db"
    assert put_back(early, fresh, clock, moved=True).ended == 0
    async with again(site, fresh) as there:
        assert await good(Sender(there, sender.path)) == [SECRET], "nothing says that it ended"


async def test_what_ended_goes_with_its_project(site: Site, file: Path) -> None:
    """A backup from before a project takes it away, and nothing of it is left in the way."""
    empty = saved(site, file)
    later = make_project(site.url.path or site.url, site.clock, name="Later")
    theirs = Site(site.app, site.client, later, site.url, site.clock)
    await a_chatwoot(theirs)
    await change(theirs, SECOND)
    await change(theirs, THIRD)
    assert len(execute(site.url, "SELECT * FROM ended_receivers")) == 1
    assert restored(site, empty) == 0
    assert execute(site.url, "SELECT * FROM ended_receivers") == []
