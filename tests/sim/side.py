"""One project of a simulated world: its people, their browsers and tabs, its backend and its owner.

Each side draws from its own chances, so that what happens to one project can be held while another's varies.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from random import Random
from typing import TYPE_CHECKING, Any

from tactful.clock import id_of
from tactful.core.spans import MINUTE_MS
from tactful.store.asks import Asked
from tactful.web.wire import EventPart
from tests.sim.oracle import Human, Oracle, Plan
from tests.sim.owners import Apply, Backend, EndOptOut, Erase, OptOut, Test
from tests.sim.plans import EVENTS, PAGES, edited
from tests.sim.requests import Close, Held, Report, Request, Respond, Said, Show, TakeUp, Who
from tests.sim.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sim.world import World

__all__ = ["Browser", "Side"]

USERS = 14
BROWSERS = 16
ACCOUNTS = 4
MOST_HELD = 12


@dataclass(eq=False)
class Browser:
    """One browser: its storage, who is logged in, and whether its backend signs who that is."""

    id: str
    user: str | None = None
    signs: bool = False

    def who(self) -> Who:
        return Who(self.user, self.id, signed=self.signs and self.user is not None)


@dataclass(eq=False)
class Side:
    """One project, and everybody around it."""

    world: World
    project: str
    secret: str
    draw: Random
    oracle: Oracle
    tally: Tally
    browsers: list[Browser] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    #: What is still under way, with the round in which it comes.
    late: list[tuple[int, Request]] = field(default_factory=list)
    numbers: int = 0
    #: Whoever's window is about to open or close: they come next, and time stands.
    focus: Browser | None = None
    #: Of every answer that anybody got: the same in every run of one seed.
    trace: Any = field(default_factory=lambda: blake2b(digest_size=16))

    def __post_init__(self) -> None:
        self.browsers = [Browser(f"b{number}", signs=self.draw.random() < 0.7) for number in range(BROWSERS)]

    # What the requests tell.

    def new_id(self) -> str:
        return id_of(self.world.wall, self.draw.getrandbits(80))

    def hold(self, held: Held) -> None:
        self.held.append(held)
        del self.held[:-MOST_HELD]
        if self.draw.random() < 0.85:
            at = self.world.rounds + self.draw.randrange(1, 3)
            self.late.append((at, self._taken_up(held)))
            self._meanwhile(at, held)

    def _meanwhile(self, at: int, held: Held) -> None:
        """What races with an offer: a log-in that merges histories, an event that takes the candidate back."""
        chance, who = self.draw.random(), held.who
        if who.user is None and chance < 0.5:
            known = Who(f"u{self.draw.randrange(USERS)}", who.browser, signed=True)
            self.late.append((at - self.draw.randrange(2), self._report_of(known, held.page, "identify", "")))
        elif held.offered.candidate_id is not None and chance < 0.5:
            self.late.append((at - self.draw.randrange(2), self._report_of(who, held.page, "track", "Other")))

    def _report_of(self, who: Who, page: str, kind: str, event: str) -> Request:
        traits = self._traits() if kind == "identify" else None
        part = EventPart(self._message_id(), kind, event, {"about": "a0"}, traits, None)
        return Report(side=self, who=who, part=part, page=page, visit="v")

    def draws(self, asked: Asked) -> None:
        """A tab draws the card."""
        self.said.append(Said(asked.known.person_id, asked.ask_id, asked.asked_at, asked.live.survey))
        del self.said[:-MOST_HELD]

    def attempted(self, ask: Any, refusals: Any, *, stale: bool) -> None:
        if stale:
            self.tally.count("a stale configuration")
        if ask is None and not refusals:
            return
        self.tally.attempts += 1
        self.tally.asks += ask is not None
        self.world.asks += ask is not None
        self.tally.refused("ask", refusals, self.oracle.plan)

    def wrote(self, plan: Plan) -> None:
        """The owner's edit is in force; one that says what is in force already is none."""
        if plan == self.oracle.plan:
            return
        self.tally.count("a policy edited" if plan.policy is not self.oracle.plan.policy else "a survey edited")
        self.now_in_force(plan)

    def now_in_force(self, plan: Plan) -> None:
        """The project's configuration has its next version."""
        self.oracle.version += 1
        self.oracle.plans[self.oracle.version] = plan

    # What they do.

    def requests(self) -> list[Request]:
        """What reaches the nodes in this round."""
        due = self.due()
        for _ in range(self.draw.choice((1, 1, 2, 3, 4))):
            act = self.draw.choices(_ACTS, _WEIGHTS)[0]
            made = act(self)
            due += self._sent(made) if made is not None else []
        self.draw.shuffle(due)
        return due

    def due(self) -> list[Request]:
        """What was under way and arrives now."""
        round_ = self.world.rounds
        due = [request for at, request in self.late if at <= round_]
        self.late = [(at, request) for at, request in self.late if at > round_]
        return due

    def _sent(self, request: Request) -> list[Request]:
        """A request on its way: at once, twice, or late."""
        chance = self.draw.random()
        if chance < 0.05:
            self.tally.count("a request sent twice")
            return [request, request]
        if chance < 0.1:
            self.tally.count("a request sent late")
            self.late.append((self.world.rounds + self.draw.randrange(1, 8), request))
            return []
        return [request]

    def awaits(self) -> bool:
        """Whether offers are about to be taken up."""
        return any(isinstance(request, TakeUp) for _, request in self.late)

    def lost(self, request: Request) -> None:
        """No reply came: whoever asked asks again, a while later."""
        request.tries += 1
        if request.tries < 4:
            self.late.append((self.world.rounds + self.draw.randrange(1, 5), request))

    def _browser(self) -> Browser:
        """Somebody's browser; now and then somebody else logs in there, or out."""
        if self.focus is not None and self.draw.random() < 0.8:
            return self.focus
        browser = self.draw.choice(self.browsers)
        chance = self.draw.random()
        if chance < 0.06:
            self._logs_in(browser)
        elif chance < 0.08:
            browser.user = None
        elif chance < 0.09:
            self.numbers += 1
            browser.id, browser.user = f"b-{self.numbers}", None
        return browser

    def browser_of(self, human: Human) -> Browser:
        """A browser at which this human is."""
        for browser in self.browsers:
            if (browser.user, human.user_id) != (None, None) and browser.user == human.user_id:
                return browser
        self.numbers += 1
        free = self.draw.choice(self.browsers)
        free.id, free.user, free.signs = human.anonymous_id or f"b-{self.numbers}", human.user_id, True
        return free

    def _logs_in(self, browser: Browser) -> None:
        """Clients of ours take a new anonymous id for another user; others may not."""
        user = f"u{self.draw.randrange(USERS)}"
        if browser.user is not None and browser.user != user:
            self.tally.count("a shared browser")
            if self.draw.random() < 0.6:
                self.numbers += 1
                browser.id = f"b-{self.numbers}"
        browser.user = user

    def _who(self, browser: Browser) -> Who:
        """Whom the page names: sometimes without a signature, with a forged one, or only half of it."""
        who = browser.who()
        chance = self.draw.random()
        if chance < 0.03 and who.user is not None:
            self.tally.count("an unsigned user")
            return Who(who.user, who.browser)
        if chance < 0.05:
            self.tally.count("a forged signature")
            return Who(f"u{self.draw.randrange(USERS)}", who.browser, wrong=True)
        if chance < 0.1 and who.user is not None:
            return Who(who.user, None, signed=who.signed)
        return who

    def _traits(self) -> dict[str, Any]:
        traits: dict[str, Any] = {"plan": self.draw.choice(("pro", "pro", "free", None))}
        if self.draw.random() < 0.8:
            traits["region"] = self.draw.choice(("eu", "us", "eu", "us", "eu", 7, None))
        return traits

    def _message_id(self) -> str:
        self.numbers += 1
        if self.draw.random() < 0.03:
            return f"m{self.draw.randrange(self.numbers)}"
        return f"m{self.numbers}"

    def report(self, kind: str = "track") -> Request:
        browser = self._browser()
        event = self.draw.choice(EVENTS)
        traits = self._traits() if kind == "identify" else None
        group = f"g{self.draw.randrange(ACCOUNTS)}" if kind == "group" else None
        if group is not None:
            traits = self.draw.choice(({}, {"size": 5}, {"size": 20}))
        properties = {"about": f"a{self.draw.randrange(3)}"} if event in ("Other", "Streak") else {}
        part = EventPart(self._message_id(), kind, event, properties, traits, group)
        return Report(
            side=self, who=self._who(browser), part=part, page=self.draw.choice(PAGES), visit=f"v-{browser.id}"
        )

    def identify(self) -> Request:
        return self.report("identify")

    def group(self) -> Request:
        return self.report("group")

    def visit(self) -> Request:
        browser = self._browser()
        return Report(side=self, who=self._who(browser), part=None, page=self.draw.choice(PAGES), visit="v")

    def take_up(self) -> Request | None:
        if not self.held:
            return None
        held = self.draw.choice(self.held)
        if held.made_at < self.world.wall - 15 * MINUTE_MS:
            self.held.remove(held)
        return self._taken_up(held)

    def _taken_up(self, held: Held) -> Request:
        who, visit = held.who, held.visit
        chance = self.draw.random()
        if chance < 0.04:
            self.tally.count("somebody else's offer")
            who = self._who(self.draw.choice(self.browsers))
        elif chance < 0.08:
            visit = "another tab"
        return TakeUp(side=self, held=held, who=who, visit=visit)

    def show(self) -> Request:
        browser = self._browser()
        key = self.draw.choice(sorted(self.oracle.plan.surveys))
        return Show(side=self, who=self._who(browser), key=key, page=PAGES[0], visit=f"v-{browser.id}")

    def respond(self) -> Request | None:
        if not self.said:
            return None
        said = self.draw.choice(self.said[-4:] if self.draw.random() < 0.8 else self.said)
        said.rev += self.draw.random() < 0.7
        done = self.draw.random() < 0.5
        return Respond(side=self, said=said, rev=max(1, said.rev), score=self.draw.randrange(1, 6), done=done)

    def close(self) -> Request | None:
        if not self.said:
            return None
        said = self.draw.choice(self.said[-3:])
        how = self.draw.choices(("seen", "dismissed", "not_rendered", "opted_out"), (18, 55, 26, 0.2))[0]
        return Close(side=self, said=said, how=how)

    def opt_out(self) -> Request:
        return OptOut(side=self, who=self._who(self._browser()))

    def become_test(self) -> Request:
        return Test(side=self, who=self._who(self._browser()))

    def backend(self) -> Request:
        user = f"u{self.draw.randrange(USERS)}"
        browser = self.draw.choice(self.browsers).id if self.draw.random() < 0.2 else None
        chance = self.draw.random()
        who = Who(user if browser is None or chance < 0.7 else None, browser, signed=True)
        id_, chance = self._message_id(), self.draw.random()
        if chance < 0.6:
            event = self.draw.choice(("Ticket Closed", "Ticket Closed", "Ticket Reopened", "Done"))
            return Backend(side=self, who=who, id=id_, event=event, properties={"ticket": self.draw.randrange(3)})
        if chance < 0.8:
            account = (f"g{self.draw.randrange(ACCOUNTS)}", self.draw.choice(({}, {"size": 5}, {"size": 20})))
            return Backend(side=self, who=who, id=id_, account=account)
        created_at = self.draw.choice((None, None, self.world.wall - self.draw.randrange(10**9)))
        traits = self._traits()
        return Backend(side=self, who=who, id=id_, traits=traits, created_at=created_at)

    def _anybody(self) -> str | None:
        people = sorted(self.oracle.people)
        return self.draw.choice(people) if people else None

    def erase(self) -> Request | None:
        person = self._anybody()
        return None if person is None else Erase(side=self, person=person)

    def end_opt_out(self) -> Request | None:
        person = self._anybody()
        return None if person is None else EndOptOut(side=self, person=person)

    def edit(self) -> Request:
        return Apply(side=self, edit=edited(self.draw, self.oracle.plan))


#: What happens how often.
_CHANCES: dict[Callable[[Side], Request | None], float] = {
    Side.report: 40,
    Side.take_up: 8,
    Side.respond: 7,
    Side.close: 11,
    Side.backend: 6,
    Side.visit: 5,
    Side.identify: 3,
    Side.group: 3,
    Side.show: 1.5,
    Side.edit: 1.2,
    Side.opt_out: 0.15,
    Side.end_opt_out: 0.3,
    Side.erase: 0.3,
    Side.become_test: 0.03,
}
_ACTS, _WEIGHTS = list(_CHANCES), list(_CHANCES.values())
