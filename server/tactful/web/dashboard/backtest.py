"""`/projects/{project_id}/backtest`: what another policy or a draft would have asked, from the events that are kept.

An editor starts one; whoever looks sees how far it is and what it found. It runs apart from this process
(`web/backtests.py`). The page is the same with and without a script: with one it follows the progress by the live
stream, without one it loads itself again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.responses import RedirectResponse, Response

from tactful.core.reading import write_policy
from tactful.core.spans import DAY_MS
from tactful.core.trial import ASSUMPTIONS
from tactful.definitions import load
from tactful.errors import BadRequest, Conflict, Invalid, TooLarge
from tactful.sources import write_yaml
from tactful.store.backtest import kept_events
from tactful.web.access import page_response
from tactful.web.backtests import Job
from tactful.web.dashboard.frame import Look, member_page
from tactful.web.forms import read_form

__all__ = ["backtest", "begin", "cancel"]

_LIMIT = 256 * 1_024
_MARGINS = (2.0, 3.0, 5.0, 10.0, 15.0)
_DRAWN = (720, 200)
_UNDER = 24
#: What takes longer than this is told as never, not as a number of days.
_TOO_LONG_DAYS = 3_650


@dataclass(frozen=True, slots=True)
class _Form:
    """What stands in the form; `fault` says what is wrong with it."""

    text: str
    live: str = ""
    margin: float = 5.0
    fault: str = ""
    faults: Sequence[Mapping[str, Any]] = ()


@member_page("surveys")
async def backtest(look: Look) -> str:
    """`GET`: the form, and the latest backtest of the project."""
    job = _job(look)
    if job is not None:
        return await _page(look, _Form(job.text or _present(look), job.live or "", job.margin))
    return await _page(look, _Form(_present(look), look.request.query_params.get("survey", "")))


@member_page("surveys", "editor")
async def begin(look: Look) -> str | Response:
    """`POST`: start a backtest of what the form says."""
    form = await read_form(look.request, _LIMIT)
    text, live = form.get("text", "").replace("\r\n", "\n").strip(), form.get("survey", "")
    tried = _Form(text, live, _margin(form.get("margin", "")))
    try:
        _check(look, tried)
        # What is as it is now need not be tried.
        given = "" if text == _present(look).strip() else text
        look.service.backtests.start(look.project_id, given, live or None, tried.margin)
    except Invalid as error:
        faulty = _Form(text, live, tried.margin, "This cannot be read yet:", error.data["faults"])
        return page_response(await _page(look, faulty), 422)
    except (BadRequest, Conflict, TooLarge) as error:
        return page_response(await _page(look, _Form(text, live, tried.margin, error.message)), error.status)
    return RedirectResponse(f"/projects/{look.project_id}/backtest#outcome", 303)


@member_page("surveys", "editor")
async def cancel(look: Look) -> Response:
    """`POST`: end the backtest that is under way."""
    look.service.backtests.cancel(look.project_id)
    return RedirectResponse(f"/projects/{look.project_id}/backtest", 303)


def _job(look: Look) -> Job | None:
    return look.service.backtests.latest(look.project_id)


def _present(look: Look) -> str:
    assert look.config is not None, "a backtest belongs to a project"
    return write_yaml({"policy": write_policy(look.config.catalogue.policy)})


def _margin(written: str) -> float:
    return next((one for one in _MARGINS if f"{one:g}" == written), 5.0)


def _check(look: Look, tried: _Form) -> None:
    """Raise what is wrong with the form."""
    assert look.config is not None, "a backtest belongs to a project"
    if tried.live and tried.live not in look.config.catalogue.surveys:
        raise BadRequest("no_such_survey", f"There is no survey {tried.live!r} in this project.")
    if tried.text:
        load(tried.text.encode(), "policy.yaml")


async def _page(look: Look, form: _Form) -> str:
    config = look.config
    assert config is not None, "a backtest belongs to a project"
    kept = await look.service.db.scan(kept_events, config.project_id)
    job = _job(look)
    asleep = [one.survey for one in config.catalogue.surveys.values() if one.survey.state != "live"]
    return look.render(
        "backtest.html",
        title="Backtest",
        kept=kept,
        kept_since=_day(kept.since or 0),
        keep_days=config.keep_events_ms // DAY_MS,
        form=form,
        may_run=look.member.may("editor"),
        surveys=sorted(asleep, key=lambda survey: survey.name.lower()),
        margins=[f"{one:g}" for one in _MARGINS],
        job=job,
        ahead=look.service.backtests.ahead(job) if job is not None else 0,
        left_ms=_left_ms(job, look.now_ms),
        found=_found(job),
        assumptions=ASSUMPTIONS,
    )


def _left_ms(job: Job | None, now_ms: int) -> int | None:
    """How long the backtest will take at its pace so far; None before there is one."""
    if job is None or job.state != "running" or not job.read:
        return None
    return max(0, job.events - job.read) * max(1, now_ms - job.began_at) // job.read


def _found(job: Job | None) -> dict[str, Any] | None:
    """What the page shows of a result: columns that compare, lines that are drawn, and a part for each survey."""
    if job is None or job.result is None:
        return None
    told = job.result
    tried = told["proposed"] or told["present"]
    columns = [("Really asked", "really", told["really"]), ("Present rules", "present", told["present"])]
    if told["proposed"] is not None:
        columns.append(("Proposed", "proposed", told["proposed"]))
    top = max(1, *(asks for _, _, one in columns for asks in one["per_day"]))
    before = {one["survey"]: one for one in told["present"]["surveys"]}
    return {
        "first": _day(told["period"]["from"]),
        "last": _day(told["period"]["until"]),
        "columns": columns,
        "lines": [(key, _points(one["per_day"], top)) for _, key, one in columns],
        "top": top,
        "size": _DRAWN,
        "floor": _DRAWN[1] - _UNDER,
        "too_long": _TOO_LONG_DAYS,
        "days": _days(told, columns),
        "surveys": [
            (one, before.get(one["survey"]) if told["proposed"] else None)
            for one in sorted(tried["surveys"], key=lambda one: -one["candidates"])
            if one["candidates"]
        ],
        "silent": [one["name"] for one in tried["surveys"] if not one["candidates"]],
    }


def _day(at_ms: int) -> str:
    moment = datetime.fromtimestamp(at_ms / 1_000, UTC)
    return f"{moment.day} {moment:%b %Y}"


def _points(per_day: Sequence[int], top: int) -> str:
    """The corners of a line through every day, from the left edge to the right one."""
    width, height = _DRAWN[0], _DRAWN[1] - _UNDER
    values = per_day if len(per_day) > 1 else (*per_day, *per_day)
    step = width / (len(values) - 1)
    return " ".join(f"{at * step:.1f},{height - 4 - asks / top * (height - 12):.1f}" for at, asks in enumerate(values))


def _days(told: Mapping[str, Any], columns: Sequence[tuple[str, str, Any]]) -> list[tuple[str, list[int]]]:
    """The table behind the drawing: each day with its asks in every column."""
    first = datetime.fromtimestamp(0, UTC) + timedelta(days=told["present"]["first_day"])
    return [
        (f"{first + timedelta(days=at):%a %d %b %Y}", [one["per_day"][at] for _, _, one in columns])
        for at in range(len(told["present"]["per_day"]))
    ]
