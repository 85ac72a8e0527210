"""A small world: people with tabs, servers with clocks, and everything that can go wrong between them.

One seed is one run. In every round some requests reach some nodes; each node carries out its batch; some nodes die, at
a statement or after the commit, and some replies get lost, so that whoever asked asks again. Between rounds time
passes, often to the very millisecond at which a window opens. The oracles judge every transaction, and now and then
everything that the database holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from tactful.errors import StorageFull
from tactful.store.asks import Asked, NotNow
from tactful.store.events import Observed
from tactful.store.projects import NewProject, apply_definitions, create_project
from tactful.store.script import Script, run
from tests.sim import limits
from tests.sim.compare import compare
from tests.sim.faults import Batch, Outcome
from tests.sim.limits import Where
from tests.sim.nodes import Node
from tests.sim.oracle import Oracle
from tests.sim.owners import Alarm, Backend, Forget, OptOut
from tests.sim.plans import first_plan
from tests.sim.requests import Report, Request, TakeUp
from tests.sim.side import Side
from tests.sim.stores import Store
from tests.sim.tally import Tally
from tests.support.clock import START
from tests.support.service import policy_of, surveys_of

__all__ = ["NODES", "World"]

NODES = 2
COMPARE_EVERY = 40
STEPS_MS = (0, 0, 1, 400, 5_000, 31_000, 90_000)
LEAPS_MS = (300_000, 900_000, 3_600_000, 3_600_000, 20_000_000, 86_400_000, 400_000_000)
SKEWS_MS = (0, 0, 0, 1, 900, 45_000, -45_000, 400_000, -400_000)

SET_MODE = "UPDATE projects SET identity_mode = ? WHERE project_id = ?"


def set_mode(project: str, mode: str) -> Script[None]:
    yield run(SET_MODE, mode, project)


@dataclass(eq=False)
class World:
    """Everything that one seed makes."""

    seed: int
    store: Store
    tally: Tally = field(default_factory=Tally)
    #: What the second project does is drawn from this instead, so that the first one's answers can be held to it.
    neighbour: int | None = None
    every: int = COMPARE_EVERY
    wall: int = START
    rounds: int = 0
    asks: int = 0
    #: Rounds in which time stands.
    standing: int = 0
    #: By how much the clock was set back and will be set right.
    owed: int = 0
    accepted_at: int = 0
    #: Every answer in words, if somebody wants to read them.
    lines: list[str] | None = None

    def __post_init__(self) -> None:
        self.draw = Random(f"world {self.seed}")
        self.nodes = [Node(self.store, number) for number in range(NODES)]
        self.skews = [0] * NODES
        self._set_clocks()
        self.sides = self._all_sides()

    def _all_sides(self) -> list[Side]:
        """The projects."""
        second = self.seed if self.neighbour is None else self.neighbour
        return [self._side("a", Random(f"a {self.seed}")), self._side("b", Random(f"b {second}"))]

    def _side(self, name: str, draw: Random) -> Side:
        plan = first_plan(draw)
        project, secret = f"project-{name}", f"secret-{name}"
        new = NewProject(project, name, (), f"pk-{name}", f"wk-{name}", f"at-{name}", secret)
        enforce = draw.random() < 0.4
        self.store.alone(create_project, new)
        self.store.alone(set_mode, project, "enforce" if enforce else draw.choice(("off", "warn")))
        surveys = surveys_of(plan.surveys.values())
        self.store.alone(apply_definitions, project, policy_of(plan.policy), surveys)
        oracle = Oracle(project, {2: plan}, 2, enforce, live_at=self.store.database_now(0))
        return Side(self, project, secret, draw, oracle, self.tally)

    def run(self, asks: int) -> None:
        """Go on until so many asks are recorded."""
        while self.asks < asks:
            self.round()
            if self.rounds % self.every == 0:
                self.compare()
        self.compare()
        self.tally.counts["fault: histories merged"] += sum(side.oracle.merges for side in self.sides)

    def compare(self) -> None:
        for side in self.sides:
            compare(self.store, side.oracle)

    # One round.

    def round(self) -> None:
        self.rounds += 1
        self._pass_time()
        batches = self._batches()
        outcomes, dead = self.store.together([batch for batch in batches if batch.calls])
        unheard = {batch.node for batch in batches if batch.die_at is not None}
        for outcome in outcomes:
            self._ended(outcome, unheard)
        for batch in batches:
            if batch.die_at is not None:
                self._died(batch, before=batch.node in dead)

    def _batches(self) -> list[Batch]:
        """Hand this round's requests to nodes, which read and begin their transactions."""
        batches = [Batch(node.number, []) for node in self.nodes]
        for side in self.sides:
            for request in side.requests():
                self._begin(request, batches[side.draw.randrange(NODES)])
        self._housekeeping(batches[0])
        for batch in batches:
            dies, at = self.draw.random() < 0.04, self.draw.random()
            # Not both: what runs again alone after a lost batch is committed one by one, and a death would hide which.
            if dies and not any(call.takes_all for call in batch.calls):
                batch.die_at = int(at * (1 + 12 * sum(call.counts_for_death for call in batch.calls)))
        return batches

    def _housekeeping(self, batch: Batch) -> None:
        """What concerns all projects: forgetting what is old, and the alarm about the clock."""
        first, chance = self.sides[0], self.draw.random()
        if chance < 0.02:
            self._begin(Forget(side=first), batch)
        elif chance < 0.025 or (first.oracle.plan.alarm and chance > 0.6):
            self._begin(Alarm(side=first, raised=chance < 0.1), batch)

    def _begin(self, request: Request, batch: Batch) -> None:
        side = request.side
        call = request.call(self.nodes[batch.node])
        if call is None:
            return
        call.apart = _changes_what_others_read(request)
        call.note, call.node, call.sent_at = request, batch.node, self.store.database_now(batch.node)
        if side is self.sides[0]:
            chance = side.draw.random()
            call.tick_ms = 0 if chance < 0.7 or self.standing else side.draw.choice((1, 1, 3, 1_000, 40_000))
            if chance > 0.985:
                call.full_at, call.takes_all = side.draw.randrange(6), chance > 0.992
        else:
            call.counts_for_death = False
        batch.calls.append(call)

    def _ended(self, outcome: Outcome, unheard: set[int]) -> None:
        call, request = outcome.call, outcome.call.note
        side = request.side
        if call.filled:
            call.filled = False
            self.tally.count("a disk full for all" if call.takes_all else "a disk full for one")
        if isinstance(outcome.error, StorageFull):
            side.lost(request)
            return
        self._traced(side, outcome)
        request.ended(self.nodes[call.node], outcome)
        if call.node in unheard:
            return
        if side.draw.random() < 0.04:
            self.tally.count("a reply lost")
            side.lost(request)
        else:
            request.heard(outcome)

    def _died(self, batch: Batch, *, before: bool) -> None:
        # A node that nobody asked anything dies as well: what it knows of one project hangs on nobody else's calls.
        self.nodes[batch.node].restart()
        if batch.calls:
            self.tally.count("a node dead between two statements" if before else "a node dead after its commit")
        for call in batch.calls:
            call.note.side.lost(call.note)

    def _traced(self, side: Side, outcome: Outcome) -> None:
        self.note(side, (type(outcome.call.note).__name__, outcome.call.now, _told(outcome)))

    def note(self, side: Side, told: object) -> None:
        """Note what a project was told, for whoever compares or reads it."""
        line = f"{side.project} {self.rounds} {told}"
        side.trace.update(line.encode())
        if self.lines is not None:
            self.lines.append(line)

    # Time.

    def _set_clocks(self) -> None:
        self.store.set_times(self.wall, self.skews)

    def _pass_time(self) -> None:
        """Let time pass, mostly forwards."""
        if self.standing:
            self.standing -= 1
            return
        self.sides[0].focus = None
        self.wall = max(self.wall, self.store.clocks[0].now - self.skews[0])
        chance, patient = self.draw.random(), self.draw.random() < 0.85 and self._awaits()
        if chance < 0.25 and not patient and self._to_an_edge():
            return
        self.wall += self.draw.choice(LEAPS_MS if chance < 0.6 and not patient else STEPS_MS)
        if chance > 0.97:
            self.skews = [self.draw.choice(SKEWS_MS) for _ in self.nodes]
            self.tally.counts["fault: node clocks apart"] += self.skews[0] != self.skews[1]
        elif chance > 0.96:
            by = self.draw.choice((1_000, 3_600_000, 8 * 86_400_000))
            self.wall, self.owed = self.wall - by, self.owed + by
            self.tally.count("a clock set back")
        elif chance > 0.95:
            self.wall += self.draw.choice((3_600_000, 86_400_000, 20 * 86_400_000))
            self.tally.count("a clock set forward")
        elif self.owed and chance > 0.8:
            self.wall, self.owed = self.wall + self.owed, 0
        elif chance > 0.9:
            # A node hears of edits, or counts the responses again.
            for side in self.sides:
                self.nodes[0].configs.pop(side.project, None)
                if chance > 0.93:
                    self.nodes[1].count(side.project)
        self._set_clocks()

    def _awaits(self) -> bool:
        """Whether offers are about to be taken up. Where the neighbour is held to have no say, it has none in time."""
        return any(side.awaits() for side in (self.sides if self.neighbour is None else self.sides[:1]))

    def _to_an_edge(self) -> bool:
        """Go to the millisecond at which somebody may be asked again, or just beside it, and let them come."""
        side = self.sides[0]
        humans = sorted({human.id for human in side.oracle.humans.values()})
        if not humans:
            return False
        human = side.oracle.people[self.draw.choice(humans)]
        now = max(human.last_at, self.wall)
        key = self.draw.choice(sorted(side.oracle.plan.surveys))
        again = [refused[4] for refused in limits.refusals(side.oracle, human, key, Where(now, None, {})).certain]
        times = sorted(at for at in again if at is not None and self.wall < at < now + 40 * 86_400_000)
        if not times:
            return False
        self.wall = self.draw.choice(times) + self.draw.choice((-1, 0, 0, 1))
        self.skews, self.standing = [0] * NODES, 2
        side.focus = side.browser_of(human)
        self._set_clocks()
        return True


def _told(outcome: Outcome) -> object:
    """What a caller was told, in a form that is the same in every run."""
    result = outcome.result
    if outcome.error is not None:
        return getattr(outcome.error, "code", repr(outcome.error))
    if isinstance(outcome.call.note, Forget):
        return None  # it tells how much it deleted of everybody's
    if isinstance(result, Asked):
        return result.ask_id, result.asked_at, result.known.person_id
    if isinstance(result, NotNow):
        return result.refusals
    if isinstance(result, Observed):
        return result.known.person_id, result.known.now, [one.message_id for one in result.at_once]
    return result


def _changes_what_others_read(request: Request) -> bool:
    """Tell whether people who are asked at the same moment may find it done or not: they read it without a lock. So it
    is with the traits of accounts, and with all that counts and is not throttled, as an ask that is wished for."""
    match request:
        case Report():
            return request.part is not None and request.part.type == "group"
        case Backend():
            return request.account is not None
        case _:
            return not isinstance(request, TakeUp | OptOut)
