"""Logging in as a browser does, by its forms; a member who has a password, and a hasher that counts its work."""

from __future__ import annotations

from functools import cache

import httpx2
from argon2 import PasswordHasher

from tactful.clock import new_secret
from tactful.credentials import Passwords
from tactful.store.members import Role, offer_link
from tests.support.members import FROM_OURS, a_member
from tests.support.service import Site

ANN = "ann@example.test"
PASSWORD = "correct horse battery"


class Counting(Passwords):
    """The real thing, which keeps count of its work."""

    def __init__(self) -> None:
        super().__init__()
        self.work: list[str] = []

    def _hash(self, password: str) -> str:
        self.work.append("hash")
        return super()._hash(password)

    def _verify(self, stored: str, password: str) -> bool:
        self.work.append(stored.rpartition("$")[0].rpartition("$")[0])
        return super()._verify(stored, password)


@cache
def hashed(password: str = PASSWORD) -> str:
    return PasswordHasher().hash(password)


async def ann(site: Site, role: Role = "viewer") -> str:
    """Add Ann, who has a password; returns her id."""
    member_id, _ = await a_member(site.service, role, ANN, password_hash=hashed())
    return member_id


async def log_in(site: Site, email: str = ANN, password: str = PASSWORD, **fields: str) -> httpx2.Response:
    headers = FROM_OURS | {name[2:].replace("_", "-"): fields.pop(name) for name in list(fields) if name[:2] == "h_"}
    return await site.client.post("/login", data={"email": email, "password": password} | fields, headers=headers)


async def choose(site: Site, link: str, password: str = PASSWORD, **fields: str) -> httpx2.Response:
    form = {"password": password, "again": password} | fields
    return await site.client.post(link, data=form, headers=FROM_OURS)


async def is_in(site: Site) -> bool:
    return (await site.client.get("/account")).status_code == 200


async def reset_link(site: Site, member_id: str) -> str:
    token = new_secret("reset")
    link = await site.service.db.run(offer_link, member_id, token)
    return f"/{link.purpose}/{token}"
