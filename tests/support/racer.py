"""One of several server processes that race on one PostgreSQL, at the level of the transactions that serve a request.

    python -m tests.support.racer

reads its jobs from standard input as one line of JSON, says `ready`, waits for another line, and does all of them at
once. What came of each it says as JSON: `asked`, `not_now` with the refusals' codes, `merged`, or `error` with the
error's name. `starts` begins such processes and lets them go at the same moment.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tactful.clock import SystemClock
from tactful.database_url import DatabaseUrl, read_database_url
from tactful.identity import Identity
from tactful.store.asks import Asked, Context, Offered, take_up
from tactful.store.events import observe
from tactful.store.opening import ServedDatabase, open_database
from tactful.store.projects import Config, load_config

__all__ = ["Merge", "Outcome", "Racers", "Take", "racing"]

#: Jobs that a process has under way at once, as a server has requests.
AT_ONCE = 256


@dataclass(frozen=True)
class Take:
    """Take up an offer of `person_id` as whoever has these ids."""

    person_id: str
    offer_id: str
    user_id: str | None
    anonymous_id: str | None = None
    survey_key: str = "nps"


@dataclass(frozen=True)
class Merge:
    """Recognise that the user and the browser are one person."""

    user_id: str
    anonymous_id: str
    new_person_id: str


@dataclass(frozen=True)
class Outcome:
    """What came of a job: `asked`, `not_now`, `merged` or `error`, with the person or the codes or the error's name."""

    what: str
    told: str


@dataclass
class Racers:
    """Processes that are ready, with their share of the jobs; `took_s` is the time of the last race."""

    processes: list[subprocess.Popen[str]]
    took_s: float = field(default=0.0)

    def race(self) -> list[list[Outcome]]:
        """Let all go at once; the outcomes of each process's jobs, in their order."""
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        told = [self._line(process) for process in self.processes]
        self.took_s = max(one["took_s"] for one in told)
        return [[Outcome(*outcome) for outcome in one["outcomes"]] for one in told]

    def _line(self, process: subprocess.Popen[str]) -> Any:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"a racer ended with {process.wait()}"
        return json.loads(line)


@contextmanager
def racing(url: DatabaseUrl, project_id: str, shares: Sequence[Sequence[Take | Merge]]) -> Iterator[Racers]:
    """Start a process for each share of the jobs and wait until every one is ready."""
    processes = []
    for share in shares:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.racer"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        processes.append(process)
        jobs = [[type(job).__name__, vars(job)] for job in share]
        assert process.stdin is not None
        process.stdin.write(json.dumps({"database": url.text, "project": project_id, "jobs": jobs}) + "\n")
        process.stdin.flush()
    racers = Racers(processes)
    try:
        assert [racers._line(process) for process in processes] == ["ready"] * len(shares)
        yield racers
    finally:
        for process in processes:
            process.stdin.close()  # type: ignore[union-attr]  # it is a pipe
            process.wait(30)
            process.stdout.close()  # type: ignore[union-attr]  # it is a pipe


async def _do(db: ServedDatabase, config: Config, job: Take | Merge) -> Outcome:
    identity = Identity(job.user_id, job.anonymous_id, proved=True)
    try:
        if isinstance(job, Merge):
            found = await db.run(observe, config.project_id, identity, (), job.new_person_id, config.catalogue)
            return Outcome("merged", found.known.person_id)
        version = config.catalogue.surveys[job.survey_key].version
        offered = Offered(job.person_id, job.offer_id, job.survey_key, version)
        came = await db.run(take_up, config, offered, identity, Context("", "en"))
    except Exception as error:  # noqa: BLE001 -- whatever reaches a caller is what is to be counted
        return Outcome("error", f"{type(error).__name__}: {error}")
    if isinstance(came, Asked):
        return Outcome("asked", came.known.person_id)
    return Outcome("not_now", " ".join(refusal.code for refusal in came.refusals))


async def _race(order: dict[str, Any]) -> None:
    kinds = {"Take": Take, "Merge": Merge}
    jobs: list[Take | Merge] = [kinds[kind](**fields) for kind, fields in order["jobs"]]
    async with open_database(read_database_url(order["database"]), SystemClock()) as db:
        config = await db.read(load_config, order["project"])
        assert config is not None
        print(json.dumps("ready"), flush=True)  # noqa: T201  # the parent reads it
        await asyncio.to_thread(sys.stdin.readline)
        began = time.perf_counter()
        turns = asyncio.Semaphore(AT_ONCE)

        async def in_turn(job: Take | Merge) -> Outcome:
            async with turns:
                return await _do(db, config, job)

        outcomes = await asyncio.gather(*map(in_turn, jobs))
        told = {
            "took_s": time.perf_counter() - began,
            "outcomes": [[outcome.what, outcome.told] for outcome in outcomes],
        }
        print(json.dumps(told), flush=True)  # noqa: T201  # the parent reads it


if __name__ == "__main__":
    asyncio.run(_race(json.loads(sys.stdin.readline())))
