"""Half a year of plausible asks and responses, written straight into the tables: what pages are judged by.

The same numbers give the same rows. Feelings drift over the months, teams are happier than free accounts, most
people look at the card and do nothing.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tactful.core.kinds import KINDS, band_of
from tactful.core.spans import DAY_MS, SECOND_MS

__all__ = ["Plenty", "fill"]

PLANS = {"free": 6, "pro": 3, "team": 1}
COUNTRIES = {"Germany": 5, "China": 3, "Brazil": 2, "Kenya": 1}
SAID = {
    "worst": (
        "The video stopped twice and I lost my place.",
        "Too fast for me. I would like a slower version.",
        "I could not find where to download the certificate.",
        "视频经常卡顿，希望能下载后再看。",
        "The quiz marked a right answer as wrong, and nobody replied when I reported it.\nThat was two weeks ago.",
        "Price went up again without anything new.",
    ),
    "middle": (
        "Good, but the exercises could be harder.",
        "Works. Nothing special so far.",
        "内容不错，练习有点少。",
        "I would like subtitles in Portuguese.",
    ),
    "best": (
        "Finally somebody who explains why, not only how.",
        "I finished the whole course on my commute. Thank you!",
        "讲得很清楚，女儿也喜欢一起看。",
        "The night sky lessons are wonderful 🌌",
        "Short lessons, good questions, no nonsense.",
    ),
}


@dataclass(frozen=True)
class Plenty:
    """What to write: `asks` asks of one survey over `days` days before `now`."""

    project_id: str
    survey_key: str
    kind: str
    now: int
    asks: int = 2_000
    days: int = 180
    seed: int = 1


def fill(path: Path, plenty: Plenty) -> int:
    """Write it; returns the number of responses."""
    made = list(_rows(plenty))
    responses = [row for _, _, row in made if row is not None]
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany(_insert("people", 9), [person for person, _, _ in made])
        connection.executemany(_insert("asks", 17), [ask for _, ask, _ in made])
        connection.executemany(_insert("responses", 15), responses)
        connection.commit()
    return len(responses)


COLUMNS = {
    "people": "project_id, person_id, user_id, anonymous_id, first_seen_at, last_at, traits, account_id, test",
    "asks": "project_id, person_id, ask_id, survey_key, version, kind, tags, test, asked_for, locale, page, event, "
    "asked_at, seen_at, responded_at, dismissed_at, opted_out_at",
    "responses": "project_id, person_id, ask_id, response_id, survey_key, version, rev, answers, score, band, comment, "
    "done, test, created_at, updated_at",
}


def _insert(table: str, columns: int) -> str:
    assert COLUMNS[table].count(",") == columns - 1
    return f"INSERT INTO {table} ({COLUMNS[table]}) VALUES ({', '.join('?' * columns)})"


def _rows(plenty: Plenty) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...] | None]]:
    chance = random.Random(plenty.seed)
    for number in range(plenty.asks):
        # More people come as the product grows, and fewer at week ends.
        age = chance.triangular(0, plenty.days, plenty.days * 0.1)
        at = plenty.now - int(age * DAY_MS) - chance.randrange(SECOND_MS)
        if (at // DAY_MS + 3) % 7 > 4 and chance.random() < 0.55:
            at = max(at - 2 * DAY_MS, plenty.now - plenty.days * DAY_MS)
        yield _one(plenty, chance, at, f"{plenty.survey_key}-{plenty.seed}-{number:06}")


def _one(plenty: Plenty, chance: random.Random, at: int, name: str) -> Any:
    plan, country = (chance.choices(list(one), list(one.values()))[0] for one in (PLANS, COUNTRIES))
    traits = {"plan": plan, "country": country, "age": chance.randrange(17, 68), "email": f"{name}@learners.test"}
    key = (plenty.project_id, f"p-{name}")
    known = chance.random() < 0.85
    number = name.rsplit("-", maxsplit=1)[-1]
    ids = (f"learner-{number}-{plenty.survey_key}", None) if known else (None, f"a-{name}")
    person = (*key, *ids, at - 40 * DAY_MS, at, json.dumps(traits, separators=(",", ":")), None, 0)
    answers = chance.random() < 0.38
    seen = answers or chance.random() < 0.9
    dismissed = seen and not answers and chance.random() < 0.5
    left = seen and not answers and not dismissed and chance.random() < 0.03
    times = [at + after * SECOND_MS if is_so else None for is_so, after in ((seen, 1), (answers, 9), (dismissed, 5))]
    ask = (
        *key, f"k-{name}", plenty.survey_key, 1, plenty.kind, "[]", 0, 0, "en-GB", "https://lantern.test/lesson/3",
        "{}", at, *times, at + 6 * SECOND_MS if left else None,
    )  # fmt: skip
    return person, ask, _response(plenty, chance, (*key, f"k-{name}"), at, plan) if answers else None


def _response(plenty: Plenty, chance: random.Random, key: tuple[str, str, str], at: int, plan: str) -> tuple[Any, ...]:
    kind = KINDS[plenty.kind]
    score = band = None
    tone = "middle"
    if kind.scored:
        drift = 0.06 * (1 - (plenty.now - at) / DAY_MS / plenty.days)
        mood = chance.betavariate(3.4, 1.25) + drift + {"free": -0.05, "pro": 0.03, "team": 0.08}[plan]
        score = min(kind.highest, max(kind.lowest, round(kind.lowest + mood * (kind.highest - kind.lowest))))
        band = band_of(kind, score)
        names = [one.name for one in kind.bands]
        tone = "worst" if band == names[0] else "best" if band == names[-1] else "middle"
    comment = chance.choice(SAID[tone]) if chance.random() < 0.3 else None
    answers = {"score": score} | ({"why": comment} if comment else {})
    response_id = f"r-{at:014}-{key[2]}"
    return (
        *key, response_id, plenty.survey_key, 1, 2, json.dumps(answers), score, band, comment, 1, 0, at + 9_000,
        at + 20_000,
    )  # fmt: skip
