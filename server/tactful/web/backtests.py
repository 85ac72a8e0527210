"""Backtests that members start: one at a time for the whole installation, each in a process of its own.

Replaying is half a minute of processor time for a million events, and on this process's threads it would hold up the
event loop; so `python -m tactful.rehearsal` does it, at a lower priority, and tells its progress line by line. A
project's latest backtest is remembered until the service stops, since it can be run again at any time.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from tactful.clock import Clock
from tactful.database_url import DatabaseUrl
from tactful.errors import Conflict
from tactful.web.updates import Updates

__all__ = ["Backtests", "Job"]

State = Literal["queued", "running", "done", "failed", "cancelled"]

#: Projects whose latest backtest is remembered.
_MOST_KEPT = 50
#: One line of the process: what it found, for 200 surveys over 90 days.
_LONGEST_LINE = 16 * 1_024 * 1_024


@dataclass(slots=True)
class Job:
    """One backtest: what is tried (`text`, `live`, `margin`), how far it is, and what it found or why it failed."""

    project_id: str
    text: str
    live: str | None
    margin: float
    state: State = "queued"
    read: int = 0
    events: int = 0
    began_at: int = 0
    result: dict[str, Any] | None = None
    fault: str = ""
    process: asyncio.subprocess.Process | None = field(default=None, repr=False)

    @property
    def is_over(self) -> bool:
        return self.state in ("done", "failed", "cancelled")

    def order(self, url: DatabaseUrl) -> bytes:
        """What the process is told; by its input, since everybody on the machine may read a command line."""
        told = {
            "database": url.text,
            "project": self.project_id,
            "text": self.text,
            "live": self.live,
            "margin": self.margin,
        }
        return orjson.dumps(told)


class Backtests:
    """The backtests of this process, by project; `Updates` hear of every step."""

    def __init__(self, url: DatabaseUrl, clock: Clock, updates: Updates) -> None:
        self._url = url
        self._clock = clock
        self._updates = updates
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._queue: list[Job] = []
        self._worker: asyncio.Task[None] | None = None

    def latest(self, project_id: str) -> Job | None:
        """The project's latest backtest, whatever became of it."""
        return self._jobs.get(project_id)

    def ahead(self, job: Job) -> int:
        """How many are done before this one that waits."""
        return self._queue.index(job) if job in self._queue else 0

    def start(self, project_id: str, text: str, live: str | None, margin: float) -> Job:
        """Queue a backtest. Raises `Conflict` while another one of the project is under way."""
        before = self._jobs.pop(project_id, None)
        if before is not None and not before.is_over:
            self._jobs[project_id] = before
            raise Conflict("backtest_running", "A backtest of this project is under way; cancel it first.")
        job = self._jobs[project_id] = Job(project_id, text, live, margin)
        over = [key for key, one in self._jobs.items() if one.is_over]
        for key in over[: max(0, len(self._jobs) - _MOST_KEPT)]:
            del self._jobs[key]
        self._queue.append(job)
        if self._worker is None:
            self._worker = asyncio.create_task(self._work(), name="tactful-backtests")
        return job

    def cancel(self, project_id: str) -> None:
        """End the project's backtest, if it is under way."""
        job = self._jobs.get(project_id)
        if job is None or job.is_over:
            return
        job.state = "cancelled"
        if job.process is not None and job.process.returncode is None:
            job.process.kill()
        self._tell(job)

    async def close(self) -> None:
        """End what runs and forget what waits: the service stops."""
        for project_id in list(self._jobs):
            self.cancel(project_id)
        await self.finish()

    async def finish(self) -> None:
        """Wait until nothing waits."""
        if self._worker is not None:
            await asyncio.wait([self._worker])

    def _tell(self, job: Job) -> None:
        self._updates.tell(job.project_id, "backtest")

    async def _work(self) -> None:
        """Do what waits, one after the other."""
        while self._queue:
            job = self._queue[0]
            try:
                if not job.is_over:
                    await self._run(job)
            except OSError as error:
                job.state, job.fault = "failed", f"The backtest could not start: {error.strerror}."
            finally:
                self._queue.remove(job)
                self._tell(job)
        self._worker = None

    async def _run(self, job: Job) -> None:
        job.state, job.began_at = "running", self._clock.now_ms()
        self._tell(job)
        pipe = asyncio.subprocess.PIPE
        command = (sys.executable, "-m", "tactful.rehearsal")
        job.process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, limit=_LONGEST_LINE)
        assert job.process.stdin is not None
        assert job.process.stdout is not None
        if job.is_over:
            # Cancelled while the process was being made.
            job.process.kill()
        with contextlib.suppress(ConnectionError):
            job.process.stdin.write(job.order(self._url))
            job.process.stdin.close()
            async for line in job.process.stdout:
                self._hear(job, orjson.loads(line))
        code = await job.process.wait()
        if not job.is_over:
            job.state, job.fault = "failed", f"The backtest ended by itself (code {code}); run it again."

    def _hear(self, job: Job, told: dict[str, Any]) -> None:
        if job.is_over:
            return
        if "found" in told:
            job.state, job.result = "done", told["found"]
        elif "fault" in told:
            job.state, job.fault = "failed", told["fault"]
        else:
            job.read, job.events = told["read"], told["events"]
            self._tell(job)
