"""What pages ask of a node, each as one value that can be sent again, twice, or late.

`call` is the node's side: the transaction, or None where the request ends without one. `ended` is told what the
transaction came to, in the order of commits, and lets the oracle judge it; `heard` is the reply reaching whoever asked.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tactful.core.answers import Answers, read_answers
from tactful.core.catalogue import Candidate
from tactful.errors import Unauthorized
from tactful.identity import Claim, Identity, believe, hash_user
from tactful.store.asks import Asked, Context, Offered, Revision, close, respond, show, take_up
from tactful.store.events import Message, Observed, met, observe
from tactful.store.people import Guarded
from tactful.store.projects import Config
from tactful.web.page_events import _READERS
from tactful.web.wire import EventPart
from tests.sim import judge, judge_events
from tests.sim.faults import Call, Outcome
from tests.sim.judge_events import Happening
from tests.sim.limits import Where
from tests.sim.oracle import Human, require

if TYPE_CHECKING:
    from tests.sim.nodes import Decided, Node
    from tests.sim.side import Side

__all__ = ["Close", "Held", "Report", "Request", "Respond", "Said", "Show", "TakeUp", "Who"]


@dataclass(frozen=True)
class Who:
    """Whom a page names, and whether its backend has signed that: `wrong` is a forged signature."""

    user: str | None
    browser: str | None
    signed: bool = False
    wrong: bool = False

    def claim(self, secret: str) -> Claim:
        forged = "0" * 64 if self.wrong else None
        signature = hash_user(secret, self.user) if self.signed and self.user is not None else forged
        return Claim(self.browser, self.user, () if signature is None else (signature,))

    def ids(self, *, enforce: bool) -> judge.Ids:
        """Whom it counts as: under `enforce` an unsigned user is nobody."""
        return (self.user if self.signed or not enforce else None, self.browser)


@dataclass(frozen=True, eq=False)
class Held:
    """An offer that a tab holds."""

    offered: Offered
    made_at: int
    who: Who
    page: str
    visit: str


@dataclass(eq=False)
class Said:
    """An ask that a tab has drawn, and how far it was answered."""

    person: str
    ask: str
    made_at: int
    survey: Any
    rev: int = 0


@dataclass(eq=False, kw_only=True)
class Request(ABC):
    """One request of one project's. `tries` counts how often it was sent."""

    side: Side
    tries: int = 0

    @abstractmethod
    def call(self, node: Node) -> Call | None: ...

    @abstractmethod
    def ended(self, node: Node, outcome: Outcome) -> None: ...

    def heard(self, outcome: Outcome) -> None:
        """Only an ask changes anything for whoever asked."""
        if isinstance(outcome.result, Asked):
            self.side.draws(outcome.result)

    def believed(self, node: Node, who: Who) -> Identity | None:
        """Whom the node takes the page for; None where its signature is refused, as it must be."""
        config = node.config(self.side.project)
        try:
            identity = believe(who.claim(self.side.secret), config.identity, node.now).identity
        except Unauthorized:
            require(who.wrong and who.user is not None, "10 identity", who, "was refused")
            return None
        require(not (who.wrong and who.user), "10 identity", "a forged signature was taken:", who)
        return identity

    def unproved(self, who: Who) -> bool:
        """Whether this may act for nobody who is known."""
        return self.side.oracle.enforce and not (who.signed and who.user is not None)

    def guarded(self, who: Who, outcome: Outcome, human: Human | None) -> bool:
        """Tell whether the request ended because `human` is known and it proved nothing: then it changed nothing.
        Raises the error that it ended by otherwise."""
        must = self.unproved(who) and human is not None and human.user_id is not None
        found = isinstance(outcome.error, Guarded)
        if outcome.error is not None and not found:
            raise outcome.error
        require(found == must, "10 identity", who, "was guarded" if found else "acted", "for", human)
        return must

    def at_browser(self, who: Who) -> Human | None:
        return self.side.oracle.humans.get(f"a:{who.browser}")

    def ids(self, who: Who) -> judge.Ids:
        return who.ids(enforce=self.side.oracle.enforce)


@dataclass(eq=False, kw_only=True)
class Report(Request):
    """A page reports something, or (`part` is None) asks for what waits."""

    who: Who
    part: EventPart | None
    page: str
    visit: str

    def call(self, node: Node) -> Call | None:
        side = self.side
        config = node.config(side.project)
        identity = self.believed(node, self.who)
        if identity is None or not identity.aliases:
            return None
        messages, happening = self._messages(node, identity)
        if not messages and (self.part is not None or not config.catalogue.keeps_candidates()):
            return None
        if not any(message.must_write for message in messages):
            try:
                found = node.store.read(node.number, met, side.project, identity, messages, config.catalogue, node.now)
            except Guarded:
                require(self.unproved(self.who), "10 identity", self.who, "was guarded")
                side.tally.count("a known person's browser without proof")
                return None
            if found is not None:
                self._decided(node, config, found, None)
            if found is not None or not messages:
                return None
        return Call(
            observe, (side.project, identity, messages, side.new_id(), config.catalogue), told=(happening, config)
        )

    def _messages(self, node: Node, identity: Identity) -> tuple[list[Message], Happening | None]:
        """What the node makes of the report: exactly what concerns somebody, and nothing that is not believed."""
        if self.part is None:
            return [], None
        side = self.side
        config = node.config(side.project)
        message = _READERS[self.part.type](config, identity, self.part, node.now)
        happening = Happening(f"b:{self.part.message_id}", side.oracle.plans[config.version], server=False)
        proved = self.who.signed and self.who.user is not None
        if self.part.type == "track":
            happening.event, happening.properties = self.part.event, self.part.properties or {}
            concerns = bool(judge_events.triggers(happening) or judge_events.cancels(happening))
        else:
            tells_account = self.part.type == "group"
            concerns = not side.oracle.enforce or (proved and not tells_account)
            if not tells_account:
                happening.traits = self.part.traits or {}
            else:
                happening.account = (str(self.part.group_id), self.part.traits or {})
        require((message is not None) == concerns, "10 identity", self.who, self.part, "became", message)
        return [] if message is None else [message], happening

    def ended(self, node: Node, outcome: Outcome) -> None:
        if self.guarded(self.who, outcome, self.at_browser(self.who)):
            return
        call = outcome.call
        human = judge_events.observe(self.side.oracle, call.args[3], self.ids(self.who), [call.told[0]], call.now)
        require(outcome.result.known.person_id == human.id, "10 identity", "recognised as somebody else")
        self._decided(node, call.told[1], outcome.result, call)

    def _decided(self, node: Node, config: Config, observed: Observed, locked: Call | None) -> None:
        """Compare the refusals with the oracle's, and hold an offer: the best one, or sometimes any, as from a node
        that decided a moment ago."""
        side = self.side
        decided = node.decide(config, observed, Context(self.page, "en"))
        if decided is None:
            return
        human = side.oracle.person(observed.known.person_id)
        require(human is not None, "5 one ask", "an offer to nobody")
        due, decision = decided.due, decided.decision
        offer = None if decision.offer is None else (decision.offer.live.survey.key, decision.offer.message_id)
        side.world.note(side, ("decided", human.id, offer, dict(decision.refusals)))
        # A person who was read anew was read after everything that the oracle has still to hear of.
        # Nor does an offer lock what it counts beyond the person: it is decided again, with locks, when it is taken up.
        exact = locked is None or node.store.name == "sqlite"
        if exact and decided.known is observed.known and decided.config.version == side.oracle.version:
            keys = [candidate.live.survey.key for candidate in due]
            # Where two candidates are of one survey, the decision does not tell whose refusals it names.
            for candidate in (one for one in due if keys.count(one.live.survey.key) == 1):
                self._compare(decided, human, candidate)
        chosen = [] if decision.offer is None else [decision.offer]
        chance = side.draw.random()
        if due and chance < 0.35:
            chosen = due if chance < 0.15 else [side.draw.choice(due)]
            side.tally.count("an offer that was decided earlier")
        for one in chosen:
            self._hold(node, observed, one)

    def _hold(self, node: Node, observed: Observed, chosen: Candidate) -> None:
        side = self.side
        offer_id = chosen.offer_id(side.project)
        key, version = chosen.live.survey.key, chosen.live.version
        must = judge_events.offer_id(side.project, chosen.message_id, key, version)
        require(offer_id == must, "4 once", "another offer id", offer_id)
        offered = Offered(observed.known.person_id, offer_id, key, version, chosen.id, chosen.per)
        side.hold(Held(offered, node.now, self.who, self.page, self.visit))

    def _compare(self, decided: Decided, human: Human, candidate: Candidate) -> None:
        key, decision, config = candidate.live.survey.key, decided.decision, decided.config
        if key in decision.refusals or candidate is decision.offer:
            refusals = decision.refusals.get(key, ()) if candidate is not decision.offer else ()
            where = Where(decided.known.now, self.page, config.standings)
            judge.decided(self.side.oracle, human, key, where, refusals)
            self.side.tally.refused("offer", refusals, self.side.oracle.plan)


def _seen(result: Any) -> int | None:
    """The version of the configuration that a transaction saw."""
    return None if result.known is None else int(result.known.config_version)


@dataclass(eq=False, kw_only=True)
class TakeUp(Request):
    """A tab takes up an offer."""

    held: Held
    who: Who
    visit: str

    def call(self, node: Node) -> Call | None:
        side = self.side
        if not node.offer_is_good(self.held.made_at):
            side.tally.count("an offer past its life")
            return None
        identity = self.believed(node, self.who)
        if identity is None:
            return None
        context = Context(self.held.page, "en", {}, self.visit)
        return Call(take_up, (node.config(side.project), self.held.offered, identity, context))

    def ended(self, node: Node, outcome: Outcome) -> None:
        if self.guarded(self.who, outcome, self.side.oracle.person(self.held.offered.person_id)):
            return
        side, call = self.side, outcome.call
        offered, context = call.args[1], call.args[3]
        stale = call.args[0].version != side.oracle.version
        where, told = (context, call.args[0].standings), (call.now, outcome.result)
        with side.oracle.as_of(_seen(outcome.result)):
            ask = judge.take_up(side.oracle, offered, self.ids(self.who), where, told)
            refusals = getattr(outcome.result, "refusals", ())
            side.attempted(ask, refusals, stale=stale)


@dataclass(eq=False, kw_only=True)
class Show(Request):
    """Somebody wants to say something."""

    who: Who
    key: str
    page: str
    visit: str

    def call(self, node: Node) -> Call | None:
        side = self.side
        identity = self.believed(node, self.who)
        if identity is None or not identity.aliases:
            return None
        ids, context = (side.new_id(), side.new_id()), Context(self.page, "en", {}, self.visit)
        return Call(show, (node.config(side.project), self.key, ids, identity, context))

    def ended(self, node: Node, outcome: Outcome) -> None:
        if self.guarded(self.who, outcome, self.at_browser(self.who)):
            return
        side, call = self.side, outcome.call
        new = (call.args[2][1], self.ids(self.who))
        with side.oracle.as_of(_seen(outcome.result)):
            ask = judge.show(side.oracle, self.key, new, call.args[4], (call.now, outcome.result))
            side.attempted(ask, getattr(outcome.result, "refusals", ()), stale=False)


@dataclass(eq=False, kw_only=True)
class Respond(Request):
    """A revision of a response."""

    said: Said
    rev: int
    score: int
    done: bool

    def call(self, node: Node) -> Call | None:
        if not node.ask_is_good(self.said.made_at):
            return None
        value: Any = "words" if self.said.survey.kind == "text" else self.score
        answers = read_answers(self.said.survey, {"score": value})
        assert isinstance(answers, Answers), answers
        revision = Revision(self.rev, answers, self.done, self.side.new_id())
        return Call(respond, (self.side.project, self.said.person, self.said.ask, revision))

    def ended(self, node: Node, outcome: Outcome) -> None:
        token = (self.said.person, self.said.ask)
        score = None if self.said.survey.kind == "text" else self.score
        told = (self.rev, score, self.done)
        judge.respond(self.side.oracle, token, told, (outcome.call.now, outcome.error))
        self.side.tally.error(outcome.error)


@dataclass(eq=False, kw_only=True)
class Close(Request):
    """A card was seen, or ended."""

    said: Said
    how: str

    def call(self, node: Node) -> Call | None:
        if not node.ask_is_good(self.said.made_at):
            return None
        return Call(close, (self.side.project, self.said.person, self.said.ask, self.how))

    def ended(self, node: Node, outcome: Outcome) -> None:
        token = (self.said.person, self.said.ask)
        judge.close(self.side.oracle, token, self.how, (outcome.call.now, outcome.error))
        self.side.tally.error(outcome.error)
