"""Files of definitions: each file of cases tells in comments on which line which fault or warning must be told.

`#! path: message` is a fault and `#? path: message` a warning on that very line; a line may have several.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.policy import Policy
from tactful.core.reading import Definitions, Fault, read_file, read_survey
from tactful.core.reading.clean import DEEPEST, MOST_VALUES
from tactful.core.reading.notes import MOST_NOTES
from tactful.core.surveys import Survey
from tactful.definitions import LARGEST, Located, Parsed, as_yaml, invalid, load, parse
from tactful.errors import Invalid, TooLarge
from tactful.sources import Position, write_yaml
from tests.core.strategies import policies, surveys

CASES = sorted((Path(__file__).parent / "cases" / "definitions").glob("*.yaml"))
_NOTICE = re.compile(r" #([!?]) (.*?)(?= #[!?] |$)")


def _told(source: str, mark: str) -> Counter[tuple[int, str]]:
    lines = enumerate(source.split("\n"), start=1)
    return Counter(
        (number, notice[2]) for number, line in lines for notice in _NOTICE.finditer(line) if notice[1] == mark
    )


def _at_line(located: Located) -> tuple[int, str]:
    return located.position.line, f"{located.path}: {located.message}"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_fault_and_warning_of_a_file_is_told_on_its_line(path: Path) -> None:
    source = path.read_text("utf-8")
    try:
        parsed = parse(source.encode(), path.name)
    except Invalid as error:
        faults = Counter((fault["line"], f"{fault['path']}: {fault['message']}") for fault in error.data["faults"])
        assert faults == _told(source, "!")
        return
    reading = read_file(parsed.data)
    assert Counter(_at_line(parsed.locate(fault)) for fault in reading.faults) == _told(source, "!")
    assert Counter(_at_line(parsed.locate(warning)) for warning in reading.warnings) == _told(source, "?")
    assert (reading.value is None) == bool(reading.faults)


def _faults_of(source: str | bytes, filename: str = "surveys.yaml") -> list[str]:
    written = source if isinstance(source, bytes) else source.encode()
    with pytest.raises(Invalid) as raised:
        parse(written, filename)
    return [
        f"{fault['line']}:{fault['column']} {fault['path']}: {fault['message']}"
        for fault in raised.value.data["faults"]
    ]


def test_a_loaded_file_gives_its_definitions_and_located_warnings() -> None:
    loaded = load(b"surveys:\n- key: a\n  nam: A\n  questions: [{id: q, kind: text, ask: Why?}]\n", "surveys.yaml")
    assert loaded.definitions.surveys[0].key == "a"
    assert [str(warning) for warning in loaded.warnings] == [
        "surveys.yaml:3:3 surveys[0].nam: `nam` is not a field of a survey and is ignored; did you mean `name`?"
    ]


def test_faults_of_a_file_stand_in_the_order_of_its_lines() -> None:
    with pytest.raises(Invalid) as raised:
        load(b"surveys: 3\npolicy:\n  holdout: 2\n", "all.yaml")
    faults = raised.value.data["faults"]
    assert [(fault["line"], fault["path"], fault["file"]) for fault in faults] == [
        (1, "surveys", "all.yaml"),
        (3, "policy.holdout", "all.yaml"),
    ]
    assert raised.value.message.startswith("all.yaml:1:1 surveys: expected a list")
    assert raised.value.message.endswith("(and 1 more)")


def test_faults_of_plain_data_carry_no_line() -> None:
    reading = read_survey({"key": "a"})
    error = invalid(reading.faults)
    assert error.status == 422
    assert error.data["faults"] == [{"path": "questions", "message": "is missing; give 1 to 20 questions"}]
    assert error.message == "questions: is missing; give 1 to 20 questions"
    assert invalid(read_survey(3).faults).message.startswith("expected a survey (a mapping), found the number `3`")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("Yes", "Yes"),
        ("on", "on"),
        ("True", "True"),
        ("08:00", "08:00"),
        ("1:30", "1:30"),
        ("010", "010"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("2026-12-01", "2026-12-01"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        (".", "."),
        ("-", [None]),
        ("+1", "+1"),
        ("e0", "e0"),
        ("-e5", "-e5"),
        ("5.", "5."),
        ("1e", "1e"),
        ("-.5", -0.5),
        ("-0", 0),
        ("1E-2", 0.01),
        ("=", "="),
        ("'1'", "1"),
        ('"true"', "true"),
        ("|\n  a\n  b\n", "a\nb\n"),
        ("true", True),
        ("null", None),
        ("~", None),
        ("-3", -3),
        ("0", 0),
        ("2.50", 2.5),
        (".5", 0.5),
        ("-1e3", -1000.0),
    ],
)
def test_only_what_looks_like_json_is_typed(written: str, value: object) -> None:
    parsed = parse(f"a: {written}".encode() if written != "-" else b"a:\n  -", "a.yaml").data["a"]
    assert (parsed, type(parsed)) == (value, type(value))


def test_names_of_fields_are_always_texts() -> None:
    assert parse(b"{no: 1, null: 2, 3: 4, true: 5, ~: 6}", "a.yaml").data == {
        "no": 1,
        "null": 2,
        "3": 4,
        "true": 5,
        "~": 6,
    }


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("a: [1, 2\nb: 3", "2:2 : is not YAML: did not find expected ',' or ']' while parsing a flow sequence; "),
        ("a: b: c", "1:5 : is not YAML: mapping values are not allowed in this context; "),
        ("a:\n\t- b", "2:1 : is not YAML: found character that cannot start any token"),
        ("a: 1\n---\nb: 2\n", "2:1 : begins a second document; keep one per file"),
        ("a: \x07", "1:4 : holds the character '\\x07'; remove it"),
        ("a: 1\nb: \x00", "2:4 : holds the character '\\x00'; remove it"),
        ("? [a, b]\n: 1", "1:3 : has a name that is not a text; write `name: value`"),
        ("a: !x b", "1:4 a: has the tag `!x`; remove it"),
        ("*a", "1:1 : is the alias `*a`; write the value itself"),
    ],
)
def test_what_is_no_plain_yaml_is_told_with_its_place(source: str, told: str) -> None:
    faults = _faults_of(source)
    assert len(faults) == 1
    assert faults[0].startswith(told)


@pytest.mark.parametrize("filename", ["a.yaml", "a.json"])
def test_what_is_too_deep_or_too_large_is_given_up(filename: str) -> None:
    opening = "[" * (DEEPEST + 2)
    assert "is nested more than" in _faults_of(opening + "]" * (DEEPEST + 2), filename)[0]
    many = "[" + "1," * MOST_VALUES + "1]"
    assert _faults_of(many, filename)[0].endswith(f"the file holds more than {MOST_VALUES} values; divide it")
    twice = "{" + ", ".join(f'"k{index}": 1, "k{index}": 2' for index in range(MOST_NOTES + 5)) + "}"
    faults = _faults_of(twice, filename)
    assert len(faults) == MOST_NOTES + 1
    assert faults[-1].endswith("and more of that kind; mend these first")
    with pytest.raises(TooLarge):
        parse(b" " * (LARGEST + 1), filename)


def test_an_expansion_bomb_is_refused_unexpanded() -> None:
    layers = "\n".join(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 9))
    assert all("anchor" in fault or "alias" in fault for fault in _faults_of(f"a0: &a0 x\n{layers}"))


@pytest.mark.parametrize("filename", ["a.yaml", "A.JSON"])
def test_files_are_strict_utf_8(filename: str) -> None:
    assert _faults_of(b'{"a":\n "\xff"}', filename) == ["2:1 : is not UTF-8; save the file as UTF-8"]
    assert _faults_of(b'{"a": "\xed\xa0\x80"}', filename) == ["1:1 : is not UTF-8; save the file as UTF-8"]
    assert parse('\ufeff{"a": "é"}'.encode(), filename).data == {"a": "é"}


def test_an_empty_file_is_told_to_be_empty() -> None:
    parsed = parse(b"# nothing yet\n", "a.yaml")
    assert parsed.data is None
    assert parsed.line_of(()) == Position(1, 1)
    with pytest.raises(Invalid, match=r"a\.yaml:1:1: expected a file of definitions \(a mapping\), found nothing"):
        load(b"", "a.yaml")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ('{"a": NaN}', "1:7 : is not JSON: "),
        ('{"a": 1,\n "b" 2}', "2:6 : is not JSON: "),
        ("", "1:1 : is not JSON: "),
        ('{"a": 1,\n "b": {"c": 1,\n  "\\u0063": 2}}', "3:3 b.c: is given twice; keep one"),
    ],
)
def test_what_is_no_plain_json_is_told_with_its_place(source: str, told: str) -> None:
    faults = _faults_of(source, "a.json")
    assert len(faults) == 1
    assert faults[0].startswith(told)


def test_faults_of_json_are_told_with_their_place() -> None:
    source = '{\n\t"surveys": [\n\t\t{"name": "a,]}\\"{", "key": "b", "questions": [\n{"id": "q", "kind": "npss"}]}]}'
    with pytest.raises(Invalid) as raised:
        load(source.encode(), "a.json")
    assert [(fault["line"], fault["column"], fault["path"]) for fault in raised.value.data["faults"]] == [
        (4, 1, "surveys[0].questions[0].ask"),
        (4, 13, "surveys[0].questions[0].kind"),
    ]


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


def _places(data: object, steps: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    entries = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return {steps}.union(*(_places(inner, (*steps, step)) for step, inner in entries))


@given(JSON)
def test_json_gives_its_data_and_a_position_for_each_value(data: object) -> None:
    source = orjson.dumps(data, option=orjson.OPT_INDENT_2)
    parsed = parse(source, "a.json")
    assert parsed.data == data
    assert set(parsed.positions) == _places(data)
    lines = source.decode().split("\n")
    for steps, position in parsed.positions.items():
        here = lines[position.line - 1][position.column - 1 :]
        if steps and isinstance(steps[-1], str):
            assert here.startswith(orjson.dumps(steps[-1]).decode())


def _parsed_or_faults(source: bytes, filename: str) -> Parsed | list[dict[str, Any]]:
    try:
        return parse(source, filename)
    except Invalid as error:
        faults: list[dict[str, Any]] = error.data["faults"]
        return faults


@pytest.mark.parametrize("filename", ["a.yaml", "a.json"])
@given(source=TEXTS | st.text("[]{}:,-?*&!|>'\"#%@ \n\tab0"))
def test_parsing_any_text_gives_data_with_places_or_faults(filename: str, source: str) -> None:
    told = _parsed_or_faults(source.encode(), filename)
    assert told
    if isinstance(told, Parsed) and told.positions:
        assert set(told.positions) == _places(told.data)


@pytest.mark.parametrize("filename", ["a.yaml", "a.json"])
@given(source=st.binary())
def test_parsing_any_bytes_gives_data_or_faults(filename: str, source: bytes) -> None:
    assert _parsed_or_faults(source, filename)


@given(JSON)
def test_written_yaml_reads_as_the_same(data: object) -> None:
    assert parse(write_yaml({"data": data}).encode(), "a.yaml").data == {"data": data}


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "1e3",
        "08:00",
        "null",
        "~",
        "",
        "-",
        "a: b",
        " x ",
        " ",
        "\n",
        " \n x",
        "a\tb",
        "a b " * 200,
        "é",
        "# x",
        "2026-12-01",
    ],
)
def test_texts_that_look_like_something_else_stay_texts(text: str) -> None:
    assert parse(write_yaml({text: [text]}).encode(), "a.yaml").data == {text: [text]}


@given(policies(), st.lists(surveys(), max_size=2, unique_by=lambda survey: survey.key))
def test_definitions_written_as_yaml_load_as_the_same(policy: Policy, several: list[Survey]) -> None:
    for definitions in (Definitions(policy, tuple(several)), Definitions(None, tuple(several))):
        assert load(as_yaml(definitions).encode(), "a.yaml").definitions == definitions


def test_the_nearest_value_around_an_absent_one_is_located() -> None:
    parsed = parse(b"a:\n  - b: 1\n", "a.yaml")
    assert parsed.line_of(("a", 0, "c", "d")) == Position(2, 5)
    assert str(parsed.locate(Fault(("x",), "is missing"))) == "a.yaml:1:1 x: is missing"
