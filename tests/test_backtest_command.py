"""`tactful backtest`: what it prints, what it refuses, and the file of who would have been asked."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tactful.core.policy import Policy, Rule
from tactful.core.spans import DAY_MS
from tactful.identity import Identity
from tactful.rehearsal import Progress
from tactful.store.events import INSERT_EVENT
from tactful.store.people import recognise
from tactful.store.script import Script, run
from tactful.store.sqlite import run_once
from tests.support.cli import Run
from tests.support.clock import START, SetClock
from tests.support.service import a_survey, make_project

ONCE = Policy((Rule("once", "all", "asked", 1, 90 * DAY_MS),), tenure_ms=0)
OFTEN = "policy: {tenure: 0s, rules: [{id: often, surveys: all, count: asked, cap: 1, window: 1d}]}"
SURVEYS = """
surveys:
- key: fresh
  name: Fresh
  trigger: {event: Done}
  questions: [{id: score, kind: csat, ask: How?}]
"""


def kept(project_id: str, person_id: str, who: str, days: int) -> Script[None]:
    """Somebody did something on each of `days` days."""
    yield from recognise(project_id, Identity(who, None, proved=True), person_id)
    for day in range(days):
        at = START + day * DAY_MS
        yield run(INSERT_EVENT, project_id, person_id, f"{person_id}-{day}", "Done", "{}", at, at)


def asked_before(path: Path, project_id: str, times: int) -> None:
    """Somebody was asked so often, and did nothing."""
    ask = ("nps", 1, "nps", "[]", 0, 0, "", "", "{}")
    asks = [(project_id, "p0", f"k{n}", *ask, START - (100 + n) * DAY_MS) for n in range(times)]
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany(
            "INSERT INTO asks (project_id, person_id, ask_id, survey_key, version, kind, tags, test, asked_for, locale,"
            " page, event, asked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            asks,
        )
        connection.commit()


@pytest.fixture
def shop(path: Path) -> str:
    """A project whose survey asks everybody once in 90 days, with three people and five days of events."""
    clock = SetClock()
    made = make_project(path, clock, surveys=(a_survey(),), policy=ONCE, name="Shop")
    for number, who in enumerate(("ann", "bob", "=eve()")):
        run_once(path, clock, kept, made.project_id, f"p{number}", who, 5)
    return made.project_id


def written(tmp_path: Path, text: str, name: str = "tried.yaml") -> str:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return str(tmp_path / name)


def data(run: Run, *args: str) -> dict[str, Any]:
    code, out, err = run("backtest", "--project", "Shop", "--json", *args)
    assert code == 0, err
    told: dict[str, Any] = json.loads(out)
    return told


@pytest.mark.usefixtures("shop")
def test_it_compares_what_happened_with_the_present_and_the_proposed(run: Run, tmp_path: Path) -> None:
    code, out, err = run("backtest", "--project", "Shop", "--policy", written(tmp_path, OFTEN))
    assert (code, err) == (0, ""), "silent where nobody sees a bar"
    assert "15 events kept since 2026-11-" in out
    assert "(4 days)" in out
    counts = {line.split()[0]: line.split()[1:3] for line in out.splitlines() if line.startswith(("r", "p"))}
    assert counts == {"really": ["0", "0"], "present": ["3", "3"], "proposed": ["15", "3"]}
    assert "█████" in out
    assert "expected responses: unknown" in out
    assert "±5 takes 1,533 responses at the widest spread: no pace is known" in out
    assert "Assumed:" in out


def test_the_present_alone_says_what_kept_people_out_and_what_to_expect(run: Run, path: Path, shop: str) -> None:
    asked_before(path, shop, 40)
    _, out, _ = run("backtest", "--project", "Shop", "--margin", "20")
    assert "12  rule once: 1 in 90d" in out
    assert "proposed" not in out
    assert "expected responses: 0 (0 to 0), at 0% of 40 asks of this survey" in out
    assert "±20 takes 93 responses" in out


@pytest.mark.usefixtures("shop")
def test_a_new_survey_is_tried_as_if_it_were_live(run: Run, tmp_path: Path) -> None:
    told = data(run, "--surveys", written(tmp_path, SURVEYS), "--policy", written(tmp_path, OFTEN, "p.yaml"))
    assert told["proposed"]["asks"] == 15
    assert {one["survey"]: one["asks"] for one in told["proposed"]["surveys"]} == {"fresh": 9, "nps": 6}
    assert [one["survey"] for one in told["present"]["surveys"]] == ["nps"]


@pytest.mark.usefixtures("shop")
def test_a_period_may_be_chosen(run: Run) -> None:
    first, last = "2026-11-19", "2026-11-21T00:00:00+00:00"
    told = data(run, "--from", first, "--until", last)
    assert told["period"]["from"] >= START
    assert told["kept"]["events"] == 15
    assert told["period"]["days"] <= 2


@pytest.mark.usefixtures("shop")
def test_who_would_have_been_asked_is_a_file_that_no_spreadsheet_takes_for_formulas(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "asked.csv"
    assert run("backtest", "--project", "Shop", "--csv", str(file))[0] == 0
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))
    assert {(row["user"], row["survey"]) for row in rows} == {("ann", "nps"), ("bob", "nps"), ("'=eve()", "nps")}
    assert rows[0]["asked_at"].startswith("2026-11-")


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("args", "text", "said"),
    [
        (("--policy",), SURVEYS, "says no `policy:`"),
        (("--surveys",), OFTEN, "says no `surveys:`"),
        (("--policy",), OFTEN.replace("1d", "1day"), "tried.yaml:1:"),
        (("--surveys",), SURVEYS.replace("fresh", "nps"), "kind nps"),
        (("--until", "2020-01-01", "--policy"), OFTEN, "No event was kept in this period"),
        (("--from", "soon", "--policy"), OFTEN, "write a day or time like"),
    ],
)
def test_what_cannot_be_tried_is_told_in_a_sentence(
    run: Run, tmp_path: Path, args: tuple[str, ...], text: str, said: str
) -> None:
    code, out, err = run("backtest", "--project", "Shop", *args, written(tmp_path, text))
    assert (code, out, said in err) == (1, "", True), err


def test_without_kept_events_it_says_how_to_get_some(run: Run, path: Path) -> None:
    make_project(path, SetClock(), name="Shop")
    assert "Send events from a backend" in run("backtest", "--project", "Shop")[2]
    assert "kept for 90 days" in run("backtest", "--project", "Shop")[2]
    assert "no project named 'Nope'" in run("backtest", "--project", "Nope")[2]


def test_a_bar_shows_how_far_it_is_and_how_long_it_takes() -> None:
    clock, out = SetClock(), io.StringIO()
    bar = Progress(clock, out, always=True)
    bar(1, 1_000)
    for read in (250, 1_000):
        clock.advance(1_000)
        bar(read, 1_000)
    assert out.getvalue().count("\r") == 2, "drawn when an eye sees a difference"
    assert " 25%        250 events/s    3 s left" in out.getvalue()
    assert out.getvalue().endswith("100%        500 events/s    0 s left \n")
    Progress(clock, out := io.StringIO())(1, 1)
    assert not out.getvalue(), "silent where nobody looks"
