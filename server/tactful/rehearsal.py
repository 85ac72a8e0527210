"""A backtest from beginning to end: what is wanted, read, replayed and told as plain data.

The command line runs it in its own process, and so does the page (`web/backtests.py` starts one), since replaying a
million events is half a minute of processor time, and a page of members must not slow down who asks and answers.
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import IO, Any, Protocol

import orjson

from tactful.clock import Clock, SystemClock
from tactful.core.changes import unlike
from tactful.core.decide import LiveSurvey
from tactful.core.forecast import Measured, Real, as_json, forecast, habits
from tactful.core.policy import Policy
from tactful.core.reading import Definitions
from tactful.core.spans import DAY_MS
from tactful.core.surveys import Survey
from tactful.core.trial import ASSUMPTIONS, Asking, Plan, Tally, plan_of
from tactful.database_url import DatabaseUrl, read_database_url
from tactful.definitions import load
from tactful.errors import BadRequest, Conflict, NotFound, TactfulError
from tactful.store.backtest import Kept, Scan, history_of, kept_events, measure, really_asked, rehearse
from tactful.store.opening import scanning
from tactful.store.projects import Config, load_config

__all__ = ["Progress", "Told", "Wanted", "main", "rehearsed"]

#: The bar is drawn again after this many milliseconds.
_REDRAW_MS = 100
_MOST_BAR = 40


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to try: another policy, other or new surveys, and which surveys as if they were live, all in place of what
    the project has. The period is `since` (counted) until `until` (not counted); None: all that is kept."""

    project_id: str
    policy: Policy | None = None
    surveys: tuple[Survey, ...] = ()
    live: frozenset[str] = frozenset()
    since: int | None = None
    until: int | None = None
    margin: float = 5.0

    @property
    def proposes(self) -> bool:
        """Tell whether anything differs from what the project has."""
        return self.policy is not None or bool(self.surveys) or bool(self.live)


class Told(Protocol):
    """Hears how many events have been read, of how many."""

    def __call__(self, read: int, events: int) -> None: ...


def rehearsed(
    url: DatabaseUrl, clock: Clock, wanted: Wanted, told: Told, asked: Callable[[Sequence[Asking]], None] | None = None
) -> dict[str, Any]:
    """Run the backtest and return what it found as plain data; `asked` hears every ask of the last plan.

    Raises `NotFound` where no event is kept or a survey is not there, `BadRequest` for a period without events, and
    `Conflict` where a survey's kind would change.
    """
    opened: AbstractContextManager[Scan] = scanning(url, clock)
    with opened as scan:
        config = scan(load_config, wanted.project_id)
        if config is None:
            raise NotFound("no_such_project", "There is no such project.")
        kept = scan(kept_events, wanted.project_id)
        period = _period(config, kept, wanted)
        measured = scan(measure, wanted.project_id, config.catalogue)
        plans = [scan(history_of, wanted.project_id, one) for one in _plans(config, wanted, period, measured)]
        with _no_collector():
            tallies = rehearse(scan, wanted.project_id, plans, lambda read: told(read, kept.events))
        real = scan(really_asked, wanted.project_id, *period)
    if asked is not None:
        asked(tallies[-1].asks)
    found = [_found(plan, tally, measured, wanted) for plan, tally in zip(plans, tallies, strict=True)]
    return {
        "kept": {"since": kept.since, "events": kept.events, "first_at": kept.first_at, "last_at": kept.last_at},
        "period": {"from": period[0], "until": period[1], "days": (period[1] - period[0]) / DAY_MS},
        "present": found[0],
        "proposed": found[1] if wanted.proposes else None,
        "really": _really(real, period),
        "assumptions": list(ASSUMPTIONS),
    }


@contextmanager
def _no_collector() -> Iterator[None]:
    """Leave the garbage collector out: what a replay makes refers in no circles, and to look for some among a million
    values takes a quarter of its time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _period(config: Config, kept: Kept, wanted: Wanted) -> tuple[int, int]:
    if kept.first_at is None or kept.last_at is None:
        how = (
            "This project keeps none."
            if not config.keep_events_ms
            else f"They are kept for {config.keep_events_ms // DAY_MS} days from when they come."
        )
        raise NotFound(
            "no_kept_events",
            f"{config.name} has no kept events to replay. {how} Send events from a backend; see Events from backends.",
        )
    since = kept.first_at if wanted.since is None else max(wanted.since, kept.first_at)
    until = kept.last_at + 1 if wanted.until is None else min(wanted.until, kept.last_at + 1)
    if since >= until:
        raise BadRequest("empty_period", "No event was kept in this period; choose one that begins before it ends.")
    return since, until


def _plans(config: Config, wanted: Wanted, period: tuple[int, int], measured: dict[str, Measured]) -> tuple[Plan, ...]:
    stored = dict(config.catalogue.surveys)
    for key in wanted.live - stored.keys():
        raise NotFound("no_such_survey", f"There is no survey {key!r} in this project.")
    plans = [plan_of(config.catalogue.policy, stored.values(), frozenset(), period)]
    if wanted.proposes:
        given = stored | {survey.key: _instead(survey, stored.get(survey.key)) for survey in wanted.surveys}
        live = wanted.live | {survey.key for survey in wanted.surveys}
        plans.append(plan_of(wanted.policy or config.catalogue.policy, given.values(), live, period))
    return tuple(
        replace(plan, habits=habits((one.survey for one in plan.catalogue.surveys.values()), measured))
        for plan in plans
    )


def _instead(survey: Survey, stored: LiveSurvey | None) -> LiveSurvey:
    """A survey of a file in the place of the project's. Raises `Conflict` where scores would not add up."""
    if stored is None:
        return LiveSurvey(survey, 1, ())
    refused = unlike(stored.survey, survey)
    if refused:
        raise Conflict(*refused)
    return replace(stored, survey=survey, version=stored.version + 1)


def _found(plan: Plan, tally: Tally, measured: dict[str, Measured], wanted: Wanted) -> dict[str, Any]:
    return as_json(forecast(plan, tally, measured, wanted.margin))


def _really(real: Real, period: tuple[int, int]) -> dict[str, Any]:
    first, last = period[0] // DAY_MS, (period[1] - 1) // DAY_MS
    days: Counter[int] = Counter()
    surveys: Counter[str] = Counter()
    for (survey, day), asks in real.asks.items():
        days[day] += asks
        surveys[survey] += asks
    return {
        "asks": sum(surveys.values()),
        "people": real.people,
        "per_day": [days[day] for day in range(first, last + 1)],
        "surveys": dict(sorted(surveys.items())),
    }


class Progress:
    """A bar on a terminal: percent, events a second, and the time that is left. Silent anywhere else, unless
    `always`."""

    def __init__(self, clock: Clock, out: IO[str], *, always: bool = False) -> None:
        self._clock = clock
        self._out = out
        self._on = always or out.isatty()
        self._began = self._drawn = clock.now_ms()

    def __call__(self, read: int, events: int) -> None:
        """Draw the bar, but not more often than an eye follows."""
        now = self._clock.now_ms()
        if not self._on or (now < self._drawn + _REDRAW_MS and read < events):
            return
        self._drawn = now
        rate = read * 1_000 / max(1, now - self._began)
        share = min(1.0, read / max(1, events))
        left = max(0, events - read) / rate if rate else 0
        width = max(10, min(_MOST_BAR, shutil.get_terminal_size().columns - 50))
        bar = "#" * round(share * width) + "." * (width - round(share * width))
        self._out.write(f"\r[{bar}] {share:4.0%}  {rate:>9,.0f} events/s  {left:3.0f} s left ")
        if read >= events:
            self._out.write("\n")
        self._out.flush()


def main() -> None:
    """Do what is ordered on standard input as JSON, and tell on standard output how far it is and what it found.

    Each line is `{read, events}`, or last `{found}` or `{fault}`. What runs the service goes first.
    """
    os.nice(10)
    order = orjson.loads(sys.stdin.buffer.read())
    clock = SystemClock()

    def say(**told: Any) -> None:
        sys.stdout.buffer.write(orjson.dumps(told) + b"\n")
        sys.stdout.buffer.flush()

    try:
        definitions = load(order["text"].encode(), "backtest.yaml").definitions if order["text"] else Definitions()
        live = frozenset({order["live"]} if order["live"] else ())
        wanted = Wanted(order["project"], definitions.policy, definitions.surveys, live, margin=order["margin"])
        url = read_database_url(order["database"])
        found = rehearsed(url, clock, wanted, lambda read, events: say(read=read, events=events))
        say(found=found)
    except TactfulError as error:
        say(fault=error.message)


if __name__ == "__main__":
    main()
