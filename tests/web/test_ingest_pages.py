"""The public key: what comes with it is a page's word, whatever script of whomever sends it."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx2
import pytest

from tactful.identity import hash_user
from tests.support.rows import contents, execute
from tests.support.service import SITE, Site, a_survey, apply_to

pytestmark = pytest.mark.anyio

SUCCESS = b'{"success":true}'


async def send(site: Site, *messages: dict[str, Any], key: str | None = None, **headers: Any) -> httpx2.Response:
    """Send messages as a page's script does, in one batch."""
    batch = [{"anonymousId": "b1"} | message for message in messages]
    body = {"batch": batch, "writeKey": key or site.project.public_key}
    return await site.client.post("/v1/b", json=body, headers={"origin": SITE} | headers)


def a_track(event: str = "Done", **fields: Any) -> dict[str, Any]:
    return {"type": "track", "event": event, "userId": "ann"} | fields


async def enforce(site: Site) -> None:
    execute(site.path, "UPDATE projects SET identity_mode = 'enforce', config_version = config_version + 1")
    await site.service.configs.refresh()


async def test_its_event_waits_for_the_tab(site: Site) -> None:
    """Nobody reads an offer in the reply to somebody else's script."""
    assert (await send(site, a_track())).content == SUCCESS
    offer = await site.visit()
    assert offer is not None
    assert (await site.take_up(offer)).status_code == 200


async def test_it_waits_where_only_pages_are_listened_to(site: Site) -> None:
    trigger = {"any": [{"event": "Seen", "source": "browser"}]}
    apply_to(site.path, site.clock, site.project.project_id, a_survey("seen", trigger=trigger))
    await site.service.configs.refresh()
    await send(site, a_track("Seen"))
    assert await site.visit() is not None


async def test_it_never_passes_for_a_backend(site: Site) -> None:
    trigger = {"any": [{"event": "Paid", "source": "server"}]}
    apply_to(site.path, site.clock, site.project.project_id, a_survey("paid", trigger=trigger))
    await site.service.configs.refresh()
    forged = a_track("Paid", source="server", channel="server", context={"source": "server"})
    assert (await send(site, forged, channel="server")).content == SUCCESS
    assert execute(site.path, "SELECT * FROM candidates") == []
    await site.backend("Paid")
    assert execute(site.path, "SELECT survey_key FROM candidates") == [("paid",)]


async def test_its_events_are_not_kept_and_its_ids_are_its_own(site: Site) -> None:
    await send(site, a_track(messageId="1"))
    await site.backend("Done", messageId="1")
    assert execute(site.path, "SELECT message_id FROM messages ORDER BY 1") == [("b:1",), ("s:1",)]
    assert execute(site.path, "SELECT count(*) FROM events") == [(1,)]


async def test_it_cannot_say_since_when_somebody_is_there(site: Site) -> None:
    await send(site, {"type": "identify", "userId": "ann", "traits": {"createdAt": "2020-01-01", "plan": "pro"}})
    assert execute(site.path, "SELECT created_at, traits ->> 'plan' FROM people") == [(None, "pro")]


async def test_it_cannot_say_who_is_whom(site: Site) -> None:
    await site.backend("Done", "bob")
    before = contents(site.path)
    assert (await send(site, {"type": "alias", "userId": "ann", "previousId": "bob"})).content == SUCCESS
    assert contents(site.path) == before
    assert site.service.dropped == 1


class TestEnforced:
    async def test_an_unsigned_user_is_the_browser(self, site: Site) -> None:
        await enforce(site)
        await send(site, a_track())
        assert execute(site.path, "SELECT user_id, anonymous_id FROM people") == [(None, "b1")]

    @pytest.mark.parametrize(
        "message",
        [
            {"type": "identify", "userId": "ann", "traits": {"plan": "pro"}},
            {"type": "group", "userId": "ann", "groupId": "acme", "traits": {"plan": "pro"}},
        ],
        ids=["identify", "group"],
    )
    async def test_an_unsigned_page_writes_nothing_about_anybody(self, site: Site, message: dict[str, Any]) -> None:
        await site.backend("Done", "ann")
        await enforce(site)
        before = contents(site.path)
        assert (await send(site, message)).content == SUCCESS
        assert contents(site.path) == before

    async def test_a_signature_in_the_context_is_verified(self, site: Site) -> None:
        await enforce(site)
        signed = {"user_hash": hash_user(site.project.identity_secret, "ann")}
        identify = {"type": "identify", "userId": "ann", "traits": {"plan": "pro"}}
        await send(site, identify | {"context": signed})
        assert execute(site.path, "SELECT user_id, traits ->> 'plan' FROM people") == [("ann", "pro")]
        wrong = identify | {"context": signed, "userId": "bob", "anonymousId": "b2"}
        await send(site, wrong, a_track() | {"context": signed})
        assert site.service.dropped == 1, "a wrong signature costs the message alone"
        assert execute(site.path, "SELECT survey_key FROM candidates") == [("nps",)]

    async def test_the_browser_of_somebody_known_speaks_for_nobody_and_costs_no_other_message(self, site: Site) -> None:
        await enforce(site)
        signed = {"user_hash": hash_user(site.project.identity_secret, "ann")}
        await send(site, {"type": "identify", "userId": "ann", "traits": {}, "context": signed})
        before = execute(site.path, "SELECT * FROM people")
        site.clock.advance(5)
        assert (await send(site, a_track(), a_track() | {"anonymousId": "b9"})).content == SUCCESS
        assert execute(site.path, "SELECT * FROM people WHERE user_id = 'ann'") == before
        assert execute(site.path, "SELECT survey_key FROM candidates") == [("nps",)]


class TestOrigins:
    async def test_a_page_that_is_not_listed_is_refused(self, site: Site) -> None:
        before = contents(site.path)
        for origin in ("http://evil.test", "null"):
            answer = await send(site, a_track(), origin=origin)
            assert (answer.status_code, answer.json()["code"]) == (403, "origin_refused")
            assert answer.headers["access-control-allow-origin"] == "*", "or it would be sent again for ever"
        answer = await site.client.post("/v1/b", json={"batch": [a_track()], "writeKey": site.project.public_key})
        assert answer.status_code == 403, "without an origin only where the project lists `app`"
        assert contents(site.path) == before

    async def test_an_app_is_listed_by_name(self, site: Site) -> None:
        execute(site.path, "UPDATE projects SET origins = '[\"app\"]', config_version = config_version + 1")
        answer = await site.client.post("/v1/b", json={"batch": [a_track()], "writeKey": site.project.public_key})
        assert answer.content == SUCCESS

    async def test_the_write_key_in_a_page_is_found_out(self, site: Site) -> None:
        before = contents(site.path)
        for origin in (SITE, "http://evil.test", "null"):
            answer = await send(site, a_track(), key=site.project.write_key, origin=origin)
            assert (answer.status_code, answer.json()["code"]) == (403, "write_key_in_page")
            assert "public key" in answer.json()["message"]
        assert contents(site.path) == before
        [seen] = [one for one in site.service.arrivals.origins(site.project.project_id) if one.origin == SITE]
        assert seen.refused == 1


class TestRudderStack:
    """Its script says in headers what it leaves out of the message."""

    async def test_the_anonymous_id_of_the_header(self, site: Site) -> None:
        header = base64.b64encode(b"from-header").decode()
        message = json.dumps({"event": "Done", "writeKey": site.project.public_key})
        await site.client.post("/v1/track", content=message, headers={"origin": SITE, "anonymousid": header})
        assert execute(site.path, "SELECT anonymous_id FROM people") == [("from-header",)]

    @pytest.mark.parametrize("header", ["not base64", "/w==", "", base64.b64encode(b"x" * 300).decode()])
    async def test_a_header_that_names_nobody(self, site: Site, header: str) -> None:
        before = contents(site.path)
        message = json.dumps({"event": "Done", "writeKey": site.project.public_key})
        headers = {"origin": SITE, "anonymousid": header}
        assert (await site.client.post("/v1/track", content=message, headers=headers)).content == SUCCESS
        assert contents(site.path) == before

    async def test_the_message_s_own_id_comes_first(self, site: Site) -> None:
        header = base64.b64encode(b"from-header").decode()
        await send(site, a_track(userId=None), anonymousid=header)
        assert execute(site.path, "SELECT anonymous_id FROM people") == [("b1",)]

    async def test_the_time_of_sending_of_the_header(self, site: Site) -> None:
        message = {"event": "Done", "userId": "ann", "originalTimestamp": "2020-01-01T00:00:00Z"}
        headers = {"sentat": "2020-01-01T00:00:05Z", "authorization": f"Bearer {site.project.write_key}"}
        await site.client.post("/v1/track", json=message, headers=headers)
        assert execute(site.path, "SELECT happened_at - received_at FROM events") == [(-5_000,)]


async def test_the_install_page_says_where_it_came_from(site: Site) -> None:
    await send(site, a_track(), a_track("Elsewhere", userId=None), a_track(None))
    told = [one for _, one in reversed(site.service.arrivals.events(site.project.project_id))]
    assert [(one.name, one.source, one.outcome, one.origin, one.who) for one in told] == [
        ("Done", "page", "waits", SITE, "ann"),
        ("Elsewhere", "page", "heard", SITE, "b1"),
        ("track", "page", "dropped", SITE, "ann"),
    ]
    assert site.service.arrivals.total(site.project.project_id) == 3
