"""What a request handler may reach: settings, clock, database, tokens and the cached configurations.

A configuration is read once and kept until its version moves on. Three things notice that it did: the transaction that
records an ask (it reads the version under its lock), any read of a person (the version comes along), and a poll that
watches for commits of other processes, so that the loader's watch list follows within two seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from tactful.clock import Clock
from tactful.core.spans import DAY_MS
from tactful.core.surveys import Survey
from tactful.credentials import Passwords
from tactful.errors import Forbidden, NotFound, TactfulError, Unauthorized
from tactful.settings import Settings
from tactful.store.erasure import count_erasures
from tactful.store.opening import ServedDatabase
from tactful.store.people import Known
from tactful.store.projects import Config, config_versions, find_by_public_key, load_config, load_version
from tactful.store.results import read_person
from tactful.store.script import Database
from tactful.store.standings import read_standings
from tactful.tokens import PASS, Tokens
from tactful.web.addresses import Addresses
from tactful.web.arrivals import Arrivals
from tactful.web.backtests import Backtests
from tactful.web.journal import Journal
from tactful.web.limits import Limits
from tactful.web.live import Hub
from tactful.web.nodes import Nodes
from tactful.web.proofs import Proofs
from tactful.web.receipts import Receipts
from tactful.web.tellings import Tellings
from tactful.web.tries import Tries
from tactful.web.updates import Updates
from tactful.web.watch import ClockWatch

__all__ = ["Configs", "Service"]

_MOST_PASSES = 10_000
_MOST_VERSIONS = 1_000
#: Quotas and margins are counted so often (core/standing.py says why not always).
COUNT_EVERY_S = 5.0
#: A page whose origin was listed this moment, by another process, reads errors so much later at most.
LOOK_FOR_ORIGINS_EVERY_S = 1.0


class Configs:
    """The compiled configurations of all projects that were asked for, each as of its latest known version."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._by_id: dict[str, Config] = {}
        self._ids: dict[str, str] = {}
        self._versions: dict[tuple[str, str, int], Survey] = {}
        self._counted_at: dict[str, float] = {}
        self._counting = asyncio.Lock()
        self._current: dict[str, int] | None = None
        #: All origins that the configurations at hand list; None: not put together yet.
        self._origins: frozenset[str] | None = None
        self._looking = asyncio.Lock()
        self._looked_at = -math.inf

    async def get(self, project_id: str) -> Config:
        """Return the project's configuration. Raises `NotFound`."""
        cached = self._by_id.get(project_id)
        if cached is None:
            cached = await self._db.read(load_config, project_id)
            if cached is None:
                raise NotFound("no_such_project", "There is no such project.")
            self._by_id[project_id] = cached
            self._origins = None
            self._counted_at.pop(project_id, None)
        return await self._counted(cached) if cached.catalogue.limited else cached

    def at_hand(self, project_id: str) -> Config | None:
        """What `get` would return, where that takes no waiting."""
        cached = self._by_id.get(project_id)
        return None if cached is None or cached.catalogue.limited else cached

    async def _counted(self, config: Config) -> Config:
        """The configuration with standings that are a few seconds old at most."""
        loop, project_id = asyncio.get_running_loop(), config.project_id
        if loop.time() < self._counted_at.get(project_id, -math.inf) + COUNT_EVERY_S:
            return config
        async with self._counting:
            known = self._by_id.get(project_id)
            if known is not None and loop.time() < self._counted_at.get(project_id, -math.inf) + COUNT_EVERY_S:
                return known  # somebody else has just counted
            standings = await self._db.scan(read_standings, project_id, config.catalogue)
            counted = replace(config, standings=standings)
            if known is not None and known.version == counted.version:
                self._by_id[project_id] = counted
                self._counted_at[project_id] = loop.time()
            return counted

    async def by_public_key(self, public_key: str) -> Config:
        """Return the configuration of the project with this public key. Raises `NotFound`."""
        project_id = self._ids.get(public_key)
        if project_id is None and public_key.isprintable():  # no database can be asked for U+0000
            project_id = await self._db.read(find_by_public_key, public_key)
        if project_id is None:
            raise NotFound("no_such_project", "There is no project with this public key.")
        self._ids[public_key] = project_id
        return await self.get(project_id)

    async def at_least(self, project_id: str, version: int) -> Config:
        """Return the configuration, read again if it is older than `version`."""
        cached = self._by_id.get(project_id)
        if cached is not None and cached.version >= version:
            return await self.get(project_id)
        self._by_id.pop(project_id, None)
        self._origins = None
        return await self.get(project_id)

    async def refresh(self) -> bool:
        """Drop every configuration that has moved on; tell whether any has since the last call."""
        current = await self._db.read(config_versions)
        moved = self._current not in (None, current)
        self._current = current
        for project_id, config in list(self._by_id.items()):
            if current.get(project_id) != config.version:
                del self._by_id[project_id]
        self._origins, self._looked_at = None, -math.inf
        return moved

    async def survey_version(self, project_id: str, survey_key: str, version: int) -> Survey:
        """Return one version of a survey, which never changes. Raises `NotFound`."""
        key = (project_id, survey_key, version)
        if key not in self._versions:
            survey = await self._db.read(load_version, *key)
            if survey is None:
                raise NotFound("no_such_survey", "There is no such survey any more.")
            if len(self._versions) >= _MOST_VERSIONS:
                self._versions.clear()
            self._versions[key] = survey
        return self._versions[key]

    def lists_at_hand(self, origin: str) -> bool:
        """Tell whether a project whose configuration is at hand lists `origin`."""
        if self._origins is None:
            self._origins = frozenset().union(*(config.origins for config in self._by_id.values()))
        return origin in self._origins

    async def lists_origin(self, origin: str) -> bool:
        """Tell whether any project lists `origin`: only such a page may read even an error.

        Anybody may send an origin that nobody lists, as often as they like, so the database is looked at once for all
        of them every so often: whatever a project lists is in one of its configurations, and these are loaded then.
        """
        if self.lists_at_hand(origin):
            return True
        async with self._looking:
            now = asyncio.get_running_loop().time()
            if now >= self._looked_at + LOOK_FOR_ORIGINS_EVERY_S:
                # After a start or a change nothing is loaded yet, and an error may be answered before anything was.
                for project_id in (await self._db.read(config_versions)).keys() - self._by_id.keys():
                    with contextlib.suppress(NotFound):  # erased meanwhile
                        await self.get(project_id)
                self._looked_at = now
        return self.lists_at_hand(origin)


@dataclass(slots=True)
class Service:
    """One running service."""

    settings: Settings
    clock: Clock
    db: ServedDatabase
    tokens: Tokens
    configs: Configs
    hub: Hub
    #: Where the live stream's client is, and its hash.
    live_client: dict[str, str] = field(default_factory=dict)
    #: Surveys as cards are told them.
    tellings: Tellings = field(default_factory=Tellings)
    #: Messages that were dropped because they were unreadable, since the start.
    dropped: int = 0
    #: The open pages of members.
    updates: Updates = field(default_factory=Updates)
    passwords: Passwords = field(default_factory=Passwords)
    tries: Tries = field(init=False)
    arrivals: Arrivals = field(init=False)
    #: What receivers took lately.
    receipts: Receipts = field(init=False)
    #: Backtests that members started.
    backtests: Backtests = field(init=False)
    #: What is written behind.
    journal: Journal = field(init=False)
    addresses: Addresses = field(init=False)
    limits: Limits = field(init=False)
    #: How pages prove who their users are.
    proofs: Proofs = field(init=False)
    watch: ClockWatch = field(init=False)
    #: The other server processes on the same database.
    nodes: Nodes = field(init=False)
    _passes: dict[str, tuple[str, int]] = field(default_factory=dict)
    #: How many people were erased, by project, when that was looked at last.
    _erasures: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tries = Tries(self.clock)
        self.arrivals = Arrivals(self.clock)
        self.receipts = Receipts(self.clock)
        self.backtests = Backtests(self.settings.database_url, self.clock, self.updates)
        self.journal = Journal(self.clock)
        self.addresses = Addresses(self.settings.trusted_proxies)
        self.limits = Limits(self.settings, self.clock, self.db.waiting, self.journal.refused)
        self.proofs = Proofs(self.clock)
        self.watch = ClockWatch(self.db, self.clock)
        alone = self.settings.database_url.kind == "sqlite"
        self.nodes = Nodes(self.hub, self.updates, None if alone else self.db.tell)
        self.db.listen(self.nodes.heard)

    async def look_at_clock(self) -> None:
        """Look whether the time can be believed; where it no longer can, nobody is asked from here on."""
        if await self.watch.look():
            await self.configs.refresh()
            self.updates.tell_all("change")

    def tidy(self) -> None:
        """Forget who has come, and from where, as far as that changes nothing; to be called every second."""
        self.limits.tidy()
        self.addresses.tidy()

    async def notice_erasures(self) -> None:
        """Let go of what is in memory of people who were erased since the last look, by whichever process. The first
        look is before there is anything in memory."""
        now = await self.db.read(count_erasures)
        erased = [project_id for project_id, times in now.items() if times != self._erasures.get(project_id)]
        self._erasures = now
        if erased:
            await self._forget_people(*erased)

    async def forget_erased(self, project_id: str) -> None:
        """Let go of what is in memory of somebody whom this process has erased. To be called after the commit."""
        try:
            await self.notice_erasures()
        except TactfulError:
            # They are erased all the same; the count is looked at again later.
            await self._forget_people(project_id)

    async def _forget_people(self, *project_ids: str) -> None:
        """Let go of what is in memory of the people of these projects: somebody was erased, and nothing here tells
        whom."""
        for project_id in project_ids:
            self.arrivals.forget(project_id)
            self.receipts.forget(project_id)
        # The library keeps the last addresses that it took apart, and a page's may name anybody.
        urlsplit.cache_clear()  # type: ignore[attr-defined]  # a cache, where its types know a function
        # What is written finds nobody who was erased; what is not written yet is held until it is.
        await self.journal.write(self.db)

    def nudge(self, project_id: str, person_id: str, *, after_ms: int = 0) -> None:
        """Let every open tab of the person ask for what waits, on whichever node, now or after a hold."""
        self.hub.nudge(project_id, person_id, after_ms=after_ms)
        self.nodes.nudge(project_id, person_id, after_ms)

    def tell(self, project_id: str, kind: str, survey: str = "") -> None:
        """Tell every open page of a project what happened, on whichever node; call it after the commit."""
        self.updates.tell(project_id, kind, survey)
        self.nodes.tell(project_id, kind, survey)

    def new_pass(self, project_id: str) -> str:
        """Sign the day's pass: the same all day, so that the configuration's ETag stays the same too."""
        now = self.clock.now_ms()
        return self.tokens.sign(PASS, [project_id], at_ms=now - now % DAY_MS)

    def config_at_hand(self, passed: str) -> Config | None:
        """What `config_of_pass` would return, where that takes neither reading nor waiting."""
        known = self._passes.get(passed)
        return None if known is None or known[1] <= self.clock.now_ms() else self.configs.at_hand(known[0])

    async def config_of_pass(self, passed: str) -> Config:
        """Return the configuration that a pass opens. An expired one is answered with a fresh one."""
        now = self.clock.now_ms()
        known = self._passes.get(passed)
        if known is None or known[1] <= now:
            known = self._read_pass(passed)
            if len(self._passes) >= _MOST_PASSES:
                self._passes.clear()
            self._passes[passed] = known
        return await self.configs.get(known[0])

    def _read_pass(self, passed: str) -> tuple[str, int]:
        try:
            opened = self.tokens.read(PASS, passed)
        except Unauthorized as refused:
            if refused.code == "pass_expired" and refused.payload:
                refused.data["pass"] = self.new_pass(str(refused.payload[0]))
            raise
        return str(opened.payload[0]), opened.expires_at

    async def person(self, project_id: str, person_id: str) -> tuple[Config, Known] | None:
        """A person, merges followed, with all that deciding any survey needs, under the configuration that it needs it
        for. None: this project has nobody of this id."""
        config = await self.configs.get(project_id)
        now = self.clock.now_ms()
        known = await self.db.read(read_person, project_id, person_id, config.catalogue, now)
        if known is None:
            return None
        fresh = await self.configs.at_least(project_id, known.config_version)
        if fresh.catalogue is not config.catalogue:
            known = await self.db.read(read_person, project_id, person_id, fresh.catalogue, now)
        return None if known is None else (fresh, known)

    def check_origin(self, config: Config, origin: str | None) -> None:
        """Raise `Forbidden` unless the project lists `origin` exactly (`app` stands for none, `null` for itself)."""
        named = origin or "app"
        listed = named in config.origins
        self.arrivals.saw(config.project_id, named, "calls" if listed else "refused")
        if not listed:
            raise Forbidden("origin_refused", "This project does not list the page's origin; add it to the project.")
