"""Print the budgets."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from bench import backtest, decision, growth, journal, live_streams, postgres, rates, sizes, start
from bench.report import Line, show
from bench.world import a_world

PARTS = ("sizes", "start", "requests", "decide", "live", "journal", "backtest", "postgres", "growth")


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def main() -> None:
    """Measure the parts named on the command line, all of them by default."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="what to measure; everything by default")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of each kind of request")
    parser.add_argument("--people", default=growth.PEOPLE, type=_numbers, help="sizes for growth: 10000,1000000")
    given = parser.parse_args()
    wanted = given.parts or PARTS
    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as directory:
        if "start" in wanted:
            lines += start.measure(Path(directory))
        if {"sizes", "requests"} & set(wanted):
            with a_world(Path(directory)) as world:
                if "sizes" in wanted:
                    lines += sizes.measure(world)
                if "requests" in wanted:
                    lines += rates.measure(world, given.rounds)
        if "decide" in wanted:
            lines += decision.measure()
        if "journal" in wanted:
            lines += journal.measure(Path(directory))
        if "live" in wanted:
            lines += live_streams.measure(Path(directory))
        if "backtest" in wanted:
            lines += backtest.measure(Path(directory))
        if "postgres" in wanted:
            lines += postgres.measure()
        if "growth" in wanted:
            lines += growth.measure(Path(directory), given.people)
    show(lines)


if __name__ == "__main__":
    main()
