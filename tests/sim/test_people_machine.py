"""Never too often and nothing lost, whatever people do in whatever order: the real service against a plain model.

Hypothesis invents the order of events, logins on shared browsers, offers taken up, retried and raced, responses,
closings, opt-outs, leaps of the clock (back, too) and edits of the configuration. Each request must be answered as
the model says, and after each step the file must hold exactly what the model holds: every ask of every merged
history, each with its one response.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test

from tactful.core.spans import DAY_MS, HOUR_MS
from tactful.database_url import read_database_url
from tactful.store.script import Script, rows
from tests.sim.model import LEAPS, Ask, AskToken, Human, Model, Offer, SurveyNow, Who
from tests.support.clock import SetClock
from tests.support.databases import Where
from tests.support.postgres import the_postgres
from tests.support.service import CONTEXT, Site, a_site, a_survey, policy_of

USERS, BROWSERS = ("ann", "bob", "cleo"), ("b0", "b1", "b2")
people = st.builds(Who, st.sampled_from((None, *USERS)), st.sampled_from((None, *BROWSERS))).filter(
    lambda who: bool(who.aliases)
)


def _rule(name: str, surveys: str, count: str, cap: int, window: str) -> dict[str, Any]:
    return {"id": name, "surveys": surveys, "count": count, "cap": cap, "window": window}


POLICIES: tuple[list[dict[str, Any]], ...] = (
    [_rule("one", "all", "asked", 1, "1h")],
    [_rule("two", "all", "asked", 2, "1d"), _rule("visit", "all", "asked", 1, "30s")],
    [_rule("nps", "kind:nps", "asked", 1, "7d"), _rule("dismissed", "all", "dismissed", 1, "30d")],
    [_rule("short", "tag:short", "asked", 1, "7d"), _rule("this", "this", "asked", 3, "30d")],
    [_rule("said", "all", "responded", 1, "1d"), _rule("three", "all", "asked", 3, "7d")],
)
#: `nps` is always live, so that `Done` is always reported.
SURVEYS = (
    SurveyNow("nps", "nps", ("Done",), 0, 1),
    SurveyNow("csat", "csat", ("Done", "Other"), 5, 1, frozenset({"short"})),
)

ROWS = """
SELECT a.person_id, a.survey_key, a.version, a.asked_at, a.seen_at, a.dismissed_at, a.responded_at, a.refunded_at,
    r.rev, r.score, r.done
FROM asks a LEFT JOIN responses r USING (project_id, person_id, ask_id)
"""
ORPHANS = """
SELECT count(*) FROM responses r LEFT JOIN asks a USING (project_id, person_id, ask_id) WHERE a.ask_id IS NULL
"""
ALIASES = (
    "SELECT a.alias, p.person_id, p.opted_out_at, p.last_at FROM aliases a JOIN people p USING (project_id, person_id)"
)


def written(survey: SurveyNow) -> dict[str, Any]:
    """The survey as its owner writes it; its version shows in its texts, so that editing them makes the next one."""
    return a_survey(
        survey.key,
        state="live" if survey.live else "paused",
        priority=survey.priority,
        tags=sorted(survey.tags),
        trigger={"any": [{"event": event} for event in survey.events]},
        throttle={"repeat": f"{survey.repeat_ms}ms"},
        questions=[{"id": "score", "kind": survey.kind, "ask": f"How was it? ({survey.version})"}],
    )


class People(RuleBasedStateMachine):
    """Steps that people, their pages and the owner of the product may take."""

    offers: Bundle[Offer] = Bundle("offers")
    asks: Bundle[AskToken] = Bundle("asks")

    def __init__(self) -> None:
        super().__init__()
        self.clock = SetClock()
        self.model = Model(self.clock.now, {one.key: SurveyNow(**vars(one)) for one in SURVEYS}, POLICIES[0])
        self.until_end = contextlib.ExitStack()
        self.runner = self.until_end.enter_context(asyncio.Runner())
        self.messages = 0
        self.latest = self.clock.now
        policy = policy_of({"rules": POLICIES[0], "tenure": "0s"})
        serving = a_site(self.where(), self.clock, surveys=tuple(written(one) for one in SURVEYS), policy=policy)
        self.site: Site = self.runner.run(serving.__aenter__())
        self.until_end.callback(lambda: self.runner.run(serving.__aexit__(None, None, None)))

    def where(self) -> Where:
        """A database for one example."""
        return Path(self.until_end.enter_context(tempfile.TemporaryDirectory())) / "tactful.db"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the database holds."""
        with contextlib.closing(sqlite3.connect(self.site.path)) as opened:
            return opened.execute(sql).fetchall()

    def teardown(self) -> None:
        self.until_end.close()

    def post(self, path: str, body: Any) -> httpx2.Response:
        return self.runner.run(self.site.post(path, body))

    def the_pass(self) -> str:
        return self.runner.run(self.site.the_pass())

    # What happens to people.

    @rule(target=offers, who=people, event=st.sampled_from(("Done", "Done", "Other")))
    def something_happens(self, who: Who, event: str) -> Any:
        self.messages += 1
        return self._report(who, event, f"m{self.messages}")

    @rule(target=offers, earlier=offers, who=people)
    def a_message_is_sent_again(self, earlier: Offer, who: Who) -> Any:
        """Even by somebody else, and even much later, as from a client that numbers its messages badly."""
        return self._report(who, "Done", earlier.message_id)

    def _report(self, who: Who, event: str, message_id: str) -> Any:
        expected = self.model.offered(who, event)
        answer = self.runner.run(self.site.event(event=event, identity=who.on_the_wire(), message_id=message_id))
        assert answer.status_code == 200, answer.text
        offer = answer.json()["offer"]
        assert (offer and offer["survey"]) == (expected and expected.key)
        if expected is None:
            return multiple()
        human = self.model.recognise(who)
        return Offer(human, message_id, expected.key, expected.version, self.clock.now, offer["token"], who)

    @rule(by=st.sampled_from(LEAPS))
    def time_passes(self, by: int) -> None:
        self.clock.advance(by)
        self.latest = max(self.latest, self.clock.now)
        self.model.now = self.clock.now
        self.site._pass = ""

    @rule(by=st.sampled_from((1_000, HOUR_MS, 8 * DAY_MS)))
    def the_clock_is_set_back(self, by: int) -> None:
        self.time_passes(-by)

    # What pages ask.

    @rule(target=asks, who=people, event=st.sampled_from(("Done", "Done", "Other")))
    def somebody_is_asked(self, who: Who, event: str) -> Any:
        """What mostly happens: an event, and its offer is taken up by the same person."""
        offer = self.something_happens(who, event)
        return self._take_up(offer, who) if isinstance(offer, Offer) else multiple()

    @rule(target=asks, earlier=offers)
    def a_message_is_sent_again_and_leads_to_a_card(self, earlier: Offer) -> Any:
        offer = self.a_message_is_sent_again(earlier, earlier.who)
        return self._take_up(offer, earlier.who) if isinstance(offer, Offer) else multiple()

    @rule(target=asks, user=st.sampled_from(USERS), browser=st.sampled_from(BROWSERS))
    def a_message_is_sent_before_and_after_a_login(self, user: str, browser: str) -> Any:
        """Under two names that may later turn out to be one person."""
        self.messages += 1
        tokens = []
        for who in (Who(None, browser), Who(user, None)):
            offer = self._report(who, "Done", f"m{self.messages}")
            tokens += [self._take_up(offer, who)] if isinstance(offer, Offer) else []
        return multiple(*tokens)

    @rule(target=asks, offer=offers)
    def an_offer_is_taken_up(self, offer: Offer) -> Any:
        return self._take_up(offer, offer.who)

    @rule(target=asks, offer=offers, who=people)
    def an_offer_is_taken_up_by_whoever_is_there(self, offer: Offer, who: Who) -> Any:
        return self._take_up(offer, who)

    def _take_up(self, offer: Offer, who: Who) -> Any:
        status, ask = self.model.take_up(offer, who)
        answer = self.runner.run(self.site.take_up(offer.token, identity=who.on_the_wire()))
        assert answer.status_code == status, answer.text
        return self._asked(self.model.humans[who.aliases[0]], ask, answer) if ask is not None else multiple()

    def _asked(self, human: Human, ask: Ask, answer: httpx2.Response) -> AskToken:
        return AskToken(human, ask, answer.json()["ask"])

    @rule(target=asks, raced=st.lists(offers, min_size=2, max_size=6))
    def offers_are_raced(self, raced: list[Offer]) -> Any:
        async def all_at_once() -> list[httpx2.Response]:
            requests = (self.site.take_up(one.token, identity=one.who.on_the_wire()) for one in raced)
            return await asyncio.gather(*requests)

        answers = self.runner.run(all_at_once())
        # Whoever came first is the service's choice, so the winners are told to the model first.
        tokens = []
        for offer, answer in sorted(zip(raced, answers, strict=True), key=lambda pair: pair[1].status_code != 200):
            status, ask = self.model.take_up(offer, offer.who)
            assert answer.status_code == status, answer.text
            if ask is not None:
                tokens.append(self._asked(offer.human.now_is(), ask, answer))
        return multiple(*tokens)

    @rule(target=asks, who=people, key=st.sampled_from(("nps", "csat")))
    def somebody_wants_to_say_something(self, who: Who, key: str) -> Any:
        human, ask = self.model.show(self.model.surveys[key], who)
        body = {"show": key, "pass": self.the_pass(), "identity": who.on_the_wire(), "context": CONTEXT}
        answer = self.post("/w/asks", body)
        assert answer.status_code == (409 if ask is None else 200), answer.text
        return multiple() if ask is None else self._asked(human, ask, answer)

    # What is said, and how cards end.

    @rule(token=asks, rev=st.integers(1, 4), score=st.integers(1, 5), done=st.booleans())
    def somebody_answers(self, token: AskToken, rev: int, score: int, done: bool) -> None:
        status = self.model.respond(token, rev, score, done)
        answer = self.runner.run(self.site.respond(token.token, rev, answers={"score": score}, done=done))
        assert answer.status_code == status, answer.text

    @rule(token=asks, how=st.sampled_from(("seen", "dismissed", "not_rendered")))
    def a_card_ends(self, token: AskToken, how: str) -> None:
        status = self.model.close(token, how)
        answer = self.post("/w/closings", {"ask": token.token, "how": how})
        assert answer.status_code == status, answer.text

    @rule(token=asks, chance=st.integers(0, 3))
    def somebody_wants_no_more_of_this(self, token: AskToken, chance: int) -> None:
        if chance == 0:
            self.a_card_ends(token, "opted_out")

    @rule(who=people, chance=st.integers(0, 5))
    def somebody_opts_out(self, who: Who, chance: int) -> None:
        if chance == 0:
            self.model.recognise(who).opted_out = True
            body = {"pass": self.the_pass(), "identity": who.on_the_wire(), "how": "opted_out"}
            assert self.post("/w/closings", body).status_code == 200

    # What the owner of the product changes.

    @rule(rules=st.sampled_from(POLICIES))
    def the_policy_changes(self, rules: list[dict[str, Any]]) -> None:
        self.model.rules = rules
        answer = self.runner.run(self.site.manage("PUT", "policy", json={"rules": rules, "tenure": "0s"}))
        assert answer.status_code == 200, answer.text

    @rule(key=st.sampled_from(("nps", "csat")))
    def a_survey_is_edited(self, key: str) -> None:
        self.model.surveys[key].version += 1
        self._put(key)

    @rule()
    def a_survey_is_paused_or_resumed(self) -> None:
        survey = self.model.surveys["csat"]
        survey.live = not survey.live
        self._put("csat")

    def _put(self, key: str) -> None:
        survey = self.model.surveys[key]
        answer = self.runner.run(self.site.manage("PUT", f"surveys/{key}", json=written(survey)))
        assert (answer.status_code, answer.json()["version"]) == (200, survey.version), answer.text

    # What must always hold.

    @invariant()
    def the_file_holds_what_the_model_holds(self) -> None:
        people_by_alias = {alias: row for alias, *row in self.rows(ALIASES)}
        asks: dict[str, Counter[tuple[Any, ...]]] = {}
        for person, *row in self.rows(ROWS):
            asks.setdefault(person, Counter())[tuple(row)] += 1
        assert people_by_alias.keys() == self.model.humans.keys()
        pairs = {(people_by_alias[alias][0], id(human)) for alias, human in self.model.humans.items()}
        humans = {id(human): human for human in self.model.humans.values()}
        assert len(pairs) == len(humans) == len({person for person, _ in pairs}), "each human is one person"
        for alias, human in self.model.humans.items():
            _, opted_out_at, last_at = people_by_alias[alias]
            assert (opted_out_at is not None) == human.opted_out, alias
            assert human.last_at <= last_at <= self.latest, "a person's time never goes back, nor ahead of the clock"
            human.last_at = last_at
        for person, which in pairs:
            assert asks.pop(person, Counter()) == Counter(ask.row() for ask in humans[which].asks)
        assert asks == {}, "an ask of nobody"
        assert self.rows(ORPHANS) == [(0,)], "a response to no ask"


class PeopleOnPostgres(People):
    """The same steps against a real PostgreSQL."""

    def where(self) -> Where:
        url = the_postgres().fresh_database(self.clock)
        drop = f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)"
        self.until_end.callback(the_postgres().execute, drop)
        return read_database_url(url)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.runner.run(self.site.service.db.read(_rows, sql))]


def _rows(sql: str) -> Script[Any]:
    return (yield rows(sql))


_CHECKS = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


@pytest.mark.parametrize(
    ("machine", "examples", "steps"),
    [
        (People, 40, 50),
        (PeopleOnPostgres, 4, 40),
        pytest.param(People, 300, 60, marks=pytest.mark.long),
        pytest.param(PeopleOnPostgres, 60, 60, marks=pytest.mark.long),
    ],
    ids=["some", "some-postgres", "many", "many-postgres"],
)
def test_people_are_asked_as_the_model_says(machine: type[People], examples: int, steps: int) -> None:
    chosen = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=_CHECKS, print_blob=True
    )
    run_state_machine_as_test(machine, settings=chosen)
