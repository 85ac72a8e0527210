"""People: who they are, how every ask of theirs went, and of each survey why they may or may not be asked now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from tactful.core.explain import explain
from tactful.core.journal import MOST_RECENT
from tactful.core.spans import FOREVER
from tactful.core.surveys import Survey
from tactful.errors import NotFound
from tactful.identity import normal_id
from tactful.store.choices import asked_for_erasure
from tactful.store.people import Known
from tactful.store.profiles import Profile, read_profile, recent_people, search_people
from tactful.store.projects import Config
from tactful.store.script import Row
from tactful.store.why import lately
from tactful.web.dashboard.frame import Look, member_page
from tactful.web.dashboard.labels import Who, cursor_text, loads, query, read_cursor, tone_of, value_text, who_of
from tactful.web.dashboard.verdicts import by_state, decision, overall, shared_rules, verdict
from tactful.web.formats import excerpt, span

__all__ = ["PAGE", "people", "person"]

PAGE = 50
_MOST_ASKS = 100
_MOST_TO_ERASE = 20
_MOST_SHOWN = 60
_DONE = {
    "erased": "The person is erased. Nothing of theirs is left but, if they had opted out, that they did.",
    "opt-out": "The opt-out is ended. They may be asked again.",
    "test": "They count from now on, like everybody. What they were asked as a test person does not.",
}


@member_page("people")
async def people(look: Look) -> str:
    """`GET /projects/{project_id}/people`: who was here last, or whom a search finds."""
    wanted, before = query(look, "q"), read_cursor(query(look, "before"))
    if wanted:
        rows = await look.service.db.read(search_people, look.project_id, normal_id(wanted) or "", PAGE)
    else:
        rows = await look.service.db.read(recent_people, look.project_id, before, PAGE + 1)
    to_erase = await look.service.db.read(asked_for_erasure, look.project_id, _MOST_TO_ERASE)
    more = not wanted and len(rows) > PAGE
    rows = rows[:PAGE]
    here = f"/projects/{look.project_id}/people"
    place = {"before": cursor_text(rows[-1]["last_at"], rows[-1]["person_id"])} if more else {}
    return look.render(
        "people.html",
        title="People",
        wanted=wanted,
        first=before is None,
        most=PAGE,
        lines=[_line(look, row) for row in rows],
        older=f"{here}?{urlencode(place)}" if more else None,
        newest=here,
        done=_DONE.get(query(look, "done") or ""),
        to_erase=[(_named(look, row), row["erasure_asked_at"]) for row in to_erase],
    )


def _named(look: Look, row: Row) -> Who:
    return who_of(look, row, {"name": row["name"], "email": row["email"]})


def _line(look: Look, row: Row) -> dict[str, Any]:
    return {
        "who": _named(look, row),
        "row": row,
        "opted_out": row["opted_out_at"] is not None,
        "test": bool(row["test"]),
    }


@member_page("people")
async def person(look: Look) -> str | Response:
    """`GET /projects/{project_id}/people/{person_id}`: one person; whoever was merged leads to whom they became."""
    config, known = await _known(look)
    if known.person_id != look.request.path_params["person_id"]:
        return RedirectResponse(f"/projects/{look.project_id}/people/{known.person_id}", 303)
    profile = await look.service.db.read(read_profile, look.project_id, known.person_id, known.now, _MOST_ASKS)
    traits = loads(profile.row["traits"])
    counts, recent = await look.service.db.read(lately, look.project_id, known.person_id)
    explained = sorted(explain(config.catalogue, known.person, known.now, counts, config.standings), key=by_state)
    surveys = {key: live.survey for key, live in config.catalogue.surveys.items()}
    who = who_of(look, profile.row, traits)
    return look.render(
        "person.html",
        title=who.label,
        who=who,
        row=profile.row,
        read_at=known.now,
        aliases=[_alias(alias) for alias in profile.aliases],
        traits=_values(traits),
        account=_account(profile),
        asks=[_ask(look, surveys, row) for row in profile.asks],
        most_asks=_MOST_ASKS,
        waiting=_waiting(surveys, profile.waiting, known.now),
        reasons=[verdict(one, test=known.person.test) for one in explained],
        erasure_asked_at=profile.row["erasure_asked_at"],
        shared=shared_rules(explained, test=known.person.test),
        overall=overall(explained),
        decisions=[decision(one, config.catalogue) for one in recent],
        most_recent=MOST_RECENT,
        **_rights(look, known),
    )


def _rights(look: Look, known: Known) -> dict[str, Any]:
    """What whoever looks may do for this person (`web/dashboard/rights.py`)."""
    return {
        "here": f"/projects/{look.project_id}/people/{known.person_id}",
        "done": _DONE.get(query(look, "done") or ""),
        "may_erase": look.member.may("editor"),
        "may_end_test": known.person.test and look.member.may("editor"),
        "may_end_opt_out": known.person.opted_out and look.member.may("admin"),
    }


async def _known(look: Look) -> tuple[Config, Known]:
    person_id = look.request.path_params["person_id"]
    found = None if "\0" in person_id else await look.service.person(look.project_id, person_id)
    if found is None:
        raise NotFound("no_such_person", "There is no such person in this project.")
    return found


def _values(traits: Mapping[str, object]) -> list[tuple[str, str]]:
    return [(name, value_text(value)) for name, value in sorted(traits.items())][:_MOST_SHOWN]


def _alias(alias: str) -> tuple[str, str]:
    prefix, _, value = alias.partition(":")
    return {"u": "User id", "a": "Anonymous id"}[prefix], value


def _account(profile: Profile) -> dict[str, Any] | None:
    if profile.row["account_id"] is None:
        return None
    traits = loads(profile.account or "{}")
    return {"id": profile.row["account_id"], "traits": _values(traits)}


# How asks went ------------------------------------------------------------------------------------------------------

#: What became of an ask: the first of these times that is there, and what it means.
_OUTCOMES = (
    ("refunded_at", "Given back: the card could not be drawn, so it does not count"),
    ("responded_at", "Responded after {after}"),
    ("opted_out_at", "Asked after {after} never to be asked again"),
    ("dismissed_at", "Dismissed after {after}"),
    ("seen_at", "Seen after {after}, nothing said"),
)


def _ask(look: Look, surveys: Mapping[str, Survey], row: Row) -> dict[str, Any]:
    survey = surveys.get(row["survey_key"])  # none where a backup was restored that was older than the survey
    column, outcome = next(
        (one for one in _OUTCOMES if row[one[0]] is not None), ("asked_at", "Not seen: the card was not in view")
    )
    comment = row["comment"]
    response_id = row["response_id"]
    return {
        "id": row["ask_id"],
        "survey": survey.name if survey else row["survey_key"],
        "href": response_id and f"/projects/{look.project_id}/responses/{response_id}",
        "tone": tone_of(survey.kind, row["band"]) if survey else "plain",
        "outcome": outcome.format(after=span(row[column] - row["asked_at"])),
        "score": row["score"],
        "band": row["band"],
        "comment": comment and (excerpt(comment) or comment),
        "at": row["asked_at"],
        "counts": row["refunded_at"] is None,
        "by_person": bool(row["asked_for"]),
        "test": bool(row["test"]),
    }


def _name(surveys: Mapping[str, Survey], key: str) -> str:
    return surveys[key].name if key in surveys else key


def _waiting(surveys: Mapping[str, Survey], rows: Sequence[Row], now: int) -> list[dict[str, Any]]:
    """What waits, a line for each survey and whether it is held; of several the first times."""
    lines: dict[tuple[str, bool], dict[str, Any]] = {}
    for row in rows:
        line = lines.setdefault(
            (row["survey_key"], row["not_before"] > now),
            {"survey": _name(surveys, row["survey_key"]), "from": FOREVER, "until": FOREVER, "times": 0},
        )
        line["from"], line["until"] = min(line["from"], row["not_before"]), min(line["until"], row["expires_at"])
        line["times"] += 1
    return list(lines.values())
