"""What holds of reading for every definition: it is total, it is undone by writing, and its faults have places."""

from __future__ import annotations

import copy
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.policy import Policy
from tactful.core.reading import Reading, Steps, read_file, read_policy, read_survey, write_policy, write_survey
from tactful.core.surveys import Survey
from tests.core.strategies import JSON, policies, surveys

NAMES = st.sampled_from(
    ["key", "kind", "id", "ask", "by", "else", "event", "any", "where", "if", "questions", "rules", "surveys", "policy"]
)
SHAPED = st.recursive(
    JSON,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)


def _passed_on(written: object) -> Any:
    """What comes back after JSON has carried it."""
    return orjson.loads(orjson.dumps(written))


@given(JSON | SHAPED)
def test_reading_any_json_gives_a_value_or_faults(data: object) -> None:
    for read in (read_survey, read_policy, read_file):
        reading: Reading[Any] = read(data)
        assert (reading.value is None) == bool(reading.faults)
        for notice in (*reading.faults, *reading.warnings):
            assert notice.message
            str(notice).encode()


@given(surveys())
def test_a_written_survey_reads_as_itself(survey: Survey) -> None:
    reading = read_survey(_passed_on(write_survey(survey)))
    assert reading.faults == ()
    assert reading.value == survey


@given(policies())
def test_a_written_policy_reads_as_itself(policy: Policy) -> None:
    reading = read_policy(_passed_on(write_policy(policy)))
    assert reading.faults == ()
    assert reading.value == policy


@given(surveys())
def test_writing_is_canonical(survey: Survey) -> None:
    written = write_survey(survey)
    again = read_survey(_passed_on(written)).value
    assert again is not None
    assert orjson.dumps(write_survey(again)) == orjson.dumps(written)


@given(policies(), st.lists(surveys(), max_size=3, unique_by=lambda survey: survey.key))
def test_a_written_file_reads_as_itself(policy: Policy, several: list[Survey]) -> None:
    reading = read_file({"policy": write_policy(policy), "surveys": [write_survey(survey) for survey in several]})
    assert reading.value is not None
    assert (reading.value.policy, reading.value.surveys) == (policy, tuple(several))


def _places(data: object, steps: Steps = ()) -> list[Steps]:
    entries = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [steps, *(place for step, inner in entries for place in _places(inner, (*steps, step)))]


def _exists(data: Any, steps: Steps) -> bool:
    for step in steps:
        if not (step in data if isinstance(data, dict) else isinstance(data, list) and step in range(len(data))):
            return False
        data = data[step]
    return True


def _mutated(data: Any, steps: Steps, change: str, value: object) -> Any:
    if not steps:
        return value
    copied = copy.deepcopy(data)
    holder = copied
    for step in steps[:-1]:
        holder = holder[step]
    if change == "remove":
        del holder[steps[-1]]
    elif change == "rename" and isinstance(holder, dict):
        holder[f"{steps[-1]}x"] = holder.pop(steps[-1])
    else:
        holder[steps[-1]] = value
    return copied


@given(st.data())
def test_a_survey_changed_anywhere_is_read_or_faulted_at_a_place(data: st.DataObject) -> None:
    written = write_survey(data.draw(surveys()))
    place = data.draw(st.sampled_from(_places(written)))
    change = data.draw(st.sampled_from(["remove", "rename", "replace"]))
    changed = _mutated(written, place, change, data.draw(JSON | st.sampled_from(["else", "nps", "7d", {}, []])))
    reading = read_survey(changed)
    assert (reading.value is None) == bool(reading.faults)
    for notice in (*reading.faults, *reading.warnings):
        assert _exists(changed, notice.steps) or _exists(changed, notice.steps[:-1])
    if reading.value is not None:
        assert read_survey(_passed_on(write_survey(reading.value))).value == reading.value
