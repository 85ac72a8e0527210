"""`tactful backtest`: what another policy or survey would have asked, in the terminal, as JSON and as CSV."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from tactful.commands import ProjectName, clock, project_id_of, same_database
from tactful.core.policy import Policy
from tactful.core.surveys import Survey
from tactful.core.trial import Asking
from tactful.definitions import load
from tactful.errors import BadRequest
from tactful.rehearsal import Progress, Wanted, rehearsed
from tactful.web.times import iso_time

__all__ = ["add_backtest"]

_BARS = "▁▂▃▄▅▆▇█"
_MOST_BARS = 60
#: A spreadsheet takes a text that begins with one of these for a formula.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def add_backtest(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(backtest)


def backtest(  # noqa: PLR0913, PLR0917  # one parameter for each option
    project: ProjectName,
    policy: Annotated[Path | None, typer.Option(help="A YAML or JSON file whose `policy:` to try.")] = None,
    surveys: Annotated[Path | None, typer.Option(help="A file whose `surveys:` to try, as if they were live.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="From this day or time on, in UTC.")] = None,
    until: Annotated[str | None, typer.Option(help="Until this day or time, not counted, in UTC.")] = None,
    margin: Annotated[float, typer.Option(min=0.1, max=100, help="The wanted half-width, in points.")] = 5.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,  # noqa: FBT002  # a flag of typer's
    to_csv: Annotated[Path | None, typer.Option("--csv", help="Write who would have been asked when.")] = None,
) -> None:
    """Replay kept events under another policy or other surveys. Writes nothing to the database."""
    url = same_database()
    project_id = project_id_of(url, project)
    wanted = Wanted(
        project_id,
        policy=_policy(policy),
        surveys=_surveys(surveys),
        since=_instant(since, "--from"),
        until=_instant(until, "--until"),
        margin=margin,
    )
    asks: list[Asking] = []
    told = rehearsed(url, clock, wanted, Progress(clock, sys.stderr), asks.extend)
    if to_csv is not None:
        _write_csv(to_csv, asks)
    if as_json:
        typer.echo(orjson.dumps(told, option=orjson.OPT_INDENT_2))
    else:
        typer.echo("\n".join(_lines(told)))


def _policy(file: Path | None) -> Policy | None:
    if file is None:
        return None
    found = load(file.read_bytes(), str(file)).definitions.policy
    if found is None:
        raise BadRequest("no_policy", f"{file} says no `policy:`.")
    return found


def _surveys(file: Path | None) -> tuple[Survey, ...]:
    if file is None:
        return ()
    found = load(file.read_bytes(), str(file)).definitions.surveys
    if not found:
        raise BadRequest("no_surveys", f"{file} says no `surveys:`.")
    return found


def _instant(written: str | None, option: str) -> int | None:
    if written is None:
        return None
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise BadRequest("bad_time", f"{option} {written}: write a day or time like 2026-11-21.") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1_000)


def _write_csv(file: Path, asks: Sequence[Asking]) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("asked_at", "person_id", "user", "survey"))
        writer.writerows((iso_time(one.at), one.person_id, _no_formula(one.who), one.survey) for one in asks)


def _no_formula(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULAS) else text


def _day(at: int) -> str:
    return iso_time(at)[:10]


def _lines(told: dict[str, Any]) -> list[str]:
    kept, period = told["kept"], told["period"]
    replayed = f"replayed {_day(period['from'])} to {_day(period['until'])} ({period['days']:.0f} days)"
    lines = [f"{kept['events']:,} events kept since {_day(kept['since'])}; {replayed}.", "", *_comparison(told)]
    for survey in (told["proposed"] or told["present"])["surveys"]:
        lines += ["", *_survey(survey)]
    return [*lines, "", "Assumed:", *(f"  - {one}" for one in told["assumptions"])]


def _comparison(told: dict[str, Any]) -> list[str]:
    columns = {"really": told["really"], "present": told["present"]}
    if told["proposed"] is not None:
        columns["proposed"] = told["proposed"]
    lines = [f"{'':<10}{'asks':>10}{'people':>10}  asks per day"]
    top = max((bar for one in columns.values() for bar in _bars(one["per_day"])), default=0)
    for name, one in columns.items():
        lines.append(f"{name:<10}{one['asks']:>10,}{one['people']:>10,}  {_spark(one['per_day'], top)}")
    return lines


def _bars(per_day: Sequence[int]) -> list[float]:
    """Days gathered until they fit a line, as asks per day."""
    each = -(-len(per_day) // _MOST_BARS)
    return [sum(days) / len(days) for days in (per_day[at : at + each] for at in range(0, len(per_day), each or 1))]


def _spark(per_day: Sequence[int], top: float) -> str:
    """All lines share one `top`, so that their heights compare; something is never drawn as nothing."""
    return "".join(" " if not bar else _BARS[min(7, int(bar * 8 / top))] for bar in _bars(per_day))


def _survey(one: dict[str, Any]) -> list[str]:
    asked = f"{one['asks']:,} asks to {one['people']:,} people, of {one['candidates']:,} candidates"
    lines = [f"{one['survey']} ({one['kind']}): {asked}", *(f"  {line}" for line in _expectation(one))]
    if one["refusals"]:
        lines.append("  kept out at first sight:")
        lines += [f"  {reason['count']:>9,}  {reason['message']}" for reason in one["refusals"]]
    return lines


def _expectation(one: dict[str, Any]) -> list[str]:
    rate, expected, goal = one["rate"], one["expected_responses"], one["goal"]
    if rate is None:
        lines = ["expected responses: unknown; nobody was asked this survey or one of its kind yet"]
    else:
        of = "this survey" if rate["of"] == "survey" else f"{one['kind']} surveys"
        count = f"{expected['estimate']:,.0f} ({expected['low']:,.0f} to {expected['high']:,.0f})"
        lines = [f"expected responses: {count}, at {rate['estimate']:.0%} of {rate['asked']:,} asks of {of}"]
    if goal is not None:
        spread = "the spread so far" if goal["spread"] == "measured" else "the widest spread"
        lines.append(f"±{goal['margin']:g} takes {goal['responses']:,} responses at {spread}: {_days(goal['days'])}")
    return lines


def _days(days: dict[str, Any] | None) -> str:
    if days is None:
        return "no pace is known"
    high = "ever longer" if days["high"] is None else f"{days['high']:,.0f}"
    return f"{days['estimate']:,.0f} days ({days['low']:,.0f} to {high})"
