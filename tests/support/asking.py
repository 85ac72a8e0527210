"""Asking people by the product's own scripts on any database, without a web server around them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tactful.clock import new_id
from tactful.core.policy import Policy
from tactful.core.reading import read_survey
from tactful.identity import Identity
from tactful.newproject import new_project
from tactful.store.asks import Asked, Context, NotNow, Offered, take_up
from tactful.store.people import recognise
from tactful.store.projects import Config, apply_definitions, create_project, load_config
from tactful.store.script import Database
from tests.support.clock import SetClock
from tests.support.service import ONE_AN_HOUR, SITE, a_survey

PAGE = Context("/app/lesson", "en")


@dataclass
class Asking:
    """One project in a database; `clock` makes ids and sets the database's time."""

    database: Database
    config: Config
    clock: SetClock
    people: dict[str, str] = field(default_factory=dict)

    async def person(self, user_id: str | None = "ann", anonymous_id: str | None = None) -> str:
        """Recognise somebody and return their id."""
        identity = Identity(user_id, anonymous_id, proved=True)
        row = await self.database.run(recognise, self.config.project_id, identity, new_id(self.clock))
        return str(row["person_id"])

    def offered(self, person_id: str, offer_id: str = "", survey_key: str = "nps") -> Offered:
        """An offer as its token would say it."""
        live = self.config.catalogue.surveys[survey_key]
        return Offered(person_id, offer_id or new_id(self.clock), survey_key, live.version)

    async def take_up(self, user_id: str, person_id: str, offer_id: str = "") -> Asked | NotNow:
        """Take up an offer as a page of `user_id` does."""
        offered = self.offered(person_id, offer_id)
        return await self.database.run(take_up, self.config, offered, Identity(user_id, None, proved=True), PAGE)


async def asking(database: Database, clock: SetClock, *surveys: dict[str, Any], policy: Policy = ONE_AN_HOUR) -> Asking:
    """Make a project with these surveys, one by default, in a database that has every migration."""
    new = new_project(clock, "P", (SITE,))
    await database.run(create_project, new)
    read = [read_survey(written).value for written in surveys or (a_survey(),)]
    await database.run(apply_definitions, new.project_id, policy, tuple(one for one in read if one is not None))
    config = await database.read(load_config, new.project_id)
    assert config is not None
    return Asking(database, config, clock)
