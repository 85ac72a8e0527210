"""Receivers' pages: made with a click, their secrets shown once, changed with every fault beside its field, and tried
with nothing written."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import pytest

from tactful.core.receivers import PRESETS, VERDICTS
from tactful.core.spans import MINUTE_MS
from tactful.store.audit import list_acts
from tactful.store.receivers import MOST_RECEIVERS
from tactful.web.receivers import IGNORED
from tests.support.clock import SetClock
from tests.support.members import log_in
from tests.support.pages import HOSTILE, Shown, show
from tests.support.receiver_pages import NOW, an_admins_site, example, fields_of, form, listed, made, post
from tests.support.service import Site
from tests.support.webhooks import PLAIN, SECRET, a_receiver, chatwoot

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
async def site(path: Path, clock: SetClock) -> AsyncIterator[Site]:
    async with an_admins_site(path, clock) as site:
        yield site


class TestTheList:
    async def test_says_what_receivers_are_for_while_there_are_none(self, site: Site) -> None:
        shown = await show(site, "receivers")
        assert "Ask right after a support conversation is closed" in shown.text
        for preset in PRESETS.values():
            assert f"Add {preset.name}" in shown.text
        assert len(shown.links("/receivers/templates/")) == 6

    async def test_makes_three_of_three_clicks_at_once_and_tells_the_secret_of_each(self, site: Site) -> None:
        pages = await asyncio.gather(*(post(site, "receivers", preset="bearer") for _ in range(3)))
        told = {secret for page in pages for secret in re.findall(r"\brs_\w{20,}", page.text)}
        stored = [(await listed(site, key)).stored for key in ("bearer", "bearer-2", "bearer-3")]
        assert told == {secret for one in stored for secret in one.secrets}
        assert len(told) == len({one.receiver_id for one in stored}) == 3

    async def test_tells_what_was_taken_and_why_the_last_was_refused(self, site: Site) -> None:
        sender = await made(site, secret=None)
        assert "none yet, so everything is refused" in (await show(site, "receivers")).text
        await post(site, "receivers/chatwoot/secret", what="paste", secret=SECRET)
        body = await example(site, "chatwoot")
        await sender.send(body, chatwoot("not the secret", body, site.clock.now))
        assert VERDICTS["signature_wrong"] in (await show(site, "receivers")).text
        site.clock.advance(MINUTE_MS)
        assert (await sender.send(body, chatwoot(SECRET, body, site.clock.now))).status_code == 200
        await site.service.receipts.write(site.service.db)
        told = (await show(site, "receivers")).text
        assert "Refused" not in told
        assert "(1 in all)" in told

    async def test_what_another_node_refused_is_told_without_its_reason(self, site: Site) -> None:
        sender = await made(site)
        await sender.send(b"{}")
        await site.service.receipts.write(site.service.db)
        site.service.receipts.forget(site.project.project_id)
        told = (await show(site, "receivers")).text
        assert "Refused" in told
        assert VERDICTS["signature_missing"] not in told

    async def test_two_of_a_kind_are_told_apart(self, site: Site) -> None:
        for _ in range(3):
            await post(site, "receivers", preset="stripe")
        shown = await show(site, "receivers")
        assert [link.rpartition("/")[2] for link in shown.links("/receivers/stripe")] == [
            "stripe",
            "stripe-2",
            "stripe-3",
        ]
        assert "Stripe 3 Stripe" in shown.text

    async def test_what_is_no_preset_makes_nothing(self, site: Site) -> None:
        for preset in ("", "nothing"):
            answer = await post(site, "receivers", preset=preset)
            assert answer.status_code == 422
            assert "Choose one of these" in answer.text

    async def test_there_are_only_so_many(self, site: Site) -> None:
        for _ in range(MOST_RECEIVERS):
            assert (await post(site, "receivers", preset="intercom")).status_code == 303
        answer = await post(site, "receivers", preset="intercom")
        assert answer.status_code == 409
        assert f"at most {MOST_RECEIVERS} receivers" in answer.text

    async def test_whoever_may_not_change_them_is_told_who_may(self, site: Site) -> None:
        await log_in(site.client, site.service, "viewer")
        assert "An admin can add one" in (await show(site, "receivers")).text


class TestOne:
    @pytest.mark.parametrize("preset", [*PRESETS, "webhook"])
    async def test_of_every_preset_has_the_address_to_paste(self, site: Site, preset: str) -> None:
        sender = await made(site, preset, secret=None)
        shown = await show(site, f"receivers/{preset}")
        assert f"http://service.test{sender.path}" in shown.text
        assert (await site.client.get(sender.path)).status_code == 200

    @pytest.mark.parametrize("preset", ["bearer", "basic"])
    async def test_a_secret_of_ours_is_shown_once(self, site: Site, preset: str) -> None:
        answer = await post(site, "receivers", preset=preset)
        assert answer.status_code == 200
        [secret] = set(re.findall(r"rs_\w+", answer.text))
        assert (await listed(site, preset)).stored.secrets == (secret,)
        assert secret not in (await site.client.get(f"/projects/{site.project.project_id}/receivers/{preset}")).text
        again = await post(site, f"receivers/{preset}/secret", what="make")
        [newer] = set(re.findall(r"rs_\w+", again.text))
        assert (await listed(site, preset)).stored.secrets == (newer, secret)

    async def test_the_senders_secret_is_never_shown(self, site: Site) -> None:
        await made(site)
        html = (await site.client.get(f"/projects/{site.project.project_id}/receivers/chatwoot")).text
        assert SECRET not in html
        assert "It has a secret" in Shown(html).text

    async def test_a_secret_for_a_signature_of_ones_own_may_be_made_here(self, site: Site) -> None:
        await made(site, "webhook", secret=None)
        answer = await post(site, "receivers/webhook/secret", what="make")
        [secret] = set(re.findall(r"whsec_\w+", answer.text))
        assert (await listed(site, "webhook")).stored.secrets == (secret,)

    async def test_the_previous_secret_is_good_until_it_is_ended(self, site: Site) -> None:
        sender = await made(site)
        assert (await post(site, "receivers/chatwoot/secret", what="paste", secret="another secret")).status_code == 303
        body = await example(site, "chatwoot")
        assert (await sender.send(body, chatwoot(SECRET, body, site.clock.now))).status_code == 200
        assert "and the sender still uses it" in (await show(site, "receivers/chatwoot")).text
        site.clock.advance(1)
        await post(site, "receivers/chatwoot/secret", what="paste", secret="the third secret")
        told = (await show(site, "receivers/chatwoot")).text
        assert ("The one before it is good too" in told, "still uses it" in told) == (True, False), "nothing came since"
        body = await example(site, "chatwoot")
        signed = chatwoot("another secret", body, site.clock.now)
        assert (await sender.send(body, signed)).status_code == 200
        assert "and the sender still uses it" in (await show(site, "receivers/chatwoot")).text
        ended = await post(site, "receivers/chatwoot/secret", what="end")
        assert ended.headers["location"].endswith("/receivers/chatwoot?done=ended#secret")
        assert (await sender.send(body, signed)).status_code == 401

    async def test_what_is_no_secret_is_told_beside_it(self, site: Site) -> None:
        await made(site, "standard-webhooks", secret=None)
        for secret, told in (("", "8 to 500 characters"), ("not base64 at all!", "whsec_")):
            answer = await post(site, "receivers/standard-webhooks/secret", what="paste", secret=secret)
            assert answer.status_code == 422
            assert told in answer.text
            assert 'aria-describedby="secret-fault"' in answer.text
        assert (await listed(site, "standard-webhooks")).stored.secrets == ()

    async def test_says_which_surveys_wait_or_shows_one_that_would(self, site: Site) -> None:
        await made(site)
        assert (
            "Later, Per, After support, VIP wait for Conversation Resolved"
            in (await show(site, "receivers/chatwoot")).text
        )
        await made(site, "intercom", secret=None)
        assert "No live survey waits for Conversation Closed yet" in (await show(site, "receivers/intercom")).text
        await made(site, "stripe", secret=None)
        assert "- event: customer.subscription.deleted" in (await show(site, "receivers/stripe")).text

    async def test_lists_what_came_with_what_became_of_it(self, site: Site) -> None:
        sender = await made(site)
        body = await example(site, "chatwoot")
        signed = chatwoot(SECRET, body, site.clock.now)
        opened = body.replace(b"resolved", b"open")
        for sent, headers in (
            (body, signed),
            (body, signed),
            (opened, chatwoot(SECRET, opened, site.clock.now)),
            (b"", {}),
        ):
            await sender.send(sent, headers)
        shown = await show(site, "receivers/chatwoot/deliveries")
        assert "Conversation Resolved, user-42" in shown.text
        for told in (
            "Taken",
            "Came before",
            "Left out",
            "Refused",
            IGNORED["duplicate"],
            VERDICTS["timestamp_missing"],
        ):
            assert told in shown.text
        assert "1 taken, 1 left out, 1 came before, 1 refused" in shown.text
        assert shown.links("/people?q=user-42")
        assert "Nothing has arrived yet" not in shown.text

    async def test_is_deleted_once_it_is_said_that_this_is_meant(self, site: Site) -> None:
        sender = await made(site)
        assert (await post(site, "receivers/chatwoot/delete")).status_code == 400
        assert (await site.client.get(sender.path)).status_code == 200
        answer = await post(site, "receivers/chatwoot/delete", sure="yes")
        assert urlsplit(answer.headers["location"]).query == "done=deleted"
        assert (await site.client.get(sender.path)).status_code == 404
        assert "The receiver is deleted" in (await show(site, "receivers?done=deleted")).text
        found = [(row["who"], row["what"]) for row in await site.service.db.read(list_acts, 9)]
        acts = ("receiver_made", "receiver_secret_added", "receiver_deleted")
        assert sorted(found) == sorted(("admin@tactful.test", what) for what in acts)

    async def test_of_another_name_or_project_is_not_there(self, site: Site) -> None:
        for path in ("nothing", "nothing/edit", "nothing/try", "nothing/deliveries"):
            await show(site, f"receivers/{path}", status=404)

    async def test_an_address_that_is_believed_by_itself_is_shown_to_admins_alone(self, site: Site) -> None:
        sender = await a_receiver(site, **PLAIN)
        assert sender.path in (await show(site, "receivers/r")).text
        for role in ("viewer", "editor"):
            await log_in(site.client, site.service, role)
            assert sender.path not in (await site.client.get(f"/projects/{site.project.project_id}/receivers/r")).text

    async def test_looks_the_same_to_viewers_without_what_changes_it(self, site: Site) -> None:
        await made(site, secret=None)
        await log_in(site.client, site.service, "viewer")
        shown = await show(site, "receivers/chatwoot")
        assert "An admin can give it one" in shown.text
        assert [one["action"] for one in shown.all("form")] == ["/logout"]


class TestTheForm:
    @pytest.mark.parametrize("preset", [*PRESETS, "webhook"])
    async def test_says_what_the_receiver_says_and_changes_nothing_unchanged(self, site: Site, preset: str) -> None:
        await made(site, preset, secret=None)
        before = (await listed(site, preset)).stored
        answer = await post(site, f"receivers/{preset}/edit", **await form(site, preset))
        assert answer.status_code == 303, answer.text
        assert (await listed(site, preset)).stored.receiver == before.receiver

    async def test_changes_everything(self, site: Site) -> None:
        await made(site)
        changed = await form(site, "chatwoot") | {
            "name": "Help desk",
            "event": "$.kind\r\n$.event",
            "user_id": "$.who",
            "email": "",
            "properties": "$.data",
            "where": "- any:\n  - [$.a, is, 1]\n  - [$.b, in, [x, y]]",
            "auth_kind": "header",
            "auth_header": "X-Token",
        }
        assert (await post(site, "receivers/chatwoot/edit", **changed)).status_code == 303
        receiver = (await listed(site)).stored.receiver
        assert (receiver.name, receiver.event, receiver.user_id) == ("Help desk", ("$.kind", "$.event"), ("$.who",))
        assert (receiver.email, receiver.properties) == ((), ("$.data",))
        told = (await show(site, "receivers/chatwoot")).text
        assert "A secret in the header X-Token" in told
        assert "everything in $.data" in told
        assert (await form(site, "chatwoot"))["where"] == "- any: [[$.a, is, 1], [$.b, in, [x, y]]]"

    @pytest.mark.parametrize(
        ("field", "written", "told"),
        [
            ("name", "", "a text that is not blank"),
            ("event", "", "is missing"),
            ("event", "$.a[", "Expected a path"),
            ("user_id", "who", "Expected a path"),
            ("time", "$.a\n$.", "Expected a path"),
            ("properties", "a: b", "a: expected a path"),
            ("properties", "a: [", "Line 2: is not YAML"),
            ("where", "- [$.a, iss, 1]", "[0][1]: <code>iss</code> is not an operator; did you mean <code>is</code>?"),
            ("where", "$.a is 1", "expected"),
            ("auth_kind", "magic", "is not a kind of proof"),
            ("auth_signature_header", "", "is missing"),
            ("auth_signature_header", "X Y", "Expected the name of a header"),
            ("auth_content", "{timestamp}", "expected"),
            ("auth_timestamp_header", "", "say which header"),
            ("auth_tolerance", "long", "xpected"),
        ],
    )
    async def test_tells_a_fault_beside_its_field_and_saves_nothing(
        self, site: Site, field: str, written: str, told: str
    ) -> None:
        await made(site)
        before = (await listed(site)).stored
        answer = await post(site, "receivers/chatwoot/edit", **(await form(site, "chatwoot") | {field: written}))
        assert answer.status_code == 422
        beside = re.search(rf'id="{field}-fault">(.*?)</div>', answer.text, re.DOTALL)
        assert beside is not None, re.findall(r'id="(\w+)-fault"', answer.text)
        assert told.lower() in beside[1].lower()
        assert answer.text.count(" autofocus") == 1 or field == "auth_kind"
        shown = Shown(answer.text)
        assert fields_of(shown, answer.text).get(field, "") in (written, "")
        assert (await listed(site)).stored == before

    async def test_without_anybody_whom_it_is_about_the_user_id_is_missed(self, site: Site) -> None:
        await made(site)
        answer = await post(
            site, "receivers/chatwoot/edit", **(await form(site, "chatwoot") | {"user_id": "", "email": ""})
        )
        assert "Says nothing about whom an event concerns" in answer.text
        assert 'id="user_id-fault"' in answer.text

    async def test_a_proof_that_the_secret_does_not_fit_is_refused(self, site: Site) -> None:
        await made(site)
        answer = await post(
            site, "receivers/chatwoot/edit", **(await form(site, "chatwoot") | {"auth_secret": "whsec"})
        )
        assert answer.status_code == 409
        assert "The secret does not fit how webhooks are proved" in answer.text


@pytest.mark.parametrize("text", HOSTILE)
async def test_what_others_wrote_is_text_everywhere(site: Site, text: str) -> None:
    sender = await made(site, "webhook", secret=None)
    changed = await form(site, "webhook") | {"auth_kind": "none", "name": text[:90], "event": "$.event"}
    assert (await post(site, "receivers/webhook/edit", **changed)).status_code in (303, 422)
    payload = orjson.dumps({"event": text[:150], "user_id": text[:200], "properties": {text[:90]: text}})
    await sender.send(payload)
    for path in ("receivers", "receivers/webhook", "receivers/webhook/deliveries", "receivers/webhook/try"):
        await show(site, path)
    Shown((await post(site, "receivers/webhook/try", payload=payload.decode(), headers=f"X: {text[:100]}")).text)
