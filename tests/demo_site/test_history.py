"""Lantern's half year: told twice alike, within every cap, complete, and worth looking at."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from demo_site.history import Asked, Story, past_definitions
from demo_site.history.season import DAY_MS
from demo_site.people import CAST
from tactful.core import intervals
from tactful.core.catalogue import choose
from tactful.core.decide import LiveSurvey
from tactful.core.decide import Moment as When
from tactful.core.intervals import Interval
from tactful.core.people import PastAsk, Person
from tactful.core.reading import read_policy, read_survey
from tactful.core.throttle import read_rule
from tactful.core.trigger import Event
from tactful.database_url import DatabaseUrl
from tactful.definitions import load
from tactful.demo import begin_with_history
from tactful.demo_history import make_history
from tactful.identity import Identity
from tactful.settings import Settings
from tactful.store.events import Message, observe
from tactful.store.people import peek
from tactful.store.projects import NewProject, apply_definitions, find_project, load_config
from tactful.store.sqlite import run_once
from tests.support.clock import START, SetClock
from tests.support.rows import contents, counts
from tests.support.service import KEY

# One history for all tests: they stay in one process.
pytestmark = pytest.mark.xdist_group("history")

PROJECT = NewProject("p1", "Lantern", ("http://lantern.test",), "pk_1", "wk_1", "api_1", "ids_1")
SURVEYS = Path(__file__).parents[2] / "demo_site" / "surveys.yaml"


def quietly(_done: int, _all: int) -> None:
    """Show no progress."""


@pytest.fixture(scope="session")
def story() -> Story:
    return Story(START)


@pytest.fixture(scope="session")
def history(story: Story, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `tactful demo` makes at its first start."""
    directory = tmp_path_factory.mktemp("history")
    settings = Settings(DatabaseUrl.of_file(directory / "tactful.db"), (KEY,), "http://surveys.test")
    began = time.perf_counter()
    begin_with_history(settings, SetClock(START), directory, ("http://lantern.test",))
    print(f"half a year of {len(story.moments):,} moments played in {time.perf_counter() - began:.1f} s")  # noqa: T201  # a figure for -rP
    return directory / "tactful.db"


@pytest.fixture(scope="module")
def database(history: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(history)) as connection:
        connection.row_factory = sqlite3.Row
        yield connection


def start_of(story: Story, moments: int) -> Story:
    """The story's first moments alone."""
    story.moments = story.moments[:moments]
    return story


def one(database: sqlite3.Connection, sql: str, *params: Any) -> Any:
    return database.execute(sql, params).fetchone()[0]


# Played once --------------------------------------------------------------------------------------------------------


def test_it_is_told_twice_alike(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("first.db", "second.db")]
    told: list[tuple[int, int]] = []
    for path in paths:
        make_history(path, PROJECT, start_of(Story(START, seed=7), 1_500), lambda *done: told.append(done))
    assert told[: len(told) // 2] == sorted(told[: len(told) // 2])
    assert told[-1] == (1_500, 1_500)
    first, second = map(contents, paths)
    assert len(first["responses"]) > 10
    assert first == second


def test_another_seed_tells_another_story() -> None:
    assert Story(START, seed=1).moments != Story(START, seed=2).moments


def test_it_is_made_once(history: Path, story: Story) -> None:
    before, keys = counts(history), (history.parent / "keys.json").read_bytes()
    settings = Settings(DatabaseUrl.of_file(history), (KEY,), "http://surveys.test")
    begin_with_history(settings, SetClock(START), history.parent, ("http://lantern.test",))
    assert not make_history(history, PROJECT, story, quietly)
    assert counts(history) == before
    assert (history.parent / "keys.json").read_bytes() == keys
    assert orjson.loads(keys)["origins"] == ["http://lantern.test"]


def test_an_interrupted_start_leaves_nothing_and_the_next_one_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "tactful.db"

    def interrupt(_done: int, _all: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_history(path, PROJECT, start_of(Story(START), 600), interrupt)
    assert not path.exists()
    assert make_history(path, PROJECT, start_of(Story(START), 600), quietly)
    assert [file.name for file in tmp_path.iterdir()] == ["tactful.db"]


# What Tactful promises ----------------------------------------------------------------------------------------------


def past_asks(database: sqlite3.Connection) -> dict[str, list[sqlite3.Row]]:
    """The asks of everybody who is no test person, oldest first; those given back count for nothing."""
    found: dict[str, list[sqlite3.Row]] = {}
    for row in database.execute("SELECT * FROM asks WHERE test = 0 AND refunded_at IS NULL ORDER BY asked_at"):
        found.setdefault(row["person_id"], []).append(row)
    return found


def as_known_at(row: sqlite3.Row, now: int) -> PastAsk:
    dismissed_at, responded_at = (
        at if at is not None and at <= now else None for at in (row["dismissed_at"], row["responded_at"])
    )
    tags = frozenset(orjson.loads(row["tags"]))
    return PastAsk(row["survey_key"], row["kind"], tags, row["asked_at"], dismissed_at, responded_at)


def past_surveys() -> dict[str, LiveSurvey]:
    written = past_definitions()
    policy = read_policy(written["policy"]).value
    surveys = [read_survey(survey).value for survey in written["surveys"]]
    assert policy is not None
    return {survey.key: LiveSurvey.under(policy, survey, 1) for survey in surveys if survey is not None}


def test_every_ask_kept_within_every_cap(database: sqlite3.Connection) -> None:
    surveys = past_surveys()
    checked = 0
    for rows in past_asks(database).values():
        for at, row in enumerate(rows):
            if row["asked_for"]:
                continue
            now, live = row["asked_at"], surveys[row["survey_key"]]
            before = [as_known_at(earlier, now) for earlier in rows[:at]]
            alone = Person("", 0, asks=tuple(before))
            full = [one for rule in live.rules if (one := read_rule(rule, live.survey.key, alone, now)).full]
            assert not full, (dict(row), full)
            repeat_ms = live.survey.throttle.repeat_ms or 0
            assert not [ask for ask in before if ask.survey == live.survey.key and ask.asked_at > now - repeat_ms]
            checked += len(live.rules)
    assert checked > 30_000


def test_nobody_was_asked_too_early_or_after_opting_out(database: sqlite3.Connection) -> None:
    people = "asks a JOIN people p USING (project_id, person_id) WHERE a.test = 0 AND a.asked_for = 0"
    since = "min(p.first_seen_at, coalesce(p.created_at, p.first_seen_at))"
    assert one(database, f"SELECT count(*) FROM {people} AND a.asked_at < {since} + ?", 14 * DAY_MS) == 0
    assert one(database, f"SELECT count(*) FROM {people} AND a.asked_at > p.opted_out_at") == 0


def test_every_response_has_its_ask_and_follows_it(database: sqlite3.Connection) -> None:
    joined = "FROM responses r LEFT JOIN asks a USING (project_id, person_id, ask_id)"
    assert one(database, f"SELECT count(*) {joined} WHERE a.ask_id IS NULL") == 0
    wrong = "r.created_at < a.asked_at OR a.responded_at <> r.created_at OR a.refunded_at IS NOT NULL"
    assert one(database, f"SELECT count(*) {joined} WHERE {wrong} OR r.test <> a.test") == 0
    assert one(database, "SELECT count(*) FROM asks WHERE dismissed_at IS NOT NULL AND responded_at IS NOT NULL") == 0
    assert one(database, "SELECT count(*) FROM asks WHERE seen_at < asked_at") == 0


def test_nothing_lies_in_the_future_and_the_last_day_is_not_empty(database: sqlite3.Connection) -> None:
    assert one(database, "SELECT max(last_at) FROM people") < START
    assert one(database, "SELECT max(updated_at) FROM responses") < START
    assert one(database, "SELECT count(*) FROM responses WHERE created_at > ?", START - DAY_MS) > 5


def test_what_is_forgotten_with_time_is_forgotten(database: sqlite3.Connection) -> None:
    assert one(database, "SELECT min(received_at) FROM messages") > START - 8 * DAY_MS
    assert one(database, "SELECT min(received_at) FROM events") > START - 91 * DAY_MS


@pytest.fixture(scope="module")
def opened(history: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the history on which the demo has just started."""
    path = tmp_path_factory.mktemp("opened") / "tactful.db"
    shutil.copy(history, path)
    definitions = load(SURVEYS.read_bytes(), SURVEYS.name).definitions
    project_id = run_once(path, SetClock(START), find_project, "Lantern")
    assert project_id is not None
    run_once(path, SetClock(START), apply_definitions, project_id, definitions.policy, definitions.surveys)
    return path


@pytest.mark.parametrize("user_id", CAST)
def test_whoever_plays_in_the_demo_has_no_history_and_is_asked_at_once(
    history: Path, opened: Path, user_id: str
) -> None:
    clock = SetClock(START)
    project_id = orjson.loads((history.parent / "keys.json").read_bytes())["project_id"]
    config = run_once(opened, clock, load_config, project_id)
    assert config is not None
    identity = Identity(user_id, f"browser-of-{user_id}")
    assert run_once(opened, clock, peek, project_id, identity, config.catalogue.horizon_ms, START) is None
    event = Event("Course Finished", {"course": "memory"})
    message = Message(f"b:{user_id}", event, config.catalogue.waiting_for(event, START))
    observed = run_once(opened, clock, observe, project_id, identity, [message], f"live-{user_id}", config.catalogue)
    moment = When(START, "/course/memory/certificate")
    decision = choose(observed.at_once, config.catalogue.policy, observed.known.person, moment)
    assert decision.offer is not None
    assert decision.offer.live.survey.key == "course-csat"


# Worth looking at ---------------------------------------------------------------------------------------------------


def test_there_are_as_many_of_everything_as_a_dashboard_wants(database: sqlite3.Connection) -> None:
    people = "SELECT count(*) FROM people WHERE user_id IS NOT NULL AND merged_into IS NULL"
    assert 1_150 <= one(database, people) <= 1_350
    assert one(database, "SELECT count(*) FROM people WHERE merged_into IS NOT NULL") >= 20
    assert one(database, "SELECT count(*) FROM people WHERE user_id IS NULL AND merged_into IS NULL") >= 40
    assert 2 <= one(database, "SELECT count(*) FROM people WHERE opted_out_at IS NOT NULL") <= 25
    assert one(database, "SELECT count(*) FROM people WHERE test = 1") == 3
    assert one(database, "SELECT count(*) FROM responses WHERE test = 1") >= 3
    assert 2_700 <= one(database, "SELECT count(*) FROM responses WHERE test = 0") <= 4_000
    assert one(database, "SELECT count(*) FROM responses WHERE created_at > ?", START - 30 * DAY_MS) >= 350
    assert one(database, "SELECT count(*) FROM events") >= 500
    kinds = {orjson.loads(row["traits"])["kind"] for row in database.execute("SELECT traits FROM accounts")}
    assert kinds == {"school", "company"}


def test_every_trait_has_several_values(database: sqlite3.Connection) -> None:
    known = "SELECT traits FROM people WHERE user_id IS NOT NULL AND test = 0"
    traits = [orjson.loads(row["traits"]) for row in database.execute(known)]
    values = {name: Counter(person[name] for person in traits) for name in traits[0]}
    assert set(values["plan"]) == {"free", "plus", "schools", "teams"}
    assert set(values["role"]) == {"owner", "employee", "learner"}
    assert set(values["scoring_algorithm"]) == {"classic", "adaptive"}
    assert len(values["country"]) >= 8
    assert {"en-GB", "zh-CN"} <= set(values["locale"])
    assert min(values["age"]) >= 11


@pytest.mark.parametrize("survey", ["lesson-nps", "quiz-ces", "course-csat", "desk-csat"])
def test_rates_are_those_of_a_product(database: sqlite3.Connection, survey: str) -> None:
    row = database.execute(
        "SELECT count(*) asked, count(seen_at) seen, count(responded_at) responded, count(dismissed_at) dismissed "
        "FROM asks WHERE test = 0 AND survey_key = ?",
        (survey,),
    ).fetchone()
    asked = row["asked"]
    assert asked >= 300
    assert 0.25 <= row["responded"] / asked <= 0.42
    assert 0.1 <= row["dismissed"] / asked <= 0.3
    assert 0.85 <= row["seen"] / asked <= 0.97
    bands = database.execute(
        "SELECT band, count(*) AS n FROM responses WHERE test = 0 AND survey_key = ? GROUP BY band", (survey,)
    ).fetchall()
    assert len(bands) == 3, "every band is there"
    assert max(band["n"] for band in bands) / sum(band["n"] for band in bands) < 0.9


def nps_between(database: sqlite3.Connection, story: Story, first: float, last: float) -> Interval:
    """The score of the days from `first` to `last` of the story."""
    since, until = (story.season.start + round(day * DAY_MS) for day in (first, last))
    given = database.execute(
        "SELECT band, count(*) FROM responses WHERE survey_key = 'lesson-nps' AND test = 0 "
        "AND created_at >= ? AND created_at < ? GROUP BY band",
        (since, until),
    )
    bands = {band: n for band, n in given}  # noqa: C416  # a row is no pair to dict()
    return intervals.nps(*(bands.get(band, 0) for band in ("promoter", "passive", "detractor")))


def test_the_score_rises_after_the_release_and_dips_in_the_outage(database: sqlite3.Connection, story: Story) -> None:
    before, risen = nps_between(database, story, 0, 66), nps_between(database, story, 140, 182)
    outage = nps_between(database, story, 118, 127)
    assert before.high < risen.low, "a rise"
    assert outage.high < min(before.low, risen.low), "a dip"


def test_weekdays_are_busier_than_weekends(database: sqlite3.Connection) -> None:
    days = Counter(
        datetime.fromtimestamp(row["created_at"] / 1_000, UTC).weekday()
        for row in database.execute("SELECT created_at FROM responses")
    )
    assert len(days) == 7
    assert max(days[5], days[6]) < min(days[0], days[1], days[2])


def test_agents_differ(database: sqlite3.Connection) -> None:
    scores: dict[str, Counter[int]] = {}
    for row in database.execute(
        "SELECT a.event, r.score FROM responses r JOIN asks a USING (project_id, person_id, ask_id) "
        "WHERE r.survey_key = 'desk-csat' AND r.test = 0"
    ):
        event = orjson.loads(row["event"])
        assert event["ticket"].startswith("L-")
        scores.setdefault(event["agent"], Counter())[row["score"]] += 1
    means = {agent: intervals.mean(given, 0.95, (1, 5)) for agent, given in scores.items()}
    assert len(means) == 4
    assert any(a.high < b.low or b.high < a.low for a, b in combinations(means.values(), 2))


# What they say ------------------------------------------------------------------------------------------------------


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def test_both_languages_are_spoken_by_those_who_speak_them(database: sqlite3.Connection) -> None:
    said = database.execute(
        "SELECT r.comment, a.locale FROM responses r JOIN asks a USING (project_id, person_id, ask_id) "
        "WHERE r.comment IS NOT NULL"
    ).fetchall()
    chinese = [row for row in said if row["locale"].startswith("zh")]
    assert len(chinese) >= 100
    assert len(said) - len(chinese) >= 500
    assert all(is_chinese(row["comment"]) for row in chinese)
    assert not any("{" in row["comment"] or "None" in row["comment"] for row in said)


@pytest.mark.parametrize("survey", [None, "lesson-nps", "quiz-ces", "course-csat", "desk-csat"])
def test_the_latest_comments_do_not_repeat(database: sqlite3.Connection, survey: str | None) -> None:
    latest = [
        row["comment"].strip(".。").lower()
        for row in database.execute(
            "SELECT comment FROM responses WHERE comment IS NOT NULL AND test = 0 "
            "AND survey_key = coalesce(?, survey_key) ORDER BY created_at DESC LIMIT 50",
            (survey,),
        )
    ]
    assert len(latest) == 50
    assert [comment for comment, times in Counter(latest).items() if times > 1] == []


@pytest.mark.parametrize("survey", ["lesson-nps", "quiz-ces", "course-csat", "desk-csat", "feedback"])
def test_a_page_of_comments_says_nothing_twice(database: sqlite3.Connection, survey: str) -> None:
    shown = [
        row["comment"].lower()
        for row in database.execute(
            "SELECT comment FROM responses WHERE comment IS NOT NULL AND test = 0 AND survey_key = ? "
            "ORDER BY created_at DESC LIMIT 20",
            (survey,),
        )
    ]
    sentences = {
        text.lower().rstrip(".。")
        for languages in written()[survey].values()
        for texts in languages.values()
        for text in texts
    }
    said = Counter(sentence for sentence in sentences for comment in shown if sentence in comment)
    assert len(said) >= 15
    assert [sentence for sentence, times in said.items() if times > 1] == []


def written() -> dict[str, dict[str, dict[str, list[str]]]]:
    """Every sentence, by survey, band and language."""
    file = SURVEYS.parent / "history" / "comments.yaml"
    sentences: dict[str, dict[str, dict[str, list[str]]]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return sentences


def test_there_are_many_sentences_and_none_is_written_twice() -> None:
    said = {
        language: [text for bands in written().values() for languages in bands.values() for text in languages[language]]
        for language in ("en", "zh")
    }
    assert len(said["en"]) >= 150
    assert len(said["zh"]) >= 60
    assert all(len(texts) == len(set(texts)) for texts in said.values())
    assert all(is_chinese(text) for text in said["zh"])


def test_a_survey_that_the_story_does_not_know_is_ignored(story: Story) -> None:
    asked = Asked(story.moments[0].learner, "another", START, {})
    assert story.reaction(asked).how == "ignores"
