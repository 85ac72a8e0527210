"""Asks and answers written straight into the tables, exactly as many as a test says, at the times that it says."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tactful.core.kinds import KINDS, band_of
from tests.support.plenty import COLUMNS

__all__ = ["Written"]

_numbers = itertools.count()


@dataclass
class Written:
    """One survey's answers, to be written."""

    path: Path
    project_id: str
    kind: str = "nps"
    survey: str = "nps"
    traits: Mapping[str, Any] = field(default_factory=dict)
    known: bool = True

    def say(self, at: int, scores: Sequence[int | None], *, comment: str | None = None, test: bool = False) -> None:
        """Everybody is asked at `at`, and answers one of `scores`."""
        for score in scores:
            person, ask = self._ask(at, {"responded": at, "seen": at}, test=test)
            band = None if score is None else band_of(KINDS[self.kind], score)
            answers = json.dumps({"score": score, "why": comment})
            key = (self.project_id, person, ask, f"r{ask}", self.survey)
            self._insert("responses", *key, 1, 1, answers, score, band, comment, 1, int(test), at, at)

    def ask(self, at: int, times: int = 1, **outcome: int) -> None:
        """Ask so many people, who do not answer; `outcome` names when they saw or dismissed the card."""
        for _ in range(times):
            self._ask(at, outcome)

    def _ask(self, at: int, outcome: Mapping[str, int], *, test: bool = False) -> tuple[str, str]:
        number = next(_numbers)
        person, ask = f"p{number:06}", f"k{number:06}"
        ids = (f"user-{number}", None) if self.known else (None, f"anon-{number}")
        self._insert("people", self.project_id, person, *ids, at, at, json.dumps(self.traits), None, int(test))
        key = (self.project_id, person, ask, self.survey, 1, self.kind, "[]", int(test), 0, "en", "http://site.test/")
        times = [outcome.get(name) for name in ("seen", "responded", "dismissed", "opted_out")]
        self._insert("asks", *key, "{}", at, *times)
        return person, ask

    def _insert(self, table: str, *values: Any) -> None:
        places = ", ".join("?" * len(values))
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute(f"INSERT INTO {table} ({COLUMNS[table]}) VALUES ({places})", values)
            connection.commit()
