"""Settings, Identity: what the page says to whom, and what its forms change."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tactful.core.spans import DAY_MS
from tactful.identity import Claim, Secret, Terms, Vouched, believe, hash_user
from tactful.store.audit import list_acts
from tactful.store.identity import IdentityCount, add_counts, counts_since
from tactful.web.dashboard import samples
from tests.support.members import log_in
from tests.support.pages import show
from tests.support.rows import contents
from tests.support.service import SITE, Site, make_project

pytestmark = pytest.mark.anyio

PASTED = "pasted-from-intercom-0123456789"


@pytest.fixture(autouse=True)
async def admin(site: Site) -> None:
    await log_in(site.client, site.service, "admin")


async def send(site: Site, below: str = "", **fields: str) -> httpx2.Response:
    path = f"/projects/{site.project.project_id}/settings/identity{below}"
    site.clock.advance(1)
    return await site.client.post(path, data=fields, headers={"sec-fetch-site": "same-origin"})


async def secrets(site: Site) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await site.manage("GET", "identity")).json()["secrets"]
    return found


async def test_settings_lead_to_it(site: Site) -> None:
    shown = await show(site, "settings")
    assert shown.all("a", href=f"/projects/{site.project.project_id}/settings/identity")


async def test_a_new_secret_is_shown_once_and_signs_at_once(site: Site) -> None:
    made = await send(site, "/secrets", accepts="hash")
    assert made.status_code == 201
    newest = (await secrets(site))[0]
    secret = next(part for part in made.text.split('"') if part.startswith("ids_"))
    assert (newest["ends"], newest["accepts"]) == (secret[-4:], "hash")
    signed = {"user_id": "ann", "user_hash": hash_user(secret, "ann")}
    assert (await site.event(identity=signed)).status_code == 200
    await site.service.proofs.write(site.service.db)
    shown = await show(site, "settings/identity")
    assert secret not in shown.text
    assert f"…{secret[-4:]} hashes alone" in shown.text
    assert "Last used just now" in shown.text
    assert "Two are live." in shown.text


async def test_a_secret_of_another_product_is_taken_and_never_shown(site: Site) -> None:
    assert (await send(site, "/secrets", secret=f" {PASTED}\n", accepts="any")).status_code == 303
    assert PASTED not in (await site.client.get(f"/projects/{site.project.project_id}/settings/identity")).text
    assert (
        await site.event(identity={"user_id": "ann", "identifier_hash": hash_user(PASTED, "ann")})
    ).status_code == 200


@pytest.mark.parametrize(
    ("secret", "says"),
    [
        ("short", "A secret has 16 to 256 characters."),
        ("x" * 257, "A secret has 16 to 256 characters."),
        ("a secret of\ntwo lines", "one line of printable characters"),
        ("-----BEGIN PUBLIC KEY-----abc", "This is a public or private key."),
    ],
)
async def test_what_is_no_secret_is_told_beside_the_form(site: Site, secret: str, says: str) -> None:
    before = contents(site.path)
    answer = await send(site, "/secrets", secret=secret)
    assert answer.status_code == 400
    assert says in answer.text
    assert contents(site.path) == before


async def test_two_are_live_at_most_and_one_at_least(site: Site) -> None:
    [first] = await secrets(site)
    alone = await send(site, f"/secrets/{first['id']}/revoke", sure="yes")
    assert (alone.status_code, "the only live secret" in alone.text) == (409, True)
    again = await send(site, "/secrets", secret=site.project.identity_secret)
    assert (again.status_code, "live already" in again.text) == (409, True)
    assert (await send(site, "/secrets", accepts="any")).status_code == 201
    third = await send(site, "/secrets", accepts="any")
    assert (third.status_code, "Two secrets are live" in third.text) == (409, True)
    assert len(await secrets(site)) == 2


async def test_one_is_revoked_once_that_is_meant(site: Site) -> None:
    [first] = await secrets(site)
    await send(site, "/secrets", accepts="any")
    assert (await send(site, f"/secrets/{first['id']}/revoke", sure="no")).status_code == 400
    assert len(await secrets(site)) == 2
    assert (await send(site, f"/secrets/{first['id']}/revoke", sure="yes")).status_code == 303
    assert first["id"] not in [one["id"] for one in await secrets(site)]
    signed = {"user_id": "ann", "user_hash": hash_user(site.project.identity_secret, "ann")}
    assert (await site.event(identity=signed)).status_code == 401
    assert (await send(site, f"/secrets/{first['id']}/revoke", sure="yes")).status_code == 404
    acts = [row["what"] for row in await site.service.db.read(list_acts, 9)]
    assert acts == ["secret_revoked", "secret_added"]
    assert site.project.identity_secret not in str(contents(site.path)), "what is revoked is forgotten"


async def test_a_secret_of_another_project_is_not_reached(site: Site) -> None:
    other = make_project(site.path, site.clock, name="Other")
    await send(site, "/secrets", accepts="any")
    before = contents(site.path)
    answer = await site.client.post(
        f"/projects/{other.project_id}/settings/identity/secrets/{(await secrets(site))[0]['id']}/revoke",
        data={"sure": "yes"},
        headers={"sec-fetch-site": "same-origin"},
    )
    assert answer.status_code == 404
    assert contents(site.path) == before


async def test_mode_and_life_are_changed_together(site: Site) -> None:
    assert (await send(site, mode="enforce", longest="7d")).status_code == 303
    told = (await site.manage("GET", "identity")).json()
    assert (told["mode"], told["longest"]) == ("enforce", "7d")
    before = contents(site.path)
    for fields in (("loud", "1d"), ("off", "a while"), ("off", "401d"), ("off", "forever"), ("", "1d")):
        assert (await send(site, mode=fields[0], longest=fields[1])).status_code == 400
    assert contents(site.path) == before


async def test_the_report_adds_up(site: Site) -> None:
    today = site.clock.now // DAY_MS
    counts = [("signed", today, 6), ("signed", today - 1, 2), ("unsigned", today, 1), ("expired", today - 89, 1)]
    rows = [
        IdentityCount(site.project.project_id, day, outcome, times, site.clock.now, SITE)
        for outcome, day, times in [*counts, ("browser", today, 5), ("wrong", today - 91, 100)]
    ]
    await site.service.db.run(add_counts, rows)
    shown = await show(site, "settings/identity")
    assert "80% of 10 requests that name a user are signed" in shown.text
    assert "signed Proved. 8 just now" in shown.text
    report = (await site.manage("GET", "identity")).json()["report"]
    assert (report["signed_share"], report["identified"]) == (0.8, 10)
    assert {one["outcome"]: one["count"] for one in report["outcomes"]} == {
        "signed": 8,
        "unsigned": 1,
        "browser": 5,
        "expired": 1,
    }
    assert report["days"][0]["outcomes"] == {"signed": 6, "unsigned": 1, "browser": 5}
    assert len(await site.service.db.read(counts_since, site.project.project_id, 0)) == 6


@pytest.mark.parametrize("role", ["viewer", "editor"])
async def test_others_see_the_mode_and_the_report_and_no_secret(site: Site, role: Any) -> None:
    await log_in(site.client, site.service, role, f"{role}@tactful.test")
    shown = await show(site, "settings/identity")
    assert "An unsigned user id is believed." in shown.text
    assert "Who would be refused" in shown.text
    assert site.project.identity_secret[-4:] not in shown.text
    assert not [form for form in shown.all("form") if "settings" in str(form.get("action"))]
    assert (await send(site, mode="enforce", longest="1d")).status_code == 403


async def test_the_sample_of_a_token_makes_one_that_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TACTFUL_IDENTITY_SECRET", PASTED * 2)
    names: dict[str, Any] = {"user_id": "ann"}
    exec(samples.tokens()[0].code, names)
    now = names["time"].time() * 1_000
    belief = believe(Claim(None, "ann", (), (names["token"],)), Terms("enforce", (Secret("s", PASTED * 2),)), int(now))
    assert belief.identity.vouched == Vouched({"plan": "pro"})
