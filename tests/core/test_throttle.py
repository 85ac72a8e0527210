"""Windows and caps: which asks a rule counts, where its window ends, and when it lets go."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.conditions import Condition, Entry, Group, Responded
from tactful.core.people import PastAsk
from tactful.core.policy import Policy, Rule
from tactful.core.spans import DAY_MS, FOREVER
from tactful.core.throttle import ASK_LIFETIME_MS, applies, free_at, horizon_ms, read_rule, rules_for
from tests.core.examples import NOW, OPEN, a_person, a_rule, a_survey, an_ask, decided

WINDOW = 1_000


@pytest.mark.parametrize(
    ("ago", "cap", "counted", "free_in"),
    [
        pytest.param([], 1, 0, None, id="no history"),
        pytest.param([WINDOW], 1, 0, None, id="exactly the window ago no longer counts"),
        pytest.param([WINDOW - 1], 1, 1, 1, id="one ms less still does"),
        pytest.param([0], 1, 1, WINDOW, id="this very moment"),
        pytest.param([-5], 1, 1, WINDOW + 5, id="a time to come counts as well"),
        pytest.param([10, 20], 3, 2, None, id="below the cap"),
        pytest.param([10, 20], 2, 2, WINDOW - 20, id="at the cap: free when the older one leaves"),
        pytest.param([10, 20, 30], 2, 3, WINDOW - 20, id="above the cap: when the cap-th newest leaves"),
        pytest.param([30, 10, 20], 2, 3, WINDOW - 20, id="in any order"),
        pytest.param([10, 10, 10], 3, 3, WINDOW - 10, id="at the same moment"),
        pytest.param([10, WINDOW, 2 * WINDOW], 2, 1, None, id="what left the window is not counted"),
    ],
)
def test_a_window_is_half_open_and_slides(ago: list[int], cap: int, counted: int, free_in: int | None) -> None:
    again = None if free_in is None else NOW + free_in
    assert free_at([NOW - one for one in ago], cap=cap, window_ms=WINDOW, now=NOW) == (counted, again)


TIMES = st.lists(st.integers(-50, 50), max_size=8)


@given(times=TIMES, cap=st.integers(1, 5), window_ms=st.integers(1, 60), now=st.integers(-20, 60))
def test_it_is_free_at_the_time_it_says_and_not_one_millisecond_earlier(
    times: list[int], cap: int, window_ms: int, now: int
) -> None:
    def count(moment: int) -> int:
        return sum(moment - at < window_ms for at in times)

    counted, again = free_at(times, cap=cap, window_ms=window_ms, now=now)
    assert counted == count(now)
    if again is None:
        assert count(now) < cap
    else:
        assert again > now
        assert count(again - 1) >= cap
        assert count(again) < cap


@given(times=TIMES, more=st.integers(-50, 50), cap=st.integers(1, 5), window_ms=st.integers(1, 60))
def test_more_history_never_frees(times: list[int], more: int, cap: int, window_ms: int) -> None:
    _, before = free_at(times, cap=cap, window_ms=window_ms, now=0)
    _, after = free_at([*times, more], cap=cap, window_ms=window_ms, now=0)
    assert before is None or (after is not None and after >= before)


TAGGED = a_survey("after", kind="csat", tags=frozenset({"onboarding", "short"}))


@pytest.mark.parametrize(
    ("selector", "says"),
    [
        ("all", True),
        ("this", True),
        ("kind:csat", True),
        ("kind:nps", False),
        ("tag:onboarding", True),
        ("tag:relationship", False),
        ("tag:csat", False),
        ("kind:onboarding", False),
    ],
)
def test_a_rule_applies_to_the_surveys_it_selects(selector: str, says: bool) -> None:
    assert applies(a_rule(WINDOW, surveys=selector), TAGGED) is says


def test_a_selector_that_reading_would_refuse_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="unread selector"):
        applies(a_rule(WINDOW, surveys="some"), TAGGED)


def test_a_survey_passes_the_rules_that_apply_and_that_it_does_not_ignore() -> None:
    names = {"any": "all", "nps": "kind:nps", "csat": "kind:csat", "ignored": "all"}
    policy = Policy(tuple(a_rule(WINDOW, id=name, surveys=selector) for name, selector in names.items()))
    ignoring = a_survey(kind="csat", throttle={"ignores": frozenset({"ignored", "unknown"})})
    assert [rule.id for rule in rules_for(ignoring, policy)] == ["any", "csat"]


def test_an_ignored_rule_still_counts_the_ask_for_the_other_surveys() -> None:
    policy = Policy((a_rule(WINDOW),), tenure_ms=0)
    person = a_person(asks=(an_ask(1, "free"),))
    assert decided(a_survey("free", throttle={"ignores": frozenset({"r"})}), policy, person) == ()
    assert [refusal.code for refusal in decided(a_survey("other"), policy, person)] == ["rule"]


ASKS = (
    an_ask(1, "nps", tags=frozenset({"old-tag"})),
    an_ask(2, "csat", kind="csat", dismissed_at=NOW - 1),
    an_ask(3, "ces", kind="ces", responded_at=NOW - 2),
    an_ask(4, "gone", kind="nps", dismissed_at=NOW - WINDOW),
    an_ask(WINDOW, "nps", dismissed_at=NOW - 3),
)


@pytest.mark.parametrize(
    ("rule", "this", "counted"),
    [
        (a_rule(WINDOW, cap=9), "nps", 4),
        (a_rule(WINDOW + 1, cap=9), "nps", 5),
        (a_rule(WINDOW, cap=9, surveys="kind:nps"), "csat", 2),
        (a_rule(WINDOW, cap=9, surveys="tag:old-tag"), "csat", 1),
        (a_rule(WINDOW, cap=9, surveys="tag:new-tag"), "nps", 0),
        (a_rule(WINDOW, cap=9, surveys="this"), "nps", 1),
        (a_rule(WINDOW, cap=9, surveys="this"), "never", 0),
        (a_rule(WINDOW, cap=9, count="dismissed"), "nps", 2),
        (a_rule(WINDOW, cap=9, count="dismissed", surveys="kind:csat"), "nps", 1),
        (a_rule(WINDOW, cap=9, count="responded"), "nps", 1),
        (a_rule(1, cap=9, count="responded"), "nps", 0),
    ],
)
def test_a_rule_counts_asks_by_what_the_survey_was_when_asked(rule: Rule, this: str, counted: int) -> None:
    reading = read_rule(rule, this, a_person(asks=ASKS), NOW)
    assert (reading.rule, reading.counted, reading.full) == (rule, counted, False)


def test_a_full_rule_says_when_it_is_free() -> None:
    reading = read_rule(a_rule(WINDOW, cap=2), "nps", a_person(asks=ASKS), NOW)
    assert (reading.counted, reading.free_at, reading.full) == (4, NOW - 2 + WINDOW, True)


def test_the_first_moment_of_all_is_a_time_like_any_other() -> None:
    assert read_rule(a_rule(WINDOW), "nps", a_person(asks=(an_ask(NOW),)), 0).counted == 1


def test_copying_a_survey_escapes_no_cap_on_its_kind() -> None:
    policy = Policy((a_rule(WINDOW, surveys="kind:nps"),), tenure_ms=0)
    person = a_person(asks=(an_ask(1, "original"),))
    assert [refusal.code for refusal in decided(a_survey("copy"), policy, person)] == ["rule"]


@pytest.mark.parametrize(
    ("windows", "repeat_ms", "horizon"),
    [
        ([], None, ASK_LIFETIME_MS),
        ([DAY_MS, 90 * DAY_MS], None, 90 * DAY_MS + ASK_LIFETIME_MS),
        ([DAY_MS], 180 * DAY_MS, 180 * DAY_MS + ASK_LIFETIME_MS),
        ([FOREVER], None, FOREVER),
        ([DAY_MS], FOREVER, FOREVER),
    ],
)
def test_the_horizon_is_the_longest_window_and_the_life_of_an_ask(
    windows: list[int], repeat_ms: int | None, horizon: int
) -> None:
    rules = tuple(a_rule(window, id=str(number)) for number, window in enumerate(windows))
    survey = a_survey(throttle={"repeat_ms": repeat_ms})
    assert horizon_ms(Policy(rules), [a_survey("other"), survey]) == horizon


@pytest.mark.parametrize(
    ("where", "horizon"),
    [
        ((Condition("traits.a", "is", 1),), ASK_LIFETIME_MS),
        ((Responded("nps", within_ms=DAY_MS),), DAY_MS + ASK_LIFETIME_MS),
        ((Responded("nps", within_ms=2 * DAY_MS), Responded("nps", within_ms=DAY_MS)), 2 * DAY_MS + ASK_LIFETIME_MS),
        ((Group("not", (Group("any", (Responded("nps", within_ms=9 * DAY_MS),)),)),), 9 * DAY_MS + ASK_LIFETIME_MS),
        ((Responded("nps", within_ms=DAY_MS), Responded("csat")), FOREVER),
    ],
)
def test_the_horizon_reaches_to_the_responses_that_an_audience_looks_at(where: tuple[Entry, ...], horizon: int) -> None:
    assert horizon_ms(Policy(()), [a_survey("other"), a_survey(where=where)]) == horizon


DAYS = st.integers(1, 200).map(lambda days: days * DAY_MS)


@st.composite
def past_asks(draw: st.DrawFn) -> PastAsk:
    """An ask of the last 300 days that was, perhaps, dismissed as late as its token allows."""
    ago = draw(st.integers(0, 300 * DAY_MS))
    later = st.none() | st.integers(0, ASK_LIFETIME_MS).map(lambda after: NOW - ago + after)
    return an_ask(ago, dismissed_at=draw(later), responded_at=draw(later), score=draw(st.integers(0, 10)))


@given(
    asks=st.lists(past_asks(), max_size=6),
    windows=st.lists(DAYS, max_size=3),
    count=st.sampled_from(["asked", "dismissed", "responded"]),
    repeat_ms=st.none() | DAYS,
    where=st.sampled_from([(), ("all",), ("not",)]).flatmap(
        lambda how: st.builds(
            lambda days, score: tuple(Group(one, (Responded("nps", score, within_ms=days),)) for one in how),
            DAYS,
            st.none() | st.just(("gte", 9)),
        )
    ),
)
def test_what_lies_beyond_the_horizon_changes_no_decision(
    asks: list[PastAsk], windows: list[int], count: str, repeat_ms: int | None, where: tuple[Entry, ...]
) -> None:
    rules = tuple(a_rule(window, id=str(number), count=count) for number, window in enumerate(windows))
    survey, policy = a_survey(throttle={"repeat_ms": repeat_ms}, where=where), replace(OPEN, rules=rules)
    since = NOW - horizon_ms(policy, [survey])
    near = tuple(ask for ask in asks if ask.asked_at > since)
    assert decided(survey, policy, a_person(asks=near)) == decided(survey, policy, a_person(asks=tuple(asks)))
