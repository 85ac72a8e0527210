"""Deciding, asking and answering, each beside the bare route, in rounds that alternate."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bench.report import Line
from bench.world import WATCHED, Target, World, load

DECISIONS = 8_000
PAIRS = 1_500
PEOPLE = 500
PACED_S = 5.0
P99_MS = 20

Jobs = list[list[list[str]]]

_fresh = itertools.count()


@dataclass(frozen=True)
class Round:
    """What one round came to: requests a second, and processor time of the server and of the client for each."""

    rate: float
    server_us: float
    client_us: float

    @classmethod
    def of(cls, result: dict[str, Any]) -> Round:
        requests = len(result["seconds"])
        return cls(
            requests / result["elapsed"], result["server"] / requests * 1e6, result["processor"] / requests * 1e6
        )


@dataclass
class Case:
    """One kind of request, its budget, and its rounds with the reference's round just before each."""

    what: str
    budget: float
    jobs: Callable[[World], Jobs]
    rounds: list[tuple[Round, Round]] = field(default_factory=list)


def _unwatched(world: World) -> Jobs:
    return [[world.event("Nobody Waits", f"user-{number % PEOPLE}")] for number in range(DECISIONS)]


def _watched(world: World) -> Jobs:
    return [[world.event(WATCHED[0], f"user-{number % PEOPLE}")] for number in range(DECISIONS)]


def _asks(world: World, pairs: int = PAIRS) -> Jobs:
    """Offers to people who were never asked, made before the round begins: an ask and a response for each."""
    users = [f"fresh-{next(_fresh)}" for _ in range(pairs)]
    replies = load(world.ours, [[world.event(WATCHED[0], user)] for user in users], keep=True)["replies"]
    return [world.ask(reply["offer"]["token"], user) for reply, user in zip(replies, users, strict=True)]


CASES = (
    ("deciding, nothing matches", 0.8, _unwatched),
    ("deciding, an offer made", 0.5, _watched),
    ("asks and responses, durable", 0.2, _asks),
)


def _measured(target: Target, jobs: Jobs) -> Round:
    return Round.of(load(target, jobs))


def measure(world: World, rounds: int) -> list[Line]:
    """Run all cases in turns, the reference before each of them."""
    cases = [Case(*case) for case in CASES]
    for target, jobs in ((world.bare, _unwatched(world)), *((world.ours, case.jobs(world)) for case in cases)):
        load(target, jobs)  # everybody is met and every cache is filled
    for _ in range(rounds):
        for case in cases:
            jobs = case.jobs(world)
            case.rounds.append((_measured(world.bare, _unwatched(world)), _measured(world.ours, jobs)))
    lines = [line for case in cases for line in _lines(case)]
    asking = statistics.median(ours.rate for _, ours in cases[-1].rounds)
    return [*lines, _at_half_load(world, asking)]


def _lines(case: Case) -> list[Line]:
    ratios = [ours.rate / bare.rate for bare, ours in case.rounds]
    bare, ours = ([pair[side] for pair in case.rounds] for side in (0, 1))
    ratio = statistics.median(ratios)
    rates = [statistics.median(one.rate for one in side) for side in (ours, bare)]
    costs = [statistics.median(one.server_us for one in side) for side in (ours, bare)]
    client = statistics.median(one.client_us for one in ours)
    return [
        Line(
            case.what,
            f"{rates[0]:,.0f}/s",
            f"{rates[1]:,.0f}/s bare",
            f"{ratio:.2f} ({min(ratios):.2f}-{max(ratios):.2f})",
            f">= {case.budget} x",
            ratio >= case.budget,
        ),
        Line(
            f"  processor time (client {client:.0f} us)",
            f"{costs[0]:.0f} us",
            f"{costs[1]:.0f} us bare",
            f"{costs[1] / costs[0]:.2f} inverse",
            "",
            None,
        ),
    ]


def _at_half_load(world: World, requests_a_second: float) -> Line:
    """Asks and responses at a fixed pace, half of what they came to; and the reference at the same pace."""
    pairs_a_second = requests_a_second / 2 / 2
    pairs = int(pairs_a_second * PACED_S)
    waits = {}
    for target, jobs, rate in (
        (world.bare, _unwatched(world)[: 2 * pairs], 2 * pairs_a_second),
        (world.ours, _asks(world, pairs), pairs_a_second),
    ):
        seconds = load(target, jobs, rate=rate)["seconds"]
        waits[target.name] = statistics.quantiles(seconds, n=100)[98] * 1_000
    ours, bare = waits[world.ours.name], waits[world.bare.name]
    return Line(
        f"  p99 at {2 * pairs_a_second:,.0f} requests/s",
        f"{ours:.1f} ms",
        f"{bare:.1f} ms bare",
        f"{ours / bare:.1f}",
        f"<= {P99_MS} ms",
        ours <= P99_MS,
    )
