"""Reading definitions, where the files of cases cannot show it: what the values are, bounds, and hostile data."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tactful.core.kinds import KINDS
from tactful.core.policy import DEFAULT_POLICY, Policy
from tactful.core.reading import Fault, read_file, read_policy, read_survey, write_policy, write_survey
from tactful.core.reading.clean import DEEPEST, MOST_VALUES
from tactful.core.reading.notes import MOST_NOTES, path_of, quoted
from tactful.core.spans import DAY_MS, FOREVER
from tactful.core.surveys import Audience, EventTrigger, Look, Nth, Survey, SurveyThrottle, Thanks, Trigger
from tactful.core.texts import ELSE, Text, plain

SMALLEST: dict[str, Any] = {"key": "a", "questions": [{"id": "score", "kind": "csat", "ask": "How was it?"}]}


def _survey(**fields: Any) -> Survey:
    reading = read_survey({**SMALLEST, **fields})
    assert reading.faults == ()
    assert reading.value is not None
    return reading.value


def _faults(**fields: Any) -> dict[str, str]:
    return {fault.path: fault.message for fault in read_survey({**SMALLEST, **fields}).faults}


def test_the_smallest_survey_has_the_defaults() -> None:
    survey = _survey()
    assert (survey.name, survey.state, survey.priority, survey.tags) == ("a", "draft", 0, frozenset())
    assert (survey.trigger, survey.audience, survey.look) == (Trigger(), Audience(), Look())
    assert survey.throttle == SurveyThrottle()
    assert (survey.intro, survey.thanks) == (None, {})
    assert (survey.kind, survey.questions[0].kind) == ("csat", KINDS["csat"])
    assert survey.questions[0].ask == plain("How was it?")


def test_the_kind_says_how_often_a_survey_repeats_unless_the_survey_does() -> None:
    nps = [{"id": "score", "kind": "nps", "ask": "?"}]
    assert _survey(questions=nps).throttle.repeat_ms == 90 * DAY_MS
    assert _survey(questions=nps, throttle={"repeat": "0s"}).throttle.repeat_ms == 0
    assert _survey(questions=nps, throttle={"repeat": "forever"}).throttle.repeat_ms == FOREVER
    assert _survey(throttle={"repeat": "30d"}).throttle.repeat_ms == 30 * DAY_MS
    assert _survey(questions=[{"id": "why", "kind": "text", "ask": "?"}]).throttle.repeat_ms is None


def test_one_event_may_be_written_without_a_list() -> None:
    short = _survey(trigger={"event": "Done", "delay": "1s", "page": "/x"}).trigger
    assert short == Trigger((EventTrigger("Done", delay_ms=1_000),), "/x")
    assert short == _survey(trigger={"any": [{"event": "Done", "delay": "1s"}], "page": "/x"}).trigger


def test_a_live_survey_without_a_trigger_is_doubtful_unless_it_says_so() -> None:
    assert [warning.path for warning in read_survey({**SMALLEST, "state": "live"}).warnings] == ["state"]
    assert read_survey({**SMALLEST, "state": "live", "trigger": {"any": []}}).warnings == ()
    assert _survey(trigger={"any": [], "page": "/x"}).trigger == Trigger((), "/x")


@pytest.mark.parametrize(
    ("written", "nth"),
    [
        ({"every": 3}, Nth(every=3, start=3)),
        ({"from": 2}, Nth(every=1, start=2)),
        ({"every": 3, "from": 2}, Nth(every=3, start=2)),
        ({"every": 1}, Nth()),
        ({"exactly": 4}, Nth(exactly=4)),
    ],
)
def test_which_occurrences_count(written: dict[str, int], nth: Nth) -> None:
    assert _survey(trigger={"event": "Done", "nth": written}).trigger.any[0].nth == nth


def test_a_text_by_every_band_has_the_middle_one_for_a_skipped_score() -> None:
    by = {"satisfied": "good", "neutral": "so-so", "dissatisfied": {"en": "bad"}}
    questions = [*SMALLEST["questions"], {"id": "why", "kind": "text", "ask": {"by": by}}]
    thanks = {"by": {band: {"title": band} for band in by}}
    survey = _survey(questions=questions, thanks=thanks)
    assert survey.questions[1].ask.by[ELSE] == {"": "so-so"}
    assert list(survey.questions[1].ask.by) == [*by, ELSE]
    assert survey.thanks[ELSE] == Thanks(plain("neutral"))


def test_a_text_for_else_alone_is_the_plain_text() -> None:
    assert _survey(thanks={"by": {"else": {"title": {"en": "Thanks"}}}}).thanks == {
        ELSE: Thanks(Text({ELSE: {"en": "Thanks"}}))
    }


def test_a_policy_keeps_the_default_rules_unless_it_names_its_own() -> None:
    assert read_policy({}).value == DEFAULT_POLICY
    assert read_policy({"tenure": "0s", "holdout": 1}).value == Policy(DEFAULT_POLICY.rules, 0, 1.0)
    none = read_policy({"rules": []})
    assert none.value == Policy(())
    assert [warning.path for warning in none.warnings] == ["rules"]
    assert read_policy(write_policy(DEFAULT_POLICY)).value == DEFAULT_POLICY


def test_what_is_default_is_not_written() -> None:
    assert write_survey(_survey()) == {
        "key": "a",
        "name": "a",
        "state": "draft",
        "questions": [{"id": "score", "kind": "csat", "ask": "How was it?"}],
    }


def test_a_file_may_hold_either_or_both() -> None:
    both = read_file({"policy": {}, "surveys": [SMALLEST]}).value
    assert both is not None
    assert (both.policy, both.surveys) == (DEFAULT_POLICY, (_survey(),))
    assert read_file({"surveys": []}).faults == ()
    alone = read_file({"policy": {}}).value
    assert alone is not None
    assert alone.surveys == ()


@pytest.mark.parametrize(
    ("data", "advice"),
    [
        (SMALLEST, "put the survey in a list under `surveys:`"),
        ({"survey": []}, "write at least one of them"),
        ({}, "write at least one of them"),
        ([SMALLEST], "write its fields: `policy`, `surveys`, `receivers`, `words`"),
        (None, "write its fields: `policy`, `surveys`, `receivers`, `words`"),
    ],
)
def test_a_file_of_something_else_is_told_what_belongs_there(data: object, advice: str) -> None:
    (fault,) = read_file(data).faults
    assert fault.path == ""
    assert fault.message.endswith(advice)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("key", "a" * 65),
        ("key", ""),
        ("key", "-a"),
        ("key", "a\n"),
        ("key", "ä"),
        ("name", "n" * 201),
        ("priority", True),
        ("priority", 1_001),
        ("priority", 1.0),
        ("state", None),
        ("state", ["live"]),
        ("tags", ["t"] * 21),
        ("tags", "t"),
        ("intro", "i" * 501),
        ("intro", dict.fromkeys((f"{a}{b}" for a in "abcdefghijkl" for b in "abcdefghij"), "x")),
        ("questions", [{"id": f"q{index}", "kind": "text", "ask": "?"} for index in range(21)]),
        ("trigger", {"any": [{"event": "e"}] * 21}),
        ("trigger", {"event": "e" * 201}),
        ("trigger", {"event": "e", "where": [["properties.a", "exists"]] * 51}),
        ("trigger", {"event": "e", "where": [["properties.a", "in", list(range(101))]]}),
        ("trigger", {"event": "e", "where": [["properties.a", "is", "x" * 1_001]]}),
        ("trigger", {"event": "e", "where": [["properties." + "a" * 200, "exists"]]}),
        ("trigger", {"event": "e", "where": [["properties.a", "is", []]]}),
        ("trigger", {"event": "e", "where": [["properties.a", ["is"], 1]]}),
        ("trigger", {"page": "/x"}),
        ("trigger", []),
        ("audience", {"sample": True}),
        ("audience", {"sample": 1.01}),
        ("audience", {"sample": -0.1}),
        ("throttle", {"repeat": "3661d"}),
        ("throttle", {"ignores": ["A"]}),
        ("look", {"accent": "#3b5bdb\n"}),
        ("look", {"accent": "#fff"}),
        ("quiet", {"for": "61s"}),
        ("quiet", {"give_up": "9s"}),
        ("quiet", {"give_up": "301s"}),
        ("quiet", {"despite": "media"}),
        ("quiet", {"despite": ["video"]}),
        ("quiet", "1s"),
        ("thanks", {}),
        ("thanks", {"by": {"satisfied": {"title": "x"}, "else": None}}),
    ],
)
def test_everything_has_bounds(field: str, value: object) -> None:
    faults = _faults(**{field: value})
    assert faults
    assert all(path.startswith(field) for path in faults)


@pytest.mark.parametrize(
    "value",
    ["a\x00b", "\ud800", math.nan, math.inf, -math.inf, 2**53 + 1, -(10**5_000), {1}, b"x", (1,), {3: 1}],
    ids=lambda value: ascii(value)[:20] if not isinstance(value, int) else "huge",
)
def test_what_no_database_keeps_is_refused_anywhere(value: object) -> None:
    for survey in ({**SMALLEST, "name": value}, {**SMALLEST, "stranger": [{"deep": value}]}):
        reading = read_survey(survey)
        assert reading.value is None
        assert len(reading.faults) == 1
        str(reading.faults[0]).encode()
    assert read_survey({**SMALLEST, "a\x00": 1}).value is None
    assert read_policy({"holdout": 2**53}).faults[0].message.startswith("expected a share")


def test_what_is_too_deep_or_too_much_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]
    (fault,) = read_survey({**SMALLEST, "x": deep}).faults
    assert len(fault.steps) == DEEPEST
    (fault,) = read_survey([0] * MOST_VALUES).faults
    assert fault == Fault((), f"expected at most {MOST_VALUES} values, found more; divide the file")


def test_faults_and_warnings_have_an_end() -> None:
    assert len(read_survey({f"{chr(0)}{index}": 1 for index in range(3)}).faults) == 1
    assert len(read_survey(["\x00"] * 500).faults) == MOST_NOTES
    assert len(read_survey({**SMALLEST, **{f"x{index}": 1 for index in range(500)}}).warnings) == MOST_NOTES


def test_every_fault_is_found_not_only_the_first() -> None:
    survey = {
        "key": 3,
        "stat": "live",
        "questions": [
            {"id": "a", "kind": "npss", "ask": ""},
            {"id": "a", "kind": "nps", "ask": "?", "if": ["b", "is", 1]},
        ],
        "look": {"accent": "red"},
    }
    reading = read_survey(survey)
    assert [fault.path for fault in reading.faults] == [
        "key",
        "questions[1].id",
        "questions[0].kind",
        "questions[0].ask",
        "questions[1].if[0]",
        "look.accent",
    ]
    assert [warning.path for warning in reading.warnings] == ["stat"]


def test_a_faulty_kind_leaves_out_only_what_depends_on_it() -> None:
    questions = [
        {"id": "a", "kind": "npss", "ask": "?"},
        {"id": "b", "kind": "text", "ask": {"by": {"promoter": "x"}}, "if": ["a", "band_is", "promoter"]},
        {"id": "c", "kind": "text", "ask": "?", "if": ["a", "bandis", "promoter"]},
    ]
    assert list(_faults(questions=questions)) == ["questions[0].kind", "questions[2].if[1]"]


def test_the_answer_to_a_scale_is_compared_on_its_scale() -> None:
    def condition(op: str, value: object) -> object:
        why = {"id": "why", "kind": "text", "ask": "?", "if": ["score", op, value]}
        reading = read_survey({**SMALLEST, "questions": [*SMALLEST["questions"], why]})
        return None if reading.value is None else getattr(reading.value.questions[1].condition, "value", None)

    assert condition("in", [1, 2]) == (1, 2)
    assert condition("between", [1, 2]) == (1, 2)
    assert condition("answered", False) is False
    assert condition("gt", 0) is None
    assert condition("is", True) is None
    assert condition("in", []) is None
    assert condition("contains", 3) is None


@pytest.mark.parametrize(
    ("steps", "path"),
    [
        ((), ""),
        (("surveys", 1, "questions", 0, "kind"), "surveys[1].questions[0].kind"),
        ((0, "a"), "[0].a"),
        (("ask", "zh-Hant"), "ask.zh-Hant"),
        (("a", "b.c"), "a[`b.c`]"),
        (("a", "\ud800\n"), "a[`\\ud800\\n`]"),
        (("x" * 100,), f"[`{'x' * 60}...`]"),
    ],
)
def test_paths_are_written_as_people_read_them(steps: tuple[str | int, ...], path: str) -> None:
    assert path_of(steps) == path


def test_what_is_quoted_can_be_printed() -> None:
    assert quoted("a\x00\u202e\ud800Ä") == "`a\\x00\\u202e\\ud800Ä`"
    assert str(Fault(("a",), "is missing")) == "a: is missing"
    assert str(Fault((), "is empty")) == "is empty"


def test_a_where_holds_so_many_conditions_in_all_its_groups() -> None:
    def where(conditions: int) -> dict[str, Any]:
        group = {"any": [["traits.plan", "is", index] for index in range(conditions - 1)]}
        return {**SMALLEST, "audience": {"where": [["traits.plan", "exists"], {"not": group}]}}

    assert read_survey(where(50)).faults == ()
    (fault,) = read_survey(where(51)).faults
    assert str(fault) == "audience.where: expected at most 50 conditions in all, found 51; leave some out"
