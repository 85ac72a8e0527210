"""Log-in, links and passwords, from outside: what is answered, and what no longer opens anything."""

from __future__ import annotations

import pytest

from tactful.clock import new_secret
from tactful.core.spans import DAY_MS
from tactful.store.members import offer_first
from tests.support.service import Site

pytestmark = pytest.mark.anyio

OURS = {"sec-fetch-site": "same-origin"}


async def test_the_first_admin_makes_themself_by_a_link_that_works_once(site: Site) -> None:
    token = new_secret("setup")
    assert await site.service.db.run(offer_first, token)
    shown = await site.client.get(f"/setup/{token}")
    assert shown.status_code == 200
    form = {"email": " Ann@Example.test ", "password": "correct horse", "again": "correct horse"}
    made = await site.client.post(f"/setup/{token}", data=form, headers=OURS)
    assert (made.status_code, made.headers["location"]) == (303, "/")
    assert (await site.client.get(f"/setup/{token}")).status_code == 404
    site.client.cookies.clear()
    form = {"email": "ann@example.test", "password": "correct horse", "next": "/account"}
    there = await site.client.post("/login", data=form, headers=OURS)
    assert (there.status_code, there.headers["location"]) == (303, "/account")
    wrong = await site.client.post("/login", data=form | {"password": "wrong"}, headers=OURS)
    assert wrong.status_code == 401
    assert DAY_MS
