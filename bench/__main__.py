"""Print the budgets."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import (
    backtest,
    decision,
    drivers,
    growth,
    ingest,
    journal,
    live_streams,
    overload,
    page_cost,
    postgres,
    rates,
    sizes,
    start,
)
from bench.report import Line, show
from bench.world import World, a_world

#: What is measured on a world of its own, by the name of the part.
PARTS: dict[str, Callable[[Path, argparse.Namespace], list[Line]]] = {
    "start": lambda directory, _: start.measure(directory),
    "decide": lambda _, __: decision.measure(),
    "journal": lambda directory, _: journal.measure(directory),
    "ingest": lambda directory, _: ingest.measure(directory),
    "live": lambda directory, _: live_streams.measure(directory),
    "overload": lambda directory, _: overload.measure(directory / "overload"),
    "page": lambda directory, _: page_cost.measure(directory),
    "backtest": lambda directory, _: backtest.measure(directory),
    "postgres": lambda _, __: postgres.measure(),
    "drivers": lambda _, __: drivers.measure(),
    "growth": lambda directory, given: growth.measure(directory, given.people),
}
#: What is measured on one running service, together.
ON_A_SERVICE: dict[str, Callable[[World, argparse.Namespace], list[Line]]] = {
    "sizes": lambda world, _: sizes.measure(world),
    "requests": lambda world, given: rates.measure(world, given.rounds),
}


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def main() -> None:
    """Measure the parts named on the command line, all of them by default."""
    names = [*ON_A_SERVICE, *PARTS]
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*names, []], help="what to measure; everything by default")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of each kind of request")
    parser.add_argument("--people", default=growth.PEOPLE, type=_numbers, help="sizes for growth: 10000,1000000")
    given = parser.parse_args()
    wanted = given.parts or names
    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as directory:
        on_a_service = [name for name in ON_A_SERVICE if name in wanted]
        if on_a_service:
            with a_world(Path(directory)) as world:
                for name in on_a_service:
                    lines += ON_A_SERVICE[name](world, given)
        for name in (name for name in PARTS if name in wanted):
            lines += PARTS[name](Path(directory), given)
    show(lines)


if __name__ == "__main__":
    main()
