"""What a changed definition changes and means."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from tactful.core.changes import (
    Change,
    Kept,
    content_of,
    fields_changed,
    policy_change,
    receiver_change,
    survey_change,
    unlike,
    words_change,
)
from tactful.core.policy import DEFAULT_POLICY, Policy
from tactful.core.reading import read_policy, read_receiver, read_survey
from tactful.core.surveys import Survey
from tests.core.strategies import policies, surveys

WRITTEN: dict[str, Any] = {
    "key": "nps",
    "state": "live",
    "trigger": {"event": "Done"},
    "questions": [{"id": "score", "kind": "nps", "ask": "How?"}, {"id": "why", "kind": "text", "ask": "Why?"}],
}


def _survey(**fields: Any) -> Survey:
    reading = read_survey(WRITTEN | fields)
    assert reading.value is not None, reading.faults
    return reading.value


def _policy(*rules: dict[str, Any], **fields: Any) -> Policy:
    reading = read_policy({"rules": [{"scope": "person", "surveys": "all"} | rule for rule in rules]} | fields)
    assert reading.value is not None, reading.faults
    return reading.value


def _means(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    change = survey_change(Kept(_survey(**before), 3), _survey(**after), DEFAULT_POLICY)
    return list(change.means)


VOID = "Offers under way for version 3 become void; cards that are open can still be answered."


def test_a_new_survey_is_its_first_version() -> None:
    change = survey_change(None, _survey(), DEFAULT_POLICY)
    assert (change.how, change.version, change.before, change.state) == ("created", 1, None, (None, "live"))
    assert (change.survey, change.makes_version, change.was) == ("nps", True, {})
    assert change.means == ("Whoever meets its trigger, its audience and the rules can be asked from now on.",)


def test_the_same_survey_is_unchanged() -> None:
    change = survey_change(Kept(_survey(), 3), _survey(), DEFAULT_POLICY)
    assert (change.how, change.version, change.makes_version, change.means) == ("unchanged", 3, False, ())


def test_a_state_alone_makes_no_version() -> None:
    change = survey_change(Kept(_survey(), 3), _survey(state="paused"), DEFAULT_POLICY)
    assert (change.how, change.version, change.state) == ("changed", 3, ("live", "paused"))
    assert change.means == ("Nobody is asked it any more; cards that are open can still be answered.",)


def test_content_makes_a_version_and_voids_offers_of_a_live_one() -> None:
    change = survey_change(Kept(_survey(), 3), _survey(name="New"), DEFAULT_POLICY)
    assert (change.how, change.version, change.before, change.state) == ("changed", 4, 3, None)
    assert change.means == (VOID,)
    assert (
        survey_change(Kept(_survey(state="draft"), 3), _survey(state="draft", name="New"), DEFAULT_POLICY).means == ()
    )


def test_the_order_of_languages_is_content() -> None:
    first, second = ({"intro": dict(order)} for order in ([("en", "a"), ("de", "b")], [("de", "b"), ("en", "a")]))
    assert _survey(**first) == _survey(**second)
    assert survey_change(Kept(_survey(**first), 1), _survey(**second), DEFAULT_POLICY).version == 2


def _options(*ids: str) -> dict[str, Any]:
    return {"id": "options", "kind": "choice", "ask": "?", "options": [{"id": one, "label": one} for one in ids]}


def _of_question(**question: Any) -> Survey:
    return _survey(questions=[{"id": "score", "ask": "?", **question}])


def test_scores_of_another_kind_or_scale_do_not_add_up() -> None:
    seven, five = _of_question(kind="ces"), _of_question(kind="ces", points=5)
    assert unlike(seven, _of_question(kind="ces", points=7)) is None
    assert unlike(_of_question(kind="csat"), _of_question(kind="csat", display="stars")) is None
    assert unlike(_of_question(kind="text"), _of_question(kind="date")) is None
    told = unlike(seven, five)
    assert told is not None
    assert told[0] == "scale_changed"
    assert "has a scale of 1 to 7" in told[1]
    told = unlike(five, _of_question(kind="rating"))
    assert told is not None
    assert (told[0], "is of kind ces" in told[1]) == ("kind_changed", True)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            {"state": "draft", "trigger": {"any": []}},
            {"trigger": {"any": []}},
            "It has no trigger: only `show` asks it.",
        ),
        (
            {},
            {"questions": WRITTEN["questions"][:1]},
            "Question `why` is not asked any more; the answers to it are kept.",
        ),
        (
            {"questions": [*WRITTEN["questions"], _options("a", "b", "c")]},
            {"questions": [*WRITTEN["questions"], _options("a", "c", "d")]},
            "Question `options` does not offer `b` any more; the answers that chose it are kept.",
        ),
        (
            {},
            {"questions": [WRITTEN["questions"][0], {"id": "why", "kind": "csat", "ask": "Well?"}]},
            "Question `why` takes another kind of answer; earlier ones to it are kept as they are.",
        ),
        (
            {"audience": {"sample": 0.25}},
            {"audience": {"sample": 0.5}},
            "The sample grows from 25 % to 50 %; whoever was in it stays in it.",
        ),
        (
            {},
            {"audience": {"sample": 0.125}},
            "The sample shrinks from 100 % to 12.5 %; whoever is in it now was in it before.",
        ),
        (
            {},
            {"throttle": {"repeat": "30d"}},
            "The same person can be asked it again after 30d instead of 90d.",
        ),
        (
            {"throttle": {"tenure": "1d"}},
            {},
            "It waits until people have been known for what the policy says instead of 1d.",
        ),
        ({}, {"throttle": {"ignores": ["any-7d"]}}, "It may now pass rule `any-7d`."),
        ({"throttle": {"ignores": ["any-7d"]}}, {}, "It may not pass rule `any-7d` any more."),
        ({}, {"throttle": {"ignores": ["any-8d"]}}, "It ignores rule `any-8d`, which the policy does not have."),
        (
            {"throttle": {"reserve": "7d"}},
            {},
            "Surveys of lower priority wait for it for no time instead of 7d.",
        ),
        ({}, {"throttle": {"spread": "30d"}}, "Its people meet it over 30d instead of no time."),
        (
            {},
            {"quota": {"responses": 5}},
            "It stops asking by other numbers than before; what was answered already counts for them.",
        ),
        ({}, {"tags": ["a"]}, "Rules by tag: earlier asks keep the tags that they were asked with."),
        (
            {"trigger": {"event": "Done"}},
            {"trigger": {"event": "Done", "nth": {"every": 2}}},
            "Occurrences of `Done` are counted from now on; earlier ones do not count.",
        ),
    ],
)
def test_what_follows_is_told(before: dict[str, Any], after: dict[str, Any], told: str) -> None:
    assert told in _means(before, after)


def test_what_becomes_of_variants_and_arms_is_told() -> None:
    two = {"variants": {"a": {}, "b": {"weight": 2}}}
    assert _means({}, two) == [VOID]
    kept = "Whoever was asked keeps their variant while there is one of that name; the weights decide for others."
    assert _means(two, {"variants": {"a": {}, "b": {"weight": 3}}}) == [VOID, kept]
    gone = "Whoever was asked with variant `a`, which is removed, is told another one."
    assert _means(two, {"variants": {"b": {"weight": 2}}}) == [VOID, gone, kept]
    assert _means(two, {}) == [VOID]
    arm = "Asks from now on keep the value of `traits.x`; earlier ones are not compared by it."
    assert _means({}, {"arm": "traits.x"}) == [VOID, arm]
    assert _means({"arm": "traits.x"}, {}) == [VOID]


def test_a_trigger_that_counts_as_before_is_not_told() -> None:
    counting = {"trigger": {"event": "Done", "nth": {"every": 2}}}
    assert _means(counting, {"trigger": {"event": "Done", "nth": {"every": 3}}}) == [VOID]
    assert _means({"throttle": {"repeat": "90d"}}, {"throttle": {"repeat": "90d"}, "priority": 4}) == [VOID]


RULE = {"id": "any", "count": "asked", "cap": 2, "window": "7d"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"cap": 1},
            (
                "Rule `any` is tightened, from 2 in 7d to 1 in 7d: "
                "whoever is above it now is not asked until the count falls."
            ),
        ),
        ({"window": "1d"}, "Rule `any` is loosened, from 2 in 7d to 2 in 1d."),
        (
            {"cap": 3, "window": "30d"},
            "Rule `any` changes from 2 in 7d to 3 in 30d: tighter for some and looser for others.",
        ),
        ({"count": "dismissed"}, "Rule `any` counts something else than before."),
        ({"scope": "same(traits.region)"}, "Rule `any` counts something else than before."),
    ],
)
def test_a_changed_rule_is_named_with_what_that_does(change: dict[str, Any], told: str) -> None:
    assert policy_change(_policy(RULE), _policy(RULE | change)).means == (told,)


def test_rules_that_come_and_go_are_named() -> None:
    found = policy_change(_policy(RULE), _policy(RULE | {"id": "other"}, tenure="1d", holdout=0.05))
    assert (found.how, found.version, found.survey, found.makes_version) == ("changed", None, None, False)
    assert found.means == (
        "Rule `any` is removed: it holds nobody back any more.",
        "Rule `other` is new and counts what happened before it, too.",
        "People can be asked when they have been known for 1d instead of 14d.",
        "5 % of people are never asked, instead of 0 %.",
    )


def test_a_rule_that_stays_is_not_told() -> None:
    told = policy_change(_policy(RULE, RULE | {"id": "more"}), _policy(RULE)).means
    assert told == ("Rule `more` is removed: it holds nobody back any more.",)


def test_the_same_policy_is_unchanged() -> None:
    assert policy_change(_policy(RULE), _policy(RULE)).how == "unchanged"


def test_changed_fields_are_named_in_the_order_of_the_form() -> None:
    was, now = content_of(_survey(tags=["a"])), content_of(_survey(name="New", priority=3))
    assert fields_changed(was, now) == ("name", "priority", "tags")
    assert fields_changed({}, {"key": "a"}) == ("key",)


@given(surveys(), surveys(), policies())
def test_a_change_is_told_for_any_two(before: Survey, after: Survey, policy: Policy) -> None:
    after = replace(after, key=before.key)
    change = survey_change(Kept(before, 7), after, policy)
    is_new = content_of(before) != content_of(after)
    assert change.version == (8 if is_new else change.version)
    assert (change.how == "unchanged") == (not change.makes_version and before.state == after.state)
    assert survey_change(Kept(after, 8), after, policy).how == "unchanged"
    assert bool(fields_changed(change.was, change.written)) == change.makes_version


@given(policies(), policies())
def test_a_change_of_policy_is_told_for_any_two(before: Policy, after: Policy) -> None:
    change: Change = policy_change(before, after)
    assert (change.how == "unchanged") == (change.was == change.written)
    assert policy_change(after, after).means == ()


def test_a_receiver_is_made_changed_or_stays() -> None:
    [one, other] = [read_receiver({"key": "a", "preset": "bearer", "name": name}).value for name in ("One", "Other")]
    assert one is not None
    assert other is not None
    for kept, how, means in ((None, "created", 1), (other, "changed", 1), (one, "unchanged", 0)):
        change = receiver_change(kept, one)
        assert (change.how, change.receiver, change.survey, len(change.means)) == (how, "a", None, means)
        assert change.written["name"] == "One"
    assert policy_change(DEFAULT_POLICY, DEFAULT_POLICY).receiver is None


def test_words_change_by_language() -> None:
    kept = {"de": {"send": "Los"}, "fr": {"send": "Allons"}}
    assert words_change(kept, {**kept}).how == "unchanged"
    change = words_change(kept, {"fr": {"send": "Allons"}, "de": {"send": "Ab"}})
    assert (change.how, change.means) == (
        "changed",
        ("Whoever is asked in `de` is told other words from their next card on.",),
    )
