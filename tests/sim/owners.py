"""What the customer's backend, the owner of a project, its admins and housekeeping ask of a node, and people apart from
any card."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tactful.core.clockwatch import Jump
from tactful.core.trigger import Event
from tactful.identity import Identity
from tactful.store.audit import Act
from tactful.store.erasure import Exported, end_opt_out, erase, export
from tactful.store.events import Message, observe
from tactful.store.forgetting import FORGET_AT_ONCE, forget_old
from tactful.store.people import set_opted_out, set_test
from tactful.store.projects import apply_definitions
from tactful.store.script import Script
from tactful.store.stops import accept_clock, raise_alarm
from tests.sim import judge, judge_events
from tests.sim.faults import Call, Outcome
from tests.sim.judge_events import Happening
from tests.sim.oracle import require
from tests.sim.plans import Edit, applied
from tests.sim.requests import Request, Who
from tests.support.service import policy_of, surveys_of

if TYPE_CHECKING:
    from tests.sim.nodes import Node

__all__ = ["Alarm", "Apply", "Backend", "EndOptOut", "Erase", "Forget", "OptOut", "Test"]


@dataclass(eq=False, kw_only=True)
class OptOut(Request):
    """Somebody never wants to be asked again."""

    who: Who

    def call(self, node: Node) -> Call | None:
        identity = self.believed(node, self.who)
        if identity is None or not identity.aliases:
            return None
        return Call(set_opted_out, (self.side.project, identity, self.side.new_id()))

    def ended(self, node: Node, outcome: Outcome) -> None:
        if self.guarded(self.who, outcome, self.at_browser(self.who)):
            return
        judge.opt_out(self.side.oracle, outcome.call.args[2], self.ids(self.who), outcome.call.now)


@dataclass(eq=False, kw_only=True)
class Test(Request):
    """A browser becomes a test person's."""

    who: Who
    __test__ = False

    def call(self, node: Node) -> Call | None:
        identity = self.believed(node, self.who)
        if identity is None or not identity.aliases:
            return None
        return Call(set_test, (self.side.project, identity, self.side.new_id()))

    def ended(self, node: Node, outcome: Outcome) -> None:
        if self.guarded(self.who, outcome, self.at_browser(self.who)):
            return
        judge.test(self.side.oracle, outcome.call.args[2], self.ids(self.who), outcome.call.now)


@dataclass(eq=False, kw_only=True)
class Backend(Request):
    """The customer's backend reports something about a user, with the write key."""

    who: Who
    id: str
    event: str | None = None
    properties: dict[str, Any] = field(default_factory=dict)
    traits: dict[str, Any] | None = None
    created_at: int | None = None
    account: tuple[str, dict[str, Any]] | None = None

    def call(self, node: Node) -> Call | None:
        side = self.side
        config = node.config(side.project)
        identity = Identity(self.who.user, self.who.browser, proved=True)
        told = Happening(f"s:{self.id}", side.oracle.plans[config.version], server=True)
        told.event, told.properties, told.traits = self.event, self.properties, self.traits
        told.created_at, told.account = self.created_at, self.account
        account, account_traits = self.account or (None, None)
        event = None if self.event is None else Event(self.event, self.properties, "server")
        catalogue = config.catalogue
        message = Message(
            told.id, event, () if event is None else catalogue.waiting_for(event, node.now),
            event_id=None if event is None else side.new_id(), traits=self.traits, created_at=self.created_at,
            account_id=account, account_traits=account_traits,
            cancelling=() if event is None else catalogue.cancelled_by(event),
        )  # fmt: skip
        return Call(observe, (side.project, identity, [message], side.new_id(), catalogue), told=told)

    def ended(self, node: Node, outcome: Outcome) -> None:
        if outcome.error is not None:
            raise outcome.error
        call, ids = outcome.call, (self.who.user, self.who.browser)
        judge_events.observe(self.side.oracle, call.args[3], ids, [call.told], call.now)


@dataclass(eq=False, kw_only=True)
class Apply(Request):
    """The owner writes a policy or surveys."""

    edit: Edit

    def call(self, node: Node) -> Call | None:
        policy, surveys = self.edit
        read = None if policy is None else policy_of(policy)
        return Call(apply_definitions, (self.side.project, read, surveys_of(surveys)))

    def ended(self, node: Node, outcome: Outcome) -> None:
        if outcome.error is not None:
            raise outcome.error
        self.side.wrote(applied(self.side.oracle.plan, self.edit))
        for change in outcome.result:
            version = self.side.oracle.plan.versions.get(change.what)
            require(change.version == version, "4 once", change.what, "has version", change.version, "not", version)


def erase_after_export(project: str, person: str, act: Act) -> Script[tuple[Exported, dict[str, int]]]:
    """Export and erase in one transaction, so that both see the same."""
    found = yield from export(project, person)
    return found, (yield from erase(project, person, act))


@dataclass(eq=False, kw_only=True)
class Erase(Request):
    """Everything of a person shall be gone."""

    person: str

    def call(self, node: Node) -> Call | None:
        act = Act(self.side.new_id(), "an admin", "a key of hashes")
        return Call(erase_after_export, (self.side.project, self.person, act))

    def ended(self, node: Node, outcome: Outcome) -> None:
        erased = judge.erase(self.side.oracle, self.person, outcome)
        if erased:
            self.side.tally.count("somebody erased")


@dataclass(eq=False, kw_only=True)
class EndOptOut(Request):
    """An admin lets somebody be asked again, which is recorded."""

    person: str

    def call(self, node: Node) -> Call | None:
        return Call(
            end_opt_out, (self.side.project, self.person, Act(self.side.new_id(), "an admin", "a key of hashes"))
        )

    def ended(self, node: Node, outcome: Outcome) -> None:
        judge.end_opt_out(self.side.oracle, self.person, outcome)


@dataclass(eq=False, kw_only=True)
class Alarm(Request):
    """A node finds that the clock jumped, or an admin accepts what time it is: for all projects."""

    raised: bool

    def call(self, node: Node) -> Call | None:
        if self.raised:
            return Call(raise_alarm, (Jump("ahead", 1),))
        return Call(accept_clock, (Act(self.side.new_id(), "an admin", "a key of hashes"),))

    def ended(self, node: Node, outcome: Outcome) -> None:
        if outcome.error is not None:
            raise outcome.error
        world, now, alarm = self.side.world, outcome.call.now, self.side.oracle.plan.alarm
        # The clock is accepted too where it was set back since it was last accepted.
        changed = alarm != self.raised or (not self.raised and world.accepted_at > now)
        require(outcome.result == changed, "11 clock", "the alarm was", alarm, "at", now)
        if changed:
            world.accepted_at = world.accepted_at if self.raised else now
            for side in world.sides:
                side.now_in_force(replace(side.oracle.plan, alarm=self.raised))


@dataclass(eq=False, kw_only=True)
class Forget(Request):
    """Housekeeping: what is past its time goes."""

    def call(self, node: Node) -> Call | None:
        return Call(_forget_all, ())

    def ended(self, node: Node, outcome: Outcome) -> None:
        for side in self.side.world.sides:
            judge_events.forget(side.oracle, outcome.call.now)


def _forget_all() -> Script[None]:
    """Chunk after chunk until one is not full, as the service does: the oracle forgets everything at once."""
    while (yield from forget_old()) >= FORGET_AT_ONCE:
        pass
